/**
 * One comparison as SQL, on a run `r`, in two forms that mean the same:
 * - a set: a statement that gives the ids of all runs it holds for, from one range of an index;
 * - a probe: a condition that looks the one value up, for where the runs are already few.
 * A comparison on what a run does not have is false, whatever the comparator, as in MLflow; IS NULL is the one way to ask.
 * Key ids are written into the text, because plans depend on them; values are parameters.
 */
import type { Column } from './column.ts'
import type { Comparison } from './filter.ts'

/** The key ids of a column: one for each of the experiments that have it. */
export type KeysOf = (column: Column) => number[]
/** Adds a parameter, and gives its place in the text: $3. */
export type Put = (value: unknown) => string

/**
 * Where the values of a kind are. `near` rows are in the index, `far` rows are not and are few: long texts, and metrics
 * of runs that are still live. A metric's `settled` is NaN where the value is: Postgres puts NaN above all numbers.
 */
interface Place {
  table: string
  near: string
  nearValue: string
  far: string
  value: string
}

/** A metric's value, NaN restored. */
const real = "CASE WHEN nan THEN 'NaN' ELSE value END"
const text = (table: string): Place => ({
  table,
  near: 'octet_length(v) <= 1000',
  nearValue: 'v',
  far: 'octet_length(v) > 1000',
  value: 'v',
})

/** Where the values of each kind are. */
export const places: Record<'metric' | 'param' | 'tag', Place> = {
  metric: { table: 'latest', near: 'settled IS NOT NULL', nearValue: 'settled', far: 'settled IS NULL', value: real },
  param: text('param'),
  tag: text('tag'),
}

/** The columns of `run` behind the attributes. */
export const attributes: Record<string, string> = {
  run_id: 'uuid',
  run_name: 'name',
  user_id: 'user_name',
  status: 'status',
  start_time: 'start_time',
  end_time: 'end_time',
  artifact_uri: 'artifact_uri',
}

/** An attribute of the run `r`. */
export const attribute = ({ key }: Column) => (key === 'status' ? 'r.status::text COLLATE "C"' : `r.${attributes[key]}`)

/** That `key_id` is one of those. */
export const isKeys = (ids: readonly number[]) => (ids.length === 1 ? `key_id = ${ids[0]}` : `key_id = ANY('{${ids.join()}}')`)

/** `left` compared as the comparison says. */
export function compared(left: string, { comparator, value, column }: Comparison, put: Put): string {
  switch (comparator) {
    case 'IN':
    case 'NOT IN':
      return `${comparator === 'IN' ? '' : 'NOT '}${left} = ANY(${put(value)}::text[])`
    case 'LIKE':
    case 'ILIKE':
      // MLflow's LIKE has no escape character.
      return `${left} ${comparator} ${put(String(value).replaceAll('\\', '\\\\'))}`
    default: {
      const plain = `${left} ${comparator === '!=' ? '<>' : comparator} ${put(value)}${typeof value === 'number' ? '::float8' : ''}`
      return column.kind === 'metric' && comparator.startsWith('>') ? `${plain} AND ${left} < 'NaN'` : plain
    }
  }
}

const context = "JOIN dataset_input_tag t ON t.input_id = i.id AND t.key = 'mlflow.data.context'"

/** What a data set comparison asks of dataset_input `i` and dataset `d`. */
const dataset = (it: Comparison, put: Put) =>
  it.column.key === 'context'
    ? `${context} WHERE ${compared('t.value', it, put)}`
    : `JOIN dataset d ON d.id = i.dataset_id WHERE ${compared(`d.${it.column.key}`, it, put)}`

/** A condition on the run `r` that looks at no other run. */
export function probe(it: Comparison, keysOf: KeysOf, put: Put): string {
  const { kind } = it.column
  if (kind === 'attribute') return compared(attribute(it.column), it, put)
  // Scalar sub-queries, not EXISTS: the planner may not turn these into a join with the whole range.
  if (kind === 'dataset') return `(SELECT true FROM dataset_input i ${dataset(it, put)} AND i.run_id = r.id LIMIT 1)`
  const keys = keysOf(it.column)
  if (!keys.length) return it.comparator === 'IS NULL' ? 'true' : 'false'
  const { table, value } = places[kind]
  const isNull = it.comparator === 'IS NULL'
  const what = isNull || it.comparator === 'IS NOT NULL' ? 'true' : compared(value, it, put)
  return `(SELECT ${what} FROM ${table} WHERE run_id = r.id AND ${isKeys(keys)})${isNull ? ' IS NULL' : ''}`
}

/** What a filter asks in sets: ids in all of `within`, and none of `without`; `rows` are conditions on `r`. */
export interface Sets {
  within: string[]
  without: string[]
  rows: string[]
}

/** What those comparisons ask, all of them together. Null where nothing can match. */
export function sets(all: readonly Comparison[], keysOf: KeysOf, experiments: string, put: Put): Sets | null {
  const found: Sets = { within: [], without: [], rows: [] }
  for (const it of all) {
    const { kind } = it.column
    if (kind === 'attribute') found.rows.push(probe(it, keysOf, put))
    else if (kind === 'dataset')
      found.within.push(
        `SELECT DISTINCT i.run_id FROM dataset_input i ${dataset(it, put)} AND i.dataset_id IN (SELECT id FROM dataset WHERE experiment_id = ANY(${experiments}))`,
      )
    else {
      const keys = keysOf(it.column)
      const isNull = it.comparator === 'IS NULL'
      if (!keys.length) {
        if (isNull) continue
        return null
      }
      const { table, near, nearValue, far, value } = places[kind]
      const from = `SELECT run_id FROM ${table} WHERE ${isKeys(keys)}`
      // Two halves even where all of them are asked for: no index holds both.
      const half = (rows: string, value: string) =>
        `${from} AND ${rows}${isNull || it.comparator === 'IS NOT NULL' ? '' : ` AND ${compared(value, it, put)}`}`
      found[isNull ? 'without' : 'within'].push(`${half(near, nearValue)} UNION ALL ${half(far, value)}`)
    }
  }
  return found
}
