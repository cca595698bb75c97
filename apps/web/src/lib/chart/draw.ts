/** How one line looks on a canvas: its band, its raw values and itself. Lines of very many points are painted, others stroked. */
import { type DrawnLine, lowerBound, type Range } from '#lib/chart/lines.ts'
import type { Ink, Pixels } from '#lib/chart/pixels.ts'

const rawAlpha = 0.22
const bandAlpha = 0.22
/** With more points to a pixel than this no join can be seen. */
const dense = 0.5

type Place = (value: number) => number

/** Where values are on the canvas, in its own pixels. */
export interface Places {
  x: Range
  left: Place
  top: Place
  /** Of the plotting area. */
  width: number
  /** Canvas pixels to a CSS pixel. */
  ratio: number
}

export interface Look {
  color: string
  /** Bolder than the others. */
  strong: boolean
  /** With what its points stand for, and what was logged beside what is smoothed. */
  detailed: boolean
}

/** Its points on screen, and one beyond each edge, so that lines leave the picture where they should. */
function stretchOf(drawn: DrawnLine, { from, to }: Range): [first: number, last: number] {
  return [Math.max(0, lowerBound(drawn.x, from) - 1), Math.min(drawn.x.length, lowerBound(drawn.x, to) + 1)]
}

/** True for a line that is to be painted. */
export function isDense(drawn: DrawnLine, { x, width }: Places): boolean {
  const [first, last] = stretchOf(drawn, x)
  return last - first > dense * width
}

const thickness = (strong: boolean, ratio: number) => (strong ? 2.25 : 1.5) * ratio

export function paintOne(
  pixels: Pixels,
  drawn: DrawnLine,
  { strong, detailed }: Look,
  rgb: Ink['rgb'],
  { x, left, top, ratio }: Places,
): void {
  const { line, min, max } = drawn
  const [first, last] = stretchOf(drawn, x)
  const stretch = { x: drawn.x, starts: drawn.starts, first, last, left, top }
  if (min && max && detailed) pixels.band(stretch, min, max, { rgb, alpha: bandAlpha }, ratio)
  if (drawn.raw !== drawn.y && detailed) pixels.line(stretch, drawn.raw, { rgb, alpha: rawAlpha }, ratio, [], ratio)
  const dash = (line.dash ?? []).map((length) => length * ratio)
  pixels.line(stretch, drawn.y, { rgb, alpha: 1 }, thickness(strong, ratio), dash, ratio)
}

export function drawOne(ctx: CanvasRenderingContext2D, drawn: DrawnLine, { color, strong, detailed }: Look, places: Places): void {
  const { line, min, max } = drawn
  const { x, ratio } = places
  const [first, last] = stretchOf(drawn, x)
  ctx.lineJoin = 'round'
  ctx.lineCap = 'round'
  ctx.strokeStyle = ctx.fillStyle = color
  ctx.lineWidth = ratio
  if (min && max && detailed) {
    ctx.globalAlpha = bandAlpha
    band(ctx, drawn, min, max, first, last, places)
  }
  if (drawn.raw !== drawn.y && detailed) {
    ctx.globalAlpha = rawAlpha
    stroke(ctx, drawn, drawn.raw, first, last, places)
  }
  ctx.globalAlpha = 1
  ctx.lineWidth = thickness(strong, ratio)
  ctx.setLineDash((line.dash ?? []).map((length) => length * ratio))
  stroke(ctx, drawn, drawn.y, first, last, places)
  ctx.setLineDash([])
}

/** The line itself; a point with no neighbour to join is a dot. */
function stroke(
  ctx: CanvasRenderingContext2D,
  { x, starts }: DrawnLine,
  values: readonly number[],
  first: number,
  last: number,
  { left, top, ratio }: Places,
): void {
  ctx.beginPath()
  const dots: number[] = []
  for (let i = first; i < last; i++) {
    const isStart = i === first || starts[i] === 1
    if (isStart) {
      ctx.moveTo(left(x[i]!), top(values[i]!))
      if (i + 1 >= x.length || starts[i + 1] === 1) dots.push(i)
    } else ctx.lineTo(left(x[i]!), top(values[i]!))
  }
  ctx.stroke()
  for (const i of dots) {
    ctx.beginPath()
    ctx.arc(left(x[i]!), top(values[i]!), 2.2 * ratio, 0, 2 * Math.PI)
    ctx.fill()
  }
}

/** From the least to the greatest of what each point stands for. */
function band(
  ctx: CanvasRenderingContext2D,
  { x, starts }: DrawnLine,
  min: readonly number[],
  max: readonly number[],
  first: number,
  last: number,
  { left, top }: Places,
): void {
  for (let from = first; from < last; ) {
    let to = from + 1
    while (to < last && starts[to] !== 1) to++
    ctx.beginPath()
    for (let i = from; i < to; i++) ctx.lineTo(left(x[i]!), top(max[i]!))
    for (let i = to - 1; i >= from; i--) ctx.lineTo(left(x[i]!), top(min[i]!))
    ctx.fill()
    // Two buckets share a pixel: a lone spike would be too thin to see as an area.
    ctx.stroke()
    from = to
  }
}
