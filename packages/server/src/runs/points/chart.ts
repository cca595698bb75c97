/**
 * Lines for charts, from the summaries of every 64 points where a range holds very many, else from the points.
 *
 * Always true: an entry stands for whole points of an exact range, and min, max and last are those of all its points.
 */
import type { Sql } from '@tidegate/db'
import { unpackBatch, unpackChunk, unpackSummaries } from './codec.ts'
import { type Columns, combine, compareValues, type Order, slice } from './columns.ts'
import { bytesOf, type LineRow, readLines } from './read.sql.ts'
import type { ChartLine, ChartRange } from './shape.ts'

/**
 * A metric's points are read where there are at most so many for each entry; of several metrics fewer, down to `coarse`,
 * so that all of them together stay near `affordable`, which takes some 30 ms. Above, entries are made of summaries.
 */
const fine = 128
const coarse = 16
const affordable = 200_000

/** A stretch of a line in order, as columns: single points, or summaries of more. */
interface Stretch {
  n: number
  /** Absent where all are 1. */
  counts?: Float64Array
  steps: Float64Array
  times: Float64Array
  min: Float64Array
  max: Float64Array
  last: Float64Array
}

/** What was read of one metric. */
export interface Read {
  points: Columns
  /** Chunks without their points. */
  summarised: LineRow[]
}

/** A range without ends as one with; steps and times are safe integers. */
export const ends = ({ from, to }: { from?: number | undefined; to?: number | undefined }) => ({
  from: Math.max(Number.MIN_SAFE_INTEGER, Math.ceil(from ?? Number.NEGATIVE_INFINITY)),
  to: Math.min(Number.MAX_SAFE_INTEGER, Math.floor(to ?? Number.POSITIVE_INFINITY)),
})

/** As `readLines`. */
export async function read(sql: Sql, run: number, keys: readonly number[], by: Order | 'id', from: number, to: number, whole: number) {
  const rows = await readLines(sql, run, keys, by, from, to, whole)
  const order = by === 'id' ? 'step' : by
  const wanted = new Set(keys)
  const parts = new Map(keys.map((key) => [key, [] as Columns[]]))
  const summarised = new Map(keys.map((key) => [key, [] as LineRow[]]))
  let head = 0
  for (const row of rows) {
    if (row.kind === 'head') head = row.seq
    else if (row.kind === 'tail') for (const [key, points] of unpackBatch(bytesOf(row.data!), row.seq, wanted)) parts.get(key)!.push(points)
    else if (row.data !== null) parts.get(row.key)!.push(unpackChunk(bytesOf(row.data), false))
    else summarised.get(row.key)!.push(row)
  }
  const found = new Map<number, Read>()
  for (const key of wanted) {
    const all = combine(parts.get(key)!, order)
    const axis = order === 'step' ? all.steps : all.times
    // In the order of that axis, so what is within is a stretch of it.
    found.set(key, { points: slice(all, firstFrom(axis, from), firstFrom(axis, to, 1)), summarised: summarised.get(key)! })
  }
  return { head, found }
}

/** The first place whose value is not below `at`, or with `above` is above it. */
function firstFrom(ascending: Float64Array, at: number, above: 0 | 1 = 0): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (above ? ascending[middle]! <= at : ascending[middle]! < at) low = middle + 1
    else high = middle
  }
  return low
}

export async function readChart(sql: Sql, run: number, keys: readonly number[], range: ChartRange): Promise<ChartLine[]> {
  const { axis, buckets } = range
  const { from, to } = ends(range)
  const whole = Math.max(coarse * buckets, Math.min(fine * buckets, affordable / keys.length))
  const { head, found } = await read(sql, run, keys, axis, from, to, Math.floor(whole))
  const lines = new Map<number, ChartLine>()
  const disordered: number[] = []
  for (const [key, line] of found) {
    const stretches = arranged(line, axis)?.map(stretchOf)
    const drawn = stretches && lineOf(key, stretches, axis, buckets, head)
    // What is not sampled must be the points themselves.
    if (drawn && (drawn.sampled || !line.summarised.length)) lines.set(key, drawn)
    else disordered.push(key)
  }
  if (disordered.length) {
    // Times that do not ascend with steps, seen from afar: only the points themselves can be put in order.
    const { head, found } = await read(sql, run, disordered, axis, from, to, Number.MAX_SAFE_INTEGER)
    for (const [key, { points }] of found) lines.set(key, lineOf(key, [single(points)], axis, buckets, head))
  }
  return keys.map((key) => lines.get(key)!)
}

