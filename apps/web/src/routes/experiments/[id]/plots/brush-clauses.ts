/**
 * Ranges of axes as clauses of the filter, and back: what is kept on an axis is what the filter box says of its column. A clause that
 * says more than ranges can stays a clause.
 */
import type { Range } from '#lib/plots/brushes.ts'
import { categoriesIn } from '#lib/plots/brushes.ts'
import type { PlotColumn } from '#lib/plots/columns.ts'
import type { Box } from '#lib/plots/lasso.ts'
import { joinClauses, splitClauses } from '../clauses.ts'
import { parseRef } from '../columns.ts'

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** Empty where nothing is kept from all. */
export function clauseOf(column: PlotColumn, ranges: readonly Range[]): string {
  if (ranges.length === 0) return ''
  const { ref, categories } = column
  if (categories) {
    const names = categoriesIn(categories, ranges)
    // A metric has no texts: what it holds as a category are its numbers.
    const texts = ref.startsWith('metrics.') ? names.map((name) => `${ref} = ${name}`) : []
    if (texts.length > 0) return texts.join(' OR ')
    return names.length === 1 ? `${ref} = ${quoted(names[0]!)}` : names.length > 1 ? `${ref} IN (${names.map(quoted).join(', ')})` : ''
  }
  return ranges
    .map(({ from, to }) => {
      if (from === Number.NEGATIVE_INFINITY) return `${ref} <= ${to}`
      if (to === Number.POSITIVE_INFINITY) return `${ref} >= ${from}`
      return `${ref} BETWEEN ${from} AND ${to}`
    })
    .join(' OR ')
}

/** What is in one of the boxes on two axes. */
export function boxesClause(x: PlotColumn, y: PlotColumn, boxes: readonly Box[]): string {
  const texts = boxes.map((box) => joinClauses([clauseOf(x, [box.x]), clauseOf(y, [box.y])]))
  return texts.length < 2 ? (texts[0] ?? '') : texts.map((text) => `(${text})`).join(' OR ')
}

const number = '([+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:e[+-]?\\d+)?)'
const comparison = new RegExp(`^(.+?)\\s*(<=|>=|<|>|=)\\s*${number}$`, 'is')
const between = new RegExp(`^(.+?)\\s+BETWEEN\\s+${number}\\s+AND\\s+${number}$`, 'is')
const isText = /^(.+?)\s*=\s*('(?:''|[^'])*')$/s
const inTexts = /^(.+?)\s+IN\s*\(((?:\s*'(?:''|[^'])*'\s*,?)+)\)$/is

/** The nearest number on one side: `<` keeps all but the end itself. */
const beside = (value: number, way: 1 | -1): number => value + way * Math.max(Math.abs(value) * Number.EPSILON, Number.MIN_VALUE)

function rangeOf(text: string): { ref: string; range: Range } | undefined {
  const pair = between.exec(text)
  if (pair) return { ref: pair[1]!, range: { from: Number(pair[2]), to: Number(pair[3]) } }
  const [, ref, op, end] = comparison.exec(text) ?? []
  if (ref === undefined) return undefined
  const value = Number(end)
  if (op === '=') return { ref, range: { from: value, to: value } }
  if (op === '<' || op === '<=') return { ref, range: { from: Number.NEGATIVE_INFINITY, to: op === '<' ? beside(value, -1) : value } }
  return { ref, range: { from: op === '>' ? beside(value, 1) : value, to: Number.POSITIVE_INFINITY } }
}

/** What a clause keeps of one column: ranges of its numbers, or some of its texts. */
export type Kept =
  | { ref: string; ranges: readonly Range[]; texts?: undefined }
  | { ref: string; texts: readonly string[]; ranges?: undefined }

const canonical = (ref: string): string | undefined => parseRef(ref.trim())?.ref

/** Undefined for a clause that says something else. */
export function readClause(clause: string): Kept | undefined {
  const list = inTexts.exec(clause) ?? isText.exec(clause)
  if (list) {
    const ref = canonical(list[1]!)
    return ref === undefined
      ? undefined
      : { ref, texts: [...list[2]!.matchAll(/'((?:''|[^'])*)'/g)].map(([, text]) => text!.replaceAll("''", "'")) }
  }
  const inner = /^\((.*)\)$/s.exec(clause)?.[1] ?? clause
  if (/['"]/.test(inner.replaceAll(/"[^"]*"(?=\s*[<>=B])/gi, ''))) return undefined
  const parts = inner.split(/\s+OR\s+/i).map((part) => rangeOf(part.trim()))
  const ref = parts[0] && canonical(parts[0].ref)
  if (!ref || !parts.every((part) => part && canonical(part.ref) === ref)) return undefined
  return { ref, ranges: parts.map((part) => part!.range) }
}

/** The filter cut in two: what is kept on the axes of `refs`, and the rest. An axis has one clause, its first; others of it stay in the rest. */
export function cutFilter(filter: string, refs: ReadonlySet<string>): { kept: ReadonlyMap<string, Kept>; rest: string } {
  const kept = new Map<string, Kept>()
  const rest = splitClauses(filter).filter((clause) => {
    const read = readClause(clause)
    if (!read || !refs.has(read.ref) || kept.has(read.ref)) return true
    kept.set(read.ref, read)
    return false
  })
  return { kept, rest: joinClauses(rest) }
}

/** Ranges on the axis of a column. A text that no run has keeps none. */
export function rangesOf(column: PlotColumn, kept: Kept | undefined): readonly Range[] {
  if (!kept) return []
  const { categories } = column
  if (kept.ranges) {
    if (!categories) return kept.ranges
    return asRanges(categories.map((text) => kept.ranges.some(({ from, to }) => Number(text) >= from && Number(text) <= to)))
  }
  if (categories) return asRanges(categories.map((text) => kept.texts.includes(text)))
  return kept.texts.flatMap((text) => (Number.isFinite(Number(text)) ? { from: Number(text), to: Number(text) } : []))
}

/** A range for each category that is kept, and for none of them one that holds nothing. */
function asRanges(isKept: readonly boolean[]): Range[] {
  const ranges = isKept.flatMap((kept, i) => (kept ? { from: i - 0.5, to: i + 0.5 } : []))
  return ranges.length > 0 ? ranges : [{ from: -2, to: -2 }]
}

/** The filter with what is kept of this column as it is now, in its old place where it had one. */
export function withRanges(filter: string, column: PlotColumn, ranges: readonly Range[]): string {
  const clause = clauseOf(column, ranges)
  let isPut = false
  const clauses = splitClauses(filter).flatMap((each) => {
    if (isPut || readClause(each)?.ref !== column.ref) return each
    isPut = true
    return clause || []
  })
  return joinClauses(isPut ? clauses : [...clauses, clause])
}
