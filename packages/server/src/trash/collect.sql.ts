/**
 * Taking things past return, and deleting their rows a bounded part at a time.
 *
 * Always true: a run's or model's row goes in the same transaction that writes down what is left of it (table `purge`), and
 * before anything else of it goes. So it is there whole or not at all, a restore comes before that or finds nothing, and
 * whatever process dies, another goes on from the table. Heads are locked first and in order, as everywhere. The rest
 * stays for some seconds more: for those who had found the row and are reading on.
 */
import type { Sql } from '@tidegate/db'
import { dropHeads, dropPoints, dropRows } from '../runs/points/drop.sql.ts'

/** Kinds of things, as the tables `purge` and `trash_size` number them. */
export const kinds = { run: 0, model: 1, experiment: 2 } as const

/** Runs, models or experiments that one transaction takes. */
export const batch = 50
/** Clients that name no experiment log to number 0: it stays, and so do the runs that were deleted with it. */
export const keptExperiment = 0

/** What belonged to a thing stays so long after it was taken, ms. */
export const grace = 5_000

/** A thing as it was when it was chosen: one that was restored or deleted anew since is another. */
export interface Chosen {
  id: number
  deletedAt: number | null
}

const takeRuns = `WITH gone AS (
  DELETE FROM run r USING unnest($1::int[], $2::bigint[]) AS u(id, deleted_at)
  WHERE r.id = u.id AND r.deleted_at IS NOT DISTINCT FROM u.deleted_at RETURNING r.*
)
INSERT INTO purge (kind, id, workspace_id, experiment_id, uuid, artifact_uri, has_rows, look_at)
SELECT ${kinds.run}, id, workspace_id, experiment_id, uuid, artifact_uri, true, $3::bigint + ${grace} FROM gone RETURNING id`

/** Takes these runs, in a transaction; those that have changed since are left. Gives the ids of those that were taken. */
export async function claimRuns(sql: Sql, runs: readonly Chosen[], now: number): Promise<number[]> {
  if (!runs.length) return []
  const ids = runs.map(({ id }) => id)
  // Whoever restores or deletes them holds the heads.
  await sql.query('SELECT FROM run_head WHERE run_id = ANY($1::int4[]) ORDER BY run_id FOR UPDATE', [ids])
  const datasets = await sql.query<{ id: number }>('SELECT DISTINCT dataset_id AS id FROM dataset_input WHERE run_id = ANY($1)', [ids])
  const taken = (await sql.query<{ id: number }>(takeRuns, [ids, runs.map(({ deletedAt }) => deletedAt), now])).map(({ id }) => id)
  if (!taken.length) return []
  await dropHeads(sql, taken)
  await dropDatasets(
    sql,
    datasets.map(({ id }) => id),
  )
  return taken
}

/** Deletes those of these data sets that no run uses. Locked first: a run that takes one up at this moment keeps it. */
async function dropDatasets(sql: Sql, ids: number[]): Promise<void> {
  if (!ids.length) return
  await sql.query('SELECT FROM dataset WHERE id = ANY($1) ORDER BY id FOR UPDATE', [ids])
  await sql.query('DELETE FROM dataset d WHERE id = ANY($1) AND NOT EXISTS (SELECT FROM dataset_input i WHERE i.dataset_id = d.id)', [ids])
}

const takeModels = `WITH gone AS (
  DELETE FROM logged_model m USING unnest($1::int[], $2::bigint[]) AS u(id, deleted_at), experiment e
  WHERE m.id = u.id AND e.id = m.experiment_id AND m.deleted_at IS NOT DISTINCT FROM u.deleted_at
  RETURNING m.id, e.workspace_id, m.experiment_id, m.uuid, m.artifact_uri
)
INSERT INTO purge (kind, id, workspace_id, experiment_id, uuid, artifact_uri, has_rows, look_at)
SELECT ${kinds.model}, id, workspace_id, experiment_id, uuid, artifact_uri, true, $3::bigint + ${grace} FROM gone RETURNING id`

/** The same for logged models. */
export async function claimModels(sql: Sql, models: readonly Chosen[], now: number): Promise<number[]> {
  if (!models.length) return []
  const rows = await sql.query<{ id: number }>(takeModels, [models.map(({ id }) => id), models.map(({ deletedAt }) => deletedAt), now])
  return rows.map(({ id }) => id)
}

// Its name is free from now on. What is in it is taken afterwards, a part at a time.
const takeExperiments = `WITH gone AS (
  UPDATE experiment e SET purged_at = $3, name = 'purged ' || gen_random_uuid()
  FROM unnest($1::int[], $2::bigint[]) AS u(id, deleted_at)
  WHERE e.id = u.id AND e.deleted_at = u.deleted_at AND e.purged_at IS NULL AND e.id <> ${keptExperiment} RETURNING e.*
)
INSERT INTO purge (kind, id, workspace_id, experiment_id, uuid, artifact_uri, has_rows, look_at)
SELECT ${kinds.experiment}, id, workspace_id, id, '', artifact_location, true, $3 FROM gone RETURNING id`

