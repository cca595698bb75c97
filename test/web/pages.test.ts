/** The pages as people use them, in Chromium on a real server, while MLflow's own client trains. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeCatalogue } from '../../packages/server/src/search/catalogue.sql.ts'
import type { Platform } from '../platform.ts'
import { launch, openPage, python, startWithPages } from './chromium.ts'

let browser: Browser
let platform: Platform
const children = new Set<ChildProcess>()

beforeAll(async () => {
  ;[browser, platform] = await Promise.all([launch(), startWithPages()])
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await browser?.close()
  await platform?.stop()
})

/** A Python process that trains, and knows of nothing but the address. */
function train(origin: string, ...args: Array<string | number>) {
  const child = spawn(python(), [join(import.meta.dirname, 'train.py'), ...args.map(String)], {
    env: { ...process.env, MLFLOW_TRACKING_URI: origin },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  children.add(child)
  let errors = ''
  child.stderr.on('data', (chunk) => (errors += chunk))
  return once(child, 'exit').then(([code]) => {
    if (code !== 0) throw new Error(`train.py ended with ${code}: ${errors}`)
  })
}

const newExperiment = async (name: string) => (await platform.wire('POST', 'experiments/create', { name })).experiment_id as string

async function newRun(experiment_id: string, run_name: string, loss: number, more: Record<string, unknown> = {}) {
  const { run } = await platform.wire('POST', 'runs/create', { experiment_id, run_name, start_time: Date.now() })
  const metrics = Array.from({ length: 20 }, (_, step) => ({ key: 'loss', value: loss + 1 / (step + 1), timestamp: Date.now(), step }))
  await platform.wire('POST', 'runs/log-batch', {
    run_id: run.info.run_id,
    metrics,
    params: [{ key: 'lr', value: String(loss / 10) }],
    ...more,
  })
  return run.info.run_id as string
}

/** What a chart says to those who don't see it. */
const summary = (page: Page, chart: string) => page.getByRole('figure', { name: chart }).getByText('points from step')
const pointsOf = async (page: Page, chart: string) => Number(/(\d+) points/.exec((await summary(page, chart).textContent()) ?? '')?.[1])

describe('a run that trains', () => {
  it('shows its curve moving, point by point, and then that it has finished, with its figure', async () => {
    const trained = train(platform.origin, 'digits', 'watched', 0.05, 32, 40, 0.2)
    const { page, errors } = await openPage(browser, `${platform.origin}/experiments`)
    // The experiment is new: it appears by itself, and its run on its page.
    await page.getByRole('main').getByRole('link', { name: 'digits' }).click({ timeout: 30_000 })
    await page.getByRole('rowheader').getByRole('link', { name: 'watched' }).click({ timeout: 20_000 })
    await page.getByRole('heading', { name: 'watched' }).waitFor()

    await summary(page, 'val/loss').waitFor({ state: 'attached' })
    const canvas = page.getByRole('figure', { name: 'val/loss' }).locator('canvas').first()
    const [points, picture] = [await pointsOf(page, 'val/loss'), await canvas.screenshot()]
    await expect.poll(() => pointsOf(page, 'val/loss'), { timeout: 10_000 }).toBeGreaterThan(points + 5)
    expect((await canvas.screenshot()).equals(picture)).toBe(false)
    expect(await page.getByRole('main').getByText('Running').count()).toBeGreaterThan(0)

    await trained
    await page.getByRole('main').getByText('Finished').first().waitFor()
    expect(await pointsOf(page, 'val/loss')).toBe(40)
    // Its files are listed anew when it has finished.
    await page.getByRole('link', { name: 'Artifacts' }).click()
    await page.getByRole('treeitem', { name: 'confusion.png' }).click()
    const image = page.getByRole('img', { name: 'confusion.png' })
    await image.waitFor()
    await expect.poll(() => image.evaluate((element) => (element as HTMLImageElement).naturalWidth)).toBe(500)
    expect(errors).toEqual([])
    await page.close()
  }, 90_000)

  it('moves on the page of another server on the same database', async () => {
    const other = await platform.another()
    const run_id = await newRun(await newExperiment('two servers'), 'far', 0.5)
    const { page, errors } = await openPage(browser, `${other.origin}/runs/${run_id}`)
    await summary(page, 'loss').waitFor({ state: 'attached' })
    expect(await pointsOf(page, 'loss')).toBe(20)
    await platform.wire('POST', 'runs/log-metric', { run_id, key: 'loss', value: 0.1, timestamp: 1, step: 20 })
    await expect.poll(() => pointsOf(page, 'loss')).toBe(21)
    expect(errors).toEqual([])
    await page.close()
  })
})

describe('the models of a run', () => {
  it('appear as they are logged, with how far they are and how well they did, and open their files', async () => {
    const experiment_id = await newExperiment('with models')
    const run_id = await newRun(experiment_id, 'maker', 1)
    const { page, errors } = await openPage(browser, `${platform.origin}/runs/${run_id}`)
    // The rail has a link of that name too.
    await page.locator('a[href*="tab=models"]').click()
    await page.getByText('No models yet').waitFor()
    const { model } = await platform.wire('POST', 'logged-models', {
      ...{ experiment_id, name: 'forest', model_type: 'classifier', source_run_id: run_id },
    })
    const row = page.getByRole('row', { name: /forest/ })
    await row.getByText('Pending').waitFor()
    const { model_id, artifact_uri } = model.info
    const file = `${platform.origin}/api/2.0/mlflow-artifacts/artifacts/${artifact_uri.slice('mlflow-artifacts:/'.length)}/MLmodel`
    await fetch(file, { method: 'PUT', body: 'flavors:\n  sklearn: {}\n' })
    const metric = { key: 'acc', value: 0.9876, timestamp: 1, step: 1, model_id, dataset_name: 'test', dataset_digest: 'd' }
    await platform.wire('POST', 'runs/log-metric', { run_id, ...metric })
    await fetch(`${platform.origin}/api/2.0/mlflow/logged-models/${model_id}`, {
      method: 'PATCH',
      body: JSON.stringify({ status: 'LOGGED_MODEL_READY' }),
      headers: { 'content-type': 'application/json' },
    })
    await row.getByText('Ready').waitFor()
    await row.getByText('acc on test 0.9876').waitFor()
    await row.getByText('classifier').waitFor()
    await page.getByRole('link', { name: 'Files of forest' }).click()
    await page.getByText('sklearn: {}').waitFor()
    await page.reload()
    await page.getByRole('region', { name: 'Files of forest' }).getByText('sklearn: {}').waitFor()
    expect(errors).toEqual([])
    await page.close()
  })
})

describe('the runs of an experiment', () => {
  const names = (page: Page) => page.getByRole('rowheader').getByRole('link').allInnerTexts()

  it('are sorted by a click, filtered by a line, and both are in the address', async () => {
    const experiment = await newExperiment('sorted')
    for (const [name, loss] of [
      ['low', 1],
      ['high', 3],
      ['middle', 2],
    ] as const)
      await newRun(experiment, name, loss)
    const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${experiment}`)
    await page.getByRole('link', { name: 'middle' }).waitFor()
    expect(await names(page)).toEqual(['middle', 'high', 'low'])

    await page.getByRole('columnheader', { name: 'loss' }).getByRole('button').click()
    await expect.poll(() => names(page)).toEqual(['low', 'middle', 'high'])
    await page.keyboard.press('/')
    await page.keyboard.type('metrics.loss > 1.5')
    await page.keyboard.press('Enter')
    await expect.poll(() => names(page)).toEqual(['middle', 'high'])

    await page.reload()
    await expect.poll(() => names(page)).toEqual(['middle', 'high'])
    expect(errors).toEqual([])
    await page.close()
  })

  it('stay as they are while a filter is wrong, and it says where', async () => {
    const experiment = await newExperiment('wrong filter')
    await newRun(experiment, 'stays', 1)
    const { page } = await openPage(browser, `${platform.origin}/experiments/${experiment}`)
    await page.getByRole('link', { name: 'stays' }).waitFor()
    await page.getByRole('combobox', { name: 'Filter the runs' }).fill('metrics.loss << 1')
    await page.keyboard.press('Enter')
    await page
      .getByText('is not compared by', { exact: false })
      .or(page.getByText("The filter can't be read", { exact: false }))
      .first()
      .waitFor()
    // Under the signs themselves.
    expect(await page.locator('.mirror u').textContent()).toBe('<<')
    expect(await names(page)).toEqual(['stays'])
    await page.close()
  })

  it('that none passes the filter is said, with the clause to drop', async () => {
    const experiment = await newExperiment('nothing left')
    await newRun(experiment, 'one', 1)
    await newRun(experiment, 'two', 2)
    const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${experiment}`)
    await page.getByRole('link', { name: 'two' }).waitFor()
    await page.getByRole('combobox', { name: 'Filter the runs' }).fill("metrics.loss > 0.5 and params.lr = 'none'")
    await page.keyboard.press('Enter')
    await page.getByText('No run matches both filters').waitFor()
    await page.getByText("Without params.lr='none' there are 2 runs.").waitFor()
    await page.getByRole('button', { name: 'Drop it' }).click()
    await expect.poll(() => names(page)).toEqual(['two', 'one'])
    await page
      .getByRole('button', { name: /metrics\.loss/ })
      .first()
      .waitFor()
    expect(errors).toEqual([])
    await page.close()
  })

  it('are opened by Enter where the cursor is, and from there the next and the one before by j and k', async () => {
    const experiment = await newExperiment('opened')
    for (const name of ['third', 'second', 'first']) await newRun(experiment, name, 1)
    const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${experiment}`)
    await page.getByRole('link', { name: 'third' }).waitFor()
    for (const key of ['j', 'j', 'Enter']) await page.keyboard.press(key)
    await page.getByRole('heading', { name: 'second', level: 1 }).waitFor()
    await page.keyboard.press('j')
    await page.getByRole('heading', { name: 'third', level: 1 }).waitFor()
    await page.keyboard.press('k')
    await page.getByRole('heading', { name: 'second', level: 1 }).waitFor()
    await page.keyboard.press('k')
    await page.getByRole('heading', { name: 'first', level: 1 }).waitFor()
    expect(errors).toEqual([])
    await page.close()
  })

  it('are found by what the filter offers: columns with their range, values with their use, and words between them', async () => {
    const experiment = await newExperiment('completed')
    const tags = (value: string) => ({ tags: [{ key: 'team', value }] })
    await newRun(experiment, 'one', 1, tags('tides'))
    await newRun(experiment, 'two', 2, tags('tides'))
    await newRun(experiment, 'three', 3, tags('winds'))
    await makeCatalogue(platform.db, Number(experiment))
    const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${experiment}`)
    await page.getByRole('link', { name: 'three' }).waitFor()
    const box = page.getByRole('combobox', { name: 'Filter the runs' })
    await box.click()
    await page.keyboard.type('los')
    await page.getByRole('option', { name: 'metrics.loss metric · 3 runs · 1.05 to 3.05' }).waitFor()
    await page.keyboard.press('Tab')
    await page.keyboard.type("> 2.5 or not tags.team = 'ti")
    await page.getByRole('option', { name: "'tides' 2 runs" }).click()
    expect(await box.inputValue()).toBe("metrics.loss > 2.5 or not tags.team = 'tides' ")
    await page.keyboard.press('Enter')
    await expect.poll(() => names(page)).toEqual(['three'])

    // An OR is one clause, and stays together beside another.
    await box.fill('(name = "one" or thre)')
    await page.keyboard.press('Enter')
    await expect
      .poll(() => new URL(page.url()).searchParams.get('q'))
      .toBe(`(metrics.loss > 2.5 or not tags.team = 'tides') AND (name = "one" or thre)`)
    await expect.poll(() => names(page)).toEqual(['three'])

    // What is wrong is marked under its letters, and the rows stay.
    await box.fill('metrics.loss > 1 or metrics.loss << 2')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.locator('search u').textContent()).toBe('<<')
    expect(await names(page)).toEqual(['three'])
    expect(errors).toEqual([])
    await page.close()
  })

  it('that are new wait behind a pill, and come when they are asked for', async () => {
    const experiment = await newExperiment('pill')
    await newRun(experiment, 'old', 1)
    const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${experiment}`)
    await page.getByRole('link', { name: 'old' }).waitFor()
    await newRun(experiment, 'young', 2)
    await page.getByRole('button', { name: /1 new run/ }).waitFor()
    expect(await names(page)).toEqual(['old'])
    await page.keyboard.press('r')
    await expect.poll(() => names(page)).toEqual(['young', 'old'])
    expect(errors).toEqual([])
    await page.close()
  })

  it('change their values in place', async () => {
    const experiment = await newExperiment('cells')
    const run_id = await newRun(experiment, 'counting', 1)
    const { page } = await openPage(browser, `${platform.origin}/experiments/${experiment}`)
    await page.getByRole('gridcell', { name: '1.05', exact: true }).waitFor()
    await platform.wire('POST', 'runs/log-metric', { run_id, key: 'loss', value: 0.123, timestamp: 1, step: 99 })
    await page.getByRole('gridcell', { name: '0.123', exact: true }).waitFor()
    await page.close()
  })

  it('show a metric when its first point comes, in the table and as a chart', async () => {
    const experiment = await newExperiment('growing')
    const run_id = await newRun(experiment, 'grows', 1)
    const { page } = await openPage(browser, `${platform.origin}/experiments/${experiment}`)
    await page.getByRole('figure', { name: 'loss' }).waitFor()
    await page.getByRole('gridcell', { name: '1.05', exact: true }).waitFor()
    await platform.wire('POST', 'runs/log-metric', { run_id, key: 'recall', value: 0.75, timestamp: 1, step: 1 })
    await page.getByRole('columnheader', { name: 'recall' }).waitFor()
    await page.getByRole('gridcell', { name: '0.75', exact: true }).waitFor()
    await page.getByRole('figure', { name: 'recall' }).waitFor()
    await page.close()
  })

  it('are deleted with a way back', async () => {
    const experiment = await newExperiment('undo')
    await newRun(experiment, 'kept', 1)
    const { page } = await openPage(browser, `${platform.origin}/experiments/${experiment}`)
    await page.getByRole('checkbox', { name: 'Select kept' }).click()
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByText('kept deleted').waitFor()
    // Until it is asked for anew it stays where it was, dimmed, and is found no more.
    await page.locator('.tr.gone').getByRole('link', { name: 'kept' }).waitFor()
    expect((await platform.wire('POST', 'runs/search', { experiment_ids: [experiment] })).runs ?? []).toEqual([])
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(async () => (await platform.wire('POST', 'runs/search', { experiment_ids: [experiment] })).runs?.length).toBe(1)
    await expect.poll(() => names(page)).toEqual(['kept'])
    await page.close()
  })

  it('scroll smoothly past a thousand with few elements on the page', async () => {
    const experiment = await newExperiment('many')
    await Promise.all(
      Array.from({ length: 400 }, (_, i) =>
        platform.wire('POST', 'runs/create', { experiment_id: experiment, run_name: `run-${i}`, start_time: 1000 + i }),
      ),
    )
    const { page } = await openPage(browser, `${platform.origin}/experiments/${experiment}`)
    await page.getByRole('link', { name: 'run-399' }).waitFor()
    await page.getByRole('grid', { name: 'Runs' }).hover()
    for (let i = 0; i < 40; i++) await page.mouse.wheel(0, 400)
    await page.getByRole('link', { name: 'run-0', exact: true }).waitFor()
    expect(await page.getByRole('row').count()).toBeLessThan(61)
    await page.close()
  })
})

describe('a newcomer', () => {
  it('is taught, and sees the first run arrive', async () => {
    const fresh = await startWithPages()
    const { page, errors } = await openPage(browser, fresh.origin)
    await page.getByRole('heading', { name: 'Log your first run' }).waitFor()
    expect(await page.getByText(`MLFLOW_TRACKING_URI=${fresh.origin}`).count()).toBe(1)
    const { experiment_id } = await fresh.wire('POST', 'experiments/create', { name: 'first-steps' })
    const { run } = await fresh.wire('POST', 'runs/create', { experiment_id, run_name: 'first', start_time: Date.now() })
    for (let step = 0; step < 5; step++) {
      await fresh.wire('POST', 'runs/log-metric', {
        run_id: run.info.run_id,
        key: 'loss',
        value: 1 / (step + 1),
        timestamp: Date.now(),
        step,
      })
    }
    await page.getByRole('main').getByRole('link', { name: 'first' }).first().click()
    await page.waitForURL(`**/runs/${run.info.run_id}`)
    expect(errors).toEqual([])
    await page.close()
    await fresh.stop()
  })

  it('follows the link that MLflow prints', async () => {
    const experiment = await newExperiment('links')
    const run = await newRun(experiment, 'linked', 1)
    const { page } = await openPage(browser, `${platform.origin}/#/experiments/${experiment}/runs/${run}`)
    await page.waitForURL(`**/runs/${run}`)
    await page.getByRole('heading', { name: 'linked' }).waitFor()
    await page.close()
  })

  it('jumps anywhere by the keyboard', async () => {
    const experiment = await newExperiment('far away')
    await newRun(experiment, 'needle', 1)
    const { page } = await openPage(browser, `${platform.origin}/experiments`)
    await page.getByRole('link', { name: 'far away' }).first().waitFor()
    await page.keyboard.press('Control+k')
    await page.keyboard.type('far aw')
    await page.keyboard.press('Enter')
    await page.waitForURL(`**/experiments/${experiment}`)
    await page.keyboard.press('Control+k')
    await page.keyboard.type('#needle')
    await page
      .getByRole('option', { name: /needle/ })
      .first()
      .waitFor()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'needle' }).waitFor()
    await page.close()
  })

  it('is told what is not there, and has a way on', async () => {
    const { page } = await openPage(browser, `${platform.origin}/runs/${'0'.repeat(32)}`)
    await page
      .getByText(/is here|no such|not here|There is no/i)
      .first()
      .waitFor()
    await page.close()
  })
})

describe('a lost connection', () => {
  it('is told, keeps the values, and catches up without a gap', async () => {
    const experiment = await newExperiment('lost')
    const run_id = await newRun(experiment, 'lost', 1)
    const { page } = await openPage(browser, `${platform.origin}/runs/${run_id}`)
    await summary(page, 'loss').waitFor({ state: 'attached' })
    await page.context().setOffline(true)
    await platform.wire('POST', 'runs/log-metric', { run_id, key: 'loss', value: 0.1, timestamp: 1, step: 20 })
    await page.context().setOffline(false)
    await platform.wire('POST', 'runs/log-metric', { run_id, key: 'loss', value: 0.1, timestamp: 1, step: 21 })
    await expect.poll(() => pointsOf(page, 'loss'), { timeout: 15_000 }).toBe(22)
    await page.close()
  })
})
