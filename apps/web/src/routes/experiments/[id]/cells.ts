/** Columns by kind, as the server takes them, what a run has logged as cells of the table, and which of new points a cell shows. */
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

/** Where a point of a metric stands. */
export interface Place {
  step: number
  time: number
}

/** Where the newest of some points stands: highest step, then time, then the later one. -1 for none. */
export function newestOf({ steps, times }: { steps: readonly number[]; times: readonly number[] }, after: Place | undefined): number {
  let best = -1
  let step = after?.step ?? Number.NEGATIVE_INFINITY
  let time = after?.time ?? Number.NEGATIVE_INFINITY
  for (let i = 0; i < steps.length; i++) {
    const isNewer = steps[i]! > step || (steps[i]! === step && times[i]! >= time)
    if (!isNewer) continue
    best = i
    step = steps[i]!
    time = times[i]!
  }
  return best
}
