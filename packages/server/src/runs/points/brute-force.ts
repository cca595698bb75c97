/** For the tests of points: what they must answer, found the slow way, and input to try it with. */
import { type Columns, compareValues } from './columns.ts'
import type { ChartLine, ChartRange, PointColumns } from './shape.ts'

export type Point = [key: number, step: number, time: number, value: number]

export const columnsOfPoints = (list: readonly Point[]): PointColumns => ({
  keys: list.map(([key]) => key),
  steps: list.map(([, step]) => step),
  times: list.map(([, , time]) => time),
  values: list.map(([, , , value]) => value),
})

export const byStep = (a: Point, b: Point) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || compareValues(a[3], b[3])
export const byTime = (a: Point, b: Point) => a[0] - b[0] || a[2] - b[2] || a[1] - b[1] || compareValues(a[3], b[3])

/** Each point once, in order. */
export function distinct(list: readonly Point[], order = byStep): Point[] {
  const sorted = list.map(([key, step, time, value]): Point => [key, step, time, value + 0]).sort(order)
  return sorted.filter((point, i) => i === 0 || order(sorted[i - 1]!, point) !== 0)
}

/** The points of columns, as `since`, `history` and `sample` answer. */
export const pointsOf = (key: number, { steps, times, values }: { steps: number[]; times: number[]; values: number[] }): Point[] =>
  steps.map((step, i) => [key, step, times[i]!, values[i]!])

/** What is wrong with a chart of these points, which are one metric's, distinct; undefined where nothing is. */
export function chartFault(line: ChartLine, all: readonly Point[], { axis, from, to, buckets }: ChartRange): string | undefined {
  const along = (point: Point) => point[axis === 'step' ? 1 : 2]
  const points = [...all]
    .sort(axis === 'step' ? byStep : byTime)
    .filter((point) => along(point) >= (from ?? Number.NEGATIVE_INFINITY) && along(point) <= (to ?? Number.POSITIVE_INFINITY))
  if (line.count !== points.length) return `counts ${line.count} of ${points.length}`
  if (line.steps.length > buckets) return `${line.steps.length} entries`
  if (line.sampled !== points.length > buckets) return `sampled is ${line.sampled} for ${points.length} points`
  if (!line.sampled && line.steps.length !== points.length) return `${line.steps.length} entries for ${points.length} points`
  let at = 0
  for (let i = 0; i < line.steps.length; i++) {
    let min = Number.NaN
    let max = Number.NaN
    for (;;) {
      const point = points[at++]
      if (!point) return `entry ${i} ends with no point`
      const value = point[3]
      if (Number.isNaN(min) || value < min) min = value
      if (Number.isNaN(max) || value > max) max = value
      if (point[1] === line.steps[i] && point[2] === line.times[i] && Object.is(value, line.last[i])) break
    }
    if (!Object.is(min, line.min[i]) || !Object.is(max, line.max[i]))
      return `entry ${i} spans ${line.min[i]}..${line.max[i]}, not ${min}..${max}`
  }
  return at === points.length ? undefined : `${points.length - at} points after the last entry`
}

/** What MLflow's sampling picks of n points: the first of each ntile(max), then the last of all as the last. */
export function ntileSample(n: number, max: number): number[] {
  const tile = (i: number) => {
    const large = Math.ceil(n / max)
    const withLarge = n % max === 0 ? max : n % max
    return i < large * withLarge ? Math.floor(i / large) : withLarge + Math.floor((i - large * withLarge) / (large - 1))
  }
  const firsts = Array.from({ length: n }, (_, i) => i).filter((i) => i === 0 || tile(i) !== tile(i - 1))
  if (!firsts.length || firsts.at(-1) === n - 1) return firsts
  return firsts.length >= max ? [...firsts.slice(0, -1), n - 1] : [...firsts, n - 1]
}

/** A chunk as it was packed before values came first. */
export function packedBefore({ steps, times, values, seqs }: Columns): Buffer {
  const raw = (form: number, column: Float64Array) => Buffer.concat([Buffer.from([form]), Buffer.from(new Float64Array(column).buffer)])
  const n = steps.length
  const size = n < 128 ? [n] : [(n & 127) | 128, n >> 7]
  return Buffer.concat([Buffer.from([1, ...size]), raw(2, steps), raw(2, times), raw(2, seqs), raw(1, values)])
}

/** A repeatable source of random numbers in [0, 1). */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
