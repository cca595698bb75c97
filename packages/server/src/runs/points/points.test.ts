import type { Sql } from '@tidegate/db'
import { freshDatabase, type TestDatabase } from '@tidegate/test/database'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { appendText } from './append.sql.ts'
import {
  byStep,
  byTime,
  chartFault,
  columnsOfPoints,
  distinct,
  ntileSample,
  type Point,
  packedBefore,
  pointsOf,
  randomFrom,
} from './brute-force.ts'
import { unpackChunk } from './codec.ts'
import { createHead, setHeadsClosed } from './heads.sql.ts'
import { openPoints, type Points } from './points.ts'
import { sampleOf } from './sample.ts'

const silent = pino({ level: 'silent' })
let db: TestDatabase
let points: Points
let lastRun = 0
beforeAll(async () => {
  db = await freshDatabase()
  points = openPoints(db, silent)
})
afterAll(() => db.close())

async function newRun(): Promise<number> {
  const run = ++lastRun
  await createHead(db, run)
  return run
}

const append = async (run: number, list: readonly Point[], sql?: Sql) =>
  (await points.append(run, columnsOfPoints(list), sql)) !== undefined

async function mergeAll(run: number) {
  while ((await points.merge(run)).more);
}

/** All that a cursor reads, page by page. Fails where the cursor doesn't advance. */
async function readAll(run: number, after = 0, keys?: number[]) {
  const seen: Point[] = []
  for (;;) {
    const { runs, more } = await points.since([{ run, after }], keys)
    for (const { cursor, series } of runs) {
      expect(cursor).toBeGreaterThan(after)
      after = cursor
      for (const part of series) for (const point of pointsOf(part.key, part)) seen.push(point)
    }
    if (!more) return { seen, after }
  }
}

async function historyOf(run: number, key: number, limit: number) {
  const seen: Point[] = []
  for (let after: string | undefined; ; ) {
    const page = await points.history(run, key, { limit, after })
    expect(page.steps.length).toBeLessThanOrEqual(limit)
    for (const point of pointsOf(key, page)) seen.push(point)
    if (page.next === null) return seen
    after = page.next
  }
}

async function latestOf(run: number): Promise<Point[]> {
  const rows = await db.query<{ key: number; step: number; ts: number; value: number; nan: boolean }>(
    'SELECT key_id AS key, step, ts, value, nan FROM latest WHERE run_id = $1 ORDER BY key_id',
    [run],
  )
  return rows.map(({ key, step, ts, value, nan }) => [key, step, ts, nan ? Number.NaN : value])
}

/** Every way of reading gives exactly these points. */
async function expectAll(run: number, written: readonly Point[]) {
  const expected = distinct(written)
  const keys = [...new Set(expected.map(([key]) => key))]
  expect((await readAll(run)).seen.sort(byStep)).toEqual(expected)
  expect(await latestOf(run)).toEqual(keys.map((key) => expected.findLast((point) => point[0] === key)))
  for (const key of keys) {
    const ofKey = expected.filter((point) => point[0] === key)
    expect(await historyOf(run, key, 1_000_000)).toEqual(ofKey.toSorted(byTime))
    for (const range of [{ buckets: 100_000 }, { buckets: 7 }]) {
      for (const axis of ['step', 'time'] as const) {
        const [[line] = []] = await points.charts([run], [key], { axis, ...range })
        expect(chartFault(line!, ofKey, { axis, ...range })).toBeUndefined()
      }
    }
    const [sample] = await points.sample([run], key, { max: 50 })
    expect(pointsOf(key, sample!)).toEqual(ntileSample(ofKey.length, 50).map((i) => ofKey[i]))
  }
}

const values = [0, -0, Number.NaN, 1.5, -Number.MAX_VALUE, Number.MAX_VALUE]

