/** The table of runs as people use it, in Chromium: what is done to many at once, sorted by several, selected by keys. */
import { readFileSync } from 'node:fs'
import { parquetReadObjects } from 'hyparquet'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Platform } from '../platform.ts'
import { launch, openPage, startWithPages, violations } from './chromium.ts'

let browser: Browser
let platform: Platform

beforeAll(async () => {
  ;[browser, platform] = await Promise.all([launch(), startWithPages()])
})
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
})

const post = (path: string, input: object) => platform.wire('POST', path, input as Record<string, unknown>)
const newExperiment = async (name: string) => (await post('experiments/create', { name })).experiment_id as string
let clock = Date.now()

interface Given {
  metrics?: Record<string, number>
  params?: Record<string, string>
  tags?: Record<string, string>
}

/** Each is newer than the one before. */
async function newRun(experiment_id: string, run_name: string, { metrics = {}, params = {}, tags = {} }: Given = {}): Promise<string> {
  const { run } = await post('runs/create', { experiment_id, run_name, start_time: clock++ })
  const run_id = run.info.run_id as string
  const pairs = (of: Record<string, string>) => Object.entries(of).map(([key, value]) => ({ key, value }))
  await post('runs/log-batch', {
    run_id,
    metrics: Object.entries(metrics).map(([key, value]) => ({ key, value, step: 0, timestamp: 1 })),
    params: pairs(params),
    tags: pairs(tags),
  })
  return run_id
}

/** Of a run that is nested elsewhere a link without a text leads there. */
const names = async (page: Page) => (await page.getByRole('rowheader').getByRole('link').allTextContents()).filter(Boolean)
const selected = (page: Page) => page.getByRole('row', { selected: true }).getByRole('rowheader').getByRole('link').allTextContents()
const open = async (experiment: string, search = '') => {
  const found = await openPage(browser, `${platform.origin}/experiments/${experiment}${search}`)
  await found.page.getByRole('rowheader').first().waitFor()
  return found
}
const tagOf = async (run_id: string, wanted: string): Promise<string | undefined> =>
  (await platform.wire('GET', 'runs/get', { run_id })).run.data.tags.find(({ key }: { key: string }) => key === wanted)?.value

describe('many runs at once', () => {
  it('are tagged by a key and a dialog, and that is undone', async () => {
    const experiment = await newExperiment('tagged')
    const ids = [
      await newRun(experiment, 'one', { tags: { team: 'winds' } }),
      await newRun(experiment, 'two'),
      await newRun(experiment, 'three'),
    ]
    const { page, errors } = await open(experiment, '?col=tags.team')
    await page.keyboard.press('j')
    await page.keyboard.press('x')
    await page.keyboard.press('Shift+ArrowDown')
    await page.keyboard.press('Shift+ArrowDown')
    expect(await selected(page)).toEqual(['three', 'two', 'one'])
    await page.keyboard.press('Shift+ArrowUp')
    await page.keyboard.press('Shift+ArrowDown')
    await page.keyboard.press('t')
    const dialog = page.getByRole('dialog', { name: 'Tag 3 runs' })
    await dialog.getByLabel('Key').fill('te?m')
    await dialog.getByRole('button', { name: 'Tag 3 runs' }).click()
    await dialog.getByText('Names may only contain').waitFor()
    expect(await violations(page)).toEqual([])
    await dialog.getByLabel('Key').fill('team')
    await dialog.getByLabel('Value').fill('tides')
    await page.keyboard.press('Enter')
    await page.getByText('3 runs tagged team: tides').waitFor()
    expect(await page.getByRole('gridcell', { name: 'tides' }).count()).toBe(3)
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(() => Promise.all(ids.map((id) => tagOf(id, 'team')))).toEqual(['winds', undefined, undefined])
    await expect.poll(() => page.getByRole('gridcell', { name: 'tides' }).count()).toBe(0)
    expect(errors).toEqual([])
    await page.close()
  })

  it('are selected with Shift and a press, or all that pass, deleted in one go, and come back', async () => {
    const experiment = await newExperiment('many deleted')
    for (let i = 0; i < 260; i++) await post('runs/create', { experiment_id: experiment, run_name: `run-${i}`, start_time: clock++ })
    const { page, errors } = await open(experiment)
    await page.getByRole('checkbox', { name: 'Select run-259' }).click()
    await page
      .getByRole('row')
      .filter({ hasText: 'run-256' })
      .getByText('–')
      .first()
      .click({ modifiers: ['Shift'] })
    expect(await selected(page)).toEqual(['run-259', 'run-258', 'run-257', 'run-256'])
    const tray = page.getByRole('region', { name: 'Selected runs' })
    await tray.getByText('4 selected').waitFor()
    expect(await tray.getByRole('link', { name: 'Compare' }).getAttribute('href')).toMatch(
      /^\/compare\?runs=[0-9a-f]{32}(,[0-9a-f]{32}){3}$/,
    )
    expect(await violations(page)).toEqual([])
    await tray.getByRole('button', { name: 'All 260' }).click()
    await tray.getByText('260 selected').waitFor()
    await page.keyboard.press('Escape')
    expect(await tray.count()).toBe(0)
    await page.keyboard.press('Control+a')
    await tray.getByText('260 selected').waitFor()
    await page.keyboard.press('e')
    await page.getByText('260 runs deleted').waitFor()
    expect((await post('runs/search', { experiment_ids: [experiment] })).runs ?? []).toHaveLength(0)
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(async () => (await post('runs/search', { experiment_ids: [experiment] })).runs?.length).toBe(260)
    expect(errors).toEqual([])
    await page.close()
  })
})

