/**
 * Runs in groups, by what they have in common, with the figures of their metrics. One statement reads the runs that match once and
 * joins each key's values to them by hash, whatever the number of groups, so that its cost is that of the runs.
 */
import type { Sql } from '@tidegate/db'
import type { Column } from './column.ts'
import { attribute, isKeys, type KeysOf, places } from './compare.sql.ts'
import { isValued, type RunSearch, statement } from './page.sql.ts'
import { matches, prepare } from './search.sql.ts'

/** What a metric's values in a group are. All but `count` are null where no run has a finite one. */
export interface Figures {
  count: number
  min: number | null
  max: number | null
  mean: number | null
  median: number | null
  /** Of a sample: by n − 1. Null for fewer than two. */
  sd: number | null
}

export interface GroupRow {
  /** One for each column grouped by; null for runs without. */
  values: Array<string | null>
  runs: number
  /** One for each metric asked for. */
  figures: Figures[]
}

/** What groups come in the order of. Ties, and those without a figure, last: the larger group first, then by their values. */
export type GroupOrder = { by: 'runs' } | { by: 'value'; index: number } | { by: keyof Figures; metric: number }

export interface GroupSearch {
  search: Omit<RunSearch, 'limit' | 'orderBy' | 'after' | 'count'>
  by: readonly Column[]
  metrics: readonly Column[]
  /** Costs as much as all the others: the values are sorted for it. Null where it is left out. */
  median: boolean
  order: GroupOrder
  descending: boolean
  limit: number
  offset: number
}

/** All rows of a kind's keys, each run at most once a key. Nothing where there is no such key. */
function valuesOf(column: Column & { kind: 'metric' | 'param' | 'tag' }, keysOf: KeysOf, value: (text: string) => string): string {
  const { table, near, nearValue, far, value: farValue } = places[column.kind]
  const from = `FROM ${table} WHERE ${isKeys(keysOf(column))}`
  return `SELECT run_id, ${value(nearValue)} AS v ${from} AND ${near} UNION ALL SELECT run_id, ${value(farValue)} ${from} AND ${far}`
}

const plain = (text: string) => text
/** NaN is above all numbers. The infinities are kept as the largest double, as MLflow keeps them. */
const finite = (text: string) => `CASE WHEN ${text} > -1.7976931348623157e308 AND ${text} < 1.7976931348623157e308 THEN ${text} END`
/** Sums of squares of larger ones are none. */
const summable = (value: string) => `CASE WHEN abs(${value}) < 1e150 THEN ${value} END`

const figures: Record<keyof Figures, (value: string) => string> = {
  count: (value) => `count(${value})::int`,
  min: (value) => `min(${value})`,
  max: (value) => `max(${value})`,
  mean: (value) => `avg(${summable(value)})`,
  median: (value) => `percentile_cont(0.5) WITHIN GROUP (ORDER BY ${value})`,
  sd: (value) => `stddev_samp(${summable(value)})`,
}
const names = Object.keys(figures) as Array<keyof Figures>

/** A page of groups, and how many there are. */
export async function readGroups(sql: Sql, groups: GroupSearch): Promise<{ rows: GroupRow[]; total: number }> {
  const { search, by, metrics, median, order, descending, limit, offset } = groups
  const asked = median || ('metric' in order && order.by === 'median') ? names : names.filter((name) => name !== 'median')
  const ready = await prepare(sql, { ...search, limit: 0 }, [...by, ...metrics])
  if (!ready) return { rows: [], total: 0 }
  const { values, put } = statement()
  const joins: string[] = []
  const kept = ['r.id']
  const keys = by.map((column, i) => {
    if (column.kind === 'attribute') {
      kept.push(`NULLIF(${attribute(column)}, '') AS b${i}`)
      return `m.b${i}`
    }
    if (column.kind === 'dataset') {
      // A run counts with each of its data sets.
      joins.push(`LEFT JOIN (SELECT DISTINCT i.run_id, d.${column.key} AS v FROM dataset_input i JOIN dataset d ON d.id = i.dataset_id
        WHERE d.experiment_id = ANY(${put(search.experiments)})) b${i} ON b${i}.run_id = m.id`)
      return `b${i}.v`
    }
    if (!isValued(column) || !ready.keysOf(column).length) return 'NULL::text'
    joins.push(`LEFT JOIN (${valuesOf(column, ready.keysOf, plain)}) b${i} ON b${i}.run_id = m.id`)
    return `b${i}.v`
  })
  const measured = metrics.map((column, i) => {
    if (!isValued(column) || !ready.keysOf(column).length) return 'NULL::float8'
    joins.push(`LEFT JOIN (${valuesOf(column, ready.keysOf, finite)}) x${i} ON x${i}.run_id = m.id`)
    return `x${i}.v`
  })
  const columns = [...keys.map((key, i) => `${key} AS g${i}`), ...measured.map((value, i) => `${value} AS x${i}`)]
  const grouped = [
    ...keys.map((_, i) => `g${i}`),
    'count(*)::int AS runs',
    ...measured.flatMap((_, i) => asked.map((name) => `${figures[name](`x${i}`)} AS ${name}${i}`)),
  ]
  const first = order.by === 'runs' ? 'runs' : 'index' in order ? `g${order.index}` : `${order.by}${(order as { metric: number }).metric}`
  const text = `WITH m AS MATERIALIZED (${matches(ready, put, kept.join(', '))}),
k AS (SELECT ${columns.join(', ')} FROM m ${joins.join('\n')}),
g AS (SELECT ${grouped.join(', ')} FROM k GROUP BY ${keys.map((_, i) => `g${i}`).join(', ')})
SELECT *, (count(*) OVER ())::int AS total FROM g
ORDER BY ${[`${first} ${descending ? 'DESC' : 'ASC'} NULLS LAST`, 'runs DESC', ...keys.map((_, i) => `g${i} NULLS LAST`)].join(', ')}
OFFSET ${put(offset)} LIMIT ${put(limit)}`
  const rows = await sql.query<Record<string, string | number | null>>(text, values, 'once')
  return {
    total: Number(rows[0]?.total ?? 0),
    rows: rows.map((row) => ({
      values: keys.map((_, i) => row[`g${i}`] as string | null),
      runs: Number(row.runs),
      figures: metrics.map((_, i) => Object.fromEntries(names.map((name) => [name, row[`${name}${i}`] ?? null])) as unknown as Figures),
    })),
  }
}
