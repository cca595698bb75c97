/** Registered models in Chromium: registered from a run's page, found on the board, judged beside the champion, moved, renamed and deleted. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Platform } from '../platform.ts'
import { launch, openPage, seen, startWithPages, violations } from './chromium.ts'

let browser: Browser
let platform: Platform
let experiment: string

beforeAll(async () => {
  ;[browser, platform] = await Promise.all([launch(), startWithPages()])
  experiment = (await post('experiments/create', { name: 'grid' })).experiment_id
})
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
})

const post = (path: string, input: object) => platform.wire('POST', path, input as Record<string, unknown>)
const column = (name: string, type = 'double') => ({ name, type, required: true })
const manifest = (inputs: object[]) =>
  JSON.stringify({
    flavors: { python_function: {}, sklearn: { sklearn_version: '1.5.2' } },
    mlflow_version: '3.17.2',
    model_size_bytes: 41_900_000,
    signature: { inputs: JSON.stringify(inputs), outputs: JSON.stringify([column('load_mw')]) },
  })

/** A run that has measured itself and whose files hold a model. */
async function train(run_name: string, mape: number, inputs = [column('hour', 'long'), column('wind')]): Promise<string> {
  const { info } = (await post('runs/create', { experiment_id: experiment, run_name, start_time: Date.now() })).run
  await post('runs/log-batch', {
    run_id: info.run_id,
    metrics: [
      { key: 'val/mape', value: mape, timestamp: 1, step: 1 },
      { key: 'val/coverage', value: 0.9 - mape / 100, timestamp: 1, step: 1 },
    ],
  })
  await post('runs/log-inputs', {
    run_id: info.run_id,
    datasets: [{ dataset: { name: 'grid-load-hourly', digest: '5d0e71bc', source_type: 'local', source: '{}' } }],
  })
  for (const [file, body] of [
    ['MLmodel', manifest(inputs)],
    ['data/model.pkl', 'x'.repeat(2000)],
  ])
    await fetch(`${platform.origin}/api/2.0/mlflow-artifacts/artifacts/${experiment}/${info.run_id}/artifacts/model/${file}`, {
      method: 'PUT',
      body: body!,
    })
  return info.run_id
}
async function register(name: string, run_id: string, more: object = {}): Promise<string> {
  return (await post('model-versions/create', { name, run_id, source: `runs:/${run_id}/model`, ...more })).model_version.version
}

