/**
 * How much each column tells of a target: the permutation importance of a random forest (L. Breiman, "Random Forests", Machine Learning 45,
 * 2001, section 10), on what each tree has not seen. Trees are grown on at most 32 bins a column, so ten thousand runs take about a second;
 * the work is cut to slices that leave the page its frames, and its chances are seeded, so the same values give the same figures.
 */

const trees = 48
const bins = 32
const deepest = 8
const leaf = 3
/** More runs than this are drawn from at random: the figures change little beyond. */
const mostSamples = 4_000
const slice = 8

/** Mulberry32: small, and good enough to draw samples. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Bins of equal counts; equal values stay together, and what is missing has the first for itself. */
function binned(values: ArrayLike<number>, rows: Uint32Array): Uint8Array {
  const sorted = Float64Array.from(rows, (row) => values[row]!)
    .filter((value) => !Number.isNaN(value))
    .sort()
  const edges: number[] = []
  for (let i = 1; i < bins - 1; i++) {
    const edge = sorted[Math.floor((i * sorted.length) / (bins - 1))]
    if (edge !== undefined && edge !== edges.at(-1) && edge > sorted[0]!) edges.push(edge)
  }
  return Uint8Array.from(rows, (row) => {
    const value = values[row]!
    if (Number.isNaN(value)) return 0
    let [low, high] = [0, edges.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (edges[middle]! <= value) low = middle + 1
      else high = middle
    }
    return low + 1
  })
}

type Node = { value: number } | { column: number; bin: number; below: Node; above: Node }

function grow(columns: readonly Uint8Array[], target: Float64Array, rows: Uint32Array, depth: number, random: () => number): Node {
  let sum = 0
  for (const row of rows) sum += target[row]!
  const value = sum / rows.length
  if (depth === deepest || rows.length < 2 * leaf) return { value }
  let best: { gain: number; column: number; bin: number } | undefined
  const tries = Math.max(1, Math.ceil(columns.length / 3))
  const counts = new Uint32Array(bins)
  const sums = new Float64Array(bins)
  const pool = Array.from(columns.keys())
  for (let t = 0; t < tries; t++) {
    const at = t + Math.floor(random() * (pool.length - t))
    ;[pool[t], pool[at]] = [pool[at]!, pool[t]!]
    const column = pool[t]!
    const values = columns[column]!
    counts.fill(0)
    sums.fill(0)
    for (const row of rows) {
      const bin = values[row]!
      counts[bin]!++
      sums[bin]! += target[row]!
    }
    let [n, s] = [0, 0]
    for (let bin = 0; bin < bins - 1; bin++) {
      n += counts[bin]!
      s += sums[bin]!
      const rest = rows.length - n
      if (n < leaf || rest < leaf || counts[bin] === 0) continue
      const gain = (s * s) / n + (sum - s) ** 2 / rest - (sum * sum) / rows.length
      if (gain > 1e-12 && (!best || gain > best.gain)) best = { gain, column, bin }
    }
  }
  if (!best) return { value }
  const { column, bin } = best
  const values = columns[column]!
  return {
    column,
    bin,
    below: grow(
      columns,
      target,
      rows.filter((row) => values[row]! <= bin),
      depth + 1,
      random,
    ),
    above: grow(
      columns,
      target,
      rows.filter((row) => values[row]! > bin),
      depth + 1,
      random,
    ),
  }
}

function predict(node: Node, columns: readonly Uint8Array[], row: number, shuffled: number, from: number): number {
  let at = node
  while (!('value' in at)) at = columns[at.column]![at.column === shuffled ? from : row]! <= at.bin ? at.below : at.above
  return at.value
}

export interface Importance {
  /** For each column, the share of the target's variance by which the error grows when its values are shuffled; at least 0. */
  shares: number[]
  /** Share of the variance of unseen runs that the forest explains; below a fifth the shares say little. */
  explained: number
  runs: number
}

