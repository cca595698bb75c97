import { expect, it } from 'vitest'
import type { Size } from './documents.ts'
import { contents, frees, parts, retention, stays } from './words.ts'

const size = (some: Partial<Size>): Size => ({
  bytes: 0,
  rowBytes: 0,
  fileBytes: 0,
  files: 0,
  experiments: 0,
  runs: 0,
  models: 0,
  measured: true,
  ...some,
})

it('says what is in a thing', () => {
  expect(contents(size({ experiments: 2, runs: 14, models: 3 }))).toBe('2 experiments, 14 runs and 3 logged models')
  expect(contents(size({ runs: 1 }))).toBe('1 run')
  expect(contents(size({}))).toBe('nothing')
})

it('says what it frees, and that it is not all counted yet', () => {
  expect(frees(size({ bytes: 1_200_000_000 }))).toBe('1.2 GB')
  expect(frees(size({ bytes: 4_200, measured: false }))).toBe('at least 4.2 kB')
  expect(frees(size({ measured: false }))).toBe('counting')
  expect(parts(size({ rowBytes: 5_000, fileBytes: 1_000_000, files: 1 }))).toBe('5 kB of rows, 1 MB in 1 file')
})

it('says how long a thing stays', () => {
  const now = 1_000_000
  const hour = 3_600_000
  expect([null, now - 1, now + 30 * 60_000, now + 30 * hour, now + 29 * 24 * hour].map((at) => stays(at, now))).toEqual([
    'for good',
    'any moment',
    '30 min',
    '30 h',
    '29 days',
  ])
  expect([null, 0, 1, 30, 3650].map(retention)).toEqual(['until purged', 'not at all', '1 day', '30 days', '3\u2009650 days'])
})
