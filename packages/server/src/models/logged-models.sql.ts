/** Logged models: a statement for each thing that is done with them. */
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
}

const columns = `m.id, m.uuid, e.workspace_id AS "workspaceId", m.experiment_id AS "experimentId", m.name, m.type, m.status, m.source_run AS "sourceRun",
  m.artifact_uri AS "artifactUri", m.params, m.tags, m.created_at AS "createdAt", m.updated_at AS "updatedAt"`
const from = 'logged_model m JOIN experiment e ON e.id = m.experiment_id'

export async function insertModel(sql: Sql, model: Omit<LoggedModel, 'id' | 'workspaceId'>): Promise<void> {
  const { experimentId, uuid, name, type, status, sourceRun, artifactUri, params, tags, createdAt, updatedAt } = model
  await sql.query(
    `INSERT INTO logged_model (experiment_id, uuid, name, type, status, source_run, artifact_uri, params, tags, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (uuid) DO NOTHING`,
    [experimentId, uuid, name, type, status, sourceRun, artifactUri, JSON.stringify(params), JSON.stringify(tags), createdAt, updatedAt],
  )
}

/** The model of that uuid, whatever its workspace. */
export async function findModel(sql: Sql, uuid: string): Promise<LoggedModel | undefined> {
  return (await sql.query<LoggedModel>(`SELECT ${columns} FROM ${from} WHERE m.uuid = $1`, [uuid]))[0]
}

/** Models of experiments, the newest first; of all names, or of one. */
export const listModels = (sql: Sql, experiments: number[], name: string | null, limit: number, offset: number) =>
  sql.query<LoggedModel>(
    `SELECT ${columns} FROM ${from} WHERE m.experiment_id = ANY($1) AND ($2::text IS NULL OR m.name = $2)
     ORDER BY m.created_at DESC, m.id DESC LIMIT $3 OFFSET $4`,
    [experiments, name, limit, offset],
  )

export async function setStatus(sql: Sql, id: number, status: LoggedModelStatus, time: number): Promise<void> {
  await sql.query('UPDATE logged_model SET status = $2, updated_at = $3 WHERE id = $1', [id, status, time])
}

/** A param that is there already keeps its value. */
export async function addParams(sql: Sql, id: number, params: Record<string, string>, time: number): Promise<void> {
  await sql.query('UPDATE logged_model SET params = $2::jsonb || params, updated_at = $3 WHERE id = $1', [id, JSON.stringify(params), time])
}

/** Links models to the run that made them; those that are not there are left out. */
export async function addOutputs(sql: Sql, run: number, models: Array<{ uuid: string; step: number }>): Promise<void> {
  await sql.query(
    `INSERT INTO run_output (run_id, model_id, step) SELECT $1::int, m.id, u.step FROM unnest($2::text[], $3::bigint[]) AS u(uuid, step)
     JOIN logged_model m ON m.uuid = u.uuid ORDER BY m.id, u.step ON CONFLICT DO NOTHING`,
    [run, models.map(({ uuid }) => uuid), models.map(({ step }) => step)],
  )
}
