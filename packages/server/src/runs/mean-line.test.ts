import { expect, it } from 'vitest'
import { against, meanOf } from './mean-line.ts'

const line = (x: number[], y: number[]) => ({ x, y })

it('is the mean at each step that any line has, with the deviation, the extremes and the number of lines', () => {
  const found = meanOf([line([0, 10], [0, 10]), line([0, 5, 10], [2, 9, 20]), line([10], [30])], 100)
  expect(found.x).toEqual([0, 5, 10])
  expect(found.mean).toEqual([1, 7, 20])
  expect(found.sd).toEqual([Math.SQRT2, Math.sqrt(8), 10])
  expect(found.min).toEqual([0, 5, 10])
  expect(found.max).toEqual([2, 9, 30])
  expect(found.count).toEqual([2, 2, 3])
})

it('leaves out what is no number, what a line does not reach, and takes the last of several points of a step', () => {
  const found = meanOf([line([0, 1, 2], [1, Number.NaN, 3]), line([1, 1], [4, 6]), line([], [])], 100)
  expect([found.x, found.mean, found.count]).toEqual([
    [0, 1, 2],
    [1, 6, 3],
    [1, 1, 1],
  ])
  expect(found.sd).toEqual([Number.NaN, Number.NaN, Number.NaN])
})

it('is at even steps from the first to the last where they are many, and keeps apart what is large and close', () => {
  const steps = Array.from({ length: 1000 }, (_, i) => i)
  const found = meanOf(
    [
      line(
        steps,
        steps.map((s) => 1e9 + s),
      ),
      line(
        steps,
        steps.map((s) => 1e9 + s + 2),
      ),
    ],
    10,
  )
  expect(found.x).toEqual([0, 111, 222, 333, 444, 555, 666, 777, 888, 999])
  expect(found.mean).toEqual(found.x.map((s) => 1e9 + s + 1))
  expect(new Set(found.sd)).toEqual(new Set([Math.SQRT2]))
})

it('is as close as the points are where it may be, with both ends', () => {
  const early = Array.from({ length: 100 }, (_, i) => i)
  const late = early.map((x) => x + 1_000_000)
  const found = meanOf([line(early, early), line(late, early)], 10, 'dense')
  expect(found.x).toHaveLength(10)
  expect([found.x[0], found.x.at(-1)]).toEqual([0, 1_000_099])
  expect(found.x.filter((x) => x < 100)).toHaveLength(5)
})

it('has a metric at what another was at that step, or last before it', () => {
  const metric = { steps: [0, 1, 2, 5], last: [9, 8, 7, 6] }
  expect(against(metric, { steps: [1, 4], last: [30, 10] })).toEqual({ x: [10, 30, 30], y: [6, 8, 7] })
  expect(against(metric, { steps: [0, 1], last: [Number.NaN, 2] })).toEqual({ x: [2, 2, 2], y: [8, 7, 6] })
})

it('says where no line goes from one place to the next', () => {
  expect(meanOf([line([0, 1], [1, 1]), line([5, 6], [2, 2])], 10).breaks).toEqual([2])
  expect(meanOf([line([0, 1], [1, 1]), line([5, 6], [2, 2]), line([1, 5], [3, 3])], 10).breaks).toEqual([])
  expect(meanOf([line([0, 1, 2, 3], [1, Number.NaN, 3, 4])], 10).breaks).toEqual([1])
})
