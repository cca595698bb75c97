/**
 * Cursors. A run's cursor is a seq: all points up to it were seen. Every point keeps the seq it was first written with,
 * also in chunks, so a cursor never expires and a merge changes nothing for it.
 */
import type { Database } from '@tidegate/db'
import { unpackBatch, unpackChunk } from './codec.ts'
import { type Columns, combine, listOf, pick } from './columns.ts'
import { bytesOf, type NewRows, oneSnapshot, readChunksAfter, readEarlier, readNewRows, type Touched } from './read.sql.ts'
import type { NewPoints, RunCursor, Series } from './shape.ts'

/** Points of one answer, about; shared by the runs asked for. A row is never divided. */
const mostPoints = 50_000
const leastPerRun = 1_000

/** New points of one run, by key: in parts, which may repeat each other and what was before. */
interface Found {
  run: number
  after: number
  cursor: number
  parts: Map<number, Columns[]>
  /** Steps of rows that may hold copies, by key. */
  touched: Map<number, Touched>
}

export async function readSince(db: Database, cursors: readonly RunCursor[], keys?: readonly number[]): Promise<NewPoints> {
  const after = new Map(cursors.map((cursor) => [cursor.run, cursor.after]))
  const runs = [...after.keys()]
  const wanted = keys && new Set(keys)
  const bound = Math.max(leastPerRun, Math.floor(mostPoints / runs.length))
  const found: Found[] = []
  let more = false
  for (const rows of await readNewRows(db, runs, [...after.values()], bound)) {
    const from = after.get(rows.run)!
    if (rows.head <= from) continue
    const entry: Found = { run: rows.run, after: from, cursor: from, parts: new Map(), touched: new Map() }
    if (rows.merged > from) await addChunks(db, entry, rows.merged, bound, keys)
    // Past the merged ones come the tail's, if there was room for all of those.
    if (rows.merged <= Math.max(from, entry.cursor)) addRows(entry, rows, wanted)
    if (entry.cursor < rows.head) more = true
    found.push(entry)
  }

  const touched = found.flatMap((entry) => [...entry.touched.values()])
  // A later moment than that of the rows, which is fine: what was before them stays, here or in a chunk.
  if (touched.length) await addEarlier(db, found, touched)
  return { runs: found.map(answer), more }
}

function add({ parts }: Found, key: number, points: Columns) {
  const list = parts.get(key)
  if (list) list.push(points)
  else parts.set(key, [points])
}

function addRows(entry: Found, { rows, cut, head }: NewRows, wanted: ReadonlySet<number> | undefined) {
  for (const { seq, fresh, data } of rows) {
    for (const [key, points] of unpackBatch(bytesOf(data), seq, wanted)) {
      add(entry, key, points)
      if (fresh) continue
      const from = points.steps[0]!
      const to = points.steps.at(-1)!
      const old = entry.touched.get(key)
      entry.touched.set(key, {
        run: entry.run,
        key,
        after: entry.after,
        from: Math.min(from, old?.from ?? from),
        to: Math.max(to, old?.to ?? to),
      })
    }
  }
  entry.cursor = cut ? rows.at(-1)!.seq : head
}

/** Adds what is in chunks, up to the seq where there would be too much. */
async function addChunks(db: Database, entry: Found, merged: number, bound: number, keys?: readonly number[]) {
  const { run, after } = entry
  const found: Array<{ key: number; points: Columns }> = []
  let upTo = merged
  let n = 0
  const within = ({ seqs }: Columns, i: number) => seqs[i]! > after && seqs[i]! <= upTo
  await db.tx(async (sql) => {
    await oneSnapshot(sql)
    await readChunksAfter(sql, run, after, upTo, keys ?? null, (key, points) => {
      const fresh = pick(points, (i) => within(points, i))
      found.push({ key, points: fresh })
      n += fresh.seqs.length
      if (n <= bound) return upTo
      // Too many: keep the earlier half, by seq, and always at least one seq.
      const seqs = new Float64Array(n)
      let at = 0
      for (const { points } of found) {
        seqs.set(points.seqs, at)
        at += points.seqs.length
      }
      seqs.sort()
      upTo = Math.max(seqs[0]!, seqs[bound >> 1]! - 1)
      n = 0
      for (const each of found) {
        const { points } = each
        each.points = pick(points, (i) => within(points, i))
        n += each.points.seqs.length
      }
      return upTo
    })
  })
  for (const { key, points } of found) if (points.seqs.length) add(entry, key, points)
  entry.cursor = upTo
}

async function addEarlier(db: Database, found: Found[], touched: Touched[]) {
  const byRun = new Map(found.map((entry) => [entry.run, entry]))
  for (const { run, key, seq, data } of await readEarlier(db, touched)) {
    const entry = byRun.get(run)!
    const bytes = bytesOf(data)
    if (key !== null) add(entry, key, unpackChunk(bytes))
    else for (const [key, points] of unpackBatch(bytes, seq!, new Set(entry.touched.keys()))) add(entry, key, points)
  }
}

function answer({ run, after, cursor, parts }: Found): NewPoints['runs'][number] {
  const series: Series[] = []
  for (const [key, list] of [...parts].sort(([a], [b]) => a - b)) {
    const all = combine(list)
    const { steps, times, values } = pick(all, (i) => all.seqs[i]! > after && all.seqs[i]! <= cursor)
    if (steps.length) series.push({ key, steps: listOf(steps), times: listOf(times), values: listOf(values) })
  }
  return { run, cursor, series }
}

/**
 * Lets callers of the same read share one. A read that has begun is not shared: it may have begun before what a caller
 * was rung for. Those that come meanwhile share the next.
 */
export function shared<T>(): (name: string, read: () => Promise<T>) => Promise<T> {
  const next = new Map<string, Promise<T>>()
  const running = new Map<string, Promise<unknown>>()
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  return (name, read) => {
    const known = next.get(name)
    if (known) return known
    const promise = (async () => {
      await (running.get(name) ?? turn())
      next.delete(name)
      const reading = read()
      const ended = reading.then(
        () => {},
        () => {},
      )
      running.set(name, ended)
      void ended.then(() => running.get(name) === ended && running.delete(name))
      return reading
    })()
    next.set(name, promise)
    return promise
  }
}
