/**
 * MLflow's page tokens: base64 of {"offset": N}. Ours may also say behind which run the page begins, which costs the same
 * at every depth, and neither skips a run nor gives one twice when others come or go meanwhile.
 */
import { invalid, show } from '../errors.ts'
import type { Place } from './page.sql.ts'

export const pageToken = (offset: number, after?: Place) =>
  Buffer.from(after ? JSON.stringify({ offset, after: [after.startTime, after.uuid] }) : `{"offset": ${offset}}`).toString('base64')

/** The offset a token stands for, 0 without one. Throws INVALID_PARAMETER_VALUE. */
export const offsetOf = (token: string | undefined | null): number => positionOf(token).offset

/** All that a token says. Throws INVALID_PARAMETER_VALUE. */
export function positionOf(token: string | undefined | null): { offset: number; after?: Place } {
  if (!token) return { offset: 0 }
  const field = 'page_token'
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(token))
    throw invalid('Invalid page token, could not base64-decode', field)
  const text = Buffer.from(token, 'base64').toString()
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw invalid(`Invalid page token, decoded value=${show(text)}`, field)
  }
  const { offset, after } = (parsed ?? {}) as { offset?: unknown; after?: unknown }
  if (typeof offset !== 'number' || !Number.isSafeInteger(offset) || offset < 1)
    throw invalid(`Invalid page token, parsed value=${show(parsed)}`, field)
  if (after === undefined) return { offset }
  const [startTime, uuid] = Array.isArray(after) ? (after as unknown[]) : []
  if (!Number.isSafeInteger(startTime) || typeof uuid !== 'string' || uuid.includes('\0'))
    throw invalid(`Invalid page token, parsed value=${show(parsed)}`, field)
  return { offset, after: { startTime: startTime as number, uuid } }
}
