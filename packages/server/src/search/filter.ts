/**
 * The filter language of searches: text to a tree. What it takes is what MLflow 3 takes, and refusals begin with MLflow's
 * sentences, because its clients match them. Comparisons are joined by AND, which may be left out.
 */
import { AppError, invalid } from '../errors.ts'
import { asSet, attributes, type Column, columnOf, type Grammar, unquoted } from './column.ts'
import { type Token, tokens } from './tokens.ts'

export type Comparator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'LIKE' | 'ILIKE' | 'IN' | 'NOT IN' | 'IS NULL' | 'IS NOT NULL'

/** One comparison. `start` and `end` are offsets in the text, in UTF-16 units. */
export interface Comparison {
  type: 'comparison'
  column: Column
  comparator: Comparator
  /** A number for metrics and times, a list for IN and NOT IN, null for IS NULL and IS NOT NULL. */
  value: string | number | string[] | null
  start: number
  end: number
}

export interface And {
  type: 'and'
  of: Filter[]
}

export type Filter = Comparison | And

/** All comparisons of a filter: each must hold. */
export const comparisons = (filter: Filter | null | undefined): Comparison[] =>
  !filter ? [] : filter.type === 'and' ? filter.of.flatMap(comparisons) : [filter]

export type Explanation = { ok: true; filter: Filter | null } | { ok: false; message: string; start: number; end: number }

/** Comparisons in a filter: each is a range of an index. */
const most = 100

/** The tree of a filter, null where everything passes. Throws an AppError INVALID_PARAMETER_VALUE. */
export function parseFilter(text: string | undefined | null, grammar: Grammar = 'runs'): Filter | null {
  const explanation = explainFilter(text ?? '', grammar)
  if (!explanation.ok) throw invalid(explanation.message, 'filter')
  return explanation.filter
}

/** The tree, or what is wrong and where. Never throws. */
export function explainFilter(text: string, grammar: Grammar = 'runs'): Explanation {
  const list = tokens(text)
  let next = 0
  // Where a refusal points: what is being looked at.
  let place = { start: 0, end: text.length }

  const peek = () => list[next]!
  const look = (token: Token) => (place = token) && token
  const take = (): Token => {
    const token = look(peek())
    if (token.kind !== 'end') next++
    return token
  }
  const unexpected = ({ kind, text }: Token) =>
    invalid(`Invalid clause(s) in filter string: ${kind === 'end' ? 'it ends too early' : `'${text}'`}`)

  function conjunction(): Filter | null {
    const of: Filter[] = []
    for (;;) {
      while (isWord(peek(), 'AND')) take()
      if (peek().kind === 'end') break
      if (of.length >= most) {
        look(peek())
        throw invalid(`A filter holds at most ${most} comparisons.`)
      }
      of.push(comparison())
    }
    return of.length > 1 ? { type: 'and', of } : (of[0] ?? null)
  }

  function comparison(): Comparison {
    const left = take()
    const operator = peek()
    if (left.kind !== 'identifier') {
      const compared = ['string', 'number'].includes(left.kind) && operator.kind === 'comparator'
      throw compared ? invalid(`Invalid comparison clause. Expected 'Identifier' found '${left.text}'`) : unexpected(left)
    }
    if (operator.kind === 'other' && operator.start === left.end) {
      // metrics.val/loss > 1: the key wants quotes.
      place = { start: left.start, end: operator.end }
      const [, word, key] = /^(\w+)\.(.*)$/.exec(left.text + operator.text) ?? []
      const way = key ? ` Quote keys that hold other characters than letters, digits, _ and dots: ${word}.\`${key}\`` : ''
      throw invalid(`Invalid comparison clause. Expected 'Identifier' found '${left.text}${operator.text}'.${way}`)
    }
    if (operator.kind !== 'comparator') throw unexpected(left)
    const column = columnOf(left.text, grammar)
    const comparator = take().text.toUpperCase() as Comparator
    if (comparator === 'IS NULL' || comparator === 'IS NOT NULL') {
      refuseNull(column, grammar)
      return { type: 'comparison', column, comparator, value: null, start: left.start, end: operator.end }
    }
    const right = take()
    if (right.kind === 'end' || right.kind === 'other' || right.kind === 'comparator') throw unexpected(right)
    const value = valueFor(column, comparator, right, grammar)
    look(operator)
    refuseComparator(column, comparator, grammar)
    return { type: 'comparison', column, comparator, value, start: left.start, end: right.end }
  }

  try {
    if (text.includes('\0')) throw invalid(`Invalid filter: it holds the character NUL.`)
    if (text && list.length === 1) throw invalid(`Invalid filter '${text}'. Could not be parsed.`)
    return { ok: true, filter: conjunction() }
  } catch (error) {
    if (error instanceof AppError) return { ok: false, message: error.message, start: place.start, end: place.end }
    throw error
  }
}

const isWord = (token: Token, word: string) => token.kind === 'word' && token.text.toUpperCase() === word

