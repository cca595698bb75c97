/** What the server answers, as rows of the table. */
import type { ResultOf } from '#lib/api.ts'
import type { Cell } from './columns.ts'
import type { RunFacts, RunsPage } from './documents.ts'
import type { Row } from './row.svelte.ts'
import { nest } from './sparse.ts'

export type TablePage = ResultOf<typeof RunsPage>['runTable']
type Listed = TablePage['runs'][number]

function fill(table: TablePage, rowOf: (run: RunFacts) => Row): (run: Listed) => Row {
  const cells = new Map(
    table.runs.map((run, i) => [run.id, Object.fromEntries(table.columns.map(({ ref, values }) => [ref, values[i] as Cell]))]),
  )
  return (listed) => {
    const { childCount, ...run } = listed
    const row = rowOf(run)
    row.run = run
    row.cells = { ...row.cells, ...cells.get(run.id) }
    row.isGone = false
    row.depth = 0
    row.nested = childCount ?? 0
    row.above = undefined
    return row
  }
}

/** The rows of a page, as they come. */
export const rowsOf = (table: TablePage, rowOf: (run: RunFacts) => Row): Row[] => table.runs.map(fill(table, rowOf))

/** The rows of a page, each child below its parent where the page has both. */
export function nestedRows(table: TablePage, rowOf: (run: RunFacts) => Row): Row[] {
  const toRow = fill(table, rowOf)
  const path: Row[] = []
  return nest(table.runs).map(({ run, depth }) => {
    const row = toRow(run)
    row.depth = depth
    path.length = depth
    row.above = path.at(-1)
    for (const ancestor of path) ancestor.nested++
    path.push(row)
    return row
  })
}
