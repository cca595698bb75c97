/**
 * The runs of a view in groups: each group a line, and below an open one its first runs, more of them when asked for. Where runs change
 * the figures change in place; no line moves by itself until `refresh`. It is a list of rows as `openRuns` is, for which the lines that
 * are no runs are places without one.
 */
import { untrack } from 'svelte'
import { type ApiError, live, query, type ResultOf, toApiError } from '#lib/api.ts'
import { calmly } from '#lib/calmly.ts'
import { assignSlots, slotColor } from '#lib/colors.ts'
import { connection } from '#lib/connection.svelte.ts'
import { joinClauses, splitClauses } from './clauses.ts'
import type { Cell } from './columns.ts'
import { columnRef } from './columns.ts'
import { GroupsRing, type RunFacts, RunGroups, RunsPage } from './documents.ts'
import { Row } from './row.svelte.ts'
import type { Runs } from './rows.svelte.ts'
import { mostMeans, type Order } from './view.ts'

export interface GroupsWanted {
  experiment: string
  filter: string
  order: readonly Order[]
  /** Refs of metrics, params and tags of the rows. */
  columns: readonly string[]
  /** Refs that runs are grouped by. */
  by: readonly string[]
  /** Filters of the groups that are open. Undefined: the first one is. */
  open: readonly string[] | undefined
  /** Filters of the groups whose curves are drawn. Undefined: the first few. */
  means: readonly string[] | undefined
}

export type Group = ResultOf<typeof RunGroups>['runGroups']['groups'][number]

export type Line = { id: string; group: Group; isOpen: boolean } | { id: string; more: Group; left: number }

interface Members {
  rows: Row[]
  after: string | null
  isLoading: boolean
}

/** Runs of a group at first, and by each asking for more. */
const firstMembers = 10
const moreMembers = 100
/** Groups whose curves are drawn where nothing was chosen. */
const usualMeans = 5
const pageOfGroups = 100
/** What the server takes. */
const mostMetrics = 20
/** Figures are asked for again at most so often, ms. */
const pause = 2_000

