/**
 * How runs, params, tags and inputs are written: one statement each, whatever their number. Prisma is left here because it
 * would send a statement per row, and read before it writes.
 *
 * Always true: a run's head row (runs/points) is open while the run may be written to, and every statement that logs asks
 * it. `changed_at` moves with everything but points of metrics that the run has, which have their own cursor.
 */
import type { Sql } from '@tidegate/db'
import { columns } from './read.sql.ts'
import type { KeyValue, Run, RunStatus } from './run.ts'

/** This database's clock, ms: the cursor of changes must not depend on whose clock a server has. */
export const now = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint'

/** A run that may be written to, its head locked before anything else of it: so no two writers wait for each other. */
const head = 'h AS MATERIALIZED (SELECT run_id FROM run_head WHERE run_id = $1 AND NOT closed FOR NO KEY UPDATE)'

export interface NewRun {
  uuid: string
  workspaceId: number
  experimentId: number
  name: string
  user: string
  startTime: number
  artifactUri: string
  parentUuid: string | null
}

/** Key ids and values, in one order. */
export interface KeyedValues {
  keys: number[]
  values: string[]
}

// The share lock makes a deletion of the experiment wait, and then delete this run too.
const insertRun = `WITH e AS MATERIALIZED (SELECT id FROM experiment WHERE id = $3 AND deleted_at IS NULL FOR SHARE),
r AS (INSERT INTO run (uuid, workspace_id, experiment_id, name, user_name, start_time, artifact_uri, parent_uuid, changed_at)
  SELECT $1, $2, e.id, $4, $5, $6, $7, $8, ${now} FROM e ON CONFLICT (uuid) DO NOTHING RETURNING ${columns}),
h AS (INSERT INTO run_head (run_id) SELECT id FROM r),
t AS (INSERT INTO tag (run_id, key_id, v) SELECT r.id, k, v FROM r, unnest($9::int[], $10::text[]) AS u(k, v))
SELECT * FROM r`

/** Makes a run and its first tags. Undefined where the experiment is deleted or the uuid is taken. */
export async function createRunRow(sql: Sql, run: NewRun, tags: KeyedValues): Promise<Run | undefined> {
  const { uuid, workspaceId, experimentId, name, user, startTime, artifactUri, parentUuid } = run
  const rows = await sql.query<Run>(insertRun, [
    uuid,
    workspaceId,
    experimentId,
    name,
    user,
    startTime,
    artifactUri,
    parentUuid,
    tags.keys,
    tags.values,
  ])
  return rows[0]
}

export interface RunChange {
  status?: RunStatus | undefined
  endTime?: number | undefined
  name?: string | undefined
  /** Only while its status is one of these. */
  from?: readonly RunStatus[] | undefined
}

const updateRun = `WITH ${head},
r AS (UPDATE run SET status = coalesce($2::run_status, status), end_time = coalesce($3, end_time),
  name = coalesce($4, name), changed_at = ${now} FROM h WHERE id = h.run_id AND ($6::run_status[] IS NULL OR status = ANY($6)) RETURNING ${columns}),
t AS (INSERT INTO tag (run_id, key_id, v) SELECT r.id, $5::int, $4 FROM r WHERE $4 IS NOT NULL
  ON CONFLICT (run_id, key_id) DO UPDATE SET v = EXCLUDED.v)
SELECT * FROM r`

/** Changes a run's row, and returns it; a new name goes into the name tag too. Undefined where the run is deleted, or has another status than `from`. */
export async function updateRunRow(sql: Sql, run: number, change: RunChange, nameKey: number | null): Promise<Run | undefined> {
  const [row] = await sql.query<Run>(updateRun, [
    run,
    change.status ?? null,
    change.endTime ?? null,
    change.name ?? null,
    nameKey,
    change.from ?? null,
  ])
  return row
}

// A param that is there already keeps its value. What comes back is what was written and what was there, so that a
// different value shows, also one that another transaction put there a moment ago.
const insertParams = `WITH ${head},
p AS (INSERT INTO param AS m (run_id, key_id, v, n) SELECT h.run_id, k, v, n FROM h, unnest($2::int[], $3::text[], $4::float8[]) AS u(k, v, n) ORDER BY k
  ON CONFLICT (run_id, key_id) DO UPDATE SET v = m.v WHERE m.v <> EXCLUDED.v RETURNING key_id, v),
c AS (UPDATE run SET changed_at = ${now} FROM h WHERE id = h.run_id
  AND NOT EXISTS (SELECT FROM p JOIN unnest($2::int[], $3::text[]) AS u(k, v) ON p.key_id = u.k WHERE p.v <> u.v))
SELECT (SELECT count(*) FROM h)::int AS open, coalesce((SELECT json_agg(json_build_array(key_id, v)) FROM p), '[]') AS kept`

