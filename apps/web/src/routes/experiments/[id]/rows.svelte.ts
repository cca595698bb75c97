/**
 * The runs of a view: loaded in pages as they come on screen, kept current while they are there. Rows never move by themselves: what is
 * new waits until `refresh`, and what no longer belongs is dim until then.
 */
import { untrack } from 'svelte'
import { type ApiError, live, query, type ResultOf, toApiError } from '#lib/api.ts'
import { connection } from '#lib/connection.svelte.ts'
import { cellsOf, keysOf } from './cells.ts'
import { joinClauses, splitClauses } from './clauses.ts'
import { columnRef } from './columns.ts'
import { MatchingRuns, NewestStart, PassRuns, RowCells, type RunFacts, RunsChanged, RunsPage } from './documents.ts'
import { Row } from './row.svelte.ts'
import { nestedRows, rowsOf, type TablePage } from './rows-of.ts'
import { longestPass, type Mark, nextAsk, pageSize, place } from './sparse.ts'
import type { Order } from './view.ts'

export interface Wanted {
  experiment: string
  filter: string
  /** None: newest first. */
  order: readonly Order[]
  /** Refs of metrics, params and tags. Undefined while it is not known which. */
  columns: readonly string[] | undefined
  /** Only runs that are nested in none, each with how many are nested in it. */
  nest: boolean
}

type Changed = ResultOf<typeof RunsChanged>['runsChanged']['runs'][number]

/** Changes are judged together, this long after the first, ms. */
const judgeAfter = 400
/** Runs judged, and rows filled in, by one request. */
const mostAtOnce = 200

/** That a run is nested in none. */
const isRoot = 'tags.mlflow.parentRunId IS NULL'

/** What the list is filtered by. */
export const filterOf = ({ filter, nest }: Pick<Wanted, 'filter' | 'nest'>): string =>
  nest ? joinClauses([...splitClauses(filter), isRoot]) : filter

