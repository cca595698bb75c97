/** The table of runs as people use it, in Chromium: what is done to many at once, sorted by several, selected by keys. */
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

const names = (page: Page) => page.getByRole('rowheader').getByRole('link').allInnerTexts()
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
