/** Whether the values of a key differ between runs, asked of all runs that pass a filter at once. */
import type { Sql } from '@tidegate/db'
import type { Kind } from '../runs/run.ts'
import { isKeys, places } from './compare.sql.ts'
import { type RunSearch, statement } from './page.sql.ts'
import { passing } from './search.sql.ts'

export interface Spread {
  key: number
  /** Runs that have it. */
  runs: number
  /** The least and the greatest value, as text. */
  low: string
  high: string
}

/** Of keys of one kind; those that no run has are left out. */
export async function spreads(sql: Sql, search: Omit<RunSearch, 'limit'>, kind: Kind, keys: readonly number[]): Promise<Spread[]> {
  const { values, put } = statement()
  const runs = keys.length ? await passing(sql, search, put) : null
  if (!runs) return []
  const { table, value } = places[kind]
  return sql.query<Spread>(
    `SELECT key_id AS key, count(*)::int AS runs, min(x)::text AS low, max(x)::text AS high
     FROM (SELECT key_id, run_id, ${value} AS x FROM ${table} WHERE ${isKeys(keys)}) v JOIN (${runs}) m ON m.id = v.run_id GROUP BY key_id`,
    values,
    'once',
  )
}

/** How many runs pass. */
export async function countPassing(sql: Sql, search: Omit<RunSearch, 'limit'>): Promise<number> {
  const { values, put } = statement()
  const runs = await passing(sql, search, put)
  if (!runs) return 0
  return (await sql.query<{ n: number }>(`SELECT count(*)::int AS n FROM (${runs}) m`, values, 'once'))[0]!.n
}