/** Logs params. Returns null where the run may not be written to, else the key ids and values of those that differ. */
export async function writeParams(sql: Sql, run: number, params: KeyedValues): Promise<Map<number, string> | null> {
  const numbers = params.values.map((value) => (value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : null))
  const [row] = await sql.query<{ open: number; kept: Array<[number, string]> }>(insertParams, [run, params.keys, params.values, numbers])
  if (!row?.open) return null
  const wanted = new Map(params.keys.map((key, i) => [key, params.values[i]]))
  return new Map(row.kept.filter(([key, value]) => wanted.get(key) !== value))
}

const upsertTags = `WITH ${head},
t AS (INSERT INTO tag (run_id, key_id, v) SELECT h.run_id, k, v FROM h, unnest($2::int[], $3::text[]) AS u(k, v) ORDER BY k
  ON CONFLICT (run_id, key_id) DO UPDATE SET v = EXCLUDED.v),
c AS (UPDATE run SET changed_at = ${now}, name = coalesce($4, name), parent_uuid = coalesce($5, parent_uuid) FROM h WHERE id = h.run_id)
SELECT run_id FROM h`

/** Sets tags; the two that MLflow also keeps on the run itself go there too. False where the run may not be written to. */
export async function writeTags(
  sql: Sql,
  run: number,
  tags: KeyedValues,
  name: string | null,
  parentUuid: string | null,
): Promise<boolean> {
  return (await sql.query(upsertTags, [run, tags.keys, tags.values, name, parentUuid])).length > 0
}

/** What a tag is; undefined where there is none. */
export const readTag = async (sql: Sql, run: number, key: number): Promise<string | undefined> =>
  (await sql.query<{ v: string }>('SELECT v FROM tag WHERE run_id = $1 AND key_id = $2', [run, key]))[0]?.v

const removeTag = `WITH ${head},
t AS (DELETE FROM tag USING h WHERE tag.run_id = h.run_id AND key_id = $2 RETURNING key_id),
c AS (UPDATE run SET changed_at = ${now}, parent_uuid = CASE WHEN $3 THEN NULL ELSE parent_uuid END FROM h, t WHERE id = h.run_id)
SELECT (SELECT count(*) FROM h)::int AS open, (SELECT count(*) FROM t)::int AS gone`

/** Deletes a tag: 'closed' where the run may not be written to, 'absent' where there is no such tag. */
export async function deleteTagRow(sql: Sql, run: number, key: number, isParent: boolean): Promise<'deleted' | 'absent' | 'closed'> {
  const [row] = await sql.query<{ open: number; gone: number }>(removeTag, [run, key, isParent])
  return !row?.open ? 'closed' : row.gone ? 'deleted' : 'absent'
}

const deleteRun = `WITH h AS (UPDATE run_head SET closed = true WHERE run_id = $1 RETURNING run_id)
UPDATE run SET deleted_at = $2, deleted_by = $3, changed_at = ${now} FROM h WHERE id = h.run_id AND deleted_at IS NULL`
// The run of an experiment past return goes with it.
const restoreRun = `WITH h AS (UPDATE run_head SET closed = false WHERE run_id = $1 RETURNING run_id)
UPDATE run SET deleted_at = NULL, deleted_by = NULL, changed_at = ${now} FROM h
WHERE id = h.run_id AND NOT EXISTS (SELECT FROM experiment e WHERE e.id = experiment_id AND e.purged_at IS NOT NULL) RETURNING id`

/** Soft deletion: the row is marked and the head closed, which fences every writer. */
export const deleteRunRow = (sql: Sql, run: number, time: number, by: string) => sql.query(deleteRun, [run, time, by])
/** False where there is no such run any more. */
export const restoreRunRow = async (sql: Sql, run: number): Promise<boolean> => (await sql.query(restoreRun, [run])).length > 0

