/** From a column's values to places along an axis, 0 to 1, and back. */
import { logTexts, logTicks, numberTicks, tickTexts } from '#lib/chart/ticks.ts'
import { formatNumber } from '#lib/format.ts'
import type { PlotColumn, ScaleKind } from '#lib/plots/columns.ts'

export interface Scale {
  kind: ScaleKind
  /** The least and the greatest value of the axis. */
  from: number
  to: number
  /** NaN where it has none: missing, or not above zero on a logarithmic scale. */
  place: (value: number) => number
  value: (place: number) => number
  ticks: readonly { place: number; text: string }[]
}

/** Labels of categories an axis has room for. */
const mostLabels = 12

/** Of what is there; `room` leaves that share free at both ends. */
export function scaleOf({ scale: kind, values, categories }: PlotColumn, room = 0): Scale {
  if (categories) return categoryScale(categories)
  const isLog = kind === 'log'
  let from = Number.POSITIVE_INFINITY
  let to = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (isLog && value <= 0) continue
    if (value < from) from = value
    if (value > to) to = value
  }
  if (from > to) [from, to] = isLog ? [1, 10] : [0, 1]
  if (from === to) [from, to] = isLog ? [from / 2, to * 2] : from === 0 ? [-1, 1] : [from - Math.abs(from) / 2, to + Math.abs(to) / 2]
  const [start, end] = isLog ? [Math.log10(from), Math.log10(to)] : [from, to]
  const free = (end - start) * room
  const low = start - free
  const span = end + free - low
  if (room > 0) [from, to] = isLog ? [10 ** low, 10 ** (low + span)] : [low, low + span]
  const place = isLog
    ? (value: number) => (value > 0 ? (Math.log10(value) - low) / span : Number.NaN)
    : (value: number) => (value - low) / span
  const value = isLog ? (at: number) => 10 ** (low + at * span) : (at: number) => low + at * span
  const marks = isLog ? logTicks({ from, to }) : numberTicks({ from, to })
  const texts = isLog ? logTexts(marks) : tickTexts(marks)
  return { kind, from, to, place, value, ticks: marks.map((mark, i) => ({ place: place(mark), text: texts[i]! })) }
}

function categoryScale(categories: readonly string[]): Scale {
  const count = Math.max(1, categories.length)
  const place = (value: number) => (value + 0.5) / count
  const stride = Math.ceil(count / mostLabels)
  return {
    kind: 'category',
    from: -0.5,
    to: count - 0.5,
    place,
    value: (at) => at * count - 0.5,
    ticks: categories.flatMap((text, i) => (i % stride === 0 ? { place: place(i), text } : [])),
  }
}

/** A value of the column as people read it. */
export function valueText({ categories }: PlotColumn, value: number): string {
  if (categories) return categories[value] ?? '–'
  return Number.isNaN(value) ? '–' : formatNumber(value)
}
