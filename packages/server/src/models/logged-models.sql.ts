/** Logged models: a statement for each thing that is done with them. Their search is in search.sql.ts. */
import type { Sql } from '@tidegate/db'

export type LoggedModelStatus = 'PENDING' | 'READY' | 'UPLOAD_FAILED'

export interface LoggedModel {
  id: number
  /** MLflow's model_id: `m-` and 32 hexadecimal digits. */
  uuid: string
  workspaceId: number
  experimentId: number
  name: string
  type: string
  status: LoggedModelStatus
  /** The run it came from, '' where none was said. */
  sourceRun: string
  artifactUri: string
  params: Record<string, string>
  tags: Record<string, string>
  /** ms since 1970 */
  createdAt: number
  updatedAt: number
  /** Null while it is active. */
  deletedAt: number | null
}

const columns = `m.id, m.uuid, e.workspace_id AS "workspaceId", m.experiment_id AS "experimentId", m.name, m.type, m.status, m.source_run AS "sourceRun",
  m.artifact_uri AS "artifactUri", m.params, m.tags, m.created_at AS "createdAt", m.updated_at AS "updatedAt", m.deleted_at AS "deletedAt"`
const from = 'logged_model m JOIN experiment e ON e.id = m.experiment_id AND e.purged_at IS NULL'

// The share lock makes a deletion of the experiment wait, or be seen.
const insert = `INSERT INTO logged_model (experiment_id, uuid, name, type, status, source_run, artifact_uri, params, tags, created_at, updated_at)
SELECT id, $2, $3, $4, 'PENDING', $5, $6, $7::jsonb, $8::jsonb, $9, $9 FROM (SELECT id FROM experiment WHERE id = $1 AND deleted_at IS NULL FOR SHARE) e
ON CONFLICT (uuid) DO NOTHING RETURNING id`

export type NewModel = Pick<
  LoggedModel,
  'experimentId' | 'uuid' | 'name' | 'type' | 'sourceRun' | 'artifactUri' | 'params' | 'tags' | 'createdAt'
>

/** False where the experiment is deleted, and where there is a model of that uuid. */
export async function insertModel(sql: Sql, model: NewModel): Promise<boolean> {
  const { experimentId, uuid, name, type, sourceRun, artifactUri, params, tags, createdAt } = model
  const values = [experimentId, uuid, name, type, sourceRun, artifactUri, JSON.stringify(params), JSON.stringify(tags), createdAt]
  return (await sql.query(insert, values)).length > 0
}

/** The models of those uuids, in that order, undefined where there is none; whatever their lifecycle and workspace. */
export async function findModels(sql: Sql, uuids: readonly string[]): Promise<Array<LoggedModel | undefined>> {
  // Text with the character NUL can't be sent, and nothing is called so.
  const sendable = uuids.filter((uuid) => !uuid.includes('\0'))
  const rows = await sql.query<LoggedModel>(`SELECT ${columns} FROM ${from} WHERE m.uuid = ANY($1)`, [sendable])
  const found = new Map(rows.map((model) => [model.uuid, model]))
  return uuids.map((uuid) => found.get(uuid))
}

/** The models of those ids, in that order; ids of nothing are left out. */
export async function readModels(sql: Sql, ids: readonly number[]): Promise<LoggedModel[]> {
  if (!ids.length) return []
  const rows = await sql.query<LoggedModel>(`SELECT ${columns} FROM ${from} WHERE m.id = ANY($1)`, [ids])
  const found = new Map(rows.map((model) => [model.id, model]))
  return ids.flatMap((id) => found.get(id) ?? [])
}

/** The active models that came from runs or that runs made, oldest first, by the run's uuid. */
export async function modelsOfRuns(sql: Sql, runs: readonly string[]): Promise<Map<string, LoggedModel[]>> {
  const rows = await sql.query<LoggedModel & { run: string }>(
    `SELECT l.run, ${columns} FROM (
       SELECT source_run AS run, id FROM logged_model WHERE source_run = ANY($1)
       UNION SELECT r.uuid, m.id FROM run r JOIN run_model o ON o.run_id = r.id AND o.is_output JOIN logged_model m ON m.uuid = o.model WHERE r.uuid = ANY($1)
     ) l JOIN ${from} ON m.id = l.id WHERE m.deleted_at IS NULL ORDER BY m.created_at, m.id`,
    [runs],
  )
  const found = new Map<string, LoggedModel[]>()
  for (const { run, ...model } of rows) found.set(run, [...(found.get(run) ?? []), model])
  return found
}

const update = (set: string) => `UPDATE logged_model SET ${set} WHERE id = $1 AND deleted_at IS NULL RETURNING id`
/** False where the model is deleted, or gone. */
const changed = async (rows: Promise<unknown[]>): Promise<boolean> => (await rows).length > 0

export const setStatus = (sql: Sql, id: number, status: LoggedModelStatus, time: number) =>
  changed(sql.query(update('status = $2, updated_at = greatest($3, updated_at)'), [id, status, time]))

export const setModelTags = (sql: Sql, id: number, tags: Record<string, string>) =>
  changed(sql.query(update('tags = tags || $2::jsonb'), [id, JSON.stringify(tags)]))

/** False where there is no such tag. */
export const deleteModelTag = (sql: Sql, id: number, key: string) =>
  changed(
    sql.query('UPDATE logged_model SET tags = tags - $2::text WHERE id = $1 AND deleted_at IS NULL AND tags ? $2 RETURNING id', [id, key]),
  )

/** A param that is there already keeps its value. Gives the params as they are by then; undefined where the model is deleted. */
export async function addParams(sql: Sql, id: number, params: Record<string, string>): Promise<Record<string, string> | undefined> {
  const text = update('params = $2::jsonb || params').replace('RETURNING id', 'RETURNING params')
  return (await sql.query<Pick<LoggedModel, 'params'>>(text, [id, JSON.stringify(params)]))[0]?.params
}

/** Marks it, so that it is found no more; what it has stays. */
export const deleteModel = (sql: Sql, id: number, time: number, by: string) =>
  changed(sql.query(update('deleted_at = $2, deleted_by = $3, updated_at = greatest($2, updated_at)'), [id, time, by]))
