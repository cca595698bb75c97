/**
 * Many lines as one: their mean at the same places of x. A line counts from its first place to its last, between two of its points by the
 * straight line that joins them, and not where it is no finite number.
 */

export interface MeanLine {
  x: number[]
  mean: number[]
  /** Of a sample: by n − 1. NaN for fewer than two. */
  sd: number[]
  min: number[]
  max: number[]
  /** Lines that have a value there. */
  count: number[]
  /** Places, by their number, that no line joins to the one before. */
  breaks: number[]
}

export interface Line {
  /** Ascending. */
  x: readonly number[]
  y: readonly number[]
}

/** Where the lines have too many places: even ones, or as close to each other as the lines' own. */
export type Spread = 'even' | 'dense'

/** At the places that the lines have, or where those are more than `most` at `most` of them. Places at which no line has a value are left out. */
export function meanOf(lines: readonly Line[], most: number, spread: Spread = 'even'): MeanLine {
  const found: MeanLine = { x: [], mean: [], sd: [], min: [], max: [], count: [], breaks: [] }
  const next = lines.map(() => 0)
  /** The last place at which each line had a value. */
  const seen = lines.map(() => -2)
  for (const [k, place] of placesOf(lines, most, spread).entries()) {
    let count = 0
    let isJoined = false
    let mean = 0
    let squares = 0
    let min = Number.POSITIVE_INFINITY
    let max = Number.NEGATIVE_INFINITY
    for (const [i, { x, y }] of lines.entries()) {
      let at = next[i]!
      while (at < x.length && x[at]! <= place) at++
      next[i] = at
      if (at === 0) continue
      const before = x[at - 1]!
      const share = (place - before) / (x[at]! - before)
      const value = before === place ? y[at - 1]! : y[at - 1]! * (1 - share) + y[at]! * share
      if (!Number.isFinite(value)) continue
      // Welford's: no square of a large sum, so nothing is lost where values are large and close.
      count++
      if (seen[i] === k - 1) isJoined = true
      seen[i] = k
      const away = value - mean
      mean += away / count
      squares += away * (value - mean)
      if (value < min) min = value
      if (value > max) max = value
    }
    if (count === 0) continue
    if (!isJoined && found.x.length > 0) found.breaks.push(found.x.length)
    found.x.push(place)
    found.mean.push(mean)
    found.sd.push(count > 1 ? Math.sqrt(squares / (count - 1)) : Number.NaN)
    found.min.push(min)
    found.max.push(max)
    found.count.push(count)
  }
  return found
}

function placesOf(lines: readonly Line[], most: number, spread: Spread): number[] {
  const all = [...new Set(lines.flatMap(({ x }) => x))].sort((a, b) => a - b)
  if (all.length <= most) return all
  if (spread === 'dense') return Array.from({ length: most }, (_, i) => all[Math.round(((all.length - 1) * i) / (most - 1))]!)
  const first = all[0]!
  const width = all.at(-1)! - first
  return Array.from({ length: most }, (_, i) => Math.round(first + (width * i) / (most - 1)))
}

interface Points {
  steps: readonly number[]
  last: readonly number[]
}

/** A metric along another: each of its points at the value that the other had at that step, or had last before it. */
export function against({ steps, last }: Points, other: Points): Line {
  const pairs: [number, number][] = []
  let at = -1
  for (const [i, step] of steps.entries()) {
    while (at + 1 < other.steps.length && other.steps[at + 1]! <= step) at++
    const x = at < 0 ? Number.NaN : other.last[at]!
    if (Number.isFinite(x)) pairs.push([x, last[i]!])
  }
  pairs.sort((a, b) => a[0] - b[0])
  return { x: pairs.map(([x]) => x), y: pairs.map(([, y]) => y) }
}
