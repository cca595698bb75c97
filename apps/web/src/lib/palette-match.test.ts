import { expect, test } from 'vitest'
import { bestMatches, markMatches } from './palette-match.ts'

test('every word must be there, and the start of a word counts more than its middle', () => {
  const names = ['overload', 'load-forecast', 'day-load', 'solar']
  expect(bestMatches(names, (name) => name, 'load', 5)).toEqual(['load-forecast', 'day-load', 'overload'])
  expect(bestMatches(names, (name) => name, 'fore LOAD', 5)).toEqual(['load-forecast'])
  expect(bestMatches(names, (name) => name, '', 2)).toEqual(['overload', 'load-forecast'])
})

test('what matched is marked, whatever signs it holds', () => {
  expect(markMatches('a+b Load', 'load +')).toEqual([
    { text: 'a', hit: false },
    { text: '+', hit: true },
    { text: 'b ', hit: false },
    { text: 'Load', hit: true },
  ])
})
