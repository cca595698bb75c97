/** The page of a run, in Chromium: what was logged to be looked at, its log as it comes, its code; with files that MLflow's client wrote. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Platform } from '../platform.ts'
import { launch, openPage, python, startWithPages, violations } from './chromium.ts'

let browser: Browser
let platform: Platform
let folder: string
let run: string
let address: string

beforeAll(async () => {
  ;[browser, platform, folder] = await Promise.all([launch(), startWithPages(), mkdtemp(join(tmpdir(), 'tidegate-media-'))])
  const script = [join(import.meta.dirname, 'media.py'), 'wide-tide', folder]
  const { stdout } = await promisify(execFile)(python(), script, { env: { ...process.env, MLFLOW_TRACKING_URI: platform.origin } })
  run = stdout.trim().split('\n').at(-1)!
  address = `${platform.origin}/runs/${run}`
}, 120_000)
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
  await rm(folder, { recursive: true, force: true })
})

const print = (text: string, to = run) =>
  platform.graphql('mutation ($input: AppendLogInput!) { appendLog(input: $input) { total } }', {
    input: { runId: to, entries: [{ text }] },
  })
const panel = (page: Page, name: string) => page.getByRole('region', { name, exact: true })
const param = (page: Page, name: string) => new URL(page.url()).searchParams.get(name)

it('moves all media by one slider, from step to step, and holds the step in the address', async () => {
  const { page, errors } = await openPage(browser, `${address}?tab=media`)
  const field = panel(page, 'val/field')
  await field.getByText('step 20').waitFor()
  const source = () => field.getByRole('img').getAttribute('src')
  const last = await source()
  // The smaller copy that MLflow's client wrote.
  expect(last).toContain('compressed')
  await field.getByRole('slider', { name: 'Step of val/field' }).focus()
  await page.keyboard.press('ArrowLeft')
  await field.getByText('step 10').waitFor()
  expect(await source()).not.toBe(last)
  await panel(page, 'samples/step-*.txt').getByText('At step 10 the tide is 1.0 m.').waitFor()
  await panel(page, 'figures/slice-*.png').getByText('step 10').waitFor()
  await expect.poll(() => param(page, 'step')).toBe('10')
  await page.reload()
  await panel(page, 'val/field').getByText('step 10').waitFor()
  await page.getByRole('button', { name: 'val/field: step before' }).click()
  await panel(page, 'samples/step-*.txt').getByText('At step 0 the tide is 0').waitFor()
  await page.getByRole('button', { name: 'To the last step' }).click()
  await expect.poll(() => param(page, 'step')).toBeNull()
  await page.getByLabel('Find media').fill('pred')
  await expect.poll(() => page.getByRole('slider').count()).toBe(0)
  await panel(page, 'predictions.json').getByText('1–200 of 500').waitFor()
  expect(await violations(page)).toEqual([])
  expect(errors).toEqual([])
  await page.close()
})

it('shows new media while the run goes on', async () => {
  const { run: made } = await platform.wire('POST', 'runs/create', { experiment_id: '0', run_name: 'live media', start_time: 1 })
  const id = made.info.run_id
  const put = async (name: string, text: string) =>
    expect(
      (await fetch(`${platform.origin}/api/2.0/mlflow-artifacts/artifacts/0/${id}/artifacts/${name}`, { method: 'PUT', body: text }))
        .status,
    ).toBe(200)
  const { page, errors } = await openPage(browser, `${platform.origin}/runs/${id}?tab=media`)
  await page.getByText('No media yet').waitFor()
  await put('samples/epoch_1/a.txt', 'the first')
  await put('samples/epoch_2/a.txt', 'the second')
  await panel(page, 'samples/epoch_*/a.txt').getByText('the second').waitFor()
  expect(errors).toEqual([])
  await page.close()
})

it('shows tables of any size a page at a time: Parquet, CSV, logged tables', async () => {
  const { page, errors } = await openPage(browser, `${address}?tab=artifacts&path=levels.parquet`)
  await page.getByText('1 000 rows').waitFor()
  await page.getByRole('columnheader', { name: 'level' }).waitFor()
  await page.getByText('1–200 of 1 000').waitFor()
  await page.getByRole('button', { name: 'Rows after' }).click()
  await page.getByText('201–400 of 1 000').waitFor()
  await page.getByRole('cell', { name: /^66\.6+7?$/ }).waitFor()
  await page.getByText('2026-01-09T08:00:00').first().waitFor()
  expect(await violations(page)).toEqual([])
  // Half a million lines: their beginning, and a word that it is one.
  await page.getByRole('treeitem', { name: 'big.csv' }).click()
  await page.getByText(/the first [\d\s]+ rows/).waitFor()
  await page.getByText(/The beginning of 9.\d+ MB/).waitFor()
  expect(errors).toEqual([])
  await page.close()
})