describe('one run', () => {
  it('is renamed in its place, by a key or from its menu', async () => {
    const experiment = await newExperiment('renamed')
    const id = await newRun(experiment, 'before')
    const { page, errors } = await open(experiment)
    await page.keyboard.press('j')
    await page.keyboard.press('F2')
    await page.keyboard.type('after')
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: 'after' }).waitFor()
    await expect.poll(() => tagOf(id, 'mlflow.runName')).toBe('after')
    await page.getByRole('row').filter({ hasText: 'after' }).click({ button: 'right' })
    const menu = page.getByRole('menu')
    expect(await menu.getByRole('menuitem').allInnerTexts()).toEqual(
      expect.arrayContaining(['Open', 'Open in a new tab', 'Copy the ID', 'Copy as code', 'Tag…', 'Delete']),
    )
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('r')
    await page.keyboard.press('Enter')
    await page.keyboard.type('not kept')
    await page.keyboard.press('Escape')
    expect(await names(page)).toEqual(['after'])
    await page.getByRole('button', { name: 'What to do with after' }).click()
    await menu.getByRole('menuitem', { name: 'Delete' }).click()
    await page.getByText('after deleted').waitFor()
    expect(errors).toEqual([])
    await page.close()
  })

  it('is shown right whatever it is called', async () => {
    const experiment = await newExperiment('strange names')
    const strange = ['<img src=x onerror=alert(1)>', 'שלום עולם', '🧪🏳️‍🌈 émile', `long ${'x'.repeat(9_995)}`]
    for (const name of strange) await newRun(experiment, name)
    const { page, errors } = await open(experiment)
    for (const name of strange.slice(0, 3)) await page.getByRole('link', { name, exact: true }).waitFor()
    expect(await page.locator('[role=grid] img').count()).toBe(0)
    const long = page.getByRole('rowheader').filter({ hasText: 'long x' })
    expect((await long.textContent())?.length).toBeLessThan(320)
    const sizes = await page.getByRole('row').evaluateAll((rows) => rows.slice(1).map((row) => row.getBoundingClientRect().height))
    expect(new Set(sizes)).toEqual(new Set([30]))
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(1440)
    expect(errors).toEqual([])
    await page.close()
  })
})

