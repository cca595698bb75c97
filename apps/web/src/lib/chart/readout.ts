/** What a chart says about one place on its x axis. */
import { type DrawnLine, nearest } from '#lib/chart/lines.ts'

export interface Reading {
  id: string
  name: string
  color: string
  x: number
  /** As logged. */
  value: number
  /** As drawn; the same where nothing is smoothed. */
  shown: number
  /** Beside the value. */
  said?: string | undefined
}

export interface Readings {
  /** Of the lines that have a point there, the greatest value first: as they lie on screen. */
  rows: Reading[]
  /** Lines that ended before that place. */
  ended: number
}

/** Reads every line at `x`. A point counts as being there within 1.5 of its line's intervals, or `reach` where that is more. */
export function readAt(lines: readonly DrawnLine[], x: number, reach: number): Readings {
  const rows: Reading[] = []
  let ended = 0
  for (const drawn of lines) {
    const i = nearest(drawn.x, x, Math.max(reach, 1.5 * drawn.interval))
    if (i >= 0) {
      const { id, name, color } = drawn.line
      rows.push({ id, name, color, x: drawn.x[i]!, value: drawn.raw[i]!, shown: drawn.y[i]!, said: drawn.said?.[i] })
    } else if (drawn.x.length > 0 && drawn.x.at(-1)! < x) ended++
  }
  rows.sort((a, b) => b.shown - a.shown)
  return { rows, ended }
}

/** At most `most` rows, around the one that matters. */
export function around(rows: readonly Reading[], id: string | null, most: number): readonly Reading[] {
  const at = Math.max(
    0,
    rows.findIndex((row) => row.id === id),
  )
  const first = Math.max(0, Math.min(at - (most >> 1), rows.length - most))
  return rows.slice(first, first + most)
}

/** The x of the point nearest to `x` in any of the lines; undefined where there is none. */
export function snap(lines: readonly DrawnLine[], x: number): number | undefined {
  let best: number | undefined
  for (const drawn of lines) {
    const i = nearest(drawn.x, x)
    if (i >= 0 && (best === undefined || Math.abs(drawn.x[i]! - x) < Math.abs(best - x))) best = drawn.x[i]!
  }
  return best
}

/** The next x of any line in a direction, `points` further; the last one where there are fewer. */
export function walk(lines: readonly DrawnLine[], from: number, direction: 1 | -1, points: number): number {
  let at = from
  for (let i = 0; i < points; i++) {
    let best: number | undefined
    for (const { x } of lines) {
      // The neighbour of `at` in this line, found by halving.
      let low = 0
      let high = x.length
      while (low < high) {
        const middle = (low + high) >> 1
        if (direction > 0 ? x[middle]! <= at : x[middle]! < at) low = middle + 1
        else high = middle
      }
      const here = direction > 0 ? x[low] : x[low - 1]
      if (here !== undefined && (best === undefined || (direction > 0 ? here < best : here > best))) best = here
    }
    if (best === undefined) break
    at = best
  }
  return at
}
