import { expect, it } from 'vitest'
import { arrange, inOrder } from './chart-order.ts'

const keys = ['a', 'b', 'c', 'd']

it('puts a chart at the place of another, and says no more than it needs', () => {
  expect(arrange(keys, [], 'c', 'a')).toEqual(['c'])
  expect(arrange(keys, [], 'a', 'b')).toEqual(['b'])
  expect(arrange(keys, [], 'a', 'd')).toEqual(['b', 'c', 'd'])
  expect(arrange(keys, ['c'], 'c', 'a')).toEqual(['a', 'c'])
  // Back where it came from nothing is arranged.
  expect(arrange(keys, ['c'], 'c', 'b')).toEqual([])
})

it('ends with the order that was made, wherever one is put, and leaves other sections alone', () => {
  for (const key of keys)
    for (const to of keys)
      for (const arranged of [[], ['d'], ['x/y', 'c', 'b']]) {
        const before = inOrder(keys, arranged)
        const wanted = before.toSpliced(before.indexOf(key), 1).toSpliced(before.indexOf(to), 0, key)
        const after = arrange(keys, arranged, key, to)
        expect(inOrder(keys, after)).toEqual(wanted)
        expect(after.includes('x/y')).toBe(arranged.includes('x/y'))
      }
})

it('changes nothing for what is not there', () => {
  expect(arrange(keys, ['b'], 'gone', 'a')).toEqual(['b'])
  expect(inOrder(keys, ['gone', 'd'])).toEqual(['d', 'a', 'b', 'c'])
})
