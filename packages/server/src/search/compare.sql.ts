/**
 * One comparison as SQL, on a run `r`, in two forms that mean the same:
 * - a set: a statement that gives the ids of all runs it holds for, from one range of an index;
 * - a probe: a condition that looks the one value up, for where the runs are already few.
 * A comparison on what a run does not have is false, whatever the comparator, as in MLflow; IS NULL and NOT are the ways to
 * ask for those.
 * Key ids are written into the text, because plans depend on them; values are parameters.
 */
import type { Reach } from '../access.ts'
import type { Column } from './column.ts'
import type { Comparison, Filter } from './filter.ts'

/** The key ids of a column: one for each of the experiments that have it. */
export type KeysOf = (column: Column) => number[]
/** Adds a parameter, and gives its place in the text: $3. */
export type Put = (value: unknown) => string

/** That a thing may be read, as a condition or none. `id`: the column that holds its id. */
export const reached = (reach: Reach, id: string, put: Put): string[] =>
  'only' in reach ? [`${id} = ANY(${put(reach.only)}::int[])`] : reach.but.length ? [`${id} <> ALL(${put(reach.but)}::int[])`] : []

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
export const attributes: Record<string, string[]> = {
  run_id: ['uuid'],
  run_name: ['name'],
  user_id: ['user_name'],
  status: ['status'],
  start_time: ['start_time'],
  end_time: ['end_time'],
  artifact_uri: ['artifact_uri'],
  duration: ['start_time', 'end_time'],
  experiment: ['experiment_id'],
  experiment_id: ['experiment_id'],
}

const expressions: Record<string, string> = {
  status: 'r.status::text COLLATE "C"',
  duration: '(NULLIF(r.end_time, 0) - NULLIF(r.start_time, 0))',
  experiment: '(SELECT name FROM experiment e WHERE e.id = r.experiment_id)',
  experiment_id: 'r.experiment_id::text',
}

/** An attribute of the run `r`. */
export const attribute = ({ key }: Column) => expressions[key] ?? `r.${attributes[key]}`

/** That `key_id` is one of those. */
export const isKeys = (ids: readonly number[]) => (ids.length === 1 ? `key_id = ${ids[0]}` : `key_id = ANY('{${ids.join()}}')`)

/** A filter as a condition, where `leaf` writes one comparison. What is unknown is false, so that NOT of it is true. */
export function condition(filter: Filter, leaf: (it: Comparison) => string): string {
  if (filter.type === 'comparison') return leaf(filter)
  if (filter.type === 'not') return `(${condition(filter.of, leaf)}) IS NOT TRUE`
  return `(${filter.of.map((each) => condition(each, leaf)).join(filter.type === 'and' ? ' AND ' : ' OR ')})`
}

/** `left` compared as the comparison says; null tests are asked of rows, not of values. */
export function compared(left: string, { comparator, value, column }: Comparison, put: Put): string {
  const number = (value: unknown) => `${put(value)}::float8`
  const notNaN = column.kind === 'metric' ? ` AND ${left} < 'NaN'` : ''
  switch (comparator) {
    case 'IN':
    case 'NOT IN': {
      const array = typeof (value as unknown[])[0] === 'number' ? 'float8' : 'text'
      return `${comparator === 'IN' ? '' : 'NOT '}${left} = ANY(${put(value)}::${array}[])`
    }
    case 'BETWEEN':
    case 'NOT BETWEEN': {
      const [low, high] = value as number[]
      if (comparator === 'BETWEEN') return `${left} >= ${number(low)} AND ${left} <= ${number(high)}${notNaN}`
      return `(${left} < ${number(low)} OR ${left} > ${number(high)})${notNaN}`
    }
    case 'LIKE':
    case 'ILIKE':
    case 'NOT LIKE':
    case 'NOT ILIKE':
      // MLflow's LIKE has no escape character.
      return `${left} ${comparator} ${put(String(value).replaceAll('\\', '\\\\'))}`
    case 'HOLDS':
      return `${left} ILIKE ${put(`%${String(value).replace(/[\\%_]/g, '\\$&')}%`)}`
    case '~':
    case '!~':
      return `${left} ${comparator} ${put(value)}`
    case 'IS NAN':
      return `${left} = 'NaN'`
    case 'IS NOT NAN':
      return `${left} < 'NaN'`
    case 'IS NULL':
    case 'IS NOT NULL':
      return 'true'
    default: {
      const plain = `${left} ${comparator === '!=' ? '<>' : comparator} ${typeof value === 'number' ? number(value) : put(value)}`
      return comparator.startsWith('>') ? `${plain}${notNaN}` : plain
    }
  }
}

