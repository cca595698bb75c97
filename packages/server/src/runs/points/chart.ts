/**
 * Lines for charts, from the summaries of every 64 points where a range holds very many, else from the points.
 *
 * Always true: an entry stands for whole points of an exact range, and min, max and last are those of all its points.
 */
import type { Sql } from '@tidegate/db'
import { unpackBatch, unpackChunk, unpackSummaries } from './codec.ts'
import { type Columns, combine, combined, compareValues, listOf, type Order, slice } from './columns.ts'
import { bytesOf, type LineRow, readLines } from './read.sql.ts'
import type { ChartLine, ChartRange } from './shape.ts'

/**
 * A metric's points are read where there are at most so many for each entry; of several metrics or runs fewer, down to `coarse`,
 * so that all of them together stay near `affordable`, which takes some 10 ms. Above, entries are made of summaries.
 */
const fine = 128
const coarse = 32
const affordable = 200_000
/** Lines that are read by one statement, where one run has no more: the next is under way while these are unpacked. */
const linesTogether = 16

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

/** What was read of one metric of a run. */
export interface Read {
  /** In order, in parts that follow each other. */
  points: Columns[]
  /** Chunks without their points. */
  summarised: LineRow[]
}

/** Of a run. */
interface Found {
  head: number
  /** By key. */
  keys: Map<number, Read>
}

/** A range without ends as one with; steps and times are safe integers. */
export const ends = ({ from, to }: { from?: number | undefined; to?: number | undefined }) => ({
  from: Math.max(Number.MIN_SAFE_INTEGER, Math.ceil(from ?? Number.NEGATIVE_INFINITY)),
  to: Math.min(Number.MAX_SAFE_INTEGER, Math.floor(to ?? Number.POSITIVE_INFINITY)),
})

