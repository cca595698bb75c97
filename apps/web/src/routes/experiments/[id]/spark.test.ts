import { expect, it } from 'vitest'
import { extendSpark, type Spark, sparkBuckets, sparkPath, sparkScale } from './spark.ts'

it('grows with live points, thins itself and keeps the newest', () => {
  let spark: Spark = { steps: [0], values: [1] }
  for (let step = 1; step <= 1000; step++) spark = extendSpark(spark, [step], [step])
  expect(spark.steps.length).toBeLessThanOrEqual(sparkBuckets * 2)
  expect(spark.steps.at(-1)).toBe(1000)
  expect(spark.steps).toEqual([...spark.steps].sort((a, b) => a - b))
})

it('leaves out what it has already', () => {
  expect(extendSpark({ steps: [1, 2], values: [1, 2] }, [2, 3], [9, 3])).toEqual({ steps: [1, 2, 3], values: [1, 2, 3] })
})

it('is not flattened by one curve that blew up', () => {
  const good = Array.from({ length: 9 }, (_, i) => ({ steps: [0, 1], values: [0, 1 + i / 10] }))
  const [low, high] = sparkScale([...good, { steps: [0, 1], values: [0, 1e9] }])
  expect(low).toBe(0)
  expect(high).toBeLessThan(2)
})

it('breaks the line at NaN, and draws nothing where there is nothing', () => {
  const scale = [0, 1] as const
  expect(sparkPath({ steps: [0, 1, 2], values: [0, 'NaN', 1] }, scale)?.d.match(/M/g)?.length).toBe(2)
  expect(sparkPath({ steps: [0], values: ['NaN'] }, scale)).toBeUndefined()
  expect(sparkPath({ steps: [], values: [] }, scale)).toBeUndefined()
})
