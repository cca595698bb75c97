import { expect, it } from 'vitest'
import { columnsAgainst } from '#lib/chart/against.ts'
import { finderOf } from '#lib/chart/find.ts'
import { labelsOf } from '#lib/chart/labels.ts'
import { drawLine } from '#lib/chart/lines.ts'
import { innerExtent } from '#lib/chart/outliers.ts'

const points = (steps: number[], last: number[]) => ({
  steps,
  last,
  times: steps,
  min: last,
  max: last,
  count: steps.length,
  sampled: false,
})
const line = (y: number[]) => drawLine({ id: 'a', name: 'a', color: 'red', x: y.map((_, i) => i), y }, { log: false, smoothing: 0 })

it('finds charts by words in any order, by an expression, and says what is wrong with one', () => {
  const keys = ['val/loss', 'train/loss', 'train/acc', 'lr']
  const found = (text: string) => keys.filter(finderOf(text).matches)
  expect(found('')).toEqual(keys)
  expect(found('loss val')).toEqual(['val/loss'])
  expect(found('^train/')).toEqual(['train/loss', 'train/acc'])
  expect(found('acc|LR$')).toEqual(['train/acc', 'lr'])
  expect(finderOf('(').problem).toContain('Unterminated group')
  expect(found('(')).toEqual(keys)
})

it('leaves out the few that are far off, and nothing where that would not help', () => {
  const usual = Array.from({ length: 100 }, (_, i) => i / 100)
  const inner = innerExtent([line([...usual.slice(0, 50), 1_000, ...usual.slice(50)])], { from: 0, to: 200 })!
  expect(inner.from).toBeGreaterThanOrEqual(0)
  expect(inner.to).toBeLessThan(1)
  expect(innerExtent([line(usual)], { from: 0, to: 200 })).toBeUndefined()
  expect(innerExtent([line([1, 2, 1_000])], { from: 0, to: 200 })).toBeUndefined()
  // Only what is on screen counts.
  expect(innerExtent([line([...usual, 1_000])], { from: 0, to: 99 })).toBeUndefined()
})

it('draws a metric along another, at what that was by then', () => {
  const epoch = points([0, 10, 20], [0, 1, 2])
  expect(columnsAgainst(points([5, 10, 15, 25], [9, 8, 7, 6]), epoch)).toEqual({ x: [0, 1, 1, 2], y: [9, 8, 7, 6] })
  expect(columnsAgainst(points([1, 2], [9, 8]), points([2, 3], [5, 4]))).toEqual({ x: [5], y: [8] })
  expect(columnsAgainst(points([0, 1, 2], [1, 2, 3]), points([0, 1, 2], [3, 2, 1]))).toEqual({ x: [1, 2, 3], y: [3, 2, 1] })
})

it('writes no name over another or over the words in the corner, and all of them inside', () => {
  const lines = ['a', 'b', 'c', 'd'].map((id) =>
    drawLine({ id, name: id, color: 'red', x: [0, 100], y: [1, 1] }, { log: false, smoothing: 0 }),
  )
  const area = { left: 40, top: 8, width: 200, height: 100 }
  const middles = (taken?: { left: number; top: number }, at = 100) =>
    labelsOf(
      lines,
      { from: 0, to: 100 },
      (x) => 40 + 2 * x,
      () => at,
      { ...area, taken },
      12,
      () => 20,
    ).map(({ middle }) => middle)
  const apart = (all: number[]) => all.every((middle, i) => i === 0 || middle - all[i - 1]! >= 12)
  for (const at of [0, 50, 108]) {
    const all = middles(undefined, at)
    expect([apart(all), all[0]! >= 14, all.at(-1)! <= 102]).toEqual([true, true, true])
  }
  // Above the words where they would meet, beside them as ever.
  const above = middles({ left: 150, top: 90 })
  expect([apart(above), above.at(-1)]).toEqual([true, 84])
  expect(middles({ left: 241, top: 90 })).toEqual(middles())
})
