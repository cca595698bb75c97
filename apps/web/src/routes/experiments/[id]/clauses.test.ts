import { expect, it } from 'vitest'
import { clauseParts, isBareWords, joinClauses, splitClauses, typedColumn } from './clauses.ts'

it('cuts at AND, but not inside quotes and lists', () => {
  const filter = "params.a = 'this and that' and metrics.`x AND y` < 2 AND attributes.run_id IN ('a', 'b and c')"
  expect(splitClauses(filter)).toEqual(["params.a = 'this and that'", 'metrics.`x AND y` < 2', "attributes.run_id IN ('a', 'b and c')"])
  expect(splitClauses('  ')).toEqual([])
  expect(splitClauses(joinClauses(splitClauses(filter)))).toEqual(splitClauses(filter))
})

it('keeps what it can not read as one clause', () => {
  expect(splitClauses("params.a = 'open and")).toEqual(["params.a = 'open and"])
})

it('shows a clause as column, comparison and value', () => {
  expect(clauseParts('metrics.`val/loss`<=0.3')).toEqual({ key: 'metrics.`val/loss`', op: '<=', value: '0.3' })
  expect(clauseParts("attributes.status = 'RUNNING'")).toEqual({ key: 'status', op: '=', value: "'RUNNING'" })
  expect(clauseParts("tags.x NOT IN ('a')")).toEqual({ key: 'tags.x', op: 'NOT IN', value: "('a')" })
  expect(clauseParts('params.a IS NULL')).toEqual({ key: 'params.a', op: 'IS NULL', value: '' })
})

it('knows when a column is being typed', () => {
  expect(typedColumn('metr', 4)).toEqual({ start: 0, text: 'metr' })
  expect(typedColumn('', 0)).toEqual({ start: 0, text: '' })
  expect(typedColumn("a = 'x' AND params.", 19)).toEqual({ start: 12, text: 'params.' })
  expect(typedColumn('metrics.val/m', 13)).toEqual({ start: 0, text: 'metrics.val/m' })
  expect(typedColumn('metrics.`val lo', 15)).toEqual({ start: 0, text: 'metrics.`val lo' })
  expect(typedColumn('metrics.loss < 0', 16)).toBeUndefined()
  expect(typedColumn("params.a = 'x", 13)).toBeUndefined()
})

it('takes plain words as a name, but not the start of a comparison', () => {
  expect(isBareWords('calm osprey-214')).toBe(true)
  expect(isBareWords('metrics.loss')).toBe(false)
  expect(isBareWords('a = 3')).toBe(false)
})
