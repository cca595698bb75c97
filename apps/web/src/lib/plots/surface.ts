/**
 * A surface through scattered points, and the lines of equal height on it. In places of the axes, 0 to 1.
 *
 * The surface is at each place the mean of the points around it, each weighing by a Gaussian of its distance (Nadaraya and Watson's), with a
 * plane fitted where the points carry one, so that a slope stays a slope to the edge. Where no point is near there is none.
 */

export interface Point {
  x: number
  y: number
  value: number
}

/** Values at the corners of a square grid, row by row from below; NaN where there is no surface. */
export interface Surface {
  side: number
  values: Float64Array
}

const side = 41
/** Beyond so many bandwidths from every point nothing is known. */
const reach = 2.5
const leastWidth = 0.05
const greatestWidth = 0.25

export function surfaceOf(points: readonly Point[]): Surface {
  const values = new Float64Array(side * side).fill(Number.NaN)
  const width = bandwidth(points)
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side; column++)
      values[row * side + column] = heightAt(points, column / (side - 1), row / (side - 1), width)
  return { side, values }
}

/** Scott's rule for two dimensions, within bounds: of a few points one must still be seen. */
function bandwidth(points: readonly Point[]): number {
  const n = points.length
  if (n < 2) return greatestWidth
  const spread = (of: (point: Point) => number) => {
    const mean = points.reduce((sum, point) => sum + of(point), 0) / n
    return Math.sqrt(points.reduce((sum, point) => sum + (of(point) - mean) ** 2, 0) / (n - 1))
  }
  const sd = Math.sqrt(spread(({ x }) => x) * spread(({ y }) => y))
  return Math.max(leastWidth, Math.min(greatestWidth, 0.7 * sd * n ** (-1 / 6)))
}

function heightAt(points: readonly Point[], x: number, y: number, width: number): number {
  let nearest = Number.POSITIVE_INFINITY
  let [w, wx, wy, wv, wxx, wxy, wyy, wxv, wyv] = [0, 0, 0, 0, 0, 0, 0, 0, 0]
  for (const point of points) {
    const dx = (point.x - x) / width
    const dy = (point.y - y) / width
    const away = dx * dx + dy * dy
    if (away < nearest) nearest = away
    if (away > 16) continue
    const weight = Math.exp(-away / 2)
    const { value } = point
    w += weight
    wx += weight * dx
    wy += weight * dy
    wv += weight * value
    wxx += weight * dx * dx
    wxy += weight * dx * dy
    wyy += weight * dy * dy
    wxv += weight * dx * value
    wyv += weight * dy * value
  }
  if (nearest > reach * reach) return Number.NaN
  const mean = wv / w
  // Second moments about the mean; a little is added, so that points in a row make no wild plane.
  const [mx, my] = [wx / w, wy / w]
  const sxx = wxx / w - mx * mx + 0.05
  const syy = wyy / w - my * my + 0.05
  const sxy = wxy / w - mx * my
  const sxv = wxv / w - mx * mean
  const syv = wyv / w - my * mean
  const determinant = sxx * syy - sxy * sxy
  const slopeX = (sxv * syy - syv * sxy) / determinant
  const slopeY = (syv * sxx - sxv * sxy) / determinant
  return mean - slopeX * mx - slopeY * my
}

type Corner = readonly [x: number, y: number, value: number]

/** Of each square of the grid the part that is not below `level`, as a polygon; of whole squares beside each other one. */
export function areaAbove({ side, values }: Surface, level: number): [number, number][][] {
  const polygons: [number, number][][] = []
  const size = 1 / (side - 1)
  for (let row = 0; row < side - 1; row++) {
    let begin: number | undefined
    const close = (column: number) => {
      if (begin === undefined) return
      const [x0, x1, y0, y1] = [begin * size, column * size, row * size, (row + 1) * size]
      polygons.push([
        [x0, y0],
        [x1, y0],
        [x1, y1],
        [x0, y1],
      ])
      begin = undefined
    }
    for (let column = 0; column < side - 1; column++) {
      const corners = cornersOf(values, side, column, row)
      if (corners?.every(([, , value]) => value >= level)) {
        begin ??= column
        continue
      }
      close(column)
      const polygon = corners ? clip(corners, level) : []
      if (polygon.length > 2) polygons.push(polygon)
    }
    close(side - 1)
  }
  return polygons
}

/** The pieces of the line at a level: from one side of a square to another. */
export function lineAt({ side, values }: Surface, level: number): [number, number, number, number][] {
  const pieces: [number, number, number, number][] = []
  for (let row = 0; row < side - 1; row++)
    for (let column = 0; column < side - 1; column++) {
      const corners = cornersOf(values, side, column, row)
      if (!corners) continue
      const crossings = corners.flatMap((from, i) => {
        const to = corners[(i + 1) % 4]!
        return from[2] >= level === to[2] >= level ? [] : [between(from, to, level)]
      })
      for (let i = 0; i + 1 < crossings.length; i += 2) pieces.push([...crossings[i]!, ...crossings[i + 1]!])
    }
  return pieces
}

/** Undefined where one of them has no height. */
function cornersOf(values: Float64Array, side: number, column: number, row: number): Corner[] | undefined {
  const size = 1 / (side - 1)
  const corners = [
    [column, row],
    [column + 1, row],
    [column + 1, row + 1],
    [column, row + 1],
  ].map(([c, r]): Corner => [c! * size, r! * size, values[r! * side + c!]!])
  return corners.some(([, , value]) => Number.isNaN(value)) ? undefined : corners
}

function between([x0, y0, v0]: Corner, [x1, y1, v1]: Corner, level: number): [number, number] {
  const share = (level - v0) / (v1 - v0)
  return [x0 + (x1 - x0) * share, y0 + (y1 - y0) * share]
}

function clip(corners: readonly Corner[], level: number): [number, number][] {
  return corners.flatMap((from, i) => {
    const to = corners[(i + 1) % corners.length]!
    const own: [number, number][] = from[2] >= level ? [[from[0], from[1]]] : []
    return from[2] >= level === to[2] >= level ? own : [...own, between(from, to, level)]
  })
}
