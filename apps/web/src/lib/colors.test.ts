import { expect, test } from 'vitest'
import { assignSlots, slotColor, slotDash } from './colors.ts'

const ids = Array.from({ length: 25 }, (_, i) => i.toString(16).padStart(32, '0'))

test('a run has the same colour wherever it stands alone', () => {
  expect(assignSlots([ids[3]!]).get(ids[3]!)).toBe(assignSlots([ids[3]!]).get(ids[3]!))
})

test('ten runs have ten hues, and the eleventh a dash', () => {
  const ten = assignSlots(ids.slice(0, 10))
  expect(new Set([...ten.values()].map(slotColor)).size).toBe(10)
  const eleven = assignSlots(ids.slice(0, 11), ten)
  expect(slotDash(eleven.get(ids[10]!)!)).toEqual([5, 3])
})

test('a run added to a view recolours none that was there', () => {
  const before = assignSlots(ids.slice(5, 12))
  const after = assignSlots(ids, before)
  for (const [id, slot] of before) expect(after.get(id)).toBe(slot)
  expect(new Set(after.values()).size).toBe(ids.length)
})
