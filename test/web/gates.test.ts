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
  expect(await page.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true)
  await panel.getByLabel('Approvals', { exact: true }).fill('1')
  await panel.getByText('1 open request for Production (load v1) waits for the new gate: 1 Approver, not who asked; drift passed').waitFor()
  expect(await violations(page)).toEqual([])
  // What somebody else sets meanwhile does not overwrite what was typed.
  await platform.graphql('mutation { setRegistryPolicy(input: { model: "load" }) { policy { stages } } }')
  await page.getByText('Somebody has set them meanwhile').waitFor()
  expect(await panel.getByLabel('Approvals', { exact: true }).inputValue()).toBe('1')
  await page.getByRole('button', { name: 'Take theirs' }).click()
  await panel.getByText('drift and latency passed').waitFor()
  expect(await page.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true)
  expect(await violations(page)).toEqual([])
  await platform.graphql('mutation { cancelTransition(request: "1") { request { id } } }')
  expect(errors).toEqual([])
  await page.close()
}, 60_000)

it('a request stands at its gate on the board and on the page of requests, which its address filters, and goes as it ends', async () => {
  await platform.graphql(
    `mutation { setRegistryPolicy(input: { model: "ocr", gates: [{ stage: "Production", approvals: 1, selfApproval: true, checks: ["drift", "latency"] }] }) { policy { stages } } }`,
  )
  const { page, errors } = await openPage(browser, `${platform.origin}/models/requests`)
  await page.getByText('Nothing is asked for').waitFor()
  expect(await violations(page)).toEqual([])
  const { requestTransition } = await platform.graphql(
    'mutation { requestTransition(input: { name: "ocr", version: 1, stage: "Production", comment: "all green" }) { request { id } } }',
  )
  const row = page.getByRole('row').filter({ hasText: 'ocr v1' })
  await row.getByText('0 of 2 checks').waitFor()
  await platform.graphql('mutation { reportCheck(input: { name: "ocr", version: 1, check: "drift", state: PASSED }) { check { name } } }')
  await row.getByText('1 of 2 checks').waitFor()
  expect(await seen(page)).toEqual([])
  await page.keyboard.press('2')
  await page.waitForURL('**/models/requests?show=me')
  await row.waitFor()
  await page.getByLabel('Into').selectOption('Shadow')
  await page.getByText('No such request into Shadow').waitFor()
  expect(await violations(page)).toEqual([])
  await page.getByRole('button', { name: 'Drop the filter' }).click()
  await row.waitFor()
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await page.getByRole('region', { name: 'Request to move to Production' }).waitFor()

  await page.goto(`${platform.origin}/models`)
  const board = page.getByRole('table')
  await board.getByRole('columnheader', { name: 'Gate before Production: 1 approval 2 checks' }).waitFor()
  await board.getByRole('link', { name: 'v1 asks for Production: 1 of 2 checks, 0 of 1 approvals, waits on you' }).waitFor()
  expect(await seen(page)).toEqual([])
  // By keys along the row: the model, its versions, what stands at the gate.
  for (const key of ['j', 'j', 'l', 'l', 'l']) await page.keyboard.press(key)
  await expect.poll(() => page.evaluate('document.activeElement.textContent')).toContain('v1 asks for Production')
  await platform.graphql(`mutation { rejectTransition(request: "${requestTransition.request.id}", comment: "too old") { request { id } } }`)
  await board.getByRole('link', { name: 'v1 was rejected for Production' }).waitFor()
  await page.goto(`${platform.origin}/models/requests?show=ended&model=ocr`)
  await row.getByText('“too old”').waitFor()
  expect(await violations(page)).toEqual([])
  expect(errors).toEqual([])
  await page.close()
}, 60_000)

