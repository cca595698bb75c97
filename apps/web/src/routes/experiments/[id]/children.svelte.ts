/**
 * What is nested in runs that are unfolded, where the table lists only runs that are nested in none: asked for when it is wanted, in the order
 * of the table, and again when the table is.
 */
import { untrack } from 'svelte'
import { SvelteMap } from 'svelte/reactivity'
import { query, type ResultOf, toApiError } from '#lib/api.ts'
import { toast } from '#lib/toasts.svelte.ts'
import { RunsPage } from './documents.ts'
import { Row } from './row.svelte.ts'
import type { Runs } from './rows.svelte.ts'
import { rowsOf } from './rows-of.ts'
import type { Order } from './view.ts'

interface Read {
  runs: Runs
  experiment: string
  order: readonly Order[]
  columns: readonly string[] | undefined
}

/** Runs of one request, and of one parent. */
const pageSize = 1_000
const most = 10_000

/** Called while a component is set up. */
export function openChildren(read: () => Read) {
  /** By the run they are nested in; empty while they are asked for. */
  const unfolded = new SvelteMap<string, readonly Row[]>()
  let stop = new AbortController()

  async function load(parent: string): Promise<void> {
    const { runs, experiment, order, columns } = untrack(read)
    const { signal } = stop
    const depth = (runs.byId(parent)?.depth ?? 0) + 1
    const rows: Row[] = []
    try {
      for (let after: string | null = null, more = true; more && rows.length < most; ) {
        const { runTable }: ResultOf<typeof RunsPage> = await query(
          RunsPage,
          {
            experiment,
            filter: `tags.\`mlflow.parentRunId\` = '${parent}'`,
            order: [...order],
            columns: [...(columns ?? [])],
            nest: true,
            first: pageSize,
            after,
          },
          { signal },
        )
        rows.push(...rowsOf(runTable, (run) => runs.byId(run.id) ?? new Row(run)))
        after = runTable.pageInfo.endCursor
        more = runTable.pageInfo.hasNextPage
      }
    } catch (error) {
      if (signal.aborted) return
      unfolded.delete(parent)
      toast(toApiError(error).message, { kind: 'error' })
      return
    }
    const above = runs.byId(parent)
    for (const row of rows) {
      row.depth = depth
      row.above = above
    }
    // Folded meanwhile.
    if (!unfolded.has(parent)) return
    runs.adopt(rows)
    unfolded.set(parent, rows)
  }

  // Others are listed, or other columns: what is unfolded comes again, those above first.
  $effect(() => {
    const { runs, columns } = read()
    void runs.loads
    void columns
    untrack(() => {
      stop.abort()
      stop = new AbortController()
      void [...unfolded.keys()].reduce((before, parent) => before.then(() => load(parent)), Promise.resolve())
    })
  })
  $effect(() => () => stop.abort())

  return {
    /** Rows below that one, if it is unfolded. */
    of: (id: string): readonly Row[] | undefined => unfolded.get(id),
    get isAny(): boolean {
      return unfolded.size > 0
    },
    toggle(id: string): void {
      if (unfolded.delete(id)) return
      unfolded.set(id, [])
      void load(id)
    },
    clear: () => unfolded.clear(),
  }
}

export type Children = ReturnType<typeof openChildren>
