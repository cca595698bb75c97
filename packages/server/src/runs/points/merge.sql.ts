/**
 * Moving rows of the tail into chunks: up to 4 096 points of one metric, in order of step, time and value.
 *
 * Always true: a metric's chunks don't overlap, hold each point once, with the lowest seq it was written with, and hold
 * all points of seqs up to `merged_seq`, whose rows have left the tail in the same transaction. Only mergers touch them,
 * one at a time for each run, under an advisory lock.
 */
import { setImmediate as turn } from 'node:timers/promises'
import type { Database, Sql } from '@tidegate/db'
import { mergeLock } from './append.sql.ts'
import { byteas, float8s, int4s, int8s } from './binary.ts'
import { packChunk, packSummaries, summarise, unpackBatch, unpackChunk } from './codec.ts'
import { type Columns, combine, compareValues, slice } from './columns.ts'
import { bytesOf } from './read.sql.ts'

/** Points of a full chunk: some 45 kB, and a millisecond to read and unpack twenty of them. */
const full = 4_096
/** Smaller chunks are read whole for a chart anyway. */
const summarisedFrom = 1_024
/** What one step takes, at least one row: some tens of milliseconds, and a few megabytes. */
const stepRows = 4_096
const stepPoints = 131_072
/** Small chunks at the end of a metric that a step may look at. Each is over twice as large as the next: 12 reach 4 096. */
const trailing = 12
/** Chunks read and written in one statement. */
const batch = 64
/** The event loop is given a turn after this much work, ms. */
const patience = 5

/** The end of the tail that stays there, if neither is exceeded: live readers find it there, and are spared the chunks. */
export interface Keep {
  rows: number
  points: number
}

export interface Merged {
  points: number
  /** The tail was longer than one step. */
  more: boolean
  /** Nothing is left of the tail, and `latest` is settled. */
  done: boolean
}

export const nothing: Keep = { rows: 0, points: 0 }

/** Merges the oldest part of a run's tail. Keeping nothing also settles the run, if nobody writes to it just now. */
export function mergeStep(db: Database, run: number, keep: Keep): Promise<Merged> {
  return db.tx(async (sql) => {
    const [lock] = await sql.query<{ got: boolean }>(`SELECT pg_try_advisory_xact_lock(${mergeLock}, $1) AS got`, [run])
    if (!lock?.got) return { points: 0, more: false, done: false }
    // All of this is durable already, where it comes from.
    await sql.query('SET LOCAL synchronous_commit = off')
    const quiet = keep.rows === 0 && (await sql.query(lockHead, [run])).length > 0
    const { rows, more } = await oldestRows(sql, run, keep)
    const last = rows.at(-1)
    if (last) {
      await mergeRows(sql, run, rows)
      await sql.query(setMerged, [run, last.seq])
      await sql.query('DELETE FROM point_tail WHERE run_id = $1 AND seq <= $2', [run, last.seq])
    }
    const done = quiet && !more
    if (done)
      await sql.query("UPDATE latest SET settled = CASE WHEN nan THEN 'NaN' ELSE value END WHERE run_id = $1 AND settled IS NULL", [run])
    return { points: rows.reduce((sum, { n }) => sum + n, 0), more, done }
  })
}

// Skipped when a writer has it. Holding it keeps writers out of `latest`, where locks are taken in no order.
const lockHead = 'SELECT FROM run_head WHERE run_id = $1 FOR NO KEY UPDATE SKIP LOCKED'

const setMerged = `INSERT INTO run_merge (run_id, merged_seq) VALUES ($1, $2)
ON CONFLICT (run_id) DO UPDATE SET merged_seq = EXCLUDED.merged_seq`

interface Row {
  seq: number
  n: number
  data: string
}

// A visible seq implies all below it, so these rows are a prefix of what there is and will be.
const oldest = `SELECT seq, n, encode(data, 'base64') AS data, waiting FROM (
  SELECT *, sum(n) OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING) - n AS before, sum(n) OVER (ORDER BY seq ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS behind,
    count(*) OVER () AS waiting, row_number() OVER (ORDER BY seq DESC) AS place
  FROM (SELECT seq, n, data FROM point_tail WHERE run_id = $1 ORDER BY seq LIMIT $2) AS t
) AS t WHERE before < $3 AND (waiting = $2 OR place > $4 OR coalesce(behind, 0) >= $5) ORDER BY seq`

/** The oldest rows but for those to keep; `more` where a step can't take them all. */
async function oldestRows(sql: Sql, run: number, keep: Keep): Promise<{ rows: Row[]; more: boolean }> {
  const rows = await sql.query<Row & { waiting: number }>(oldest, [run, stepRows, stepPoints, keep.rows, keep.points])
  const points = rows.reduce((sum, { n }) => sum + n, 0)
  return { rows, more: rows[0]?.waiting === stepRows || points >= stepPoints }
}

/** A chunk as it stands in its table, without its points. */
interface Chunk {
  id: string
  key: number
  n: number
  s0: number
  t0: number
  v0: number
  s1: number
  t1: number
  v1: number
}

