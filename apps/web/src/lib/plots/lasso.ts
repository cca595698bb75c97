/** What a line drawn around points holds, and the fewest boxes that hold just that: a box can be said in words. */
import type { Range } from '#lib/plots/brushes.ts'

export interface Box {
  x: Range
  y: Range
}

/** More boxes than this make a filter that nobody reads. */
export const mostBoxes = 24

/** True inside of a closed line, by the number of times a ray crosses it. */
export function isInside(line: readonly (readonly [number, number])[], x: number, y: number): boolean {
  let inside = false
  for (let i = 0, j = line.length - 1; i < line.length; j = i++) {
    const [xi, yi] = line[i]!
    const [xj, yj] = line[j]!
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside
  }
  return inside
}

/**
 * Boxes that hold all points of which `isIn` is true and none of the others; undefined where it takes more than `mostBoxes`. A point
 * without a place, NaN, is in no box.
 */
export function boxesOf(x: ArrayLike<number>, y: ArrayLike<number>, isIn: (point: number) => boolean): Box[] | undefined {
  const has = (i: number) => !Number.isNaN(x[i]!) && !Number.isNaN(y[i]!)
  const all = Array.from({ length: x.length }, (_, i) => i).filter(has)
  const outside = all.filter((i) => !isIn(i))
  const inside = all.filter(isIn).sort((a, b) => x[a]! - x[b]! || y[a]! - y[b]!)
  const boxes: Box[] = []
  for (const i of inside) {
    const grown = boxes.map((box) => widened(box, x[i]!, y[i]!))
    const free = grown.findIndex((box) => !outside.some((other) => holds(box, x[other]!, y[other]!)))
    if (free >= 0) boxes[free] = grown[free]!
    else boxes.push({ x: { from: x[i]!, to: x[i]! }, y: { from: y[i]!, to: y[i]! } })
    if (boxes.length > mostBoxes) return undefined
  }
  return boxes
}

const widened = (box: Box, x: number, y: number): Box => ({
  x: { from: Math.min(box.x.from, x), to: Math.max(box.x.to, x) },
  y: { from: Math.min(box.y.from, y), to: Math.max(box.y.to, y) },
})

const holds = (box: Box, x: number, y: number): boolean => x >= box.x.from && x <= box.x.to && y >= box.y.from && y <= box.y.to