describe('the order', () => {
  it('is by several columns: Shift adds one, and each heading says which it is', async () => {
    const experiment = await newExperiment('sorted by two')
    for (const [name, loss, lr] of [
      ['a', 1, '0.1'],
      ['b', 1, '0.2'],
      ['c', 0, '0.1'],
      ['d', 0, '0.2'],
    ] as const)
      await newRun(experiment, name, { metrics: { loss }, params: { lr } })
    const { page, errors } = await open(experiment)
    const heading = (name: string) => page.getByRole('columnheader', { name })
    await heading('loss').getByRole('button').click()
    await expect.poll(() => names(page)).toEqual(['d', 'c', 'b', 'a'])
    await heading('lr')
      .getByRole('button')
      .click({ modifiers: ['Shift'] })
    await expect.poll(() => names(page)).toEqual(['c', 'd', 'a', 'b'])
    expect(new URL(page.url()).searchParams.getAll('sort')).toEqual(['metrics.loss', 'params.lr'])
    expect((await heading('loss').textContent())?.trim()).toMatch(/loss\s*1/)
    expect((await heading('lr').textContent())?.trim()).toMatch(/lr\s*2/)
    await page.getByText('Sorted by loss, ascending, then lr, ascending').waitFor({ state: 'attached' })
    await page.reload()
    await expect.poll(() => names(page)).toEqual(['c', 'd', 'a', 'b'])
    // With the keys: the cursor's column as well.
    await page.keyboard.press('j')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Shift+s')
    await expect.poll(() => names(page)).toEqual(['d', 'c', 'b', 'a'])
    expect(await violations(page)).toEqual([])
    expect(errors).toEqual([])
    await page.close()
  })
})

describe('nested runs', () => {
  it('stand below their parents when they are unfolded, wherever those are, and in the order asked', async () => {
    const experiment = await newExperiment('nested')
    const parent = await newRun(experiment, 'sweep', { metrics: { loss: 5 } })
    const inner = await newRun(experiment, 'inner', { metrics: { loss: 2 }, tags: { 'mlflow.parentRunId': parent } })
    await newRun(experiment, 'trial', { metrics: { loss: 1 }, tags: { 'mlflow.parentRunId': parent } })
    await newRun(experiment, 'deep', { metrics: { loss: 3 }, tags: { 'mlflow.parentRunId': inner } })
    await newRun(experiment, 'alone', { metrics: { loss: 4 } })
    const { page, errors } = await open(experiment)
    // By time, what is on one page is nested; sorted, each stands where its value puts it.
    expect(await names(page)).toEqual(['alone', 'sweep', 'trial', 'inner', 'deep'])
    await page.getByRole('columnheader', { name: 'loss' }).getByRole('button').click()
    await expect.poll(() => names(page)).toEqual(['trial', 'inner', 'deep', 'alone', 'sweep'])

    await page.getByRole('button', { name: 'Nest runs below their parents' }).click()
    await expect.poll(() => names(page)).toEqual(['alone', 'sweep'])
    await page.getByRole('button', { name: '2 nested in sweep' }).click()
    await expect.poll(() => names(page)).toEqual(['alone', 'sweep', 'trial', 'inner'])
    await page.getByRole('row').filter({ hasText: 'inner' }).getByRole('gridcell', { name: '2', exact: true }).click()
    await page.keyboard.press('f')
    await expect.poll(() => names(page)).toEqual(['alone', 'sweep', 'trial', 'inner', 'deep'])
    expect(await violations(page)).toEqual([])
    // Turned round, what is unfolded stays so.
    await page.getByRole('columnheader', { name: 'loss' }).getByRole('button').click()
    await expect.poll(() => names(page)).toEqual(['sweep', 'inner', 'deep', 'trial', 'alone'])
    // They are live, and can be worked with, as all rows are.
    await platform.wire('POST', 'runs/log-metric', { run_id: inner, key: 'loss', value: 0.125, timestamp: 1, step: 99 })
    await page.getByRole('gridcell', { name: '0.125' }).click()
    await page.keyboard.press('e')
    await page.getByText('inner deleted').waitFor()
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByRole('button', { name: '2 nested in sweep' }).click()
    await expect.poll(() => names(page)).toEqual(['sweep', 'alone'])
    expect(errors).toEqual([])
    await page.close()
  })
})

