import { expect, it } from 'vitest'
import { type Mark, nest, nextAsk, pageSize, place } from './sparse.ts'

const rows = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => ({ id: String(from + i) }))

it('asks for the first page, then for the next from where it ended', () => {
  const slots: ({ id: string } | undefined)[] = []
  expect(nextAsk(slots, [], 0, 40)).toEqual({ at: 0, after: null, first: pageSize, pass: false })
  const end = place(slots, new Map(), 0, rows(0, pageSize))
  expect(nextAsk(slots, [], 0, 40)).toBeUndefined()
  expect(nextAsk(slots, [{ at: end, after: 'c' }], 190, 240)).toEqual({ at: 200, after: 'c', first: pageSize, pass: false })
})

it('passes over what nobody looks at', () => {
  const marks: Mark[] = [{ at: 200, after: 'c' }]
  expect(nextAsk([], marks, 30_050, 30_090)).toEqual({ at: 200, after: 'c', first: 10_000, pass: true })
  marks.push({ at: 10_200, after: 'd' }, { at: 20_200, after: 'e' })
  expect(nextAsk([], marks, 30_050, 30_090)).toEqual({ at: 20_200, after: 'e', first: 9_800, pass: true })
  marks.push({ at: 30_000, after: 'f' })
  expect(nextAsk([], marks, 30_050, 30_090)).toEqual({ at: 30_000, after: 'f', first: pageSize, pass: false })
})

it('leaves out rows that a new run moved into the next page', () => {
  const slots: ({ id: string } | undefined)[] = []
  const known = new Map<string, { id: string }>()
  const end = place(slots, known, 0, rows(0, 4))
  expect(place(slots, known, end, rows(3, 7))).toBe(7)
  expect(slots.map((row) => row?.id)).toEqual(['0', '1', '2', '3', '4', '5', '6'])
})

it('puts children below their parent in the order they came', () => {
  const run = (id: string, parentId: string | null = null) => ({ id, parentId })
  const nested = nest([run('c2', 'p'), run('a'), run('c1', 'p'), run('p'), run('orphan', 'elsewhere'), run('g', 'c1')])
  expect(nested.map(({ run, depth }) => `${depth}${run.id}`)).toEqual(['0a', '0p', '1c2', '1c1', '2g', '0orphan'])
})

it('loses no run to parents in a ring', () => {
  const ring = [
    { id: 'a', parentId: 'b' },
    { id: 'b', parentId: 'a' },
    { id: 'self', parentId: 'self' },
  ]
  expect(nest(ring).length).toBe(3)
})
