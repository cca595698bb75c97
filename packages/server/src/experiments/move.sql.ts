/** Many experiments renamed at once: a handful of statements whatever their number. */
import type { Sql } from '@tidegate/db'

export interface ExperimentPlace {
  id: number
  workspaceId: number
  name: string
  isDeleted: boolean
}

/** Those of a workspace that are there, in no order. */
export const findExperiments = (sql: Sql, workspace: number, ids: readonly number[]) =>
  sql.query<ExperimentPlace>(
    `SELECT id, workspace_id AS "workspaceId", name, deleted_at IS NOT NULL AS "isDeleted"
     FROM experiment WHERE id = ANY($1) AND workspace_id = $2 AND purged_at IS NULL`,
    [ids, workspace],
  )

/** Which of `names` other experiments than these have, deleted ones too. */
export const namesTaken = async (sql: Sql, workspace: number, ids: readonly number[], names: readonly string[]) =>
  (
    await sql.query<{ name: string }>('SELECT name FROM experiment WHERE workspace_id = $1 AND name = ANY($3) AND id <> ALL($2) LIMIT 1', [
      workspace,
      ids,
      names,
    ])
  )[0]?.name

/**
 * Gives each its name, in a transaction of the caller's. All step aside first: one may take the name that another leaves, and a name is
 * checked row by row. Gives the ids of those that were active.
 */
export async function renameAll(sql: Sql, ids: readonly number[], names: readonly string[], at: number): Promise<number[]> {
  // In the order of their ids, so that no two wait for each other.
  const locked = await sql.query<{ id: number }>(
    'SELECT id FROM experiment WHERE id = ANY($1) AND deleted_at IS NULL AND purged_at IS NULL ORDER BY id FOR UPDATE',
    [ids],
  )
  await sql.query(`UPDATE experiment SET name = 'moving ' || gen_random_uuid() WHERE id = ANY($1)`, [ids])
  await sql.query(
    `UPDATE experiment e SET name = n.name, updated_at = $3 FROM unnest($1::int[], $2::text[]) n(id, name) WHERE e.id = n.id`,
    [ids, names, at],
  )
  return locked.map(({ id }) => id)
}
