/**
 * Which runs match, and in which order. A search goes one of two ways:
 * - the walk (walk.sql.ts), and where its rows nearly filled the page, a longer one;
 * - the whole: the set of all matches, from index ranges, is sorted. It is taken where the order has no index to walk, or
 *   where the walk's rows did not fill the page.
 * Both give the same. Ties go by start time, newest first, then by uuid; runs without a value come last in both
 * directions, NaN just before them. The texts carry key ids, so they are not kept prepared.
 */
import type { Sql } from '@tidegate/db'
import { kinds } from '../runs/run.ts'
import type { Column } from './column.ts'
import { attribute, isKeys, type KeysOf, type Put, places } from './compare.sql.ts'
import { leaves } from './filter.ts'
import { alive, behind, isValued, paged, type Ready, type RunSearch, statement, type Valued, where, withTerms } from './page.sql.ts'
import { sets, simplified } from './sets.sql.ts'
import { firstRows, walkStatement } from './walk.sql.ts'

export type { RunSearch } from './page.sql.ts'

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
/** A second walk is worth it up to here, rows, and up to this share of the runs that have the values asked for. */
const furthest = 4_000
const share = 6
/** Up to this many matches their values are looked up one by one; more are joined with all values there are. */
const few = 5_000

/** One page of matching runs. */
export async function searchRuns(sql: Sql, search: RunSearch): Promise<RunPage> {
  const ready = await prepare(sql, search)
  if (!ready) return { ids: [], hasMore: false, total: 0, exact: true }
  return (await walked(sql, ready, Math.min(furthest, ready.uses / share))) ?? whole(sql, ready)
}

/** A search with the keys it names, and those of `columns`. Null where nothing can match. */
export async function prepare(sql: Sql, search: RunSearch, columns: readonly Column[] = []): Promise<(Ready & { uses: number }) | null> {
  if (!search.experiments.length || search.runs?.length === 0) return null
  const named = [...leaves(search.filter), ...(search.orderBy ?? [])].map((it) => it.column)
  const { keysOf, uses } = await resolve(sql, search.experiments, [...named, ...columns])
  const filter = search.filter ? simplified(search.filter, keysOf) : true
  if (filter === false) return null
  const orders = (search.orderBy ?? []).filter(({ column }) => !isValued(column) || keysOf(column).length)
  return { search, filter: filter === true ? null : filter, orders, keysOf, uses }
}

/** The page by a walk, or by a second of at most `further` rows. Null where that is not the way. */
async function walked(sql: Sql, ready: Ready, further: number): Promise<RunPage | null> {
  const { search } = ready
  const last = (search.offset ?? 0) + search.limit + 1
  for (let rows = firstRows(ready, last), isSecond = false; ; isSecond = true) {
    const walk = walkStatement(ready, rows)
    if (!walk) return null
    const found = await sql.query<{ id: number | null; total: number; seen: number | null }>(walk.text, walk.values, 'once')
    const { total, seen } = found[0]!
    const page = pageOf(
      found.flatMap(({ id }) => id ?? []),
      search,
    )
    // Fewer seen than asked for: that was everything.
    if (walk.complete || (seen !== null && seen < walk.rows))
      return search.after ? { ...page, ...(await counted(sql, ready)) } : { ...page, total, exact: true }
    if (total >= last) return { ...page, ...(await counted(sql, ready)) }
    rows = Math.ceil(((rows * last) / total) * 1.3) + 100
    if (isSecond || rows > further) return null
  }
}

async function whole(sql: Sql, ready: Ready): Promise<RunPage> {
  const { search } = ready
  const { text, values } = wholeStatement(ready)
  const rows = await sql.query<{ id: number; total: number | null }>(text, values, 'once')
  const page = pageOf(
    rows.map(({ id }) => id),
    search,
  )
  const total = rows[0]?.total
  // Past the end there is no row to carry the number, and behind a place it is another one.
  if (total === undefined || total === null || search.after) return { ...page, ...(await counted(sql, ready)) }
  return { ...page, total, exact: true }
}

/** A page without the one more that was asked for. */
const pageOf = (ids: number[], { limit }: RunSearch) => ({ ids: ids.slice(0, limit), hasMore: ids.length > limit })

/**
 * The ids of the keys those columns name, in those experiments; and how many runs have the most used of them, as the
 * catalogue knows (0 for what is new).
 */
