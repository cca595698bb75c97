/** Registered models: a statement for each thing that is done with them. Their search is in search.sql.ts. */
import type { Sql } from '@tidegate/db'

export interface Alias {
  alias: string
  version: number
}

export interface RegisteredModel {
  id: number
  workspaceId: number
  name: string
  /** Markdown; '' where there is none. */
  description: string
  /** Who made it. */
  owner: string
  tags: Record<string, string>
  /** What MLflow's prompts are kept as. */
  isPrompt: boolean
  aliases: Alias[]
  /** ms since 1970 */
  createdAt: number
  updatedAt: number
}

const columns = `m.id, m.workspace_id AS "workspaceId", m.name, m.description, m.owner, m.tags, m.is_prompt AS "isPrompt",
  m.created_at AS "createdAt", m.updated_at AS "updatedAt",
  ARRAY(SELECT json_build_object('alias', a.alias, 'version', v.version) FROM model_alias a JOIN model_version v ON v.id = a.version_id
    WHERE a.registered_model_id = m.id ORDER BY a.alias) AS aliases`

/** The model of that name, undefined where there is none. */
export async function findModel(sql: Sql, workspace: number, name: string): Promise<RegisteredModel | undefined> {
  const text = `SELECT ${columns} FROM registered_model m WHERE m.workspace_id = $1 AND m.name = $2`
  return (await sql.query<RegisteredModel>(text, [workspace, name]))[0]
}

/** The models of those ids, in that order; ids of nothing are left out. */
export async function readModels(sql: Sql, ids: readonly number[]): Promise<RegisteredModel[]> {
  if (!ids.length) return []
  const rows = await sql.query<RegisteredModel>(`SELECT ${columns} FROM registered_model m WHERE m.id = ANY($1)`, [ids])
  const found = new Map(rows.map((row) => [row.id, row]))
  return ids.flatMap((id) => found.get(id) ?? [])
}

export type NewModel = Pick<RegisteredModel, 'workspaceId' | 'name' | 'description' | 'owner' | 'tags' | 'createdAt'>

/** The id of the new model, undefined where the name is taken. */
export async function insertModel(sql: Sql, model: NewModel): Promise<number | undefined> {
  const { workspaceId, name, description, owner, tags, createdAt } = model
  const rows = await sql.query<{ id: number }>(
    `INSERT INTO registered_model (workspace_id, name, description, owner, tags, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5::jsonb, $6, $6) ON CONFLICT (workspace_id, name) DO NOTHING RETURNING id`,
    [workspaceId, name, description, owner, JSON.stringify(tags), createdAt],
  )
  return rows[0]?.id
}

/** That an account manages a model. */
export const grantModel = (sql: Sql, { account, model, workspace }: { account: number; model: number; workspace: number }) =>
  sql.query(
    `INSERT INTO access_grant (account_id, kind, object_id, workspace_id, permission) VALUES ($1, 'RegisteredModel', $2, $3, 'MANAGE')`,
    [account, model, workspace],
  )

const update = (set: string) => `UPDATE registered_model SET ${set} WHERE id = $1 RETURNING id`
/** False where the model is gone. */
const changed = async (rows: Promise<unknown[]>): Promise<boolean> => (await rows).length > 0

/** A model that nothing else is done to, nor to its versions, until the transaction ends; by the name it has by now. */
export interface Held {
  id: number
  name: string
  tags: Record<string, string>
  description: string
}

const facts = 'id, name, tags, description'

/** Holds the model, and marks it as changed. Undefined where it is gone. */
export const holdModel = async (sql: Sql, id: number, time: number): Promise<Held | undefined> =>
  (
    await sql.query<Held>(`UPDATE registered_model SET updated_at = greatest($2, updated_at) WHERE id = $1 RETURNING ${facts}`, [id, time])
  )[0]

/** The same, unmarked: a tag or an alias is no change of the model to MLflow. */
export const lockModel = async (sql: Sql, id: number): Promise<Held | undefined> =>
  (await sql.query<Held>(`SELECT ${facts} FROM registered_model WHERE id = $1 FOR UPDATE`, [id]))[0]

/** As `holdModel` holds it, so that who has it takes nothing more: who registers a version meanwhile need not wait. */
export const keepModel = async (sql: Sql, id: number): Promise<Held | undefined> =>
  (await sql.query<Held>(`SELECT ${facts} FROM registered_model WHERE id = $1 FOR NO KEY UPDATE`, [id]))[0]

/** Fails with the database's unique_violation where another has the name. Versions count as changed too. */
export async function renameModel(sql: Sql, id: number, name: string, time: number): Promise<boolean> {
  if (!(await changed(sql.query(update('name = $2, updated_at = greatest($3, updated_at)'), [id, name, time])))) return false
  await sql.query('UPDATE model_version SET updated_at = greatest($2, updated_at) WHERE registered_model_id = $1', [id, time])
  return true
}

export const describeModel = (sql: Sql, id: number, description: string, time: number) =>
  changed(sql.query(update('description = $2, updated_at = greatest($3, updated_at)'), [id, description, time]))

export const setModelTag = (sql: Sql, id: number, key: string, value: string) =>
  changed(sql.query(update('tags = tags || jsonb_build_object($2::text, $3::text)'), [id, key, value]))

export const deleteModelTag = (sql: Sql, id: number, key: string) => changed(sql.query(update('tags = tags - $2::text'), [id, key]))

/** Takes it with its versions and aliases, and what was granted on it. */
export async function deleteModel(sql: Sql, id: number): Promise<boolean> {
  for (const table of ['access_grant', 'team_grant'])
    await sql.query(`DELETE FROM ${table} WHERE kind = 'RegisteredModel' AND object_id = $1`, [id])
  return changed(sql.query('DELETE FROM registered_model WHERE id = $1 RETURNING id', [id]))
}
