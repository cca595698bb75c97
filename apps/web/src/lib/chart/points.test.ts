import { expect, it } from 'vitest'
import { columnsAlong, fold, hasNoSteps, newest, noPoints, pointsOf, seriesRange } from './points.ts'

const arrivals = (...points: [step: number, time: number, value: number | 'NaN'][]) => ({
  steps: points.map(([step]) => step),
  times: points.map(([, time]) => time),
  values: points.map(([, , value]) => value),
})

it('new points are put at the end, late ones in their place', () => {
  const points = noPoints()
  fold(points, arrivals([1, 10, 0.5], [3, 30, 0.3]), 100)
  fold(points, arrivals([2, 20, 0.4], [4, 40, 'NaN']), 100)
  expect(points.steps).toEqual([1, 2, 3, 4])
  expect(points.last).toEqual([0.5, 0.4, 0.3, Number.NaN])
  expect(points.count).toBe(4)
  expect(points.sampled).toBe(false)
  expect(newest(points)).toEqual({ step: 4, time: 40, value: Number.NaN })
})

it('points of one step are in the order of their times', () => {
  const points = noPoints()
  fold(points, arrivals([1, 30, 3], [1, 10, 1], [1, 20, 2]), 100)
  expect(points.last).toEqual([1, 2, 3])
  expect(hasNoSteps(points)).toBe(true)
})

it('too many points are joined two by two and keep their extremes and their last', () => {
  const points = noPoints()
  fold(points, arrivals([0, 0, 5], [1, 1, 9], [2, 2, 1], [3, 3, 4], [4, 4, 7]), 4)
  expect(points.steps).toEqual([1, 3, 4])
  expect(points.min).toEqual([5, 1, 7])
  expect(points.max).toEqual([9, 4, 7])
  expect(points.last).toEqual([9, 4, 7])
  expect(points).toMatchObject({ count: 5, sampled: true })
})

it('a spike among a million points is still there, and so is a NaN', () => {
  const points = noPoints()
  for (let at = 0; at < 1_000_000; at += 1_000) {
    fold(
      points,
      arrivals(...Array.from({ length: 1_000 }, (_, i) => [at + i, at + i, at + i === 4_321 ? 99 : 1] as [number, number, number])),
      4_000,
    )
  }
  fold(points, arrivals([1_000_000, 1, 'NaN']), 4_000)
  expect(points.steps.length).toBeLessThanOrEqual(4_000)
  expect(Math.max(...points.max.filter(Number.isFinite))).toBe(99)
  expect(points.last.at(-1)).toBeNaN()
  expect(points.count).toBe(1_000_001)
  fold(points, arrivals(...Array.from({ length: 9_000 }, (_, i) => [1_000_001 + i, 1, 1] as [number, number, number])), 4_000)
  expect(points.last.filter(Number.isNaN)).toHaveLength(1)
})

it('a series of the API becomes numbers', () => {
  const points = pointsOf({ steps: [1], times: [2], min: ['NaN'], max: ['Infinity'], last: ['-Infinity'], count: 1, sampled: false })
  expect([points.min[0], points.max[0], points.last[0]]).toEqual([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
})

it('along time the columns ascend even where steps went back', () => {
  const points = noPoints()
  fold(points, arrivals([0, 100, 1], [1, 200, 2], [0, 300, 3]), 100)
  expect(columnsAlong(points, 'time', 0)).toMatchObject({ x: [100, 200, 300], y: [1, 2, 3] })
  expect(columnsAlong(points, 'relative', 100).x).toEqual([0, 100, 200])
  expect(columnsAlong(points, 'step', 0).x).toEqual([0, 0, 1])
})

it('a zoom is asked for a little wider, by step or by the clock', () => {
  expect(seriesRange('step', { from: 100, to: 200 }, 5)).toEqual({ axis: 'STEP', from: 95, to: 205 })
  expect(seriesRange('relative', { from: 0, to: 100 }, 1_000)).toEqual({ axis: 'TIME', from: 995, to: 1105 })
})

it('a mean goes on over what comes, in sight or not, and says when it is lost', () => {
  const series = { steps: [2], times: [2], min: [4], max: [4], last: [4], count: 3, sampled: true }
  const points = pointsOf(
    { ...series, smoothed: { values: [3], interval: 1, mean: 3, weights: 1.75, at: 2 } },
    { weight: 0.5, along: 'STEP' },
  )
  fold(points, arrivals([3, 3, 6], [4, 4, 'NaN'], [5, 5, 1]), 100, (step) => step < 5)
  expect(points.steps).toEqual([2, 3, 4])
  const third = 3 + 3 / (1 + 1.75 * 0.5)
  expect(points.smoothed!.values).toEqual([3, third, Number.NaN])
  expect(points.smoothed!.mean).toBe(third + (1 - third) / (1 + (1 + 1.75 * 0.5) * 0.25))
  expect(points.smoothed!.isLost).toBe(false)
  expect(columnsAlong(points, 'step', 0).smoothed).toEqual({ weight: 0.5, y: [3, third, Number.NaN] })
  expect(columnsAlong(points, 'time', 0).smoothed).toBeUndefined()
  fold(points, arrivals([1, 1, 6]), 100)
  expect(points.smoothed!.isLost).toBe(true)
  expect(points.smoothed!.values).toHaveLength(4)
})
