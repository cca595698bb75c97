/**
 * Of many lines one: their median along x, with the least and the greatest of them as its band. A line counts from its first point to its
 * last, between two of its points by the straight line that joins them. No point of any line is outside the band.
 */
import type { ChartLine } from '#lib/chart/lines.ts'

/** Of so many places the eye sees a curve, and of 200 lines they are reckoned within a frame. */
const mostPlaces = 200
/** Places are chosen among so many points of all lines. */
const mostSampled = 2_000

export const medianId = 'median'

export function medianOf(lines: readonly ChartLine[]): ChartLine {
  const places = placesOf(lines)
  const values = places.map((): number[] => [])
  const min = places.map(() => Number.POSITIVE_INFINITY)
  const max = places.map(() => Number.NEGATIVE_INFINITY)
  for (const line of lines) {
    const { x, y } = line
    let next = 0
    for (const [k, place] of places.entries()) {
      while (next < x.length && x[next]! <= place) {
        widen(k, (line.min ?? y)[next]!)
        widen(k, (line.max ?? y)[next]!)
        next++
      }
      if (next === 0) continue
      const before = x[next - 1]!
      const share = (place - before) / (x[next]! - before)
      const value = before === place ? y[next - 1]! : y[next - 1]! * (1 - share) + y[next]! * share
      if (!Number.isFinite(value)) continue
      values[k]!.push(value)
      widen(k, value)
    }
  }
  function widen(k: number, value: number): void {
    if (!Number.isFinite(value)) return
    if (value < min[k]!) min[k] = value
    if (value > max[k]!) max[k] = value
  }
  const kept = [...places.keys()].filter((k) => values[k]!.length > 0)
  return {
    id: medianId,
    name: `median of ${lines.length}`,
    color: 'var(--text-2)',
    x: kept.map((k) => places[k]!),
    y: kept.map((k) => median(values[k]!)),
    min: kept.map((k) => min[k]!),
    max: kept.map((k) => max[k]!),
    band: 'range',
    said: kept.map((k) => `n ${values[k]!.length}`),
    unbroken: lines.some((line) => line.unbroken),
  }
}

function median(values: number[]): number {
  const sorted = Float64Array.from(values).sort()
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** All places that the lines have; of more than a few those that are as close to each other as the points are, with both ends. */
function placesOf(lines: readonly ChartLine[]): number[] {
  const stride = Math.max(1, Math.ceil(lines.reduce((sum, { x }) => sum + x.length, 0) / mostSampled))
  const some = new Set<number>()
  for (const { x } of lines) {
    for (let i = 0; i < x.length; i += stride) some.add(x[i]!)
    if (x.length > 0) some.add(x.at(-1)!)
  }
  const all = [...some].sort((a, b) => a - b)
  if (all.length <= mostPlaces) return all
  return Array.from({ length: mostPlaces }, (_, i) => all[Math.round(((all.length - 1) * i) / (mostPlaces - 1))]!)
}
