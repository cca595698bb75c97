/**
 * Reading points. Chunks and tail are read in one statement, because a merge that commits between two would show points
 * twice or not at all. Bytes come as base64: pg turns every field into text, and hexadecimal takes twice as long.
 */
import type { Sql } from '@tidegate/db'
import { unpackChunk } from './codec.ts'
import type { Columns } from './columns.ts'

const base64 = (column: string) => `encode(${column}, 'base64')`
export const bytesOf = (text: string) => Buffer.from(text, 'base64')

export async function readHeads(sql: Sql, runs: readonly number[]): Promise<Map<number, number>> {
  const rows = await sql.query<{ run: number; seq: number }>('SELECT run_id AS run, seq FROM run_head WHERE run_id = ANY($1::int4[])', [
    runs,
  ])
  return new Map(rows.map(({ run, seq }) => [run, seq]))
}

/** A row of the tail; its points are packed as `data`. */
export interface TailRow {
  seq: number
  fresh: boolean
  data: string
}

export interface NewRows {
  run: number
  head: number
  /** Points up to here are in chunks. */
  merged: number
  rows: TailRow[]
  /** There are more rows than these. */
  cut: boolean
}

/** Rows of one run in one read: single points are a row each. */
const mostRows = 2_048

const newRows = `SELECT c.run, h.seq AS head, coalesce(m.merged_seq, 0) AS merged, t.seq, t.fresh, t.data, t.waiting
FROM unnest($1::int4[], $2::int8[]) AS c(run, after) JOIN run_head h ON h.run_id = c.run LEFT JOIN run_merge m ON m.run_id = c.run
LEFT JOIN LATERAL (
  SELECT seq, fresh, ${base64('data')} AS data, waiting FROM (
    SELECT *, sum(n) OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING) - n AS before, count(*) OVER () AS waiting FROM (
      SELECT seq, n, fresh, data FROM point_tail WHERE run_id = c.run AND seq > c.after ORDER BY seq LIMIT ${mostRows}
    ) AS w
  ) AS b WHERE before < $3
) AS t ON true
ORDER BY c.run, t.seq`

/** Rows of the tail after each cursor, until one run's hold `points`. Unknown runs are left out. */
export async function readNewRows(sql: Sql, runs: readonly number[], after: readonly number[], points: number): Promise<NewRows[]> {
  const found = new Map<number, NewRows & { waiting: number }>()
  type Row = { run: number; head: number; merged: number; seq: number | null; fresh: boolean; data: string; waiting: number }
  for (const { run, head, merged, seq, fresh, data, waiting } of await sql.query<Row>(newRows, [runs, after, points])) {
    const entry = found.get(run) ?? { run, head, merged, rows: [], cut: false, waiting: waiting ?? 0 }
    found.set(run, entry)
    if (seq !== null) entry.rows.push({ seq, fresh, data })
  }
  return [...found.values()].map(({ waiting, ...entry }) => ({ ...entry, cut: waiting > entry.rows.length || waiting === mostRows }))
}

/** Steps in which something may have come before. */
export interface Touched {
  run: number
  key: number
  /** The run's cursor: rows after it are known already. */
  after: number
  from: number
  to: number
}

const earlier = `SELECT c.run, NULL::int4 AS key, t.seq, ${base64('t.data')} AS data
FROM unnest($1::int4[], $2::int8[], $3::int8[], $4::int8[]) AS c(run, after, s0, s1)
JOIN point_tail t ON t.run_id = c.run AND t.seq <= c.after AND t.s0 <= c.s1 AND t.s1 >= c.s0
UNION ALL
SELECT c.run, c.key, NULL, ${base64('p.data')} FROM unnest($5::int4[], $6::int4[], $7::int8[], $8::int8[]) AS c(run, key, s0, s1)
JOIN point_chunk p ON p.run_id = c.run AND p.key_id = c.key AND p.s0 <= c.s1 AND p.s1 >= c.s0`

