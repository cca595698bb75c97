/** A chart in words and as a table, for whoever does not see the canvas. */
import type { Axis, ChartLine } from '#lib/chart/lines.ts'
import { formatClock, formatCount, formatDate, formatDuration, formatNumber } from '#lib/format.ts'

/** Lines side by side: every x that any of them has, and each line's value there; undefined where it has none. */
export function mergeLines(
  lines: readonly ChartLine[],
  most = Number.POSITIVE_INFINITY,
): { x: number[]; values: (number | undefined)[][] } {
  const next = lines.map(() => 0)
  const x: number[] = []
  const values: (number | undefined)[][] = lines.map(() => [])
  while (x.length < most) {
    let at = Number.POSITIVE_INFINITY
    for (const [i, line] of lines.entries()) {
      const here = line.x[next[i]!]
      if (here !== undefined && here < at) at = here
    }
    if (at === Number.POSITIVE_INFINITY) break
    for (const [i, line] of lines.entries()) {
      if (line.x[next[i]!] === at) values[i]!.push(line.y[next[i]!++])
      else values[i]!.push(undefined)
    }
    x.push(at)
  }
  return { x, values }
}

/** A place on an axis in full: `step 18 500`, `4 Mar 14:03:11`, `1 h 08 m`. */
export function placeText(axis: Axis, x: number): string {
  if (axis === 'step') return `step ${formatNumber(x)}`
  if (axis === 'value') return formatNumber(x)
  if (axis === 'relative') return formatDuration(Math.max(0, x))
  const seconds = String(new Date(x).getSeconds()).padStart(2, '0')
  return `${formatDate(x, Date.now())} ${formatClock(x)}:${seconds}`
}

/** One sentence about each line, of the first five. */
export function summarize(title: string, axis: Axis, lines: readonly ChartLine[]): string {
  const withPoints = lines.filter((line) => line.x.length > 0)
  if (withPoints.length === 0) return `${title}: no points.`
  const sentences = withPoints.slice(0, 5).map((line) => {
    let low: number | undefined
    let high: number | undefined
    for (const [i, y] of line.y.entries()) {
      if (!Number.isFinite(y)) continue
      if (low === undefined || y < line.y[low]!) low = i
      if (high === undefined || y > line.y[high]!) high = i
    }
    const span = `${formatCount(line.x.length)} ${line.x.length === 1 ? 'point' : 'points'} from ${placeText(axis, line.x[0]!)} to ${placeText(axis, line.x.at(-1)!)}`
    const ends = `first ${formatNumber(line.y[0])}, last ${formatNumber(line.y.at(-1))}`
    const extremes =
      low === undefined || high === undefined
        ? 'no finite value'
        : `lowest ${formatNumber(line.y[low])} at ${placeText(axis, line.x[low]!)}, highest ${formatNumber(line.y[high])} at ${placeText(axis, line.x[high]!)}`
    return `${line.name}: ${span}, ${ends}, ${extremes}.`
  })
  const rest = withPoints.length - sentences.length
  return `${title}, ${withPoints.length === 1 ? 'one line' : `${withPoints.length} lines`}. ${sentences.join(' ')}${rest > 0 ? ` And ${rest} more.` : ''}`
}

/** Every point as it was logged, a line each: what a chart shows, before smoothing. Where a point stands for several, their extremes too, or how far they are apart. */
export function csvOfLines(axis: Axis, lines: readonly ChartLine[]): string {
  const field = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  const hasExtremes = lines.some((line) => line.min && line.band !== 'sd')
  const hasDeviation = lines.some((line) => line.band === 'sd')
  const rows = lines.flatMap((line) =>
    line.x.map((x, i) => [
      line.id,
      line.name,
      x,
      line.y[i]!,
      ...(hasExtremes ? (line.band === 'sd' ? ['', ''] : [line.min?.[i] ?? line.y[i]!, line.max?.[i] ?? line.y[i]!]) : []),
      ...(hasDeviation ? [line.band === 'sd' ? line.max![i]! - line.y[i]! : ''] : []),
    ]),
  )
  return [
    [
      'run_id',
      'run_name',
      axis === 'time' ? 'time_ms' : axis === 'relative' ? 'ms' : axis,
      'value',
      ...(hasExtremes ? ['min', 'max'] : []),
      ...(hasDeviation ? ['sd'] : []),
    ],
    ...rows,
  ]
    .map((row) => `${row.map((cell) => field(String(cell))).join(',')}\r\n`)
    .join('')
}
