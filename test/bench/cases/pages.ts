/**
 * The runs page as a data scientist meets it: 100 000 runs with 5 000 keys in one experiment, in Chromium. MLflow's own page does the
 * same journey on 10 000 runs, a tenth.
 */

import type { Browser } from 'playwright-core'
import { weights } from '../../../apps/web/weight.ts'
import { type Bench, type Case, connected, newExperiment } from '../bench.ts'
import { framesWhile, launch, open, scroll, type Timed } from '../browser.ts'
import { type Figure, median } from '../figures.ts'
import { countKeys, loadRuns } from '../load.sql.ts'
import type { Peer } from '../peers.ts'

/** How each one's page is used. Expressions are JavaScript that the page is asked in every frame. */
interface Journey {
  address: (experiment: string) => string
  /** The grid that scrolls, its rows, and a place in it that has no row yet. */
  list: string
  row: string
  empty: string
  filter: (timed: Timed, text: string) => Promise<unknown>
  sort: (timed: Timed) => Promise<unknown>
}

const journeys: Record<Peer['name'], Journey> = {
  Tidegate: {
    address: (experiment) => `/experiments/${experiment}`,
    list: '[role=grid]',
    row: '[role=grid] [role=row][data-run]',
    empty: '[role=grid] .place',
    async filter({ page }, text) {
      await page.keyboard.press('/')
      await page.keyboard.insertText(text)
      await page.keyboard.press('Enter')
    },
    sort: ({ page }) => page.locator('[role=columnheader] [title=acc]').first().click(),
  },
  MLflow: {
    address: (experiment) => `/#/experiments/${experiment}/runs`,
    list: '.ag-body-viewport',
    row: '.ag-pinned-left-cols-container .ag-row',
    empty: '.ag-row-loading',
    async filter({ page }, text) {
      const box = page.getByPlaceholder('metrics.rmse < 1')
      await box.fill(text)
      await box.press('Enter')
    },
    async sort({ page }) {
      await page.getByRole('button', { name: /^Sort/ }).click()
      await page.getByPlaceholder('Search').last().fill('acc')
      await page.getByText('acc', { exact: true }).last().click()
    },
  },
}

/** The text of the first row, which changes when others are shown. */
const firstRow = (row: string) => `document.querySelector(${JSON.stringify(row)})?.textContent`
const changed = (row: string, before: string) => `${firstRow(row)} !== undefined && ${firstRow(row)} !== ${JSON.stringify(before)}`

interface Answers {
  cold: number
  filtered: number
  sorted: number
  fps: number
  blank: number
  rows: number
  shift: number
}

async function travel(browser: Browser, peer: Peer, experiment: string, seconds: number): Promise<Answers> {
  const { address, list, row, empty, filter, sort } = journeys[peer.name]
  const timed = await open(browser, `${peer.origin}${address(experiment)}`)
  try {
    const cold = await timed.since(`document.querySelector(${JSON.stringify(row)})`)
    await timed.page.waitForTimeout(2000)
    const { fps, blank, rows } = await scroll(timed, seconds, list, row, empty)
    await timed.page.evaluate((list) => (document.querySelector(list)!.scrollTop = 0), list)
    await timed.page.waitForTimeout(500)
    const text = () => timed.page.evaluate(firstRow(row)) as Promise<string>
    const filtered = await timed.after(() => filter(timed, "params.model = 'm3'"), changed(row, await text()))
    const sorted = await timed.after(() => sort(timed), changed(row, await text()))
    return { cold, filtered, sorted, fps, blank, rows, shift: await timed.shift() }
  } finally {
    await timed.close()
  }
}

/** Groups all runs by a param: from the key to the groups. */
async function group(browser: Browser, { origin }: Peer, experiment: string): Promise<number> {
  const timed = await open(browser, `${origin}/experiments/${experiment}?col=metrics.loss&col=metrics.acc`)
  const { page } = timed
  try {
    await page.locator('[role=row][data-run]').first().waitFor()
    await page.waitForTimeout(1000)
    await page.getByRole('button', { name: 'Group' }).click()
    await page.getByLabel('Find what to group by').fill('model')
    return await timed.after(() => page.keyboard.press('Enter'), `document.querySelector('[data-run^="group"]')`)
  } finally {
    await timed.close()
  }
}

