import { expect, it } from 'vitest'
import { clauseParts, isBareWords, joinClauses, splitClauses, typedPart } from './clauses.ts'

it('cuts at AND, but not inside quotes and parentheses', () => {
  const filter =
    "params.a = 'this and that' and metrics.`x AND y` < 2 AND run_id IN ('a', 'b and c') AND (a = 1 AND (b = 2 OR c = 3)) AND m BETWEEN 1 AND 2"
  expect(splitClauses(filter)).toEqual([
    "params.a = 'this and that'",
    'metrics.`x AND y` < 2',
    "run_id IN ('a', 'b and c')",
    '(a = 1 AND (b = 2 OR c = 3))',
    'm BETWEEN 1 AND 2',
  ])
  expect(splitClauses('  ')).toEqual([])
  expect(splitClauses(joinClauses(splitClauses(filter)))).toEqual(splitClauses(filter))
})

it('keeps an OR together, and in parentheses beside others', () => {
  expect(splitClauses("a = 'x' AND b = 'y' OR c = 'z'")).toEqual(["a = 'x' AND b = 'y' OR c = 'z'"])
  expect(joinClauses(["a = 'x' or b = 'y'", 'm > 1'])).toBe("(a = 'x' or b = 'y') AND m > 1")
  expect(joinClauses(["a = 'x' or b = 'y'"])).toBe("a = 'x' or b = 'y'")
  expect(joinClauses(["a = 'x or y'", '(m > 1 OR n > 1)'])).toBe("a = 'x or y' AND (m > 1 OR n > 1)")
})

it('keeps what it can not read as one clause', () => {
  expect(splitClauses("params.a = 'open and")).toEqual(["params.a = 'open and"])
})

it('shows a clause as column, comparison and value', () => {
  expect(clauseParts('metrics.`val/loss`<=0.3')).toEqual({ key: 'metrics.`val/loss`', op: '<=', value: '0.3' })
  expect(clauseParts("attributes.status = 'RUNNING'")).toEqual({ key: 'status', op: '=', value: "'RUNNING'" })
  expect(clauseParts("tags.x NOT IN ('a')")).toEqual({ key: 'tags.x', op: 'NOT IN', value: "('a')" })
  expect(clauseParts('params.a IS NULL')).toEqual({ key: 'params.a', op: 'IS NULL', value: '' })
  expect(clauseParts("name !~ '^x'")).toEqual({ key: 'name', op: '!~', value: "'^x'" })
  expect(clauseParts('not metrics.a > 1').op).toBe('')
  expect(clauseParts('a > 1 or b > 2').op).toBe('')
})

it('knows when a column is being typed', () => {
  const typed = (text: string) => typedPart(text, text.length)
  expect(typed('metr')).toEqual({ column: undefined, start: 0, text: 'metr' })
  expect(typed('')).toEqual({ column: undefined, start: 0, text: '' })
  expect(typed("a = 'x' AND params.")).toEqual({ column: undefined, start: 12, text: 'params.' })
  expect(typed("a = 'x' or not (st")).toEqual({ column: undefined, start: 16, text: 'st' })
  expect(typed('metrics.val/m')).toEqual({ column: undefined, start: 0, text: 'metrics.val/m' })
  expect(typed('metrics.`val lo')).toEqual({ column: undefined, start: 0, text: 'metrics.`val lo' })
  expect(typed('metrics.loss < 0')).toBeUndefined()
  expect(typed("params.a > 'x and ")).toBeUndefined()
})

it('knows when a value is being typed, and of which column', () => {
  const typed = (text: string) => typedPart(text, text.length)
  expect(typed("tags.team = 'vi")).toEqual({ column: 'tags.team', start: 12, text: "'vi" })
  expect(typed('(status !=')).toEqual({ column: 'status', start: 10, text: '' })
  expect(typed("m > 1 and params.`a b` in ('x', 'y")).toEqual({ column: 'params.`a b`', start: 32, text: "'y" })
  expect(typed("tags.team = 'vision'")).toBeUndefined()
})

it('takes plain words as a name, but not the start of a comparison', () => {
  expect(isBareWords('calm osprey-214')).toBe(true)
  expect(isBareWords('metrics.loss')).toBe(false)
  expect(isBareWords('a = 3')).toBe(false)
  expect(isBareWords('not calm')).toBe(false)
})
