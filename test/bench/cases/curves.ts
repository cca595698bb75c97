/** Curves as a data scientist meets them, in Chromium: fifty of a million points each in one chart, drawn, zoomed and pointed at; a run ticked. */
import { setTimeout as sleep } from 'node:timers/promises'
import { address as addressTo, batch } from '../batches.ts'
import { type Bench, type Case, connected, newExperiment, newRun } from '../bench.ts'
import { launch, open } from '../browser.ts'
import { type Figure, median } from '../figures.ts'
import { unmerged } from '../load.sql.ts'

const curves = 50
/** Of each of them. */
const points = (bench: Bench) => (bench.quick ? 200_000 : 1_000_000)
const moves = 60

/**
 * An experiment of `curves` runs and one more. The first is sent its points; the others get copies of its chunks, which are the same bytes
 * that sending would have made, in minutes less. Answers the experiment and the runs whose curves are drawn.
 */
async function load({ tidegate }: Bench, count: number): Promise<{ experiment: string; runs: string[] }> {
  return connected(tidegate, async (connection) => {
    const experiment = await newExperiment(connection)
    const runs: string[] = []
    for (let i = 0; i <= curves; i++) runs.push(await newRun(connection, experiment))
    const [first, ...others] = runs as [string, ...string[]]
    for (let at = 0; at < count; at += 1000)
      await connection.send('POST', '/api/2.0/mlflow/runs/log-batch', addressTo(batch(1, at, 1000), first))
    for (const run of runs) await connection.call('runs/update', { run_id: run, status: 'FINISHED', end_time: Date.now() })
    for (let i = 0; i < 240 && (await unmerged(tidegate, first)) > 0; i++) await sleep(250)
    for (const table of ['point_chunk', 'latest']) {
      const columns = await tidegate.sql<{ name: string }>(
        `SELECT quote_ident(attname) AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'run_id' AND attgenerated = ''`,
        [table],
      )
      const names = columns.map(({ name }) => name).join(', ')
      await tidegate.sql(
        `INSERT INTO ${table} (run_id, ${names}) SELECT other.id, ${columns.map(({ name }) => `c.${name}`).join(', ')}
         FROM ${table} c JOIN run ON run.id = c.run_id AND run.uuid = $1, run other WHERE other.uuid = ANY($2)`,
        [first, others],
      )
    }
    await tidegate.sql('VACUUM ANALYZE')
    return { experiment, runs }
  })
}

export const curvesCase: Case = {
  name: 'curves',
  async run(bench: Bench) {
    const { experiment, runs } = await load(bench, points(bench))
    const drawn = runs.slice(0, curves)
    const browser = await launch()
    const taken: Record<'cold' | 'drawn' | 'zoomed' | 'hover' | 'ticked', number[]> = {
      cold: [],
      drawn: [],
      zoomed: [],
      hover: [],
      ticked: [],
    }
    try {
      for (let i = 0; i < (bench.quick ? 2 : 5); i++) {
        const address = `${bench.tidegate.origin}/experiments/${experiment}?plot=`
        const cold = await open(browser, address + drawn.join(','))
        taken.cold.push(await cold.untilDrawn(async () => {}, curves))
        await cold.close()
        // As a person plots fifty: from the first row to the fiftieth, and p.
        const timed = await open(browser, address)
        const { page } = timed
        await page.locator('[role=row][data-run]').first().waitFor()
        await page.waitForTimeout(1000)
        await page.keyboard.press('j')
        await page.keyboard.press('x')
        for (let row = 1; row < curves; row++) await page.keyboard.press('j')
        await page.keyboard.press('Shift+X')
        taken.drawn.push(await timed.untilDrawn(() => page.keyboard.press('p'), curves))
        await page.keyboard.press('Escape')

        const box = (await page.locator('canvas').first().boundingBox())!
        const at = (x: number, y = 0.5) => [box.x + box.width * x, box.y + box.height * y] as const
        await page.mouse.move(...at(0.2))
        const busy = await timed.busy(async () => {
          for (let move = 0; move < moves; move++) await page.mouse.move(...at(0.2 + (0.6 * move) / moves, 0.3 + 0.4 * Math.random()))
        })
        taken.hover.push(busy / moves)

        taken.zoomed.push(
          await timed.untilDrawn(async () => {
            await page.mouse.move(...at(0.4))
            await page.mouse.down()
            await page.mouse.move(...at(0.5), { steps: 4 })
            await page.mouse.up()
          }, curves),
        )
        // Of few curves, as who ticks runs has them.
        await page.goto(address + drawn.slice(0, 5).join(','))
        await timed.untilDrawn(async () => {}, 5)
        const eye = page.locator('[role=row] button[aria-pressed=false]').first()
        // A hand comes to rest on what it presses.
        await eye.hover()
        await page.waitForTimeout(150)
        taken.ticked.push(await timed.untilDrawn(() => eye.click(), 6))
        await timed.close()
      }
    } finally {
      await browser.close()
    }
    bench.note(`The fifty curves have ${points(bench).toLocaleString('en').replaceAll(',', ' ')} points each.`)
    return [
      { what: '50 curves, from the key to drawn', unit: 'ms', tidegate: median(taken.drawn), wanted: { atMost: 1000 } },
      { what: '50 curves, from nothing to a page with them', unit: 'ms', tidegate: median(taken.cold) },
      { what: '50 curves, zoomed and exact', unit: 'ms', tidegate: median(taken.zoomed), wanted: { atMost: 150 } },
      { what: '50 curves, pointer moved, each frame', unit: 'ms', tidegate: median(taken.hover), wanted: { atMost: 8 } },
      { what: 'a run ticked, to its curve', unit: 'ms', tidegate: median(taken.ticked), wanted: { atMost: 50 } },
    ] satisfies Figure[]
  },
}