export const single = ({ steps, times, values }: Columns): Stretch => ({
  n: steps.length,
  steps,
  times,
  min: values,
  max: values,
  last: values,
})

/** Points and chunks in order; undefined where they overlap. */
export function arranged({ points, summarised }: Read, order: Order): Array<Columns | LineRow> | undefined {
  const { steps, times, values } = points
  /** How point i lies to (step, time, value). */
  const compare = (i: number, s: number, t: number, v: number) => {
    const byStep = steps[i]! - s
    const byTime = times[i]! - t
    return (order === 'step' ? byStep || byTime : byTime || byStep) || compareValues(values[i]!, v)
  }
  const sorted = summarised.sort((a, b) => (order === 'step' ? a.s0 - b.s0 || a.t0 - b.t0 : a.t0 - b.t0 || a.s0 - b.s0) || a.v0 - b.v0)
  const parts: Array<Columns | LineRow> = []
  let at = 0
  let before: LineRow | undefined
  for (const chunk of sorted) {
    if (order === 'time' && (!chunk.sorted || (before && (before.t1 > chunk.t0 || (before.t1 === chunk.t0 && before.s1 > chunk.s0)))))
      return undefined
    before = chunk
    const start = at
    while (at < steps.length && compare(at, chunk.s0, chunk.t0, chunk.v0) < 0) at++
    if (at < steps.length && compare(at, chunk.s1, chunk.t1, chunk.v1) <= 0) return undefined
    if (at > start) parts.push(slice(points, start, at))
    parts.push(chunk)
  }
  if (at < steps.length) parts.push(slice(points, at, steps.length))
  return parts
}

function stretchOf(part: Columns | LineRow): Stretch {
  if (!('kind' in part)) return single(part)
  const summaries = unpackSummaries(bytesOf(part.sub!), part.n)
  return { n: summaries.counts.length, ...summaries }
}

/**
 * Joins stretches into at most `buckets` entries. Half of them go by the number of points and half by the width of the
 * axis, so that neither a dense moment nor a long pause takes them all; where points are even this is the same.
 * `places` gets the number of each entry's last point.
 */
export function lineOf(key: number, stretches: Stretch[], axis: Order, buckets: number, cursor: number, places?: number[]): ChartLine {
  const line: ChartLine = { key, steps: [], times: [], min: [], max: [], last: [], count: 0, sampled: false, cursor }
  const along = (stretch: Stretch, i: number) => (axis === 'step' ? stretch.steps : stretch.times)[i]!
  for (const { n, counts } of stretches) line.count += counts ? counts.reduce((sum, count) => sum + count, 0) : n
  if (!line.count) return line
  line.sampled = line.count > buckets
  const start = along(stretches[0]!, 0)
  const end = stretches.at(-1)!
  const width = along(end, end.n - 1) - start
  let seen = 0
  let bucket = -1
  // Of the entry that is being made: written when it is whole, since this goes over a million points in a chart of fifty runs.
  let [low, high, step, time, value] = [0, 0, 0, 0, 0]
  const finish = () => {
    line.steps.push(step)
    line.times.push(time)
    line.min.push(low)
    line.max.push(high)
    line.last.push(value)
    places?.push(seen - 1)
  }
  for (const { n, counts, steps, times, min, max, last } of stretches) {
    const column = axis === 'step' ? steps : times
    for (let i = 0; i < n; i++) {
      const count = counts ? counts[i]! : 1
      let next = seen
      if (line.sampled) {
        const share = (seen + count / 2) / line.count
        const place = width > 0 ? (share + (column[i]! - start) / width) / 2 : share
        next = Math.min(buckets - 1, Math.floor(place * buckets))
      }
      const least = min[i]!
      const greatest = max[i]!
      if (next > bucket) {
        if (bucket >= 0) finish()
        bucket = next
        low = least
        high = greatest
      } else {
        if (least < low || Number.isNaN(low)) low = least
        if (greatest > high || Number.isNaN(high)) high = greatest
      }
      seen += count
      step = steps[i]!
      time = times[i]!
      value = last[i]!
    }
  }
  finish()
  return line
}
