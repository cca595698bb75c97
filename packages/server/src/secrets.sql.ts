/** The statements of secrets.ts. */
import type { Sql } from '@tidegate/db'

/** Where sealed text is kept: a table with an `id`, and its column. */
export interface SealedColumn {
  table: string
  column: string
}

/** The id of the key that seals. */
export async function sealingKey(sql: Sql): Promise<string | undefined> {
  const [row] = await sql.query<{ id: string }>('SELECT id FROM secret_key')
  return row?.id
}

/** Where none seals yet, this one does from now on. */
export async function claimKey(sql: Sql, id: string, now: number): Promise<void> {
  await sql.query('INSERT INTO secret_key (id, since) VALUES ($1, $2) ON CONFLICT (one) DO NOTHING', [id, now])
}

export async function changeKey(sql: Sql, id: string, now: number): Promise<void> {
  await sql.query('INSERT INTO secret_key (id, since) VALUES ($1, $2) ON CONFLICT (one) DO UPDATE SET id = $1, since = $2', [id, now])
}

/** One at a time, until the transaction ends. */
export async function lockKeys(sql: Sql): Promise<void> {
  await sql.query('LOCK TABLE secret_key IN SHARE ROW EXCLUSIVE MODE')
}

/** What doesn't begin with any of these, locked. */
export const storedOtherwise = (sql: Sql, { table, column }: SealedColumn, beginnings: string[]) =>
  sql.query<{ id: number; stored: string }>(
    `SELECT id, ${column} AS stored FROM ${table} WHERE NOT ${column} ^@ ANY ($1::text[]) ORDER BY id FOR UPDATE`,
    [beginnings],
    'once',
  )

export async function storeAgain(sql: Sql, { table, column }: SealedColumn, rows: Array<{ id: number; stored: string }>): Promise<void> {
  await sql.query(
    `UPDATE ${table} t SET ${column} = n.stored FROM unnest($1::int[], $2::text[]) AS n (id, stored) WHERE t.id = n.id`,
    [rows.map(({ id }) => id), rows.map(({ stored }) => stored)],
    'once',
  )
}
