/**
 * Which runs match, and in which order. A search goes one of two ways:
 * - the walk: the first rows of the order are taken from an index, each is probed, and if they make a full page, that is
 *   the page. It costs the same however many runs there are;
 * - the whole: the set of all matches, from index ranges, is sorted. It is taken where the order has no index to walk, or
 *   where the walk's rows did not fill the page.
 * Both give the same. Ties go by start time, newest first, then by uuid; runs without a value come last in both
 * directions, NaN just before them. The texts carry key ids, so they are not kept prepared.
 */
import type { Sql } from '@tidegate/db'
import { kinds, type Lifecycle } from '../runs/run.ts'
import type { Column, Order } from './column.ts'
import { attribute, attributes, condition, isKeys, type KeysOf, type Put, places, probe } from './compare.sql.ts'
import { type Filter, leaves } from './filter.ts'
import { sets, simplified } from './sets.sql.ts'

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
  /** How many match in all: `bounded` stops counting at 10 000. @default 'none' */
  count?: 'none' | 'bounded' | 'exact'
  /** Only among these runs. */
  runs?: readonly number[]
}

export interface RunPage {
  /** In the order asked for. */
  ids: number[]
  hasMore: boolean
  /** Always there when counting was asked for, else only where it cost nothing. */
  total?: number
  /** False where there are more than `total`. */
  exact?: boolean
}

/** Where `bounded` stops. */
const bound = 10_000
/** Where a walk has to take more rows than this, the whole is cheaper. */
const deepest = 20_000

/** A column whose values have keys. */
type Valued = Column & { kind: 'metric' | 'param' | 'tag' }
const isValued = (column: Column): column is Valued => column.kind in kinds

/** A search whose keys are known. */
interface Ready {
  search: RunSearch
  /** Null: all pass. */
  filter: Filter | null
  orders: Order[]
  keysOf: KeysOf
}

/** A statement in the making. */
function statement() {
  const values: unknown[] = []
  const put: Put = (value) => `$${values.push(value)}`
  return { values, put }
}

/** One page of matching runs. */
export async function searchRuns(sql: Sql, search: RunSearch): Promise<RunPage> {
  if (!search.experiments.length || search.runs?.length === 0) return { ids: [], hasMore: false, total: 0, exact: true }
  const keysOf = await resolve(
    sql,
    search.experiments,
    [...leaves(search.filter), ...(search.orderBy ?? [])].map((it) => it.column),
  )
  const filter = search.filter ? simplified(search.filter, keysOf) : true
  if (filter === false) return { ids: [], hasMore: false, total: 0, exact: true }
  const orders = (search.orderBy ?? []).filter(({ column }) => !isValued(column) || keysOf(column).length)
  const ready = { search, filter: filter === true ? null : filter, orders, keysOf }
  const last = (search.offset ?? 0) + search.limit + 1

  const walk = walkStatement(ready, last)
  if (walk) {
    const rows = await sql.query<{ id: number | null; total: number; seen: number | null }>(walk.text, walk.values, 'once')
    const { total, seen } = rows[0]!
    // Fewer seen than asked for: that was everything.
    const everything = walk.complete || (seen !== null && seen < walk.rows)
    const page = pageOf(
      rows.flatMap(({ id }) => id ?? []),
      search,
    )
    if (everything) return { ...page, total, exact: true }
    if (total >= last) return { ...page, ...(await counted(sql, ready)) }
  }
  const whole = wholeStatement(ready)
  const rows = await sql.query<{ id: number; total: number }>(whole.text, whole.values, 'once')
  const page = pageOf(
    rows.map(({ id }) => id),
    search,
  )
  // Past the end there is no row to carry the number.
  if (!rows.length && search.offset) return { ...page, ...(await counted(sql, ready)) }
  return { ...page, total: rows[0]?.total ?? 0, exact: true }
}

/** A page without the one more that was asked for. */
const pageOf = (ids: number[], { limit }: RunSearch) => ({ ids: ids.slice(0, limit), hasMore: ids.length > limit })