/** What is in those steps: rows of the tail (key null) up to the cursor, and chunks. */
export function readEarlier(sql: Sql, touched: readonly Touched[]) {
  const runs = new Map<number, Touched>()
  for (const range of touched) {
    const run = runs.get(range.run)
    runs.set(range.run, run ? { ...run, from: Math.min(run.from, range.from), to: Math.max(run.to, range.to) } : range)
  }
  const tails = [...runs.values()]
  return sql.query<{ run: number; key: number | null; seq: number | null; data: string }>(earlier, [
    tails.map((each) => each.run),
    tails.map((each) => each.after),
    tails.map((each) => each.from),
    tails.map((each) => each.to),
    touched.map((each) => each.run),
    touched.map((each) => each.key),
    touched.map((each) => each.from),
    touched.map((each) => each.to),
  ])
}

const chunksAfter = `SELECT ctid::text AS id, key_id AS key, first_seq AS "firstSeq" FROM point_chunk
WHERE run_id = $1 AND last_seq > $2 AND first_seq <= $3 AND ($4::int4[] IS NULL OR key_id = ANY($4)) ORDER BY first_seq`
const chunksById = `SELECT key_id AS key, ${base64('data')} AS data FROM point_chunk WHERE ctid = ANY($1::tid[])`

/** Chunks in one read: some 3 MB. */
const slice = 64

/**
 * Hands over chunks with points of seqs in (after, `upTo`], in the order of their first seq. `take` gets the points of
 * each and answers how far is still wanted. In a transaction with one snapshot.
 */
export async function readChunksAfter(
  sql: Sql,
  run: number,
  after: number,
  upTo: number,
  keys: readonly number[] | null,
  take: (key: number, points: Columns) => number,
): Promise<void> {
  const chunks = await sql.query<{ id: string; firstSeq: number }>(chunksAfter, [run, after, upTo, keys])
  for (let from = 0, wanted = upTo; from < chunks.length && chunks[from]!.firstSeq <= wanted; from += slice) {
    const ids = chunks.slice(from, from + slice).map(({ id }) => id)
    for (const { key, data } of await sql.query<{ key: number; data: string }>(chunksById, [ids]))
      wanted = take(key, unpackChunk(bytesOf(data)))
  }
}

/** Every later statement of this transaction sees what its first one sees. */
export const oneSnapshot = (sql: Sql) => sql.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY')

// A chunk's (ts_min, s0, v0) is not above any of its points in history's order, nor its (ts_max, s1) below any.
const history = `SELECT NULL::int8 AS seq, ts_min AS time, s0 AS step, v0 AS value, CASE WHEN i <= $5 THEN ${base64('data')} END AS data, head FROM (
  SELECT ts_min, s0, v0, data, row_number() OVER (ORDER BY ts_min, s0, v0) AS i
  FROM point_chunk WHERE run_id = $1 AND key_id = $2 AND (ts_max, s1) >= ($3::int8, $4::int8)
) AS c, (SELECT seq AS head FROM run_head WHERE run_id = $1) AS h WHERE i <= $5::int8 + 1
UNION ALL
SELECT t.seq, NULL, NULL, NULL, ${base64('data')}, h.seq FROM point_tail t, run_head h WHERE t.run_id = $1 AND h.run_id = $1
ORDER BY time, step, value`

export interface HistoryRow {
  /** Of a row of the tail; null for a chunk. */
  seq: number | null
  /** What a chunk begins with, at the earliest. */
  time: number
  step: number
  value: number
  /** Null for the first chunk that was not read. */
  data: string | null
  /** The run's seq at that moment. */
  head: number
}

/** The first `chunks` chunks with points at or after a time and step, in history's order; where the next begins; the tail. */
export const readHistory = (sql: Sql, run: number, key: number, time: number, step: number, chunks: number) =>
  sql.query<HistoryRow>(history, [run, key, time, step, chunks])