describe('what passes', () => {
  it('goes into a CSV or a Parquet file with the columns of the table, and is copied as code', async () => {
    const experiment = await newExperiment('files/of runs')
    for (const [name, loss] of [
      ['one, "quoted"', 2],
      ['two', 1],
      ['left out', 9],
    ] as const)
      await newRun(experiment, name, { metrics: { loss }, params: { 'a b': `=${loss}` } })
    const search = '?q=metrics.loss+<+5&sort=metrics.loss&col=metrics.loss&col=params.`a b`'
    const { page, errors } = await open(experiment, search)
    const save = async (item: string) => {
      await page.getByRole('button', { name: 'Export' }).click()
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: item }).click()])
      return { name: download.suggestedFilename(), content: readFileSync(await download.path()) }
    }
    await page.getByRole('button', { name: 'Export' }).click()
    expect(await page.getByRole('menuitem').allTextContents()).toEqual(
      ['CSV of 2 runs', 'Parquet of 2 runs', 'Copy as Python', 'Copy as TypeScript', 'Copy as curl'].map((text) =>
        expect.stringContaining(text),
      ),
    )
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('Escape')
    const csv = await save('CSV of 2 runs')
    expect(csv.name).toBe('files-of-runs.csv')
    const lines = csv.content.toString().split('\r\n')
    expect(lines[0]).toBe('id,name,status,metrics.loss,params.a b')
    expect(lines.slice(1).map((line) => line.slice(32))).toEqual([',two,RUNNING,1,=1', ',"one, ""quoted""",RUNNING,2,=2', ''])
    const parquet = await save('Parquet of 2 runs')
    expect(parquet.name).toBe('files-of-runs.parquet')
    const file = new Uint8Array(parquet.content).buffer
    expect(await parquetReadObjects({ file, columns: ['name', 'metrics.loss', 'params.a b'] })).toEqual([
      { name: 'two', 'metrics.loss': 1, 'params.a b': '=1' },
      { name: 'one, "quoted"', 'metrics.loss': 2, 'params.a b': '=2' },
    ])
    // Of the selected only.
    await page.getByRole('checkbox', { name: 'Select two' }).click()
    expect((await save('CSV of the 1 selected')).content.toString().split('\r\n')).toHaveLength(3)
    expect(errors).toEqual([])
    await page.close()
  })
})

