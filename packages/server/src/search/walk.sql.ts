/**
 * The walk: the first rows of an order are taken from its index, each is probed, and where enough of them pass they are
 * the page. It costs the same however many runs there are.
 *
 * Rows of one value stand in the order by start time. The last value of the walk may be of very many: where it is, their
 * newest are found down the index of start times.
 */
import { attribute, attributes, condition, isKeys, places, probe } from './compare.sql.ts'
import { leaves } from './filter.ts'
import { alive, behind, isValued, orderOf, paged, type Ready, statement, type Valued, where, withTerms } from './page.sql.ts'

/** Where a walk has to take more rows than this, the whole is cheaper. */
const deepest = 20_000
/** Rows of one value from which on they are very many. */
const veryMany = 10_000

export interface Walk {
  text: string
  values: unknown[]
  /** How many rows of the order were asked for. */
  rows: number
  /** There are no other rows. */
  complete: boolean
}

/** Rows that a walk takes first: more than the page wants, for what the filter drops and for ties. */
export function firstRows({ filter, orders }: Ready, last: number): number {
  const first = orders[0]?.column
  return filter ? last * 3 + 100 : first && isValued(first) ? last * 2 + 100 : last
}

/** The page among the first `rows` of the order, or among the runs named. Null where there is no index to walk, or too far to go. */
export function walkStatement(ready: Ready, rows: number): Walk | null {
  const { search, filter, orders, keysOf } = ready
  const { values, put } = statement()
  const { experiments, runs } = search
  const first = orders[0]?.column
  const used = new Set(['id', 'uuid', 'start_time'])
  for (const { column } of [...leaves(filter), ...orders])
    if (column.kind === 'attribute') for (const name of attributes[column.key]!) used.add(name)
  const columns = [...used].map((name) => `r.${name}`).join(', ')

  const tables: string[] = []
  if (runs) {
    const conditions = [`r.id = ANY(${put(runs)})`, `r.experiment_id = ANY(${put(experiments)})`, ...alive(search), ...behind(search, put)]
    tables.push(`w AS MATERIALIZED (SELECT ${columns} FROM run r ${where(conditions)})`)
  } else if (orders.every(({ column }) => column.kind === 'attribute')) {
    // Only the start time has an index. Without a filter, the first rows of a sort do as well.
    if (filter && (rows > deepest || (first && first.key !== 'start_time'))) return null
    const order = `ORDER BY ${orderOf(orders, (i) => attribute(orders[i]!.column))} LIMIT ${put(rows)}`
    const one = `SELECT ${columns} FROM run r ${where(['r.experiment_id = e.id', ...alive(search), ...behind(search, put)])} ${order}`
    tables.push(`w AS MATERIALIZED (SELECT r.* FROM unnest(${put(experiments)}::int[]) AS e(id) CROSS JOIN LATERAL (${one}) r ${order})`)
  } else if (first && isValued(first)) {
    const keys = keysOf(first)
    if (rows * keys.length > deepest) return null
    tables.push(...valueWalk(ready, first, columns, put(rows), () => put(experiments)))
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

/** Tables that end in `w`: the first rows down the index of a column's values, whole up to the last of them. */
function valueWalk({ search, orders, keysOf }: Ready, first: Valued, columns: string, limit: string, experiments: () => string): string[] {
  const keys = keysOf(first)
  const { table, near, nearValue, far, value } = places[first.kind]
  const [way, before, last] = orders[0]!.descending ? ['DESC', '>', 'min'] : ['ASC', '<', 'max']
  const number = (value: string) => (first.kind === 'metric' ? ` AND ${value} < 'NaN'` : '')
  const order = `ORDER BY v ${way} LIMIT ${limit}`
  const one = `SELECT run_id, ${nearValue} AS v FROM ${table} WHERE key_id = k.id AND ${near}${number(nearValue)} ${order}`
  const ties = `FROM ${table} WHERE ${isKeys(keys)} AND ${near} AND ${nearValue} = (SELECT v FROM b)`
  const isTie = `(SELECT ${value} = (SELECT v FROM b) FROM ${table} WHERE run_id = r.id AND ${isKeys(keys)})`
  const newest = `ORDER BY r.start_time DESC, r.uuid LIMIT ${limit}`
  const tables = [
    `t AS MATERIALIZED (SELECT x.* FROM unnest('{${keys.join()}}'::int[]) AS k(id) CROSS JOIN LATERAL (${one}) x ${order})`,
    `b AS MATERIALIZED (SELECT ${last}(v) AS v FROM t)`,
    `n AS MATERIALIZED (SELECT count(*) AS n FROM (SELECT 1 ${ties} LIMIT ${veryMany + 1}) x)`,
    `i AS (SELECT t.run_id FROM t, b WHERE t.v ${before} b.v
  UNION ALL SELECT run_id ${ties} AND (SELECT n FROM n) <= ${veryMany}
  UNION ALL SELECT run_id FROM ${table} WHERE ${isKeys(keys)} AND ${far}${number(value)} AND (${value} ${before} (SELECT v FROM b) OR ${value} = (SELECT v FROM b) AND (SELECT n FROM n) <= ${veryMany}))`,
  ]
  const found = `SELECT ${columns} FROM i JOIN run r ON r.id = i.run_id ${where(alive(search))}`
  // By a second term the ties stand otherwise: only what comes before them counts then.
  if (orders.length > 1) return [...tables, `w AS MATERIALIZED (${found})`]
  const tied = `SELECT ${columns} FROM run r ${where(['r.experiment_id = e.id', ...alive(search), isTie])} ${newest}`
  return [
    ...tables,
    `w AS MATERIALIZED (${found}
  UNION ALL (SELECT r.* FROM unnest(${experiments()}::int[]) AS e(id) CROSS JOIN LATERAL (${tied}) r WHERE (SELECT n FROM n) > ${veryMany} ${newest}))`,
  ]
}
