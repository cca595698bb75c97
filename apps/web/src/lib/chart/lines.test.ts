import { expect, it } from 'vitest'
import { breakingInterval, medianInterval } from './intervals.ts'
import { type ChartLine, drawLine, extentX, extentY, nearest, spansDecades, withRoom } from './lines.ts'
import { around, readAt, snap, walk } from './readout.ts'
import { smooth } from './smoothing.ts'
import { mergeLines, placeText, summarize } from './table.ts'

const line = (x: number[], y: number[], rest: Partial<ChartLine> = {}): ChartLine => ({
  id: 'a',
  name: 'a',
  color: 'var(--run-1)',
  x,
  y,
  ...rest,
})
const plain = { log: false, smoothing: 0 }
const steps = (n: number) => Array.from({ length: n }, (_, i) => i)

it('smoothing keeps a constant as it is from the first point on', () => {
  expect(smooth(steps(5), [3, 3, 3, 3, 3], 0.9, 1)).toEqual([3, 3, 3, 3, 3])
})

it('smoothing of even steps is the debiased mean', () => {
  const [first, second, third] = smooth([0, 1, 2], [1, 2, 3], 0.5, 1)
  expect(first).toBe(1)
  expect(second).toBeCloseTo((0.5 * 1 + 2) / 1.5)
  expect(third).toBeCloseTo((0.25 * 1 + 0.5 * 2 + 3) / 1.75)
})

it('smoothing forgets over a gap, and 0 changes nothing', () => {
  expect(smooth([0, 1, 1000], [0, 0, 8], 0.9, 1)[2]).toBeCloseTo(8)
  expect(smooth([0, 1], [1, 5], 0, 1)).toEqual([1, 5])
})

it('what the server smoothed by the weight that is wanted is drawn as it is, by another it is smoothed here', () => {
  const smoothed = { weight: 0.5, y: [10, Number.NaN, 30] }
  const given = line(steps(3), [1, Number.NaN, 3], { smoothed })
  expect(drawLine(given, { log: false, smoothing: 0.5 })).toMatchObject({ y: [10, 30], raw: [1, 3] })
  expect(drawLine(given, { log: false, smoothing: 0.6 }).y[0]).toBe(1)
  expect(drawLine(given, plain)).toMatchObject({ y: [1, 3] })
})

it('a line that says where it breaks breaks there and nowhere else', () => {
  const drawn = drawLine(line([0, 1, 2, 1000, 1001], [1, 2, 3, 4, 5], { breaks: [1] }), plain)
  expect([...drawn.starts]).toEqual([1, 1, 0, 0, 0])
})

it('the usual interval is the median of those that are not zero', () => {
  expect(medianInterval([0, 1, 1, 2, 3, 100])).toBe(1)
  expect(medianInterval([5])).toBe(0)
  expect(medianInterval([5, 5, 5])).toBe(0)
})

it('a missing stretch of more than three intervals breaks a line of enough points', () => {
  const x = [...steps(10), 12, 13, 17, 18]
  expect(breakingInterval(x)).toBe(3)
  expect([...drawLine(line(x, x), plain).starts]).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0])
  expect([...drawLine(line([0, 1, 100], [0, 0, 0]), plain).starts]).toEqual([1, 0, 0])
})

it('a line stops where there is no number, is marked there once, and starts again after', () => {
  const drawn = drawLine(line(steps(6), [1, Number.NaN, Number.NaN, 2, Number.POSITIVE_INFINITY, 3]), plain)
  expect(drawn.x).toEqual([0, 3, 5])
  expect([...drawn.starts]).toEqual([1, 1, 1])
  expect(drawn.marks).toEqual([
    { x: 1, word: 'NaN' },
    { x: 4, word: '∞' },
  ])
})

it('a logarithmic scale drops what is not above zero and counts it', () => {
  const drawn = drawLine(line(steps(4), [1, 0, -2, 4]), { log: true, smoothing: 0 })
  expect(drawn.dropped).toBe(2)
  expect(drawn.raw).toEqual([1, 4])
  expect([...drawn.starts]).toEqual([1, 1])
})

it('the extent has the extremes that points stand for, within the zoom only', () => {
  const drawn = [drawLine(line(steps(4), [1, 2, 3, 90], { min: [0, 1, 2, 80], max: [5, 6, 7, 99] }), plain)]
  expect(extentX(drawn)).toEqual({ from: 0, to: 3 })
  expect(extentY(drawn, { from: 0, to: 2 })).toEqual({ from: 0, to: 7 })
  expect(extentY(drawn, { from: 10, to: 20 })).toBeUndefined()
  expect(extentX([drawLine(line([], []), plain)])).toBeUndefined()
})

it('a range gets room, also around one value', () => {
  expect(withRoom({ from: 0, to: 100 })).toEqual({ from: -4, to: 104 })
  expect(withRoom({ from: 0, to: 0 })).toEqual({ from: -1, to: 1 })
  expect(spansDecades({ from: 0.01, to: 11 })).toBe(true)
  expect(spansDecades({ from: 0, to: 11 })).toBe(false)
})

it('the nearest point is found, or none within reach', () => {
  expect(nearest([0, 10, 20], 14)).toBe(1)
  expect(nearest([0, 10, 20], 99)).toBe(2)
  expect(nearest([0, 10, 20], 99, 5)).toBe(-1)
  expect(nearest([], 1)).toBe(-1)
})

it('a reading has the lines there, greatest first, and counts those that ended', () => {
  const drawn = [
    drawLine(line(steps(20), steps(20), { id: 'low' }), plain),
    drawLine(
      line(
        steps(20),
        steps(20).map((x) => x + 50),
        { id: 'high' },
      ),
      plain,
    ),
    drawLine(line(steps(5), steps(5), { id: 'short' }), plain),
  ]
  const { rows, ended } = readAt(drawn, 12, 0)
  expect(rows.map(({ id, value }) => [id, value])).toEqual([
    ['high', 62],
    ['low', 12],
  ])
  expect(ended).toBe(1)
  expect(around(rows, 'low', 1).map(({ id }) => id)).toEqual(['low'])
})

it('the cursor snaps to points and walks over those of all lines', () => {
  const drawn = [drawLine(line([0, 10, 20], [1, 1, 1]), plain), drawLine(line([5, 15], [1, 1], { id: 'b' }), plain)]
  expect(snap(drawn, 13)).toBe(15)
  expect(walk(drawn, 0, 1, 1)).toBe(5)
  expect(walk(drawn, 20, -1, 2)).toBe(10)
  expect(walk(drawn, 15, 1, 10)).toBe(20)
})

it('lines are merged by x for the table', () => {
  const { x, values } = mergeLines([line([0, 1, 3], [10, 11, 13]), line([1, 2], [21, 22])])
  expect(x).toEqual([0, 1, 2, 3])
  expect(values).toEqual([
    [10, 11, undefined, 13],
    [undefined, 21, 22, undefined],
  ])
})

it('a point logged twice at one x keeps both rows', () => {
  expect(mergeLines([line([1, 1], [5, 6])])).toEqual({ x: [1, 1], values: [[5, 6]] })
})

it('a chart says in words what it shows', () => {
  expect(summarize('loss', 'step', [line([0, 500, 1000], [4, 0.5, 1])])).toBe(
    'loss, one line. a: 3 points from step 0 to step 1\u2009000, first 4, last 1, lowest 0.5 at step 500, highest 4 at step 0.',
  )
  expect(summarize('loss', 'step', [])).toBe('loss: no points.')
  expect(placeText('relative', 65_000)).toBe('1 m 05 s')
})
