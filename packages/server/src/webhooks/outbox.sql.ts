/** The statements of outbox.ts. */
import type { Sql } from '@tidegate/db'

export interface HookRow {
  id: number
  uuid: string
  dialect: string
  modelId: number | null
  events: string[]
}

/** Those of a workspace that are on. */
export const hooksFor = (sql: Sql, workspace: number) =>
  sql.query<HookRow>(
    `SELECT id, uuid, dialect, model_id AS "modelId", events FROM webhook WHERE workspace_id = $1 AND status = 'ACTIVE' ORDER BY id`,
    [workspace],
  )

/** Which of these models MLflow keeps prompts as. */
export const promptsAmong = async (sql: Sql, models: readonly number[]): Promise<Set<number>> =>
  new Set(
    (await sql.query<{ id: number }>('SELECT id FROM registered_model WHERE id = ANY($1::int[]) AND is_prompt', [models])).map(
      ({ id }) => id,
    ),
  )

export const addDelivery = (
  sql: Sql,
  { uuid, webhook, model, event, body, now }: { uuid: string; webhook: number; model: number; event: string; body: string; now: number },
) =>
  sql.query(
    `INSERT INTO webhook_delivery (uuid, webhook_id, model_id, event, body, created_at, next_at) VALUES ($1, $2, $3, $4, $5, $6, $6)`,
    [uuid, webhook, model, event, body, now],
  )

export interface Waiting {
  id: number
  uuid: string
  body: string
  attempts: number
  /** ms since 1970 */
  nextAt: number
}

/** The oldest that waits. */
export const nextDelivery = async (sql: Sql, webhook: number, model: number): Promise<Waiting | undefined> =>
  (
    await sql.query<Waiting>(
      `SELECT id, uuid, body, attempts, next_at AS "nextAt" FROM webhook_delivery
       WHERE webhook_id = $1 AND model_id = $2 AND state = 'PENDING' ORDER BY id LIMIT 1`,
      [webhook, model],
    )
  )[0]

/** False where it was off already. */
export const turnOff = async (sql: Sql, webhook: number, notice: string): Promise<boolean> =>
  (
    await sql.query(`UPDATE webhook SET status = 'DISABLED', notice = $2 WHERE id = $1 AND status = 'ACTIVE' RETURNING id`, [
      webhook,
      notice,
    ])
  ).length > 0

export async function giveUp(sql: Sql, webhook: number, why: string): Promise<void> {
  await sql.query(`UPDATE webhook_delivery SET state = 'FAILED', error = $2 WHERE webhook_id = $1 AND state = 'PENDING'`, [webhook, why])
}

/** What should have been tried before a time. */
export const overdue = (sql: Sql, before: number) =>
  sql.query<{ webhook: number; model: number }>(
    `SELECT DISTINCT webhook_id AS webhook, model_id AS model FROM webhook_delivery WHERE state = 'PENDING' AND next_at < $1`,
    [before],
  )

export async function forgetDeliveries(sql: Sql, before: number): Promise<void> {
  await sql.query(`DELETE FROM webhook_delivery WHERE created_at < $1 AND state <> 'PENDING'`, [before])
}