const columns = `key_id AS key, ctid::text AS id, n, s0, t0, v0, s1, t1, v1`
// Those in which points of such steps can lie, or behind which: from the last that begins before them. And the last few.
const near = `SELECT c.* FROM unnest($2::int4[], $3::int8[]) AS u(k, least) CROSS JOIN LATERAL (
  (SELECT ${columns} FROM point_chunk WHERE run_id = $1 AND key_id = u.k ORDER BY s0 DESC, t0 DESC, v0 DESC LIMIT ${trailing})
  UNION
  SELECT ${columns} FROM point_chunk WHERE run_id = $1 AND key_id = u.k AND s0 >= coalesce(
    (SELECT s0 FROM point_chunk WHERE run_id = $1 AND key_id = u.k AND s0 < u.least ORDER BY s0 DESC LIMIT 1), ${Number.MIN_SAFE_INTEGER})
) AS c`

/** Points to be written with those of some chunks, in their place. */
interface Change {
  key: number
  old: Chunk[]
  points: Columns
  /** At the end of the metric, where more will come: full chunks and a rest. Elsewhere they are of equal size. */
  growing: boolean
}

async function mergeRows(sql: Sql, run: number, rows: Row[]) {
  let since = performance.now()
  const breathe = async () => {
    if (performance.now() - since < patience) return
    await turn()
    since = performance.now()
  }

  const parts = new Map<number, Columns[]>()
  for (const { seq, data } of rows) {
    for (const [key, points] of unpackBatch(bytesOf(data), seq)) {
      const list = parts.get(key)
      if (list) list.push(points)
      else parts.set(key, [points])
    }
    await breathe()
  }
  const incoming = new Map<number, Columns>()
  for (const [key, list] of parts) {
    incoming.set(key, combine(list))
    await breathe()
  }
  const keys = [...incoming.keys()]
  const chunks = Map.groupBy(
    await sql.query<Chunk>(near, [run, int4s(keys), int8s(keys.map((key) => incoming.get(key)!.steps[0]!))]),
    ({ key }) => key,
  )

  const changes: Change[] = []
  for (const [key, points] of incoming) {
    changes.push(...changesOf(key, points, (chunks.get(key) ?? []).sort(byStart)))
    await breathe()
  }
  for (let from = 0; from < changes.length; ) {
    // As many as make up a batch of chunks, old or new.
    let to = from
    for (let size = 0; to < changes.length && size < batch; to++)
      size += changes[to]!.old.length + Math.ceil(changes[to]!.points.steps.length / full)
    await apply(sql, run, changes.slice(from, to), breathe)
    from = to
  }
}

const byStart = (a: Chunk, b: Chunk) => a.s0 - b.s0 || a.t0 - b.t0 || a.v0 - b.v0

/** How point i of some columns lies to a step, time and value; a NaN is a 0 here, as in the columns of chunks. */
function compareTo({ steps, times, values }: Columns, i: number, s: number, t: number, v: number): number {
  const value = values[i]!
  return steps[i]! - s || times[i]! - t || compareValues(Number.isNaN(value) ? 0 : value, v)
}

/**
 * Which chunks get which points: each point goes to the last chunk that begins at or before it, or else the first, as
 * into the leaves of a B-tree. What lies behind the last chunk becomes new ones, with the small chunks before it as long
 * as those are not much larger: so rewriting costs a logarithm, however small the steps are.
 */
export function changesOf(key: number, points: Columns, chunks: Chunk[]): Change[] {
  const changes: Change[] = []
  const n = points.steps.length
  let at = 0
  for (let c = 0; c < chunks.length && at < n; c++) {
    const chunk = chunks[c]!
    const next = chunks[c + 1]
    const start = at
    if (next) while (at < n && compareTo(points, at, next.s0, next.t0, next.v0) < 0) at++
    else while (at < n && compareTo(points, at, chunk.s1, chunk.t1, chunk.v1) <= 0) at++
    if (at > start) changes.push({ key, old: [chunk], points: slice(points, start, at), growing: false })
  }
  if (at === n) return changes

  const last: Change = { key, old: [], points: slice(points, at, n), growing: true }
  let collected = n - at
  for (let c = chunks.length - 1; c >= 0; c--) {
    const chunk = chunks[c]!
    if (chunk.n >= full || chunk.n > 2 * collected) break
    last.old.push(chunk)
    collected += chunk.n
    const change = changes.at(-1)
    if (change?.old[0] === chunk) {
      changes.pop()
      last.points = slice(points, n - last.points.steps.length - change.points.steps.length, n)
      collected += change.points.steps.length
    }
  }
  changes.push(last)
  return changes
}

