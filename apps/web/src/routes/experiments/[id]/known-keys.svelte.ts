/** The keys in use in an experiment: what the filter suggests and the column chooser lists. At most 5 000. */
import { query } from '#lib/api.ts'
import { connection } from '#lib/connection.svelte.ts'
import { type Column, columnRef, defaultColumns, type Kind } from './columns.ts'
import { Keys } from './documents.ts'

/** Keys a run brings are looked for this often while one is running, ms: at once where none is known, seldom where there are very many. */
const often = 1_000
const usual = 3_000
const seldom = 20_000
const veryMany = 500

/**
 * Called while a component is set up. They are asked for again, a little later, when `changes` grows, and from time to time while
 * `isLive`: the first point of a metric makes its key, and is no change of the run.
 */
export function openKeys(experiment: string, read: () => { changes: number; isLive: boolean }) {
  let all = $state.raw<readonly Column[] | undefined>()
  let defaults = $state.raw<readonly Column[] | undefined>()
  let hasMore = $state(false)
  let asks = $state(0)
  let timer: ReturnType<typeof setTimeout> | undefined

  function wait(): number {
    if (!all?.some(({ kind }) => kind === 'metric')) return often
    return all.length > veryMany ? seldom : usual
  }

  async function load(): Promise<void> {
    try {
      const { nodes, pageInfo } = (await query(Keys, { experiment })).columns
      hasMore = pageInfo.hasNextPage
      if (all?.length !== nodes.length) {
        all = nodes.map(({ kind, key }) => {
          const small = kind.toLowerCase() as Kind
          return { ref: columnRef(small, key), kind: small, key }
        })
        defaults = defaultColumns(all, defaults)
      }
    } catch {
      // The table does without: it shows what every run has.
      defaults ??= defaultColumns([])
    }
    asks++
  }

  function loadLater(): void {
    timer ??= setTimeout(() => {
      timer = undefined
      if (document.visibilityState === 'visible' && connection.state !== 'stale') void load()
      else asks++
    }, wait())
  }

  void load()
  $effect(() => {
    if (read().changes > 0) loadLater()
  })
  $effect(() => {
    void asks
    if (read().isLive) loadLater()
  })
  $effect(() => () => clearTimeout(timer))

  return {
    /** Metrics, params and tags, by kind and name. Empty until they are loaded. */
    get all(): readonly Column[] {
      return all ?? []
    },
    /** How often they were asked for. */
    get asks(): number {
      return asks
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
