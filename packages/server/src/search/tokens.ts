/**
 * The words of the filter language and of order_by, cut as MLflow's clients expect. Every character belongs to a token,
 * so a refusal can always say where.
 */

export type TokenKind = 'identifier' | 'string' | 'number' | 'time' | 'comparator' | 'list' | 'word' | 'open' | 'close' | 'other' | 'end'

export interface Token {
  kind: TokenKind
  /** As written. Keywords of two words (NOT IN, IS NULL) are one token, written with one space. */
  text: string
  /** Offsets in the text, in UTF-16 units. */
  start: number
  end: number
}

// A part that looks like a number is one to MLflow: such keys are quoted.
const part = '(?:`(?:``|[^`])*`|"(?:\\\\"|[^"])*"|(?!\\d+(?:[eE]-?\\d+)?(?![\\w]))[\\w\\u00c0-\\uffff]+)'
const rules: Array<[TokenKind, RegExp]> = [
  // A day or an instant, and lengths of time: 2026-01-05T10:00Z, -7d, 1h30m.
  ['time', /\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[-+]\d\d:?\d\d)?)?(?![\w.:-])/y],
  ['time', /-?(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+(?![\w.])/y],
  ['number', /-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?(?![\w.])/y],
  ['string', /'(?:''|\\'|[^'])*'/y],
  ['comparator', /[<>=~!]+|(?:NOT\s+)?(?:LIKE|ILIKE|RLIKE|IN|BETWEEN)\b|IS\s+(?:NOT\s+)?(?:NULL|NAN)\b/iy],
  ['word', /(?:AND|OR|NOT|IS|NULL)\b(?!\s*\.)/iy],
  ['identifier', new RegExp(`${part}(?:\\.(?:${part}|'[^']*'))*`, 'y')],
  // What MLflow reads as a list is one token: its items are looked at where it is the right side of IN.
  ['list', /\((?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^()'"])*\)/y],
  ['open', /\(/y],
  ['close', /\)/y],
  ['other', /[^\s'"`()<>=~!]+|./suy],
]

/** All tokens of a text, without the space between them, and an `end`. */
export function tokens(text: string): Token[] {
  const list: Token[] = []
  let at = 0
  for (;;) {
    while (at < text.length && /\s/.test(text[at]!)) at++
    if (at >= text.length) break
    for (const [kind, rule] of rules) {
      // Elsewhere a parenthesis groups.
      if (kind === 'list' && list.at(-1)?.kind !== 'comparator') continue
      rule.lastIndex = at
      const found = rule.exec(text)?.[0]
      if (!found) continue
      list.push({ kind, text: kind === 'comparator' ? found.replace(/\s+/g, ' ') : found, start: at, end: at + found.length })
      at += found.length
      break
    }
  }
  list.push({ kind: 'end', text: '', start: text.length, end: text.length })
  return list
}