/** The ids of the keys those columns name, in those experiments. */
async function resolve(sql: Sql, experiments: readonly number[], columns: Column[]): Promise<KeysOf> {
  const valued = columns.filter(isValued)
  const found = new Map<string, number[]>()
  if (valued.length) {
    const wanted = [...new Set(valued.map(({ kind }) => kinds[kind]))]
    const rows = await sql.query<{ id: number; kind: number; name: string }>(
      'SELECT id, kind, name FROM key WHERE experiment_id = ANY($1) AND kind = ANY($2) AND name = ANY($3)',
      [experiments, wanted, [...new Set(valued.map(({ key }) => key))]],
    )
    for (const { id, kind, name } of rows) {
      const place = `${kind}/${name}`
      found.set(place, [...(found.get(place) ?? []), id])
    }
  }
  return ({ kind, key }) => found.get(`${kinds[kind as Valued['kind']]}/${key}`) ?? []
}

const alive = ({ lifecycle = 'ACTIVE' }: RunSearch) =>
  lifecycle === 'ALL' ? [] : [`r.deleted_at IS ${lifecycle === 'ACTIVE' ? '' : 'NOT '}NULL`]

const where = (conditions: string[]) => (conditions.length ? `WHERE ${conditions.join(' AND ')}` : '')

/** ORDER BY of the terms, where `term(i)` is the value of the i-th. */
function orderOf(orders: Order[], term: (index: number) => string): string {
  const terms = orders.flatMap(({ column, descending }, i) => [
    ...(column.kind === 'metric' ? [`(${term(i)} = 'NaN') NULLS LAST`] : []),
    `${term(i)} ${descending ? 'DESC' : 'ASC'} NULLS LAST`,
  ])
  const byStart = orders.some(({ column }) => column.kind === 'attribute' && column.key === 'start_time')
  return [...terms, ...(byStart ? [] : ['r.start_time DESC']), 'r.uuid'].join(', ')
}

/**
 * The page among the first rows of the order, or among the runs named: `complete` says that there are no others. Null
 * where there is no index to walk, or too far to go.
 */
function walkStatement({ search, filter, orders, keysOf }: Ready, last: number) {
  const { values, put } = statement()
  const { experiments, runs } = search
  const first = orders[0]?.column
  // More than the page wants, for what the filter drops and for ties.
  const rows = filter ? last * 3 + 100 : first && isValued(first) ? last * 2 + 100 : last
  const used = new Set(['id', 'uuid', 'start_time'])
  for (const { column } of [...leaves(filter), ...orders])
    if (column.kind === 'attribute') for (const name of attributes[column.key]!) used.add(name)
  const columns = [...used].map((name) => `r.${name}`).join(', ')

  const tables: string[] = []
  if (runs) {
    const conditions = [`r.id = ANY(${put(runs)})`, `r.experiment_id = ANY(${put(experiments)})`, ...alive(search)]
    tables.push(`w AS MATERIALIZED (SELECT ${columns} FROM run r ${where(conditions)})`)
  } else if (orders.every(({ column }) => column.kind === 'attribute')) {
    // Only the start time has an index. Without a filter, the first rows of a sort do as well.
    if (filter && (rows > deepest || (first && first.key !== 'start_time'))) return null
    const order = `ORDER BY ${orderOf(orders, (i) => attribute(orders[i]!.column))} LIMIT ${put(rows)}`
    const one = `SELECT ${columns} FROM run r ${where(['r.experiment_id = e.id', ...alive(search)])} ${order}`
    tables.push(`w AS MATERIALIZED (SELECT r.* FROM unnest(${put(experiments)}::int[]) AS e(id) CROSS JOIN LATERAL (${one}) r ${order})`)
  } else if (first && isValued(first)) {
    const keys = keysOf(first)
    if (rows * keys.length > deepest) return null
    const { table, near, nearValue, far, value } = places[first.kind]
    const [way, before, last] = orders[0]!.descending ? ['DESC', '>', 'min'] : ['ASC', '<', 'max']
    const number = (value: string) => (first.kind === 'metric' ? ` AND ${value} < 'NaN'` : '')
    const order = `ORDER BY v ${way} LIMIT ${put(rows)}`
    const one = `SELECT run_id, ${nearValue} AS v FROM ${table} WHERE key_id = k.id AND ${near}${number(nearValue)} ${order}`
    tables.push(
      `t AS MATERIALIZED (SELECT x.* FROM unnest('{${keys.join()}}'::int[]) AS k(id) CROSS JOIN LATERAL (${one}) x ${order})`,
      `b AS MATERIALIZED (SELECT ${last}(v) AS v FROM t)`,
      // Rows that tie with the last one taken may have others beside them: only those before it count.
      `i AS (SELECT t.run_id FROM t, b WHERE t.v ${before} b.v UNION ALL SELECT run_id FROM ${table}
  WHERE ${isKeys(keys)} AND ${far}${number(value)} AND ${value} ${before} (SELECT v FROM b))`,
      `w AS MATERIALIZED (SELECT ${columns} FROM i JOIN run r ON r.id = i.run_id ${where(alive(search))})`,
    )
  } else return null

  const terms = orders.map(({ column }) =>
    isValued(column)
      ? `(SELECT ${places[column.kind].value} FROM ${places[column.kind].table} WHERE run_id = r.id AND ${isKeys(keysOf(column))})`
      : attribute(column),
  )
  const all = `SELECT ${withTerms(terms)} FROM w r ${where(filter ? [condition(filter, (it) => probe(it, keysOf, put))] : [])}`
  // A walk by value never sees the runs without one, so it can't be known to have seen all.
  const seen = first && isValued(first) ? 'NULL::int' : '(SELECT count(*) FROM w)::int'
  // At least one row, for the numbers.
  const text = `WITH ${tables.join(',\n')},
m AS MATERIALIZED (${all})
SELECT p.id, c.* FROM (SELECT count(*)::int AS total, ${seen} AS seen FROM m) c LEFT JOIN LATERAL (
  SELECT r.id FROM m r ${paged(orders, search, put)}) p ON true`
  return { text, values, rows, complete: runs !== undefined }
}

