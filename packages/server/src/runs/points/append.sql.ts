/**
 * Writing points: one statement for any number of runs. It locks the heads, moves their seqs, keeps `latest`, adds one row
 * per run to the tail, and moves `changed_at` of runs that have a metric they did not have.
 *
 * Always true: whoever writes to a run holds its head's row lock until the commit. So a run's seqs become visible in
 * order, and a cursor that has seen one has seen all before it.
 */
import type { Sql } from '@tidegate/db'
import { now } from '../write.sql.ts'
import { byteas, float8s, int4s, int8s, uuids } from './binary.ts'
import type { Packed } from './pack.ts'
import type { Appended } from './shape.ts'

/** What to do about a head that another transaction has locked. */
type Locked = 'wait' | 'skip'

/**
 * The statement. `fresh` says that a row's points are all greater than what its metrics had before, so that none can be
 * a copy. It has to be read from RETURNING old, which is after the wait for the lock; a join on `latest` would see the
 * time before it. PostgreSQL knows it since version 18; below, no row is fresh, and readers look for copies more often.
 */
export const appendText = (locked: Locked, returnsOld: boolean) => `WITH lk AS MATERIALIZED (
  SELECT run_id FROM run_head WHERE run_id = ANY($1::int4[]) AND NOT closed ORDER BY run_id FOR NO KEY UPDATE${locked === 'skip' ? ' SKIP LOCKED' : ''}
), h AS (
  UPDATE run_head r SET seq = r.seq + 1 FROM lk WHERE r.run_id = lk.run_id RETURNING r.run_id, r.seq
), u AS MATERIALIZED (
  SELECT u.* FROM unnest($7::int4[], $8::int4[], $9::int8[], $10::int8[], $11::float8[], $12::int8[], $13::int8[]) AS u(run_id, k, s, t, v, ls, lt)
  JOIN h ON h.run_id = u.run_id
), l AS (
  INSERT INTO latest AS m (run_id, key_id, step, ts, value, nan)
  SELECT run_id, k, s, t, CASE WHEN v = 'NaN' THEN 0 ELSE v END, v = 'NaN' FROM u
  ON CONFLICT (run_id, key_id) DO UPDATE
    SET step = EXCLUDED.step, ts = EXCLUDED.ts, value = EXCLUDED.value, nan = EXCLUDED.nan, settled = NULL
    WHERE (m.step, m.ts, m.value, m.nan) < (EXCLUDED.step, EXCLUDED.ts, EXCLUDED.value, EXCLUDED.nan)
  RETURNING m.run_id, m.key_id, ${returnsOld ? 'old.step, old.ts, old.run_id IS NULL' : 'm.xmax = 0'} AS made
), g AS (
  SELECT DISTINCT run_id FROM l WHERE made
), c AS (
  UPDATE run SET changed_at = ${now} FROM g WHERE id = g.run_id
), f AS (
  ${
    returnsOld
      ? `SELECT u.run_id, bool_and(l.key_id IS NOT NULL AND (l.step IS NULL OR (l.step, l.ts) < (u.ls, u.lt))) AS fresh
  FROM u LEFT JOIN l ON l.run_id = u.run_id AND l.key_id = u.k GROUP BY u.run_id`
      : 'SELECT run_id, false AS fresh FROM h'
  }
), t AS (
  INSERT INTO point_tail (run_id, seq, n, fresh, s0, s1, digest, data)
  SELECT h.run_id, h.seq, b.n, f.fresh, b.s0, b.s1, b.digest, b.data
  FROM unnest($1::int4[], $2::int4[], $3::int8[], $4::int8[], $5::uuid[], $6::bytea[]) AS b(run_id, n, s0, s1, digest, data)
  JOIN h ON h.run_id = b.run_id JOIN f ON f.run_id = b.run_id
  ON CONFLICT (run_id, digest) DO NOTHING
)
SELECT h.run_id AS run, h.seq, g.run_id IS NOT NULL AS grew FROM h LEFT JOIN g ON g.run_id = h.run_id`

const texts = { wait: [appendText('wait', false), appendText('wait', true)], skip: [appendText('skip', false), appendText('skip', true)] }

export const hasReturningOld = async (sql: Sql) =>
  (await sql.query<{ version: number }>(`SELECT current_setting('server_version_num')::int AS version`))[0]!.version >= 180_000

/** What became of a row. */
export interface Written extends Appended {
  seq: number
}

/** Writes a row for each run, and says what became of each. Runs that are unknown, closed or (with 'skip') locked are not in it. */
export async function writeTail(sql: Sql, rows: readonly Packed[], locked: Locked, returnsOld: boolean): Promise<Map<number, Written>> {
  const tops = rows.map((row) => row.tops)
  const runs = rows.flatMap(({ run, tops }) => Array<number>(tops.keys.length).fill(run))
  const all = (read: (top: Packed['tops']) => number[]) => (tops.length === 1 ? read(tops[0]!) : tops.flatMap(read))
  const found = await sql.query<Written & { run: number }>(texts[locked][Number(returnsOld)]!, [
    int4s(rows.map((row) => row.run)),
    int4s(rows.map((row) => row.n)),
    int8s(rows.map((row) => row.from)),
    int8s(rows.map((row) => row.to)),
    uuids(rows.map((row) => row.digest)),
    byteas(rows.map((row) => row.data)),
    int4s(runs),
    int4s(all((top) => top.keys)),
    int8s(all((top) => top.steps)),
    int8s(all((top) => top.times)),
    float8s(all((top) => top.values)),
    int8s(all((top) => top.leastSteps)),
    int8s(all((top) => top.leastTimes)),
  ])
  return new Map(found.map(({ run, seq, grew }) => [run, { seq, grew }]))
}

/** False when the run is unknown or closed. */
export async function lockHead(sql: Sql, run: number): Promise<boolean> {
  return (await sql.query('SELECT FROM run_head WHERE run_id = $1 AND NOT closed FOR NO KEY UPDATE', [run])).length > 0
}

export async function isOpen(sql: Sql, run: number): Promise<boolean> {
  return (await sql.query('SELECT FROM run_head WHERE run_id = $1 AND NOT closed', [run])).length > 0
}

/** Of the advisory locks on runs, which mergers and deletions take. Any number, the same in every process. */
export const mergeLock = 7_461_207