/** The same for experiments. */
export async function claimExperiments(sql: Sql, experiments: readonly Chosen[], now: number): Promise<number[]> {
  if (!experiments.length) return []
  const ordered = experiments.toSorted((a, b) => a.id - b.id)
  const rows = await sql.query<{ id: number }>(takeExperiments, [ordered.map(({ id }) => id), ordered.map((it) => it.deletedAt), now])
  return rows.map(({ id }) => id)
}

export interface Due {
  workspace: number
  /** What was deleted up to then has had its time, ms. */
  until: number
}

/** Up to when each workspace's things have had their time; workspaces that keep theirs are left out. */
export const dueTimes = (sql: Sql, now: number) =>
  sql.query<Due>(
    `SELECT workspace, greatest(CASE WHEN trash_since <= over THEN over END, emptied) AS until
     FROM (SELECT id AS workspace, trash_since, trash_emptied_at AS emptied, $1::bigint - trash_days * 86400000::bigint AS over FROM workspace) AS w
     WHERE trash_since <= over OR emptied IS NOT NULL ORDER BY workspace`,
    [now],
  )

/** Experiments, runs and models that have had their time, a batch of each at most, the oldest first. */
export async function dueThings(sql: Sql, { workspace, until }: Due): Promise<Record<'experiments' | 'runs' | 'models', Chosen[]>> {
  const find = (text: string) => sql.query<Chosen>(text, [workspace, until])
  return { experiments: await find(dueExperiments), runs: await find(dueRuns), models: await find(dueModels) }
}

const dueExperiments = `SELECT id, deleted_at AS "deletedAt" FROM experiment
WHERE workspace_id = $1 AND deleted_at <= $2 AND purged_at IS NULL AND id <> ${keptExperiment} ORDER BY deleted_at LIMIT ${batch}`
// What was deleted with its experiment goes with it: else a restored experiment would lack some of its own.
const dueRuns = `SELECT r.id, r.deleted_at AS "deletedAt" FROM run r JOIN experiment e ON e.id = r.experiment_id
WHERE r.workspace_id = $1 AND r.deleted_at <= $2 AND e.purged_at IS NULL AND e.deleted_at IS DISTINCT FROM r.deleted_at
ORDER BY r.deleted_at LIMIT ${batch}`
const dueModels = `SELECT m.id, m.deleted_at AS "deletedAt" FROM logged_model m JOIN experiment e ON e.id = m.experiment_id
WHERE e.workspace_id = $1 AND m.deleted_at <= $2 AND e.purged_at IS NULL AND e.deleted_at IS DISTINCT FROM m.deleted_at
ORDER BY m.deleted_at LIMIT ${batch}`

/** Rows of a step in tables of small rows. */
const small = 5_000

/** Deletes a part of the rows of runs and models that were taken, in a transaction. False where none are due. */
export async function dropTaken(sql: Sql, now: number): Promise<boolean> {
  // Whatever is lost of this by a crash is done again: it is written in the same transaction.
  await sql.query('SET LOCAL synchronous_commit = off')
  const taken = await sql.query<{ kind: number; id: number }>(
    `SELECT kind, id FROM purge WHERE has_rows AND kind <> ${kinds.experiment} AND look_at <= $1 ORDER BY kind, id LIMIT ${batch} FOR UPDATE SKIP LOCKED`,
    [now],
  )
  if (!taken.length) return false
  const [runs, models] = [kinds.run, kinds.model].map((kind) => taken.filter((it) => it.kind === kind).map(({ id }) => id)) as [
    number[],
    number[],
  ]
  const done =
    (!runs.length ||
      ((await dropPoints(sql, runs)) && (await dropRows(sql, 'param', runs, small)) && (await dropRows(sql, 'tag', runs, small)))) &&
    (await dropMeasured(sql, 'run_id', runs)) &&
    (await dropMeasured(sql, 'model_id', models))
  if (!done) return true
  await forget(sql, kinds.run, runs)
  await forget(sql, kinds.model, models)
  return true
}

/** Deletes a part of what was measured of models: by these runs, or of these models. True when that was all. */
async function dropMeasured(sql: Sql, of: 'run_id' | 'model_id', ids: number[]): Promise<boolean> {
  if (!ids.length) return true
  const theirs = `${of} = ANY($1::int[])`
  const points = `series_id IN (SELECT id FROM logged_model_series WHERE ${theirs})`
  return (await dropRows(sql, 'logged_model_point', ids, small, points)) && (await dropRows(sql, 'logged_model_series', ids, small, theirs))
}

async function forget(sql: Sql, kind: number, ids: number[]): Promise<void> {
  if (!ids.length) return
  await sql.query('DELETE FROM trash_size WHERE kind = $1 AND id = ANY($2)', [kind, ids])
  await sql.query('UPDATE purge SET has_rows = false WHERE kind = $1 AND id = ANY($2)', [kind, ids])
}

