/** Tokens in words. */
import type { Token } from './documents.ts'

const day = 24 * 3_600_000
/** From then on one is told to renew a token. */
export const soon = 7 * day

export const scopes: readonly { scope: Token['scope']; text: string; choice: string }[] = [
  { scope: 'READ', text: 'read', choice: 'read only' },
  { scope: 'RUNS', text: 'log runs', choice: 'log runs' },
  { scope: 'MODELS', text: 'log runs, register', choice: 'log runs, register models' },
  { scope: 'ALL', text: 'all', choice: 'all that the account may' },
]

export const textOf = (scope: Token['scope']): string => scopes.find((each) => each.scope === scope)!.text

/** `until`: null for one that never ends. */
export function expiryText(until: number | null, now: number): string {
  if (until === null) return 'never'
  const left = until - now
  if (left <= 0) return 'expired'
  const hours = Math.max(1, Math.round(left / 3_600_000))
  if (hours <= 48) return `in ${hours} ${hours === 1 ? 'hour' : 'hours'}`
  return `in ${Math.round(left / day)} days`
}

/** Ends within a week, or has ended, and nothing has taken its place. */
export const isDue = ({ expiresAt, isRenewed }: Pick<Token, 'expiresAt' | 'isRenewed'>, now: number): boolean =>
  !isRenewed && expiresAt !== null && expiresAt - now < soon

/** What to say above the list. Empty where there is nothing to do. */
export function dueText(tokens: readonly Pick<Token, 'name' | 'expiresAt' | 'isRenewed'>[], now: number): string {
  const due = tokens.filter((token) => isDue(token, now))
  if (due.length === 0) return ''
  const ended = due.filter(({ expiresAt }) => expiresAt! <= now)
  const names = (all: typeof due) => all.map(({ name }) => name).join(', ')
  const ends = due.filter((each) => !ended.includes(each))
  const parts = [
    ...(ended.length ? [`${names(ended)} ${ended.length === 1 ? 'has' : 'have'} expired`] : []),
    ...(ends.length ? [`${names(ends)} ${ends.length === 1 ? 'expires' : 'expire'} within a week`] : []),
  ]
  return `${parts.join('; ')}: renew ${due.length === 1 ? 'it' : 'them'}, and what uses ${due.length === 1 ? 'it' : 'them'} goes on.`
}