const chunkData = `SELECT ctid::text AS id, encode(data, 'base64') AS data FROM point_chunk WHERE ctid = ANY($1::tid[])`
const insertChunks = `INSERT INTO point_chunk (run_id, key_id, n, first_seq, last_seq, s0, t0, v0, s1, t1, v1, ts_min, ts_max, ts_sorted, sub, data)
SELECT $1::int4, key, n, q0, q1, s0, t0, v0, s1, t1, v1, t_min, t_max, sorted = 1, nullif(sub, ''), data FROM unnest($2::int4[], $3::int4[], $4::int8[], $5::int8[],
  $6::int8[], $7::int8[], $8::float8[], $9::int8[], $10::int8[], $11::float8[], $12::int8[], $13::int8[], $14::int4[], $15::bytea[], $16::bytea[])
  AS u(key, n, q0, q1, s0, t0, v0, s1, t1, v1, t_min, t_max, sorted, sub, data)`

async function apply(sql: Sql, run: number, changes: Change[], breathe: () => Promise<void>) {
  const ids = changes.flatMap(({ old }) => old.map(({ id }) => id))
  const data = new Map<string, string>()
  if (ids.length) for (const row of await sql.query<{ id: string; data: string }>(chunkData, [ids])) data.set(row.id, row.data)
  const fresh: Array<{ key: number; points: Columns }> = []
  const gone: string[] = []
  for (const { key, old, points, growing } of changes) {
    const before = old.map(({ id }) => unpackChunk(bytesOf(data.get(id)!)))
    const all = combine([...before, points])
    await breathe()
    // Nothing but copies: the chunk stays as it is.
    if (old.length === 1 && all.steps.length === old[0]!.n) continue
    gone.push(...old.map(({ id }) => id))
    for (const points of cut(all, growing)) fresh.push({ key, points })
  }
  if (gone.length) await sql.query('DELETE FROM point_chunk WHERE ctid = ANY($1::tid[])', [gone])
  if (fresh.length) await sql.query(insertChunks, await rowsOf(run, fresh, breathe))
}

/** Points as chunks. A 0 and a NaN of one step and time stay together, so that no two chunks begin with the same. */
function* cut(points: Columns, growing: boolean): Generator<Columns> {
  const { steps, times, values } = points
  const n = steps.length
  const size = growing ? full : Math.ceil(n / Math.ceil(n / full))
  for (let from = 0; from < n; ) {
    let to = Math.min(n, from + size)
    if (to < n && Number.isNaN(values[to]) && values[to - 1] === 0 && steps[to] === steps[to - 1] && times[to] === times[to - 1]) to++
    yield slice(points, from, to)
    from = to
  }
}

const none = Buffer.alloc(0)
const zeroed = (value: number) => (Number.isNaN(value) ? 0 : value)

async function rowsOf(run: number, chunks: Array<{ key: number; points: Columns }>, breathe: () => Promise<void>): Promise<unknown[]> {
  const rows: Array<ReturnType<typeof rowOf>> = []
  for (const { key, points } of chunks) {
    rows.push(rowOf(key, points))
    await breathe()
  }
  const all = (read: (row: ReturnType<typeof rowOf>) => number) => rows.map(read)
  return [
    run,
    int4s(all((r) => r.key)),
    int4s(all((r) => r.n)),
    int8s(all((r) => r.firstSeq)),
    int8s(all((r) => r.lastSeq)),
    int8s(all((r) => r.s0)),
    int8s(all((r) => r.t0)),
    float8s(all((r) => r.v0)),
    int8s(all((r) => r.s1)),
    int8s(all((r) => r.t1)),
    float8s(all((r) => r.v1)),
    int8s(all((r) => r.timeMin)),
    int8s(all((r) => r.timeMax)),
    int4s(all((r) => r.sorted)),
    byteas(rows.map((r) => r.sub)),
    byteas(rows.map((r) => r.data)),
  ]
}

function rowOf(key: number, points: Columns) {
  const { steps, times, values, seqs } = points
  const n = steps.length
  let timeMin = times[0]!
  let timeMax = times[0]!
  let firstSeq = seqs[0]!
  let lastSeq = seqs[0]!
  let sorted = 1
  for (let i = 1; i < n; i++) {
    const time = times[i]!
    if (time < times[i - 1]!) sorted = 0
    if (time < timeMin) timeMin = time
    if (time > timeMax) timeMax = time
    const seq = seqs[i]!
    if (seq < firstSeq) firstSeq = seq
    if (seq > lastSeq) lastSeq = seq
  }
  return {
    key,
    n,
    firstSeq,
    lastSeq,
    s0: steps[0]!,
    t0: times[0]!,
    v0: zeroed(values[0]!),
    s1: steps[n - 1]!,
    t1: times[n - 1]!,
    v1: zeroed(values[n - 1]!),
    timeMin,
    timeMax,
    sorted,
    sub: n >= summarisedFrom ? packSummaries(summarise(points)) : none,
    data: packChunk(points),
  }
}

/** Runs with something in their tail: the newest seq, rows and points. */
export const tails = (sql: Sql) =>
  sql.query<{ run: number; seq: number; rows: number; points: number }>(
    'SELECT run_id AS run, max(seq) AS seq, count(*) AS rows, sum(n) AS points FROM point_tail GROUP BY run_id',
  )