// Heads in order, so that two that delete the same runs don't wait for each other either.
const lockOf = `SELECT FROM run_head h JOIN run r ON r.id = h.run_id WHERE r.experiment_id = $1 ORDER BY h.run_id FOR NO KEY UPDATE OF h`
const deleteOf = `WITH r AS (UPDATE run SET deleted_at = $2, deleted_by = $3, changed_at = ${now} WHERE experiment_id = $1 AND deleted_at IS NULL RETURNING id)
UPDATE run_head SET closed = true FROM r WHERE run_id = r.id`
const restoreOf = `WITH r AS (UPDATE run SET deleted_at = NULL, deleted_by = NULL, changed_at = ${now} WHERE experiment_id = $1 AND deleted_at = $2 RETURNING id)
UPDATE run_head SET closed = false FROM r WHERE run_id = r.id`

const markExperiment = 'UPDATE experiment SET deleted_at = $2, deleted_by = $3 WHERE id = $1 AND deleted_at IS NULL RETURNING id'

/** Deletes an experiment with its active runs, at `time`. */
export async function deleteRunsOf(sql: Sql, experiment: number, time: number, by: string): Promise<void> {
  const marked = await sql.query(markExperiment, [experiment, time, by])
  if (!marked.length) return
  await sql.query(lockOf, [experiment])
  await sql.query(deleteOf, [experiment, time, by])
}

const restoreExperiment = `UPDATE experiment SET deleted_at = NULL, deleted_by = NULL
WHERE id = $1 AND deleted_at = $2 AND purged_at IS NULL RETURNING id`

/**
 * Restores an experiment with the runs that were deleted with it at `time`; those deleted before it stay so. False where it
 * is not there, or not deleted, any more.
 */
export async function restoreRunsOf(sql: Sql, experiment: number, time: number): Promise<boolean> {
  if (!(await sql.query(restoreExperiment, [experiment, time])).length) return false
  await sql.query(lockOf, [experiment])
  await sql.query(restoreOf, [experiment, time])
  return true
}

export interface DatasetRow {
  name: string
  digest: string
  sourceType: string
  source: string
  schema: string | null
  profile: string | null
}

export interface DatasetInput {
  dataset: DatasetRow
  tags: KeyValue[]
}

/** Moves the cursor of changes on: something about these runs is new that isn't in their rows. */
export const touchRuns = (sql: Sql, uuids: readonly string[], workspace: number) =>
  sql.query<{ id: number; experimentId: number }>(
    `UPDATE run SET changed_at = ${now} WHERE uuid = ANY($1) AND workspace_id = $2 RETURNING id, experiment_id AS "experimentId"`,
    [uuids, workspace],
  )

const makeDatasets = `INSERT INTO dataset (experiment_id, name, digest, source_type, source, schema, profile)
SELECT $1::int, d.* FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) AS d ORDER BY 2, 3
ON CONFLICT (experiment_id, name, digest) DO NOTHING`
// The lock keeps them from going with the purge of the last run that used them.
const makeInputs = `WITH d AS MATERIALIZED (
  SELECT d.id FROM unnest($3::text[], $4::text[]) AS u(name, digest)
  JOIN dataset d ON d.experiment_id = $2 AND d.name = u.name AND d.digest = u.digest ORDER BY d.id FOR KEY SHARE OF d
), i AS (INSERT INTO dataset_input (run_id, dataset_id) SELECT $1::int, id FROM d ORDER BY id ON CONFLICT (run_id, dataset_id) DO NOTHING)
SELECT count(*)::int AS found FROM d`
const makeInputTags = `INSERT INTO dataset_input_tag (input_id, key, value)
SELECT i.id, u.key, u.value FROM unnest($3::text[], $4::text[], $5::text[], $6::text[]) AS u(name, digest, key, value)
JOIN dataset d ON d.experiment_id = $2 AND d.name = u.name AND d.digest = u.digest JOIN dataset_input i ON i.run_id = $1 AND i.dataset_id = d.id
ORDER BY i.id, u.key ON CONFLICT (input_id, key) DO UPDATE SET value = EXCLUDED.value`

