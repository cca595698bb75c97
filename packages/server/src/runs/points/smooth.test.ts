/** Smoothing over all points, beside the sum it stands for, reckoned point by point. */
import { freshDatabase, type TestDatabase } from '@tidegate/test/database'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { byStep, byTime, chartFault, columnsOfPoints, distinct, type Point, randomFrom } from './brute-force.ts'
import { createHead } from './heads.sql.ts'
import { openPoints, type Points, type Smoothing } from './points.ts'

let db: TestDatabase
let points: Points
let lastRun = 0
beforeAll(async () => {
  db = await freshDatabase()
  points = openPoints(db, pino({ level: 'silent' }))
})
afterAll(() => db.close())

async function logged(list: readonly Point[], { merged }: { merged: number }) {
  const run = ++lastRun
  await createHead(db, run)
  for (let from = 0; from < list.length; from += 5_000) await points.append(run, columnsOfPoints(list.slice(from, from + 5_000)))
  for (let i = 0; i < merged; i++) while ((await points.merge(run)).more);
  return run
}

/** The mean at each finite point, by its step and time: Σ wᵈ·y / Σ wᵈ over all before it that still weigh anything. */
function reference(list: readonly Point[], { weight, along }: Smoothing) {
  const column = along === 'step' ? 1 : 2
  const sorted = distinct(list).sort(along === 'step' ? byStep : byTime)
  const gaps = sorted.flatMap((point, i) =>
    i > 0 && point[column] > sorted[i - 1]![column] ? [point[column] - sorted[i - 1]![column]] : [],
  )
  const interval = gaps.sort((a, b) => a - b)[gaps.length >> 1] ?? 1
  const finite = sorted.filter(([, , , value]) => Number.isFinite(value))
  const means = new Map<string, number>()
  for (const [i, [, step, time]] of finite.entries()) {
    let [sum, weights] = [0, 0]
    for (let j = i; j >= 0; j--) {
      const w = weight ** ((finite[i]![column] - finite[j]![column]) / interval)
      if (w < 1e-17) break
      sum += w * finite[j]![3]
      weights += w
    }
    means.set(`${step} ${time}`, sum / weights)
  }
  return { means, interval }
}

it('has at every entry the mean of all points up to there, for any range, order and size, merged or not', async () => {
  const random = randomFrom(11)
  for (const shape of ['even', 'jumping', 'back'] as const) {
    let [step, time] = [0, 1_000]
    const list = Array.from({ length: 12_000 }, (_, i): Point => {
      step += shape === 'even' ? 1 : random() < 0.01 ? 400 : 1 + Math.floor(random() * 3)
      time += 1 + Math.floor(random() * 50)
      // Taken up again from before: steps go back while time goes on.
      if (shape === 'back' && i % 4_000 === 3_999) step -= 900
      return [1, step, time, random() < 0.02 ? Number.NaN : Math.sin(i / 300) + random()]
    })
    const runs = [await logged(list, { merged: 0 }), await logged(list, { merged: 1 })]
    for (const [weight, along, axis] of [
      [0.3, 'step', 'step'],
      [0.97, 'step', 'step'],
      [0.9, 'time', 'time'],
      [0.9, 'time', 'step'],
    ] as const) {
      const { means, interval } = reference(list, { weight, along })
      for (const run of runs) {
        for (const bounds of [{}, { from: 2_500, to: 9_000 }]) {
          const range = { axis, buckets: 'from' in bounds ? 20_000 : 700, ...bounds }
          const [[line] = []] = await points.charts([run], [1], range, { weight, along })
          expect(chartFault(line!, distinct(list), range)).toBeUndefined()
          const { smoothed, steps, times, last } = line!
          expect(smoothed!.interval).toBe(interval)
          const wrong = steps.flatMap((step, i) => {
            const [found, wanted] = [smoothed!.values[i]!, Number.isFinite(last[i]) ? means.get(`${step} ${times[i]}`)! : Number.NaN]
            return Object.is(found, wanted) || Math.abs(found - wanted) < 1e-9 ? [] : [[step, found, wanted]]
          })
          expect([smoothed!.values.length, wrong]).toEqual([steps.length, []])
        }
      }
    }
  }
})

it('goes on from where it ends as if all had been there at once', async () => {
  const list = Array.from({ length: 6_000 }, (_, i): Point => [1, i * 10, i, Math.cos(i / 50)])
  const smoothing = { weight: 0.95, along: 'step' as const }
  const [[part] = []] = await points.charts(
    [await logged(list.slice(0, 5_990), { merged: 1 })],
    [1],
    { axis: 'step', buckets: 100 },
    smoothing,
  )
  let { mean, weights, at, interval } = part!.smoothed!
  for (const [, step, , value] of list.slice(5_990)) {
    weights = 1 + weights * smoothing.weight ** ((step - at) / interval)
    mean += (value - mean) / weights
    at = step
  }
  const [[whole] = []] = await points.charts([await logged(list, { merged: 1 })], [1], { axis: 'step', buckets: 100 }, smoothing)
  expect(whole!.smoothed!.mean).toBeCloseTo(mean, 12)
  expect(whole!.smoothed!.values.at(-1)).toBeCloseTo(mean, 12)
})

it('is of one point itself, of none nothing, and lets others have their turn in a long line', async () => {
  const smoothing = { weight: 0.9, along: 'step' as const }
  const run = await logged([[1, 5, 5, 3]], { merged: 0 })
  const [[one, none] = []] = await points.charts([run], [1, 2], { axis: 'step', buckets: 10 }, smoothing)
  expect(one!.smoothed).toEqual({ values: [3], interval: 0, mean: 3, weights: 1, at: 5 })
  expect(none!.smoothed).toBeUndefined()

  const long = await logged(
    Array.from({ length: 600_000 }, (_, i): Point => [1, i, i, i % 7]),
    { merged: 1 },
  )
  let turns = 0
  const timer = setInterval(() => turns++, 0)
  const [[line] = []] = await points.charts([long], [1], { axis: 'step', buckets: 1_000 }, smoothing)
  clearInterval(timer)
  expect(line).toMatchObject({ count: 600_000, sampled: true })
  expect(line!.smoothed!.values).toHaveLength(line!.steps.length)
  expect(turns).toBeGreaterThan(3)
})
