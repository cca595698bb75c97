/** The columns as they stand: which, in which order, how wide, which stay when it scrolls sideways. All of it is in the URL. */
import { bounded, moved, nameRef, pinnedOf } from './arrange.ts'
import { type Column, columnWidth, parseRef } from './columns.ts'
import type { View } from './view.ts'

interface Read {
  /** Those of the view, or of a new one; none while it is not known which. */
  columns: readonly Column[]
  view: Pick<View, 'columns' | 'pins' | 'widths'>
  change: (part: Partial<View>) => void
}

/** px, where nobody chose it. */
const nameWidth = 208

/** Called while a component is set up. */
export function openLayout(read: () => Read) {
  /** A width that is being drawn, before it is kept. */
  let drawn = $state.raw<{ ref: string; width: number } | undefined>()
  const pins = $derived(pinnedOf(read().columns, read().view.pins))

  const put = (columns: readonly Column[]) => read().change({ columns: columns.map(({ ref }) => ref) })

  return {
    get columns() {
      return read().columns
    },
    get isDefault(): boolean {
      const { columns, pins, widths } = read().view
      return columns === undefined && pins === undefined && Object.keys(widths).length === 0
    },
    isPinned: (ref: string): boolean => pins.includes(ref),
    /** px. */
    widthOf(ref: string): number {
      if (drawn?.ref === ref) return drawn.width
      const column = ref === nameRef ? undefined : parseRef(ref)
      return read().view.widths[ref] ?? (column ? columnWidth(column) : nameWidth)
    },
    choose: put,
    reset(): void {
      read().change({ columns: undefined, pins: undefined, widths: {} })
    },
    toggle(column: Column): void {
      const { columns } = read()
      const rest = columns.filter(({ ref }) => ref !== column.ref)
      put(rest.length < columns.length ? rest : [...columns, column])
    },
    hide(refs: ReadonlySet<string>): void {
      put(read().columns.filter(({ ref }) => !refs.has(ref)))
    },
    move(ref: string, before: string | undefined): void {
      put(moved(read().columns, ref, before))
    },
    togglePin(ref: string): void {
      read().change({ pins: pins.includes(ref) ? pins.filter((each) => each !== ref) : [...pins, ref] })
    },
    /** Shows a width while it is drawn. */
    draw(ref: string, width: number): void {
      drawn = { ref, width: bounded(width) }
    },
    /** Keeps the width that was drawn, or this one. */
    keep(ref: string, width?: number): void {
      const next = width === undefined ? (drawn?.ref === ref ? drawn.width : undefined) : bounded(width)
      drawn = undefined
      if (next !== undefined) read().change({ widths: { ...read().view.widths, [ref]: next } })
    },
  }
}

export type Layout = ReturnType<typeof openLayout>
