/** A metric along another: each of its points at the value that the other had at that step, or had last before it. */
import type { ChartLine } from '#lib/chart/lines.ts'
import type { Points } from '#lib/chart/points.ts'

/** Ascending by the other's value. Points before the other's first have no place. */
export function columnsAgainst(points: Points, other: Points): Pick<ChartLine, 'x' | 'y'> {
  const pairs: [number, number][] = []
  let at = -1
  for (let i = 0; i < points.steps.length; i++) {
    while (at + 1 < other.steps.length && other.steps[at + 1]! <= points.steps[i]!) at++
    const x = at < 0 ? Number.NaN : other.last[at]!
    if (Number.isFinite(x)) pairs.push([x, points.last[i]!])
  }
  pairs.sort((a, b) => a[0] - b[0])
  return { x: pairs.map(([x]) => x), y: pairs.map(([, y]) => y) }
}