/** As `readLines`, by run. */
export async function read(
  sql: Sql,
  runs: readonly number[],
  keys: readonly number[],
  by: Order | 'id',
  from: number,
  to: number,
  whole: number,
): Promise<Map<number, Found>> {
  const rows = await readLines(sql, runs, keys, by, from, to, whole)
  const order = by === 'id' ? 'step' : by
  const wanted = new Set(keys)
  const unpacked = () => ({ head: 0, keys: new Map(keys.map((key) => [key, { parts: [] as Columns[], summarised: [] as LineRow[] }])) })
  const byRun = new Map(runs.map((run) => [run, unpacked()]))
  for (const row of rows) {
    const of = byRun.get(row.run)!
    if (row.kind === 'head') of.head = row.seq
    else if (row.kind === 'tail')
      for (const [key, points] of unpackBatch(bytesOf(row.data!), row.seq, wanted)) of.keys.get(key)!.parts.push(points)
    else if (row.data !== null) of.keys.get(row.key)!.parts.push(unpackChunk(bytesOf(row.data), false))
    else of.keys.get(row.key)!.summarised.push(row)
  }
  // In the order of that axis, so what is within is a stretch of each part.
  const within = (part: Columns) => {
    const axis = order === 'step' ? part.steps : part.times
    return slice(part, firstFrom(axis, from), firstFrom(axis, to, 1))
  }
  const read = ({ parts, summarised }: { parts: Columns[]; summarised: LineRow[] }): Read => ({
    points: combined(parts, order)
      .map(within)
      .filter(({ steps }) => steps.length > 0),
    summarised,
  })
  return new Map([...byRun].map(([run, { head, keys }]) => [run, { head, keys: new Map([...keys].map(([key, of]) => [key, read(of)])) }]))
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

/** The lines of each run, in that order. */
export async function readCharts(sql: Sql, runs: readonly number[], keys: readonly number[], range: ChartRange): Promise<ChartLine[][]> {
  const share = affordable / (runs.length * keys.length)
  const whole = Math.floor(Math.max(coarse * range.buckets, Math.min(fine * range.buckets, share)))
  const together = Math.max(1, Math.floor(linesTogether / keys.length))
  const groups = Array.from({ length: Math.ceil(runs.length / together) }, (_, i) => runs.slice(i * together, (i + 1) * together))
  return (await Promise.all(groups.map((group) => readSome(sql, group, keys, range, whole)))).flat()
}

async function readSome(
  sql: Sql,
  runs: readonly number[],
  keys: readonly number[],
  range: ChartRange,
  whole: number,
): Promise<ChartLine[][]> {
  const { axis, buckets } = range
  const { from, to } = ends(range)
  const found = await read(sql, runs, keys, axis, from, to, whole)
  const charts: ChartLine[][] = []
  for (const run of runs) {
    const { head, keys: read } = found.get(run)!
    const lines = keys.map((key) => {
      const of = read.get(key)!
      const stretches = arranged(of, axis)?.map(stretchOf)
      const drawn = stretches && lineOf(key, stretches, axis, buckets, head)
      // What is not sampled must be the points themselves.
      return drawn && (drawn.sampled || !of.summarised.length) ? drawn : undefined
    })
    charts.push(lines.every((line) => line !== undefined) ? lines : await inOrder(sql, run, keys, range, lines))
  }
  return charts
}

/** Those lines that are not there: times that do not ascend with steps, seen from afar; only the points themselves can be put in order. */
async function inOrder(
  sql: Sql,
  run: number,
  keys: readonly number[],
  range: ChartRange,
  known: Array<ChartLine | undefined>,
): Promise<ChartLine[]> {
  const { axis, buckets } = range
  const { from, to } = ends(range)
  const lacking = keys.filter((_, i) => !known[i])
  const { head, keys: found } = (await read(sql, [run], lacking, axis, from, to, Number.MAX_SAFE_INTEGER)).get(run)!
  return keys.map((key, i) => known[i] ?? lineOf(key, found.get(key)!.points.map(single), axis, buckets, head))
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
export function arranged({ points: parts, summarised }: Read, order: Order): Array<Columns | LineRow> | undefined {
  if (!summarised.length) return parts
  const points = combine(parts, order)
  const { steps, times, values } = points
  /** How point i lies to (step, time, value). */
  const compare = (i: number, s: number, t: number, v: number) => {
    const byStep = steps[i]! - s
    const byTime = times[i]! - t
    return (order === 'step' ? byStep || byTime : byTime || byStep) || compareValues(values[i]!, v)
  }
  const sorted = summarised.sort((a, b) => (order === 'step' ? a.s0 - b.s0 || a.t0 - b.t0 : a.t0 - b.t0 || a.s0 - b.s0) || a.v0 - b.v0)
  const found: Array<Columns | LineRow> = []
  let at = 0
  let before: LineRow | undefined
  for (const chunk of sorted) {
    if (order === 'time' && (!chunk.sorted || (before && (before.t1 > chunk.t0 || (before.t1 === chunk.t0 && before.s1 > chunk.s0)))))
      return undefined
    before = chunk
    const start = at
    while (at < steps.length && compare(at, chunk.s0, chunk.t0, chunk.v0) < 0) at++
    if (at < steps.length && compare(at, chunk.s1, chunk.t1, chunk.v1) <= 0) return undefined
    if (at > start) found.push(slice(points, start, at))
    found.push(chunk)
  }
  if (at < steps.length) found.push(slice(points, at, steps.length))
  return found
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
  let count = 0
  for (const { n, counts } of stretches) count += counts ? counts.reduce((sum, each) => sum + each, 0) : n
  const sampled = count > buckets
  const size = Math.min(count, buckets)
  const column = () => new Float64Array(size)
  const out = { steps: column(), times: column(), min: column(), max: column(), last: column() }
  /** Entries that are begun. */
  let made = 0
  if (count) {
    const along = (stretch: Stretch) => (axis === 'step' ? stretch.steps : stretch.times)
    const start = along(stretches[0]!)[0]!
    const end = stretches.at(-1)!
    const width = along(end)[end.n - 1]! - start
    // How far one point goes, and one unit of the axis, in entries.
    const perPoint = buckets / count / (width > 0 ? 2 : 1)
    const perUnit = width > 0 ? buckets / width / 2 : 0
    let seen = 0
    let bucket = -1
    // Over a million points in a chart of fifty runs: nothing is called here, and nothing made.
    for (const { n, counts, steps, times, min, max, last } of stretches) {
      const x = axis === 'step' ? steps : times
      for (let i = 0; i < n; i++) {
        const points = counts ? counts[i]! : 1
        const next = sampled ? Math.min(buckets - 1, Math.floor((seen + points / 2) * perPoint + (x[i]! - start) * perUnit)) : seen
        const least = min[i]!
        const greatest = max[i]!
        if (next > bucket) {
          bucket = next
          out.min[made] = least
          out.max[made] = greatest
          made++
        } else {
          const low = out.min[made - 1]!
          const high = out.max[made - 1]!
          // What is no number differs from itself.
          // biome-ignore lint/suspicious/noSelfCompare: a call takes as long as all of the rest.
          if (least < low || low !== low) out.min[made - 1] = least
          // biome-ignore lint/suspicious/noSelfCompare: as above.
          if (greatest > high || high !== high) out.max[made - 1] = greatest
        }
        seen += points
        out.steps[made - 1] = steps[i]!
        out.times[made - 1] = times[i]!
        out.last[made - 1] = last[i]!
        if (places) places[made - 1] = seen - 1
      }
    }
  }
  const list = (all: Float64Array) => listOf(all.subarray(0, made))
  return {
    ...{ key, steps: list(out.steps), times: list(out.times), min: list(out.min), max: list(out.max), last: list(out.last) },
    ...{ count, sampled, cursor },
  }
}