/** What a page is sorted by, the i-th term as `oi`. */
const withTerms = (terms: string[]) => ['r.id', 'r.start_time', 'r.uuid', ...terms.map((term, i) => `${term} AS o${i}`)].join(', ')

/** What takes the page from a set `r`. */
const paged = (orders: Order[], { offset = 0, limit }: RunSearch, put: Put) =>
  `ORDER BY ${orderOf(orders, (i) => `r.o${i}`)} OFFSET ${put(offset)} LIMIT ${put(limit + 1)}`

/** All runs that pass, with the columns given. */
function matches({ search, filter, keysOf }: Ready, put: Put, columns: string, joins = '') {
  const experiments = put(search.experiments)
  const asked = filter ? sets(filter, keysOf, experiments, put) : { within: [], rows: [] }
  const conditions = [`r.experiment_id = ANY(${experiments})`, ...alive(search), ...asked.rows]
  const from = asked.within.length
    ? `(${asked.within.map((set) => `(${set})`).join(' INTERSECT ')}) s JOIN run r ON r.id = s.run_id`
    : 'run r'
  return `SELECT ${columns} FROM ${from} ${joins} ${where(conditions)}`
}

/** The page of all matches, each with their number. */
function wholeStatement(ready: Ready) {
  const { search, orders, keysOf } = ready
  const { values, put } = statement()
  const joins: string[] = []
  const terms = orders.map(({ column }, i) => {
    if (!isValued(column)) return attribute(column)
    const { table, near, nearValue, far, value } = places[column.kind]
    const from = `FROM ${table} WHERE ${isKeys(keysOf(column))}`
    joins.push(
      `LEFT JOIN (SELECT run_id, ${nearValue} AS v ${from} AND ${near} UNION ALL SELECT run_id, ${value} ${from} AND ${far}) o${i} ON o${i}.run_id = r.id`,
    )
    return `o${i}.v`
  })
  const all = matches(ready, put, withTerms(terms), joins.join('\n'))
  // Sets of 100 000 are counted and sorted in one go: kept in a table first, they take twice the time.
  const text = `SELECT r.id, (count(*) OVER ())::int AS total FROM (${all}) r
${paged(orders, search, put)}`
  return { text, values }
}

/** How many match, as far as that was asked. */
async function counted(sql: Sql, ready: Ready): Promise<Pick<RunPage, 'total' | 'exact'>> {
  const { count = 'none' } = ready.search
  if (count === 'none') return {}
  const { values, put } = statement()
  const all = matches(ready, put, '1')
  const text = `SELECT count(*)::int AS total FROM (${all}${count === 'bounded' ? ` LIMIT ${bound + 1}` : ''}) m`
  const [row] = await sql.query<{ total: number }>(text, values, 'once')
  return { total: count === 'bounded' ? Math.min(row!.total, bound) : row!.total, exact: count === 'exact' || row!.total <= bound }
}
