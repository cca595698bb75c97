import { expect, it } from 'vitest'
import { Pixels } from './pixels.ts'

const red = { rgb: [255, 0, 0], alpha: 1 } as const
const bounds = { left: 2, top: 1, right: 18, bottom: 11 }
const whole = (x: number[], starts = [1]) => ({
  x,
  starts: Uint8Array.from({ length: x.length }, (_, i) => starts[i] ?? 0),
  first: 0,
  last: x.length,
  left: (at: number) => at,
  top: (y: number) => 12 - y,
})
const alphaAt = (pixels: Pixels, x: number, y: number) => pixels.data[(y * pixels.width + x) * 4 + 3]!

it('paints in each column from the least to the greatest of the line, softly at both ends, and nothing outside', () => {
  const pixels = new Pixels(20, 12, bounds)
  pixels.line(whole([0, 5, 5, 19]), [6, 6, 9.5, 9.5], red, 1, [], 1)
  // A flat line at 6 is half in the row above and half in the one below.
  expect([alphaAt(pixels, 3, 5), alphaAt(pixels, 3, 6)]).toEqual([128, 128])
  // Where it rises, all of the way.
  expect([2, 3, 4, 5].map((y) => alphaAt(pixels, 5, y))).toEqual([255, 255, 255, 255])
  expect(alphaAt(pixels, 10, 2)).toBe(255)
  for (const [x, y] of [
    [1, 5],
    [18, 2],
    [10, 0],
    [10, 4],
  ] as const)
    expect(alphaAt(pixels, x, y)).toBe(0)
})

it('does not join what is broken, shows a lone point, and leaves gaps where it is dashed', () => {
  const broken = new Pixels(20, 12, bounds)
  broken.line(whole([3, 6, 12, 15], [1, 0, 1, 0]), [6, 6, 6, 6], red, 2, [], 1)
  expect([5, 9, 13].map((x) => alphaAt(broken, x, 6))).toEqual([255, 0, 255])
  const lone = new Pixels(20, 12, bounds)
  lone.line(whole([10]), [6], red, 2, [], 1)
  expect([alphaAt(lone, 10, 5), alphaAt(lone, 10, 6), alphaAt(lone, 13, 6)]).toEqual([255, 255, 0])
  const dashed = new Pixels(20, 12, bounds)
  dashed.line(whole([0, 19]), [6, 6], red, 2, [3, 2], 1)
  expect([2, 3, 4, 5, 6, 7].map((x) => alphaAt(dashed, x, 6) > 0)).toEqual([true, true, true, false, false, true])
})

it('lays colours over each other as paint, and a band faintly between its lines', () => {
  const pixels = new Pixels(20, 12, bounds)
  pixels.band(whole([0, 19]), [3, 3], [9, 9], { rgb: [0, 0, 255], alpha: 0.5 }, 0)
  const at = (y: number) => [...pixels.data.slice((y * 20 + 9) * 4, (y * 20 + 9) * 4 + 4)]
  expect(at(5)).toEqual([0, 0, 255, 128])
  pixels.band(whole([0, 19]), [3, 3], [9, 9], { rgb: [255, 0, 0], alpha: 0.5 }, 0)
  expect(at(5)).toEqual([170, 0, 85, 192])
  pixels.line(whole([0, 19]), [6.5, 6.5], red, 1, [], 1)
  expect(at(5)).toEqual([255, 0, 0, 255])
})