describe('writing', () => {
  it('keeps every point once, whatever is sent again and merged in between', async () => {
    const random = randomFrom(1)
    for (let trial = 0; trial < 3; trial++) {
      const run = await newRun()
      const all: Point[] = []
      for (let round = 0; round < 30; round++) {
        const fresh = Array.from(
          { length: Math.ceil(random() * 80) },
          (): Point => [
            1 + Math.floor(random() * 3),
            Math.floor(random() * 200) - 20,
            Math.floor(random() * 5),
            random() < 0.5 ? random() : values[Math.floor(random() * values.length)]!,
          ],
        )
        const again = all.filter(() => random() < 0.1)
        all.push(...fresh)
        expect(await append(run, [...fresh, ...again])).toBe(true)
        if (random() < 0.2) await mergeAll(run)
      }
      await expectAll(run, all)
      await mergeAll(run)
      await expectAll(run, all)
    }
  })

  it('takes steps to the ends of what is exact, and before zero', async () => {
    const run = await newRun()
    const { MAX_SAFE_INTEGER: most, MIN_SAFE_INTEGER: least } = Number
    const ends = [most, least, 0, -1, most - 1, least + 1].flatMap((step): Point[] => [
      [1, step, 0, 1],
      [1, step, most, Number.NaN],
    ])
    for (const point of ends) await append(run, [point])
    await expectAll(run, ends)
    await mergeAll(run)
    await expectAll(run, ends)
  })

  it('keeps order where thousands of points share a step and a time', async () => {
    const random = randomFrom(2)
    const run = await newRun()
    const all: Point[] = Array.from({ length: 15_000 }, (_, i) => [
      1,
      3,
      9,
      i % 100 === 0 ? [0, Number.NaN][i % 200 ? 0 : 1]! : Math.floor(random() * 12_000) - 6_000,
    ])
    for (let from = 0; from < all.length; from += 3_000) {
      await append(run, all.slice(from, from + 3_000))
      if (from % 2_000) await mergeAll(run)
    }
    await mergeAll(run)
    await append(run, [[1, 3, 9, 0.5], [1, 4, 9, 0], [1, 3, 9, -7_000], ...all.slice(100, 200)])
    const written: Point[] = [...all, [1, 3, 9, 0.5], [1, 4, 9, 0], [1, 3, 9, -7_000]]
    await expectAll(run, written)
    expect(await historyOf(run, 1, 999)).toEqual(distinct(written, byTime))
    await mergeAll(run)
    await expectAll(run, written)
  })

  it('costs nothing when the same is sent again, also after a merge', async () => {
    const run = await newRun()
    const batch: Point[] = Array.from({ length: 1_000 }, (_, i) => [1, i, i, i])
    await append(run, batch)
    await append(run, batch)
    expect(await db.query('SELECT n FROM point_tail WHERE run_id = $1', [run])).toEqual([{ n: 1_000 }])
    await mergeAll(run)
    const chunks = () => db.query('SELECT ctid, xmin, n FROM point_chunk WHERE run_id = $1', [run])
    const before = await chunks()
    const { after } = await readAll(run)
    await append(run, batch)
    expect((await readAll(run, after)).seen).toEqual([])
    await mergeAll(run)
    expect(await chunks()).toEqual(before)
    expect((await readAll(run, after)).seen).toEqual([])
  })

  it('is refused where a run is unknown or closed, and nobody else hears of it', async () => {
    const open = await newRun()
    const closed = await newRun()
    await setHeadsClosed(db, [closed], true)
    const answers = await Promise.all([open, closed, 999_999, open, closed].map((run) => append(run, [[1, 1, 1, 1]])))
    expect(answers).toEqual([true, false, false, true, false])
    expect(await append(closed, [])).toBe(false)
    expect(await db.tx((sql) => points.lock(closed, sql))).toBe(false)
    await setHeadsClosed(db, [closed], false)
    expect(await append(closed, [[1, 1, 1, 1]])).toBe(true)
    expect(await append(closed, [])).toBe(true)
    await expect(append(open, [[1, 2 ** 53, 1, 1]])).rejects.toThrow(RangeError)
  })

  it('goes with a transaction, or not at all', async () => {
    const run = await newRun()
    const write = (value: number, fail: boolean) =>
      db.tx(async (sql) => {
        expect(await points.lock(run, sql)).toBe(true)
        expect(await append(run, [[1, 1, 1, value]], sql)).toBe(true)
        expect(await append(run, [[1, 2, 1, value]], sql)).toBe(true)
        if (fail) throw new Error('changed my mind')
      })
    await expect(write(1, true)).rejects.toThrow('changed my mind')
    expect((await readAll(run)).seen).toEqual([])
    await write(2, false)
    await expectAll(run, [
      [1, 1, 1, 2],
      [1, 2, 1, 2],
    ])
  })

  it('to one run waits for a transaction that holds it, and to others does not', async () => {
    const held = await newRun()
    const others = await Promise.all(Array.from({ length: 5 }, newRun))
    let waited = false
    let stuck: Promise<boolean> | undefined
    await db.tx(async (sql) => {
      await points.lock(held, sql)
      stuck = append(held, [[1, 1, 1, 1]]).finally(() => (waited = true))
      for (let round = 0; round < 5; round++) {
        const answers = await Promise.all(others.map((run) => append(run, [[1, round, 1, 1]])))
        expect(answers).toEqual(others.map(() => true))
      }
      expect(waited).toBe(false)
      await append(held, [[1, 0, 0, 0]], sql)
    })
    expect(await stuck).toBe(true)
    expect((await readAll(held)).seen).toHaveLength(2)
  })

  it('in a group fails for none but the run at fault', async () => {
    const good = await newRun()
    const bad = await newRun()
    await db.query(`ALTER TABLE point_tail ADD CONSTRAINT no_bad CHECK (NOT (run_id = ${bad} AND s0 <= 13 AND s1 >= 13))`)
    const list = await Promise.allSettled([
      append(good, [[1, 1, 1, 1]]),
      ...[12, 13, 14].map((step) => append(bad, [[1, step, 1, 1]])),
      ...[2, 3].map((step) => append(good, [[1, step, 1, 1]])),
    ])
    await db.query('ALTER TABLE point_tail DROP CONSTRAINT no_bad')
    expect(list.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'])
    expect((await readAll(bad)).seen.map(([, step]) => step).sort()).toEqual([12, 14])
  })

  it('works as well where PostgreSQL is older than 18', async () => {
    const old = {
      ...db,
      query: ((text: string, input: unknown[]) =>
        db.query(text === appendText('skip', true) ? appendText('skip', false) : text, input)) as Sql['query'],
    }
    const run = await newRun()
    const older = openPoints(old, silent)
    const batch: Point[] = Array.from({ length: 100 }, (_, i) => [1, i, i, i])
    await older.append(run, columnsOfPoints(batch))
    await older.append(run, columnsOfPoints(batch.slice(50).concat([[1, 100, 100, 0]])))
    expect(await db.query('SELECT DISTINCT fresh FROM point_tail WHERE run_id = $1', [run])).toEqual([{ fresh: false }])
    await expectAll(run, [...batch, [1, 100, 100, 0]])
  })
})

describe('the cursor', () => {
  it('gives what came after it, in pages, exactly once, from any seq, merged or not', async () => {
    const random = randomFrom(3)
    const run = await newRun()
    const bySeq: Point[][] = []
    const known = new Set<string>()
    for (let seq = 0; seq < 30; seq++) {
      const size = seq % 10 === 5 ? 5_000 : 300
      const batch: Point[] = Array.from({ length: size }, () => [
        1 + Math.floor(random() * 2),
        Math.floor(random() * 60_000),
        0,
        Math.floor(random() * 2),
      ])
      const fresh = distinct(batch).filter((point) => !known.has(String(point)))
      for (const point of fresh) known.add(String(point))
      bySeq.push(fresh)
      await append(run, batch)
      if (seq === 19) await mergeAll(run)
    }
    expect((await points.heads([run, 999_999])).get(run)).toBe(30)
    for (const merge of [false, true]) {
      if (merge) await mergeAll(run)
      for (const after of [0, 1, 15, 19, 20, 25, 30]) {
        const expected = bySeq.slice(after).flat().sort(byStep)
        expect((await readAll(run, after)).seen.sort(byStep)).toEqual(expected)
        expect((await readAll(run, after, [2, 77])).seen.sort(byStep)).toEqual(expected.filter(([key]) => key === 2))
      }
    }
  })

  it('reads a long way in bounded pages, from chunks and from the tail', async () => {
    const run = await newRun()
    for (let from = 0; from < 240_000; from += 10_000) {
      await append(
        run,
        Array.from({ length: 10_000 }, (_, i): Point => [1 + (i % 2), from + i, from + i, i]),
      )
    }
    for (const merge of [false, true]) {
      if (merge) await mergeAll(run)
      let pages = 0
      let n = 0
      for (let after = 0, more = true; more; pages++) {
        const page = await points.since([{ run, after }])
        const size = page.runs[0]!.series.reduce((sum, { steps }) => sum + steps.length, 0)
        expect(size).toBeLessThanOrEqual(60_000)
        n += size
        after = page.runs[0]!.cursor
        more = page.more
      }
      expect(n).toBe(240_000)
      expect(pages).toBeGreaterThan(3)
    }
  })

  it('answers for many runs at once, and leaves out those without news', async () => {
    const runs = await Promise.all(Array.from({ length: 4 }, newRun))
    for (const run of runs.slice(1)) await append(run, [[1, run, 1, 1]])
    await mergeAll(runs[2]!)
    const cursors = [...runs.map((run) => ({ run, after: 0 })), { run: 999_999, after: 0 }]
    const found = await points.since(cursors)
    expect(found.more).toBe(false)
    expect(found.runs.map(({ run, series }) => [run, series[0]!.steps])).toEqual(runs.slice(1).map((run) => [run, [run]]))
    expect(await points.since(found.runs.map(({ run, cursor }) => ({ run, after: cursor })))).toEqual({ runs: [], more: false })
    expect(await points.since([])).toEqual({ runs: [], more: false })
  })

  it('costs a hundred listeners what it costs one, and shows each what came before it asked', async () => {
    let reads = 0
    const counting = openPoints(
      { ...db, query: ((text: string, input: unknown[]) => db.query(text, input).finally(() => reads++)) as Sql['query'] },
      silent,
    )
    const run = await newRun()
    await append(run, [[1, 1, 1, 1]])
    const ask = () => Promise.all(Array.from({ length: 100 }, () => counting.since([{ run, after: 0 }])))
    const first = ask()
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    const second = ask()
    const [early, late] = await Promise.all([first, second])
    for (const { runs } of [...early, ...late]) expect(runs[0]!.series[0]!.steps).toEqual([1])
    expect(reads).toBeLessThanOrEqual(2)
    const slow = counting.since([{ run, after: 1 }])
    await append(run, [[1, 2, 1, 1]])
    expect((await counting.since([{ run, after: 1 }])).runs[0]!.series[0]!.steps).toEqual([2])
    await slow
  })
})

describe('history', () => {
  it('is ordered by time, step and value, in pages of any size, for times in any order', async () => {
    const random = randomFrom(4)
    const times: Array<(i: number) => number> = [
      (i) => i,
      () => 0,
      (i) => Math.floor(i / 5_000),
      (i) => i + Math.floor(random() * 40),
      () => Math.floor(random() * 1e6),
      (i) => 1e6 - i,
    ]
    for (const time of times) {
      const run = await newRun()
      const all: Point[] = Array.from({ length: 20_000 }, (_, i) => [1, Math.floor(i / 3), time(i), i % 5])
      for (let from = 0; from < all.length; from += 2_500) {
        await append(run, [...all.slice(from, from + 2_500), [2, from, from, 0]])
        if (from === 15_000) await mergeAll(run)
      }
      const expected = distinct(all, byTime)
      for (const limit of [20_001, 1_777]) expect(await historyOf(run, 1, limit)).toEqual(expected)
    }
  })

  it('shows on every page what there was at the first, while points come and merge', async () => {
    const run = await newRun()
    const all: Point[] = Array.from({ length: 9_000 }, (_, i) => [1, i, i * 2, 0])
    await append(run, all.slice(0, 5_000))
    await mergeAll(run)
    await append(run, all.slice(5_000))
    const seen: Point[] = []
    let after: string | undefined
    for (let round = 0; ; round++) {
      const page = await points.history(run, 1, { limit: 500, after })
      seen.push(...pointsOf(1, page))
      if (page.next === null) break
      after = page.next
      await append(
        run,
        Array.from({ length: 300 }, (_, i): Point => [1, i * 30, round + i * 60 + 1, 1]).concat(all.slice(round * 100, round * 100 + 50)),
      )
      if (round % 3 === 1) await mergeAll(run)
    }
    expect(seen).toEqual(all)
  })

  it('of nothing is empty, and a token that is not ours is refused', async () => {
    const run = await newRun()
    const empty = { steps: [], times: [], values: [], next: null }
    expect(await points.history(run, 1, { limit: 5 })).toEqual(empty)
    expect(await points.history(999_999, 1, { limit: 5 })).toEqual(empty)
    for (const after of ['x', 'AAAA', '%', Buffer.alloc(32, 255).toString('base64url')]) {
      await expect(points.history(run, 1, { limit: 5, after })).rejects.toMatchObject({
        code: 'INVALID_PARAMETER_VALUE',
        field: 'page_token',
      })
    }
  })
})

describe('charts', () => {
  it('are exact in every entry, for any range, axis and size, merged or not', async () => {
    const random = randomFrom(5)
    for (const shape of ['even', 'jitter', 'scattered'] as const) {
      const run = await newRun()
      const all: Point[] = []
      const value = () => (random() < 0.1 ? Number.NaN : random() < 0.05 ? 0 : Math.floor(random() * 1_000) / 8)
      for (let i = 0; i < 20_000; i++) {
        const step = shape === 'scattered' ? Math.floor(random() * 5_000) - 2_000 : i
        all.push([
          1,
          step,
          1_000 + (shape === 'even' ? step * 3 : step * 3 + Math.floor(random() * (shape === 'jitter' ? 9 : 9_000))),
          value(),
        ])
        if (i % 20 === 0) all.push([2, i, i, Number.NaN])
      }
      for (let from = 0; from < all.length; from += 1_500) {
        const again =
          shape === 'even' ? [] : all.slice(Math.max(0, from - 300), from).concat(all.slice(0, from).filter(() => random() < 0.001))
        await append(run, [...all.slice(from, from + 1_500), ...again])
        if (from < 15_000 && random() < 0.5) await mergeAll(run)
      }
      const lines = [1, 2].map((key) => distinct(all.filter((point) => point[0] === key)))
      for (const merge of [false, true]) {
        if (merge) await mergeAll(run)
        for (let round = 0; round < 25; round++) {
          const axis = random() < 0.6 ? 'step' : 'time'
          const span = axis === 'step' ? 20_000 : 70_000
          const from = random() < 0.4 ? undefined : random() * span - 2_000
          const to = random() < 0.4 ? undefined : (from ?? 0) + random() ** 2 * span
          const range = { axis, from, to, buckets: [1, 2, 10, 100, 1_000, 30_000][Math.floor(random() * 6)]! } as const
          const [found = []] = await points.charts([run], [2, 1, 3], range)
          expect(found.map(({ key }) => key)).toEqual([2, 1, 3])
          expect([chartFault(found[1]!, lines[0]!, range), range]).toEqual([undefined, range])
          expect([chartFault(found[0]!, lines[1]!, range), range]).toEqual([undefined, range])
          expect(found[2]).toMatchObject({ steps: [], count: 0, sampled: false })
        }
      }
      expect(await points.charts([run], [], { axis: 'step', buckets: 10 })).toEqual([[]])
    }
  })

  it('give half their entries to where points are and half to where the axis is', async () => {
    const run = await newRun()
    await append(
      run,
      Array.from({ length: 10_000 }, (_, i): Point => [1, i, i, 0]),
    )
    await append(
      run,
      Array.from({ length: 100 }, (_, i): Point => [1, 1_000_000 + i * 10_000, 0, 0]),
    )
    const [[line] = []] = await points.charts([run], [1], { axis: 'step', buckets: 100 })
    expect(line!.steps.length).toBeGreaterThan(70)
    const late = line!.steps.filter((step) => step >= 1_000_000).length
    expect(late).toBeGreaterThan(20)
    expect(late).toBeLessThan(80)
  })

  it('carry the cursor from which the rest is read', async () => {
    const run = await newRun()
    await append(run, [[1, 1, 1, 1]])
    const [[line] = []] = await points.charts([run], [1], { axis: 'step', buckets: 10, from: 50 })
    expect(line).toMatchObject({ count: 0, cursor: 1 })
    await append(run, [[1, 2, 1, 1]])
    expect((await readAll(run, line!.cursor)).seen).toEqual([[1, 2, 1, 1]])
  })

  it('sample very many points exactly, in whatever form they are and wherever they lie', async () => {
    const random = randomFrom(8)
    const run = await newRun()
    const written: Point[] = []
    const log = async (list: Point[]) => {
      written.push(...list)
      await append(run, list)
    }
    const check = async () => {
      for (const key of [1, 2, 3]) {
        for (const range of [{ max: 1 }, { max: 7 }, { max: 100 }, { max: 2_500 }, { max: 20, from: 3_000, to: 17_000 }]) {
          const { from = 0, to = 1e9 } = range
          const expected = distinct(written).filter(([of, step]) => of === key && step >= from && step <= to)
          const [found] = await points.sample([run], key, range)
          expect(pointsOf(key, found!)).toEqual(ntileSample(expected.length, range.max).map((i) => expected[i]))
        }
      }
    }
    // Of float64, of float32 with some that are NaN, and at times that do not ascend.
    const of = (step: number): Point[] => [
      [1, step, step * 1_000, random()],
      [2, step, step * 1_000 + Math.floor(random() * 300), step % 50 ? Math.fround(random()) : Number.NaN],
      [3, step, Math.floor(random() * 1e12), random()],
    ]
    for (let from = 0; from < 20_000; from += 5_000) await log(Array.from({ length: 5_000 }, (_, i) => of(from + i)).flat())
    await mergeAll(run)
    await check()
    await log(Array.from({ length: 100 }, (_, i) => of(20_000 + i)).flat())
    await check()
    // Points between others: in the tail, and then merged.
    await log(Array.from({ length: 100 }, (_, i) => of(9_000 + i)).flat())
    await check()
    await mergeAll(run)
    await check()
    // Chunks of before.
    const chunks = await db.query<{ id: string; data: Buffer }>(
      `SELECT ctid::text AS id, data FROM point_chunk WHERE run_id = $1 ORDER BY s0 LIMIT 7`,
      [run],
    )
    for (const { id, data } of chunks)
      await db.query('UPDATE point_chunk SET data = $2 WHERE ctid = $1::tid', [id, packedBefore(unpackChunk(data))])
    await check()
    await expectAll(run, written)
  })

  it('sample as MLflow does', async () => {
    for (let n = 0; n < 60; n++)
      for (let max = 1; max < 25; max++) expect([n, max, sampleOf(n, max)]).toEqual([n, max, ntileSample(n, max)])
    const run = await newRun()
    const other = await newRun()
    await append(
      run,
      Array.from({ length: 1_000 }, (_, i): Point => [1, i, i, i]),
    )
    const found = await points.sample([run, other], 1, { from: 100, to: 199, max: 3 })
    expect(found.map(({ run, steps }) => [run, steps])).toEqual([
      [run, [100, 134, 199]],
      [other, []],
    ])
  })
})
