/** Draws runs as lines over parallel axes: part by part over as many frames as it takes, each part spread over all of them. */
import { inFrames, shades } from '#lib/plots/paint.ts'

export interface Lines {
  /** Of the canvas, px. */
  width: number
  height: number
  /** x of every axis, and y of every run on each, px. */
  lefts: readonly number[]
  tops: readonly Float32Array[]
  /** The order in which runs are drawn. */
  order: Uint32Array
  isCurved: boolean
}

export interface Look {
  /** 1 for each run that is drawn. Undefined: all. */
  kept: Uint8Array | undefined
  /** How many are drawn. */
  count: number
  /** The place of each run's colour; the strongest are drawn on top. */
  shadeOf: Uint8Array
  colors: readonly string[]
  /** Runs drawn last and thick, in colours of their own. */
  chosen: readonly { run: number; color: string }[]
}

const linesToPart = 250

function trace(path: Path2D, run: number, { lefts, tops, isCurved }: Lines): void {
  path.moveTo(lefts[0]!, tops[0]![run]!)
  if (tops.length === 1) path.lineTo(lefts[0]! + 1, tops[0]![run]!)
  for (let axis = 1; axis < tops.length; axis++) {
    const x = lefts[axis]!
    const y = tops[axis]![run]!
    const middle = (lefts[axis - 1]! + x) / 2
    if (isCurved) path.bezierCurveTo(middle, tops[axis - 1]![run]!, middle, y, x, y)
    else path.lineTo(x, y)
  }
}

/** One line as the `d` of an SVG path. */
export function lineOf(run: number, { lefts, tops, isCurved }: Lines): string {
  return tops
    .map((top, axis) => {
      const to = `${lefts[axis]} ${top[run]}`
      if (axis === 0) return `M${to}`
      const middle = (lefts[axis - 1]! + lefts[axis]!) / 2
      return isCurved ? `C${middle} ${tops[axis - 1]![run]} ${middle} ${top[run]} ${to}` : `L${to}`
    })
    .join('')
}

/** The run whose line is nearest to a place, no further than `near` px. */
export function lineAt(
  { lefts, tops, isCurved }: Lines,
  kept: Uint8Array | undefined,
  x: number,
  y: number,
  near: number,
): number | undefined {
  if (tops.length < 2) return undefined
  let axis = 0
  while (axis < tops.length - 2 && x > lefts[axis + 1]!) axis++
  const at = Math.max(0, Math.min(1, (x - lefts[axis]!) / (lefts[axis + 1]! - lefts[axis]!)))
  // What a curve with its handles in the middle does between two axes, near enough.
  const bend = isCurved ? at * at * (3 - 2 * at) : at
  const [from, to] = [tops[axis]!, tops[axis + 1]!]
  let best: number | undefined
  let least = near
  for (let run = 0; run < from.length; run++) {
    if (kept && kept[run] !== 1) continue
    const away = Math.abs(from[run]! + (to[run]! - from[run]!) * bend - y)
    if (away < least) [least, best] = [away, run]
  }
  return best
}

function prepared(canvas: HTMLCanvasElement, { width, height }: Lines): CanvasRenderingContext2D {
  const ratio = devicePixelRatio
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)]
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h]
  const ctx = canvas.getContext('2d')!
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0)
  ctx.clearRect(0, 0, width, height)
  ctx.lineJoin = 'bevel'
  return ctx
}

const partsOf = ({ order }: Lines): number => Math.ceil(order.length / linesToPart)
const partOf = ({ order }: Lines, part: number): Uint32Array => order.subarray(part * linesToPart, (part + 1) * linesToPart)

/** All lines in one colour. Returns what stops it. */
export function drawAll(canvas: HTMLCanvasElement, lines: Lines, color: string): () => void {
  const ctx = prepared(canvas, lines)
  ctx.strokeStyle = color
  ctx.globalAlpha = Math.max(0.08, Math.min(0.6, 6 / Math.sqrt(lines.order.length + 1)))
  return inFrames(partsOf(lines), (part) => {
    const path = new Path2D()
    for (const run of partOf(lines, part)) trace(path, run, lines)
    ctx.stroke(path)
  })
}

/** The lines that are kept. Returns what stops it. */
export function drawKept(canvas: HTMLCanvasElement, lines: Lines, { kept, count, shadeOf, colors, chosen }: Look): () => void {
  const ctx = prepared(canvas, lines)
  ctx.globalAlpha = Math.max(0.25, Math.min(0.85, 12 / Math.sqrt(count + 1)))
  ctx.lineWidth = 1.25
  const parts = partsOf(lines)
  return inFrames(parts + 1, (part) => {
    if (part === parts) {
      ctx.globalAlpha = 1
      ctx.lineWidth = 2.25
      for (const { run, color } of chosen) {
        if (kept && kept[run] !== 1) continue
        const path = new Path2D()
        trace(path, run, lines)
        ctx.strokeStyle = color
        ctx.stroke(path)
      }
      return
    }
    const paths: (Path2D | undefined)[] = []
    for (const run of partOf(lines, part)) {
      if (!kept || kept[run] === 1) trace((paths[shadeOf[run]!] ??= new Path2D()), run, lines)
    }
    // What has no colour lies lowest, the strongest on top.
    for (const shade of [shades, ...Array(shades).keys()]) {
      const path = paths[shade]
      if (!path) continue
      ctx.strokeStyle = colors[shade]!
      ctx.stroke(path)
    }
  })
}
