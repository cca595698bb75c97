/**
 * What each column may be compared with, and how: the comparators it takes and the values on their right side. Refusals
 * begin with MLflow's sentences where MLflow refuses too.
 */
import { invalid, invalidAs } from '../errors.ts'
import { asSet, asTuple, asWords, attributes, type Column, columnRef, type Grammar, isRegistry, unquoted } from './column.ts'
import { readDuration, readTime } from './time.ts'
import type { Token } from './tokens.ts'

const orders = ['=', '!=', '>', '>=', '<', '<='] as const
const ranges = ['BETWEEN', 'NOT BETWEEN'] as const
const lists = ['IN', 'NOT IN'] as const
const likes = ['LIKE', 'ILIKE', 'NOT LIKE', 'NOT ILIKE', '~', '!~'] as const
const texts = ['=', '!=', ...likes] as const
const nulls = ['IS NULL', 'IS NOT NULL'] as const
const nans = ['IS NAN', 'IS NOT NAN'] as const

/** HOLDS is what a bare word asks: the text is somewhere in it, in any case. It can't be written. */
export type Comparator = (typeof orders | typeof ranges | typeof lists | typeof texts | typeof nulls | typeof nans)[number] | 'HOLDS'

/** A number for metrics, times (ms since 1970) and durations (ms); params take both numbers and texts. Null for IS. */
export type Operand = string | number | string[] | number[] | null

type Holds = 'number' | 'whole' | 'time' | 'duration' | 'param' | 'text' | 'id'

const holds = ({ kind, key }: Column, grammar: Grammar): Holds =>
  kind === 'metric'
    ? 'number'
    : kind === 'param'
      ? grammar === 'models'
        ? 'text'
        : 'param'
      : kind === 'attribute'
        ? attributes[grammar][key]!
        : 'text'

const taken: Record<Holds, readonly Comparator[]> = {
  number: [...orders, ...lists, ...ranges, ...nulls, ...nans],
  whole: [...orders, ...lists, ...ranges],
  time: [...orders, ...lists, ...ranges, ...nulls],
  duration: [...orders, ...lists, ...ranges, ...nulls],
  param: [...texts, '>', '>=', '<', '<=', ...lists, ...ranges, ...nulls],
  text: [...texts, ...lists, ...nulls],
  id: ['=', '!=', ...lists],
}

/** MLflow's words for kinds. */
const nameOf = ({ kind }: Column) => (kind === 'param' ? 'parameter' : kind)

/** As it is written in a filter. */
const calledOf = (column: Column) => (column.kind === 'attribute' ? column.key : columnRef(column))

/** Refuses what is no comparator of that column. */
export function checkComparator(column: Column, comparator: string, grammar: Grammar): asserts comparator is Comparator {
  const valid = taken[holds(column, grammar)]
  const isNull = comparator === 'IS NULL' || comparator === 'IS NOT NULL'
  const plain = `${calledOf(column)} is not compared by '${comparator}': it takes ${asWords(valid)}.`
  if (grammar === 'experiments' && isNull && column.kind !== 'tag')
    throw invalidAs(`IS NULL / IS NOT NULL is only supported for tags, not for attribute '${column.key}'`, plain)
  if ((valid as readonly string[]).includes(comparator)) return
  if (grammar === 'models')
    throw invalidAs(`Invalid comparison operator for ${columnRef(column)}: '${comparator}'. Expected one of ${asTuple(valid)}.`, plain)
  if (isRegistry(grammar)) {
    const what = column.kind === 'tag' ? 'tag' : valid === taken.whole ? `attribute ${column.key}` : 'attribute'
    throw invalidAs(`Invalid comparator for ${what}: ${comparator}`, plain)
  }
  if (column.kind === 'attribute' && column.key === 'experiment_id')
    throw invalidAs(`Invalid comparator for experiment_id: ${comparator}`, plain)
  if (grammar === 'experiments' && column.kind === 'tag') throw invalidAs(`Invalid comparator for tag: ${comparator}`, plain)
  throw invalidAs(`Invalid comparator '${comparator}' not one of '${asSet(valid)}'`, plain)
}

