import { expect, it } from 'vitest'
import { cellsOf, keysOf, newestOf } from './cells.ts'

it('takes the keys of columns by kind, and none of attributes', () => {
  expect(keysOf(['metrics.`val/loss`', 'params.lr', 'attributes.start_time', 'tags.team'])).toEqual({
    metrics: ['val/loss'],
    params: ['lr'],
    tags: ['team'],
  })
})

it('names cells as columns are named', () => {
  const logged = { metrics: [{ key: 'val/loss', value: 'NaN' as const }], params: [{ key: 'lr', value: '3e-4' }], tags: [] }
  expect(cellsOf(logged)).toEqual({ 'metrics.`val/loss`': 'NaN', 'params.lr': '3e-4' })
})

it('shows the point of the highest step, then of the latest time', () => {
  expect(newestOf({ steps: [3, 5, 4], times: [1, 2, 3] }, undefined)).toBe(1)
  expect(newestOf({ steps: [5, 5], times: [9, 4] }, undefined)).toBe(0)
})

it('leaves a cell as it is when older points arrive late', () => {
  expect(newestOf({ steps: [1, 2], times: [10, 11] }, { step: 2, time: 12 })).toBe(-1)
  expect(newestOf({ steps: [], times: [] }, undefined)).toBe(-1)
})
