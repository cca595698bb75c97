/** How far apart the points of a line lie, and where that is too far to be one line. */

/** Under this many points nothing is said about a usual interval: a line of five epochs is never broken. */
const fewest = 8
/** A missing stretch longer than this many median intervals breaks the line. */
const longest = 3

/** The median of the intervals that are not zero; 0 where there is none. `x` ascends. */
export function medianInterval(x: ArrayLike<number>): number {
  const widths = new Float64Array(Math.max(0, x.length - 1))
  let count = 0
  for (let i = 1; i < x.length; i++) {
    const width = x[i]! - x[i - 1]!
    if (width > 0) widths[count++] = width
  }
  if (count === 0) return 0
  const sorted = widths.subarray(0, count).sort()
  return sorted[count >> 1]!
}

/** The interval from which on two neighbours are not joined; Infinity for a line too short to tell. */
export function breakingInterval(x: ArrayLike<number>, median = medianInterval(x)): number {
  return x.length < fewest || median === 0 ? Number.POSITIVE_INFINITY : longest * median
}