/** A comparison of an attribute. Where it has no value, it is the empty text or the time 0. */
export function attributeProbe(it: Comparison, put: Put): string {
  const { column, comparator } = it
  if (comparator === 'IS NULL' || comparator === 'IS NOT NULL') {
    const nothing = ['start_time', 'end_time'].includes(column.key) ? '0' : "''"
    const value = column.key === 'duration' ? attribute(column) : `NULLIF(${attribute(column)}, ${nothing})`
    return `${value} ${comparator}`
  }
  // Of the few experiments there are, once, and not of each run.
  if (column.key === 'experiment') return `r.experiment_id IN (SELECT e.id FROM experiment e WHERE ${compared('e.name', it, put)})`
  return compared(attribute(column), it, put)
}

const context = "JOIN dataset_input_tag t ON t.input_id = i.id AND t.key = 'mlflow.data.context'"

/** What a data set comparison asks of dataset_input `i` and dataset `d`. */
const dataset = (it: Comparison, put: Put) =>
  it.column.key === 'context'
    ? `${context} WHERE ${compared('t.value', it, put)}`
    : `JOIN dataset d ON d.id = i.dataset_id WHERE ${compared(`d.${it.column.key}`, it, put)}`

/** Params compared with numbers are numbers. */
const isNumeric = ({ column, value }: Comparison) =>
  column.kind === 'param' && typeof (Array.isArray(value) ? value[0] : value) === 'number'

/** A condition on the run `r` that looks at no other run. */
export function probe(it: Comparison, keysOf: KeysOf, put: Put): string {
  const { kind } = it.column
  if (kind === 'attribute') return attributeProbe(it, put)
  const isNull = it.comparator === 'IS NULL'
  const nothing = isNull ? ' IS NULL' : ''
  // Scalar sub-queries, not EXISTS: the planner may not turn these into a join with the whole range.
  if (kind === 'dataset') return `(SELECT true FROM dataset_input i ${dataset(it, put)} AND i.run_id = r.id LIMIT 1)${nothing}`
  const { table, value } = places[kind]
  const what = compared(isNumeric(it) ? 'n' : value, it, put)
  return `(SELECT ${what} FROM ${table} WHERE run_id = r.id AND ${isKeys(keysOf(it.column))})${nothing}`
}

/** A statement that gives the runs of one comparison that is none of an attribute, each once; for IS NULL, all others. */
export function set(it: Comparison, keysOf: KeysOf, experiments: string, put: Put): string {
  const { kind } = it.column
  if (kind === 'dataset' || kind === 'attribute')
    return `SELECT DISTINCT i.run_id FROM dataset_input i ${dataset(it, put)} AND i.dataset_id IN (SELECT id FROM dataset WHERE experiment_id = ANY(${experiments}))`
  const { table, near, nearValue, far, value } = places[kind]
  const from = `SELECT run_id FROM ${table} WHERE ${isKeys(keysOf(it.column))}`
  // Two halves even where all of them are asked for: no index holds both.
  const half = (rows: string, value: string) => {
    const what = compared(isNumeric(it) ? 'n' : value, it, put)
    return `${from} AND ${rows}${what === 'true' ? '' : ` AND ${what}`}`
  }
  return `${half(near, nearValue)} UNION ALL ${half(far, value)}`
}
