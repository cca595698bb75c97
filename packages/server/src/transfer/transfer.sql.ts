/**
 * Writing runs as they were elsewhere: many in one statement, because a history is thousands of them.
 *
 * Always true: what `run_import` does not name was logged here and is not touched.
 */
import type { Sql } from '@tidegate/db'
import type { KeyValue, RunStatus } from '../runs/run.ts'

/** Where a run of some uuid stands: nothing has it, an import began or finished it, or it is another run. */
export type ImportState = 'FREE' | 'STARTED' | 'DONE' | 'HELD'

/** A run as it was. */
export interface RunRow {
  uuid: string
  name: string
  user: string
  status: RunStatus
  startTime: number
  endTime: number | null
  artifactUri: string
  parentUuid: string | null
}

export interface RunState {
  uuid: string
  /** Undefined where nothing has the uuid. */
  id: number | undefined
  experimentId: number | undefined
  state: ImportState
}

const now = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint'

const stateOf = `SELECT r.uuid, r.id, r.experiment_id AS "experimentId", CASE WHEN i.run_id IS NULL OR r.workspace_id <> $2 THEN 'HELD'
  WHEN i.done_at IS NULL THEN 'STARTED' ELSE 'DONE' END AS state
FROM run r LEFT JOIN run_import i ON i.run_id = r.id WHERE r.uuid = ANY($1::text[])`

/** The states of these uuids, in that order. */
export async function readStates(sql: Sql, uuids: readonly string[], workspace: number): Promise<RunState[]> {
  const found = new Map((await sql.query<RunState>(stateOf, [uuids, workspace])).map((row) => [row.uuid, row]))
  return uuids.map((uuid) => found.get(uuid) ?? { uuid, id: undefined, experimentId: undefined, state: 'FREE' })
}

// The share lock makes a deletion of the experiment wait, and then delete these runs too.
const insertRuns = `WITH e AS MATERIALIZED (SELECT id FROM experiment WHERE id = $2 AND deleted_at IS NULL FOR SHARE),
r AS (INSERT INTO run (uuid, workspace_id, experiment_id, name, user_name, status, start_time, end_time, artifact_uri, parent_uuid, changed_at)
  SELECT u.uuid, $1, e.id, u.name, u.user_name, u.status, u.start_time, u.end_time, u.artifact_uri, u.parent_uuid, ${now}
  FROM e, unnest($3::text[], $4::text[], $5::text[], $6::run_status[], $7::bigint[], $8::bigint[], $9::text[], $10::text[])
    AS u(uuid, name, user_name, status, start_time, end_time, artifact_uri, parent_uuid)
  ORDER BY u.uuid ON CONFLICT (uuid) DO NOTHING RETURNING id),
h AS (INSERT INTO run_head (run_id) SELECT id FROM r),
i AS (INSERT INTO run_import (run_id) SELECT id FROM r)
SELECT (SELECT count(*) FROM e)::int AS open`

// One that was begun before may have gone on where it comes from.
const updateRuns = `UPDATE run SET name = u.name, user_name = u.user_name, status = u.status, start_time = u.start_time,
  end_time = u.end_time, parent_uuid = u.parent_uuid, changed_at = ${now}
FROM unnest($2::text[], $3::text[], $4::text[], $5::run_status[], $6::bigint[], $7::bigint[], $8::text[])
  AS u(uuid, name, user_name, status, start_time, end_time, parent_uuid), run_import i
WHERE run.uuid = u.uuid AND run.experiment_id = $1 AND i.run_id = run.id AND i.done_at IS NULL`

/** Makes those that are new and brings those that were begun up to date. False where the experiment is deleted. */
export async function writeRuns(sql: Sql, workspace: number, experiment: number, runs: readonly RunRow[]): Promise<boolean> {
  const column = <T>(read: (run: RunRow) => T) => runs.map(read)
  const before = [
    column((run) => run.uuid),
    column((run) => run.name),
    column((run) => run.user),
    column((run) => run.status),
    column((run) => run.startTime),
    column((run) => run.endTime),
  ]
  const parents = column((run) => run.parentUuid)
  const [made] = await sql.query<{ open: number }>(insertRuns, [
    workspace,
    experiment,
    ...before,
    column((run) => run.artifactUri),
    parents,
  ])
  if (!made?.open) return false
  await sql.query(updateRuns, [experiment, ...before, parents])
  return true
}

/** Values of many runs: parallel arrays. */
export interface ManyValues {
  runs: number[]
  keys: number[]
  values: string[]
}

const upsertParams = `INSERT INTO param (run_id, key_id, v, n) SELECT u.* FROM unnest($1::int[], $2::int[], $3::text[], $4::float8[]) AS u(r, k, v, n)
ORDER BY r, k ON CONFLICT (run_id, key_id) DO UPDATE SET v = EXCLUDED.v, n = EXCLUDED.n WHERE param.v <> EXCLUDED.v`
const upsertTags = `INSERT INTO tag (run_id, key_id, v) SELECT u.* FROM unnest($1::int[], $2::int[], $3::text[]) AS u(r, k, v)
ORDER BY r, k ON CONFLICT (run_id, key_id) DO UPDATE SET v = EXCLUDED.v WHERE tag.v <> EXCLUDED.v`

