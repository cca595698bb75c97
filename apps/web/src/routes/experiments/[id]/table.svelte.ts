/** What the parts of the table share: the rows, the columns with their places, the selection and which curves are drawn. */
import type { Real } from '#lib/format.ts'
import { columnDecimals } from '#lib/format.ts'
import { nameRef } from './arrange.ts'
import type { Children } from './children.svelte.ts'
import { type Column, isNumeric } from './columns.ts'
import type { RunFacts } from './documents.ts'
import type { Groups } from './groups.svelte.ts'
import type { Layout } from './layout.svelte.ts'
import type { Row } from './row.svelte.ts'
import type { Runs } from './rows.svelte.ts'
import { Selection } from './selection.svelte.ts'
import type { Order } from './view.ts'

export interface PlacedColumn {
  column: Column
  width: number
  /** From the first column of its group, the pinned or the others, px. */
  left: number
  /** Figures stand at the right. */
  isRight: boolean
}

export interface Sorted {
  way: 'ascending' | 'descending'
  rank: number
  of: number
}

interface Read {
  runs: Runs
  layout: Layout
  order: readonly Order[]
  /** What is unfolded, where only runs that are nested in none are listed. */
  children: Children | undefined
  /** As many rows are there, where their number is not known. */
  atLeast: number
  /** Lines of the list that are no runs: those of groups. */
  groups: Groups | undefined
}

/** Rows that say what a column holds. */
const sample = 200

