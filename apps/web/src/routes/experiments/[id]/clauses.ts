/** The filter as the box shows it: clauses joined by AND, each a chip; and which column is being typed. The server judges what is right. */

/** The clauses of a filter, cut at every AND that is not inside quotes or a list. */
export function splitClauses(filter: string): string[] {
  const clauses: string[] = []
  // A quote that nobody closed holds the rest.
  const token = /'(?:''|\\'|[^'])*(?:'|$)|"(?:\\"|[^"])*(?:"|$)|`[^`]*(?:`|$)|\([^()]*\)|\bAND\b|\s+|[^\s'"`(]+|./giy
  let clause = ''
  for (const [text] of filter.matchAll(token)) {
    if (/^and$/i.test(text)) {
      clauses.push(clause.trim())
      clause = ''
    } else clause += text
  }
  clauses.push(clause.trim())
  return clauses.filter(Boolean)
}

export const joinClauses = (clauses: readonly string[]): string => clauses.filter(Boolean).join(' AND ')

/** A clause in three parts for the eye; all of it is the key where it has no comparison. */
export function clauseParts(clause: string): { key: string; op: string; value: string } {
  const match =
    /^((?:`[^`]*`|"[^"]*"|[^\s<>=!])+?)\s*(<=|>=|!=|=|<|>|\b(?:NOT\s+)?(?:LIKE|ILIKE|IN)\b|\bIS\s+(?:NOT\s+)?NULL\b)\s*(.*)$/is.exec(clause)
  if (!match) return { key: clause, op: '', value: '' }
  const [, key = '', op = '', value = ''] = match
  return { key: key.replace(/^(attributes?|attr|run)\./, ''), op, value }
}

/** What is typed before the caret that may become a column, and where it begins. Undefined inside a value or after an operator. */
export function typedColumn(text: string, caret: number): { start: number; text: string } | undefined {
  const before = text.slice(0, caret)
  const clause = /(?:^|\s)(?:AND\s+)?((?:[\w.]+\.`[^`]*|[^\s'"<>=!()]*))$/i.exec(before)
  const typed = clause?.[1] ?? ''
  const start = caret - typed.length
  const rest = before.slice(0, start)
  // A column stands at the start or after AND, and nowhere else.
  if (!/(^|\bAND\s+)\s*$/i.test(rest)) return undefined
  return { start, text: typed }
}

/** True for plain words without any comparison: they are taken as part of a run's name. */
export const isBareWords = (text: string): boolean =>
  /^[\p{L}\p{N}_\-. /]+$/u.test(text.trim()) && !/^(metrics?|params?|tags?|attributes?)\./i.test(text.trim())
