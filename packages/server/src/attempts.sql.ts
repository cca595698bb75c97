/** The statements of attempts.ts. Each is one, so that of many at once none slips through uncounted. */
import type { Sql } from '@tidegate/db'

export interface Tally {
  key: string
  count: number
  /** When the first was, ms. */
  since: number
}

const add = `INSERT INTO attempt AS a (key, count, since) SELECT k, 1, $2 FROM unnest($1::text[]) AS k ORDER BY k
ON CONFLICT (key) DO UPDATE SET count = CASE WHEN a.since <= $3 THEN 1 ELSE a.count + 1 END, since = CASE WHEN a.since <= $3 THEN $2 ELSE a.since END
RETURNING key, count, since::float8 AS since`

/** Counts one of each; what began before `forgotten` begins anew. */
export const addAttempt = (sql: Sql, keys: string[], now: number, forgotten: number): Promise<Tally[]> =>
  sql.query<Tally>(add, [keys, now, forgotten])

/** It was none after all. */
export const takeBack = (sql: Sql, keys: string[]): Promise<unknown> =>
  sql.query('UPDATE attempt SET count = greatest(count - 1, 0) WHERE key = ANY($1)', [keys])

/** All of them. */
export const forgetAttempts = (sql: Sql, keys: string[]): Promise<unknown> => sql.query('DELETE FROM attempt WHERE key = ANY($1)', [keys])

export const forgetOld = (sql: Sql, forgotten: number): Promise<unknown> => sql.query('DELETE FROM attempt WHERE since <= $1', [forgotten])
