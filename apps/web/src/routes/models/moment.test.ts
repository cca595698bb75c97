/** A time in the past, as an address has it. */
import { expect, it } from 'vitest'
import { hrefAt, readAt, tellMoment, writeAt } from './moment.ts'

it('a moment comes back from its address, and what is none is none', () => {
  const noon = Date.UTC(2026, 4, 3, 12)
  expect(writeAt(noon)).toBe('2026-05-03T12:00Z')
  for (const at of [noon, noon + 61_001]) expect(readAt(new URLSearchParams({ at: writeAt(at) }))).toBe(at)
  for (const at of ['', 'noon', '-5']) expect(readAt(new URLSearchParams({ at }))).toBeUndefined()
  expect(hrefAt('/models/load', noon, 'Production')).toBe('/models/load?at=2026-05-03T12:00Z&stage=Production')
  expect(hrefAt('/models', undefined)).toBe('/models')
})

it('a moment is told where the reader is', () => {
  expect(tellMoment(new Date(2026, 4, 3, 12, 5).getTime())).toBe('3 May 2026, 12:05')
})
