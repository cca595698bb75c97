/** What some requests of one run become: one row of the tail, and the newest point of each of their metrics. */
import { hash } from 'node:crypto'
import { packBatch } from './codec.ts'
import { ascends, ordered } from './columns.ts'
import type { PointColumns } from './shape.ts'

/** The greatest point of each metric, and the least step and time: parallel arrays. */
export interface Tops {
  keys: number[]
  steps: number[]
  times: number[]
  values: number[]
  leastSteps: number[]
  leastTimes: number[]
}

export interface Packed {
  run: number
  /** Points, each once. */
  n: number
  /** The range of steps, over all metrics. */
  from: number
  to: number
  /** Of `data`: the same points sent again have the same. 16 bytes. */
  digest: Buffer
  data: Buffer
  tops: Tops
}

/** Throws RangeError where columns can't be stored exactly. */
export function check({ keys, steps, times, values }: PointColumns): void {
  if (steps.length !== keys.length || times.length !== keys.length || values.length !== keys.length) {
    throw new RangeError('Columns of points must be equally long.')
  }
  for (let i = 0; i < keys.length; i++) {
    if (!Number.isSafeInteger(steps[i]) || !Number.isSafeInteger(times[i])) throw new RangeError('Steps and times must be safe integers.')
    if (typeof values[i] !== 'number') throw new RangeError('Values must be numbers.')
    if (!(Number.isInteger(keys[i]) && keys[i]! >= 0 && keys[i]! < 2 ** 31)) throw new RangeError('Keys must be ids.')
  }
}

/** Packs what `check` let pass: grouped by key, in order, without doubles. */
export function pack(run: number, parts: readonly PointColumns[]): Packed {
  const sizes = new Map<number, number>()
  for (const { keys } of parts) for (const key of keys) sizes.set(key, (sizes.get(key) ?? 0) + 1)
  const keys = [...sizes.keys()].sort((a, b) => a - b)
  const places = new Map<number, number>()
  let total = 0
  for (const key of keys) {
    places.set(key, total)
    total += sizes.get(key)!
  }

  const steps = new Float64Array(total)
  const times = new Float64Array(total)
  const values = new Float64Array(total)
  for (const part of parts) {
    for (let i = 0; i < part.keys.length; i++) {
      const key = part.keys[i]!
      const at = places.get(key)!
      places.set(key, at + 1)
      const value = part.values[i]!
      // Adding 0 makes -0 a 0; a NaN may carry bits that would make it differ from another.
      steps[at] = part.steps[i]! + 0
      times[at] = part.times[i]! + 0
      values[at] = Number.isNaN(value) ? Number.NaN : value + 0
    }
  }

  const tops: Tops = { keys, steps: [], times: [], values: [], leastSteps: [], leastTimes: [] }
  const counts: number[] = []
  let n = 0
  let from = Number.POSITIVE_INFINITY
  let to = Number.NEGATIVE_INFINITY
  let start = 0
  for (const key of keys) {
    const end = start + sizes.get(key)!
    let count = end - start
    if (ascends({ steps, times, values }, 'step', start, end)) {
      if (n !== start) {
        steps.copyWithin(n, start, end)
        times.copyWithin(n, start, end)
        values.copyWithin(n, start, end)
      }
    } else {
      const cut = (column: Float64Array) => column.slice(start, end)
      const points = ordered({ steps: cut(steps), times: cut(times), values: cut(values), seqs: new Float64Array(count) })
      count = points.steps.length
      steps.set(points.steps, n)
      times.set(points.times, n)
      values.set(points.values, n)
    }
    const last = n + count - 1
    tops.steps.push(steps[last]!)
    tops.times.push(times[last]!)
    tops.values.push(values[last]!)
    tops.leastSteps.push(steps[n]!)
    tops.leastTimes.push(times[n]!)
    counts.push(count)
    if (steps[n]! < from) from = steps[n]!
    if (steps[last]! > to) to = steps[last]!
    n += count
    start = end
  }
  const data = packBatch({ keys, counts, steps: steps.subarray(0, n), times: times.subarray(0, n), values: values.subarray(0, n) })
  return { run, n, from, to, digest: hash('sha256', data, 'buffer').subarray(0, 16), data, tops }
}
