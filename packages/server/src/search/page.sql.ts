/** What both ways of a search share: which runs may be seen, and how a page is cut from those that match. */
import { kinds, type Lifecycle } from '../runs/run.ts'
import type { Column, Order } from './column.ts'
import type { KeysOf, Put } from './compare.sql.ts'
import type { Filter } from './filter.ts'

export interface RunSearch {
  /** Authorised already. */
  experiments: readonly number[]
  filter?: Filter | null
  /** @default 'ACTIVE' */
  lifecycle?: Lifecycle
  /** @default newest first */
  orderBy?: readonly Order[]
  limit: number
  /** @default 0 */
  offset?: number
  /** Where the order is by start time alone: only what comes behind this, and no offset then. */
  after?: Place | undefined
  /** How many match in all: `bounded` stops counting at 10 000. @default 'none' */
  count?: 'none' | 'bounded' | 'exact'
  /** Only among these runs. */
  runs?: readonly number[]
}

/** Where a run stands among the newest. */
export interface Place {
  startTime: number
  uuid: string
}

/** A search whose keys are known. */
export interface Ready {
  search: RunSearch
  /** Null: all pass. */
  filter: Filter | null
  orders: Order[]
  keysOf: KeysOf
}

/** A column whose values have keys. */
export type Valued = Column & { kind: 'metric' | 'param' | 'tag' }
export const isValued = (column: Column): column is Valued => column.kind in kinds

/** A statement in the making. */
export function statement() {
  const values: unknown[] = []
  const put: Put = (value) => `$${values.push(value)}`
  return { values, put }
}

export const alive = ({ lifecycle = 'ACTIVE' }: RunSearch) =>
  lifecycle === 'ALL' ? [] : [`r.deleted_at IS ${lifecycle === 'ACTIVE' ? '' : 'NOT '}NULL`]

export const where = (conditions: string[]) => (conditions.length ? `WHERE ${conditions.join(' AND ')}` : '')

const startOrder = (orders: readonly Order[]) => orders.find(({ column }) => column.kind === 'attribute' && column.key === 'start_time')

/** ORDER BY of the terms, where `term(i)` is the value of the i-th. */
export function orderOf(orders: Order[], term: (index: number) => string): string {
  const terms = orders.flatMap(({ column, descending }, i) => [
    ...(column.kind === 'metric' ? [`(${term(i)} = 'NaN') NULLS LAST`] : []),
    `${term(i)} ${descending ? 'DESC' : 'ASC'} NULLS LAST`,
  ])
  return [...terms, ...(startOrder(orders) ? [] : ['r.start_time DESC']), 'r.uuid'].join(', ')
}

/** Whether pages of an order can begin behind a place, which costs the same at every depth. */
export const hasPlaces = (orders: readonly Order[]) => orders.length === 0 || (orders.length === 1 && startOrder(orders) !== undefined)

/** That a run comes behind the place a search begins at. */
export function behind({ after, orderBy = [] }: RunSearch, put: Put): string[] {
  if (!after) return []
  const [start, uuid] = [`${put(after.startTime)}::bigint`, put(after.uuid)]
  const way = orderBy.length === 0 || orderBy[0]!.descending ? '<' : '>'
  return [`r.start_time ${way}= ${start}`, `(r.start_time ${way} ${start} OR r.uuid > ${uuid})`]
}

/** What a page is sorted by, the i-th term as `oi`. */
export const withTerms = (terms: string[]) => ['r.id', 'r.start_time', 'r.uuid', ...terms.map((term, i) => `${term} AS o${i}`)].join(', ')

/** What takes the page from a set `r`, and one run more. */
export const paged = (orders: Order[], { offset = 0, limit }: RunSearch, put: Put) =>
  `ORDER BY ${orderOf(orders, (i) => `r.o${i}`)} OFFSET ${put(offset)} LIMIT ${put(limit + 1)}`