const pause = () => new Promise<void>((resolve) => setTimeout(resolve))

/** Undefined where there are too few runs, or the target does not vary. A category's places are taken in the order of its mean target. */
export async function importanceOf(
  columns: readonly { values: ArrayLike<number>; isCategory: boolean }[],
  target: ArrayLike<number>,
  signal: AbortSignal,
  seed = 1,
): Promise<Importance | undefined> {
  const random = seeded(seed)
  let rows = Uint32Array.from({ length: target.length }, (_, i) => i).filter((i) => Number.isFinite(target[i]!))
  if (rows.length > mostSamples) {
    for (let i = 0; i < mostSamples; i++) {
      const at = i + Math.floor(random() * (rows.length - i))
      ;[rows[i], rows[at]] = [rows[at]!, rows[i]!]
    }
    rows = rows.slice(0, mostSamples)
  }
  const n = rows.length
  if (n < 8 || columns.length === 0) return undefined
  const y = Float64Array.from(rows, (row) => target[row]!)
  const mean = y.reduce((sum, value) => sum + value, 0) / n
  const variance = y.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n
  if (!(variance > 0)) return undefined
  const ready = columns.map(({ values, isCategory }) => binned(isCategory ? ordered(values, target) : values, rows))
  const losses = new Float64Array(columns.length)
  const votes = new Float64Array(n)
  const voters = new Uint32Array(n)
  let counted = 0
  let began = performance.now()
  for (let tree = 0; tree < trees; tree++) {
    const sample = Uint32Array.from({ length: n }, () => Math.floor(random() * n))
    const isSeen = new Uint8Array(n)
    for (const row of sample) isSeen[row] = 1
    const unseen = Uint32Array.from({ length: n }, (_, i) => i).filter((i) => isSeen[i] === 0)
    if (unseen.length < 2) continue
    const root = grow(ready, y, sample, 0, random)
    let error = 0
    for (const row of unseen) {
      const guess = predict(root, ready, row, -1, row)
      votes[row]! += guess
      voters[row]!++
      error += (guess - y[row]!) ** 2
    }
    for (let column = 0; column < columns.length; column++) {
      const mixed = Uint32Array.from(unseen)
      for (let i = mixed.length - 1; i > 0; i--) {
        const at = Math.floor(random() * (i + 1))
        ;[mixed[i], mixed[at]] = [mixed[at]!, mixed[i]!]
      }
      let worse = 0
      for (const [i, row] of unseen.entries()) worse += (predict(root, ready, row, column, mixed[i]!) - y[row]!) ** 2
      losses[column]! += (worse - error) / unseen.length
    }
    counted++
    if (performance.now() - began > slice) {
      await pause()
      signal.throwIfAborted()
      began = performance.now()
    }
  }
  let [left, seen] = [0, 0]
  for (let row = 0; row < n; row++) {
    if (voters[row] === 0) continue
    left += (votes[row]! / voters[row]! - y[row]!) ** 2
    seen++
  }
  return {
    shares: Array.from(losses, (loss) => Math.max(0, loss / Math.max(1, counted) / variance)),
    explained: 1 - left / Math.max(1, seen) / variance,
    runs: n,
  }
}

/** A category's values by the rank of their mean target: a tree then splits them as well as any subset would (Breiman et al., 1984). */
function ordered(values: ArrayLike<number>, target: ArrayLike<number>): Float64Array {
  const sums = new Map<number, [number, number]>()
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i]!) || !Number.isFinite(target[i]!)) continue
    const group = sums.get(values[i]!) ?? [0, 0]
    group[0]++
    group[1] += target[i]!
    sums.set(values[i]!, group)
  }
  const rank = new Map([...sums].sort(([, a], [, b]) => a[1] / a[0] - b[1] / b[0]).map(([value], i) => [value, i]))
  return Float64Array.from({ length: values.length }, (_, i) => rank.get(values[i]!) ?? Number.NaN)
}