/** Called while a component is set up. */
export function openTable(read: () => Read) {
  const selection = new Selection()
  let folded = $state.raw<ReadonlySet<string>>(new Set())
  let onScreen = $state.raw<readonly Row[]>([])
  /** The run whose name is being written. */
  let renaming = $state<string | undefined>()
  /** The column under the cursor, by ref. */
  let at = $state<string | undefined>()

  /** The columns in one row, from where the first of them stands. */
  function placed(columns: readonly Column[]): PlacedColumn[] {
    const { layout } = read()
    let left = 0
    return columns.map((column): PlacedColumn => {
      const width = layout.widthOf(column.ref)
      const at = { column, width, left, isRight: isRight(column) }
      left += width
      return at
    })
  }

  const pins = $derived(placed(read().layout.columns.filter(({ ref }) => read().layout.isPinned(ref))))
  const columns = $derived(placed(read().layout.columns.filter(({ ref }) => !read().layout.isPinned(ref))))
  /** The metric that is drawn as the small curve. */
  const lead = $derived([...pins, ...columns].find(({ column }) => column.kind === 'metric')?.column)

  function isRight(column: Column): boolean {
    if (column.kind === 'metric') return true
    if (column.kind !== 'param') return column.key === 'duration'
    const values = read()
      .runs.head(sample)
      .flatMap((row) => row.cells[column.ref] ?? [])
    return values.every((value) => isNumeric(String(value)))
  }

  // A column's precision only grows while it is shown, so that a live value with a zero at its end moves nothing.
  const grown = new Map<string, number>()
  const decimals = $derived.by(() => {
    const found = new Map<string, number>()
    for (const { ref, kind } of read().layout.columns) {
      if (kind !== 'metric') continue
      const needed = columnDecimals(onScreen.map((row) => row.cells[ref] as Real | null | undefined))
      const most = Math.max(needed, grown.get(ref) ?? 0)
      grown.set(ref, most)
      found.set(ref, most)
    }
    return found
  })

  /** What is shown, places of the list or rows that are not of it; undefined while it is the list itself. */
  const places = $derived.by((): (number | Row)[] | undefined => {
    const { runs, children } = read()
    if (children ? !children.isAny : folded.size === 0) return undefined
    const shown: (number | Row)[] = []
    const below = (id: string) => {
      for (const row of children?.of(id) ?? []) {
        shown.push(row)
        below(row.id)
      }
    }
    for (let i = 0; i < length(); i++) {
      const row = runs.at(i)
      let above = row?.above
      while (above && !folded.has(above.id)) above = above.above
      if (above) continue
      shown.push(i)
      if (children && row) below(row.id)
    }
    return shown
  })

  function rowAt(index: number): Row | undefined {
    const place = places ? places[index] : index
    return typeof place === 'number' ? read().runs.at(place) : place
  }

  /** Rows of the list, with place for more where its end is not known. */
  function length(): number {
    const { runs, atLeast } = read()
    return runs.count ?? Math.max(atLeast, runs.reached + sample)
  }

  return {
    selection,
    /** The metric that a row is summed up by: its value and its curve. */
    get lead() {
      return lead
    },
    /** Those that stay when the table scrolls sideways. */
    get pins() {
      return pins
    },
    get columns() {
      return columns
    },
    /** How the table is sorted by a column, and as which of how many; undefined where it is not. */
    sortOf(ref: string): Sorted | undefined {
      const { order } = read()
      const at = order.findIndex(({ by }) => by === ref)
      return at < 0 ? undefined : { way: order[at]!.descending ? 'descending' : 'ascending', rank: at + 1, of: order.length }
    },
    get isSorted(): boolean {
      return read().order.length > 0
    },
    get renaming() {
      return renaming
    },
    set renaming(id: string | undefined) {
      renaming = id
    },
    decimalsOf: (ref: string): number => decimals.get(ref) ?? 0,
    /** True where a row on screen has a value of it, so that its precision is known. */
    hasDecimals: (ref: string): boolean => onScreen.some((row) => row.cells[ref] !== undefined && row.cells[ref] !== null),
    /** How many rows can be scrolled to. */
    get length(): number {
      return places?.length ?? length()
    },
    /** The row at a place of the table; undefined where it is not loaded. */
    row: rowAt,
    /** The place in the list of a place of the table, or of the one above it that is of the list. */
    placeOf(index: number): number {
      if (!places) return index
      let at = Math.min(index, places.length - 1)
      while (at > 0 && typeof places[at] !== 'number') at--
      return Number(places[at] ?? 0)
    },
    /** The id of what stands at a place: a run's, or that of a group's line. */
    idAt(index: number): string | undefined {
      return this.row(index)?.id ?? read().groups?.line(index)?.id
    },
    get isGrouped() {
      return read().groups !== undefined
    },
    /** px. */
    get nameWidth() {
      return read().layout.widthOf(nameRef)
    },
    /** Where a run stands in the table, as far as it is loaded; -1 where it does not. */
    indexOf(id: string): number {
      const { groups } = read()
      if (groups) return groups.placeOf(id)
      const end = places?.length ?? read().runs.reached
      for (let i = 0; i < end; i++) if (rowAt(i)?.id === id) return i
      return -1
    },
    /** Loaded rows between two places, both included. */
    between(from: number, to: number): Row[] {
      const rows: Row[] = []
      for (let i = Math.min(from, to); i <= Math.max(from, to); i++) {
        const row = rowAt(i)
        if (row) rows.push(row)
      }
      return rows
    },
    get onScreen() {
      return onScreen
    },
    set onScreen(rows: readonly Row[]) {
      onScreen = rows
    },
    get cursorColumn() {
      return at ?? lead?.ref
    },
    /** One column to the right or left, from the name on. */
    moveColumn(by: number): void {
      const refs = [nameRef, ...[...pins, ...columns].map(({ column }) => column.ref)]
      const next = refs.indexOf(at ?? lead?.ref ?? nameRef) + by
      at = refs[Math.min(refs.length - 1, Math.max(0, next))]
    },
    isFolded: (id: string): boolean => {
      const { children } = read()
      return children ? !children.of(id) : folded.has(id)
    },
    fold(id: string): void {
      const { children } = read()
      if (children) children.toggle(id)
      else folded = folded.has(id) ? new Set([...folded].filter((each) => each !== id)) : new Set([...folded, id])
    },
  }
}

export type Table = ReturnType<typeof openTable>

/** Which curves are drawn, and their colours. */
export interface Curves {
  /** A CSS colour; undefined for a run whose curve is not drawn. */
  color(id: string): string | undefined
  toggle(run: Pick<RunFacts, 'id'>): void
  /** The pointer is where a press would draw this run; undefined: no more. */
  near(id: string | undefined): void
}