// One that has something in it, or of which nothing else is left.
const nextExperiment = `SELECT id FROM purge p WHERE kind = ${kinds.experiment} AND has_rows AND (
  EXISTS (SELECT FROM run WHERE experiment_id = p.id) OR EXISTS (SELECT FROM logged_model WHERE experiment_id = p.id)
  OR NOT EXISTS (SELECT FROM purge o WHERE o.experiment_id = p.id AND o.has_rows AND o.kind <> ${kinds.experiment})
) ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED`

/**
 * Takes a part of what is in an experiment that was taken, in a transaction; at last, when nothing is left of that, its
 * names, data sets and its own row. False where there is no such experiment.
 */
export async function emptyExperiment(sql: Sql, now: number): Promise<boolean> {
  const [experiment] = await sql.query<{ id: number }>(nextExperiment)
  if (!experiment) return false
  const { id } = experiment
  const inIt = (table: string) =>
    sql.query<Chosen>(`SELECT id, deleted_at AS "deletedAt" FROM ${table} WHERE experiment_id = $1 ORDER BY id LIMIT ${batch}`, [id])
  const runs = await inIt('run')
  const models = runs.length ? [] : await inIt('logged_model')
  await claimRuns(sql, runs, now)
  await claimModels(sql, models, now)
  if (runs.length || models.length) return true
  for (const table of ['dataset', 'key']) if (!(await dropRows(sql, table, [id], small, 'experiment_id = ANY($1::int[])'))) return true
  await sql.query('DELETE FROM experiment WHERE id = $1', [id])
  await sql.query(`UPDATE purge SET has_rows = false WHERE kind = ${kinds.experiment} AND id = $1`, [id])
  return true
}

/** A thing whose files are to be looked for. */
export interface Leftover {
  kind: number
  id: number
  workspaceId: number
  experimentId: number
  uuid: string
  artifactUri: string
  looks: number
}

/** Whoever takes files to collect has so long before another does the same, ms. Both may: nothing is deleted twice. */
const lease = 60_000

/** Takes things whose files are due. */
export const takeLeftovers = (sql: Sql, now: number, most: number) =>
  sql.query<Leftover>(
    `UPDATE purge SET look_at = $1::bigint + ${lease} WHERE (kind, id) IN (SELECT kind, id FROM purge WHERE NOT has_rows AND look_at <= $1
       ORDER BY look_at LIMIT $2 FOR UPDATE SKIP LOCKED)
     RETURNING kind, id, workspace_id AS "workspaceId", experiment_id AS "experimentId", uuid, artifact_uri AS "artifactUri", looks`,
    [now, most],
  )

/** Past every time. */
const never = Number.MAX_SAFE_INTEGER

/**
 * Their files were looked for: at `again` once more, and the second time that was all. An experiment's line stays: its
 * number is not given out again, since processes remember names by it.
 */
export async function settleLeftovers(sql: Sql, found: readonly Leftover[], again: number): Promise<void> {
  const arrays = (list: readonly Leftover[]) => [list.map(({ kind }) => kind), list.map(({ id }) => id)]
  const [first, last] = [found.filter(({ looks }) => looks === 0), found.filter(({ looks }) => looks > 0)]
  const these = '(kind, id) IN (SELECT * FROM unnest($1::smallint[], $2::int[]))'
  if (first.length) await sql.query(`UPDATE purge SET looks = looks + 1, look_at = $3 WHERE ${these}`, [...arrays(first), again])
  if (!last.length) return
  await sql.query(`DELETE FROM purge WHERE ${these} AND kind <> ${kinds.experiment}`, arrays(last))
  await sql.query(`UPDATE purge SET looks = looks + 1, look_at = ${never} WHERE ${these}`, arrays(last))
}

/** Those of these uuids that a run or a model has again: it was made anew, and the files are its own. */
export async function livingUuids(sql: Sql, uuids: string[]): Promise<Set<string>> {
  const rows = await sql.query<{ uuid: string }>(
    'SELECT uuid FROM run WHERE uuid = ANY($1) UNION ALL SELECT uuid FROM logged_model WHERE uuid = ANY($1)',
    [uuids],
  )
  return new Set(rows.map(({ uuid }) => uuid))
}

/** Where experiments keep their files, those past return left out. */
export const experimentLocations = (sql: Sql) =>
  sql.query<{ location: string }>('SELECT artifact_location AS location FROM experiment WHERE purged_at IS NULL')

/** When the next of what is left is due, ms; null where nothing is left. An experiment follows what is in it. */
export async function nextDue(sql: Sql): Promise<number | null> {
  const [row] = await sql.query<{ at: number | null }>(
    `SELECT min(look_at) AS at FROM purge WHERE look_at < ${never} AND NOT (kind = ${kinds.experiment} AND has_rows)`,
  )
  return row!.at
}
