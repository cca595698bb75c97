/** The statements of standing.ts. Tags of registered models are an object in their row. */
import type { Sql } from '@tidegate/db'
import type { Which } from './standing.ts'

/** The ids of the registered models of a workspace that are as a rule has them. `owner`: who holds the role. */
export const modelsThat = async (sql: Sql, workspace: number, { tags, stage, alias, isOwn }: Which, owner: string): Promise<number[]> =>
  (
    await sql.query<{ id: number }>(
      `SELECT m.id FROM registered_model m
       WHERE m.workspace_id = $1 AND m.tags @> $2::jsonb
         AND ($3::text IS NULL OR EXISTS (SELECT FROM model_version v WHERE v.registered_model_id = m.id AND v.stage = $3))
         AND ($4::text IS NULL OR EXISTS (SELECT FROM model_alias a WHERE a.registered_model_id = m.id AND a.alias = $4))
         AND ($5::text IS NULL OR m.owner = $5)`,
      [workspace, JSON.stringify(tags), stage, alias, isOwn ? owner : null],
    )
  ).map(({ id }) => id)