/** Drags a range over an axis of parallel coordinates of the newest 10 000 runs. Frames a second. */
async function brush(browser: Browser, { origin }: Peer, experiment: string): Promise<number> {
  const axes = ['params.lr', 'params.model', 'params.p3', 'params.p4', 'metrics.m10', 'metrics.acc', 'metrics.loss']
  const chart = `parallel|${axes.map((ref) => `a=${ref}`).join('|')}`
  const timed = await open(browser, `${origin}/experiments/${experiment}?chart=${encodeURIComponent(chart)}`)
  const { page } = timed
  try {
    const axis = page.locator('[data-axis="metrics.loss"]').first()
    await axis.waitFor()
    // Drawn, and nothing more for a while.
    await timed.rested(1500)
    const box = (await axis.boundingBox())!
    const at = (share: number) => [box.x + box.width / 2, box.y + box.height * share] as const
    await page.mouse.move(...at(0.9))
    await page.mouse.down()
    const frames = await framesWhile(timed, async () => {
      for (let step = 0; step < 90; step++) {
        await page.mouse.move(...at(0.9 - (0.7 * step) / 90))
        await page.waitForTimeout(15)
      }
    })
    await page.mouse.up()
    return frames
  } finally {
    await timed.close()
  }
}

export const pages: Case = {
  name: 'pages',
  async run(bench: Bench) {
    const experiments = {} as Record<Peer['name'], string>
    for (const [peer, count] of [
      [bench.mlflow, 10_000],
      [bench.tidegate, 100_000],
    ] as const) {
      experiments[peer.name] = await connected(peer, newExperiment)
      await loadRuns(peer, experiments[peer.name], count, { manyKeys: true })
    }
    await countKeys(bench.tidegate)
    const browser = await launch()
    try {
      const answers: Record<Peer['name'], Answers[]> = { MLflow: [], Tidegate: [] }
      for (let i = 0; i < (bench.quick ? 2 : 5); i++)
        for (const peer of [bench.mlflow, bench.tidegate])
          answers[peer.name].push(await travel(browser, peer, experiments[peer.name], bench.quick ? 5 : 10))
      const of = (name: Peer['name'], key: keyof Answers) => median(answers[name].map((answer) => answer[key]))
      const both = (key: keyof Answers) => ({ mlflow: of('MLflow', key), tidegate: of('Tidegate', key) })
      const grouped: number[] = []
      const brushed: number[] = []
      for (let i = 0; i < (bench.quick ? 2 : 5); i++) {
        grouped.push(await group(browser, bench.tidegate, experiments.Tidegate))
        brushed.push(await brush(browser, bench.tidegate, experiments.Tidegate))
      }
      bench.note('Pages: MLflow’s has 10 000 runs, Tidegate’s 100 000, both with 5 000 keys, newest first, then those of a param.')
      return [
        { what: 'page of runs: cold, to the first rows', unit: 'ms', ...both('cold'), wanted: { atMost: 1000 } },
        { what: 'page of runs: filter to new rows', unit: 'ms', ...both('filtered'), wanted: { atMost: 300 } },
        { what: 'page of runs: order to new rows', unit: 'ms', ...both('sorted'), wanted: { atMost: 300 } },
        { what: 'page of runs: scrolling', unit: 'frames/s', ...both('fps'), wanted: { atLeast: 55 } },
        { what: 'page of runs: longest blank row while scrolling', unit: 'ms', ...both('blank'), wanted: { atMost: 100 } },
        { what: 'page of runs: most rows in the document', unit: 'rows', ...both('rows'), wanted: { atMost: 80 } },
        { what: 'page of runs: 100 000 in groups', unit: 'ms', tidegate: median(grouped), wanted: { atMost: 500 } },
        { what: 'parallel coordinates of 10 000 runs: brushed', unit: 'frames/s', tidegate: median(brushed), wanted: { atLeast: 30 } },
        {
          what: 'page of runs: JavaScript it waits for, gzip',
          unit: 'kB',
          tidegate: weights().get('/experiments/[id]')!,
          wanted: { atMost: 120 },
        },
        { what: 'page of runs: layout shift of a visit', unit: '', ...both('shift'), wanted: { atMost: 0.02 } },
      ] satisfies Figure[]
    } finally {
      await browser.close()
    }
  },
}