/** Links data sets to a run, making those that its experiment doesn't know. In a transaction that has locked the run. */
export async function writeInputs(sql: Sql, run: number, experiment: number, inputs: DatasetInput[]): Promise<void> {
  const column = (read: (dataset: DatasetRow) => string | null) => inputs.map((input) => read(input.dataset))
  const names = column((d) => d.name)
  const digests = column((d) => d.digest)
  const rest = [column((d) => d.sourceType), column((d) => d.source), column((d) => d.schema), column((d) => d.profile)]
  for (let found = 0; found < inputs.length; ) {
    await sql.query(makeDatasets, [experiment, names, digests, ...rest])
    found = (await sql.query<{ found: number }>(makeInputs, [run, experiment, names, digests]))[0]!.found
  }
  // Of a key that comes twice the last counts.
  const tags = inputs.flatMap(({ dataset, tags }) =>
    [...new Map(tags.map((tag) => [tag.key, tag])).values()].map((tag) => ({ ...dataset, ...tag })),
  )
  if (tags.length) {
    await sql.query(makeInputTags, [
      run,
      experiment,
      tags.map((t) => t.name),
      tags.map((t) => t.digest),
      tags.map((t) => t.key),
      tags.map((t) => t.value),
    ])
  }
}

const inputsOf = `SELECT i.run_id AS run, d.id, d.name, d.digest, d.source_type AS "sourceType", d.source, d.schema, d.profile,
  coalesce((SELECT json_agg(json_build_object('key', t.key, 'value', t.value) ORDER BY t.key) FROM dataset_input_tag t WHERE t.input_id = i.id), '[]') AS tags
FROM dataset_input i JOIN dataset d ON d.id = i.dataset_id WHERE i.run_id = ANY($1) ORDER BY i.id`

/** The inputs of runs, in the order they were logged. */
export async function readInputs(sql: Sql, runs: number[]): Promise<Map<number, Array<DatasetInput & { id: number }>>> {
  const found = new Map<number, Array<DatasetInput & { id: number }>>()
  for (const { run, id, tags, ...dataset } of await sql.query<DatasetRow & { run: number; id: number; tags: KeyValue[] }>(inputsOf, [
    runs,
  ])) {
    const list = found.get(run) ?? []
    found.set(run, list)
    list.push({ id, dataset, tags })
  }
  return found
}

/** The most changes that one read gives. */
export const changesPerRead = 1000

const changedRuns = `SELECT id, changed_at AS "changedAt" FROM run WHERE experiment_id = ANY($1) AND (changed_at, id) > ($2, $3)
ORDER BY changed_at, id LIMIT ${changesPerRead}`

/** Runs changed after a place in the order of changes, which is by time of the database's clock and id. */
export const runsChangedSince = (sql: Sql, experiments: number[], after: { changedAt: number; id: number }) =>
  sql.query<{ id: number; changedAt: number }>(changedRuns, [experiments, after.changedAt, after.id])

export const databaseTime = async (sql: Sql): Promise<number> => (await sql.query<{ now: number }>(`SELECT ${now} AS now`))[0]!.now

/** How many runs experiments have, and how many of them are running; deleted ones don't count. */
export const countRuns = (sql: Sql, experiments: number[]) =>
  sql.query<{ experiment: number; runs: number; live: number }>(
    `SELECT experiment_id AS experiment, count(*) AS runs, count(*) FILTER (WHERE status = 'RUNNING') AS live
     FROM run WHERE experiment_id = ANY($1) AND deleted_at IS NULL GROUP BY 1`,
    [experiments],
  )

/** When a run of each experiment last changed, and who started its newest one; experiments without runs are left out. */
export const latestOf = (sql: Sql, experiments: number[]) =>
  sql.query<{ experiment: number; changedAt: number; user: string }>(
    `SELECT e.id AS experiment, c.at AS "changedAt", n.by AS user FROM unnest($1::int[]) e(id)
     CROSS JOIN LATERAL (SELECT max(changed_at) AS at FROM run WHERE experiment_id = e.id) c
     CROSS JOIN LATERAL (SELECT user_name AS by FROM run WHERE experiment_id = e.id AND deleted_at IS NULL ORDER BY start_time DESC, uuid LIMIT 1) n`,
    [experiments],
  )

/** The data sets of experiments and in which context runs used them, newest first, 1 000 at most. */
export const datasetSummaries = (sql: Sql, experiments: number[]) =>
  sql.query<{ experiment: number; name: string; digest: string; context: string | null }>(
    `SELECT d.experiment_id AS experiment, d.name, d.digest, t.value AS context FROM dataset d JOIN dataset_input i ON i.dataset_id = d.id
     LEFT JOIN dataset_input_tag t ON t.input_id = i.id AND t.key = 'mlflow.data.context'
     WHERE d.experiment_id = ANY($1) GROUP BY d.id, t.value ORDER BY d.id DESC, t.value LIMIT 1000`,
    [experiments],
  )
