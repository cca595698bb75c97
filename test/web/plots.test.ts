/** Charts over many runs, in Chromium: parallel coordinates whose ranges are the filter's, scatter, importance, and what the URL keeps. */
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Platform } from '../platform.ts'
import { launch, openPage, startWithPages, violations } from './chromium.ts'

let browser: Browser
let platform: Platform
let experiment: string
let clock = Date.now()

const pairs = (values: Record<string, string>) => Object.entries(values).map(([key, value]) => ({ key, value }))

async function newRun(run_name: string, params: Record<string, string>, metrics: Record<string, number | string>): Promise<void> {
  const { run } = await platform.wire('POST', 'runs/create', { experiment_id: experiment, run_name, start_time: clock++ })
  await platform.wire('POST', 'runs/log-batch', {
    run_id: run.info.run_id,
    params: pairs(params),
    metrics: Object.entries(metrics).map(([key, value]) => ({ key, value, step: 0, timestamp: 1 })),
  })
}

beforeAll(async () => {
  ;[browser, platform] = await Promise.all([launch(), startWithPages()])
  experiment = (await platform.wire('POST', 'experiments/create', { name: 'sweep' })).experiment_id
  // val/loss rises with depth and is least with pinball; seed moves nothing.
  for (let i = 0; i < 24; i++) {
    const model = ['huber', 'pinball', 'mse'][i % 3]!
    const depth = 1 + (i % 8)
    const loss = depth + (model === 'pinball' ? 0 : 2) + ((i * 7) % 5) / 50
    await newRun(`run-${i}`, { depth: String(depth), model, seed: String((i * 13) % 24) }, { 'val/loss': loss })
  }
  await newRun('<img src=x onerror=alert(1)>', { depth: '4', model: '<b>bold</b>' }, { 'val/loss': 'NaN' })
})
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
})

const open = async (search = '') => {
  const found = await openPage(browser, `${platform.origin}/experiments/${experiment}${search}`)
  await found.page.getByRole('rowheader').first().waitFor()
  return found
}
const add = async (page: Page, kind: string) => {
  await page.getByRole('button', { name: 'Chart', exact: true }).click()
  await page.getByRole('menuitem', { name: kind }).click()
}
const searched = (page: Page) => new URL(page.url()).searchParams
const rows = (page: Page) => page.getByRole('rowheader').getByRole('link').allInnerTexts()
/** Drags along an axis, by shares of its length from its lower end. */
async function brush(page: Page, axis: Locator, from: number, to: number): Promise<void> {
  const box = (await axis.boundingBox())!
  const y = (share: number) => box.y + box.height - 6 - share * (box.height - 12)
  await page.mouse.move(box.x + box.width / 2, y(from))
  await page.mouse.down()
  await page.mouse.move(box.x + box.width / 2, y((from + to) / 2))
  await page.mouse.move(box.x + box.width / 2, y(to))
  await page.mouse.up()
}

it('draws parallel coordinates whose ranges filter the table, and the filter’s clauses as ranges', async () => {
  const { page, errors } = await open()
  await add(page, 'Parallel coordinates')
  const panel = page.getByRole('region', { name: 'Parallel coordinates' })
  await panel.getByText('25 runs', { exact: true }).waitFor()
  await brush(page, panel.locator('[data-axis="metrics.`val/loss`"]'), 0, 0.25)
  await expect.poll(() => searched(page).get('q')).toMatch(/^metrics\.`val\/loss` <= [\d.]+$/)
  const most = Number(searched(page).get('q')!.split(' ').at(-1))
  expect(most).toBeGreaterThan(2)
  expect(most).toBeLessThan(5)
  await expect.poll(async () => (await rows(page)).length).toBeLessThan(16)
  const kept = (await rows(page)).length
  await panel.getByText(`${kept} runs`, { exact: true }).waitFor()
  expect(await violations(page)).toEqual([])
  // The filter box says it too, and what is written there stands on the axis.
  await page.goto(
    `${platform.origin}/experiments/${experiment}?${new URLSearchParams([...searched(page), ['q', '']].filter(([key]) => key !== 'q'))}&q=${encodeURIComponent("params.model = 'pinball'")}`,
  )
  await panel.getByTitle('Keep all of model').waitFor()
  await panel.getByText('8 runs', { exact: true }).waitFor()
  await panel.getByTitle('Keep all of model').click()
  await panel.getByText('25 runs', { exact: true }).waitFor()
  await expect.poll(() => searched(page).get('q')).toBe(null)
  expect(errors).toEqual([])
  await page.close()
})

