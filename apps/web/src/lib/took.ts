/** How long a run took, or has gone on for. Clocks of machines jump: what cannot have been so is said, and never counted on. */
import { formatDuration } from '#lib/format.ts'

interface Timed {
  status: string
  startedAt: number
  endedAt: number | null
}

/** In ms; negative where it ended before it started, undefined where it never started or says no end. */
export function tookOf({ status, startedAt, endedAt }: Timed, now: number): number | undefined {
  if (!startedAt) return undefined
  if (endedAt) return endedAt - startedAt
  return status === 'RUNNING' ? Math.max(now - startedAt, 0) : undefined
}

export const formatTook = (run: Timed, now: number): string => formatDuration(tookOf(run, now))

/** Why there is a dash, for a title. */
export const isTurned = (run: Timed): boolean => (tookOf(run, 0) ?? 0) < 0
export const turned = 'By its clock it ended before it started'
