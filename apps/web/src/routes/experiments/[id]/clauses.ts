/**
 * The filter as the box shows it: clauses joined by AND, each a chip; and what is being typed. A filter with OR outside of
 * parentheses is one clause. The server judges what is right.
 */

// A quote that nobody closed holds the rest.
const token = /'(?:''|\\'|[^'])*(?:'|$)|"(?:\\"|[^"])*(?:"|$)|`[^`]*(?:`|$)|[()]|\b(?:AND|OR|BETWEEN)\b(?!\s*\.)|\s+|[^\s'"`()]+/giy

/** The filter cut at every AND that is outside of quotes, parentheses and BETWEEN; and whether there is an OR there. */
function cut(filter: string): { clauses: string[]; hasOr: boolean } {
  const clauses = ['']
  let depth = 0
  let isBetween = false
  let hasOr = false
  for (const [text] of filter.matchAll(token)) {
    const word = text.toLowerCase()
    if (word === '(') depth++
    else if (word === ')') depth--
    else if (word === 'between') isBetween = true
    else if (word === 'or' && depth === 0) hasOr = true
    if (word === 'and' && depth === 0 && !isBetween) clauses.push('')
    else clauses[clauses.length - 1] += text
    if (word === 'and') isBetween = false
  }
  return { clauses: clauses.map((clause) => clause.trim()).filter(Boolean), hasOr }
}

export function splitClauses(filter: string): string[] {
  const { clauses, hasOr } = cut(filter)
  return hasOr ? [filter.trim()] : clauses
}

/** All of them together: OR binds less than AND, so it gets parentheses where it is not alone. */
export function joinClauses(clauses: readonly string[]): string {
  const all = clauses.filter(Boolean)
  return all.length < 2 ? (all[0] ?? '') : all.map((clause) => (cut(clause).hasOr ? `(${clause})` : clause)).join(' AND ')
}

/** A clause in three parts for the eye; all of it is the key where it is no single comparison. */
export function clauseParts(clause: string): { key: string; op: string; value: string } {
  const match =
    /^((?:`[^`]*`|"[^"]*"|[^\s<>=!~()])+?)\s*(<=|>=|!=|!~|=|<|>|~|\b(?:NOT\s+)?(?:LIKE|ILIKE|IN|BETWEEN)\b|\bIS\s+(?:NOT\s+)?(?:NULL|NAN)\b)\s*(.*)$/is.exec(
      clause,
    )
  if (!match || cut(clause).hasOr) return { key: clause, op: '', value: '' }
  const [, key = '', op = '', value = ''] = match
  return { key: key.replace(/^(attributes?|attr|run)\./, ''), op, value }
}

/** What is typed before the caret. */
export interface Typed {
  /** The column whose value it is; undefined where it may become a column. */
  column: string | undefined
  start: number
  text: string
}

const column = '((?:[\\w.]|`[^`]*`|"[^"]*")+)'
const operator = '(?:!=|!~|[=~]|\\b(?:NOT\\s+)?I?LIKE\\b)\\s*|\\b(?:NOT\\s+)?IN\\s*\\((?:[^()]*,)?\\s*'
const asValue = new RegExp(`(?:^|[\\s(])${column}\\s*(?:${operator})((?:'[^']*|"[^"]*)?)$`, 'i')
/** A column stands at the start, behind a parenthesis and behind these words. */
const asColumn = /(?:^|[(]|\b(?:AND|OR|NOT)\s+)\s*((?:[\w.]+\.`[^`]*|[^\s'"<>=!~()]*))$/i

export function typedPart(text: string, caret: number): Typed | undefined {
  const before = text.slice(0, caret)
  const value = asValue.exec(before)
  if (value) return { column: value[1], start: caret - value[2]!.length, text: value[2]! }
  // A quote that is open holds a value.
  if ((before.match(/'/g)?.length ?? 0) % 2 === 1) return undefined
  const name = asColumn.exec(before)
  return name ? { column: undefined, start: caret - name[1]!.length, text: name[1]! } : undefined
}

/** True for plain words without any comparison: runs whose names hold them are found. */
export const isBareWords = (text: string): boolean =>
  /^[\p{L}\p{N}_\-. /]+$/u.test(text.trim()) &&
  !/^(metrics?|params?|tags?|attributes?)\.|(^|\s)(and|or|not|is|null|nan|in|i?like|between)(\s|$)/i.test(text.trim())
