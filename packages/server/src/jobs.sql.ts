/** The statements of jobs.ts. Jobs are rows of graphile-worker's own schema; which of its workers are alive is our table. */
import type { Sql } from '@tidegate/db'

/** Seconds without a word after which a worker is taken for dead. */
const silence = 60

const add = `SELECT id FROM graphile_worker.add_job($1, payload := $2::json, queue_name := $3, run_at := to_timestamp($4::float8 / 1000),
  max_attempts := $5, job_key := $6)`

export async function addJob(
  sql: Sql,
  job: { name: string; payload: string; queue: string | null; at: number | null; tries: number; key: string | null },
): Promise<void> {
  // Where a worker takes the job of that key in the moment in which add_job would change it, none is added and no id comes back: said again, it
  // finds that one taken, and adds another behind it.
  for (let id: unknown = null; id === null; )
    id = (await sql.query<{ id: unknown }>(add, [job.name, job.payload, job.queue, job.at, job.tries, job.key]))[0]?.id ?? null
}

const beat = `INSERT INTO job_worker (id, seen_at) SELECT unnest($1::text[]), now() ON CONFLICT (id) DO UPDATE SET seen_at = now()`
const forget = `DELETE FROM job_worker WHERE seen_at < now() - interval '${silence} seconds'`
const unlock = `SELECT FROM graphile_worker.force_unlock_workers(ARRAY(SELECT DISTINCT j.locked_by FROM graphile_worker.jobs j
  WHERE j.locked_by IS NOT NULL AND j.locked_at < now() - interval '${silence} seconds'
  AND NOT EXISTS (SELECT FROM job_worker w WHERE w.id = j.locked_by)))`

/** These workers are alive; what the dead had at hand is free again. */
export async function beatWorkers(sql: Sql, workers: string[]): Promise<void> {
  await sql.query(beat, [workers])
  await sql.query(forget)
  await sql.query(unlock)
}