describe('the columns', () => {
  const headings = async (page: Page) =>
    (await page.getByRole('columnheader').evaluateAll((heads) => heads.map((head) => head.getAttribute('data-col')))).filter(Boolean)
  const params = (page: Page, name: string) => new URL(page.url()).searchParams.getAll(name)

  it('are moved, pinned and sized by hand and by keys, and all that is in the address', async () => {
    const experiment = await newExperiment('arranged')
    await newRun(experiment, 'one', {
      metrics: { loss: 1, acc: 2 },
      params: { a: '2', b: 'a value that is longer than its column' },
    })
    const { page, errors } = await open(experiment, '?col=metrics.loss&col=metrics.acc&col=params.a&col=params.b')
    expect(await headings(page)).toEqual(['attributes.run_name', 'metrics.loss', 'metrics.acc', 'params.a', 'params.b'])

    // Dragged before another, which sorts nothing.
    const head = (ref: string) => page.locator(`[role=columnheader][data-col="${ref}"]`)
    const [from, to] = [(await head('params.b').boundingBox())!, (await head('metrics.acc').boundingBox())!]
    await page.mouse.move(from.x + 20, from.y + 10)
    await page.mouse.down()
    await page.mouse.move(from.x, from.y + 10, { steps: 3 })
    await page.mouse.move(to.x + 4, to.y + 10, { steps: 5 })
    await page.mouse.up()
    await expect.poll(() => headings(page)).toEqual(['attributes.run_name', 'metrics.loss', 'params.b', 'metrics.acc', 'params.a'])
    expect(params(page, 'sort')).toEqual([])

    // The edge drawn, and fitted to what is in it.
    const edge = (await head('params.b').locator('.edge').boundingBox())!
    await page.mouse.move(edge.x + 4, edge.y + 10)
    await page.mouse.down()
    await page.mouse.move(edge.x + 44, edge.y + 10, { steps: 4 })
    await page.mouse.up()
    await expect.poll(() => params(page, 'w')).toEqual(['116:params.b'])
    await head('params.b').locator('.edge').dblclick()
    await expect.poll(() => Number(params(page, 'w')[0]?.split(':')[0])).toBeGreaterThan(200)
    const cell = page.getByRole('gridcell', { name: 'a value that is longer' })
    expect(await cell.evaluate((it) => it.firstElementChild!.scrollWidth <= it.firstElementChild!.clientWidth)).toBe(true)

    const fitted = params(page, 'w')

    // By keys: pinned, narrower.
    await page.keyboard.press('j')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Shift+P')
    await expect.poll(() => params(page, 'pin')).toEqual(['metrics.loss', 'params.b'])
    await page.keyboard.press('Shift+ArrowLeft')
    await expect.poll(() => params(page, 'w')).not.toEqual(fitted)
    const width = Number(params(page, 'w')[0]!.split(':')[0])
    await page.reload()
    await expect.poll(() => headings(page)).toEqual(['attributes.run_name', 'metrics.loss', 'params.b', 'metrics.acc', 'params.a'])
    expect((await head('params.b').boundingBox())!.width).toBe(width)
    expect(await page.locator('.head .pin [data-col]').count()).toBe(3)
    expect(await violations(page)).toEqual([])
    // All of it from the menu of a heading too.
    await head('metrics.acc').click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Move right' }).click()
    await expect.poll(() => headings(page)).toEqual(['attributes.run_name', 'metrics.loss', 'params.b', 'params.a', 'metrics.acc'])
    await head('params.a').click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Hide' }).click()
    await expect.poll(() => headings(page)).toEqual(['attributes.run_name', 'metrics.loss', 'params.b', 'metrics.acc'])
    await head('metrics.acc').click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Sort by this' }).click()
    await expect.poll(() => params(page, 'sort')).toEqual(['metrics.acc'])
    expect(errors).toEqual([])
    await page.close()
  })

  it('that say nothing are told and hidden by one press; the chooser moves and pins', async () => {
    const experiment = await newExperiment('constant')
    for (const lr of ['0.1', '0.2'])
      await newRun(experiment, `run ${lr}`, { metrics: { loss: Number(lr) }, params: { lr, optimizer: 'adam', layers: '4' } })
    const { page, errors } = await open(experiment)
    await page.getByRole('button', { name: 'Columns' }).click()
    const chooser = page.getByRole('dialog', { name: 'Columns' })
    await chooser.getByRole('button', { name: 'Hide 2 constant' }).waitFor()
    expect(await violations(page, '.chooser')).toEqual([])
    await chooser.getByRole('button', { name: 'Hide 2 constant' }).click()
    await expect.poll(() => headings(page)).not.toContain('params.optimizer')
    expect(await headings(page)).toContain('params.lr')
    // Up by keys, from the field on.
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Columns' }).click()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Alt+ArrowUp')
    await expect.poll(() => params(page, 'col').slice(0, 2)).toEqual(['params.lr', 'metrics.loss'])
    const grip = (await chooser.locator('.grip').first().boundingBox())!
    await page.mouse.move(grip.x + 5, grip.y + 7)
    await page.mouse.down()
    await page.mouse.move(grip.x + 5, grip.y + 7 + 32, { steps: 5 })
    await page.mouse.up()
    await expect.poll(() => params(page, 'col').slice(0, 2)).toEqual(['metrics.loss', 'params.lr'])
    await chooser.getByRole('button', { name: 'Pin lr' }).click()
    await expect.poll(() => params(page, 'pin')).toEqual(['metrics.loss', 'params.lr'])
    await chooser.getByRole('button', { name: 'Reset' }).click()
    await expect.poll(() => [...params(page, 'col'), ...params(page, 'pin')]).toEqual([])
    expect(errors).toEqual([])
    await page.close()
  })

  it('may be thousands to choose from and hundreds in the table, with few elements on the page', async () => {
    const experiment = await newExperiment('wide')
    const run = await newRun(experiment, 'wide')
    for (let from = 0; from < 6000; from += 1000) {
      const metrics = Array.from({ length: 1000 }, (_, i) => ({
        key: `m${String(from + i).padStart(4, '0')}`,
        value: from + i,
        step: 0,
        timestamp: 1,
      }))
      await post('runs/log-batch', { run_id: run, metrics })
    }
    const columns = Array.from({ length: 200 }, (_, i) => `col=metrics.m${String(i).padStart(4, '0')}`).join('&')
    const { page, errors } = await open(experiment, `?${columns}`)
    await page.getByRole('gridcell', { name: '0', exact: true }).first().waitFor()
    expect(await page.getByRole('columnheader').count()).toBeLessThan(40)
    await page.getByRole('grid', { name: 'Runs' }).evaluate((grid) => grid.scrollTo({ left: 100_000 }))
    await page.getByRole('columnheader', { name: 'm0199' }).waitFor()
    await page.getByRole('gridcell', { name: '199', exact: true }).waitFor()
    expect(await page.getByRole('columnheader').count()).toBeLessThan(40)

    await page.getByRole('button', { name: 'Columns' }).click()
    const chooser = page.getByRole('dialog', { name: 'Columns' })
    await chooser.getByText('5 000 keys are listed').waitFor()
    expect(await chooser.getByRole('checkbox').count()).toBeLessThan(60)
    // One that is not among the first thousands.
    await page.keyboard.type('m5999')
    await chooser.getByRole('checkbox', { name: 'm5999' }).check()
    await page.keyboard.press('Escape')
    await expect.poll(() => params(page, 'col').at(-1)).toBe('metrics.m5999')
    await page.getByRole('grid', { name: 'Runs' }).evaluate((grid) => grid.scrollTo({ left: 100_000 }))
    await page.getByRole('columnheader', { name: 'm5999' }).waitFor()
    expect(errors).toEqual([])
    await page.close()
  })
})