async function resolve(sql: Sql, experiments: readonly number[], columns: Column[]): Promise<{ keysOf: KeysOf; uses: number }> {
  const valued = columns.filter(isValued)
  const found = new Map<string, number[]>()
  const used = new Map<string, number>()
  if (valued.length) {
    const wanted = [...new Set(valued.map(({ kind }) => kinds[kind]))]
    const rows = await sql.query<{ id: number; kind: number; name: string; uses: number }>(
      'SELECT id, kind, name, uses FROM key WHERE experiment_id = ANY($1) AND kind = ANY($2) AND name = ANY($3)',
      [experiments, wanted, [...new Set(valued.map(({ key }) => key))]],
    )
    for (const { id, kind, name, uses } of rows) {
      const place = `${kind}/${name}`
      found.set(place, [...(found.get(place) ?? []), id])
      used.set(place, (used.get(place) ?? 0) + uses)
    }
  }
  return {
    keysOf: ({ kind, key }) => found.get(`${kinds[kind as Valued['kind']]}/${key}`) ?? [],
    uses: Math.max(0, ...used.values()),
  }
}

/** All runs that pass, with the columns given. */
export function matches({ search, filter, keysOf }: Ready, put: Put, columns: string, { joins = '', from = [] as string[] } = {}) {
  const experiments = put(search.experiments)
  const asked = filter ? sets(filter, keysOf, experiments, put) : { within: [], rows: [] }
  const conditions = [`r.experiment_id = ANY(${experiments})`, ...alive(search), ...from, ...asked.rows]
  const source = asked.within.length
    ? `(${asked.within.map((set) => `(${set})`).join(' INTERSECT ')}) s JOIN run r ON r.id = s.run_id`
    : 'run r'
  return `SELECT ${columns} FROM ${source} ${joins} ${where(conditions)}`
}

/** The ids of all runs that pass, as a statement that gives them as `id`. Null where none can. */
export async function passing(sql: Sql, search: Omit<RunSearch, 'limit'>, put: Put): Promise<string | null> {
  if (!search.experiments.length) return null
  const { keysOf } = await resolve(
    sql,
    search.experiments,
    leaves(search.filter).map((it) => it.column),
  )
  const filter = search.filter ? simplified(search.filter, keysOf) : true
  if (filter === false) return null
  return matches({ search: { ...search, limit: 0 }, filter: filter === true ? null : filter, orders: [], keysOf }, put, 'r.id')
}

/** The page of all matches, with their number where it is wanted. */
function wholeStatement(ready: Ready) {
  const { search, orders, keysOf, filter } = ready
  const { values, put } = statement()
  const isCounted = (search.count ?? 'none') !== 'none'
  const joins: string[] = []
  const joined = (id: string) =>
    orders.map(({ column }, i) => {
      if (!isValued(column)) return attribute(column)
      const { table, near, nearValue, far, value } = places[column.kind]
      const from = `FROM ${table} WHERE ${isKeys(keysOf(column))}`
      joins.push(
        `LEFT JOIN (SELECT run_id, ${nearValue} AS v ${from} AND ${near} UNION ALL SELECT run_id, ${value} ${from} AND ${far}) o${i} ON o${i}.run_id = ${id}`,
      )
      return `o${i}.v`
    })
  const from = behind(search, put)
  if (!filter || orders.every(({ column }) => !isValued(column))) {
    const terms = joined('r.id')
    const all = matches(ready, put, withTerms(terms), { joins: joins.join('\n'), from })
    // Without the number it is enough to keep the best while all are looked at.
    const total = isCounted && filter ? '(count(*) OVER ())::int' : 'NULL::int'
    return { text: `SELECT r.id, ${total} AS total FROM (${all}) r\n${paged(orders, search, put)}`, values }
  }
  // How many match decides how their values are found: of the two halves one is never begun.
  const attributes = orders.flatMap(({ column }, i) => (isValued(column) ? [] : `${attribute(column)} AS a${i}`))
  const kept = ['r.id', 'r.start_time', 'r.uuid', ...attributes].join(', ')
  const terms = joined('r.id')
  const probes = orders.map(({ column }, i) => {
    if (!isValued(column)) return `r.a${i}`
    const { table, value } = places[column.kind]
    return `(SELECT ${value} FROM ${table} WHERE run_id = r.id AND ${isKeys(keysOf(column))})`
  })
  const found = terms.map((term, i) => (isValued(orders[i]!.column) ? term : `r.a${i}`))
  const text = `WITH m AS MATERIALIZED (${matches(ready, put, kept, { from })}),
c AS MATERIALIZED (SELECT count(*)::int AS total FROM m)
SELECT r.id, (SELECT total FROM c) AS total FROM (
  SELECT ${withTerms(probes)} FROM m r WHERE (SELECT total FROM c) <= ${few}
  UNION ALL SELECT ${withTerms(found)} FROM m r ${joins.join('\n')} WHERE (SELECT total FROM c) > ${few}) r
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
