/** The checks that the server runs itself, in Chromium: chosen in the editor of gates with what is asked of them, told on the version's page, and run again from there. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Platform } from '../platform.ts'
import { launch, openPage, seen, startWithPages, violations } from './chromium.ts'

let browser: Browser
let platform: Platform

beforeAll(async () => {
  ;[browser, platform] = await Promise.all([launch(), startWithPages()])
  await platform.wire('POST', 'registered-models/create', { name: 'load' })
  await platform.wire('POST', 'model-versions/create', { name: 'load', source: 's3://models/load' })
})
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
})

const gateOf = async () =>
  (await platform.graphql('{ registryPolicy { gates { checks params { headings metrics { key min max betterBy lowerIsBetter } } } } }'))
    .registryPolicy.gates[0]

it('they are chosen in the editor, each with what is asked of it, and told in the sentence of the gate', async () => {
  const { page, errors } = await openPage(browser, `${platform.origin}/models/gates`)
  const panel = page.getByRole('region', { name: 'Stages of the workspace' })
  await panel.getByLabel('Gate before Production').check()
  await panel.getByLabel('Approvals', { exact: true }).fill('1')
  await panel.getByLabel('tidegate/card').check()
  await page.getByRole('button', { name: 'Save' }).click()
  await panel.getByText("'tidegate/card' looks for headings: say which.").waitFor()
  await panel.getByRole('combobox', { name: 'Headings of the model card' }).fill('Intended use')
  await panel.getByRole('combobox', { name: 'Headings of the model card' }).press('Enter')
  await panel.getByLabel('tidegate/metric').check()
  await panel.getByLabel('Metric', { exact: true }).fill('rmse')
  expect(await panel.getByLabel('lower is better').isChecked()).toBe(true)
  await panel.getByLabel('At most').fill('0.3')
  await panel.getByLabel('Better than the champion by').fill('0.01')
  await panel.getByLabel('tidegate/evidence').check()
  await panel.getByLabel('source run').check()
  await panel.getByText('a model card with Intended use; with source run; rmse at most 0.3 and 0.01 less than the champion’s').waitFor()
  expect(await seen(page)).toEqual([])
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Stages and gates are set').waitFor()
  expect(await gateOf()).toEqual({
    checks: ['tidegate/card', 'tidegate/evidence', 'tidegate/metric'],
    params: { headings: ['Intended use'], metrics: [{ key: 'rmse', min: null, max: 0.3, betterBy: 0.01, lowerIsBetter: true }] },
  })
  expect(errors.filter((error) => !error.includes('400'))).toEqual([])
  await page.close()
}, 60_000)

it('what they found stands in the request as those of others do, and they are run again from there', async () => {
  await platform.graphql(
    `mutation { setRegistryPolicy(input: { gates: [{ stage: "Production", selfApproval: true, checks: ["tidegate/card", "tidegate/evidence"], params: { headings: ["Use"], evidence: [CARD] } }] }) { policy { stages } } }`,
  )
  await platform.graphql('mutation { requestTransition(input: { name: "load", version: 1, stage: "Production" }) { request { id } } }')
  const { page, errors } = await openPage(browser, `${platform.origin}/models/load/1`)
  const request = page.getByRole('region', { name: 'Request to move to Production' })
  await request.getByText('It has no model card.').waitFor()
  await request.getByText('model card is missing').waitFor()
  expect(await seen(page)).toEqual([])
  await request.getByRole('button', { name: 'Run again: tidegate/card' }).click()
  await page.getByText('tidegate/card runs again').waitFor()
  await request.getByText('It has no model card.').waitFor()
  await platform.graphql('mutation { describeModelVersion(name: "load", version: 1, description: "# Use\\n\\nGrid.") { version { id } } }')
  await request.getByText('The model card has Use.').waitFor()
  await request.getByText('model card is there').waitFor()
  await page.getByRole('region', { name: 'Checks' }).getByText('for Production').first().waitFor()
  expect(await violations(page)).toEqual([])
  await request.getByRole('button', { name: 'Approve' }).click()
  await page.getByText('It is in Production now').waitFor()
  expect(errors).toEqual([])
  await page.close()
}, 60_000)
