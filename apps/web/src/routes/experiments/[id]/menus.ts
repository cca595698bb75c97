/** What the menus of rows and headings offer: all that can be done to them, for those who do not drag or know the keys. */
import { session } from '#lib/session.svelte.ts'
import type { MenuItem } from '#lib/ui/Menu.svelte'
import type { Actions } from './actions.svelte.ts'
import { nameRef } from './arrange.ts'
import type { Layout } from './layout.svelte.ts'
import type { Row } from './row.svelte.ts'
import type { Table } from './table.svelte.ts'

export function rowMenu(row: Row, actions: Actions, can: { edit: boolean; delete: boolean }, onpeek: (id: string) => unknown): MenuItem[] {
  const href = `/runs/${row.id}`
  const python = async () => {
    const { runCode } = await import('../../runs/[id]/copy-code.ts')
    return runCode({ trackingUri: session.server?.trackingUri ?? location.origin, id: row.id, key: undefined })[0]!.text
  }
  const items: MenuItem[] = [
    { text: 'Open', icon: 'ar', href },
    { text: 'Look at it here', icon: 'eye', key: 'Shift+Enter', run: () => onpeek(row.id) },
    { text: 'Open in a new tab', icon: 'ext', href, newTab: true },
    { text: 'Copy the ID', icon: 'copy', begins: true, run: () => void actions.copy(row.id, 'ID copied') },
    { text: 'Copy as code', icon: 'term', run: () => void actions.copy(python(), 'Copied as Python: mlflow.get_run(…)') },
  ]
  if (can.edit && !row.isGone) {
    items.push({ text: 'Rename', icon: 'edit', key: 'F2', begins: true, run: () => actions.askName(row) })
    items.push({ text: 'Tag…', icon: 'tag', run: () => actions.askTag(row) })
  }
  if (can.delete && !row.isGone)
    items.push({ text: 'Delete', icon: 'trash', isDangerous: true, begins: !can.edit, run: () => void actions.remove(row) })
  return items
}

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
