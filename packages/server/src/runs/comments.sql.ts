/** Comments on runs: a statement for each thing that is done with them. What one says is its last text; the ones before are kept. */
import type { Sql } from '@tidegate/db'

export interface RunComment {
  id: number
  runId: number
  /** The run's. */
  uuid: string
  experimentId: number
  workspaceId: number
  /** 0 without accounts. */
  accountId: number
  actor: string
  createdAt: number
  /** When it was taken away. */
  deletedAt: number | null
  /** All that it has said, the oldest first; never none. */
  texts: Array<{ text: string; at: number }>
}

const columns = `c.id, c.run_id AS "runId", r.uuid, r.experiment_id AS "experimentId", r.workspace_id AS "workspaceId", c.account_id AS "accountId",
  c.actor, c.created_at AS "createdAt", c.deleted_at AS "deletedAt",
  (SELECT json_agg(json_build_object('text', t.text, 'at', t.at) ORDER BY t.id) FROM run_comment_text t WHERE t.comment_id = c.id) AS texts`
const from = 'run_comment c JOIN run r ON r.id = c.run_id'

export const readRunComment = async (sql: Sql, id: number): Promise<RunComment | undefined> =>
  (await sql.query<RunComment>(`SELECT ${columns} FROM ${from} WHERE c.id = $1`, [id]))[0]

/** Of these runs, also what was taken away, the oldest first. */
export const commentsOfRuns = (sql: Sql, runs: readonly number[]) =>
  sql.query<RunComment>(`SELECT ${columns} FROM ${from} WHERE c.run_id = ANY($1::int[]) ORDER BY c.id`, [runs])

export const insertRunComment = async (
  sql: Sql,
  { runId, accountId, actor, at }: Pick<RunComment, 'runId' | 'accountId' | 'actor'> & { at: number },
): Promise<number> =>
  (
    await sql.query<{ id: number }>(
      'INSERT INTO run_comment (run_id, account_id, actor, created_at) VALUES ($1, $2, $3, $4) RETURNING id',
      [runId, accountId, actor, at],
    )
  )[0]!.id

export const sayInRunComment = (sql: Sql, comment: number, text: string, at: number) =>
  sql.query('INSERT INTO run_comment_text (comment_id, text, at) VALUES ($1, $2, $3)', [comment, text, at])

export const removeRunComment = (sql: Sql, comment: number, at: number) =>
  sql.query('UPDATE run_comment SET deleted_at = $2 WHERE id = $1 AND deleted_at IS NULL', [comment, at])
