/** The keys in use in an experiment: what the filter suggests, the column chooser lists and the charts show. At most 5 000. */
import { untrack } from 'svelte'
import { type ApiError, query, toApiError } from '#lib/api.ts'
import { type Column, columnRef, defaultColumns, type Kind } from './columns.ts'
import { Keys } from './documents.ts'

/** A run that logs much is asked about once in a while, ms. */
const againAfter = 1_500

/** Called while a component is set up. They are read again, a little later, when what `read` reads changes. */
export function openKeys(read: () => { experiment: string; changes: number }) {
  let all = $state.raw<readonly Column[] | undefined>()
  let defaults = $state.raw<readonly Column[] | undefined>()
  let hasMore = $state(false)
  let error = $state.raw<ApiError | undefined>()
  let timer: ReturnType<typeof setTimeout> | undefined
  const { experiment } = untrack(read)

  async function load(): Promise<void> {
    timer = undefined
    try {
      const { nodes, pageInfo } = (await query(Keys, { experiment })).columns
      hasMore = pageInfo.hasNextPage
      if (all !== undefined && all.length === nodes.length) return
      all = nodes.map(({ kind, key }) => {
        const small = kind.toLowerCase() as Kind
        return { ref: columnRef(small, key), kind: small, key }
      })
      defaults = defaultColumns(all, defaults)
      error = undefined
    } catch (caught) {
      error = toApiError(caught)
      // The table does without: it shows what every run has.
      defaults ??= defaultColumns([])
    }
  }

  void load()
  $effect(() => {
    if (read().changes > 0) timer ??= setTimeout(load, againAfter)
  })
  $effect(() => () => clearTimeout(timer))

  return {
    /** Metrics, params and tags, by kind and name. Empty until they are loaded. */
    get all(): readonly Column[] {
      return all ?? []
    },
    /** True once they were asked for, whatever came of it. */
    get isKnown(): boolean {
      return all !== undefined || error !== undefined
    },
    /** What a view shows that names no columns; undefined until it is known. It only grows. */
    get defaults(): readonly Column[] | undefined {
      return defaults
    },
    /** True where there are more than these. */
    get hasMore(): boolean {
      return hasMore
    },
  }
}

export type KnownKeys = ReturnType<typeof openKeys>
