import { expect, it } from 'vitest'
import { bounded, moved, pinnedOf } from './arrange.ts'
import { type Column, parseRef } from './columns.ts'

const columns = (...refs: string[]): Column[] => refs.map((ref) => parseRef(ref)!)
const refs = (list: readonly Column[]) => list.map(({ ref }) => ref)
const three = columns('params.a', 'metrics.b', 'metrics.c')

it('moves a column before another, or to the end', () => {
  expect(refs(moved(three, 'metrics.c', 'params.a'))).toEqual(['metrics.c', 'params.a', 'metrics.b'])
  expect(refs(moved(three, 'params.a', undefined))).toEqual(['metrics.b', 'metrics.c', 'params.a'])
  expect(refs(moved(three, 'params.a', 'params.a'))).toEqual(refs(three))
  expect(refs(moved(three, 'params.z', 'params.a'))).toEqual(refs(three))
})

it('pins the first metric, until others are chosen or none', () => {
  expect(pinnedOf(columns('metrics.val/loss'), ['metrics.val/loss'])).toEqual(['metrics.`val/loss`'])
  expect(pinnedOf(three, undefined)).toEqual(['metrics.b'])
  expect(pinnedOf(three, ['params.a', 'params.gone'])).toEqual(['params.a'])
  expect(pinnedOf(three, [])).toEqual([])
})

it('keeps a width within what can be read', () => {
  expect(bounded(3)).toBe(48)
  expect(bounded(120.6)).toBe(121)
})
