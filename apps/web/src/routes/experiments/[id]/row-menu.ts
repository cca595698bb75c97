/** What the menu of a row offers. */
import { session } from '#lib/session.svelte.ts'
import type { MenuItem } from '#lib/ui/Menu.svelte'
import { runCode } from '../../runs/[id]/copy-code.ts'
import type { Actions } from './actions.svelte.ts'
import type { Row } from './row.svelte.ts'

export function rowMenu(row: Row, actions: Actions, can: { edit: boolean; delete: boolean }, onpeek: (id: string) => unknown): MenuItem[] {
  const href = `/runs/${row.id}`
  const [python] = runCode({ trackingUri: session.server?.trackingUri ?? location.origin, id: row.id, key: undefined })
  const items: MenuItem[] = [
    { text: 'Open', icon: 'ar', href },
    { text: 'Look at it here', icon: 'eye', key: 'Shift+Enter', run: () => onpeek(row.id) },
    { text: 'Open in a new tab', icon: 'ext', href, newTab: true },
    { text: 'Copy the ID', icon: 'copy', begins: true, run: () => void actions.copy(row.id, 'ID copied') },
    { text: 'Copy as code', icon: 'term', run: () => void actions.copy(python!.text, 'Copied as Python: mlflow.get_run(…)') },
  ]
  if (can.edit && !row.isGone) {
    items.push({ text: 'Rename', icon: 'edit', key: 'F2', begins: true, run: () => actions.askName(row) })
    items.push({ text: 'Tag…', icon: 'tag', run: () => actions.askTag(row) })
  }
  if (can.delete && !row.isGone)
    items.push({ text: 'Delete', icon: 'trash', isDangerous: true, begins: !can.edit, run: () => void actions.remove(row) })
  return items
}