it('a folder of a run that holds a model is registered under a new name, and the next under that one', async () => {
  const run = await train('amber-heron', 2.3)
  const { page, errors } = await openPage(browser, `${platform.origin}/models`)
  await page.getByText('No models yet').waitFor()
  await page.getByRole('button', { name: 'How to register one' }).click()
  await page.getByText('registered_model_name').waitFor()
  expect(await violations(page)).toEqual([])

  await page.goto(`${platform.origin}/runs/${run}?tab=artifacts&path=${encodeURIComponent('model/data/model.pkl')}`)
  await page.getByRole('button', { name: 'Register' }).click()
  const dialog = page.getByRole('dialog', { name: 'Register a model' })
  expect(await dialog.getByLabel('Name').inputValue()).toBe('model')
  await dialog.getByLabel('Name').fill('a/b')
  await dialog.getByRole('button', { name: 'Register' }).click()
  await dialog.getByText("Names cannot contain '/' or ':'").waitFor()
  await dialog.getByLabel('Name').fill('load-forecaster')
  await dialog.getByLabel(/^Model card/).fill('# For the grid')
  expect(await violations(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Register' }).click()
  await dialog.getByText('It is version 1 of load-forecaster.').waitFor()
  await dialog.getByRole('button', { name: 'Close' }).click()

  await page.getByRole('button', { name: 'Register' }).click()
  await dialog.getByText('Existing model').click()
  await dialog.getByLabel('Model', { exact: true }).selectOption('load-forecaster')
  await dialog.getByRole('button', { name: 'Register' }).click()
  await dialog.getByRole('link', { name: 'Open version 2' }).click()
  await page.getByRole('heading', { name: 'load-forecaster v2' }).waitFor()
  expect(errors.filter((error) => !error.includes('400'))).toEqual([])
  await page.close()
})

it('a logged model is registered from the page of its run, which then names the version', async () => {
  const { info } = (await post('runs/create', { experiment_id: experiment, run_name: 'calm-osprey' })).run
  const logged = (await post('logged-models', { experiment_id: experiment, name: 'ocr', source_run_id: info.run_id })).model.info.model_id
  const { page, errors } = await openPage(browser, `${platform.origin}/runs/${info.run_id}?tab=models`)
  await page.getByRole('button', { name: 'Register ocr' }).click()
  const dialog = page.getByRole('dialog', { name: 'Register a model' })
  await dialog.getByLabel('Name').fill('meter-ocr')
  await dialog.getByRole('button', { name: 'Register' }).click()
  await dialog.getByText('It is version 1 of meter-ocr.').waitFor()
  await dialog.getByRole('button', { name: 'Close' }).click()
  const { model_version } = await platform.wire('GET', 'model-versions/get', { name: 'meter-ocr', version: '1' })
  expect([model_version.source, model_version.run_id]).toEqual([`models:/${logged}`, info.run_id])
  await page.reload()
  await page.getByRole('link', { name: 'meter-ocr v1' }).waitFor()
  expect(errors).toEqual([])
  await page.close()
})

it('the board shows what stands in each stage as it changes, and finds by name and by tag', async () => {
  for (const [name, team] of [
    ['solar nowcast', 'sun'],
    ['outage-eta', 'grid'],
  ]) {
    await post('registered-models/create', { name, tags: [{ key: 'team', value: team }], description: '# Minutes to restore\n\nmore' })
    await register(name!, await train(`maker of ${name}`, 3))
  }
  const { page, errors } = await openPage(browser, `${platform.origin}/models?q=solar`)
  const row = page.getByRole('row').filter({ hasText: 'solar nowcast' })
  await row.getByText('Minutes to restore').waitFor()
  expect(await page.getByRole('row').count()).toBe(2)
  await post('model-versions/transition-stage', { name: 'solar nowcast', version: '1', stage: 'Production' })
  await row.getByTitle(/^Production since/).waitFor()
  await page.getByLabel('Find a model').fill("tags.team = 'grid'")
  await page.getByRole('row').filter({ hasText: 'outage-eta' }).waitFor()
  expect(await row.count()).toBe(0)
  await page.getByLabel('Find a model').fill('tags.team >')
  await page.getByText("tags.team is not compared by '>': it takes =, !=").waitFor()
  await page.getByLabel('Find a model').fill('')
  await page.getByRole('row').nth(2).waitFor()
  expect(await seen(page)).toEqual([])
  await page.getByLabel('Find a model').press('Escape')
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await page.getByRole('region', { name: 'Versions' }).waitFor()
  expect(errors.filter((error) => !error.includes('400'))).toEqual([])
  await page.close()
}, 60_000)

it('a version is judged beside the champion: its metrics, its signature, where it comes from', async () => {
  await post('registered-models/create', { name: 'price-curve' })
  await register('price-curve', await train('old-tern', 2.312))
  await register('price-curve', await train('new-tern', 2.143, [column('hour', 'long'), column('wind'), column('rain')]))
  await post('registered-models/alias', { name: 'price-curve', alias: 'champion', version: '1' })
  const { page, errors } = await openPage(browser, `${platform.origin}/models/price-curve/2`)
  const evidence = page.getByRole('region', { name: 'Against the champion' })
  await evidence.getByRole('row', { name: /val\/mape 2.143 2.312 −7.31 % better/ }).waitFor()
  const signature = page.getByRole('region', { name: 'Signature' })
  await signature.getByText('not compatible with v1').waitFor()
  await signature.getByText("For those who call v1: input 'rain' is new and must be given.").waitFor()
  await signature.getByRole('listitem').filter({ hasText: 'rain' }).getByText('new').waitFor()
  await page.getByRole('region', { name: 'Lineage' }).getByText('grid-load-hourly').waitFor()
  await page.getByRole('region', { name: 'About' }).getByText('sklearn 1.5.2').waitFor()
  expect(await seen(page)).toEqual([])

  // What is done here is seen at once, and so is what is done elsewhere.
  const about = page.getByRole('region', { name: 'About' })
  await about.getByRole('button', { name: 'Add an alias' }).click()
  await about.getByLabel('Alias').fill('champion')
  await about.getByText('It stands for v1 now.').waitFor()
  await about.getByRole('button', { name: 'Move' }).click()
  await page.getByRole('region', { name: 'Metrics' }).getByText('others are measured against this version').waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await evidence.waitFor()
  await page.keyboard.press('t')
  const dialog = page.getByRole('dialog', { name: 'Move v2 of price-curve' })
  await dialog.getByLabel('From None to').selectOption('Production')
  expect(await violations(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Move to Production' }).click()
  await about.getByText('In Production').waitFor()
  await post('model-versions/set-tag', { name: 'price-curve', version: '2', key: 'approved', value: 'yes' })
  // MLflow counts no tag as a change, and the page tells all the same.
  await page.getByRole('region', { name: 'Tags' }).getByText('approved').waitFor()
  expect(errors).toEqual([])
  await page.close()
}, 60_000)

it('a gate is asked, seen to wait for its check, and opened by the approval of who it waits on', async () => {
  await post('registered-models/create', { name: 'load' })
  await register('load', await train('keen-tern', 2))
  await platform.graphql(`mutation { setRegistryPolicy(input: { model: "load", gates: [{ stage: "Production", selfApproval: true, checks: ["drift", "latency"],
    commentRequired: true, ttl: 604800000 }] }) { policy { stages } } }`)
  const report = (check: string, state: string, summary = '') =>
    platform.graphql(
      `mutation { reportCheck(input: { name: "load", version: 1, check: "${check}", state: ${state}, summary: "${summary}" }) { check { name } } }`,
    )
  await report('latency', 'PASSED', '31 ms')
  const { page, errors } = await openPage(browser, `${platform.origin}/models/load/1`)
  await page.getByRole('button', { name: 'Move to …' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('From None to').selectOption('Production')
  await dialog.getByText('Production has a gate: 1 Approver; drift and latency passed; who asks says why; within 7 days.').waitFor()
  expect(await violations(page)).toEqual([])
  await dialog.getByLabel(/^Why/).fill('14 days in shadow')
  await dialog.getByRole('button', { name: 'Ask for Production' }).click()
  const panel = page.getByRole('region', { name: 'Request to move to Production' })
  await panel.getByText('14 days in shadow').waitFor()
  await panel.getByRole('img', { name: '1 of 3 conditions met' }).waitFor()
  await report('drift', 'FAILED', 'past the band')
  await panel.getByRole('listitem').filter({ hasText: 'past the band' }).waitFor()
  expect(await seen(page)).toEqual([])

  await page.goto(`${platform.origin}/models`)
  const strip = page.getByRole('region', { name: 'Waits on you' })
  await strip.getByText('1 of 2 checks').waitFor()
  expect(await seen(page)).toEqual([])
  await strip.getByRole('link', { name: 'Review v1 of load' }).click()
  await panel.getByLabel('Say something').fill('what of **holidays**?')
  await panel.getByRole('button', { name: 'Say something' }).click()
  await panel.locator('strong', { hasText: 'holidays' }).waitFor()
  await panel.getByLabel('Comment on the request').fill('looks right')
  await panel.getByRole('button', { name: 'Approve' }).click()
  await panel.getByText('Your approval is kept').waitFor()
  await page.getByLabel('Comment', { exact: true }).fill('mind **islands**')
  await page.getByRole('button', { name: 'Comment', exact: true }).click()
  await page.getByRole('region', { name: 'Comments' }).locator('strong', { hasText: 'islands' }).waitFor()
  await page.getByRole('region', { name: 'Comments' }).getByRole('button', { name: 'Change the comment' }).click()
  await page.getByLabel('The comment', { exact: true }).fill('mind **the far islands**')
  await page.keyboard.press('Control+Enter')
  await page.getByRole('region', { name: 'Comments' }).locator('strong', { hasText: 'the far islands' }).waitFor()
  await page.getByText('changed', { exact: true }).waitFor()
  await panel.getByRole('button', { name: 'Override drift' }).click()
  await panel.getByLabel(/^Why need it not wait/).fill('the band is old')
  expect(await violations(page)).toEqual([])
  await panel.getByRole('button', { name: 'Open past it' }).click()
  await page.getByRole('region', { name: 'Activity' }).getByText('moved it None → Production').waitFor()
  expect(await panel.count()).toBe(0)
  expect(errors).toEqual([])
  await page.close()
}, 60_000)

it('whom a gate lets through moves a version without asking, may ask all the same, and is told where they may do neither', async () => {
  await post('registered-models/create', { name: 'outage' })
  await register('outage', await train('calm-tern', 2))
  await platform.graphql(`mutation { setRegistryPolicy(input: { model: "outage", gates: [{ stage: "Staging", requesters: { accounts: ["nobody"] } },
    { stage: "Production", passers: { role: ADMIN } }] }) { policy { stages } } }`)
  const { page, errors } = await openPage(browser, `${platform.origin}/models/outage/1`)
  await page.getByRole('button', { name: 'Move to …' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('From None to').selectOption('Staging')
  await dialog.getByText('You are not among those who may ask for it.').waitFor()
  expect(await dialog.getByRole('button', { name: 'Ask for Staging' }).isDisabled()).toBe(true)
  await dialog.getByLabel('From None to').selectOption('Production')
  await dialog.getByText('It lets you through without asking').waitFor()
  await dialog.getByLabel('Ask all the same').check()
  await dialog.getByRole('button', { name: 'Ask for Production' }).waitFor()
  await dialog.getByLabel('Ask all the same').uncheck()
  expect(await violations(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Move to Production' }).click()
  await page.getByText('v1 is in Production now').waitFor()
  expect(errors).toEqual([])
  await page.close()
}, 60_000)

it('its card is Markdown, its files are shown, and how it is loaded', async () => {
  await post('registered-models/create', { name: 'churn' })
  await register('churn', await train('brisk-tern', 1))
  const { page, errors } = await openPage(browser, `${platform.origin}/models/churn/1?tab=card`)
  const card = page.getByRole('region', { name: 'Model card' })
  await card.getByRole('button', { name: 'Write a note' }).click()
  await card.getByLabel('Note in Markdown').fill('## Known limits\n\n- islanded feeders')
  await card.getByRole('button', { name: 'Save note' }).click()
  await card.getByRole('heading', { name: 'Known limits' }).waitFor()
  expect(await violations(page)).toEqual([])
  await page.getByRole('link', { name: 'Files' }).click()
  await page.getByRole('region', { name: 'Files' }).getByText('"mlflow_version"').waitFor()
  expect(await violations(page)).toEqual([])
  await page.keyboard.press('y')
  await page.getByRole('dialog').getByText('models:/churn/1').waitFor()
  expect(errors).toEqual([])
  await page.close()
})

it('a model is described, renamed, and deleted with its versions after a question', async () => {
  await post('registered-models/create', { name: 'ticket router', tags: [{ key: 'team', value: 'desk' }] })
  for (let i = 0; i < 2; i++) await register('ticket router', await train(`tern ${i}`, 1))
  const { page, errors } = await openPage(browser, `${platform.origin}/models/ticket%20router`)
  await page.getByRole('region', { name: 'Versions' }).getByRole('link', { name: 'v2' }).waitFor()
  expect(await seen(page)).toEqual([])
  await page.getByRole('button', { name: 'Rename' }).click()
  await page.getByLabel('Name of the model').fill('router')
  await page.getByLabel('Name of the model').press('Enter')
  await page.getByRole('heading', { name: 'router', exact: true }).waitFor()
  await post('registered-models/rename', { name: 'router', new_name: 'desk-router' })
  // Whoever looks goes along.
  await page.getByRole('heading', { name: 'desk-router' }).waitFor()
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByText('its 2 versions').waitFor()
  expect(await violations(page)).toEqual([])
  await page.getByRole('button', { name: 'Delete the model' }).click()
  await page.waitForURL('**/models')
  await expect(platform.wire('GET', 'registered-models/get', { name: 'desk-router' })).rejects.toMatchObject({ status: 404 })
  expect(errors).toEqual([])
  await page.close()
}, 60_000)

it('asks for as many models as it shows at most, with all that it shows of each', async () => {
  const { page, errors } = await openPage(browser, `${platform.origin}/models?rows=1000`)
  await page.locator('.board').waitFor()
  expect(errors).toEqual([])
  await page.close()
})