/** Called while a component is set up. `read` is read again when what it reads changes. */
export function openRuns(read: () => Wanted) {
  let slots: (Row | undefined)[] = []
  let marks: Mark[] = []
  let known = new Map<string, Row>()
  /** Grows when rows are put in, so that whoever shows them looks again. */
  let version = $state(0)
  let state = $state<'loading' | 'ready' | 'error'>('loading')
  let error = $state.raw<ApiError | undefined>()
  let isReloading = $state(false)
  let total = $state.raw({ value: 0, exact: true })
  /** Where the list ends, once that was seen. */
  let end = $state<number | undefined>()
  /** The row behind the last that is known to be. */
  let reached = $state(0)
  let fresh = $state.raw<ReadonlySet<string>>(new Set())
  let changes = $state(0)
  let loads = $state(0)

  let wanted: Wanted | undefined
  /** What the rows on screen answer; behind `wanted` while that is being loaded. */
  let shown: Wanted | undefined
  let stop = new AbortController()
  /** The newest start when the rows were loaded, ms since 1970. */
  let newest = 0
  let cursor: string | null = null
  let range: readonly [number, number] = [0, 0]
  let isFilling = false
  /** Someone asked for more while it was filling. */
  let isLacking = false

  const search = (view: Wanted) => ({ experiment: view.experiment, filter: filterOf(view) || null, order: [...view.order] })

  async function page(view: Wanted, at: { first: number; after: string | null }, signal: AbortSignal): Promise<TablePage> {
    const { runTable } = await query(
      RunsPage,
      { ...search(view), columns: [...(view.columns ?? [])], nest: view.nest, first: at.first, after: at.after },
      { signal },
    )
    signal.throwIfAborted()
    return runTable
  }

  /** Children stand below their parents where the order is by time: sorted, each stands where its values put it. Runs that were there keep their row. */
  function toRows(view: Wanted, table: TablePage): Row[] {
    const rowOf = (run: RunFacts) => known.get(run.id) ?? new Row(run)
    return view.nest || view.order.length > 0 ? rowsOf(table, rowOf) : nestedRows(table, rowOf)
  }

  function put(rows: readonly Row[], at: number, { pageInfo, total: count }: TablePage): void {
    const next = place(slots, known, at, rows)
    if (pageInfo.hasNextPage) marks.push({ at: next, after: pageInfo.endCursor })
    else end = next
    total = count
    reached = Math.max(reached, next)
    error = undefined
    version++
  }

  /** From the beginning. What is on screen stays until the first page is there. */
  async function load(view: Wanted): Promise<void> {
    stop.abort()
    stop = new AbortController()
    const { signal } = stop
    if (wanted?.experiment !== view.experiment) {
      slots = []
      known = new Map()
      cursor = null
      state = 'loading'
      version++
    }
    wanted = view
    isReloading = true
    try {
      const first = page(view, { first: pageSize, after: null }, signal)
      const [{ searchRuns }, table] = await Promise.all([query(NewestStart, { experiment: view.experiment }, { signal }), first])
      newest = searchRuns.nodes[0]?.startedAt ?? 0
      const rows = toRows(view, table)
      slots = []
      marks = []
      known = new Map()
      end = undefined
      reached = 0
      fresh = new Set()
      shown = view
      state = 'ready'
      put(rows, 0, table)
      loads++
    } catch (caught) {
      if (signal.aborted) return
      error = toApiError(caught)
      if (state === 'loading') state = 'error'
    }
    isReloading = false
    void fill()
  }

  /** Loads what is missing of the range that is looked at, one request after another, always for the newest range. */
  async function fill(): Promise<void> {
    isLacking = true
    if (isFilling || isReloading || !shown) return
    isFilling = true
    isLacking = false
    const { signal } = stop
    const view = shown
    let longest = longestPass
    try {
      for (;;) {
        const next = nextAsk(slots, marks, range[0], Math.min(range[1], end ?? range[1]), longest)
        if (next === undefined) break
        if (next.pass) {
          const { searchRuns } = await query(PassRuns, { ...search(view), first: next.first, after: next.after }, { signal })
          signal.throwIfAborted()
          const { hasNextPage, endCursor } = searchRuns.pageInfo
          // Shorter than it was thought to be: feel for its end in smaller steps.
          if (!hasNextPage) longest = Math.floor(next.first / 2)
          else {
            marks.push({ at: next.at + next.first, after: endCursor })
            reached = Math.max(reached, next.at + next.first)
          }
        } else {
          const table = await page(view, next, signal)
          put(toRows(view, table), next.at, table)
        }
      }
      await complete(signal)
    } catch (caught) {
      if (!signal.aborted) error = toApiError(caught)
    }
    isFilling = false
    // Asked for meanwhile, and not done because of this.
    if (isLacking) void fill()
  }

  /** Asks for the cells of columns that were chosen after their rows had been loaded. */
  async function complete(signal: AbortSignal): Promise<void> {
    const columns = wanted?.columns ?? []
    const rows = slots.slice(range[0], range[1]).filter((row) => row !== undefined)
    const lacking = new Set(rows.flatMap(({ cells }) => columns.filter((ref) => !(ref in cells))))
    if (lacking.size === 0) return
    const some = rows.filter(({ cells }) => columns.some((ref) => !(ref in cells))).slice(0, mostAtOnce)
    const { runs } = await query(RowCells, { ids: some.map((row) => row.id), ...keysOf([...lacking]) }, { signal })
    signal.throwIfAborted()
    const nothing = Object.fromEntries([...lacking].map((ref) => [ref, null]))
    for (const row of some) row.cells = { ...nothing, ...row.cells }
    for (const run of runs) {
      const row = run && known.get(run.id)
      if (row) row.cells = { ...row.cells, ...cellsOf(run) }
    }
    await complete(signal)
  }

  let changed = new Map<string, Changed>()
  let timer: ReturnType<typeof setTimeout> | undefined

  function take(runs: readonly Changed[]): void {
    for (const run of runs) {
      const row = known.get(run.id)
      if (row) {
        const { metrics, params, tags, ...facts } = run
        row.run = facts
        row.isGone ||= run.deletedAt !== null
        row.set(cellsOf({ metrics, params, tags }))
      } else if (run.deletedAt !== null && fresh.has(run.id)) fresh = new Set([...fresh].filter((id) => id !== run.id))
      changed.set(run.id, run)
    }
    timer ??= setTimeout(() => void judge(), judgeAfter)
  }

  /** Which of the changed runs are new to this view, and which have left it: the server judges the filter. */
  async function judge(): Promise<void> {
    const runs = [...changed.values()].filter((run) => run.deletedAt === null)
    changed = new Map()
    timer = undefined
    changes++
    if (!shown) return
    const { signal } = stop
    const candidates = runs.filter((run) => known.has(run.id) || isNew(run)).slice(0, mostAtOnce)
    if (candidates.length === 0) return
    let matching = new Set(candidates.map((run) => run.id))
    if (filterOf(shown)) {
      const ids = candidates.map((run) => `'${run.id}'`).join(', ')
      const filter = joinClauses([...splitClauses(filterOf(shown)), `attributes.run_id IN (${ids})`])
      try {
        const found = await query(MatchingRuns, { experiment: shown.experiment, filter, first: candidates.length }, { signal })
        matching = new Set(found.searchRuns.nodes.map((run) => run.id))
      } catch {
        // Unjudged, they stay as they are; the next refresh shows how it is.
        return
      }
    }
    if (signal.aborted) return
    const additions: string[] = []
    for (const { id } of candidates) {
      const row = known.get(id)
      if (row) row.isGone = row.run.deletedAt !== null || (!matching.has(id) && !(shown.nest && row.depth > 0))
      else if (matching.has(id)) additions.push(id)
    }
    if (additions.length === 0) return
    fresh = new Set([...fresh, ...additions])
    // Where nothing is, nothing can move: the first runs come in by themselves.
    if (slots.length === 0) refresh()
  }

  /** A run that is not loaded is new if it began after all that were there, or if all that were there are loaded. */
  const isNew = (run: RunFacts): boolean => !fresh.has(run.id) && (run.startedAt > newest || (end === reached && slots.length === reached))

  function refresh(): void {
    if (wanted) void load(wanted)
  }

  $effect(() => {
    const view = read()
    if (view.columns === undefined) return
    untrack(() => {
      const isSame = wanted && state !== 'error' && JSON.stringify(search(wanted)) === JSON.stringify(search(view))
      if (!isSame) return void load(view)
      // Other columns of the same rows: those stay, and what they lack is filled in.
      wanted = view
      if (shown && !isReloading) shown = view
      void fill()
    })
  })

  $effect(() => {
    const { experiment, columns } = read()
    if (columns === undefined) return
    return live(
      RunsChanged,
      () => ({ experiment, after: cursor, ...keysOf(columns) }),
      ({ runsChanged }) => {
        cursor = runsChanged.cursor
        take(runsChanged.runs)
      },
    )
  })

  // What failed while the line was lost is asked again when it is back.
  $effect(() => {
    if (connection.returns > 0) untrack(() => error && refresh())
  })

  $effect(() => () => {
    stop.abort()
    clearTimeout(timer)
  })

  return {
    get state() {
      return state
    },
    /** Of the last request; rows may be there all the same. */
    get error() {
      return error
    },
    /** True while other rows than those on screen are asked for. */
    get isReloading() {
      return isReloading
    },
    get total() {
      return total
    },
    /** How many rows there are. Undefined while only `reached` is known. */
    get count(): number | undefined {
      return end ?? (total.exact ? Math.max(total.value, reached) : undefined)
    },
    get reached() {
      return reached
    },
    /** Ids of runs that match and are not in the table yet. */
    get fresh() {
      return fresh
    },
    /** Grows when runs changed: they may have brought new keys. */
    get changes() {
      return changes
    },
    /** Grows when the list was loaded from its beginning. */
    get loads() {
      return loads
    },
    /** Undefined where it is not loaded. */
    at(index: number): Row | undefined {
      void version
      return slots[index]
    },
    byId(id: string): Row | undefined {
      void version
      return known.get(id)
    },
    /** Those of the first `most` rows that are loaded. */
    head(most: number): Row[] {
      void version
      return slots.slice(0, most).filter((row) => row !== undefined)
    },
    /** Says which rows are on screen; what is within two pages below or half a page above is loaded as well. */
    look(from: number, to: number): void {
      range = [Math.max(0, from - pageSize / 2), to + 2 * pageSize]
      void fill()
    },
    refresh,
    /** Keeps rows current that are not of the list: those nested in it. */
    adopt(rows: readonly Row[]): void {
      for (const row of rows) known.set(row.id, row)
      version++
    },
    /** Puts in what a mutation changed of runs. */
    patch(ids: Iterable<string>, change: (id: string) => Partial<RunFacts>): void {
      for (const id of ids) {
        const row = known.get(id)
        if (!row) continue
        row.run = { ...row.run, ...change(id) }
        row.isGone = row.run.deletedAt !== null
      }
    },
    setTag(ids: readonly string[], key: string, value: string | null): void {
      const ref = columnRef('tag', key)
      for (const id of ids) {
        const row = known.get(id)
        if (row && ref in row.cells) row.set({ [ref]: value })
      }
    },
  }
}

export type Runs = ReturnType<typeof openRuns>