it('shows JSON as a tree, Markdown as a page, HTML in a frame that reaches nothing, and runs nothing else', async () => {
  const { page, errors } = await openPage(browser, `${address}?tab=artifacts&path=config.json`)
  await page.getByText('optimizer').click()
  await page.getByText('“sgd”').waitFor()
  await page.getByText('layers').click()
  await page.getByRole('button', { name: '100 more of 250' }).click()
  await page.getByText('Text', { exact: true }).click()
  await page.getByText('"betas": [').waitFor()
  await page.getByRole('treeitem', { name: 'README.md' }).click()
  await page.getByRole('heading', { name: 'Card' }).waitFor()
  expect(await page.evaluate('window.bad')).toBeUndefined()
  await page.getByRole('treeitem', { name: 'figures' }).click()
  await page.getByRole('treeitem', { name: 'page.html' }).click()
  await page.frameLocator('iframe').getByRole('heading', { name: 'interactive' }).waitFor()
  const frame = page.frames().find((each) => each.url().includes('show=page'))!
  // Of an origin of its own: no storage, no cookies, no request.
  expect(await frame.evaluate('origin')).toBe('null')
  const reach = `fetch(${JSON.stringify(`${platform.origin}/graphql?query={workspace{name}}`)}).then(() => 'reached', () => 'refused')`
  expect(await frame.evaluate(reach)).toBe('refused')
  expect(await frame.evaluate("(() => { try { return parent.document.title } catch { return 'refused' } })()")).toBe('refused')
  expect(await violations(page)).toEqual([])
  expect(errors.filter((error) => !/Content Security Policy|Failed to fetch/.test(error))).toEqual([])
  await page.close()
})

it('follows the log as it comes, lets go when one scrolls up, finds lines, and links to one', async () => {
  await print(
    Array.from({ length: 3_000 }, (_, i) =>
      i === 1_234 ? 'ERROR: \u001b[31mno tide\u001b[0m' : i % 500 === 7 ? `WARNING lr at ${i}` : `epoch ${i}`,
    ).join('\n'),
  )
  const { page, errors } = await openPage(browser, `${address}?tab=logs`)
  const log = page.getByRole('log')
  await log.getByText('epoch 2999', { exact: true }).waitFor()
  await print('epoch 3000')
  await log.getByText('epoch 3000', { exact: true }).waitFor()
  const follow = page.getByRole('button', { name: 'Follow' })
  expect(await follow.getAttribute('aria-pressed')).toBe('true')
  await log.hover()
  await page.mouse.wheel(0, -2_000)
  await expect.poll(() => follow.getAttribute('aria-pressed')).toBe('false')
  await print('epoch 3001')
  await page.getByText('3 002 lines').waitFor()
  expect(await log.getByText('epoch 3001', { exact: true }).count()).toBe(0)
  await page.keyboard.press('f')
  await log.getByText('epoch 3001', { exact: true }).waitFor()

  await page.keyboard.press('/')
  await page.keyboard.type('TIDE')
  await page.getByText('1 of 3 002 lines').waitFor()
  await log.locator('mark').getByText('tide').waitFor()
  await expect.poll(() => param(page, 'search')).toBe('TIDE')
  await log.getByText('1235', { exact: true }).click()
  await log.getByText('epoch 1240', { exact: true }).waitFor()
  expect([param(page, 'line'), param(page, 'search')]).toEqual(['1234', null])
  await log.focus()
  await page.keyboard.press('ArrowDown')
  await expect.poll(() => param(page, 'line')).toBe('1235')
  await page.keyboard.press('ArrowUp')
  await expect.poll(() => param(page, 'line')).toBe('1234')
  await page.reload()
  await log.getByText('ERROR: no tide').waitFor()
  await page.getByText('Warnings', { exact: true }).click()
  await page.getByText('7 of 3 002 lines').waitFor()
  expect(await violations(page)).toEqual([])

  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save' }).click()])
  const saved = (await readFile(await download.path(), 'utf8')).split('\n')
  expect([saved.length, saved[0], saved[3_001]]).toEqual([3_002, 'epoch 0', 'epoch 3001'])
  expect(errors).toEqual([])
  await page.close()
})

