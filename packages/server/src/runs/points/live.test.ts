import { setTimeout as sleep } from 'node:timers/promises'
import { createDb } from '@tidegate/db'
import { freshDatabase, type TestDatabase } from '@tidegate/test/database'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { byStep, chartFault, columnsOfPoints, distinct, type Point, pointsOf, randomFrom } from './brute-force.ts'
import { createHead, setHeadsClosed } from './heads.sql.ts'
import { openPoints } from './points.ts'

const log = pino({ level: 'silent' })
let db: TestDatabase
beforeAll(async () => {
  db = await freshDatabase()
})
afterAll(() => db.close())

it('eight writers, mergers in two processes and a reader: each point is seen once, and all are there', async () => {
  // Two of everything that a process has of its own.
  const servers = [db, createDb(db.url)].map((each) => openPoints(each, log))
  const other = createDb(db.url)
  const reader = openPoints(other, log)
  await createHead(db, 1)
  const stops = servers.map((points) => points.startMerger({ quiet: 50, scan: 100 }))
  const written: Point[] = []
  let writing = true
  const until = performance.now() + 2_000

  const writer = async (w: number) => {
    const random = randomFrom(w)
    const points = servers[w % 2]!
    let last: Point[] = []
    for (let round = 0; performance.now() < until; round++) {
      const fresh: Point[] = []
      for (let i = 0; i < (round % 3 ? 40 : 1); i++)
        fresh.push([1 + (i % 3), (round * 40 + i) * 8 + w, 1_000 + round, random()], [4, round * 40 + i, 0, 0])
      const again = random() < 0.1 ? last : last.filter(() => random() < 0.05)
      const batch = random() < 0.05 ? last : [...fresh, ...again]
      if (!batch.length) continue
      expect(await points.append(1, columnsOfPoints(batch))).toBeDefined()
      for (const point of batch) written.push(point)
      last = batch
    }
  }

  const seen: Point[] = []
  const read = async () => {
    for (let after = 0; ; ) {
      const last = !writing
      const { runs, more } = await reader.since([{ run: 1, after }])
      for (const { cursor, series } of runs) {
        after = cursor
        for (const part of series) for (const point of pointsOf(part.key, part)) seen.push(point)
      }
      if (last && !more) return
      await sleep(20)
    }
  }
  const reading = read()
  await Promise.all(Array.from({ length: 8 }, (_, w) => writer(w)))
  writing = false
  await reading

  const expected = distinct(written)
  expect(seen.length).toBe(expected.length)
  expect(seen.sort(byStep)).toEqual(expected)
  for (const axis of ['step', 'time'] as const) {
    const [[line] = []] = await reader.charts([1], [1], { axis, buckets: 50 })
    expect(
      chartFault(
        line!,
        expected.filter(([key]) => key === 1),
        { axis, buckets: 50 },
      ),
    ).toBeUndefined()
  }

  // Quiet now: the mergers empty the tail and settle the run.
  const left = async () =>
    (
      await db.query<{ n: number }>('SELECT (SELECT count(*) FROM point_tail) + (SELECT count(*) FROM latest WHERE settled IS NULL) AS n')
    )[0]!.n
  while ((await left()) > 0) await sleep(20)
  expect(await db.query('SELECT FROM latest WHERE settled = value')).toHaveLength(4)
  await Promise.all(stops.map((stop) => stop()))
  expect((await reader.history(1, 1, { limit: 1_000_000 })).steps).toHaveLength(expected.filter(([key]) => key === 1).length)
  await other.close()
})

it('a long tail is merged while it is written, a quiet one by whoever finds it, and a live one keeps its end', async () => {
  const points = openPoints(db, log)
  await createHead(db, 2)
  const stop = points.startMerger({ quiet: 60_000, scan: 60_000 })
  for (let from = 0; from < 100_000; from += 5_000) {
    await points.append(2, columnsOfPoints(Array.from({ length: 5_000 }, (_, i): Point => [1, from + i, 0, 0])))
  }
  const tail = async () => (await db.query<{ n: number }>('SELECT coalesce(sum(n), 0) AS n FROM point_tail WHERE run_id = 2'))[0]!.n
  while ((await tail()) > 70_000) await sleep(10)
  await stop()
  expect(await tail()).toBeGreaterThan(30_000)
  const finder = openPoints(db, log)
  const stopFinder = finder.startMerger({ quiet: 100, scan: 50 })
  while ((await tail()) > 0) await sleep(10)
  await stopFinder()
})

it('a deleted run leaves nothing behind, whoever writes, merges and reads meanwhile', async () => {
  const points = openPoints(db, log)
  for (let run = 100; run < 125; run++) {
    await createHead(db, run)
    let gone = false
    const writers = Array.from({ length: 3 }, async (_, w) => {
      for (let i = 0; ; i++) {
        const list = Array.from({ length: 20 }, (_, k): Point => [k % 4, i * 20 + k, 0, w])
        const kept = await (w
          ? points.append(run, columnsOfPoints(list))
          : db.tx(async (sql) => (await points.lock(run, sql)) && points.append(run, columnsOfPoints(list), sql)))
        if (!kept) return
      }
    })
    const merging = (async () => {
      while (!gone) await points.merge(run)
    })()
    const reading = (async () => {
      for (let after = 0; !gone; ) after = (await points.since([{ run, after }])).runs[0]?.cursor ?? after
    })()
    await sleep(run % 10)
    while (!(await db.tx((sql) => points.drop([run, run + 10_000], sql)))) await sleep(1)
    gone = true
    await Promise.all([...writers, merging, reading])
  }
  for (const table of ['run_head', 'run_merge', 'point_tail', 'point_chunk', 'latest']) {
    expect([table, await db.query(`SELECT FROM ${table} WHERE run_id >= 100`)]).toEqual([table, []])
  }
})

it('runs that are closed in one transaction and written in groups never wait in a circle', async () => {
  const points = openPoints(db, log)
  const runs = Array.from({ length: 30 }, (_, i) => 300 + i)
  for (const run of runs) await createHead(db, run)
  const until = performance.now() + 500
  const random = randomFrom(6)
  const shuffled = () => runs.toSorted(() => random() - 0.5)
  const write = async () => {
    while (performance.now() < until)
      await Promise.all(shuffled().map((run) => points.append(run, columnsOfPoints([[1, Math.floor(random() * 1e6), 0, 0]]))))
  }
  const toggle = async (closed: boolean) => {
    while (performance.now() < until) await db.tx((sql) => setHeadsClosed(sql, shuffled(), closed))
  }
  const merge = async () => {
    while (performance.now() < until) for (const run of shuffled()) await points.merge(run)
  }
  await Promise.all([write(), write(), toggle(true), toggle(false), merge()])
})
