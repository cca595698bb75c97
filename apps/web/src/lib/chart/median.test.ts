import { expect, it } from 'vitest'
import { medianOf } from './median.ts'

const line = (id: string, x: number[], y: number[], more: object = {}) => ({ id, name: id, color: '', x, y, ...more })

it('is the median of the lines at each place, with all of them in its band', () => {
  const found = medianOf([line('a', [0, 10], [0, 10]), line('b', [0, 5, 10], [2, 9, 20]), line('c', [5, 10], [Number.NaN, 30])])
  expect(found.x).toEqual([0, 5, 10])
  expect(found.y).toEqual([1, 7, 20])
  expect([found.min, found.max]).toEqual([
    [0, 5, 10],
    [2, 9, 30],
  ])
  expect(found.said).toEqual(['n 2', 'n 2', 'n 3'])
})

it('leaves no spike of any line outside its band, however many points there are', () => {
  const x = Array.from({ length: 5_000 }, (_, i) => i)
  const flat = x.map(() => 1)
  const found = medianOf([
    line('a', x, flat),
    line('b', x, flat.with(1_234, 99)),
    line('c', x, flat, { min: flat.with(4_321, -7), max: flat }),
  ])
  expect(found.x).toHaveLength(200)
  expect([found.x[0], found.x.at(-1)]).toEqual([0, 4_999])
  expect([Math.min(...found.min!), Math.max(...found.max!)]).toEqual([-7, 99])
  expect(new Set(found.y)).toEqual(new Set([1]))
})
