/** The values of the runs that pass, a column each, for plots: at most 10 000 runs, the newest. Asked for again as runs change, calmly. */
import { untrack } from 'svelte'
import { type ApiError, graphql, query, toApiError } from '#lib/api.ts'
import type { Cell } from '../columns.ts'

const RunValues = graphql(`
  query RunValues($experiment: ID!, $filter: String, $columns: [String!]!, $first: Int!, $after: String) {
    runTable(experiments: [$experiment], filter: $filter, columns: $columns, first: $first, after: $after) {
      columns { ref values }
      total { value exact }
      pageInfo { hasNextPage endCursor }
    }
  }
`)

export const mostRuns = 10_000
/** What one request may cost the server, less than its limit: a run costs its columns. */
const mostCost = 150_000
/** Ids and names come as columns too: ten thousand objects would take as long as all else. */
const [idRef, nameRef] = ['attributes.run_id', 'attributes.run_name']
/** Between two requests, ms; ten times what the last one took where that is longer. */
const pause = 2_000

export interface Values {
  ids: readonly string[]
  names: readonly string[]
  cells: ReadonlyMap<string, readonly Cell[]>
  /** Runs that pass, and whether that is their exact number. */
  total: { value: number; exact: boolean }
}

interface Wanted {
  experiment: string
  filter: string
  refs: readonly string[]
  /** Grows as runs change. */
  changes: number
}

async function load({ experiment, filter, refs }: Wanted, signal: AbortSignal): Promise<Values> {
  const ids: string[] = []
  const names: string[] = []
  const cells = new Map<string, Cell[]>(refs.map((ref) => [ref, []]))
  const columns = [idRef, nameRef, ...refs]
  const page = Math.min(mostRuns, Math.floor(mostCost / (columns.length + 2)))
  let after: string | null = null
  for (;;) {
    const first = Math.min(page, mostRuns - ids.length)
    const { runTable }: { runTable: Page } = await query(
      RunValues,
      { experiment, filter: filter || null, columns, first, after },
      { signal },
    )
    signal.throwIfAborted()
    const [own, called, ...others] = runTable.columns
    for (const [i, id] of (own!.values as string[]).entries()) {
      ids.push(id)
      names.push((called!.values[i] as string) || id.slice(0, 8))
    }
    for (const { ref, values } of others) {
      const column = cells.get(ref)!
      for (const value of values) column.push(value)
    }
    after = runTable.pageInfo.endCursor
    if (!runTable.pageInfo.hasNextPage || ids.length >= mostRuns) return { ids, names, cells, total: runTable.total }
  }
}

interface Page {
  columns: { ref: string; values: Cell[] }[]
  total: { value: number; exact: boolean }
  pageInfo: { hasNextPage: boolean; endCursor: string | null }
}

/** Called while a component is set up. Nothing is asked for while there are no columns. */
export function openValues(read: () => Wanted) {
  let values = $state.raw<Values | undefined>()
  let error = $state.raw<ApiError | undefined>()
  let stop = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  let isAsking = false
  let isStale = false
  let took = 0
  let ended = 0
  /** What the last request asked, but for changes of runs. */
  let asked = ''

  async function ask(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    stop.abort()
    stop = new AbortController()
    const { signal } = stop
    const wanted = untrack(read)
    if (wanted.refs.length === 0) return
    isAsking = true
    isStale = false
    const began = performance.now()
    try {
      values = await load(wanted, signal)
      error = undefined
    } catch (caught) {
      if (signal.aborted) return
      error = toApiError(caught)
    }
    ended = performance.now()
    took = ended - began
    isAsking = false
    if (isStale) askLater()
  }

  function askLater(): void {
    isStale = true
    if (isAsking) return
    timer ??= setTimeout(() => void ask(), Math.max(0, ended + Math.max(pause, 10 * took) - performance.now()))
  }

  $effect(() => {
    const { experiment, filter, refs, changes } = read()
    const next = JSON.stringify([experiment, filter, refs])
    untrack(() => {
      if (next !== asked) {
        asked = next
        void ask()
      } else if (changes > 0) askLater()
    })
  })
  $effect(() => () => {
    stop.abort()
    clearTimeout(timer)
  })

  return {
    /** The last that were loaded, also while others are. */
    get current() {
      return values
    },
    get error() {
      return error
    },
    reload: () => void ask(),
  }
}
