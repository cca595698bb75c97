/**
 * The runs that are compared, kept current while one of them is live. Subscriptions only ring; what is shown is read again, so a lost line
 * leaves nothing out. A run that cannot be had is said, and the others stay.
 */
import { untrack } from 'svelte'
import { type ApiError, live, query, toApiError } from '#lib/api.ts'
import { calmly } from '#lib/calmly.ts'
import { connection } from '#lib/connection.svelte.ts'
import { ComparedChanged, ComparedPoints, type ComparedRun, ComparedRuns } from './documents.ts'

/** Runs of one request: of thousands of metrics each it still is a moderate answer. */
const atOnce = 25
/** They are read again at most so often, ms. */
const pause = 1_000

/** Called while a component is set up. */
export function openCompared(read: () => readonly string[]) {
  let runs = $state.raw<ReadonlyMap<string, ComparedRun>>(new Map())
  let unknown = $state.raw<ReadonlySet<string>>(new Set())
  let error = $state.raw<ApiError | undefined>()
  let stale = new Set<string>()
  // Compared as text: the same runs again are no change.
  const wanted = $derived(read().join(','))
  const ids = $derived(wanted === '' ? [] : wanted.split(','))
  const shown = $derived(ids.flatMap((id) => runs.get(id) ?? []))
  const liveIds = $derived(
    shown
      .filter((run) => run.status === 'RUNNING')
      .map((run) => run.id)
      .join(','),
  )
  const experiments = $derived([...new Set(shown.map((run) => run.experiment.id))].sort().join(','))

  async function load(some: readonly string[]): Promise<void> {
    try {
      const groups = Array.from({ length: Math.ceil(some.length / atOnce) }, (_, i) => some.slice(i * atOnce, (i + 1) * atOnce))
      await Promise.all(
        groups.map(async (group) => {
          const answer = await query(ComparedRuns, { ids: group })
          runs = new Map([...runs, ...answer.runs.flatMap((run) => (run ? [[run.id, run] as const] : []))])
          unknown = new Set([...unknown].filter((id) => !group.includes(id)).concat(group.filter((_, i) => !answer.runs[i])))
        }),
      )
      error = undefined
    } catch (caught) {
      error = toApiError(caught)
    }
  }

  const again = calmly(pause, async () => {
    const some = [...stale]
    stale = new Set()
    if (some.length > 0) await load(some)
  })
  const ring = (some: Iterable<string>) => {
    for (const id of some) if (ids.includes(id)) stale.add(id)
    if (stale.size > 0) again.ring()
  }

  $effect(() => {
    const all = ids
    void connection.returns
    untrack(() => void load(all.filter((id) => !runs.has(id) || connection.returns > 0)))
  })
  $effect(() => {
    const of = experiments
    if (of === '') return
    let after: string | null = null
    return live(
      ComparedChanged,
      () => ({ experiments: of.split(','), after }),
      ({ runsChanged }) => {
        after = runsChanged.cursor
        ring(runsChanged.runs.map((run) => run.id))
      },
    )
  })
  $effect(() => {
    if (liveIds === '') return
    const cursors = new Map(liveIds.split(',').map((id) => [id, untrack(() => runs.get(id)?.cursor ?? null)]))
    return live(
      ComparedPoints,
      () => ({ runs: [...cursors].map(([run, after]) => ({ run, after })) }),
      ({ points }) => {
        for (const { run, cursor } of points.cursors) cursors.set(run, cursor)
        ring(points.points.map(({ run }) => run))
      },
    )
  })
  $effect(() => () => again.stop())

  return {
    /** Those that are loaded, in the order asked for. */
    get runs(): readonly ComparedRun[] {
      return shown
    },
    /** Ids of none, or of none that may be seen. */
    get unknown(): readonly string[] {
      return ids.filter((id) => unknown.has(id))
    },
    get isLoading(): boolean {
      return error === undefined && ids.some((id) => !runs.has(id) && !unknown.has(id))
    },
    get error(): ApiError | undefined {
      return error
    },
    reload: () => load(ids),
  }
}