/** Called while a component is set up. Undefined: nothing is grouped, and nothing is asked. `ontoggle` gets the groups open from now on, `onmeans` those drawn. */
export function openGroups(
  read: () => GroupsWanted | undefined,
  ontoggle: (open: readonly string[]) => void,
  onmeans: (filters: readonly string[]) => void,
) {
  let groups = $state.raw<readonly Group[]>([])
  let members = $state.raw<ReadonlyMap<string, Members>>(new Map())
  let total = $state(0)
  let state = $state<'loading' | 'ready' | 'error'>('loading')
  let error = $state.raw<ApiError | undefined>()
  let isReloading = $state(false)
  let changes = $state(0)
  let after: string | null = null
  let isPaging = false
  let stop = new AbortController()
  let cursor: string | null = null
  const known = new Map<string, Row>()

  // Compared as text, so that a step of the URL that changes nothing here asks for nothing.
  const question = $derived.by(() => {
    const wanted = read()
    if (!wanted) return undefined
    const { experiment, filter, by, columns, order } = wanted
    return JSON.stringify({
      experiment,
      filter,
      by,
      order,
      metrics: columns.filter((ref) => ref.startsWith('metrics.')).slice(0, mostMetrics),
    })
  })
  const columns = $derived(JSON.stringify(read()?.columns ?? []))
  const isOpen = (filter: string): boolean => {
    const open = read()?.open
    return open === undefined ? filter === groups[0]?.filter : open.includes(filter)
  }

  const drawn = $derived.by((): readonly Group[] => {
    const means = read()?.means
    return means === undefined ? groups.slice(0, usualMeans) : groups.filter(({ filter }) => means.includes(filter))
  })
  let slots: ReadonlyMap<string, number> = new Map()
  const colors = $derived.by(() => {
    slots = assignSlots(
      drawn.map(({ filter }) => filter),
      slots,
    )
    return slots
  })

  const lines = $derived.by(() => {
    const all: (Line | Row)[] = []
    for (const group of groups) {
      const open = isOpen(group.filter)
      all.push({ id: `group ${group.filter}`, group, isOpen: open })
      if (!open) continue
      const mine = members.get(group.filter)
      all.push(...(mine?.rows ?? []))
      const left = group.count - (mine?.rows.length ?? 0)
      if (mine && mine.after !== null && left > 0) all.push({ id: `more ${group.filter}`, more: group, left })
    }
    return all
  })
  const places = $derived(new Map(lines.map((line, i) => [line.id, i])))

  interface Question {
    experiment: string
    filter: string
    by: string[]
    order: Order[]
    metrics: string[]
  }

  function ask(
    { experiment, filter, by, metrics, order: [first] }: Question,
    page: { first: number; after: string | null },
    signal: AbortSignal,
  ) {
    const isKnown = first && (metrics.includes(first.by) || by.includes(first.by))
    return query(
      RunGroups,
      {
        experiment,
        filter: filter || null,
        by,
        metrics,
        // The best of each group is what it is sorted by.
        order: isKnown ? { by: first.by, descending: first.descending, figure: first.descending ? 'MAX' : 'MIN' } : null,
        ...page,
      },
      { signal },
    )
  }

  async function load(text: string): Promise<void> {
    stop.abort()
    stop = new AbortController()
    const { signal } = stop
    isReloading = true
    try {
      const { runGroups } = await ask(JSON.parse(text), { first: pageOfGroups, after: null }, signal)
      groups = runGroups.groups
      members = new Map()
      known.clear()
      total = runGroups.total.value
      after = runGroups.pageInfo.hasNextPage ? runGroups.pageInfo.endCursor : null
      error = undefined
      state = 'ready'
    } catch (caught) {
      if (signal.aborted) return
      error = toApiError(caught)
      if (state === 'loading') state = 'error'
    }
    isReloading = false
  }

  async function page(): Promise<void> {
    if (after === null || isPaging || !question) return
    isPaging = true
    const { signal } = stop
    try {
      const { runGroups } = await ask(JSON.parse(question), { first: pageOfGroups, after }, signal)
      const here = new Set(groups.map(({ filter }) => filter))
      groups = [...groups, ...runGroups.groups.filter(({ filter }) => !here.has(filter))]
      after = runGroups.pageInfo.hasNextPage ? runGroups.pageInfo.endCursor : null
    } catch (caught) {
      if (!signal.aborted) error = toApiError(caught)
    }
    isPaging = false
  }

  /** The figures as they are now. What is new comes last, what is gone stays with none. */
  const again = calmly(pause, async () => {
    if (!question || state !== 'ready') return
    const { signal } = stop
    try {
      const { runGroups } = await ask(
        JSON.parse(question),
        { first: Math.min(500, Math.max(pageOfGroups, groups.length)), after: null },
        signal,
      )
      if (signal.aborted) return
      const fresh = new Map(runGroups.groups.map((group) => [group.filter, group]))
      const kept = groups.map((group) => fresh.get(group.filter) ?? (after === null ? { ...group, count: 0 } : group))
      const here = new Set(groups.map(({ filter }) => filter))
      groups = after === null ? [...kept, ...runGroups.groups.filter(({ filter }) => !here.has(filter))] : kept
      total = runGroups.total.value
    } catch {
      // The figures on screen stay; the next change asks again.
    }
  })

  async function loadMembers(group: Group, most: number): Promise<void> {
    const wanted = read()
    const mine = members.get(group.filter) ?? { rows: [], after: null, isLoading: false }
    if (!wanted || mine.isLoading) return
    const { signal } = stop
    members = new Map(members).set(group.filter, { ...mine, isLoading: true })
    try {
      const { runTable } = await query(
        RunsPage,
        {
          experiment: wanted.experiment,
          filter: joinClauses([...splitClauses(wanted.filter), group.filter]),
          order: [...wanted.order],
          columns: [...wanted.columns],
          nest: false,
          first: most,
          after: mine.after,
        },
        { signal },
      )
      signal.throwIfAborted()
      const rows = runTable.runs.map((run, i) => {
        const row = known.get(run.id) ?? new Row(run)
        row.run = run
        row.cells = { ...row.cells, ...Object.fromEntries(runTable.columns.map(({ ref, values }) => [ref, values[i] as Cell])) }
        known.set(run.id, row)
        return row
      })
      const { hasNextPage, endCursor } = runTable.pageInfo
      members = new Map(members).set(group.filter, {
        rows: [...mine.rows, ...rows],
        after: hasNextPage ? endCursor : null,
        isLoading: false,
      })
      error = undefined
    } catch (caught) {
      if (signal.aborted) return
      error = toApiError(caught)
      members = new Map(members).set(group.filter, { ...mine, isLoading: false })
    }
  }

  function refresh(): void {
    if (question) void load(question)
  }

  $effect(() => {
    const text = question
    if (text === undefined) return
    void connection.returns
    untrack(() => void load(text))
  })
  // What is open has rows; other columns of them are asked for anew.
  let columnsOf = ''
  $effect(() => {
    const other = columns !== columnsOf
    columnsOf = columns
    const wanted = groups.filter(({ filter }) => isOpen(filter))
    untrack(() => {
      if (other) members = new Map()
      for (const group of wanted) if (!members.has(group.filter)) void loadMembers(group, firstMembers)
    })
  })
  $effect(() => {
    const experiment = read()?.experiment
    if (experiment === undefined) return
    return live(
      GroupsRing,
      () => ({ experiment, after: cursor }),
      ({ runsChanged }) => {
        cursor = runsChanged.cursor
        changes++
        for (const run of runsChanged.runs) {
          const row = known.get(run.id)
          if (!row) continue
          row.run = run
          row.isGone = run.deletedAt !== null
        }
        again.ring()
      },
    )
  })
  $effect(() => () => {
    stop.abort()
    again.stop()
  })

  const rowAt = (index: number): Row | undefined => {
    const line = lines[index]
    return line instanceof Row ? line : undefined
  }

  const list: Runs = {
    get state() {
      return state
    },
    get error() {
      return error
    },
    get isReloading() {
      return isReloading
    },
    get total() {
      return { value: groups.reduce((sum, { count }) => sum + count, 0), exact: after === null }
    },
    get count() {
      return lines.length
    },
    get reached() {
      return lines.length
    },
    fresh: new Set<string>(),
    get changes() {
      return changes
    },
    // Nothing is nested in groups.
    loads: 0,
    adopt() {},
    at: rowAt,
    byId(id) {
      void lines
      return known.get(id)
    },
    head: (most) => lines.filter((line) => line instanceof Row).slice(0, most),
    look(_from, to) {
      if (to >= lines.length - 20) void page()
    },
    refresh,
    patch(ids, change) {
      for (const id of ids) {
        const row = known.get(id)
        if (!row) continue
        row.run = { ...row.run, ...(change(id) as Partial<RunFacts>) }
        row.isGone = row.run.deletedAt !== null
      }
    },
    setTag(ids, key, value) {
      const ref = columnRef('tag', key)
      for (const id of ids) {
        const row = known.get(id)
        if (row && ref in row.cells) row.set({ [ref]: value })
      }
    },
  }

  return {
    list,
    /** How many groups there are. */
    get total() {
      return total
    },
    /** The line at a place that is no run's. */
    line(index: number): Line | undefined {
      const line = lines[index]
      return line instanceof Row ? undefined : line
    },
    /** Where a line stands, a run's or another's; -1 where there is none. */
    placeOf: (id: string): number => places.get(id) ?? -1,
    toggle(group: Group): void {
      const open = groups.filter(({ filter }) => isOpen(filter)).map(({ filter }) => filter)
      ontoggle(open.includes(group.filter) ? open.filter((each) => each !== group.filter) : [...open, group.filter])
    },
    /** Groups whose curves are drawn. */
    get drawn() {
      return drawn
    },
    /** Of a group's curve; undefined where it is not drawn. */
    color({ filter }: Group): string | undefined {
      const slot = colors.get(filter)
      return slot === undefined ? undefined : slotColor(slot)
    },
    /** Draws the curve of a group, or takes it away. */
    draw({ filter }: Group): void {
      const before = drawn.map((group) => group.filter)
      onmeans(before.includes(filter) ? before.filter((each) => each !== filter) : [...before, filter].slice(-mostMeans))
    },
    more: (group: Group) => loadMembers(group, moreMembers),
  }
}

export type Groups = ReturnType<typeof openGroups>