const numberOf = (value: string) => (value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : null)

/** Sets params of runs that an import has begun. */
export async function writeManyParams(sql: Sql, { runs, keys, values }: ManyValues): Promise<void> {
  if (runs.length) await sql.query(upsertParams, [runs, keys, values, values.map(numberOf)])
}

export async function writeManyTags(sql: Sql, { runs, keys, values }: ManyValues): Promise<void> {
  if (runs.length) await sql.query(upsertTags, [runs, keys, values])
}

const countsOf = `SELECT r.id, (SELECT count(*) FROM param p WHERE p.run_id = r.id)::int AS params,
  (SELECT count(*) FROM tag t WHERE t.run_id = r.id)::int AS tags, (SELECT count(*) FROM dataset_input d WHERE d.run_id = r.id)::int AS inputs
FROM unnest($1::int[]) AS r(id)`

/** How much of each kind runs hold. */
export async function countValues(
  sql: Sql,
  runs: readonly number[],
): Promise<Map<number, { params: number; tags: number; inputs: number }>> {
  const rows = await sql.query<{ id: number; params: number; tags: number; inputs: number }>(countsOf, [runs])
  return new Map(rows.map(({ id, ...counts }) => [id, counts]))
}

/** Marks runs as whole. */
export async function markDone(sql: Sql, runs: readonly number[]): Promise<void> {
  await sql.query(`UPDATE run_import SET done_at = ${now} WHERE run_id = ANY($1::int[]) AND done_at IS NULL`, [runs])
}

const inTrash = `UPDATE workspace SET trash_since = ${now} WHERE id = $1 RETURNING greatest($2, coalesce(trash_emptied_at, -1) + 1) AS time`

/**
 * When something was deleted, for the trash here, where that was `time` where it comes from: its days in the trash begin
 * now, and what was emptied before does not take it along.
 */
export const trashTime = async (sql: Sql, workspace: number, time: number): Promise<number> =>
  (await sql.query<{ time: number }>(inTrash, [workspace, time]))[0]!.time

/** Ids past this are not kept: the sequence goes on behind the greatest, and must not come to its end. */
const greatestKept = 1_000_000_000

export interface NewExperiment {
  workspaceId: number
  name: string
  /** The number it had. */
  wanted: number | undefined
  createdAt: number
  updatedAt: number
}

const insertExperiment = `WITH n AS MATERIALIZED (SELECT coalesce($1::int, nextval('experiment_id_seq')::int) AS id)
INSERT INTO experiment (id, workspace_id, name, artifact_location, created_at, updated_at)
SELECT n.id, $2, $3, 'mlflow-artifacts:/' || n.id, $4, $5 FROM n ON CONFLICT (workspace_id, name) DO NOTHING RETURNING id`

/** Makes an experiment under the number it had, where that is free, else the next. Undefined where the name is taken. In a transaction. */
export async function writeExperiment(sql: Sql, experiment: NewExperiment): Promise<number | undefined> {
  const { workspaceId, name, wanted, createdAt, updatedAt } = experiment
  let keep: number | null = null
  if (wanted !== undefined && wanted <= greatestKept) {
    // Nobody may draw a number while the sequence is moved.
    await sql.query('LOCK TABLE experiment IN SHARE ROW EXCLUSIVE MODE')
    // One that was purged had it: processes remember names by it.
    const taken = 'SELECT FROM experiment WHERE id = $1 UNION ALL SELECT FROM purge WHERE kind = 2 AND id = $1'
    if (!(await sql.query(taken, [wanted])).length) keep = wanted
  }
  const [made] = await sql.query<{ id: number }>(insertExperiment, [keep, workspaceId, name, createdAt, updatedAt])
  if (made && keep !== null) {
    await sql.query(`SELECT setval('experiment_id_seq', $1::bigint) FROM experiment_id_seq WHERE last_value < $1::bigint`, [keep])
  }
  if (made) await sql.query('INSERT INTO experiment_import (experiment_id) VALUES ($1)', [made.id])
  return made?.id
}

/** Brings an experiment that an import has made to its end. False where it was before, or was made here. */
export const endExperiment = async (sql: Sql, experiment: number): Promise<boolean> =>
  (
    await sql.query(`UPDATE experiment_import SET done_at = ${now} WHERE experiment_id = $1 AND done_at IS NULL RETURNING experiment_id`, [
      experiment,
    ])
  ).length > 0

const insertTags = `INSERT INTO experiment_tag (experiment_id, key, value) SELECT $1::int, t.* FROM unnest($2::text[], $3::text[]) AS t
ON CONFLICT (experiment_id, key) DO NOTHING`

/** Sets tags of an experiment; one that is there keeps its value. */
export async function addExperimentTags(sql: Sql, experiment: number, tags: readonly KeyValue[]): Promise<void> {
  await sql.query(insertTags, [experiment, tags.map(({ key }) => key), tags.map(({ value }) => value)])
}