/** One value. Throws where the column holds no such. */
export function operand(column: Column, comparator: Comparator, right: Token, grammar: Grammar, now: number): string | number {
  const { kind, key } = column
  const kept = holds(column, grammar)
  if (kept === 'time' || kept === 'duration') return timed(key, kept, right, grammar, now)
  if (kept === 'whole') {
    const written = unquoted(right.text, `'"`)
    if (/^\s*[-+]?\d{1,15}\s*$/.test(written)) return Number(written)
    throw invalidAs(`Invalid value for numeric attribute '${key}': ${right.text}`, `${key} is a whole number, and ${right.text} is none.`)
  }
  if (kept === 'number') {
    if (right.kind !== 'number')
      throw invalidAs(
        grammar === 'models'
          ? `Expected a number to compare '${columnRef(column)}' with. Found ${right.text}`
          : `Expected numeric value type for metric. Found ${right.text}${/^'?nan'?$/i.test(right.text) ? '. Write IS NAN' : ''}`,
        `${calledOf(column)} is a number, and ${right.text} is none.${/^'?nan'?$/i.test(right.text) ? ' Write IS NAN.' : ''}`,
      )
    return Number(right.text)
  }
  if (kept === 'param' && right.kind === 'number' && !(likes as readonly string[]).includes(comparator)) return Number(right.text)
  if (grammar === 'models') {
    const value = wordOf(right.text)
    if (comparator === '~' || comparator === '!~') checkPattern(value)
    return value
  }
  if (right.kind !== 'string' && right.kind !== 'identifier')
    throw invalidAs(
      kind === 'dataset'
        ? `Expected a quoted string value for dataset attributes. Got value ${right.text}`
        : kind === 'attribute'
          ? `Expected a quoted string value for attributes. Got value ${right.text}`
          : `Expected a quoted string value for ${nameOf(column)} (e.g. 'my-value'). Got value ${right.text}`,
      `${calledOf(column)} is a text: put ${right.text} in quotes, '${right.text}'.`,
    )
  const value = unquoted(right.text, `'"`)
  if (value === right.text)
    throw invalidAs(
      `Parameter value is either not quoted or unidentified quote types used for string value ${value}. Use either single or double quotes.`,
      `${calledOf(column)} is a text: put ${value} in quotes, '${value}'.`,
    )
  if (kept === 'param' && !(texts as readonly string[]).includes(comparator) && !comparator.endsWith('IN'))
    throw invalidAs(
      `Invalid comparator '${comparator}' not one of '${asSet(texts)}' for a text. Params that are numbers are compared without quotes.`,
      `A text is not compared by '${comparator}': it takes ${asWords(texts)}. Where ${calledOf(column)} is a number, leave out the quotes.`,
    )
  if (comparator === '~' || comparator === '!~') checkPattern(value)
  return idOf(kept, value)
}

/** The text between quotes, in which a doubled quote is one; without quotes the text itself. */
function wordOf(written: string): string {
  const plain = unquoted(written, `'"`)
  return plain === written ? plain : plain.replaceAll(written[0]!.repeat(2), written[0]!)
}

/** Characters of a regular expression: longer ones are lists, and IN is the way to those. */
const longestPattern = 250

function checkPattern(pattern: string) {
  if (pattern.length > longestPattern)
    throw invalid(`A regular expression holds at most ${longestPattern} characters, and this one ${pattern.length}.`)
  // What was matched before, matched again, can take as long as the universe lasts.
  if (/\\[1-9]/.test(pattern)) throw invalid(`A regular expression can't refer back to its groups: \\1.`)
}

