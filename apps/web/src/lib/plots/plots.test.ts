/** What plots compute: columns from cells, ranges, figures, and what tells of a target. */
import { describe, expect, it } from 'vitest'
import { keptBy, rangesText } from './brushes.ts'
import { toColumn } from './columns.ts'
import { importanceOf, seeded } from './forest.ts'
import { boxesOf, isInside } from './lasso.ts'
import { spread } from './paint.ts'
import { scaleOf } from './scale.ts'
import { boxOf, correlationRatio, leastSquares, lowess, pearson, quantile, spearman } from './statistics.ts'
import { areaAbove, lineAt, surfaceOf } from './surface.ts'

describe('columns', () => {
  it('are numbers where nearly all texts are, logarithmic over decades, else categories in natural order', () => {
    expect(toColumn('params.a', 'a', ['1', '2', null, '']).scale).toBe('number')
    expect(toColumn('params.a', 'a', ['1', ...Array(10).fill('2'), 'None']).values.at(-1)).toBeNaN()
    expect(toColumn('params.a', 'a', ['0.00001', '1']).scale).toBe('log')
    const column = toColumn('params.a', 'a', ['b10', 'b9', 'b9', null])
    expect(column.categories).toEqual(['b9', 'b10'])
    expect([...column.values]).toEqual([1, 0, 0, Number.NaN])
  })

  it('have no place for what is missing, and none at or below zero on a logarithmic scale', () => {
    const scale = scaleOf(toColumn('metrics.a', 'a', [-1, 0, 1, 100, 'NaN', 'Infinity'], 'log'))
    expect(scale.place(10)).toBeCloseTo(0.5)
    expect(scale.value(0.5)).toBeCloseTo(10)
    expect(scale.place(0)).toBeNaN()
    expect(scaleOf(toColumn('metrics.a', 'a', [3, 3])).place(3)).toBeCloseTo(0.5)
    expect(scaleOf(toColumn('metrics.a', 'a', [null])).place(Number.NaN)).toBeNaN()
  })
})

it('ranges of one axis add up, those of several cut', () => {
  const columns = [toColumn('metrics.a', 'a', [1, 2, 3, 'NaN']), toColumn('params.b', 'b', ['x', 'y', 'x', 'x'])]
  expect(keptBy(columns, {})).toBeUndefined()
  expect([
    ...keptBy(columns, {
      'metrics.a': [
        { from: 1, to: 1 },
        { from: 3, to: Number.POSITIVE_INFINITY },
      ],
    })!,
  ]).toEqual([1, 0, 1, 0])
  expect([...keptBy(columns, { 'metrics.a': [{ from: 2, to: 9 }], 'params.b': [{ from: -0.5, to: 0.5 }] })!]).toEqual([0, 0, 1, 0])
  expect(rangesText(columns[1]!, [{ from: 0.5, to: 1.5 }])).toBe('y')
  expect(rangesText(columns[0]!, [{ from: Number.NEGATIVE_INFINITY, to: 2.45 }])).toBe('≤ 2.45')
})

it('an order for drawing visits each once', () => {
  for (const count of [0, 1, 2, 7, 1000])
    expect([...spread(count)].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i))
})

describe('figures', () => {
  it('agree with those of R', () => {
    const [a, b] = [
      [1, 2, 3, 4, 5, Number.NaN],
      [2, 4, 5, 4, 5, 1],
    ]
    expect(pearson(a, b)).toBeCloseTo(0.7745967)
    expect(spearman(a, b)).toBeCloseTo(0.7378648)
    expect(pearson([1, 1, 1], [1, 2, 3])).toBeNaN()
    expect(correlationRatio([0, 0, 1, 1], [1, 1, 5, 5])).toBe(1)
    expect(correlationRatio([0, 1, 0, 1], [1, 1, 5, 5])).toBe(0)
    expect(quantile([1, 2, 3, 4], 0.25)).toBe(1.75)
    expect(boxOf([1, 2, 3, 4, 100])).toMatchObject({ low: 1, median: 3, high: 4, outliers: [100] })
    expect(boxOf([])).toBeUndefined()
    expect(leastSquares([0, 1, 2], [1, 3, 5])).toEqual({ slope: 2, start: 1 })
    expect(lowess([0, 1, 2, 3, 4], [0, 2, 4, 6, 8], [0.5, 3]).map((value) => Number(value.toFixed(6)))).toEqual([1, 6])
  })
})

