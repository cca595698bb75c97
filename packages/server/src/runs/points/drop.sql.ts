/**
 * Deleting the points of runs for good, a bounded part at a time: a run may have millions of rows.
 *
 * Always true: the heads go first, so no writer finds the run any more; the rest goes under the lock of the mergers, in
 * statements that begin after it is had. So nothing comes back, whoever writes and merges meanwhile.
 */
import type { Sql } from '@tidegate/db'
import { mergeLock } from './append.sql.ts'

/** Rows of one step: some tens of megabytes, and some tens of milliseconds. A chunk is 45 kB, a tail row up to 10 MB. */
const steps = { run_merge: 5_000, point_tail: 1_000, point_chunk: 200, latest: 5_000 }

/** Deletes heads, in order, waiting for whoever writes. Runs without one are fine. */
export async function dropHeads(sql: Sql, runs: readonly number[]): Promise<void> {
  await sql.query('SELECT FROM run_head WHERE run_id = ANY($1::int4[]) ORDER BY run_id FOR UPDATE', [runs])
  await sql.query('DELETE FROM run_head WHERE run_id = ANY($1::int4[])', [runs])
}

/** Deletes a part of what is left of these runs, in a transaction. True when that was all. */
export async function dropPoints(sql: Sql, runs: readonly number[]): Promise<boolean> {
  await dropHeads(sql, runs)
  await sql.query(`SELECT pg_advisory_xact_lock(${mergeLock}, run) FROM (SELECT run FROM unnest($1::int4[]) AS run ORDER BY run) AS r`, [
    runs,
  ])
  for (const [table, most] of Object.entries(steps)) if (!(await dropRows(sql, table, runs, most))) return false
  return true
}

/** Deletes at most so many rows of a table, those of which `$1` holds the owners' ids. True when none are left. */
export async function dropRows(
  sql: Sql,
  table: string,
  ids: readonly number[],
  most: number,
  which = 'run_id = ANY($1::int4[])',
): Promise<boolean> {
  const [row] = await sql.query<{ n: number }>(
    `WITH gone AS (DELETE FROM ${table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM ${table} WHERE ${which} LIMIT ${most})) RETURNING 1)
     SELECT count(*)::int AS n FROM gone`,
    [ids],
  )
  return row!.n < most
}
