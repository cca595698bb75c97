/**
 * Points of one metric as four typed arrays, and the two orders they are kept in: (step, time, value) in storage and
 * charts, (time, step, value) in MLflow's history. NaN orders as 0, behind the 0 of its step and time.
 */

export interface Columns {
  steps: Float64Array
  /** ms since 1970 */
  times: Float64Array
  values: Float64Array
  /** The seq each point was first written with. */
  seqs: Float64Array
}

export type Order = 'step' | 'time'

export const columnsOf = (n: number): Columns => ({
  steps: new Float64Array(n),
  times: new Float64Array(n),
  values: new Float64Array(n),
  seqs: new Float64Array(n),
})

export const slice = ({ steps, times, values, seqs }: Columns, from: number, to: number): Columns => ({
  steps: steps.subarray(from, to),
  times: times.subarray(from, to),
  values: values.subarray(from, to),
  seqs: seqs.subarray(from, to),
})

/** As an ordinary array: several times faster than Array.from. */
export function listOf(column: Float64Array): number[] {
  const list = new Array<number>(column.length)
  for (let i = 0; i < column.length; i++) list[i] = column[i]!
  return list
}

export function compareValues(a: number, b: number): number {
  if (a < b) return -1
  if (a > b) return 1
  if (a === b) return 0
  const nanA = Number.isNaN(a)
  const nanB = Number.isNaN(b)
  return (nanA ? 0 : a) - (nanB ? 0 : b) || Number(nanA) - Number(nanB)
}

/** Compares point i with point j, of the same columns. */
function compareAt(first: Float64Array, second: Float64Array, values: Float64Array, i: number, j: number): number {
  return first[i]! - first[j]! || second[i]! - second[j]! || compareValues(values[i]!, values[j]!)
}

/** Whether the points in [from, to) ascend, with no two the same. */
export function ascends({ steps, times, values }: Omit<Columns, 'seqs'>, order: Order = 'step', from = 0, to = steps.length): boolean {
  const first = order === 'step' ? steps : times
  const second = order === 'step' ? times : steps
  for (let i = from + 1; i < to; i++) {
    if (first[i - 1]! < first[i]!) continue
    if (compareAt(first, second, values, i - 1, i) >= 0) return false
  }
  return true
}

/** The same points in order, each once: of equal ones that with the lowest seq stays. */
export function ordered(points: Columns, order: Order = 'step'): Columns {
  if (ascends(points, order)) return points
  const { steps, times, values, seqs } = points
  const first = order === 'step' ? steps : times
  const second = order === 'step' ? times : steps
  // Only for points whose first column is the same.
  const compareTied = (i: number, j: number) => second[i]! - second[j]! || compareValues(values[i]!, values[j]!) || seqs[i]! - seqs[j]!
  const index = sortedIndex(first, compareTied)
  let n = 0
  for (let i = 0; i < index.length; i++) {
    if (n > 0 && compareAt(first, second, values, index[n - 1]!, index[i]!) === 0) continue
    index[n++] = index[i]!
  }
  const out = columnsOf(n)
  for (let i = 0; i < n; i++) {
    const from = index[i]!
    out.steps[i] = steps[from]!
    out.times[i] = times[from]!
    out.values[i] = values[from]!
    out.seqs[i] = seqs[from]!
  }
  return out
}

/** Places in a column, and what is there: side by side, because following an index for each comparison is slow. */
interface Entries {
  index: Uint32Array
  keys: Float64Array
}

type Compare = (i: number, j: number) => number

/** A natural merge sort: what is nearly in order, or a few ordered stretches in a row, costs little. */
function sortedIndex(column: Float64Array, compareTied: Compare): Uint32Array {
  const n = column.length
  let from: Entries = { index: new Uint32Array(n), keys: column.slice() }
  let to: Entries = { index: new Uint32Array(n), keys: new Float64Array(n) }
  let ends: number[] = []
  for (let i = 0; i < n; i++) {
    from.index[i] = i
    if (i > 0 && (column[i - 1]! - column[i]! || compareTied(i - 1, i)) > 0) ends.push(i)
  }
  ends.push(n)
  while (ends.length > 1) {
    const next: number[] = []
    let start = 0
    for (let k = 0; k < ends.length; k += 2) {
      const end = ends[k + 1] ?? ends[k]!
      mergeRuns(from, to, start, ends[k]!, end, compareTied)
      next.push(end)
      start = end
    }
    ;[from, to] = [to, from]
    ends = next
  }
  return from.index
}

function mergeRuns({ index, keys }: Entries, to: Entries, start: number, middle: number, end: number, compareTied: Compare) {
  let a = start
  let b = middle
  let at = start
  // Stretches that don't overlap are copied whole.
  const apart = b === end || keys[b - 1]! < keys[b]!
  while (!apart && a < middle && b < end) {
    if ((keys[a]! - keys[b]! || compareTied(index[a]!, index[b]!)) <= 0) {
      to.keys[at] = keys[a]!
      to.index[at++] = index[a++]!
    } else {
      to.keys[at] = keys[b]!
      to.index[at++] = index[b++]!
    }
  }
  to.keys.set(keys.subarray(a, middle), at)
  to.index.set(index.subarray(a, middle), at)
  at += middle - a
  to.keys.set(keys.subarray(b, end), at)
  to.index.set(index.subarray(b, end), at)
}

/** How a point of some columns lies to one of others. */
function comparePoints(a: Columns, i: number, b: Columns, j: number, order: Order): number {
  const byStep = a.steps[i]! - b.steps[j]!
  const byTime = a.times[i]! - b.times[j]!
  return (order === 'step' ? byStep || byTime : byTime || byStep) || compareValues(a.values[i]!, b.values[j]!)
}

const byFirst = (parts: Columns[], order: Order) =>
  parts.filter(({ steps }) => steps.length > 0).sort((a, b) => comparePoints(a, 0, b, 0, order))

/** As `combine`, in parts that follow each other. Nothing is copied where they do already, as chunks mostly do. */
export function combined(parts: Columns[], order: Order = 'step'): Columns[] {
  const filled = byFirst(parts, order)
  const follows = (part: Columns, i: number) => {
    const before = filled[i - 1]
    return (!before || comparePoints(before, before.steps.length - 1, part, 0, order) < 0) && ascends(part, order)
  }
  return filled.every(follows) ? filled : [combine(filled, order)]
}

/** All points of some columns, in order, each once. The parts may be in any order and overlap. */
export function combine(parts: Columns[], order: Order = 'step'): Columns {
  const filled = byFirst(parts, order)
  if (!filled.length) return columnsOf(0)
  if (filled.length === 1) return ordered(filled[0]!, order)
  const all = columnsOf(filled.reduce((n, { steps }) => n + steps.length, 0))
  let at = 0
  for (const part of filled) {
    all.steps.set(part.steps, at)
    all.times.set(part.times, at)
    all.values.set(part.values, at)
    all.seqs.set(part.seqs, at)
    at += part.steps.length
  }
  return ordered(all, order)
}

/** The points for which `keep` holds. */
export function pick(points: Columns, keep: (i: number) => boolean): Columns {
  const { steps, times, values, seqs } = points
  const size = steps.length
  let from = 0
  while (from < size && keep(from)) from++
  if (from === size) return points
  const out = columnsOf(size)
  let n = 0
  for (let i = 0; i < size; i++) {
    if (i < from || (i > from && keep(i))) {
      out.steps[n] = steps[i]!
      out.times[n] = times[i]!
      out.values[n] = values[i]!
      out.seqs[n] = seqs[i]!
      n++
    }
  }
  return slice(out, 0, n)
}
