/** Columns by kind, as the server takes them, and what a run has logged as cells of the table. */
import { type Cell, columnRef, parseRef } from './columns.ts'

interface Logged {
  metrics: readonly { key: string; value: Cell }[]
  params: readonly { key: string; value: Cell }[]
  tags: readonly { key: string; value: Cell }[]
}

/** The keys of columns by kind; attributes are no keys. */
export function keysOf(refs: readonly string[]): { metrics: string[]; params: string[]; tags: string[] } {
  const columns = refs.flatMap((ref) => parseRef(ref) ?? [])
  const keys = (kind: string) => columns.filter((column) => column.kind === kind).map((column) => column.key)
  return { metrics: keys('metric'), params: keys('param'), tags: keys('tag') }
}

/** Cells by column reference. */
export function cellsOf({ metrics, params, tags }: Logged): Record<string, Cell> {
  const cells: Record<string, Cell> = {}
  for (const { key, value } of metrics) cells[columnRef('metric', key)] = value
  for (const { key, value } of params) cells[columnRef('param', key)] = value
  for (const { key, value } of tags) cells[columnRef('tag', key)] = value
  return cells
}