it('misses no line that is printed while the page is only coming', async () => {
  const { run: made } = await platform.wire('POST', 'runs/create', { experiment_id: '0', run_name: 'early', start_time: 1 })
  const id = made.info.run_id
  await print('before', id)
  const { page, errors } = await openPage(browser, 'about:blank')
  // What the page listens to begins late, as it does on a slow line.
  let open = () => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  await page.routeWebSocket(/graphql/, (socket) => {
    const server = socket.connectToServer()
    socket.onMessage(async (message) => {
      if (String(message).includes('"subscribe"')) await opened
      server.send(message)
    })
  })
  await page.goto(`${platform.origin}/runs/${id}?tab=logs`)
  await page.getByRole('log').getByText('before', { exact: true }).waitFor()
  await print('meanwhile', id)
  open()
  await page.getByRole('log').getByText('meanwhile', { exact: true }).waitFor()
  expect(errors).toEqual([])
  await page.close()
})

it('holds on to the end of a log that grows faster than the page draws', async () => {
  const { run: made } = await platform.wire('POST', 'runs/create', { experiment_id: '0', run_name: 'fast', start_time: 1 })
  const id = made.info.run_id
  const some = (from: number) => print(Array.from({ length: 100 }, (_, i) => `line ${from + i}`).join('\n'), id)
  await some(0)
  const { page, errors } = await openPage(browser, `${platform.origin}/runs/${id}?tab=logs`)
  const log = page.getByRole('log')
  await log.getByText('line 99', { exact: true }).waitFor()
  for (let from = 100; from < 1_500; from += 100) await some(from)
  await log.getByText('line 1499', { exact: true }).waitFor()
  expect(await page.getByRole('button', { name: 'Follow' }).getAttribute('aria-pressed')).toBe('true')
  expect(errors).toEqual([])
  await page.close()
})

it('says how a log is made where there is none, and shows what comes', async () => {
  const { run: made } = await platform.wire('POST', 'runs/create', { experiment_id: '0', run_name: 'silent', start_time: 1 })
  const { page, errors } = await openPage(browser, `${platform.origin}/runs/${made.info.run_id}?tab=logs`)
  await page.getByText('Nothing printed yet').waitFor()
  await page.getByText('tidegate exec').first().waitFor()
  expect(await violations(page)).toEqual([])
  await print('<img src=x onerror=alert(1)>', made.info.run_id)
  await page.getByRole('log').getByText('<img src=x onerror=alert(1)>').waitFor()
  expect(errors).toEqual([])
  await page.close()
})

it('shows the code: its commit, what was not committed, notebooks, the environment, and how to run it again', async () => {
  const { page, errors } = await openPage(browser, `${address}?tab=code`)
  const commit = page.getByRole('link', { name: 'a41f9c2b0c1d' })
  expect(await commit.getAttribute('href')).toBe('https://github.com/tides/forecast/commit/a41f9c2b0c1d2e3f405162738495a6b7c8d9e0f1')
  await page.getByText('git apply uncommitted.patch').waitFor()
  await page.getByText('tidegate exec -- python train.py --lr 0.05').waitFor()
  await page.getByText('+lr = 0.05').waitFor()
  expect(await violations(page)).toEqual([])
  await page.getByRole('link', { name: 'code/study.ipynb' }).click()
  await page.getByRole('heading', { name: 'Tide study' }).waitFor()
  await page.getByText('ValueError: no tide').waitFor()
  await page.getByRole('img', { name: 'Output of cell 2' }).waitFor()
  expect(param(page, 'path')).toBe('code/study.ipynb')
  await page.reload()
  await page.getByRole('heading', { name: 'Tide study' }).waitFor()
  expect(await violations(page)).toEqual([])
  await page.getByRole('link', { name: 'requirements.txt' }).click()
  await page.getByText('scikit-learn==1.7').waitFor()
  expect(errors).toEqual([])
  await page.close()
})

