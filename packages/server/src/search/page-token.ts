/** MLflow's page tokens: base64 of {"offset": N}. */
import { invalid, show } from '../errors.ts'

export const pageToken = (offset: number) => Buffer.from(`{"offset": ${offset}}`).toString('base64')

/** The offset a token stands for, 0 without one. Throws INVALID_PARAMETER_VALUE. */
export function offsetOf(token: string | undefined | null): number {
  if (!token) return 0
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
  const offset = (parsed as { offset?: unknown } | null)?.offset
  if (typeof offset !== 'number' || !Number.isSafeInteger(offset) || offset < 1)
    throw invalid(`Invalid page token, parsed value=${show(parsed)}`, field)
  return offset
}
