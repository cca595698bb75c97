/** A line as a chart is given it, and as it is drawn: without what has no place on the canvas, cut where it breaks, smoothed. */
import { breakingInterval, medianInterval } from '#lib/chart/intervals.ts'
import { smooth } from '#lib/chart/smoothing.ts'

/** What x is: steps, ms since 1970, ms since the run's start, or the values of another metric. */
export type Axis = 'step' | 'time' | 'relative' | 'value'

/** Both ends belong to it, in the axis' unit. */
export interface Range {
  from: number
  to: number
}

export interface ChartLine {
  /** Unique in its chart. */
  id: string
  name: string
  /** A CSS colour: `slotColor(slot)`. */
  color: string
  /** In pixels. @default a whole line */
  dash?: readonly number[]
  /** Ascending, in the axis' unit. */
  x: readonly number[]
  /** As logged: NaN and the infinities are marked, not drawn. */
  y: readonly number[]
  /** Where a point stands for several, the least and greatest of them. @default y */
  min?: readonly number[]
  max?: readonly number[]
  /** It stands for several lines, so that its extremes are always drawn: those of the lines, or a standard deviation to both sides. */
  band?: 'range' | 'sd'
  /** Smoothed by such a weight over all that was logged. Where that is not the weight wanted, `y` is smoothed here. */
  smoothed?: { readonly weight: number; readonly y: readonly number[] }
  /** What is said of each point beside its value. */
  said?: readonly string[]
  /** It stands for several lines, and is drawn however many lines there are. @default false */
  many?: boolean
  /** Points far from each other are joined all the same, as where x is no time. @default false */
  unbroken?: boolean
  /** Points, by their number, that are not joined to the one before; all others are. @default told from their distances */
  breaks?: readonly number[]
  /** Its last point pulses. @default false */
  live?: boolean
}

/** Where a line has no number: from this x on, until the next point it has. */
export interface Mark {
  x: number
  word: 'NaN' | '∞' | '−∞'
}

export interface DrawnLine {
  readonly line: ChartLine
  readonly x: number[]
  /** What the reader follows: smoothed where smoothing is on. */
  readonly y: number[]
  /** As logged. The same array as `y` where nothing is smoothed. */
  readonly raw: number[]
  /** The extremes each point stands for; undefined where it stands for itself. */
  readonly min: number[] | undefined
  readonly max: number[] | undefined
  readonly said: string[] | undefined
  /** 1 where a point is not joined to the one before it. */
  readonly starts: Uint8Array
  readonly marks: Mark[]
  /** Points a logarithmic scale has no place for. */
  readonly dropped: number
  /** The usual distance between its points; 0 for one point. */
  readonly interval: number
}

export interface DrawOptions {
  /** Drops what is not above zero, and counts it. */
  log: boolean
  /** 0–0.99. */
  smoothing: number
}

const wordOf = (value: number): Mark['word'] => (Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞')

/** Makes a line ready to draw. */
export function drawLine(line: ChartLine, { log, smoothing }: DrawOptions): DrawnLine {
  const { x, y } = line
  const n = Math.min(x.length, y.length)
  const interval = medianInterval(x)
  const breaks = line.breaks && new Set(line.breaks)
  const tooFar = line.unbroken || breaks ? Number.POSITIVE_INFINITY : breakingInterval(x, interval)
  const xs: number[] = []
  const raw: number[] = []
  const min: number[] | undefined = line.min && []
  const max: number[] | undefined = line.max && []
  const said: string[] | undefined = line.said && []
  const ready = smoothing > 0 && line.smoothed?.weight === smoothing ? line.smoothed.y : undefined
  const smoothed: number[] = []
  const starts: number[] = []
  const marks: Mark[] = []
  let dropped = 0
  let broken = true
  let marked = false
  for (let i = 0; i < n; i++) {
    const at = x[i]!
    const value = y[i]!
    if (i > 0 && (at - x[i - 1]! > tooFar || breaks?.has(i))) broken = true
    if (!Number.isFinite(value)) {
      if (!marked) marks.push({ x: at, word: wordOf(value) })
      marked = broken = true
      continue
    }
    marked = false
    if (log && value <= 0) {
      dropped++
      broken = true
      continue
    }
    xs.push(at)
    raw.push(value)
    if (ready) {
      const mean = ready[i]!
      smoothed.push(Number.isFinite(mean) && (!log || mean > 0) ? mean : value)
    }
    if (min && max) {
      const low = line.min![i]!
      const high = line.max![i]!
      min.push(Number.isFinite(low) && (!log || low > 0) ? low : value)
      max.push(Number.isFinite(high) ? high : value)
    }
    said?.push(line.said![i]!)
    starts.push(broken ? 1 : 0)
    broken = false
  }
  return {
    line,
    x: xs,
    y: ready ? smoothed : smoothing > 0 ? smooth(xs, raw, smoothing, interval) : raw,
    raw,
    min,
    max,
    said,
    starts: Uint8Array.from(starts),
    marks,
    dropped,
    interval,
  }
}

/** The first index whose x is not below `at`. */
export function lowerBound(x: ArrayLike<number>, at: number): number {
  let low = 0
  let high = x.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (x[middle]! < at) low = middle + 1
    else high = middle
  }
  return low
}

/** The index of the point nearest to `at`; -1 where there is none within `reach`. */
export function nearest(x: ArrayLike<number>, at: number, reach = Number.POSITIVE_INFINITY): number {
  const after = lowerBound(x, at)
  let best = -1
  let distance = reach
  for (const i of [after - 1, after]) {
    if (i < 0 || i >= x.length) continue
    const here = Math.abs(x[i]! - at)
    if (here <= distance) {
      distance = here
      best = i
    }
  }
  return best
}

/** From the first to the last x of all lines, marks included; undefined where there is no point. */
export function extentX(lines: readonly DrawnLine[]): Range | undefined {
  let from = Number.POSITIVE_INFINITY
  let to = Number.NEGATIVE_INFINITY
  for (const { x, marks } of lines) {
    for (const at of [x[0], x.at(-1), marks[0]?.x, marks.at(-1)?.x]) {
      if (at === undefined) continue
      from = Math.min(from, at)
      to = Math.max(to, at)
    }
  }
  return from <= to ? { from, to } : undefined
}

/** The values between two x, the extremes that points stand for included; undefined where there is none. */
export function extentY(lines: readonly DrawnLine[], within: Range): Range | undefined {
  let from = Number.POSITIVE_INFINITY
  let to = Number.NEGATIVE_INFINITY
  for (const { x, raw, min, max } of lines) {
    const low = min ?? raw
    const high = max ?? raw
    for (let i = lowerBound(x, within.from); i < x.length && x[i]! <= within.to; i++) {
      if (low[i]! < from) from = low[i]!
      if (high[i]! > to) to = high[i]!
    }
  }
  return from <= to ? { from, to } : undefined
}

/** A range with 4 % room at both ends; around a single value, room enough to see it in the middle. */
export function withRoom({ from, to }: Range): Range {
  if (from === to) {
    const room = from === 0 ? 1 : Math.abs(from) * 0.1
    return { from: from - room, to: to + room }
  }
  const room = (to - from) * 0.04
  return { from: from - room, to: to + room }
}

/** True where a logarithmic scale shows more: all above zero, the greatest over a thousand times the least. */
export function spansDecades(range: Range | undefined): boolean {
  return range !== undefined && range.from > 0 && range.to / range.from > 1_000
}