it('shows what is known of a data set', async () => {
  const dataset = {
    name: 'levels',
    digest: '6be4cfb1',
    source_type: 'http',
    source: '{"url": "https://example.org/levels.csv"}',
    schema:
      '{"mlflow_colspec": [{"type": "long", "name": "station", "required": true}, {"type": "double", "name": "level", "required": false}]}',
    profile: '{"num_rows": 6412980}',
  }
  await platform.wire('POST', 'runs/log-inputs', {
    run_id: run,
    datasets: [{ dataset, tags: [{ key: 'mlflow.data.context', value: 'train' }] }],
  })
  const { page, errors } = await openPage(browser, address)
  await page.getByRole('button', { name: 'levels' }).click()
  const dialog = page.getByRole('dialog', { name: 'levels' })
  await dialog.getByRole('row', { name: 'level double no' }).waitFor()
  expect(await dialog.getByRole('link', { name: 'https://example.org/levels.csv' }).count()).toBe(1)
  await dialog.getByText('6412980').waitFor()
  expect(await violations(page)).toEqual([])
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'hidden' })
  expect(errors).toEqual([])
  await page.close()
})

it('is cloned with other params, and waits for its process', async () => {
  await platform.wire('POST', 'runs/log-batch', {
    run_id: run,
    params: [
      { key: 'lr', value: '0.05' },
      { key: 'width', value: '64' },
      { key: 'debug', value: 'yes' },
    ],
    tags: [{ key: 'team', value: 'tides' }],
  })
  const { page, errors } = await openPage(browser, address)
  await page.getByRole('button', { name: 'Clone' }).click()
  const dialog = page.getByRole('dialog', { name: 'Clone wide-tide' })
  await dialog.getByLabel('lr', { exact: true }).fill('0.1')
  await dialog.getByRole('button', { name: 'Leave debug out' }).click()
  await dialog.getByText('1 changed').waitFor()
  expect(await violations(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Make the run' }).click()
  await page.getByRole('heading', { name: 'wide-tide-again' }).waitFor()
  await page.getByText('Scheduled').first().waitFor()
  // What makes it run.
  await page.getByText(/tidegate exec --run [0-9a-f]{32}/).waitFor()
  const id = new URL(page.url()).pathname.split('/').at(-1)
  const made = (await platform.wire('GET', 'runs/get', { run_id: id })).run
  expect(made.data.params).toEqual([
    { key: 'lr', value: '0.1' },
    { key: 'width', value: '64' },
  ])
  expect(made.data.tags).toEqual(
    expect.arrayContaining([
      { key: 'team', value: 'tides' },
      { key: 'tidegate.clonedFrom', value: run },
    ]),
  )
  await page.getByRole('link', { name: 'Overview' }).click()
  await page.getByRole('link', { name: run.slice(0, 6) }).click()
  await page.getByRole('heading', { name: 'wide-tide', exact: true }).waitFor()
  expect(errors).toEqual([])
  await page.close()
})

it('says of a run that says nothing that its process may have died, and is marked as stopped', async () => {
  const { run: made } = await platform.wire('POST', 'runs/create', {
    experiment_id: '0',
    run_name: 'quiet',
    start_time: Date.now() - 7_200_000,
  })
  const id = made.info.run_id
  await platform.wire('POST', 'runs/log-metric', { run_id: id, key: 'loss', value: 1, timestamp: Date.now() - 3_000_000 })
  await platform.db.query('UPDATE run SET changed_at = changed_at - 3600000 WHERE uuid = $1', [id])
  const { page, errors } = await openPage(browser, `${platform.origin}/experiments/0`)
  await page
    .getByRole('row', { name: /quiet/ })
    .getByText(/^Silent for 50/)
    .waitFor({ state: 'attached' })
  await page.goto(`${platform.origin}/runs/${id}`)
  await page.getByText('Its process may have ended without a word.').waitFor()
  expect(await violations(page)).toEqual([])
  // A sign of life ends it.
  await platform.wire('POST', 'runs/log-metric', { run_id: id, key: 'loss', value: 0.5, timestamp: Date.now(), step: 1 })
  await page.getByText('Its process may have ended').waitFor({ state: 'hidden' })
  await page.getByRole('button', { name: 'Stop' }).click()
  await page.getByText('Killed').first().waitFor()
  expect(errors).toEqual([])
  await page.close()
})