it('does all of it by keys: an axis moves, keeps a range, and takes another scale', async () => {
  const { page, errors } = await open('?chart=parallel|a=params.depth|a=params.model|a=metrics.`val/loss`')
  const panel = page.getByRole('region', { name: 'Parallel coordinates' })
  const name = panel.getByTitle(/^depth: press/)
  await name.focus()
  await page.keyboard.press('ArrowRight')
  await expect.poll(() => searched(page).get('chart')).toBe('parallel|a=params.model|a=params.depth|a=metrics.`val/loss`')
  await name.focus()
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Axis depth' })
  await dialog.getByLabel('From').fill('two')
  await dialog.getByText('Write a number').waitFor()
  await dialog.getByLabel('From').fill('3')
  await dialog.getByLabel('to', { exact: true }).fill('4')
  expect(await violations(page)).toEqual([])
  await page.keyboard.press('Enter')
  await expect.poll(() => searched(page).get('q')).toBe('params.depth BETWEEN 3 AND 4')
  await panel.getByText('7 runs', { exact: true }).waitFor()
  await expect.poll(async () => (await rows(page)).length).toBe(7)
  await name.click()
  await dialog.getByText('Category', { exact: true }).click()
  await expect.poll(() => searched(page).get('chart')).toContain('k=params.depth')
  expect(errors).toEqual([])
  await page.close()
})

it('keeps the charts of a view over a reload; one is removed, and comes back', async () => {
  const { page, errors } = await open()
  await add(page, 'Scatter')
  const scatter = page.getByRole('region', { name: 'Scatter' })
  await scatter.getByText('25 runs', { exact: true }).waitFor()
  await add(page, 'What moves a metric')
  const moves = page.getByRole('region', { name: 'What moves val/loss' })
  await moves.waitFor()
  await page.reload()
  await moves.getByText('permutation importance').waitFor()
  const table = moves.getByRole('table', { name: 'What moves val/loss' })
  await table.getByRole('row').nth(1).getByText('depth').waitFor()
  await table.getByText('more is worse').first().waitFor()
  await table.getByText('pinball is best').waitFor()
  await scatter.getByRole('button', { name: 'More of Scatter' }).click()
  await page.getByRole('menuitem', { name: 'Remove' }).click()
  await expect.poll(() => scatter.count()).toBe(0)
  expect(searched(page).getAll('chart')).toHaveLength(1)
  await page.getByRole('button', { name: 'Undo' }).click()
  await scatter.waitFor()
  expect(searched(page).getAll('chart')).toHaveLength(2)
  expect(errors).toEqual([])
  await page.close()
})

it('reads a scatter by keys and as a table, keeps what is in a box, and downloads the values', async () => {
  const { page, errors } = await open('?chart=scatter|a=params.depth|a=metrics.`val/loss`|c=metrics.`val/loss`|t=lowess')
  const panel = page.getByRole('region', { name: 'Scatter' })
  const plot = panel.getByRole('application', { name: 'val/loss over depth' })
  await plot.focus()
  await page.keyboard.press('ArrowRight')
  await plot.getByText(/run-\d+: depth 1/).waitFor()
  const [run] = (await plot.getByText(/run-\d+: depth 1/).textContent())!.split(':')
  expect(await page.locator('[role="row"].pointed').getByRole('rowheader').getByRole('link').allInnerTexts()).toEqual([run])
  const menu = async (name: string) => {
    await panel.getByRole('button', { name: 'More of Scatter' }).click()
    await page.getByRole('menuitem', { name }).click()
  }
  await menu('View as a table')
  const dialog = page.getByRole('dialog', { name: 'Scatter as a table' })
  // What a run is called is text, whatever it looks like.
  await dialog.getByText('<img src=x onerror=alert(1)>').waitFor()
  expect(await violations(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Close' }).click()
  for (const [name, ending] of [
    ['Download as CSV', '.csv'],
    ['Download as PNG', '.png'],
  ] as const) {
    const download = page.waitForEvent('download')
    await menu(name)
    expect((await download).suggestedFilename()).toBe(`Scatter${ending}`)
  }
  const box = (await plot.boundingBox())!
  await page.mouse.move(box.x + 30, box.y + 12)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.5)
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height - 40)
  await page.mouse.up()
  await expect.poll(() => searched(page).get('q')).toMatch(/^params\.depth BETWEEN .* AND .* AND metrics\.`val\/loss` BETWEEN /)
  await expect.poll(async () => (await rows(page)).length).toBeLessThan(20)
  expect(errors).toEqual([])
  await page.close()
})

