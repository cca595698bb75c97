import { expect, test } from 'vitest'
import type { Experiment } from '#lib/experiments.svelte.ts'
import { isIn, readListView, sortExperiments, writeListView } from './list-view.ts'

const experiment = (name: string, more: Partial<Experiment> = {}) =>
  ({
    id: name,
    name,
    runCount: 0,
    liveCount: 0,
    lastActivityAt: null,
    lastUser: null,
    createdAt: 0,
    tags: [],
    ...more,
  }) as unknown as Experiment
const names = (list: readonly Experiment[]) => list.map(({ name }) => name).join(' ')

test('a view is in the address, and read from it again', () => {
  expect(writeListView(readListView(new URLSearchParams()))).toBe('/experiments')
  const address = '/experiments?q=x&in=a%2Fb&live=&as=list&sort=-activity'
  expect(writeListView(readListView(new URL(address, 'http://x').searchParams))).toBe(address)
  expect(readListView(new URLSearchParams('sort=nonsense')).order).toBe('name')
})

test('what has nothing to be ordered by comes last either way', () => {
  const list = [experiment('a10', { lastActivityAt: 5 }), experiment('none'), experiment('a9', { lastActivityAt: 7 })]
  expect(names(sortExperiments(list, { order: 'activity', isDown: true }))).toBe('a9 a10 none')
  expect(names(sortExperiments(list, { order: 'activity', isDown: false }))).toBe('a10 a9 none')
  expect(names(sortExperiments(list, { order: 'name', isDown: false }))).toBe('a9 a10 none')
})

test('a folder holds what is in folders in it', () => {
  expect([isIn('a/b/c', 'a'), isIn('/a/b', 'a'), isIn('ab/c', 'a'), isIn('a', 'a'), isIn('x', '')]).toEqual([
    true,
    true,
    false,
    false,
    true,
  ])
})
