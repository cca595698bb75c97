/**
 * Many lines as one: their mean at the same steps. A line counts from its first step to its last, between two of its points by the straight
 * line that joins them, and not where it is no finite number.
 */

export interface MeanLine {
  steps: number[]
  mean: number[]
  /** Of a sample: by n − 1. NaN for fewer than two. */
  sd: number[]
  min: number[]
  max: number[]
  /** Lines that have a value there. */
  count: number[]
}

interface Line {
  steps: readonly number[]
  last: readonly number[]
}

/** At the steps that the lines have, or where those are more than `most` at `most` even ones. Steps at which no line has a value are left out. */
export function meanOf(lines: readonly Line[], most: number): MeanLine {
  const found: MeanLine = { steps: [], mean: [], sd: [], min: [], max: [], count: [] }
  const next = lines.map(() => 0)
  for (const step of placesOf(lines, most)) {
    let count = 0
    let mean = 0
    let squares = 0
    let min = Number.POSITIVE_INFINITY
    let max = Number.NEGATIVE_INFINITY
    for (const [i, { steps, last }] of lines.entries()) {
      let at = next[i]!
      while (at < steps.length && steps[at]! <= step) at++
      next[i] = at
      if (at === 0) continue
      const before = steps[at - 1]!
      const share = (step - before) / (steps[at]! - before)
      const value = before === step ? last[at - 1]! : last[at - 1]! * (1 - share) + last[at]! * share
      if (!Number.isFinite(value)) continue
      // Welford's: no square of a large sum, so nothing is lost where values are large and close.
      count++
      const away = value - mean
      mean += away / count
      squares += away * (value - mean)
      if (value < min) min = value
      if (value > max) max = value
    }
    if (count === 0) continue
    found.steps.push(step)
    found.mean.push(mean)
    found.sd.push(count > 1 ? Math.sqrt(squares / (count - 1)) : Number.NaN)
    found.min.push(min)
    found.max.push(max)
    found.count.push(count)
  }
  return found
}

function placesOf(lines: readonly Line[], most: number): number[] {
  const all = [...new Set(lines.flatMap(({ steps }) => steps))].sort((a, b) => a - b)
  if (all.length <= most) return all
  const first = all[0]!
  const width = all.at(-1)! - first
  return Array.from({ length: most }, (_, i) => Math.round(first + (width * i) / (most - 1)))
}
