/**
 * Columns of runs, experiments, logged models, registered models and their versions, as texts name them: metrics.acc, params.`my key`, tags.mlflow.user, start_time.
 * The prefixes and the aliases of attributes are MLflow's, and so are the sentences of the refusals.
 */
import { invalid, invalidAs } from '../errors.ts'
import { tokens } from './tokens.ts'

export type ColumnKind = 'metric' | 'param' | 'tag' | 'attribute' | 'dataset'

/** A column. The key of an attribute is canonical: `start_time`, never `Created`. */
export interface Column {
  kind: ColumnKind
  key: string
}

/** What is searched: each has columns of its own. That of models is MLflow's youngest, and has its own sentences. */
export type Grammar = 'runs' | 'experiments' | 'models' | 'registered' | 'versions'

const words: Record<string, ColumnKind> = {
  metric: 'metric',
  metrics: 'metric',
  parameter: 'param',
  parameters: 'param',
  param: 'param',
  params: 'param',
  tag: 'tag',
  tags: 'tag',
  attribute: 'attribute',
  attributes: 'attribute',
  attr: 'attribute',
  run: 'attribute',
  dataset: 'dataset',
  datasets: 'dataset',
}

/** The only words for kinds of columns that models have. */
const ofModels = ['attributes', 'metrics', 'params', 'tags']

/** Attributes and what they hold; an `id` is a number that is written as a text, and a `whole` one that is compared as a number. */
export const attributes: Record<Grammar, Record<string, 'text' | 'id' | 'whole' | 'time' | 'duration'>> = {
  runs: {
    run_id: 'text',
    run_name: 'text',
    user_id: 'text',
    status: 'text',
    start_time: 'time',
    end_time: 'time',
    artifact_uri: 'text',
    // From here on ours.
    duration: 'duration',
    experiment: 'text',
    experiment_id: 'id',
  },
  experiments: { experiment_id: 'id', name: 'text', creation_time: 'time', last_update_time: 'time' },
  models: {
    name: 'text',
    model_id: 'text',
    model_type: 'text',
    status: 'text',
    source_run_id: 'text',
    experiment_id: 'text',
    creation_timestamp: 'time',
    last_updated_timestamp: 'time',
  },
  registered: { name: 'text', creation_timestamp: 'time', last_updated_timestamp: 'time', owner: 'text' },
  versions: {
    name: 'text',
    version_number: 'whole',
    run_id: 'text',
    source_path: 'text',
    creation_timestamp: 'time',
    last_updated_timestamp: 'time',
    // From here on ours.
    model_id: 'text',
    stage: 'text',
    alias: 'text',
    status: 'text',
    owner: 'text',
  },
}

/** Other names of attributes. Those of runs that MLflow has not are ours. */
const aliases: Record<Grammar, Record<string, string>> = {
  runs: {
    created: 'start_time',
    Created: 'start_time',
    'run name': 'run_name',
    'Run name': 'run_name',
    'Run Name': 'run_name',
    name: 'run_name',
    user: 'user_id',
    started: 'start_time',
    ended: 'end_time',
  },
  experiments: {},
  models: {
    creation_time: 'creation_timestamp',
    creation_timestamp_ms: 'creation_timestamp',
    last_updated_time: 'last_updated_timestamp',
    last_updated_timestamp_ms: 'last_updated_timestamp',
  },
  registered: { timestamp: 'last_updated_timestamp' },
  versions: { version: 'version_number' },
}

/** Those whose columns are attributes and tags, and nothing else. */
export const hasTagsOnly = (grammar: Grammar) => grammar === 'experiments' || isRegistry(grammar)
export const isRegistry = (grammar: Grammar) => grammar === 'registered' || grammar === 'versions'

const datasetKeys = ['name', 'digest', 'context']

/** A list as Python shows a set of strings. */
export const asSet = (list: readonly string[]) => `{${list.map((item) => `'${item}'`).join(', ')}}`

/** The same of a tuple, with these brackets. */
export const asTuple = (list: readonly string[], [open, close] = '()') => `${open}${list.map((item) => `'${item}'`).join(', ')}${close}`

/** The same as people say it. */
export const asWords = (list: readonly string[], last = 'or') =>
  list.length < 2 ? list.join('') : `${list.slice(0, -1).join(', ')} ${last} ${list.at(-1)}`

/** What each grammar's columns are called before their dot. */
const kindsOf = (grammar: Grammar) =>
  hasTagsOnly(grammar) ? ['tags'] : grammar === 'models' ? ofModels : ['metrics', 'params', 'tags', 'attributes', 'datasets']

/** Without the pair of quotes around it, if there is one. */
export const unquoted = (text: string, quotes: string): string =>
  text.length >= 2 && quotes.includes(text[0]!) && text.endsWith(text[0]!) ? text.slice(1, -1) : text

/** The attribute of that name, undefined where there is none. */
export function attributeKey(written: string, grammar: Grammar): string | undefined {
  const key = Object.hasOwn(aliases[grammar], written) ? aliases[grammar][written]! : written
  return Object.hasOwn(attributes[grammar], key) ? key : undefined
}

