/**
 * A chart's canvas: uPlot has the axes, the grid, the scaling to the screen and the drag; the lines are drawn here, each from its own
 * columns, because runs share no x and joining fifty of them onto one would cost more than drawing them. On a logarithmic chart uPlot's y
 * is the base-10 logarithm, so that both kinds are one code.
 */
import type uPlot from 'uplot'
import { drawOne, isDense, type Look, type Places, paintOne } from '#lib/chart/draw.ts'
import { type Label, labelsOf } from '#lib/chart/labels.ts'
import type { Axis, DrawnLine, Range } from '#lib/chart/lines.ts'
import { Pixels } from '#lib/chart/pixels.ts'
import { axisTexts, axisTicks, logTexts, logTicks, numberTicks, tickTexts } from '#lib/chart/ticks.ts'
import { canvasColor, rgbOf } from '#lib/colors.ts'

type Constructor = typeof uPlot

let loading: Promise<Constructor> | undefined

/** uPlot itself, loaded with the first chart of the page. */
export function loadPlot(): Promise<Constructor> {
  loading ??= Promise.all([import('uplot'), import('uplot/dist/uPlot.min.css')]).then(([module]) => module.default)
  loading.catch(() => {
    loading = undefined
  })
  return loading
}

export interface PlotModel {
  /** In drawing order: the last is on top. */
  lines: readonly DrawnLine[]
  axis: Axis
  log: boolean
  x: Range
  /** Of values, also where `log` is set. */
  y: Range
  /** Lines go beyond y, and it is said where. */
  clipped: boolean
  /** This line is drawn bolder, the others faint. */
  focus: string | null
  /** From here to the right and below there are words, in CSS pixels from the host's corner. */
  taken?: { left: number; top: number } | undefined
}

/** The plotting area in CSS pixels from the host's corner. */
export interface Box {
  left: number
  top: number
  width: number
  height: number
}

export interface PlotEvents {
  onbox(box: Box): void
  /** A dragged range: of x, or with Shift of y. */
  onselect(kind: 'x' | 'y', range: Range): void
  onreset(): void
}

interface Inks {
  text: string
  grid: string
  edge: string
  danger: string
  surface: string
  font: string
}

/** Seen from afar a faint line is still a line. */
const faint = 0.28
/** In CSS pixels, at the size of axis texts. */
const digitWidth = 5.6
const rightPadding = 12
/** Of more lines than this only the one in focus shows what its points stand for: of all it would be a fog. */
const mostDetailed = 10

function layer(): HTMLCanvasElement {
  const canvas = document.createElement('canvas')
  canvas.style.cssText = 'position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none'
  return canvas
}

export class Plot {
  readonly #plot: uPlot
  readonly #colors = new Map<string, string>()
  readonly #rgbs = new Map<string, [number, number, number]>()
  #inks!: Inks
  #model: PlotModel
  /** The lines, and above them the one in focus. */
  readonly #back = layer()
  readonly #front = layer()
  #isDrawn = false
  #box = ''

