/** What the tables hold of some runs, and whether anything in them belongs to nothing. Reads every table there is. */
import type { Sql } from '@tidegate/db'

const column = `SELECT table_name AS "table" FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND column_name = $1 AND table_name <> $2 AND table_name NOT IN ('purge', 'trash_size') ORDER BY 1`

/** The columns by which rows belong to something, and to rows of which table. */
const owners = [
  ['run_id', 'run'],
  ['experiment_id', 'experiment'],
  ['model_id', 'logged_model'],
  ['dataset_id', 'dataset'],
  ['key_id', 'key'],
] as const

/** Tables that hold rows of what is not there any more, with their number. */
export async function rowsOfNothing(sql: Sql): Promise<Record<string, number>> {
  const found: Record<string, number> = {}
  for (const [name, owner] of owners) {
    for (const { table } of await sql.query<{ table: string }>(column, [name, owner])) {
      const [row] = await sql.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM ${table} t WHERE t.${name} IS NOT NULL AND NOT EXISTS (SELECT FROM ${owner} o WHERE o.id = t.${name})`,
      )
      if (row!.n) found[`${table}.${name}`] = row!.n
    }
  }
  const unused = `SELECT count(*)::int AS n FROM dataset d WHERE NOT EXISTS (SELECT FROM dataset_input i WHERE i.dataset_id = d.id)`
  const [datasets] = await sql.query<{ n: number }>(unused)
  if (datasets!.n) found.dataset = datasets!.n
  const sizes = `SELECT count(*)::int AS n FROM trash_size s WHERE NOT EXISTS (SELECT FROM run r WHERE s.kind = 0 AND r.id = s.id
    UNION ALL SELECT FROM logged_model m WHERE s.kind = 1 AND m.id = s.id)`
  const [measured] = await sql.query<{ n: number }>(sizes)
  if (measured!.n) found.trash_size = measured!.n
  return found
}

/** All rows of these runs, by table, as text and sorted. */
export async function rowsOf(sql: Sql, runs: readonly number[]): Promise<Record<string, string[]>> {
  const tables = await sql.query<{ table: string }>(column, ['run_id', ''])
  const found: Record<string, string[]> = {}
  for (const [table, id] of [['run', 'id'], ...tables.map(({ table }) => [table, 'run_id'])] as Array<[string, string]>) {
    const rows = await sql.query<{ row: string }>(`SELECT md5(t::text) AS row FROM ${table} t WHERE ${id} = ANY($1) ORDER BY 1`, [runs])
    found[table] = rows.map(({ row }) => row)
  }
  return found
}
