import { diffLines } from 'diff'
import { expect, it } from 'vitest'
import { foldSame, pairFiles, pairLines } from './file-diff.ts'

const file = (path: string, size: number) => ({ path, size, url: `/${path}` })

it('pairs files by their paths, what differs first', () => {
  const pairs = pairFiles([file('a', 1), file('b', 2), file('c', 3)], [file('a', 1), file('b', 9), file('d', 4)])
  expect(pairs.map(({ path, state }) => [path, state])).toEqual([
    ['b', 'changed'],
    ['c', 'removed'],
    ['d', 'added'],
    ['a', 'same'],
  ])
})

it('stands a line beside the one that took its place', () => {
  const pairs = pairLines(diffLines('one\ntwo\nthree\n', 'one\n2\nthree\nfour\n'))
  expect(pairs.map(({ before, after, same }) => [before?.number, before?.text, after?.number, after?.text, same])).toEqual([
    [1, 'one', 1, 'one', true],
    [2, 'two', 2, '2', false],
    [3, 'three', 3, 'three', true],
    [undefined, undefined, 4, 'four', false],
  ])
})

it('takes a text without a last line break for what it is', () => {
  expect(pairLines(diffLines('a', 'a'))).toHaveLength(1)
  expect(pairLines(diffLines('', ''))).toEqual([])
})

it('folds what is alike, but for some lines around what differs', () => {
  const before = Array.from({ length: 20 }, (_, i) => `line ${i}\n`)
  const after = before.with(10, 'other\n')
  const pieces = foldSame(pairLines(diffLines(before.join(''), after.join(''))), 2)
  expect(pieces.map((piece) => ('folded' in piece ? `${piece.folded}` : piece.after!.text))).toEqual([
    '8',
    'line 8',
    'line 9',
    'other',
    'line 11',
    'line 12',
    '7',
  ])
})
