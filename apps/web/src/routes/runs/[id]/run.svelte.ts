/**
 * One run, kept current: its facts when it changes, the list of its metrics when points come. Subscriptions only ring; what is shown is
 * read again, so a lost line leaves nothing out.
 */
import { type ApiError, live, mutate, query, toApiError } from '#lib/api.ts'
import { calmly } from '#lib/calmly.ts'
import { connection } from '#lib/connection.svelte.ts'
import { toast } from '#lib/toasts.svelte.ts'
import {
  DeleteTag,
  MetricsChanged,
  MetricsOfRun,
  RenameRun,
  type RunDetails,
  RunPage,
  RunsOfExperimentChanged,
  SetTag,
} from './documents.ts'

/** Facts are read again at most so often, ms. */
const factsPause = 400
/** The list of metrics is read again at most so often, ms: charts have their points from their own subscription. */
const metricsPause = 1_500

/** Called while a component is set up; for one run only. */
export function openRun(id: string) {
  let run = $state.raw<RunDetails | undefined>()
  let state = $state<'loading' | 'ready' | 'unknown' | 'error'>('loading')
  let error = $state.raw<ApiError | undefined>()
  let reads = 0

  async function load(): Promise<void> {
    const mine = ++reads
    try {
      const found = (await query(RunPage, { id })).run
      if (mine !== reads) return
      error = undefined
      if (found) {
        run = found
        state = 'ready'
      } else state = 'unknown'
    } catch (caught) {
      if (mine !== reads || run !== undefined) return
      error = toApiError(caught)
      state = 'error'
    }
  }

  async function loadMetrics(): Promise<void> {
    try {
      const found = (await query(MetricsOfRun, { id })).run
      if (found && run) run = { ...run, ...found }
    } catch {
      // The values on screen stay; the next points ask again.
    }
  }

  const facts = calmly(factsPause, load)
  const metrics = calmly(metricsPause, loadMetrics)
  const experiment = $derived(run?.experiment.id)
  const isReady = $derived(run !== undefined)

  $effect(() => {
    void connection.returns
    facts.ring()
  })
  $effect(() => {
    if (experiment === undefined) return
    let after: string | null = null
    const on = experiment
    return live(
      RunsOfExperimentChanged,
      () => ({ experiment: on, after }),
      ({ runsChanged }) => {
        after = runsChanged.cursor
        if (runsChanged.runs.some((changed) => changed.id === id || changed.parentId === id || changed.id === run?.parent?.id)) facts.ring()
      },
    )
  })
  $effect(() => {
    if (!isReady) return
    let after = run!.cursor
    return live(
      MetricsChanged,
      () => ({ run: id, after }),
      ({ points }) => {
        after = points.cursors[0]?.cursor ?? after
        metrics.ring()
      },
    )
  })
  $effect(() => () => {
    facts.stop()
    metrics.stop()
  })

  /** Changes what is shown at once, and back when the server refuses. */
  async function change(next: Partial<RunDetails>, ask: () => Promise<unknown>, failed: string): Promise<boolean> {
    const before = run
    if (!before) return false
    run = { ...before, ...next }
    // A read that is under way would bring back what was.
    reads++
    try {
      await ask()
      return true
    } catch (caught) {
      run = before
      toast(`${failed} ${toApiError(caught).message}`, { kind: 'error' })
      return false
    } finally {
      facts.ring()
    }
  }

  return {
    id,
    /** Undefined until it is loaded. */
    get facts() {
      return run
    },
    /** `unknown`: there is none, or none that may be seen. `error` only while there is nothing to show. */
    get state() {
      return state
    },
    get error() {
      return error
    },
    load,
    rename: (name: string) => change({ name }, () => mutate(RenameRun, { id, name }), 'The name was not changed.'),
    setTag: (key: string, value: string) =>
      change(
        { tags: [...(run?.tags ?? []).filter((tag) => tag.key !== key), { key, value }].sort((a, b) => (a.key < b.key ? -1 : 1)) },
        () => mutate(SetTag, { run: id, key, value }),
        `The tag ${key} was not set.`,
      ),
    /** Throws what the server refuses: what was written is not lost, nor what somebody else wrote since `was`. */
    async setNote(text: string, was: string): Promise<void> {
      try {
        await mutate(SetTag, { run: id, key: 'mlflow.note.content', value: text, was })
      } finally {
        await load()
      }
    },
    deleteTag: (key: string) =>
      change(
        { tags: (run?.tags ?? []).filter((tag) => tag.key !== key) },
        () => mutate(DeleteTag, { run: id, key }),
        `The tag ${key} was not removed.`,
      ),
  }
}

export type OpenRun = ReturnType<typeof openRun>
