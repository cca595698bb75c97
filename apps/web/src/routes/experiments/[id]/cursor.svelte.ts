/** The cursor and the selection, moved by keys and presses: one row, a range from where the last began, or all that pass. */
import { formatCount } from '#lib/format.ts'
import type { Row } from './row.svelte.ts'
import type { Table } from './table.svelte.ts'

interface Read {
  table: Table
  /** Brings a place of the table on screen. */
  reveal: (index: number) => void
  say: (text: string) => void
}

export function openCursor(read: () => Read) {
  const index = (): number => {
    const { table } = read()
    return table.selection.cursor === undefined ? -1 : table.indexOf(table.selection.cursor)
  }

  function row(): Row | undefined {
    const at = index()
    return at < 0 ? undefined : read().table.row(at)
  }

  /** The place it came to; undefined where there is no row. */
  function move(by: number): number | undefined {
    const { table, reveal } = read()
    const from = index()
    const first = table.onScreen[0]
    const to = from < 0 ? (first && !table.isGrouped ? table.indexOf(first.id) : 0) : Math.min(table.length - 1, Math.max(0, from + by))
    const next = table.idAt(to)
    if (next === undefined) return undefined
    table.selection.cursor = next
    reveal(to)
    return to
  }

  function told(): void {
    const { table, say } = read()
    say(`${formatCount(table.selection.size)} selected`)
  }

  return {
    row,
    move,
    /** Selects a row or no longer; `isRange`: all rows from the last selected to it. */
    select(row: Row, isRange: boolean): void {
      const { table } = read()
      const { selection } = table
      const from = isRange && selection.anchor !== undefined ? table.indexOf(selection.anchor) : -1
      if (from < 0) selection.toggle(row)
      else selection.add(table.between(from, table.indexOf(row.id)))
      selection.cursor = row.id
      told()
    },
    /** Moves, and the range from where it began with it: longer away from there, shorter towards it. */
    extend(by: number): void {
      const { table } = read()
      const { selection } = table
      const from = index()
      const start = row()
      if (!start) return void move(by)
      let anchor = selection.anchor === undefined ? -1 : table.indexOf(selection.anchor)
      if (anchor < 0 || !selection.has(start.id)) {
        selection.add([start])
        selection.anchor = start.id
        anchor = from
      }
      const to = move(by)
      if (to === undefined) return
      if (Math.abs(to - anchor) < Math.abs(from - anchor)) selection.remove(start.id)
      else selection.add(table.between(from, to))
      told()
    },
  }
}

export type Cursor = ReturnType<typeof openCursor>