// Of the tail only rows that are not fresh can lie between or repeat points of chunks.
const lines = (axis: 'step' | 'time', brief: string) => {
  const [low, high] = axis === 'step' ? ['s0', 's1'] : ['ts_min', 'ts_max']
  return `SELECT 'head' AS kind, run_id AS run, NULL::int4 AS key, seq, NULL::int4 AS n, NULL::int8 AS s0, NULL::int8 AS t0, NULL::float8 AS v0,
  NULL::int8 AS s1, NULL::int8 AS t1, NULL::float8 AS v1, NULL::bool AS sorted, NULL AS sub, NULL AS data FROM run_head WHERE run_id = ANY($1::int4[])
UNION ALL
SELECT 'tail', run_id, NULL, seq, n, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, ${base64('data')}
FROM point_tail WHERE run_id = ANY($1)${axis === 'step' ? ' AND s0 <= $4 AND s1 >= $3' : ''}
UNION ALL
SELECT 'chunk', run_id, key_id, NULL, n, s0, t0, v0, s1, t1, v1, ts_sorted, CASE WHEN NOT whole THEN ${brief} END, CASE WHEN whole THEN ${base64('data')} END
FROM (
  SELECT c.*, c.ctid::text AS id, sub IS NULL OR sum(n) OVER (PARTITION BY run_id, key_id) <= $5 OR c.${low} < $3 OR c.${high} > $4
    OR coalesce(c.s0 <= r.s1 AND c.s1 >= r.s0, false) AS whole
  FROM point_chunk c LEFT JOIN (SELECT run_id, min(s0) AS s0, max(s1) AS s1 FROM point_tail WHERE run_id = ANY($1) AND NOT fresh GROUP BY run_id) AS r USING (run_id)
  WHERE run_id = ANY($1) AND key_id = ANY($2::int4[]) AND c.${low} <= $4::int8 AND c.${high} >= $3::int8
) AS c`
}

const linesBy = {
  step: lines('step', base64('sub')),
  time: lines('time', base64('sub')),
  id: lines('step', `id || ' ' || ${base64('substring(data FOR 4)')}`),
}

/** A run's head, a row of its tail, or a chunk: its points, or summaries where those will do. */
export interface LineRow {
  kind: 'head' | 'tail' | 'chunk'
  run: number
  key: number
  seq: number
  n: number
  /** First and last step, time and value; NaN as 0. */
  s0: number
  t0: number
  v0: number
  s1: number
  t1: number
  v1: number
  /** Times ascend with steps. */
  sorted: boolean
  sub: string | null
  data: string | null
}

/**
 * All that may hold points of the range, and more; chunks with their points if those of a run's key hold at most `whole` together.
 * By 'id' the axis is that of steps, and in place of summaries come a chunk's id for `readPieces`, and its first 4 bytes.
 */
export const readLines = (
  sql: Sql,
  runs: readonly number[],
  keys: readonly number[],
  by: 'step' | 'time' | 'id',
  from: number,
  to: number,
  whole: number,
) => sql.query<LineRow>(linesBy[by], [runs, keys, from, to, whole])

const pieces = `SELECT ${base64('substring(data FROM start + 1 FOR size)')} AS piece
FROM unnest($1::tid[], $2::int4[], $3::int4[]) WITH ORDINALITY AS u(id, start, size, i) JOIN point_chunk c ON c.ctid = u.id ORDER BY i`

/** A stretch of bytes of a chunk. */
export interface Piece {
  id: string
  start: number
  size: number
}

/** Those bytes, in that order. In the transaction and snapshot that the ids are of. */
export async function readPieces(sql: Sql, wanted: readonly Piece[]): Promise<Buffer[]> {
  const columns = [wanted.map(({ id }) => id), wanted.map(({ start }) => start), wanted.map(({ size }) => size)]
  return (await sql.query<{ piece: string }>(pieces, columns)).map(({ piece }) => bytesOf(piece))
}