/** MLflow's words for kinds. */
const nameOf = ({ kind }: Column) => (kind === 'param' ? 'parameter' : kind)

function refuseNull(column: Column, grammar: Grammar) {
  if (column.kind === 'tag' || (column.kind === 'param' && grammar === 'runs')) return
  throw invalid(
    grammar === 'runs'
      ? `IS NULL / IS NOT NULL is only supported for tags and params, not for '${nameOf(column)}' '${column.key}'`
      : `IS NULL / IS NOT NULL is only supported for tags, not for attribute '${column.key}'`,
  )
}

const numeric = ['=', '!=', '>', '>=', '<', '<=']
const text = ['=', '!=', 'LIKE', 'ILIKE']
const listed = [...text, 'IN', 'NOT IN']

const isNumber = ({ kind, key }: Column, grammar: Grammar) =>
  kind === 'metric' || (kind === 'attribute' && attributes[grammar][key] === 'number')

function refuseComparator(column: Column, comparator: string, grammar: Grammar) {
  if (column.kind === 'attribute' && column.key === 'experiment_id') {
    if (!['=', '!=', 'IN', 'NOT IN'].includes(comparator)) throw invalid(`Invalid comparator for experiment_id: ${comparator}`)
    return
  }
  const valid = isNumber(column, grammar) ? numeric : column.kind === 'param' || column.kind === 'tag' ? text : listed
  if (valid.includes(comparator)) return
  if (grammar === 'experiments' && column.kind === 'tag') throw invalid(`Invalid comparator for tag: ${comparator}`)
  throw invalid(`Invalid comparator '${comparator}' not one of '${asSet(valid)}'`)
}

function valueFor(column: Column, comparator: string, right: Token, grammar: Grammar): string | number | string[] {
  const { kind, key } = column
  if (isNumber(column, grammar)) {
    if (right.kind !== 'number')
      throw invalid(
        kind === 'metric'
          ? `Expected numeric value type for metric. Found ${right.text}`
          : `Expected numeric value type for numeric attribute: ${key}. Found ${right.text}`,
      )
    const value = Number(right.text)
    if (grammar === 'experiments' && !/^-?\d+$/.test(right.text))
      throw invalid(`Invalid value for numeric attribute '${key}': '${right.text}'`)
    return value
  }
  if (right.kind === 'list' && (kind === 'dataset' || kind === 'attribute')) {
    const only = grammar === 'runs' ? 'run_id' : 'experiment_id'
    if (kind === 'attribute' && key !== only)
      throw invalid(`Only ['${only}'] attributes support comparison with a list of quoted string values.`)
    if (!comparator.endsWith('IN')) throw invalid(`Invalid comparator '${comparator}' for a list. Use IN or NOT IN.`)
    return items(right.text).map((item) => idOf(column, item))
  }
  if (right.kind !== 'string' && right.kind !== 'identifier')
    throw invalid(
      kind === 'dataset'
        ? `Expected a quoted string value for dataset attributes. Got value ${right.text}`
        : kind === 'attribute'
          ? `Expected a quoted string value for attributes. Got value ${right.text}`
          : `Expected a quoted string value for ${nameOf(column)} (e.g. 'my-value'). Got value ${right.text}`,
    )
  const value = unquoted(right.text, `'"`)
  if (value === right.text)
    throw invalid(
      `Parameter value is either not quoted or unidentified quote types used for string value ${value}. Use either single or double quotes.`,
    )
  if (comparator.endsWith('IN')) throw invalid(`Invalid clause(s) in filter string: ${comparator} wants a list, such as (${right.text})`)
  return idOf(column, value)
}

/** The value as it is; an experiment id as it is written elsewhere, without spaces, sign and leading zeros. */
function idOf({ kind, key }: Column, value: string): string {
  if (kind !== 'attribute' || key !== 'experiment_id') return value
  if (!/^\s*[-+]?\d{1,18}\s*$/.test(value)) throw invalid(`Invalid experiment ID '${value}'. Experiment ID must be a valid integer.`)
  return String(Number(value))
}

/** The quoted strings of a list, in which a backslash takes the next character as it is. */
function items(list: string): string[] {
  const found: string[] = []
  const rule = /\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)")\s*(,|$)/sy
  const inside = list.slice(1, -1)
  const refusal = 'While parsing a list in the query, expected'
  if (!inside.trim()) throw invalid(`${refusal} a non-empty list of string values, but got empty list`)
  while (rule.lastIndex < inside.trimEnd().length) {
    const match = rule.exec(inside)
    if (!match) {
      if (/^\s*[-\d.,\s]+$/.test(inside) || /,\s*-?\d/.test(inside))
        throw invalid(`${refusal} string value, punctuation, or whitespace, but got different type in list: ${list}`)
      throw invalid(`${refusal} a non-empty list of string values, but got ill-formed list.`)
    }
    found.push((match[1] ?? match[2]!).replace(/\\(.)/gs, '$1'))
    if (!match[3]) break
  }
  return found
}
