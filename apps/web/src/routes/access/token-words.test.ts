import { expect, it } from 'vitest'
import { dueText, expiryText } from './token-words.ts'

const hour = 3_600_000
const day = 24 * hour

it('says how long a token is good', () => {
  expect(
    [null, -1, 1, 1.4 * hour, 2 * hour, 47 * hour, 3 * day, 90 * day].map((left) => expiryText(left && 1000 * day + left, 1000 * day)),
  ).toEqual(['never', 'expired', 'in 1 hour', 'in 1 hour', 'in 2 hours', 'in 47 hours', 'in 3 days', 'in 90 days'])
})

it('tells of those that end soon or have ended, but not of those that were renewed or never end', () => {
  const of = (name: string, expiresAt: number | null, isRenewed = false) => ({ name, expiresAt, isRenewed })
  expect(dueText([of('a', null), of('b', 8 * day), of('c', day, true)], 0)).toBe('')
  expect(dueText([of('laptop', 3 * day)], 0)).toBe('laptop expires within a week: renew it, and what uses it goes on.')
  expect(dueText([of('laptop', 3 * day), of('ci', -1), of('cron', day)], 0)).toBe(
    'ci has expired; laptop, cron expire within a week: renew them, and what uses them goes on.',
  )
})
