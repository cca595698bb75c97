/**
 * Lines smoothed over all of their points, before these are joined into the entries of a chart: a debiased exponential mean,
 * s(i) = Σ wᵈ⁽ⁱʲ⁾·y(j) / Σ wᵈ⁽ⁱʲ⁾ over the finite points j up to i, d(i, j) = (x(i) − x(j)) / interval, the interval being the median of
 * the distances that are not zero. It fades with distance, so that gaps forget and dense stretches are averaged.
 *
 * Always true: an entry has the mean at its last point, of every point of the line up to there, also of those before the range. Reading
 * them is cut into pieces between which others have their turn, and of very long lines only a few are in memory at a time.
 */
import { setImmediate as otherTurns } from 'node:timers/promises'
import type { Sql } from '@tidegate/db'
import { ends, lineOf, readCharts, single } from './chart.ts'
import { unpackBatch, unpackChunk } from './codec.ts'
import { type Columns, combine, type Order, pick } from './columns.ts'
import { bytesOf, readLines } from './read.sql.ts'
import type { ChartLine, ChartRange, Smoothed, Smoothing } from './shape.ts'

/** Rows that are unpacked, and points that are gone over, before others have their turn: some 5 ms. */
const rowsPerTurn = 48
const pointsPerTurn = 200_000
/** Lines that are read whole at a time, by all who ask. */
const together = 2
let reading = 0
const waiting: Array<() => void> = []

async function inTurn<T>(read: () => Promise<T>): Promise<T> {
  if (reading >= together) await new Promise<void>((resolve) => waiting.push(resolve))
  reading++
  try {
    return await read()
  } finally {
    reading--
    waiting.shift()?.()
  }
}

export async function readSmoothCharts(
  sql: Sql,
  runs: readonly number[],
  keys: readonly number[],
  range: ChartRange,
  smoothing: Smoothing,
): Promise<ChartLine[][]> {
  const charts = await readCharts(sql, runs, keys, range)
  const isWhole = range.from === undefined && range.to === undefined
  const smooth = async (run: number, line: ChartLine): Promise<ChartLine> => {
    if (line.count === 0) return line
    if (isWhole && !line.sampled) return { ...line, smoothed: await smoothedOf(line, line.last, smoothing) }
    return inTurn(() => readOne(sql, run, line.key, range, smoothing))
  }
  return Promise.all(charts.map((lines, i) => Promise.all(lines.map((line) => smooth(runs[i]!, line)))))
}

async function readOne(sql: Sql, run: number, key: number, range: ChartRange, smoothing: Smoothing): Promise<ChartLine> {
  const { axis, buckets } = range
  const { head, points } = await readWhole(sql, run, key, axis)
  const smoothed = await smoothedOf(points, points.values, smoothing)
  const { from, to } = ends(range)
  const along = axis === 'step' ? points.steps : points.times
  let first = 0
  while (first < along.length && along[first]! < from) first++
  const within = pick(points, (i) => along[i]! >= from && along[i]! <= to)
  const places: number[] = []
  const line = lineOf(key, [single(within)], axis, buckets, head, places)
  return { ...line, smoothed: { ...smoothed, values: places.map((place) => smoothed.values[first + place]!) } }
}

/** Every point of a metric, in order, and where the run's points end. */
async function readWhole(sql: Sql, run: number, key: number, order: Order): Promise<{ head: number; points: Columns }> {
  const all = Number.MAX_SAFE_INTEGER
  const wanted = new Set([key])
  const parts: Columns[] = []
  let head = 0
  let turn = 0
  for (const row of await readLines(sql, [run], [key], order, -all, all, all)) {
    if (row.kind === 'head') head = row.seq
    else if (row.kind === 'tail') for (const [, points] of unpackBatch(bytesOf(row.data!), row.seq, wanted)) parts.push(points)
    else parts.push(unpackChunk(bytesOf(row.data!), false))
    if (++turn % rowsPerTurn === 0) await otherTurns()
  }
  return { head, points: combine(parts, order) }
}

/** The mean at each point; NaN where the point itself is no finite number. */
async function smoothedOf(
  { steps, times }: { steps: ArrayLike<number>; times: ArrayLike<number> },
  y: ArrayLike<number>,
  { weight, along }: Smoothing,
): Promise<Smoothed> {
  const x = along === 'step' ? steps : times
  const order = orderOf(x)
  const at = order ? (i: number) => order[i]! : (i: number) => i
  const interval = medianGap(x, at)
  const unit = interval > 0 ? interval : 1
  const values = new Array<number>(y.length).fill(Number.NaN)
  let [mean, weights, last] = [0, 0, 0]
  for (let i = 0; i < y.length; i++) {
    if (i % pointsPerTurn === pointsPerTurn - 1) await otherTurns()
    const place = at(i)
    const value = y[place]!
    if (!Number.isFinite(value)) continue
    const away = weights === 0 ? 0 : x[place]! - last
    // Most steps are even: a power for each would be most of the work.
    weights = 1 + weights * (away === unit ? weight : weight ** (away / unit))
    mean += (value - mean) / weights
    last = x[place]!
    values[place] = mean
  }
  return { values, interval, mean, weights, at: last }
}

/** The places of a column in ascending order; undefined where it ascends. */
function orderOf(x: ArrayLike<number>): Uint32Array | undefined {
  let i = 1
  while (i < x.length && x[i - 1]! <= x[i]!) i++
  if (i >= x.length) return undefined
  const order = Uint32Array.from({ length: x.length }, (_, place) => place)
  return order.sort((a, b) => x[a]! - x[b]! || a - b)
}

/** The median of the distances that are not zero; 0 where there is none. */
function medianGap(x: ArrayLike<number>, at: (i: number) => number): number {
  const gaps = new Float64Array(Math.max(0, x.length - 1))
  let count = 0
  let isEven = true
  for (let i = 1; i < x.length; i++) {
    const gap = x[at(i)]! - x[at(i - 1)]!
    if (gap <= 0) continue
    isEven &&= count === 0 || gap === gaps[0]
    gaps[count++] = gap
  }
  return count === 0 ? 0 : isEven ? gaps[0]! : nth(gaps.subarray(0, count), count >> 1)
}

/** What would stand at a place if they were in order, by Hoare's selection: sorting a million takes ten times as long. */
function nth(values: Float64Array, place: number): number {
  let low = 0
  let high = values.length - 1
  while (low < high) {
    const pivot = values[(low + high) >> 1]!
    let [i, j] = [low, high]
    while (i <= j) {
      while (values[i]! < pivot) i++
      while (values[j]! > pivot) j--
      if (i > j) break
      const held = values[i]!
      values[i++] = values[j]!
      values[j--] = held
    }
    if (place <= j) high = j
    else if (place >= i) low = i
    else break
  }
  return values[place]!
}