it('draws bars, boxes, a histogram, a heat map and a contour, in the dark and on a phone', async () => {
  const kinds = [
    'bar|a=metrics.`val/loss`',
    'bar|a=metrics.`val/loss`|a=params.model',
    'box|a=metrics.`val/loss`|a=params.model',
    'histogram|a=metrics.`val/loss`',
    'heat|a=params.depth|a=params.model|a=metrics.`val/loss`',
    'contour|a=params.depth|a=params.seed|a=metrics.`val/loss`',
  ]
  const { page, errors } = await open(`?${new URLSearchParams(kinds.map((kind) => ['chart', kind]))}`)
  await page.emulateMedia({ colorScheme: 'dark' })
  const best = page.getByRole('list', { name: 'val/loss, the best runs' })
  await best.getByRole('button', { name: 'run-' }).first().waitFor()
  await page.getByRole('list', { name: 'val/loss by model' }).getByText('pinball').waitFor()
  await page
    .getByText(/pinball: median/)
    .first()
    .waitFor({ state: 'attached' })
  await page
    .getByText(/Best at depth/)
    .first()
    .waitFor({ state: 'attached' })
  const contour = page.getByRole('region', { name: 'Contour' })
  await contour.getByText(/^24 runs\. Best at depth 1, seed \d+: 1\.\d+\.$/).waitFor({ state: 'attached' })
  expect(await contour.locator('path.line[d*=M]').count()).toBeGreaterThan(3)
  const histogram = page.getByRole('application', { name: 'Histogram of val/loss' })
  await histogram.focus()
  await page.keyboard.press('ArrowRight')
  expect(await violations(page)).toEqual([])
  await page.keyboard.press('Enter')
  await expect.poll(() => searched(page).get('q')).toMatch(/^metrics\.`val\/loss` BETWEEN /)
  await page.setViewportSize({ width: 390, height: 844 })
  await page.getByRole('region', { name: 'Heat map' }).waitFor()
  expect(await violations(page, 'section[aria-label="Charts"]')).toEqual([])
  expect(errors).toEqual([])
  await page.close()
})

it('takes in what runs log while it is looked at', async () => {
  const { page, errors } = await open('?chart=histogram|a=metrics.late')
  const panel = page.getByRole('region', { name: 'Histogram' })
  await panel.getByText('No run has a value.').waitFor()
  await newRun('newest', { depth: '1' }, { late: 1 })
  await panel.getByText('26 runs', { exact: true }).waitFor()
  await panel.getByText('No run has a value.').waitFor({ state: 'detached' })
  expect(errors).toEqual([])
  await page.close()
})

it('keeps the runs in a line that is drawn around them, and takes the charts in another order by a drag and by keys', async () => {
  const { page, errors } = await open('?chart=scatter|a=params.depth|a=metrics.`val/loss`&chart=histogram|a=metrics.`val/loss`')
  const panel = page.getByRole('region', { name: 'Scatter' })
  const plot = panel.getByRole('application', { name: 'val/loss over depth' })
  await plot.locator('canvas').waitFor()
  await panel.getByRole('button', { name: 'Lasso' }).click()
  const box = (await plot.boundingBox())!
  const to = (x: number, y: number) => page.mouse.move(box.x + box.width * x, box.y + box.height * y, { steps: 4 })
  // A triangle over the lower left: less depth, less loss.
  await to(0.1, 0.02)
  await page.mouse.down()
  await to(0.1, 0.8)
  await to(0.6, 0.8)
  await page.mouse.up()
  await expect.poll(() => searched(page).get('q')).toMatch(/params\.depth BETWEEN .* AND metrics\.`val\/loss` BETWEEN /)
  await expect.poll(async () => (await rows(page)).length).toBeLessThan(20)
  const kept = await rows(page)
  expect(kept.length).toBeGreaterThan(3)
  await panel.getByText(`${kept.length} runs`, { exact: true }).waitFor()
  expect(await violations(page)).toEqual([])

  const kinds = () =>
    searched(page)
      .getAll('chart')
      .map((chart) => chart.split('|')[0])
  await page.getByRole('button', { name: 'Move Histogram' }).focus()
  await page.keyboard.press('ArrowUp')
  await expect.poll(kinds).toEqual(['histogram', 'scatter'])
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Move Histogram')
  await page.getByRole('button', { name: 'Move Histogram' }).dragTo(panel)
  await expect.poll(kinds).toEqual(['scatter', 'histogram'])
  expect(errors).toEqual([])
  await page.close()
})
