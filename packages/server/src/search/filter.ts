/**
 * The filter language of searches: text to a tree. MLflow's language is a part of it, taken with the same meaning, and
 * refusals begin with MLflow's sentences, because its clients match them. docs/filter.md has the whole grammar.
 *
 * Always true: a comparison on what a run does not have is false, and NOT of a filter holds for exactly the runs that the
 * filter does not hold for.
 */
import { AppError, invalid, invalidAs } from '../errors.ts'
import { attributes, type Column, columnOf, type Grammar } from './column.ts'
import { type Comparator, checkComparator, type Operand, operand, operands } from './operand.ts'
import { type Token, tokens } from './tokens.ts'

/** One comparison. `start` and `end` are offsets in the text, in UTF-16 units. */
export interface Comparison {
  type: 'comparison'
  column: Column
  comparator: Comparator
  /** A pair for BETWEEN, a list for IN, null for IS. */
  value: Operand
  start: number
  end: number
  /** Where a regular expression is. */
  at?: { start: number; end: number }
}

export type Filter =
  | Comparison
  /** Of two or more. */
  | { type: 'and' | 'or'; of: Filter[] }
  | { type: 'not'; of: Filter }

/** Every comparison of a filter, however they are joined. */
export const leaves = (filter: Filter | null | undefined): Comparison[] =>
  !filter ? [] : filter.type === 'comparison' ? [filter] : filter.type === 'not' ? leaves(filter.of) : filter.of.flatMap(leaves)

export interface Fault {
  ok: false
  /** As MLflow says it, where it does. */
  message: string
  /** The same in words of ours. */
  plain?: string | undefined
  start: number
  end: number
}
export type Explanation = { ok: true; filter: Filter | null } | Fault

/** Comparisons in a filter: each is a range of an index. */
const most = 100
/** Parentheses and NOTs within each other. */
const deepest = 50

/** The tree of a filter, null where everything passes. Throws an AppError INVALID_PARAMETER_VALUE. */
export function parseFilter(text: string | undefined | null, grammar: Grammar = 'runs', now = Date.now()): Filter | null {
  const explanation = explainFilter(text ?? '', grammar, now)
  if (!explanation.ok) throw new AppError('INVALID_PARAMETER_VALUE', explanation.message, { plain: explanation.plain, field: 'filter' })
  return explanation.filter
}