function timed(key: string, kept: 'time' | 'duration', right: Token, grammar: Grammar, now: number): number {
  if (right.kind === 'number') {
    if (grammar === 'experiments' && !/^-?\d+$/.test(right.text))
      throw invalidAs(
        `Invalid value for numeric attribute '${key}': '${right.text}'`,
        `${key} is a time, in whole milliseconds since 1970, and ${right.text} is none.`,
      )
    return Number(right.text)
  }
  const written = right.kind === 'string' ? right.text.slice(1, -1) : unquoted(right.text, '"')
  const value = kept === 'time' ? readTime(written, now) : readDuration(written)
  if (value !== undefined) return value
  const way = kept === 'time' ? 'milliseconds since 1970, -7d, today, or 2026-01-31' : 'milliseconds, or a length such as 5m or 1h30m'
  throw invalidAs(
    `Expected numeric value type for numeric attribute: ${key}. Found ${right.text}. It takes ${way}`,
    `${key} is a ${kept === 'time' ? 'time' : 'length of time'}, and ${right.text} is none: it takes ${way}.`,
  )
}

/** The value as it is; an experiment id as it is written elsewhere, without spaces, sign and leading zeros. */
function idOf(kept: Holds, value: string): string {
  if (kept !== 'id') return value
  if (!/^\s*[-+]?\d{1,18}\s*$/.test(value))
    throw invalidAs(
      `Invalid experiment ID '${value}'. Experiment ID must be a valid integer.`,
      `An experiment's id is a whole number, and '${value}' is none.`,
    )
  return String(Number(value))
}

/** The values of a list, all numbers or all texts. */
export function operands(column: Column, comparator: Comparator, right: Token, grammar: Grammar, now: number): string[] | number[] {
  if (!comparator.endsWith('IN'))
    throw invalidAs(
      `Invalid comparator '${comparator}' for a list. Use IN or NOT IN.`,
      `'${comparator}' takes one value: of a list it is IN or NOT IN.`,
    )
  const kept = holds(column, grammar)
  const list = right.text
  const refusal = 'While parsing a list in the query, expected'
  const ours = {
    empty: 'The list is empty: put values in it, with , between them.',
    broken: `${list} can't be read as a list: ('a', 'b').`,
  }
  if (!list.slice(1, -1).trim()) throw invalidAs(`${refusal} a non-empty list of string values, but got empty list`, ours.empty)
  const found = items(list, grammar)
  if (!found) throw invalidAs(`${refusal} a non-empty list of string values, but got ill-formed list.`, ours.broken)
  const isQuoted = typeof found[0] === 'string'
  if (found.some((item) => (typeof item === 'string') !== isQuoted) || (!isQuoted && (kept === 'text' || kept === 'id')))
    throw invalidAs(
      `${refusal} string value, punctuation, or whitespace, but got different type in list: ${list}`,
      isQuoted || kept === 'number'
        ? `${list} has texts beside numbers.`
        : `${calledOf(column)} is a text: put each value of ${list} in quotes.`,
    )
  if (isQuoted && (kept === 'text' || kept === 'id' || kept === 'param')) return (found as string[]).map((item) => idOf(kept, item))
  // Numbers and times, each judged as if it stood alone.
  return found.map((item) => {
    const text = typeof item === 'string' ? `'${item}'` : item.bare
    const kind = typeof item === 'string' ? 'string' : isNumber.test(text) ? 'number' : 'time'
    const value = operand(column, '=', { ...right, kind, text }, grammar, now)
    return Number(value)
  })
}

const isNumber = /^-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/

/**
 * What a list holds; in its quotes a backslash takes the next character as it is, and of models a doubled quote is one.
 * Undefined where it is ill-formed.
 */
function items(list: string, grammar: Grammar): Array<string | { bare: string }> | undefined {
  const found: Array<string | { bare: string }> = []
  const doubles = grammar === 'models'
  const rule = doubles
    ? /\s*(?:('(?:''|[^'])*')|("(?:""|[^"])*")|([-\w.:+]+))\s*(,|$)/sy
    : /\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"|([-\w.:+]+))\s*(,|$)/sy
  const inside = list.slice(1, -1)
  while (rule.lastIndex < inside.trimEnd().length) {
    const match = rule.exec(inside)
    if (!match) return undefined
    const [, single, double, bare] = match
    if (bare !== undefined) found.push({ bare })
    else found.push(doubles ? wordOf(single ?? double!) : (single ?? double!).replace(/\\(.)/gs, '$1'))
    if (!match[4]) break
  }
  return found
}