describe('importance', () => {
  const random = seeded(7)
  const n = 300
  const of = () => Float64Array.from({ length: n }, random)
  const [strong, weak, idle] = [of(), of(), of()]
  const group = Float64Array.from({ length: n }, (_, i) => [2, 0, 1][i % 3]!)
  const target = strong.map((value, i) => 4 * value + weak[i]! + (group[i] === 1 ? 2 : 0))
  const columns = [idle, weak, strong, group].map((values, i) => ({ values, isCategory: i === 3 }))
  const signal = new AbortController().signal

  it('ranks what moves the target before what does not, and gives the same again', async () => {
    const found = (await importanceOf(columns, target, signal))!
    const [none, some, most, category] = found.shares as [number, number, number, number]
    expect(most).toBeGreaterThan(category)
    expect(category).toBeGreaterThan(some)
    expect(some).toBeGreaterThan(none)
    expect(none).toBeLessThan(0.02)
    expect(found.explained).toBeGreaterThan(0.8)
    expect(await importanceOf(columns, target, signal)).toEqual(found)
  })

  it('says nothing of a few runs, or of a target that does not vary', async () => {
    expect(await importanceOf(columns, new Float64Array(n), signal)).toBeUndefined()
    expect(await importanceOf([{ values: [1, 2], isCategory: false }], [1, 2], signal)).toBeUndefined()
  })

  it('sees no more in noise than noise', async () => {
    const found = (await importanceOf([{ values: idle, isCategory: false }], weak, signal))!
    expect(found.explained).toBeLessThan(0.2)
  })
})

describe('a lasso', () => {
  it('holds what is inside of its line, and is boxes that hold just that', () => {
    const line = [
      [0, 0],
      [4, 0],
      [4, 4],
      [2, 1],
      [0, 4],
    ] as const
    expect([isInside(line, 1, 1), isInside(line, 2, 3), isInside(line, 3.5, 2), isInside(line, 5, 1)]).toEqual([true, false, true, false])
    const random = seeded(3)
    const x = Array.from({ length: 300 }, () => random() * 4)
    const y = Array.from({ length: 300 }, () => random() * 4)
    x[7] = Number.NaN
    const inside = (i: number) => isInside(line, x[i]!, y[i]!)
    const boxes = boxesOf(x, y, inside)!
    expect(boxes.length).toBeGreaterThan(1)
    for (const [i, at] of x.entries()) {
      const held = boxes.some((box) => at >= box.x.from && at <= box.x.to && y[i]! >= box.y.from && y[i]! <= box.y.to)
      expect(held).toBe(!Number.isNaN(at) && inside(i))
    }
    expect(boxesOf(x, y, () => true)).toHaveLength(1)
    expect(boxesOf(x, y, () => false)).toEqual([])
    // A chessboard has no few boxes.
    const side = Array.from({ length: 400 }, (_, i) => i)
    expect(
      boxesOf(
        side.map((i) => i % 20),
        side.map((i) => Math.floor(i / 20)),
        (i) => ((i % 20) + Math.floor(i / 20)) % 2 === 0,
      ),
    ).toBeUndefined()
  })
})

describe('a surface', () => {
  const grid = Array.from({ length: 100 }, (_, i) => ({ x: (i % 10) / 9, y: Math.floor(i / 10) / 9 }))

  it('keeps what is flat flat and what slopes sloping, to the edge', () => {
    const flat = surfaceOf(grid.map((at) => ({ ...at, value: 5 })))
    for (const value of flat.values) expect(value).toBeCloseTo(5, 9)
    const slope = surfaceOf(grid.map((at) => ({ ...at, value: 3 * at.x - at.y })))
    for (const [i, value] of slope.values.entries()) {
      const [x, y] = [(i % slope.side) / (slope.side - 1), Math.floor(i / slope.side) / (slope.side - 1)]
      expect(Math.abs(value - (3 * x - y))).toBeLessThan(0.15)
    }
  })

  it('is empty where no point is near', () => {
    const corner = surfaceOf(grid.map(({ x, y }) => ({ x: x / 4, y: y / 4, value: 1 })))
    expect(corner.values[0]).toBeCloseTo(1)
    expect(corner.values.at(-1)).toBeNaN()
  })

  it('has lines where it crosses a level, and areas above it that add up', () => {
    const slope = surfaceOf(grid.map((at) => ({ ...at, value: at.x })))
    const line = lineAt(slope, 0.5)
    expect(line.length).toBeGreaterThanOrEqual(40)
    for (const [x0, , x1] of line) expect([Math.abs(x0 - 0.5) < 0.03, Math.abs(x1 - 0.5) < 0.03]).toEqual([true, true])
    const size = (polygons: [number, number][][]) =>
      polygons.reduce((sum, polygon) => {
        const twice = polygon.reduce(
          (part, [x, y], i) => part + x * polygon[(i + 1) % polygon.length]![1] - polygon[(i + 1) % polygon.length]![0] * y,
          0,
        )
        return sum + Math.abs(twice) / 2
      }, 0)
    expect(size(areaAbove(slope, Number.NEGATIVE_INFINITY))).toBeCloseTo(1, 9)
    expect(size(areaAbove(slope, 0.5))).toBeCloseTo(0.5, 1)
    expect(areaAbove(slope, 2)).toEqual([])
  })
})
