/** Pages of what has a number that grows: each begins behind the last of the one before it. */
import { invalid } from './errors.ts'

/** Throws where `after` is no number of at most so many digits. */
export function checkAfter(after: string | null | undefined, digits: number): void {
  if (after && !new RegExp(`^\\d{1,${digits}}$`).test(after))
    throw invalid('`after` is not where a page ended: give back `endCursor`.', 'after')
}

/** The first of what was read, and where they end if there is more: ask for one more than `first`. */
export const pageOf = <Row extends { id: number | bigint }>(rows: readonly Row[], first: number) => ({
  page: rows.slice(0, first),
  nextPageToken: rows.length > first ? String(rows[first - 1]!.id) : undefined,
})