it('looks at a run beside the list, goes with the cursor, and closes by Esc and by back', async () => {
  const { experiment_id } = await platform.wire('POST', 'experiments/create', { name: 'peeked' })
  for (const [i, name] of ['first', 'second', 'third'].entries()) {
    const { run } = await platform.wire('POST', 'runs/create', { experiment_id, run_name: name, start_time: 1_750_000_000_000 - i })
    const metrics = [0, 1, 2].map((step) => ({ key: 'loss', value: 3 - step - i / 10, timestamp: 1, step }))
    await platform.wire('POST', 'runs/log-batch', { run_id: run.info.run_id, metrics, params: [{ key: 'depth', value: String(i) }] })
  }
  const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${experiment_id}`)
  const peek = (name: string) => page.getByRole('complementary', { name: `Peek at ${name}` })
  await page.getByRole('link', { name: 'first', exact: true }).waitFor()
  await page.keyboard.press('j')
  await page.keyboard.press('Shift+Enter')
  await peek('first').getByText('depth').waitFor()
  await peek('first').getByRole('figure').filter({ hasText: 'loss' }).waitFor()
  expect(new URL(page.url()).searchParams.get('peek')).toMatch(/^[0-9a-f]{32}$/)
  expect(await violations(page)).toEqual([])
  await page.keyboard.press('j')
  await peek('second').waitFor()
  await page.reload()
  await peek('second').waitFor()
  await page.keyboard.press('Escape')
  await peek('second').waitFor({ state: 'hidden' })
  await page.getByRole('row', { name: /third/ }).click({ button: 'right' })
  await page.getByRole('menuitem', { name: 'Look at it here' }).click()
  await peek('third').waitFor()
  await page.goBack()
  await peek('third').waitFor({ state: 'hidden' })
  expect(errors).toEqual([])
  await page.close()
})