  constructor(Plotter: Constructor, host: HTMLElement, size: { width: number; height: number }, model: PlotModel, events: PlotEvents) {
    this.#model = model
    this.#readInks()
    const small = () => this.#inks.font
    this.#plot = new Plotter(
      {
        ...size,
        padding: [8, rightPadding, 0, 0],
        legend: { show: false },
        scales: {
          x: { time: false, range: () => [this.#model.x.from, this.#model.x.to] },
          y: { range: () => [this.#toY(this.#model.y.from), this.#toY(this.#model.y.to)] },
        },
        series: [{}, { paths: () => null, points: { show: false } }],
        axes: [
          {
            font: small(),
            stroke: () => this.#inks.text,
            size: 20,
            gap: 4,
            grid: { show: false },
            ticks: { show: false },
            border: { show: true, width: 1, stroke: () => this.#inks.edge },
            splits: () => axisTicks(this.#model.axis, this.#model.x),
            values: (plot, splits) => this.#xTexts(plot, splits),
          },
          {
            font: small(),
            stroke: () => this.#inks.text,
            size: (_plot, texts) => Math.max(30, 11 + Math.max(0, ...(texts ?? []).map((text) => text.length)) * digitWidth),
            gap: 5,
            grid: { width: 1, stroke: () => this.#inks.grid },
            ticks: { show: false },
            splits: () => this.#yTicks().map(this.#toY),
            filter: (_plot, splits) => splits,
            values: () => this.#yTexts(),
          },
        ],
        cursor: {
          x: false,
          y: false,
          points: { show: false },
          drag: { x: true, y: false, setScale: false, dist: 4 },
          bind: {
            mousedown: (plot, _target, handle) => (event) => {
              const drag = plot.cursor.drag!
              drag.y = event.shiftKey
              drag.x = !event.shiftKey
              return handle(event)
            },
            dblclick: () => () => {
              events.onreset()
              return null
            },
          },
        },
        hooks: {
          draw: [
            (plot) => {
              this.#draw(plot)
              this.#isDrawn = true
              this.#reportBox(plot, events)
            },
          ],
          setSelect: [
            (plot) => {
              const { left, top, width, height } = plot.select
              const selected =
                plot.cursor.drag!.y === true
                  ? { kind: 'y' as const, from: this.#fromY(plot.posToVal(top + height, 'y')), to: this.#fromY(plot.posToVal(top, 'y')) }
                  : { kind: 'x' as const, from: plot.posToVal(left, 'x'), to: plot.posToVal(left + width, 'x') }
              plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
              if (selected.to > selected.from) events.onselect(selected.kind, { from: selected.from, to: selected.to })
            },
          ],
        },
      },
      this.#data(),
      host,
    )
    this.#plot.ctx.canvas.after(this.#back, this.#front)
  }

  /** Draws something else, with the next frame. */
  update(model: PlotModel): void {
    const before = this.#model
    const onlyFocus =
      before.lines === model.lines &&
      before.x === model.x &&
      before.y === model.y &&
      before.log === model.log &&
      before.axis === model.axis &&
      before.clipped === model.clipped &&
      before.taken === model.taken
    this.#model = model
    if (onlyFocus && this.#isDrawn) this.#bringOut(this.#plot)
    else this.#plot.setData(this.#data(), true)
  }

  resize(width: number, height: number): void {
    if (this.#plot.width !== width || this.#plot.height !== height) this.#plot.setSize({ width, height })
  }

  /** Takes the colours anew, as after a change of theme. */
  recolor(): void {
    this.#colors.clear()
    this.#readInks()
    this.#plot.redraw(false, true)
  }

  destroy(): void {
    this.#plot.destroy()
  }

  #readInks(): void {
    const family = getComputedStyle(document.documentElement).getPropertyValue('--font-ui') || 'system-ui'
    this.#inks = {
      text: canvasColor('--text-3'),
      grid: canvasColor('--grid'),
      edge: canvasColor('--line-2'),
      danger: canvasColor('--danger'),
      surface: canvasColor('--surface'),
      font: `10px ${family}`,
    }
  }

  #color(css: string): string {
    const token = /^var\((--[\w-]+)\)$/.exec(css)?.[1]
    if (token === undefined) return css
    let color = this.#colors.get(token)
    if (color === undefined) this.#colors.set(token, (color = canvasColor(token)))
    return color
  }

  readonly #toY = (value: number): number => (this.#model.log ? Math.log10(value) : value)
  readonly #fromY = (y: number): number => (this.#model.log ? 10 ** y : y)

  /** A text that the right edge would cut is left out. */
  #xTexts(plot: uPlot, ticks: readonly number[]): string[] {
    const { from, to } = this.#model.x
    const width = plot.bbox.width / devicePixelRatio || plot.width
    return axisTexts(this.#model.axis, ticks).map((text, i) => {
      const room = (1 - (ticks[i]! - from) / (to - from)) * width + rightPadding
      return text.length * digitWidth > 2 * room ? '' : text
    })
  }

  #yTicks(): number[] {
    return this.#model.log ? logTicks(this.#model.y) : numberTicks(this.#model.y)
  }

  #yTexts(): string[] {
    return this.#model.log ? logTexts(this.#yTicks()) : tickTexts(this.#yTicks())
  }

  /** What uPlot scales by: the corners only. */
  #data(): uPlot.AlignedData {
    const { x, y } = this.#model
    return [
      [x.from, x.to],
      [this.#toY(y.from), this.#toY(y.to)],
    ]
  }

  #reportBox(plot: uPlot, events: PlotEvents): void {
    const ratio = devicePixelRatio
    const { left, top, width, height } = plot.bbox
    const box = { left: left / ratio, top: top / ratio, width: width / ratio, height: height / ratio }
    const key = JSON.stringify(box)
    if (key === this.#box) return
    this.#box = key
    events.onbox(box)
  }

  /** Where values are now, in pixels of the canvas. */
  #places({ bbox }: uPlot): Places {
    const { x, y } = this.#model
    const y0 = this.#toY(y.from)
    const perX = bbox.width / (x.to - x.from)
    const perY = bbox.height / (this.#toY(y.to) - y0)
    return {
      x,
      left: (at) => bbox.left + (at - x.from) * perX,
      top: (value) => bbox.top + bbox.height - (this.#toY(value) - y0) * perY,
      width: bbox.width,
      ratio: devicePixelRatio,
    }
  }

  /** All lines, on a canvas of their own above uPlot's, so that bringing out one of them draws that one only. */
  #draw(plot: uPlot): void {
    const { lines } = this.#model
    const places = this.#places(plot)
    this.#within(this.#back, plot, (ctx) => {
      this.#lines(ctx, plot, lines, places, (drawn) => ({
        strong: false,
        detailed: lines.length <= mostDetailed || drawn.line.band !== undefined,
      }))
      for (const label of this.#labels(ctx, plot, places)) this.#write(ctx, label)
    })
    this.#bringOut(plot)
    this.#drawMarks(plot, places.left)
    if (this.#model.clipped) this.#drawCarets(plot, places)
  }

  /** The line in focus before the others, which are faint meanwhile. */
  #bringOut(plot: uPlot): void {
    const { lines, focus } = this.#model
    const one = focus === null ? undefined : lines.find(({ line }) => line.id === focus)
    this.#back.style.opacity = focus === null ? '' : String(faint)
    this.#front.hidden = one === undefined
    if (one)
      this.#within(this.#front, plot, (ctx) => {
        const places = this.#places(plot)
        this.#lines(ctx, plot, [one], places, () => ({ strong: true, detailed: true }))
        const label = this.#labels(ctx, plot, places).find(({ id }) => id === focus)
        if (label) this.#write(ctx, label)
      })
  }

  /** Those of very many points as pixels, which lie below the others. The canvas is empty. */
  #lines(
    ctx: CanvasRenderingContext2D,
    { bbox }: uPlot,
    lines: readonly DrawnLine[],
    places: Places,
    lookOf: (drawn: DrawnLine) => Omit<Look, 'color'>,
  ): void {
    const { canvas } = ctx
    const painted = lines.filter((drawn) => isDense(drawn, places))
    if (painted.length > 0) {
      const room = 2 * places.ratio
      const { left, top, width, height } = bbox
      const pixels = new Pixels(canvas.width, canvas.height, {
        left: left - room,
        top: top - room,
        right: left + width + room,
        bottom: top + height + room,
      })
      for (const drawn of painted) {
        const color = this.#color(drawn.line.color)
        paintOne(pixels, drawn, { color, ...lookOf(drawn) }, this.#rgb(color), places)
      }
      ctx.putImageData(new ImageData(pixels.data, pixels.width, pixels.height), 0, 0)
    }
    // Whoever looks on from outside cannot count what is painted.
    canvas.dataset.painted = String(painted.length)
    for (const drawn of lines)
      if (!painted.includes(drawn)) drawOne(ctx, drawn, { color: this.#color(drawn.line.color), ...lookOf(drawn) }, places)
  }

  #rgb(color: string): [number, number, number] {
    let rgb = this.#rgbs.get(color)
    if (rgb === undefined) this.#rgbs.set(color, (rgb = rgbOf(color)))
    return rgb
  }

  #labels(ctx: CanvasRenderingContext2D, { bbox }: uPlot, { left, top, ratio }: Places): Label[] {
    const { lines, x, taken } = this.#model
    ctx.font = `600 ${this.#inks.font.replace('10px', `${10 * ratio}px`)}`
    return labelsOf(
      lines,
      x,
      left,
      top,
      { ...bbox, taken: taken && { left: taken.left * ratio, top: taken.top * ratio } },
      12 * ratio,
      (text) => ctx.measureText(text).width,
    )
  }

  /** A line's name in its colour, readable over other lines. */
  #write(ctx: CanvasRenderingContext2D, { text, color, right, middle }: Label): void {
    ctx.textAlign = 'right'
    ctx.textBaseline = 'middle'
    ctx.lineJoin = 'round'
    ctx.lineWidth = 3 * devicePixelRatio
    ctx.strokeStyle = this.#inks.surface
    ctx.strokeText(text, right, middle)
    ctx.fillStyle = this.#color(color)
    ctx.fillText(text, right, middle)
  }

  /** Draws on an emptied canvas of the size of uPlot's, inside the plotting area. */
  #within(canvas: HTMLCanvasElement, { ctx: { canvas: own }, bbox }: uPlot, draw: (ctx: CanvasRenderingContext2D) => void): void {
    if (canvas.width !== own.width) canvas.width = own.width
    if (canvas.height !== own.height) canvas.height = own.height
    const ctx = canvas.getContext('2d')!
    const ratio = devicePixelRatio
    ctx.clearRect(0, 0, canvas.width, canvas.height)
    ctx.save()
    ctx.beginPath()
    // Half a line's width of room, so that a value on the edge is not cut in two.
    ctx.rect(bbox.left - 2 * ratio, bbox.top - 2 * ratio, bbox.width + 4 * ratio, bbox.height + 4 * ratio)
    ctx.clip()
    draw(ctx)
    ctx.restore()
  }

  /** On the edges that lines go beyond, a caret where they do. */
  #drawCarets({ ctx, bbox }: uPlot, { left }: Places): void {
    const { lines, x, y } = this.#model
    const size = 3.5 * devicePixelRatio
    ctx.save()
    ctx.fillStyle = this.#inks.text
    for (const way of [1, -1]) {
      const edge = way > 0 ? bbox.top : bbox.top + bbox.height
      let free = Number.NEGATIVE_INFINITY
      const beyond = lines
        .flatMap((line) =>
          line.x.filter(
            (at, i) => at >= x.from && at <= x.to && (way > 0 ? (line.max ?? line.raw)[i]! > y.to : (line.min ?? line.raw)[i]! < y.from),
          ),
        )
        .sort((a, b) => a - b)
      for (const value of beyond) {
        const at = left(value)
        if (at < free) continue
        free = at + 3 * size
        ctx.beginPath()
        ctx.moveTo(at - size, edge + way * size)
        ctx.lineTo(at + size, edge + way * size)
        ctx.lineTo(at, edge - way * size)
        ctx.fill()
      }
    }
    ctx.restore()
  }

  /** A red cross on the top edge for each place where a line has no number, the word at the first of each line. */
  #drawMarks({ ctx, bbox }: uPlot, left: (x: number) => number): void {
    const ratio = devicePixelRatio
    const { lines, x } = this.#model
    const size = 3 * ratio
    ctx.save()
    ctx.strokeStyle = ctx.fillStyle = this.#inks.danger
    ctx.lineWidth = 1.6 * ratio
    ctx.font = `600 ${this.#inks.font.replace('10px', `${10 * ratio}px`)}`
    ctx.textBaseline = 'middle'
    let free = Number.NEGATIVE_INFINITY
    const marks = lines.flatMap((drawn) => drawn.marks.map((mark, i) => ({ ...mark, isFirst: i === 0 }))).sort((a, b) => a.x - b.x)
    for (const mark of marks) {
      if (mark.x < x.from || mark.x > x.to) continue
      const at = left(mark.x)
      ctx.beginPath()
      ctx.moveTo(at - size, bbox.top - size)
      ctx.lineTo(at + size, bbox.top + size)
      ctx.moveTo(at + size, bbox.top - size)
      ctx.lineTo(at - size, bbox.top + size)
      ctx.stroke()
      if (!mark.isFirst || at < free) continue
      const width = ctx.measureText(mark.word).width
      const right = at + 2 * size + width < bbox.left + bbox.width
      ctx.textAlign = right ? 'left' : 'right'
      ctx.fillText(mark.word, at + (right ? 2 : -2) * size, bbox.top)
      free = at + 3 * size + width
    }
    ctx.restore()
  }
}