/** The column that an identifier names. Everything after the first dot is the key. Throws INVALID_PARAMETER_VALUE. */
export function columnOf(identifier: string, grammar: Grammar): Column {
  if (grammar === 'runs' && identifier === 'dataset') return { kind: 'dataset', key: 'name' }
  const dot = identifier.indexOf('.')
  const word = dot < 0 ? 'attribute' : unquoted(identifier.slice(0, dot), '`')
  const written = unquoted(unquoted(identifier.slice(dot + 1), `'"`), '`')
  const kind = Object.hasOwn(words, word) ? words[word]! : undefined
  const noKind = `There is no '${word}' here: what has a dot begins with ${asWords(kindsOf(grammar))}.`
  if (grammar === 'models' && dot >= 0 && !ofModels.includes(word))
    throw invalidAs(`Invalid entity type: '${word}'. Expected one of ${asTuple(ofModels, '[]')}.`, noKind)
  if (hasTagsOnly(grammar) && !['attribute', 'tag', 'tags'].includes(word))
    throw invalidAs(`Invalid entity type '${word}'. Valid entity types are ('attribute', 'tag', 'tags')`, noKind)
  if (!kind)
    throw invalidAs(`Invalid entity type '${word}'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']`, noKind)
  if (kind === 'dataset' && !datasetKeys.includes(written))
    throw invalidAs(
      `Invalid dataset key '${written}' specified. Valid keys are '${asSet(datasetKeys)}'`,
      `A data set has no '${written}': it has ${asWords(datasetKeys, 'and')}.`,
    )
  if (kind !== 'attribute') return { kind, key: written }
  const key = attributeKey(written, grammar)
  if (key === undefined) {
    const keyed = kindsOf(grammar).filter((each) => each !== 'attributes')
    const known = asWords(Object.keys(attributes[grammar]), 'and')
    const plain = `There is no '${written}': there are ${known}; and ${asWords(keyed, 'and')}, by their keys.`
    if (grammar === 'models')
      throw invalidAs(`Invalid attribute: '${written}'. Expected one of ${asTuple(Object.keys(attributes.models))}.`, plain)
    const valid = Object.keys({ ...attributes[grammar], ...aliases[grammar] })
    throw invalidAs(`Invalid attribute key '${written}' specified. Valid keys are '${asSet(valid)}'`, plain)
  }
  return { kind, key }
}

const plural: Record<ColumnKind, string> = {
  metric: 'metrics',
  param: 'params',
  tag: 'tags',
  attribute: 'attributes',
  dataset: 'datasets',
}

/** Keys that need no quotes. */
const plain = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/

/** How a column is written, quoted where its key needs it: metrics.acc, params.`my key`, attributes.start_time. */
export function columnRef({ kind, key }: Column): string {
  if (plain.test(key)) return `${plural[kind]}.${key}`
  const quote = key.includes('`') ? '"' : '`'
  return `${plural[kind]}.${quote}${key}${quote}`
}

/** That a column has that text, or has nothing, as a filter says it. */
export function hasText(column: Column, value: string | null): string {
  const ref = columnRef(column)
  if (value === null) return `${ref} IS NULL`
  if (!value.includes("'")) return `${ref} = '${value}'`
  if (!value.includes('"')) return `${ref} = "${value}"`
  // The language has no way to write both kinds of quotes, but that a pattern may name one by its number.
  return `${ref} ~ "^${value.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&').replaceAll('"', '\\u0022')}$"`
}

/**
 * Reads what `columnRef` writes, and, because a reference stands alone, keys that a filter would want quoted:
 * metrics.val/loss. Throws INVALID_PARAMETER_VALUE.
 */
export function parseColumnRef(ref: string): Column {
  return columnOf(ref.trim(), 'runs')
}

/** One term of an order. */
export interface Order {
  column: Column
  /** @default false */
  descending?: boolean
}

/**
 * MLflow's order_by: one column and perhaps ASC or DESC in each clause. A column that comes twice is refused for runs; for
 * experiments the first counts. Throws INVALID_PARAMETER_VALUE.
 */
export function parseOrderBy(clauses: readonly string[], grammar: Grammar = 'runs'): Order[] {
  const seen = new Set<string>()
  return clauses.flatMap((clause) => {
    const [name, direction, ...more] = tokens(clause).slice(0, -1)
    if (clause.includes('\0') || name?.kind !== 'identifier' || more.length || (direction && direction.kind !== 'identifier'))
      throw invalid(`Invalid order_by clause '${clause}'. Could not be parsed.`, 'order_by')
    const way = direction?.text.toLowerCase() ?? 'asc'
    if (way !== 'asc' && way !== 'desc') throw invalid(`Invalid ordering key in order_by clause '${clause}'.`, 'order_by')
    if (grammar === 'registered' && attributeKey(name.text, grammar) === undefined)
      throw invalid(
        `Invalid order by key '${name.text}' specified. Valid keys are '${asSet(Object.keys(attributes.registered))}'`,
        'order_by',
      )
    const column = columnOf(name.text, grammar)
    if (column.kind === 'dataset') throw invalid(`Invalid identifier type '${column.kind}'`, 'order_by')
    if (hasTagsOnly(grammar) && column.kind !== 'attribute') throw invalid(`Invalid order_by entity: ${column.kind}`, 'order_by')
    const id = `${column.kind}.${column.key}`
    if (seen.has(id) && grammar === 'experiments') return []
    if (seen.has(id)) throw invalid(`\`order_by\` contains duplicate fields: [${clauses.map((it) => `'${it}'`).join(', ')}]`, 'order_by')
    seen.add(id)
    return { column, descending: way === 'desc' }
  })
}
