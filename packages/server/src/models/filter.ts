/**
 * The filter and the order of a search for logged models, as MLflow 3 takes them: comparisons joined by AND. They have
 * words of their own there, and its clients match the sentences of the refusals.
 */
import { z } from 'zod'
import { invalid } from '../errors.ts'
import { anyText, text } from '../fields.ts'

type Comparator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'LIKE' | 'ILIKE' | 'IN' | 'NOT IN'

/** A column of a model. The key of an attribute is one of `attributes`. */
export interface ModelColumn {
  kind: 'attribute' | 'metric' | 'param' | 'tag'
  key: string
}

export interface ModelComparison {
  column: ModelColumn
  comparator: Comparator
  /** A number for metrics and times, a list for IN and NOT IN. */
  value: string | number | string[]
}

const entities = { attributes: 'attribute', metrics: 'metric', params: 'param', tags: 'tag' } as const

/** Attributes and what they hold. */
const attributes: Record<string, 'text' | 'time'> = {
  name: 'text',
  model_id: 'text',
  model_type: 'text',
  status: 'text',
  source_run_id: 'text',
  experiment_id: 'text',
  creation_timestamp: 'time',
  last_updated_timestamp: 'time',
}
const aliases: Record<string, string> = {
  creation_time: 'creation_timestamp',
  creation_timestamp_ms: 'creation_timestamp',
  last_updated_time: 'last_updated_timestamp',
  last_updated_timestamp_ms: 'last_updated_timestamp',
}

const attributeKey = (written: string): string | undefined => {
  const key = Object.hasOwn(aliases, written) ? aliases[written]! : written
  return Object.hasOwn(attributes, key) ? key : undefined
}

const unquoted = (key: string) => key.replace(/^`+|`+$/g, '')
const tuple = (list: readonly string[]) => `(${list.map((item) => `'${item}'`).join(', ')})`
const bad = (message: string) => invalid(message, 'filter')

function columnOf(identifier: string): ModelColumn {
  const [, entity, rest] = /^([a-z]+)\.(.+)$/s.exec(identifier) ?? []
  if (entity !== undefined && !Object.hasOwn(entities, entity)) {
    throw bad(
      `Invalid entity type: '${entity}'. Expected one of [${Object.keys(entities)
        .map((it) => `'${it}'`)
        .join(', ')}].`,
    )
  }
  const kind = entity === undefined ? 'attribute' : entities[entity as keyof typeof entities]
  const written = unquoted(rest ?? identifier)
  if (kind !== 'attribute') return { kind, key: written }
  const key = attributeKey(written)
  if (!key) throw bad(`Invalid attribute: '${written}'. Expected one of ${tuple(Object.keys(attributes))}.`)
  return { kind, key }
}

const numeric = ['<', '<=', '>', '>=', '=', '!=']
const textual = ['=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN']

const quoted = `'(?:''|[^'])*'|"(?:""|[^"])*"`
const identifier = '(?:[A-Za-z_][\\w]*\\.)?(?:`[^`]*`|[^\\s\'"`()=<>!~,]+)'
const comparison = new RegExp(
  `\\s*(${identifier})\\s*((?:NOT\\s+)?(?:I?LIKE|IN)\\b|[=<>!~]+)\\s*(\\((?:${quoted}|[^()'"])*\\)|${quoted}|[^\\s'"()]+)(?=\\s|$)`,
  'iy',
)

/** Comparisons in a filter: each is a condition. */
const most = 100

/** All of these must hold. Throws INVALID_PARAMETER_VALUE. */
export function parseModelFilter(filter: string | undefined): ModelComparison[] {
  const found: ModelComparison[] = []
  if (!filter) return found
  const refusal = () =>
    bad(
      `Invalid filter string: '${filter}'. Expected a list of comparisons separated by 'AND' (e.g. 'metrics.loss > 0.1 AND params.lr = 0.01').`,
    )
  for (let at = 0; at < filter.length; ) {
    const rest = filter.slice(at)
    const skipped = /^\s*(?:AND\b\s*)?/i.exec(rest)![0]
    if (skipped.length === rest.length) break
    comparison.lastIndex = at + skipped.length
    const [all, name, written, right] = comparison.exec(filter) ?? []
    if (all === undefined || found.length >= most) throw refusal()
    found.push(compare(name!, written!.toUpperCase().replace(/\s+/g, ' '), right!, refusal))
    at = comparison.lastIndex
  }
  if (!found.length) throw refusal()
  return found
}

function compare(name: string, comparator: string, right: string, refusal: () => Error): ModelComparison {
  const column = columnOf(name)
  const isNumber = column.kind === 'metric' || (column.kind === 'attribute' && attributes[column.key] === 'time')
  const valid = isNumber ? numeric : textual
  if (!valid.includes(comparator)) {
    const entity = Object.entries(entities).find(([, kind]) => kind === column.kind)![0]
    throw bad(`Invalid comparison operator for ${entity}.${column.key}: '${comparator}'. Expected one of ${tuple(valid)}.`)
  }
  const made = (value: ModelComparison['value']) => ({ column, comparator: comparator as Comparator, value })
  if (isNumber) {
    const value = Number(right)
    if (Number.isNaN(value)) throw bad(`Expected a number to compare '${name}' with. Found ${right}`)
    return made(value)
  }
  const isList = right.startsWith('(')
  if (isList !== comparator.endsWith('IN')) {
    throw bad(
      isList
        ? `A list is compared by IN or NOT IN, not by ${comparator}.`
        : `${comparator} expects a list, such as ('a', 'b'). Found ${right}`,
    )
  }
  if (!isList) return made(plain(right))
  if (!new RegExp(`^\\(\\s*(?:${quoted})(?:\\s*,\\s*(?:${quoted}))*\\s*,?\\s*\\)$`).test(right)) throw refusal()
  return made([...right.matchAll(new RegExp(quoted, 'g'))].map(([item]) => plain(item)))
}

/** The text between quotes, in which a doubled quote is one; a word without quotes is itself. */
function plain(written: string): string {
  const [quote] = written
  return quote === "'" || quote === '"' ? written.slice(1, -1).replaceAll(quote + quote, quote) : written
}

/** A term of an order: an attribute, or the newest value of a metric, perhaps on one data set. */
export interface ModelOrder {
  column: ModelColumn
  ascending: boolean
  datasetName: string | undefined
  datasetDigest: string | undefined
}

/** Terms of `order_by` as they are asked for. */
export const orderTerms = z
  .array(z.object({ fieldName: anyText, ascending: z.boolean().nullish(), datasetName: text, datasetDigest: text }))
  .max(100)
  .nullish()
  .transform((terms) => (terms ?? []).map(modelOrder))

function modelOrder({
  fieldName,
  ascending,
  datasetName,
  datasetDigest,
}: {
  fieldName: string
  ascending?: boolean | null | undefined
  datasetName: string | undefined
  datasetDigest: string | undefined
}): ModelOrder {
  const rest = { ascending: ascending ?? true, datasetName: datasetName || undefined, datasetDigest: datasetDigest || undefined }
  const dot = fieldName.indexOf('.')
  if (dot < 0) {
    const key = attributeKey(fieldName)
    if (!key) throw invalid(`Invalid order by field name: ${fieldName}`, 'order_by')
    return { column: { kind: 'attribute', key }, ...rest }
  }
  if (fieldName.slice(0, dot) !== 'metrics') {
    throw invalid(`Invalid order by field name: ${fieldName}. Only metrics are supported.`, 'order_by')
  }
  return { column: { kind: 'metric', key: unquoted(fieldName.slice(dot + 1)) }, ...rest }
}
