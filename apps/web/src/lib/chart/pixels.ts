/**
 * Lines as pixels, for where points are about as many as columns of pixels: then a line is, in each column, the stretch between the least
 * and the greatest it has there. Stroking such a path costs a hundred times as much, since it crosses itself everywhere, and looks the same.
 */

type Place = (value: number) => number

/** Columns and rows that may be painted: right and bottom do not belong to it. */
export interface Bounds {
  left: number
  top: number
  right: number
  bottom: number
}

export interface Ink {
  rgb: readonly [red: number, green: number, blue: number]
  /** 0 to 1. */
  alpha: number
}

/** Points of a line, and of them those from `first` to before `last`. */
export interface Stretch {
  x: readonly number[]
  /** 1 where a point is not joined to the one before it. */
  starts: Uint8Array
  first: number
  last: number
  left: Place
  top: Place
}

const dotRadius = 2.2

export class Pixels {
  readonly width: number
  readonly height: number
  /** As ImageData has them: red, green, blue, alpha, row by row. */
  readonly data: Uint8ClampedArray<ArrayBuffer>
  readonly #words: Uint32Array
  readonly #bounds: Bounds
  /** Of what is being drawn, for each column: from where to where. */
  readonly #from: Float32Array
  readonly #to: Float32Array

  constructor(width: number, height: number, bounds: Bounds) {
    this.width = width
    this.height = height
    this.data = new Uint8ClampedArray(width * height * 4)
    this.#words = new Uint32Array(this.data.buffer)
    this.#bounds = {
      left: Math.max(0, Math.floor(bounds.left)),
      top: Math.max(0, Math.floor(bounds.top)),
      right: Math.min(width, Math.ceil(bounds.right)),
      bottom: Math.min(height, Math.ceil(bounds.bottom)),
    }
    this.#from = new Float32Array(width)
    this.#to = new Float32Array(width)
  }

  /** `thickness` and the lengths of `dash`, which go along x here, in pixels of the canvas. */
  line(
    { x, starts, first, last, left, top }: Stretch,
    y: readonly number[],
    ink: Ink,
    thickness: number,
    dash: readonly number[],
    ratio: number,
  ): void {
    this.#empty()
    let [px, py] = [0, 0]
    for (let i = first; i < last; i++) {
      const [nx, ny] = [left(x[i]!), top(y[i]!)]
      if (i > first && starts[i] !== 1) this.#join(px, py, nx, ny)
      else if (i + 1 >= x.length || starts[i + 1] === 1) this.#dot(nx, ny, dotRadius * ratio - thickness / 2)
      ;[px, py] = [nx, ny]
    }
    this.#paint(ink, thickness / 2, dash)
  }

  /** What lies between two lines. */
  band({ x, starts, first, last, left, top }: Stretch, min: readonly number[], max: readonly number[], ink: Ink, ratio: number): void {
    this.#empty()
    for (let i = first; i < last; i++) {
      const at = left(x[i]!)
      if (i > first && starts[i] !== 1) {
        const before = left(x[i - 1]!)
        this.#join(before, top(max[i - 1]!), at, top(max[i]!))
        this.#join(before, top(min[i - 1]!), at, top(min[i]!))
      } else {
        this.#reach(Math.floor(at), top(max[i]!))
        this.#reach(Math.floor(at), top(min[i]!))
      }
    }
    this.#paint(ink, ratio / 2, [])
  }

  #empty(): void {
    this.#from.fill(Number.POSITIVE_INFINITY)
    this.#to.fill(Number.NEGATIVE_INFINITY)
  }

  #reach(column: number, y: number): void {
    if (column < this.#bounds.left || column >= this.#bounds.right) return
    if (y < this.#from[column]!) this.#from[column] = y
    if (y > this.#to[column]!) this.#to[column] = y
  }

  #join(x0: number, y0: number, x1: number, y1: number): void {
    const start = Math.max(Math.floor(x0), this.#bounds.left)
    const end = Math.min(Math.floor(x1), this.#bounds.right - 1)
    const slope = x1 > x0 ? (y1 - y0) / (x1 - x0) : 0
    for (let column = start; column <= end; column++) {
      this.#reach(column, column <= x0 ? y0 : y0 + (column - x0) * slope)
      this.#reach(column, column + 1 >= x1 ? y1 : y0 + (column + 1 - x0) * slope)
    }
  }

  #dot(x: number, y: number, radius: number): void {
    for (let column = Math.floor(x - radius); column <= x + radius; column++) {
      const away = column + 0.5 - x
      const half = Math.sqrt(Math.max(0, radius * radius - away * away))
      this.#reach(column, y - half)
      this.#reach(column, y + half)
    }
  }

  #paint({ rgb, alpha }: Ink, half: number, dash: readonly number[]): void {
    const { left, top, right, bottom } = this.#bounds
    const [on = 1, off = 0] = dash
    const [red, green, blue] = rgb
    // In the order of the bytes on every machine that browsers run on.
    const whole = ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0
    for (let column = left; column < right; column++) {
      if (this.#to[column]! < this.#from[column]!) continue
      if (off > 0 && (column - left) % (on + off) >= on) continue
      const from = Math.max(top, this.#from[column]! - half)
      const to = Math.min(bottom, this.#to[column]! + half)
      if (to <= from) continue
      const first = Math.floor(from)
      const last = Math.floor(to)
      if (first === last) {
        this.#blend(first * this.width + column, rgb, alpha * (to - from))
        continue
      }
      this.#blend(first * this.width + column, rgb, alpha * (first + 1 - from))
      for (let row = first + 1, at = row * this.width + column; row < last; row++, at += this.width) {
        if (alpha === 1) this.#words[at] = whole
        else this.#blend(at, rgb, alpha)
      }
      if (to > last) this.#blend(last * this.width + column, rgb, alpha * (to - last))
    }
  }

  /** Over what is there. */
  #blend(at: number, [red, green, blue]: Ink['rgb'], alpha: number): void {
    const { data } = this
    const i = at * 4
    const below = (data[i + 3]! / 255) * (1 - alpha)
    const sum = alpha + below
    if (sum <= 0) return
    data[i] = (red * alpha + data[i]! * below) / sum
    data[i + 1] = (green * alpha + data[i + 1]! * below) / sum
    data[i + 2] = (blue * alpha + data[i + 2]! * below) / sum
    data[i + 3] = sum * 255
  }
}
