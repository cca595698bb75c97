/** Which experiments match, and in which order. They are few: one statement, no sets, no walk. */
import type { Sql } from '@tidegate/db'
import type { Reach } from '../access.ts'
import type { Lifecycle } from '../runs/run.ts'
import type { Order } from './column.ts'
import { compared, condition, type Put, reached } from './compare.sql.ts'
import type { Comparison, Filter } from './filter.ts'

export interface ExperimentSearch {
  workspace: number
  /** What the caller may read. @default all of the workspace */
  reach?: Reach
  /** Parsed as `experiments`. */
  filter?: Filter | null
  /** @default 'ACTIVE' */
  lifecycle?: Lifecycle
  /** Ties go by id, newest first. @default newest first */
  orderBy?: readonly Order[]
  limit: number
  /** @default 0 */
  offset?: number
}

const columns: Record<string, string> = {
  experiment_id: 'e.id',
  name: 'e.name',
  creation_time: 'e.created_at',
  last_update_time: 'e.updated_at',
}

/** One page of matching experiments. */
export async function searchExperiments(sql: Sql, search: ExperimentSearch): Promise<{ ids: number[]; hasMore: boolean }> {
  const { workspace, reach = { but: [] }, filter, lifecycle = 'ACTIVE', orderBy = [], limit, offset = 0 } = search
  const values: unknown[] = []
  const put: Put = (value) => `$${values.push(value)}`
  const conditions = [`e.workspace_id = ${put(workspace)}`, 'e.purged_at IS NULL', ...reached(reach, 'e.id', put)]
  if (lifecycle !== 'ALL') conditions.push(`e.deleted_at IS ${lifecycle === 'ACTIVE' ? '' : 'NOT '}NULL`)
  const leaf = (it: Comparison): string => {
    const { kind, key } = it.column
    if (kind === 'attribute') return compared(key === 'experiment_id' ? 'e.id::text' : columns[key]!, it, put)
    const has = `EXISTS (SELECT FROM experiment_tag t WHERE t.experiment_id = e.id AND t.key = ${put(key)} AND ${compared('t.value', it, put)})`
    return it.comparator === 'IS NULL' ? `NOT ${has}` : has
  }
  if (filter) conditions.push(condition(filter, leaf))
  const terms = orderBy.map(({ column, descending }) => `${columns[column.key]} ${descending ? 'DESC' : 'ASC'}`)
  if (!terms.length) terms.push('e.created_at DESC', 'e.id')
  else terms.push('e.id DESC')
  const text = `SELECT e.id FROM experiment e WHERE ${conditions.join(' AND ')} ORDER BY ${terms.join(', ')} OFFSET ${put(offset)} LIMIT ${put(limit + 1)}`
  const ids = (await sql.query<{ id: number }>(text, values, 'once')).map(({ id }) => id)
  return { ids: ids.slice(0, limit), hasMore: ids.length > limit }
}

/** Those of `wanted`, or all, that are of a workspace and not purged. Every search asks this first: Prisma takes longer over it than Postgres. */
export const experimentsIn = async (sql: Sql, workspace: number, wanted?: readonly number[]): Promise<number[]> =>
  (
    await sql.query<{ id: number }>(
      'SELECT id FROM experiment WHERE workspace_id = $1 AND purged_at IS NULL AND ($2::int[] IS NULL OR id = ANY($2))',
      [workspace, wanted ?? null],
    )
  ).map(({ id }) => id)
