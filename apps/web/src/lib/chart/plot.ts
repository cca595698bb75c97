/**
 * A chart's canvas: uPlot has the axes, the grid, the scaling to the screen and the drag; the lines are drawn here, each from its own
 * columns, because runs share no x and joining fifty of them onto one would cost more than drawing them. On a logarithmic chart uPlot's y
 * is the base-10 logarithm, so that both kinds are one code.
 */
import type uPlot from 'uplot'
import { type Axis, type DrawnLine, lowerBound, type Range } from '#lib/chart/lines.ts'
import { axisTexts, axisTicks, logTexts, logTicks, numberTicks, tickTexts } from '#lib/chart/ticks.ts'
import { canvasColor } from '#lib/colors.ts'

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
  /** This line is drawn bolder, the others faint. */
  focus: string | null
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
  font: string
}

/** Seen from afar a faint line is still a line. */
const faint = 0.28
/** In CSS pixels, at the size of axis texts. */
const digitWidth = 5.6
const rightPadding = 12
const rawAlpha = 0.22
const bandAlpha = 0.22

export class Plot {
  readonly #plot: uPlot
  readonly #colors = new Map<string, string>()
  #inks!: Inks
  #model: PlotModel
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
  }

  /** Draws something else, with the next frame. */
  update(model: PlotModel): void {
    const onlyFocus =
      this.#model.lines === model.lines && this.#model.x === model.x && this.#model.y === model.y && this.#model.log === model.log
    this.#model = model
    if (onlyFocus && this.#model.axis === model.axis) this.#plot.redraw(false, false)
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

  #draw(plot: uPlot): void {
    const { ctx, bbox } = plot
    const { x, y, lines, focus } = this.#model
    const ratio = devicePixelRatio
    const y0 = this.#toY(y.from)
    const perX = bbox.width / (x.to - x.from)
    const perY = bbox.height / (this.#toY(y.to) - y0)
    const left = (at: number) => bbox.left + (at - x.from) * perX
    const top = (value: number) => bbox.top + bbox.height - (this.#toY(value) - y0) * perY

    ctx.save()
    ctx.beginPath()
    // Half a line's width of room, so that a value on the edge is not cut in two.
    ctx.rect(bbox.left - 2 * ratio, bbox.top - 2 * ratio, bbox.width + 4 * ratio, bbox.height + 4 * ratio)
    ctx.clip()
    ctx.lineJoin = 'round'
    ctx.lineCap = 'round'
    const order =
      focus === null ? lines : [...lines.filter(({ line }) => line.id !== focus), ...lines.filter(({ line }) => line.id === focus)]
    for (const drawn of order) {
      const { line, min, max } = drawn
      const strong = focus === line.id
      const alpha = focus === null || strong ? 1 : faint
      // One point beyond each edge, so that lines leave the picture where they should.
      const first = Math.max(0, lowerBound(drawn.x, x.from) - 1)
      const last = Math.min(drawn.x.length, lowerBound(drawn.x, x.to) + 1)
      ctx.strokeStyle = ctx.fillStyle = this.#color(line.color)
      if (min && max && (focus === null || strong)) {
        ctx.globalAlpha = alpha * bandAlpha
        ctx.lineWidth = ratio
        band(ctx, drawn, min, max, first, last, left, top)
      }
      if (drawn.raw !== drawn.y && (focus === null || strong)) {
        ctx.globalAlpha = alpha * rawAlpha
        ctx.lineWidth = ratio
        stroke(ctx, drawn, drawn.raw, first, last, left, top, ratio)
      }
      ctx.globalAlpha = alpha
      ctx.lineWidth = (strong ? 2.25 : 1.5) * ratio
      ctx.setLineDash((line.dash ?? []).map((length) => length * ratio))
      stroke(ctx, drawn, drawn.y, first, last, left, top, ratio)
      ctx.setLineDash([])
    }
    ctx.restore()
    this.#drawMarks(plot, left)
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

type Place = (value: number) => number

/** The line itself; a point with no neighbour to join is a dot. */
function stroke(
  ctx: CanvasRenderingContext2D,
  { x, starts }: DrawnLine,
  values: readonly number[],
  first: number,
  last: number,
  left: Place,
  top: Place,
  ratio: number,
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
  left: Place,
  top: Place,
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
