/**
 * The points of one metric of one run as the page holds them: columns of equal length ordered by step, then time. An entry stands for one
 * point, or for several where there were too many to send or to keep; then it has their least, their greatest and their last.
 */
import type { Axis, ChartLine, Range } from '#lib/chart/lines.ts'
import type { Real } from '#lib/format.ts'

export interface Points {
  steps: number[]
  times: number[]
  min: number[]
  max: number[]
  last: number[]
  /** How many points were logged, also where an entry stands for several. */
  count: number
  /** True where an entry may stand for more than one point. */
  sampled: boolean
  /** Where it is asked for. */
  smoothed?: Smoothed
}

/**
 * The line as the server smooths it over all of its points, and what the mean goes on with: entries alone would make another line of it,
 * since each has the last of its points only.
 */
export interface Smoothed {
  readonly weight: number
  readonly along: 'STEP' | 'TIME'
  /** For each entry; NaN where the entry has no finite value. */
  values: number[]
  readonly interval: number
  mean: number
  weights: number
  at: number
  /** True once a point came before others, of which the mean does not know any more: it must be asked for again. */
  isLost: boolean
}

/** Points as they arrive: columns of equal length. */
export interface Arrivals {
  steps: readonly number[]
  times: readonly number[]
  values: readonly Real[]
}

/** A value as the API writes it, as a number. */
export const toNumber = (value: Real): number => (typeof value === 'number' ? value : Number(value))

/** Numbers in a row as the API packs them. */
function unpack(text: string): number[] {
  const letters = atob(text)
  const bytes = new Uint8Array(letters.length)
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i)
  return [...new Float64Array(bytes.buffer)]
}

interface Packed {
  packed: Record<'steps' | 'times' | 'min' | 'max' | 'last', string>
  count: number
  sampled: boolean
  smoothed: { packed: string; interval: number; mean: Real; weights: number; at: number } | null
}

/** A `series` that was asked for packed, as lists. */
export const unpacked = ({ packed, count, sampled, smoothed }: Packed) => ({
  steps: unpack(packed.steps),
  times: unpack(packed.times),
  min: unpack(packed.min),
  max: unpack(packed.max),
  last: unpack(packed.last),
  count,
  sampled,
  smoothed: smoothed && { ...smoothed, values: unpack(smoothed.packed) },
})

/** What a `series` of the API holds. */
export function pointsOf(
  series: {
    steps: readonly number[]
    times: readonly number[]
    min: readonly Real[]
    max: readonly Real[]
    last: readonly Real[]
    count: number
    sampled: boolean
    smoothed?: { values: readonly Real[]; interval: number; mean: Real; weights: number; at: number } | null
  },
  smoothing?: { weight: number; along: 'STEP' | 'TIME' },
): Points {
  const { smoothed } = series
  return {
    steps: [...series.steps],
    times: [...series.times],
    min: series.min.map(toNumber),
    max: series.max.map(toNumber),
    last: series.last.map(toNumber),
    count: series.count,
    sampled: series.sampled,
    ...(smoothed &&
      smoothing && {
        smoothed: { ...smoothing, ...smoothed, values: smoothed.values.map(toNumber), mean: toNumber(smoothed.mean), isLost: false },
      }),
  }
}

/** A metric of which nothing is known yet. */
export const noPoints = (): Points => ({ steps: [], times: [], min: [], max: [], last: [], count: 0, sampled: false })

/** The mean at a point that comes after all others; NaN for what is no finite number. */
function goOn(smoothed: Smoothed, step: number, time: number, value: number): number {
  if (!Number.isFinite(value)) return Number.NaN
  const at = smoothed.along === 'STEP' ? step : time
  const away = smoothed.weights === 0 ? 0 : at - smoothed.at
  if (away < 0) smoothed.isLost = true
  smoothed.weights = 1 + smoothed.weights * smoothed.weight ** (Math.max(0, away) / (smoothed.interval > 0 ? smoothed.interval : 1))
  smoothed.mean += (value - smoothed.mean) / smoothed.weights
  smoothed.at = at
  return smoothed.mean
}

/**
 * Puts new points in, each in its place, and thins out when there are more than `most` entries. What is not `within` counts for the mean
 * only. Changes `points`.
 */
