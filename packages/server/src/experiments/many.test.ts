import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, expect, it } from 'vitest'

let platform: Platform

beforeAll(async () => {
  platform = await startPlatform()
})
afterAll(() => platform?.stop())

it('makes as many at once as are asked for: the last wait for the first', async () => {
  const names = Array.from({ length: 300 }, (_, i) => `sweep/${i}`)
  const made = await Promise.all(names.map((name) => platform.wire('POST', 'experiments/create', { name })))
  expect(new Set(made.map(({ experiment_id }) => experiment_id)).size).toBe(names.length)
})
