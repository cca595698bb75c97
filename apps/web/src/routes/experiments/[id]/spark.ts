/** The small curve of a table's row: 66 × 18 px, one scale for the whole column so that rows compare. */
import type { Real } from '#lib/format.ts'

export const sparkWidth = 66
export const sparkHeight = 18
/** Points kept for each; a live row drops every other one when it has twice as many. */
export const sparkBuckets = 33

export interface Spark {
  steps: number[]
  values: Real[]
}

/** Adds points in the order of steps. What is not newer than the last is left out. */
export function extendSpark(spark: Spark, steps: readonly number[], values: readonly Real[]): Spark {
  const next: Spark = { steps: [...spark.steps], values: [...spark.values] }
  for (let i = 0; i < steps.length; i++) {
    if (steps[i]! <= (next.steps.at(-1) ?? Number.NEGATIVE_INFINITY)) continue
    next.steps.push(steps[i]!)
    next.values.push(values[i]!)
  }
  while (next.steps.length > sparkBuckets * 2) {
    const newest = next.steps.length - 1
    const kept = (_: unknown, i: number) => i % 2 === newest % 2
    next.steps = next.steps.filter(kept)
    next.values = next.values.filter(kept)
  }
  return next
}

/**
 * The column's scale. The top is where four fifths of the curves fit, so that one that blew up does not flatten the others; it is cut off
 * instead.
 */
export function sparkScale(sparks: Iterable<Spark>): [low: number, high: number] {
  let low = Number.POSITIVE_INFINITY
  const highs: number[] = []
  for (const { values } of sparks) {
    let high = Number.NEGATIVE_INFINITY
    for (const value of values) {
      if (typeof value !== 'number') continue
      if (value < low) low = value
      if (value > high) high = value
    }
    if (Number.isFinite(high)) highs.push(high)
  }
  if (highs.length === 0) return [0, 1]
  highs.sort((a, b) => a - b)
  const high = highs[Math.floor((highs.length - 1) * 0.8)]!
  return high > low ? [low, high] : [low - 0.5, low + 0.5]
}

/** What an SVG path needs, and where the curve ends; undefined where no point can be drawn. */
export function sparkPath(
  { steps, values }: Spark,
  [low, high]: readonly [number, number],
): { d: string; x: number; y: number } | undefined {
  const first = steps[0] ?? 0
  const span = (steps.at(-1) ?? 0) - first || 1
  const inset = 2
  const yOf = (value: number) => {
    const part = Math.min(1.08, Math.max(-0.08, (value - low) / (high - low)))
    return sparkHeight - inset - part * (sparkHeight - 2 * inset)
  }
  let d = ''
  let end: { x: number; y: number } | undefined
  let broken = true
  for (let i = 0; i < steps.length; i++) {
    const value = values[i]
    if (typeof value !== 'number') {
      broken = true
      continue
    }
    const x = steps.length === 1 ? sparkWidth / 2 : ((steps[i]! - first) / span) * (sparkWidth - 4)
    const y = yOf(value)
    d += `${broken ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`
    broken = false
    end = { x, y }
  }
  return end && { d, ...end }
}
