/** MLflow's page tokens: base64 of {"offset": N}. */
import { invalid } from '../errors.ts'

export const pageToken = (offset: number) => Buffer.from(`{"offset": ${offset}}`).toString('base64')

/** The offset a token stands for, 0 without one. */
export function offsetOf(token: string | undefined | null): number {
  if (!token) return 0
  throw invalid('soon')
}
