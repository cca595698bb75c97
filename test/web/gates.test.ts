/** Stages and gates in Chromium: set for the workspace and for one model, and what is asked at them found by everybody whom it concerns. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Platform } from '../platform.ts'
import { launch, openPage, seen, startWithPages, violations } from './chromium.ts'

let browser: Browser
let platform: Platform

beforeAll(async () => {
  ;[browser, platform] = await Promise.all([launch(), startWithPages()])
  for (const name of ['load', 'ocr']) {
    await platform.wire('POST', 'registered-models/create', { name })
    await platform.wire('POST', 'model-versions/create', { name, source: `s3://models/${name}` })
  }
})
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
})

const policyOf = async () => (await platform.graphql('{ registryPolicy { stages gates { stage approvals checks ttl } } }')).registryPolicy

it('stages are named and ordered by keys, their gates are set and told in a sentence, and a fault is told', async () => {
  const { page, errors } = await openPage(browser, `${platform.origin}/models`)
  await page.getByRole('link', { name: 'Edit gates' }).click()
  const panel = page.getByRole('region', { name: 'Stages of the workspace' })
  await panel.getByRole('button', { name: 'Add a stage' }).click()
  await panel.getByLabel('Name of the stage').last().fill('Shadow')
  await panel.getByRole('button', { name: 'Move Shadow' }).press('ArrowUp')
  await page.getByText('Shadow is stage 2 of 3').waitFor()
  await panel.getByLabel('Gate before Shadow').check()
  await panel.getByLabel('Approvals').fill('0')
  await page.getByRole('button', { name: 'Save' }).click()
  await panel.getByText('holds nothing').waitFor()
  await panel.getByRole('combobox', { name: 'Checks that must pass' }).fill('drift, latency')
  await panel.getByRole('combobox', { name: 'Checks that must pass' }).press('Enter')
  await panel.getByLabel('Requests close after, days').fill('7')
  await panel.getByText('drift and latency passed; within 7 days').waitFor()
  expect(await seen(page)).toEqual([])
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Stages and gates are set').waitFor()
  expect(await policyOf()).toEqual({
    stages: ['None', 'Staging', 'Shadow', 'Production', 'Archived'],
    gates: [{ stage: 'Shadow', approvals: 0, checks: ['drift', 'latency'], ttl: 604_800_000 }],
  })
  // What was set is written down, and put back from there or at once.
  await page.getByRole('button', { name: 'Undo', exact: true }).click()
  await expect.poll(policyOf).toEqual({ stages: ['None', 'Staging', 'Production', 'Archived'], gates: [] })
  const before = page.getByRole('region', { name: 'What was set before' })
  await before.getByRole('button', { name: 'Put this into the form' }).click()
  await panel.getByText('drift and latency passed; within 7 days').waitFor()
  await page.getByRole('button', { name: 'Save' }).click()
  await expect.poll(async () => (await policyOf()).gates.length).toBe(1)
  expect(errors.filter((error) => !error.includes('400'))).toEqual([])
  await page.close()
}, 60_000)

it('a model has its own gates, and what becomes of open requests is told before they are changed', async () => {
  await platform.graphql(
    `mutation { setRegistryPolicy(input: { model: "load", gates: [{ stage: "Production", approvals: 2, checks: ["drift"] }] }) { policy { stages } } }`,
  )
  await platform.graphql('mutation { requestTransition(input: { name: "load", version: 1, stage: "Production" }) { request { id } } }')
  const { page, errors } = await openPage(browser, `${platform.origin}/models/load`)
  await page.getByRole('link', { name: 'Gates', exact: true }).click()
  const panel = page.getByRole('region', { name: 'Stages of the model' })
  await panel.getByText('2 Approvers, not who asked; drift passed').waitFor()
  await panel.getByLabel('Approvals', { exact: true }).fill('1')
  await panel.getByText('1 open request for Production (load v1) waits for the new gate: 1 Approver, not who asked; drift passed').waitFor()
  expect(await violations(page)).toEqual([])
  // What somebody else sets meanwhile does not overwrite what was typed.
  await platform.graphql('mutation { setRegistryPolicy(input: { model: "load" }) { policy { stages } } }')
  await page.getByText('Somebody has set them meanwhile').waitFor()
  expect(await panel.getByLabel('Approvals', { exact: true }).inputValue()).toBe('1')
  await page.getByRole('button', { name: 'Take theirs' }).click()
  await panel.getByText('drift and latency passed').waitFor()
  expect(await violations(page)).toEqual([])
  await platform.graphql('mutation { cancelTransition(request: "1") { request { id } } }')
  expect(errors).toEqual([])
  await page.close()
}, 60_000)
