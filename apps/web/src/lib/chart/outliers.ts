/** Where most values are: a few that are far off would flatten all others. What is left out is shown as such, never silently. */
import { type DrawnLine, lowerBound, type Range } from '#lib/chart/lines.ts'

/** Of all values between two x, this share at each end may be left out. */
const share = 0.02
/** It is worth it where what is left is at most this part of the whole. */
const worth = 0.6
/** More than enough to know a quantile by. */
const mostValues = 20_000

/** The values but for the outermost; undefined where leaving those out would not help. */
export function innerExtent(lines: readonly DrawnLine[], within: Range): Range | undefined {
  const ends = lines.map(({ x }) => [lowerBound(x, within.from), lowerBound(x, within.to + Number.EPSILON * Math.abs(within.to))] as const)
  const total = ends.reduce((sum, [from, to]) => sum + to - from, 0)
  const stride = Math.max(1, Math.ceil(total / mostValues))
  const values: number[] = []
  for (const [i, { raw }] of lines.entries()) for (let at = ends[i]![0]; at < ends[i]![1]; at += stride) values.push(raw[at]!)
  if (values.length < 10) return undefined
  values.sort((a, b) => a - b)
  const cut = Math.max(1, Math.floor(values.length * share))
  const [from, to] = [values[cut]!, values[values.length - 1 - cut]!]
  const whole = values.at(-1)! - values[0]!
  return to > from && to - from <= worth * whole ? { from, to } : undefined
}
