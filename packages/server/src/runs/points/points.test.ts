import { freshDatabase, type TestDatabase } from '@tidegate/test/database'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compareValues } from './columns.ts'
import { openPoints, type PointColumns, type Points } from './points.ts'

let db: TestDatabase
let points: Points
let lastRun = 0
beforeAll(async () => {
  db = await freshDatabase()
  points = openPoints(db, pino({ level: 'silent' }))
})
afterAll(() => db.close())

async function newRun(): Promise<number> {
  await points.create(++lastRun, db)
  return lastRun
}

/** A repeatable source of random numbers in [0, 1). */
function randomFrom(seed: number) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

type Point = [key: number, step: number, time: number, value: number]

const columns = (list: readonly Point[]): PointColumns => ({
  keys: list.map((p) => p[0]),
  steps: list.map((p) => p[1]),
  times: list.map((p) => p[2]),
  values: list.map((p) => p[3]),
})

const byStep = (a: Point, b: Point) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || compareValues(a[3], b[3])
const byTime = (a: Point, b: Point) => a[2] - b[2] || a[1] - b[1] || compareValues(a[3], b[3])

/** What a run must hold after all of these were written: each point once, in order. */
function distinct(list: readonly Point[], order = byStep): Point[] {
  const sorted = list.map(([k, s, t, v]): Point => [k, s, t, v + 0]).sort(order)
  return sorted.filter((point, i) => i === 0 || order(sorted[i - 1]!, point) !== 0)
}

async function mergeAll(run: number) {
  while ((await points.merge(run)).more);
}

/** All that a cursor reads from 0, page by page. Fails where a cursor doesn't advance. */
async function readAll(run: number, after = 0, keys?: number[]) {
  const seen: Point[] = []
  for (;;) {
    const { runs, more } = await points.since([{ run, after }], keys)
    for (const { cursor, series } of runs) {
      expect(cursor).toBeGreaterThan(after)
      after = cursor
      for (const { key, steps, times, values } of series)
        for (let i = 0; i < steps.length; i++) seen.push([key, steps[i]!, times[i]!, values[i]!])
    }
    if (!more) return { seen, after }
  }
}

async function historyOf(run: number, key: number, limit: number) {
  const seen: Point[] = []
  for (let after: string | undefined; ; ) {
    const page = await points.history(run, key, { limit, after })
    expect(page.steps.length).toBeLessThanOrEqual(limit)
    for (let i = 0; i < page.steps.length; i++) seen.push([key, page.steps[i]!, page.times[i]!, page.values[i]!])
    if (page.next === null) return seen
    after = page.next
  }
}

describe('writing', () => {
  it('keeps every point once, whatever is sent again, and the newest of each metric', async () => {
    const random = randomFrom(1)
    const run = await newRun()
    const all: Point[] = []
    for (let round = 0; round < 40; round++) {
      const fresh = Array.from(
        { length: Math.ceil(random() * 60) },
        (): Point => [
          1 + Math.floor(random() * 3),
          Math.floor(random() * 200) - 20,
          Math.floor(random() * 5),
          [0, -0, Number.NaN, 1.5, random()][Math.floor(random() * 5)]!,
        ],
      )
      const again = all.filter(() => random() < 0.1)
      all.push(...fresh)
      expect(await points.append(run, columns([...fresh, ...again]))).toBe(true)
      if (random() < 0.2) await mergeAll(run)
    }
    const expected = distinct(all)
    expect((await readAll(run)).seen.sort(byStep)).toEqual(expected)
    const latest = await db.query<{ key: number; step: number; ts: number; value: number; nan: boolean }>(
      'SELECT key_id AS key, step, ts, value, nan FROM latest WHERE run_id = $1 ORDER BY key_id',
      [run],
    )
    const newest = [1, 2, 3].map((key) => expected.filter((p) => p[0] === key).at(-1)!)
    expect(latest.map(({ key, step, ts, value, nan }) => [key, step, ts, nan ? Number.NaN : value])).toEqual(newest)
    for (const key of [1, 2, 3]) {
      const ofKey = expected.filter((p) => p[0] === key)
      for (const limit of [7, 100, 10_000]) expect(await historyOf(run, key, limit)).toEqual([...ofKey].sort(byTime))
      const [line] = await points.chart(run, [key], { axis: 'step', buckets: 10_000 })
      expect(line!.steps.map((step, i) => [key, step, line!.times[i], line!.last[i]])).toEqual(ofKey)
    }
  })

  it('is refused where a run is unknown or closed, and nobody else hears of it', async () => {
    const open = await newRun()
    const closed = await newRun()
    await points.close([closed], db)
    const point: Point = [1, 1, 1, 1]
    const answers = await Promise.all([open, closed, 999_999, open, closed].map((run) => points.append(run, columns([point]))))
    expect(answers).toEqual([true, false, false, true, false])
    await points.reopen([closed], db)
    expect(await points.append(closed, columns([point]))).toBe(true)
  })
})
