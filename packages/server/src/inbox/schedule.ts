/** When a letter goes: soon, at the full hour, or in the morning of UTC. What comes meanwhile goes with it. */
import type { Letters } from './inbox.sql.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
/** A burst is one letter. */
const gather = minute
/** Of UTC. */
const morning = 7 * hour

/** `since`: when the oldest came that waits. */
export function nextLetter(letters: Letters, since: number): number {
  if (letters === 'HOURLY') return since - (since % hour) + hour
  if (letters === 'DAILY') return since - ((since - morning) % day) + day
  return since + gather
}
