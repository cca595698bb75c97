/**
 * Regular expressions are programs that a stranger wrote: their statements are cut off after a while, and one that
 * Postgres can't read is refused with its place in the filter. (LIKE needs no such care: Postgres' never goes back far.)
 */
import type { Database, Sql } from '@tidegate/db'
import { AppError, invalid } from '../errors.ts'
import { type Explanation, type Filter, leaves } from './filter.ts'

/** What each statement of a search by patterns may take, ms. */
const patience = 5_000

const expressions = (filter: Filter | null) => leaves(filter).filter(({ comparator }) => comparator === '~' || comparator === '!~')

const codeOf = (error: unknown) => (error as { code?: string } | null)?.code

/** Does the searching of a filter's statements, for no longer than they may take. Throws INVALID_PARAMETER_VALUE. */
export async function patiently<T>(db: Database, filter: Filter | null, work: (sql: Sql) => Promise<T>, longest = patience): Promise<T> {
  if (!expressions(filter).length) return work(db)
  const explanation = await explainPatterns(db, { ok: true, filter })
  if (!explanation.ok) throw invalid(`${explanation.message}, at ${explanation.start} to ${explanation.end} of the filter`, 'filter')
  try {
    return await db.tx(async (sql) => {
      await sql.query(`SET LOCAL statement_timeout = ${longest}`)
      return work(sql)
    })
  } catch (error) {
    if (codeOf(error) !== '57014') throw error
    throw new AppError(
      'INVALID_PARAMETER_VALUE',
      `The patterns of this filter took longer than ${longest / 1000} s. Make them simpler, or narrow the search by other comparisons.`,
      { field: 'filter', cause: error },
    )
  }
}

/** What is wrong with a filter's regular expressions, where the filter itself is right. */
export async function explainPatterns(db: Database, explanation: Explanation): Promise<Explanation> {
  if (!explanation.ok) return explanation
  for (const { value, at } of expressions(explanation.filter)) {
    try {
      await db.tx(async (sql) => {
        await sql.query(`SET LOCAL statement_timeout = ${patience}`)
        await sql.query(`SELECT '' ~ $1`, [value])
      })
    } catch (error) {
      const code = codeOf(error)
      if (code !== '2201B' && code !== '57014') throw error
      const why = (error as Error).message.replace(/^invalid regular expression: /, '')
      return { ok: false, message: `Invalid regular expression '${value}': ${why}`, ...at! }
    }
  }
  return explanation
}
