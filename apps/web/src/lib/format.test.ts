import { expect, test } from 'vitest'
import { columnFormat, formatAgo, formatAxis, formatBytes, formatDuration, formatExact, formatNumber } from './format.ts'

test('numbers have four significant digits, thin-space groups and a true minus', () => {
  expect(formatNumber(2.1184)).toBe('2.118')
  expect(formatNumber(0.5)).toBe('0.5')
  expect(formatNumber(19200)).toBe('19\u2009200')
  expect(formatNumber(-1234567)).toBe('−1\u2009234\u2009567')
  expect(formatNumber(123456.7)).toBe('123\u2009457')
  expect(formatNumber(0)).toBe('0')
  expect(formatNumber(-0)).toBe('0')
})

test('small and huge numbers are written with an exponent', () => {
  expect(formatNumber(0.0003)).toBe('3e-4')
  expect(formatNumber(-0.000183)).toBe('−1.83e-4')
  expect(formatNumber(0.001)).toBe('0.001')
  expect(formatNumber(3e20)).toBe('3e20')
  expect(formatNumber(0.0001, 1)).toBe('1e-4')
})

test('what is missing or not a number is said so', () => {
  expect(formatNumber(null)).toBe('–')
  expect(formatNumber('NaN')).toBe('NaN')
  expect(formatNumber('-Infinity')).toBe('−∞')
})

test('a column has one precision', () => {
  const f = columnFormat([2.118, 2.5, null, 'NaN', 0.0003])
  expect([2.118, 2.5, null, 'NaN' as const, 0.0003].map(f)).toEqual(['2.118', '2.500', '–', 'NaN', '3e-4'])
  expect(columnFormat([384, 1256])(1256)).toBe('1\u2009256')
})

test('axes use SI letters', () => {
  expect([0, 950, 4200, -10_000, 1_300_000].map(formatAxis)).toEqual(['0', '950', '4.2k', '−10k', '1.3M'])
})

test('bytes are in decimal units', () => {
  expect([0, 999, 4200, 999_999, 1_300_000_000].map(formatBytes)).toEqual(['0 B', '999 B', '4.2 kB', '1 MB', '1.3 GB'])
})

test('durations show their two largest units', () => {
  expect([240, 4200, 59_990, 185_000, 4_080_000, 187_200_000].map(formatDuration)).toEqual([
    '240 ms',
    '4.2 s',
    '1 m 00 s',
    '3 m 05 s',
    '1 h 08 m',
    '2 d 04 h',
  ])
})

test('times are relative below seven days', () => {
  const now = Date.UTC(2026, 10, 23, 12)
  expect(formatAgo(now - 38 * 60_000, now)).toBe('38 min ago')
  expect(formatAgo(now - 30 * 3_600_000, now)).toBe('yesterday')
  expect(formatAgo(now - 6 * 86_400_000, now)).toBe('6 days ago')
  expect(formatAgo(Date.UTC(2026, 2, 4, 12), now)).toBe('4 Mar')
  expect(formatAgo(Date.UTC(2025, 2, 4, 12), now)).toBe('4 Mar 2025')
  expect(formatAgo(0, now)).toBe('–')
  expect(formatAgo(now + 3 * 3_600_000, now)).toBe('in 3 h')
  expect(formatAgo(Date.UTC(2031, 2, 4, 12), now)).toBe('4 Mar 2031')
  expect(formatExact(now)).toBe('2026-11-23 12:00:00 UTC')
  // Nanoseconds where milliseconds are meant.
  expect(formatAgo(now * 1e6, now)).toBe('no date')
  expect(formatExact(9e15)).toBe('9000000000000000 ms after 1970 is no date')
})
