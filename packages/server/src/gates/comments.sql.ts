/** Comments on versions, on what was asked for them, and on models as a whole: a statement for each thing that is done with them. */
import type { Sql } from '@tidegate/db'

export interface Comment {
  id: number
  /** Null: on the model as a whole. */
  versionId: number | null
  /** The transition request that it is on. Null: on none. */
  requestId: number | null
  /** Of which model, by its name now, and which version. */
  modelId: number
  workspaceId: number
  name: string
  version: number | null
  accountId: number
  actor: string
  text: string
  createdAt: number
  updatedAt: number
}

const columns = `c.id, c.version_id AS "versionId", c.request_id AS "requestId", m.id AS "modelId", m.workspace_id AS "workspaceId", m.name, v.version, c.account_id AS "accountId",
  c.actor, c.text, c.created_at AS "createdAt", c.updated_at AS "updatedAt"`
const from = `version_comment c LEFT JOIN model_version v ON v.id = c.version_id
  JOIN registered_model m ON m.id = coalesce(c.model_id, v.registered_model_id)`

export const readComment = async (sql: Sql, id: number): Promise<Comment | undefined> =>
  (await sql.query<Comment>(`SELECT ${columns} FROM ${from} WHERE c.id = $1`, [id]))[0]

/** Of these versions, also those on what was asked for them, the oldest first. */
export const commentsOf = (sql: Sql, versions: readonly number[]) =>
  sql.query<Comment>(`SELECT ${columns} FROM ${from} WHERE c.version_id = ANY($1) ORDER BY c.id`, [versions])

/** Of these transition requests, the oldest first. */
export const commentsOfRequests = (sql: Sql, requests: readonly number[]) =>
  sql.query<Comment>(`SELECT ${columns} FROM ${from} WHERE c.request_id = ANY($1) ORDER BY c.id`, [requests])

/** Of these models as a whole, the oldest first. */
export const commentsOfModels = (sql: Sql, models: readonly number[]) =>
  sql.query<Comment>(`SELECT ${columns} FROM ${from} WHERE c.model_id = ANY($1) ORDER BY c.id`, [models])

/** `versionId` null: on the model. */
export const insertComment = async (
  sql: Sql,
  {
    versionId,
    requestId = null,
    modelId,
    accountId,
    actor,
    text,
    at,
  }: Pick<Comment, 'versionId' | 'modelId' | 'accountId' | 'actor' | 'text'> & { requestId?: number | null; at: number },
): Promise<number> =>
  (
    await sql.query<{ id: number }>(
      'INSERT INTO version_comment (version_id, model_id, account_id, actor, text, created_at, updated_at, request_id) VALUES ($1, $2, $3, $4, $5, $6, $6, $7) RETURNING id',
      [versionId, versionId === null ? modelId : null, accountId, actor, text, at, requestId],
    )
  )[0]!.id

export const changeComment = (sql: Sql, id: number, text: string, at: number) =>
  sql.query('UPDATE version_comment SET text = $2, updated_at = $3 WHERE id = $1', [id, text, at])

export const removeComment = (sql: Sql, id: number) => sql.query('DELETE FROM version_comment WHERE id = $1', [id])
