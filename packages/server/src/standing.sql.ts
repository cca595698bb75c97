/** The statements of standing.ts. Tags of registered models are an object in their row. */
import type { Sql } from '@tidegate/db'

/** The ids of the registered models of a workspace that have all of these tags. */
export const modelsTagged = async (sql: Sql, workspace: number, tags: Record<string, string>): Promise<number[]> =>
  (
    await sql.query<{ id: number }>('SELECT id FROM registered_model WHERE workspace_id = $1 AND tags @> $2::jsonb', [
      workspace,
      JSON.stringify(tags),
    ])
  ).map(({ id }) => id)
