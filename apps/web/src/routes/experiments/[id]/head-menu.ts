/** What the menu of a heading offers: all that can be done to a column, for those who do not drag or know the keys. */
import type { MenuItem } from '#lib/ui/Menu.svelte'
import { nameRef } from './arrange.ts'
import type { Layout } from './layout.svelte.ts'
import type { Table } from './table.svelte.ts'

interface Acts {
  onsort: (ref: string, isAdded: boolean) => void
  onfit: (ref: string) => void
}

/** Columns of one group, the pinned or the others, in their order. */
function neighbours(layout: Layout, ref: string): { before: string | undefined; behind: string | undefined; last: string | undefined } {
  const group = layout.columns.filter((column) => layout.isPinned(column.ref) === layout.isPinned(ref)).map((column) => column.ref)
  const at = group.indexOf(ref)
  return { before: group[at - 1], behind: group[at + 1], last: group[at + 2] }
}

export function headMenu(ref: string, table: Table, layout: Layout, { onsort, onfit }: Acts): MenuItem[] {
  const sorted = table.sortOf(ref)
  const items: MenuItem[] = [
    { text: sorted ? 'Turn the order' : 'Sort by this', icon: 'cd', key: 's', run: () => onsort(ref, (sorted?.of ?? 0) > 1) },
  ]
  if (!sorted && table.isSorted) items.push({ text: 'Sort by this as well', icon: 'cd', key: 'Shift+s', run: () => onsort(ref, true) })
  items.push({ text: 'Fit the width', icon: 'max', begins: true, run: () => onfit(ref) })
  if (ref === nameRef) return items
  const { before, behind, last } = neighbours(layout, ref)
  items.push({
    text: layout.isPinned(ref) ? 'Let it scroll' : 'Pin to the left',
    icon: 'pin',
    key: 'Shift+p',
    run: () => layout.togglePin(ref),
  })
  if (before) items.push({ text: 'Move left', icon: 'back', run: () => layout.move(ref, before) })
  if (behind) items.push({ text: 'Move right', icon: 'ar', run: () => (last ? layout.move(ref, last) : layout.move(behind, ref)) })
  items.push({ text: 'Hide', icon: 'eyeoff', begins: true, run: () => layout.hide(new Set([ref])) })
  return items
}
