/** What is said of an account that nobody has come in by yet. */

const hour = 3_600_000

/** `until`: how long the link is good; null where there is none any more. */
export function invitedText(until: number | null, now: number): string {
  const left = until === null ? 0 : until - now
  if (left <= 0) return 'invited, link expired'
  const hours = Math.ceil(left / hour)
  const [count, unit] = hours > 48 ? [Math.round(hours / 24), 'days'] : [hours, hours === 1 ? 'hour' : 'hours']
  return `invited, ${count} ${unit} left`
}