/** The tree, or what is wrong and where. Never throws. `now` is what `-7d` counts from, ms since 1970. */
export function explainFilter(text: string, grammar: Grammar = 'runs', now = Date.now()): Explanation {
  const list = tokens(text)
  let next = 0
  let count = 0
  let depth = 0
  // Where a refusal points: what is being looked at.
  let place = { start: 0, end: text.length }

  const peek = () => list[next]!
  const look = <At extends { start: number; end: number }>(at: At) => (place = at)
  const take = (): Token => {
    const token = peek()
    look(token)
    if (token.kind !== 'end') next++
    return token
  }
  const wrong = (what: string) =>
    invalidAs(
      grammar === 'models' ? `Invalid filter string: '${text}'. What is wrong: ${what}` : `Invalid clause(s) in filter string: ${what}`,
      `The filter can't be read: ${what}.`,
    )
  const unexpected = (token: Token) => {
    look(token)
    return wrong(token.kind === 'end' ? 'it ends too early' : `'${token.text}'`)
  }
  const joined = (type: 'and' | 'or', of: Filter[]): Filter => (of.length === 1 ? of[0]! : { type, of })

  /** Null where it is empty. */
  function disjunction(): Filter | null {
    const first = conjunction()
    if (!isWord(peek(), 'OR')) return first
    const of = [first]
    while (isWord(peek(), 'OR')) {
      // Of an AND or an OR with nothing on one side, it is what is wrong.
      if (!of.at(-1) || isWord(list[next - 1]!, 'AND')) throw unexpected(peek())
      const or = take()
      of.push(conjunction())
      if (!of.at(-1)) throw unexpected(peek().kind === 'end' ? or : peek())
    }
    return joined('or', of as Filter[])
  }

  /** AND may be left out, and MLflow takes too many of it. */
  function conjunction(): Filter | null {
    const of: Filter[] = []
    for (;;) {
      while (isWord(peek(), 'AND')) take()
      if (peek().kind === 'end' || peek().kind === 'close' || isWord(peek(), 'OR')) break
      of.push(term())
    }
    return of.length ? joined('and', of) : null
  }

  function term(): Filter {
    const token = peek()
    if (!isWord(token, 'NOT') && token.kind !== 'open') return comparison()
    if (++depth > deepest) {
      look(token)
      throw invalid(`Parentheses and NOT go at most ${deepest} deep.`)
    }
    take()
    let inner: Filter | null
    if (token.kind === 'open') {
      inner = disjunction()
      if (peek().kind !== 'close') throw peek().kind === 'end' ? missing(token) : unexpected(peek())
      if (!inner) throw unexpected(peek())
      take()
    } else {
      if (peek().kind === 'end' || peek().kind === 'close' || isWord(peek(), 'AND') || isWord(peek(), 'OR')) throw unexpected(token)
      inner = { type: 'not', of: term() }
    }
    depth--
    return inner
  }

  const missing = (open: Token) => {
    look(open)
    return wrong(`'(' has no ')'`)
  }

  function comparison(): Comparison {
    if (++count > most) {
      look(peek())
      throw invalid(`A filter holds at most ${most} comparisons.`)
    }
    const left = glued(take())
    const operator = peek()
    if (left.kind !== 'identifier' || operator.kind !== 'comparator') return bareWord(left)
    const column = columnOf(left.text, grammar)
    look(take())
    const comparator = operator.text.toUpperCase()
    checkComparator(column, comparator, grammar)
    const done = (value: Operand, { end }: Token): Comparison => ({ type: 'comparison', column, comparator, value, start: left.start, end })
    if (comparator.startsWith('IS')) return done(null, operator)

    const right = value(operator)
    if (comparator.endsWith('BETWEEN')) {
      const low = operand(column, comparator, right, grammar, now) as number
      if (!isWord(peek(), 'AND')) throw between(peek())
      const and = take()
      const last = value(and)
      return done([low, operand(column, comparator, last, grammar, now) as number], last)
    }
    if (right.kind === 'list') return done(operands(column, comparator, right, grammar, now), right)
    const one = operand(column, comparator, right, grammar, now)
    if (comparator.endsWith('IN')) throw wrong(`${comparator} wants a list, such as (${right.text})`)
    const { start, end } = right
    return comparator.endsWith('~') ? { ...done(one, right), at: { start, end } } : done(one, right)
  }

  const between = (token: Token) => {
    look(token)
    return wrong('BETWEEN wants two values, such as BETWEEN 1 AND 2')
  }

  /** What stands right of `operator`, which is what is wrong where there is nothing. */
  function value(operator: Token): Token {
    const right = take()
    if (right.kind === 'end' || right.kind === 'close' || right.kind === 'word') {
      look(operator)
      throw wrong(`nothing to compare with after '${operator.text}'`)
    }
    if (right.kind === 'open') throw missing(right)
    if (grammar === 'models' && right.kind !== 'list' && right.kind !== 'comparator') return glued(right)
    if (right.kind === 'other' || right.kind === 'comparator') throw unexpected(right)
    return right
  }

  /** Models' names and values need no quotes: of them, all that stands without space between it is one. */
  function glued(token: Token): Token {
    if (grammar !== 'models' || !gluing.has(token.kind)) return token
    let { end } = token
    while (peek().start === end && gluing.has(peek().kind)) end = take().end
    look({ start: token.start, end })
    return end === token.end ? token : { ...token, kind: 'identifier', text: text.slice(token.start, end), end }
  }

  /** Words that compare nothing are part of a name: all that stands without space between it is one. */
  function bareWord(left: Token): Comparison {
    if (grammar === 'models' && peek().kind !== 'comparator') throw unexpected(left)
    let end = left.end
    const isQuoted = left.kind === 'string' || /^"[^"]*"$/.test(left.text)
    if (!isQuoted) while (peek().start === end && gluing.has(peek().kind)) end = take().end
    look({ start: left.start, end })
    const written = text.slice(left.start, end)
    const isColumn = left.kind === 'identifier' && looksLikeColumn(written, grammar)
    if (peek().kind === 'comparator') {
      if (left.kind !== 'identifier' && left.kind !== 'string' && left.kind !== 'number') throw unexpected(left)
      const [, word, key] = /^(\w+)\.(.*)$/.exec(written) ?? []
      const way = key ? ` Quote keys that hold other characters than letters, digits, _ and dots: ${word}.\`${key}\`` : ''
      throw invalidAs(
        `Invalid comparison clause. Expected 'Identifier' found '${written}'.${way}`,
        `'${written}' is no name of a column, and something is compared with it.${way}`,
      )
    }
    if (!isQuoted && (isColumn || !nameable.test(written))) throw unexpected({ ...left, text: written, end })
    const name = isQuoted ? written.slice(1, -1) : written
    const column: Column = { kind: 'attribute', key: Object.hasOwn(attributes[grammar], 'run_name') ? 'run_name' : 'name' }
    return { type: 'comparison', column, comparator: 'HOLDS', value: name, start: left.start, end }
  }

  try {
    if (text.includes('\0')) throw invalid(`Invalid filter: it holds the character NUL.`)
    if (text && list.length === 1 && grammar === 'models') throw wrong('it is empty')
    if (text && list.length === 1) throw invalidAs(`Invalid filter '${text}'. Could not be parsed.`, 'The filter is empty but for spaces.')
    const filter = disjunction()
    if (peek().kind !== 'end') throw unexpected(peek())
    return { ok: true, filter }
  } catch (error) {
    if (error instanceof AppError) return { ok: false, message: error.message, plain: error.plain, start: place.start, end: place.end }
    throw error
  }
}

const isWord = (token: Token, word: string) => token.kind === 'word' && token.text.toUpperCase() === word

const gluing = new Set(['identifier', 'number', 'time', 'other'])
/** What a bare word may be made of; a letter or digit is among it. */
const nameable = /^(?=.*[\p{L}\p{N}])[\p{L}\p{M}\p{N}_\-./:@+#&]+$/u

/** A comparison that was not finished, rather than a name. */
const looksLikeColumn = (written: string, grammar: Grammar) =>
  /^(?:metrics?|param(?:eter)?s?|tags?|attr(?:ibutes?)?|run|datasets?)\./.test(written) || Object.hasOwn(attributes[grammar], written)