export function fold(
  points: Points,
  { steps, times, values }: Arrivals,
  most: number,
  within: (step: number, time: number) => boolean = () => true,
): void {
  const { smoothed } = points
  let count = 0
  for (let i = 0; i < values.length; i++) {
    const step = steps[i]!
    const time = times[i]!
    const value = toNumber(values[i]!)
    const mean = smoothed ? goOn(smoothed, step, time, value) : 0
    if (!within(step, time)) continue
    count++
    let at = points.steps.length
    while (at > 0 && (points.steps[at - 1]! > step || (points.steps[at - 1] === step && points.times[at - 1]! > time))) at--
    if (at === points.steps.length) {
      points.steps.push(step)
      points.times.push(time)
      points.min.push(value)
      points.max.push(value)
      points.last.push(value)
      smoothed?.values.push(mean)
    } else {
      points.steps.splice(at, 0, step)
      points.times.splice(at, 0, time)
      points.min.splice(at, 0, value)
      points.max.splice(at, 0, value)
      points.last.splice(at, 0, value)
      smoothed?.values.splice(at, 0, mean)
    }
  }
  points.count += count
  while (points.steps.length > most && halve(points)) {
    // Until it fits, or nothing more can be joined.
  }
}

/** Joins entries two by two, leaving alone what is not finite so that its mark stays. False when nothing could be joined. */
function halve(points: Points): boolean {
  const { steps, times, min, max, last, smoothed } = points
  const n = steps.length
  let to = 0
  for (let i = 0; i < n; i++, to++) {
    const joins = i + 1 < n && Number.isFinite(last[i]) && Number.isFinite(last[i + 1])
    const low = joins ? Math.min(min[i]!, min[i + 1]!) : min[i]!
    const high = joins ? Math.max(max[i]!, max[i + 1]!) : max[i]!
    if (joins) i++
    steps[to] = steps[i]!
    times[to] = times[i]!
    min[to] = low
    max[to] = high
    last[to] = last[i]!
    if (smoothed) smoothed.values[to] = smoothed.values[i]!
  }
  for (const column of [steps, times, min, max, last, ...(smoothed ? [smoothed.values] : [])]) column.length = to
  if (to < n) points.sampled = true
  return to < n
}

/** Where the newest step of a metric is, by the order MLflow has it: the highest step, then the latest. */
export function newest(points: Points | undefined): { step: number; time: number; value: number } | undefined {
  const i = (points?.steps.length ?? 0) - 1
  return points === undefined || i < 0 ? undefined : { step: points.steps[i]!, time: points.times[i]!, value: points.last[i]! }
}

/** True where steps tell nothing: several points, all at one step, as when none was given. */
export function hasNoSteps({ steps }: Points): boolean {
  return steps.length > 1 && steps[0] === steps.at(-1)
}

/** The columns of a line along an axis. `startedAt`: of the run, in ms since 1970; used by `relative` only. */
export function columnsAlong(points: Points, axis: Axis, startedAt: number): Pick<ChartLine, 'x' | 'y' | 'min' | 'max' | 'smoothed'> {
  const { smoothed } = points
  const isAlong = smoothed?.along === (axis === 'step' ? 'STEP' : 'TIME')
  const extremes = {
    ...(points.sampled ? { min: points.min, max: points.max } : {}),
    ...(smoothed && isAlong ? { smoothed: { weight: smoothed.weight, y: smoothed.values } } : {}),
  }
  if (axis === 'step') return { x: points.steps, y: points.last, ...extremes }
  const origin = axis === 'relative' ? startedAt : 0
  const x = points.times.map((time) => time - origin)
  if (x.every((at, i) => i === 0 || at >= x[i - 1]!)) return { x, y: points.last, ...extremes }
  // Steps and times may disagree, as when a run was taken up again from an earlier step.
  const order = [...x.keys()].sort((a, b) => x[a]! - x[b]!)
  const sorted = (column: readonly number[]) => order.map((i) => column[i]!)
  return {
    x: sorted(x),
    y: sorted(points.last),
    ...(points.sampled ? { min: sorted(points.min), max: sorted(points.max) } : {}),
    ...(smoothed && isAlong ? { smoothed: { weight: smoothed.weight, y: sorted(smoothed.values) } } : {}),
  }
}

/** A range of an axis as the API's `series` takes it, a little wider so that lines reach the edges of the chart. */
export function seriesRange(axis: Axis, { from, to }: Range, startedAt: number): { axis: 'STEP' | 'TIME'; from: number; to: number } {
  const room = (to - from) * 0.05
  const origin = axis === 'relative' ? startedAt : 0
  return { axis: axis === 'step' ? 'STEP' : 'TIME', from: from - room + origin, to: to + room + origin }
}
