/** For the tests of points: heads of runs that have no row. Those of real runs are made, closed and opened with their rows. */
import type { Sql } from '@tidegate/db'

export async function createHead(sql: Sql, run: number): Promise<void> {
  await sql.query('INSERT INTO run_head (run_id) VALUES ($1) ON CONFLICT DO NOTHING', [run])
}

// Heads in order, so that two that close the same runs can't wait for each other.
const setClosed = `WITH lk AS MATERIALIZED (SELECT run_id FROM run_head WHERE run_id = ANY($1::int4[]) ORDER BY run_id FOR NO KEY UPDATE)
UPDATE run_head r SET closed = $2 FROM lk WHERE r.run_id = lk.run_id`

export async function setHeadsClosed(sql: Sql, runs: readonly number[], closed: boolean): Promise<void> {
  await sql.query(setClosed, [runs, closed])
}
