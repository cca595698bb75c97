import { expect, it } from 'vitest'
import { axisTexts, logTexts, logTicks, numberTicks, tickTexts, timeTicks } from './ticks.ts'

const random = (seed: number) => () => (seed = (seed * 16807) % 2147483647) / 2147483647

it('ticks are round numbers within the range', () => {
  expect(numberTicks({ from: 0, to: 30_000 })).toEqual([0, 10_000, 20_000, 30_000])
  expect(numberTicks({ from: 1.98, to: 4.05 })).toEqual([2, 2.5, 3, 3.5, 4])
  expect(numberTicks({ from: 0.1, to: 0.42 })).toEqual([0.1, 0.2, 0.3, 0.4])
  expect(numberTicks({ from: -0.02, to: 0.11 })).toEqual([0, 0.05, 0.1])
})

it('ticks are three to five for nearly any range, and never more than seven', () => {
  const next = random(7)
  let few = 0
  for (let i = 0; i < 2_000; i++) {
    const from = (next() - 0.5) * 10 ** (next() * 12 - 6)
    const to = from + next() * 10 ** (next() * 12 - 6)
    const { length } = numberTicks({ from, to })
    if (length < 3 || length > 5) few++
    expect(length).toBeLessThanOrEqual(7)
    expect(length).toBeGreaterThanOrEqual(1)
  }
  expect(few).toBeLessThan(200)
})

it('steps are whole', () => {
  expect(numberTicks({ from: 0, to: 2 }, true)).toEqual([0, 1, 2])
  expect(numberTicks({ from: 0, to: 1 }, true)).toEqual([0, 1])
})

it('a logarithmic scale has decades, with 2 and 5 between where there is room', () => {
  expect(logTicks({ from: 0.04, to: 1.2 })).toEqual([0.05, 0.1, 0.2, 0.5, 1])
  expect(logTicks({ from: 0.001, to: 10_000 }).every((tick) => Number.isInteger(Math.log10(tick)))).toBe(true)
  expect(logTicks({ from: 1e-12, to: 1e12 }).length).toBeLessThanOrEqual(5)
  expect(logTicks({ from: 3, to: 4.2 })).toEqual([3, 3.5, 4])
})

it('texts of an axis have one precision and tell neighbours apart', () => {
  expect(tickTexts([0, 10_000, 20_000])).toEqual(['0', '10k', '20k'])
  expect(tickTexts([2, 2.5, 3])).toEqual(['2.0', '2.5', '3.0'])
  expect(tickTexts([0, 500, 1_000, 1_500])).toEqual(['0', '0.5k', '1.0k', '1.5k'])
  expect(new Set(tickTexts([1_000_000, 1_000_000.5, 1_000_001])).size).toBe(3)
  expect(tickTexts([0, 1e-4, 2e-4])).toEqual(['0', '1e-4', '2e-4'])
  expect(tickTexts([-0.05, 0])).toEqual(['−0.05', '0'])
  expect(logTexts([0.001, 1, 1_000])).toEqual(['0.001', '1', '1k'])
})

it('durations are marked at round times', () => {
  const texts = (to: number) => axisTexts('relative', timeTicks({ from: 0, to }, 'relative'))
  expect(texts(45_000)).toEqual(['0', '10 s', '20 s', '30 s', '40 s'])
  expect(texts(20 * 60_000)).toEqual(['0', '5 min', '10 min', '15 min', '20 min'])
  expect(texts(3.2 * 3_600_000)).toEqual(['0', '1 h', '2 h', '3 h'])
  expect(texts(9 * 86_400_000).length).toBeLessThanOrEqual(5)
})

it('the clock is marked at round times of day', () => {
  const from = new Date(2026, 2, 4, 9, 58).getTime()
  expect(axisTexts('time', timeTicks({ from, to: from + 18 * 60_000 }, 'time'))).toEqual(['10:00', '10:05', '10:10', '10:15'])
  expect(axisTexts('time', timeTicks({ from, to: from + 4 * 86_400_000 }, 'time'))).toEqual(['5 Mar', '6 Mar', '7 Mar', '8 Mar'])
})
