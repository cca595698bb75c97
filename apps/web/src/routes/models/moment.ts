/** A time in the past, as an address has it: a link to the page as it stood then. */
import { formatClock } from '#lib/format.ts'

const minute = 60_000

/** Undefined where there is none, or none that can be read. */
export function readAt(params: Pick<URLSearchParams, 'get'>): number | undefined {
  const text = params.get('at') ?? ''
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isFinite(time) && time > 0 ? time : undefined
}

/** To the minute where that is exact: `2026-05-03T12:00Z`. */
export function writeAt(at: number): string {
  const text = new Date(at).toISOString()
  return at % minute === 0 ? `${text.slice(0, 16)}Z` : text
}

export const hrefAt = (path: string, at: number | undefined, stage?: string): string =>
  at === undefined ? path : `${path}?at=${writeAt(at)}${stage ? `&stage=${encodeURIComponent(stage)}` : ''}`

const months = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']

/** Where the reader is: `3 May 2026, 12:00`. */
export function tellMoment(at: number): string {
  const date = new Date(at)
  return `${date.getDate()} ${months[date.getMonth()]} ${date.getFullYear()}, ${formatClock(at)}`
}
