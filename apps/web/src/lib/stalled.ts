/** A run that goes on but says nothing: its process may have died without a word, as one that is killed does. */

/** Silent for so long it is called so, ms. */
export const silence = 10 * 60_000

/** How long it has said nothing, ms; undefined while that is nothing to speak of. */
export function silentFor({ status, heardAt }: { status: string; heardAt: number | null }, now: number, heardLive = 0): number | undefined {
  if (status !== 'RUNNING' || heardAt === null) return undefined
  const silent = now - Math.max(heardAt, heardLive)
  return silent >= silence ? silent : undefined
}