it('what was in Production at a time, and who had put it there, is answered by the board, by the model and by a link', async () => {
  const version = async (source: string) =>
    (await platform.wire('POST', 'model-versions/create', { name: 'eta', source })).model_version.version
  const move = (version: string) =>
    platform.wire('POST', 'model-versions/transition-stage', { name: 'eta', version, stage: 'Production', archive_existing_versions: true })
  await platform.graphql('mutation { setRegistryPolicy(input: {}) { policy { stages } } }')
  await platform.wire('POST', 'registered-models/create', { name: 'eta' })
  await move(await version('s3://m/1'))
  await new Promise((resolve) => setTimeout(resolve, 20))
  const then = new Date().toISOString()
  await new Promise((resolve) => setTimeout(resolve, 20))
  await move(await version('s3://m/2'))
  await platform.wire('DELETE', 'model-versions/delete', { name: 'eta', version: '1' })

  const { page, errors } = await openPage(browser, `${platform.origin}/models/eta?at=${then}`)
  const panel = page.getByRole('region', { name: 'As it stood then' })
  await panel.getByText('v1 was in Production').waitFor()
  expect(await panel.getByRole('row').count()).toBe(2)
  expect(await seen(page)).toEqual([])
  await page.getByRole('button', { name: 'Back to now' }).click()
  await page.waitForURL('**/models/eta')

  await page.goto(`${platform.origin}/models?at=${then}`)
  await page
    .getByRole('row')
    .filter({ hasText: 'eta' })
    .getByTitle(/^Production since/)
    .getByText('v1')
    .waitFor()
  expect(await seen(page)).toEqual([])
  // Another time is picked by its parts, or in the calendar; what is to come can't be.
  await page.getByRole('button', { name: 'Another time' }).click()
  const dialog = page.getByRole('dialog', { name: 'As it stood on …' })
  await dialog.getByRole('spinbutton', { name: /year/i }).press('ArrowUp')
  await dialog.getByText('That is still to come').waitFor()
  await dialog.getByRole('spinbutton', { name: /year/i }).press('ArrowDown')
  expect(await violations(page)).toEqual([])
  await dialog.getByRole('button', { name: '30 days ago' }).click()
  await page.getByText('No model had a version on').waitFor()
  expect(errors).toEqual([])
  await page.close()
}, 60_000)

it('an alias has a gate: set in the editor, asked for where aliases are set, and given with the last approval', async () => {
  const { page, errors } = await openPage(browser, `${platform.origin}/models/ocr/gates`)
  await page.getByRole('group', { name: 'Whose gates' }).getByText('Its own').click()
  await page.getByRole('button', { name: 'Add a gate on aliases' }).click()
  await page.getByLabel('Alias, or a pattern of aliases').fill('@champ*')
  await page.getByLabel('who asks may approve').last().check()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Stages and gates are set').waitFor()
  expect(await violations(page)).toEqual([])

  await page.goto(`${platform.origin}/models/ocr/1`)
  const about = page.getByRole('region', { name: 'About' })
  await about.getByRole('button', { name: 'Add an alias' }).click()
  await about.getByRole('textbox', { name: 'Alias' }).fill('champion')
  await about.getByText('@champion has a gate: 1 Approver.').waitFor()
  await about.getByLabel('Why').fill('It is the best')
  await about.getByRole('button', { name: 'Ask' }).click()
  const request = page.getByRole('region', { name: 'Request for @champion' })
  await request.getByText('It is the best').waitFor()
  expect(await request.getByText('Archive those').count()).toBe(0)
  await request.getByRole('button', { name: 'Approve' }).click()
  await page.getByText('It is @champion now').waitFor()
  await about.getByText('champion', { exact: true }).waitFor()
  await platform.graphql('mutation { setRegistryPolicy(input: { model: "ocr" }) { policy { stages } } }')
  expect(errors).toEqual([])
  await page.close()
}, 60_000)

it('what is set stands beside the form as YAML, which is put into the form, and told where it can’t be read', async () => {
  await platform.graphql('mutation { setRegistryPolicy(input: { gates: [{ stage: "Production" }] }) { policy { stages } } }')
  const { page, errors } = await openPage(browser, `${platform.origin}/models/gates`)
  const box = page.getByRole('textbox', { name: 'Stages and gates as YAML' })
  await expect.poll(() => box.inputValue()).toContain('gates:\n  - stage: Production\n    approvals: 1\n')
  const panel = page.getByRole('region', { name: 'As YAML' })
  await box.fill('gates:\n  - stage: Production\n    aprovals: 2\n')
  await panel.getByRole('button', { name: 'Put into the form' }).click()
  await panel.getByText("Line 3, column 5: There is no field 'aprovals' here").waitFor()
  expect(await page.evaluate('document.activeElement.selectionStart')).toBe(33)
  expect(await seen(page)).toEqual([])
  await box.fill('gates:\n  - stage: Production\n    approvals: 2\n    checks: [tidegate/signature]\n    ttl: 7d\n')
  await panel.getByRole('button', { name: 'Put into the form' }).click()
  await page.getByText('2 Approvers, not who asked; its signature fits what stands there; within 7 days').waitFor()
  expect((await policyOf()).gates[0].approvals).toBe(1)
  await page.getByRole('button', { name: 'Save' }).click()
  await expect.poll(async () => (await policyOf()).gates[0].approvals).toBe(2)
  await expect.poll(() => box.inputValue()).toContain('ttl: 7d')
  await platform.graphql('mutation { setRegistryPolicy(input: {}) { policy { stages } } }')
  expect(errors.filter((error) => !error.includes('400'))).toEqual([])
  await page.close()
}, 60_000)
