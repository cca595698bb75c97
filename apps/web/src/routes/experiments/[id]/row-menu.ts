/** What the menu of a row offers. */
import type { MenuItem } from '#lib/ui/Menu.svelte'
import type { Actions } from './actions.svelte.ts'
import type { Row } from './row.svelte.ts'

export function rowMenu(row: Row, actions: Actions, can: { edit: boolean; delete: boolean }): MenuItem[] {
  const href = `/runs/${row.id}`
  const python = `import mlflow\n\nrun = mlflow.get_run("${row.id}")\n`
  const items: MenuItem[] = [
    { text: 'Open', icon: 'ar', href },
    { text: 'Open in a new tab', icon: 'ext', href, newTab: true },
    { text: 'Copy the ID', icon: 'copy', begins: true, run: () => void actions.copy(row.id, 'ID copied') },
    { text: 'Copy as code', icon: 'term', run: () => void actions.copy(python, 'Copied as Python: mlflow.get_run(…)') },
  ]
  if (can.edit && !row.isGone) {
    items.push({ text: 'Rename', icon: 'edit', key: 'F2', begins: true, run: () => actions.askName(row) })
    items.push({ text: 'Tag…', icon: 'tag', run: () => actions.askTag(row) })
  }
  if (can.delete && !row.isGone)
    items.push({ text: 'Delete', icon: 'trash', isDangerous: true, begins: !can.edit, run: () => void actions.remove(row) })
  return items
}
