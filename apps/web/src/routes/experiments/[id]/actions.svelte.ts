/**
 * What can be done to runs of the table: one request for all of them, which the server does whole or not at all. The page shows it at once;
 * every one can be taken back.
 */
import { mutate, query, toApiError } from '#lib/api.ts'
import { formatCount } from '#lib/format.ts'
import { toast } from '#lib/toasts.svelte.ts'
import { AllRuns, DeleteRuns, RenameRow, RestoreRuns, type TagChange, TagRuns } from './documents.ts'
import { type Row, shownName } from './row.svelte.ts'
import type { Runs } from './rows.svelte.ts'
import type { Selected } from './selection.svelte.ts'
import type { Table } from './table.svelte.ts'
import type { Order } from './view.ts'

/** Runs that the server changes at once. */
export const mostAtOnce = 10_000
/** Runs that a page compares. */
export const mostCompared = 200

interface Read {
  runs: Runs
  table: Table
  cursorRow: () => Row | undefined
  can: { edit: boolean; delete: boolean }
  say: (text: string) => void
}

const counted = (runs: readonly Selected[]): string => (runs.length === 1 ? shownName(runs[0]!) : `${formatCount(runs.length)} runs`)
const refuse = (error: unknown): void => void toast(toApiError(error).message, { kind: 'error' })

/** Called while a component is set up. */
export function openActions(read: () => Read) {
  /** Those whose tag is asked for. */
  let tagging = $state.raw<readonly Selected[] | undefined>()
  let isSelectingAll = $state(false)

  /** The selected, or else the one under the cursor; undefined, and told, where they are more than the server takes. */
  function chosen(row?: Row): readonly Selected[] | undefined {
    const { table, cursorRow } = read()
    const { selection } = table
    const one = row ?? cursorRow()
    const all = !row && selection.size > 0 ? selection.runs : one ? [one.run] : []
    if (all.length <= mostAtOnce) return all.length > 0 ? all : undefined
    toast(`At most ${formatCount(mostAtOnce)} runs are changed at once, and ${formatCount(all.length)} are selected.`, { kind: 'error' })
    return undefined
  }

  async function remove(row?: Row): Promise<void> {
    const { runs, table, can } = read()
    const gone = chosen(row)?.filter(({ id }) => runs.byId(id)?.run.deletedAt == null)
    if (!can.delete || !gone?.length) return
    try {
      const { deleteRuns } = await mutate(DeleteRuns, { ids: gone.map(({ id }) => id) })
      const deleted = new Map(deleteRuns.runs.map((run) => [run.id, run.deletedAt]))
      runs.patch(deleted.keys(), (id) => ({ deletedAt: deleted.get(id) ?? null }))
      for (const { id } of gone) table.selection.remove(id)
      const done = gone.filter(({ id }) => deleted.has(id))
      if (done.length > 0) toast(`${counted(done)} deleted`, { undo: () => restore(done) })
    } catch (error) {
      refuse(error)
    }
  }

  async function restore(gone: readonly Selected[]): Promise<void> {
    try {
      await mutate(RestoreRuns, { ids: gone.map(({ id }) => id) })
      read().runs.patch(
        gone.map(({ id }) => id),
        () => ({ deletedAt: null }),
      )
    } catch (error) {
      refuse(error)
    }
  }

  async function changeTag(key: string, changes: readonly TagChange[]): Promise<{ count: number; before: readonly TagChange[] }> {
    const { tagRuns } = await mutate(TagRuns, { input: { key, changes: changes.map(({ value, runs }) => ({ value, runs: [...runs] })) } })
    const { runs } = read()
    for (const { value, runs: ids } of changes) runs.setTag(ids, key, value)
    return tagRuns
  }

  return {
    get tagging() {
      return tagging
    },
    get isSelectingAll() {
      return isSelectingAll
    },
    remove,
    /** Asks which tag. */
    askTag(row?: Row): void {
      if (read().can.edit) tagging = chosen(row)
    },
    closeTag(): void {
      tagging = undefined
    },
    /** Gives those that were asked about a tag, or takes it away. Throws ApiError. */
    async tag(key: string, value: string | null): Promise<void> {
      const asked = tagging ?? []
      const { count, before } = await changeTag(key, [{ value, runs: asked.map(({ id }) => id) }])
      tagging = undefined
      if (count === 0) toast(value === null ? `None of them had the tag ${key}` : `${counted(asked)} had that tag already`)
      else {
        const what = count === 1 && asked.length === 1 ? counted(asked) : `${formatCount(count)} ${count === 1 ? 'run' : 'runs'}`
        toast(
          value === null ? `${key} taken from ${what}` : `${what} tagged ${key}: ${value.length > 40 ? `${value.slice(0, 40)}…` : value}`,
          {
            undo: () => changeTag(key, before).then(() => {}, refuse),
          },
        )
      }
    },
    /** Begins to rename in place. */
    askName(row: Row | undefined): void {
      const { table, can } = read()
      if (row && can.edit && !row.isGone) table.renaming = row.id
    },
    async rename(row: Row, name: string): Promise<void> {
      const { table, runs } = read()
      table.renaming = undefined
      const before = row.run.name
      if (name.trim() === '' || name === before) return
      const put = async (name: string) => {
        runs.patch([row.id], () => ({ name }))
        await mutate(RenameRow, { input: { id: row.id, name } })
      }
      try {
        await put(name)
        toast('Renamed', { undo: () => put(before).catch(refuse) })
      } catch (error) {
        runs.patch([row.id], () => ({ name: before }))
        refuse(error)
      }
    },
    /** Selects every run that passes, in the order of the table, up to as many as can be changed at once. */
    async selectAll({ experiment, filter, order }: { experiment: string; filter: string; order: readonly Order[] }): Promise<void> {
      const { table, say } = read()
      isSelectingAll = true
      try {
        const found = await query(AllRuns, { experiment, filter: filter || null, order: [...order], first: mostAtOnce })
        table.selection.addAll(found.searchRuns.nodes)
        say(`${formatCount(table.selection.size)} selected`)
        if (found.searchRuns.pageInfo.hasNextPage) toast(`The first ${formatCount(mostAtOnce)} are selected: no more are changed at once.`)
      } catch (error) {
        refuse(error)
      }
      isSelectingAll = false
    },
    async copy(text: string | Promise<string>, told: string): Promise<void> {
      try {
        await navigator.clipboard.writeText(await text)
        toast(told)
      } catch {
        toast('This browser did not let the page copy.', { kind: 'error' })
      }
    },
  }
}

export type Actions = ReturnType<typeof openActions>
