import { expect, it } from 'vitest'
import { meanOf } from './mean-line.ts'

const line = (steps: number[], last: number[]) => ({ steps, last })

it('is the mean at each step that any line has, with the deviation, the extremes and the number of lines', () => {
  const found = meanOf([line([0, 10], [0, 10]), line([0, 5, 10], [2, 9, 20]), line([10], [30])], 100)
  expect(found.steps).toEqual([0, 5, 10])
  expect(found.mean).toEqual([1, 7, 20])
  expect(found.sd).toEqual([Math.SQRT2, Math.sqrt(8), 10])
  expect(found.min).toEqual([0, 5, 10])
  expect(found.max).toEqual([2, 9, 30])
  expect(found.count).toEqual([2, 2, 3])
})

it('leaves out what is no number, what a line does not reach, and takes the last of several points of a step', () => {
  const found = meanOf([line([0, 1, 2], [1, Number.NaN, 3]), line([1, 1], [4, 6]), line([], [])], 100)
  expect([found.steps, found.mean, found.count]).toEqual([
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
  expect(found.steps).toEqual([0, 111, 222, 333, 444, 555, 666, 777, 888, 999])
  expect(found.mean).toEqual(found.steps.map((s) => 1e9 + s + 1))
  expect(new Set(found.sd)).toEqual(new Set([Math.SQRT2]))
})
