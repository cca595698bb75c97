/** How the columns of the table change places, are pinned and sized. */
import { type Column, parseRef } from './columns.ts'

/** The name of the run stands before all columns, and can be sized like one. */
export const nameRef = 'attributes.run_name'

/** px. */
export const narrowest = 48
export const widest = 900

/** The columns with one of them before another, or last. */
export function moved(columns: readonly Column[], ref: string, before: string | undefined): Column[] {
  if (ref === before) return [...columns]
  const column = columns.find((each) => each.ref === ref)
  if (!column) return [...columns]
  const rest = columns.filter((each) => each.ref !== ref)
  const at = before === undefined ? -1 : rest.findIndex((each) => each.ref === before)
  return at < 0 ? [...rest, column] : [...rest.slice(0, at), column, ...rest.slice(at)]
}

/** Those that stay when the table scrolls sideways: the ones chosen, else the first metric. */
export function pinnedOf(columns: readonly Column[], chosen: readonly string[] | undefined): string[] {
  if (chosen) return chosen.map((ref) => parseRef(ref)?.ref ?? ref).filter((ref) => columns.some((column) => column.ref === ref))
  const first = columns.find(({ kind }) => kind === 'metric')
  return first ? [first.ref] : []
}

export const bounded = (width: number): number => Math.round(Math.min(widest, Math.max(narrowest, width)))
