/** The saved views of an experiment, kept current; and what is done with them. */
import { live, mutate, query, toApiError } from '#lib/api.ts'
import { toast } from '#lib/toasts.svelte.ts'
import { columnsOf } from './columns.ts'
import { CreateView, DeleteView, Keys, type SavedView, SavedViewsChanged, ShareView, UpdateView } from './documents.ts'
import { readView, type View, writeView } from './view.ts'

/** What a file of a view holds. */
interface ViewFile {
  tidegateView: 1
  name: string
  query: string
}

/** A view's query string, without that of which view it is. */
export const queryOf = (view: View): string => writeView({ ...view, saved: undefined, peek: undefined }).slice(1)

/** What a page at a saved view begins with. */
export const viewOf = ({ id, query }: Pick<SavedView, 'id' | 'query'>): View => ({ ...readView(new URLSearchParams(query)), saved: id })

/** Called while a component is set up. */
export function openViews(experiment: string) {
  let all = $state.raw<readonly SavedView[] | undefined>()

  $effect(() =>
    live(SavedViewsChanged, { experiment }, ({ savedViewsChanged }) => {
      all = savedViewsChanged.views
    }),
  )

  /** Says what went wrong, and answers undefined then. */
  async function tried<T>(work: Promise<T>): Promise<T | undefined> {
    try {
      return await work
    } catch (error) {
      toast(toApiError(error).message, { kind: 'error' })
      return undefined
    }
  }

  async function create(name: string, view: View, sharing?: { shared: boolean; isDefault: boolean }): Promise<SavedView> {
    const { createSavedView } = await mutate(CreateView, { experiment, name, query: queryOf(view) })
    const made = createSavedView.view
    // It is there before the server's own word of it.
    all = [...(all ?? []).filter(({ id }) => id !== made.id), made]
    if (sharing?.shared) await mutate(ShareView, { id: made.id, ...sharing })
    return made
  }

  return {
    /** Undefined until they are loaded. */
    get all(): readonly SavedView[] | undefined {
      return all
    },
    byId: (id: string | undefined): SavedView | undefined => all?.find((view) => view.id === id),
    /** Throws what the server refuses. */
    create,
    save: (id: string, view: View) => tried(mutate(UpdateView, { id, query: queryOf(view), name: null })),
    /** Throws what the server refuses. */
    rename: (id: string, name: string) => mutate(UpdateView, { id, name, query: null }),
    share: (id: string, shared: boolean, isDefault = false) => tried(mutate(ShareView, { id, shared, isDefault })),
    async remove(view: SavedView): Promise<boolean> {
      if (!(await tried(mutate(DeleteView, { id: view.id })))) return false
      const { name, shared, isDefault } = view
      toast(`The view ${name} is deleted`, { undo: () => void tried(create(name, viewOf(view), { shared, isDefault })) })
      return true
    },
    /** Downloads it. */
    write({ name, query }: SavedView): void {
      const file: ViewFile = { tidegateView: 1, name, query }
      const link = document.createElement('a')
      link.href = URL.createObjectURL(new Blob([`${JSON.stringify(file, null, 2)}\n`], { type: 'application/json' }))
      link.download = `${name.replace(/[^\p{L}\p{N}_-]+/gu, '-').slice(0, 60) || 'view'}.view.json`
      link.click()
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
    },
    /** Keeps the view of a file here, and says which of its columns this experiment has not. */
    async read(file: File): Promise<SavedView | undefined> {
      let held: Partial<ViewFile>
      try {
        held = file.size < 100_000 ? JSON.parse(await file.text()) : {}
      } catch {
        held = {}
      }
      if (held?.tidegateView !== 1 || typeof held.name !== 'string' || typeof held.query !== 'string') {
        toast(`${file.name} is no saved view: choose a file that "Export as a file" has written.`, { kind: 'error' })
        return undefined
      }
      const view = readView(new URLSearchParams(held.query))
      const made = await tried(create(held.name, view))
      if (!made) return undefined
      const names = (await tried(query(Keys, { experiment })))?.columns
      const known = new Set(names && columnsOf(names).map(({ ref }) => ref))
      const lacking = [...(view.columns ?? []), ...view.group].filter((ref) => /^(metrics|params|tags)\./.test(ref) && !known.has(ref))
      toast(
        lacking.length === 0
          ? `${made.name} is here`
          : `${made.name} is here. This experiment has not: ${lacking.slice(0, 5).join(', ')}${lacking.length > 5 ? ' …' : ''}`,
      )
      return made
    },
  }
}

export type Views = ReturnType<typeof openViews>
