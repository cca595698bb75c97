/**
 * The search for registered models and for versions as SQL, on a model `m` and a version `v`. Permission is part of the statement: what
 * may not be read is in no page and in no count. Prompts, which MLflow keeps as models, are left out unless the filter asks for them.
 */
import type { Sql } from '@tidegate/db'
import type { Reach } from '../access.ts'
import type { Order } from '../search/column.ts'
import { compared, condition, type Put, reached } from '../search/compare.sql.ts'
import { type Comparison, type Filter, leaves } from '../search/filter.ts'

export interface RegistrySearch {
  workspace: number
  reach: Reach
  filter: Filter | null
  orderBy: readonly Order[]
  limit: number
  offset: number
  /** Count all that match. */
  count?: boolean
  /** Prompts too, whatever the filter says of them. */
  withPrompts?: boolean
}

export interface RegistryPage {
  ids: number[]
  hasMore: boolean
  total: number | undefined
}

const promptTag = 'mlflow.prompt.is_prompt'

/** Whether a filter means prompts. */
const asksForPrompts = (filter: Filter | null): boolean =>
  leaves(filter).some(({ column, comparator, value }) => {
    if (column.kind !== 'tag' || column.key !== promptTag) return false
    const word = String(value).toLowerCase()
    return (comparator === '=' && word === 'true') || (comparator === '!=' && word === 'false')
  })

const modelColumns: Record<string, string> = {
  name: 'm.name',
  owner: 'm.owner',
  creation_timestamp: 'm.created_at',
  last_updated_timestamp: 'm.updated_at',
}
const versionColumns: Record<string, string> = {
  name: 'm.name',
  version_number: 'v.version',
  run_id: 'v.run',
  source_path: 'v.source',
  creation_timestamp: 'v.created_at',
  last_updated_timestamp: 'v.updated_at',
  model_id: 'v.logged_model',
  stage: 'v.stage',
  status: 'v.status',
  owner: 'v.created_by',
}

/** One comparison. What a thing does not have is false, but for IS NULL. */
function leaf(it: Comparison, table: 'm' | 'v', put: Put): string {
  const { column, comparator, value } = it
  const isNull = comparator === 'IS NULL' || comparator === 'IS NOT NULL'
  if (column.kind === 'attribute') {
    if (column.key === 'alias') {
      const has = `EXISTS (SELECT FROM model_alias a WHERE a.version_id = v.id AND ${compared('a.alias', it, put)})`
      return comparator === 'IS NULL' ? `NOT ${has}` : has
    }
    const expression = (table === 'm' ? modelColumns : versionColumns)[column.key]!
    return isNull ? `NULLIF(${expression}::text, '') ${comparator}` : compared(expression, it, put)
  }
  // Models that are none of prompts have no such tag.
  if (column.key === promptTag && !isNull) return compared(`coalesce(${table}.tags ->> '${promptTag}', 'false')`, it, put)
  // By the index.
  if (comparator === '=') return `${table}.tags @> jsonb_build_object(${put(column.key)}::text, ${put(value)}::text)`
  const text = `(${table}.tags ->> ${put(column.key)}::text)`
  return isNull ? `${text} ${comparator}` : compared(text, it, put)
}

async function search(
  sql: Sql,
  { workspace, reach, filter, orderBy, limit, offset, count = false, withPrompts = false }: RegistrySearch,
  table: 'm' | 'v',
): Promise<RegistryPage> {
  const values: unknown[] = []
  const put: Put = (value) => `$${values.push(value)}`
  const columns = table === 'm' ? modelColumns : versionColumns
  const where = [
    `m.workspace_id = ${put(workspace)}`,
    ...(withPrompts || asksForPrompts(filter) ? [] : ['NOT m.is_prompt']),
    ...reached(reach, 'm.id', put),
    ...(filter ? [condition(filter, (it) => leaf(it, table, put))] : []),
  ].join(' AND ')
  const from = table === 'm' ? 'registered_model m' : 'model_version v JOIN registered_model m ON m.id = v.registered_model_id'
  const whole = [...values]
  const named = new Set(orderBy.map(({ column }) => column.key))
  const order = [
    ...orderBy.map(({ column, descending }) => `${columns[column.key]} ${descending ? 'DESC' : 'ASC'}`),
    ...(named.has('name') ? [] : ['m.name ASC']),
    ...(table === 'v' && !named.has('version_number') ? ['v.version DESC'] : []),
  ]
  const text = `SELECT ${table}.id FROM ${from} WHERE ${where} ORDER BY ${order.join(', ')} LIMIT ${put(limit + 1)} OFFSET ${put(offset)}`
  const ids = (await sql.query<{ id: number }>(text, values, 'once')).map(({ id }) => id)
  const all = count ? await sql.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${from} WHERE ${where}`, whole, 'once') : undefined
  return { ids: ids.slice(0, limit), hasMore: ids.length > limit, total: all?.[0]?.n }
}

export const searchModels = (sql: Sql, it: RegistrySearch) => search(sql, it, 'm')
export const searchVersions = (sql: Sql, it: RegistrySearch) => search(sql, it, 'v')
