/** What has happened in an experiment of late: asked for again, at most every two seconds, when its figures change. */
import { untrack } from 'svelte'
import { type ApiError, query, type ResultOf, toApiError } from '#lib/api.ts'
import { directions } from '#lib/directions.svelte.ts'
import type { Experiment } from '#lib/experiments.svelte.ts'
import type { Real } from '#lib/format.ts'
import { parseRef } from '../columns.ts'
import { BestRun, MetricsInUse, NewestRuns } from './documents.ts'

export type Runs = ResultOf<typeof NewestRuns>['searchRuns']

export interface Best {
  key: string
  /** How many runs have it. */
  uses: number
  /** The greatest is the best. */
  descending: boolean
  value: Real
  run: { id: string; name: string }
}

const pause = 2_000
const mostRuns = 8
const mostBest = 6

/** Called while a component is set up. */
export function openOverview(read: () => Experiment) {
  let live = $state.raw<Runs | undefined>()
  let recent = $state.raw<Runs | undefined>()
  let best = $state.raw<readonly Best[] | undefined>()
  let error = $state.raw<ApiError | undefined>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let askedAt = Number.NEGATIVE_INFINITY
  const id = $derived(read().id)
  /** As text, so that only what tells of other runs is a change. */
  const figures = $derived(JSON.stringify([id, read().runCount, read().liveCount, read().lastActivityAt]))

  async function load(): Promise<void> {
    askedAt = performance.now()
    const experiment = id
    try {
      const [running, ended] = await Promise.all([
        query(NewestRuns, { experiment, filter: "status = 'RUNNING'", first: mostRuns }),
        query(NewestRuns, { experiment, filter: "status != 'RUNNING'", first: mostRuns }),
      ])
      if (experiment !== id) return
      live = running.searchRuns
      recent = ended.searchRuns
      error = undefined
      const found = await bestOf(experiment)
      if (experiment === id) best = found
    } catch (caught) {
      if (experiment === id) error = toApiError(caught)
    }
  }

  $effect(() => {
    void figures
    untrack(() => {
      clearTimeout(timer)
      timer = setTimeout(load, Math.max(0, askedAt + pause - performance.now()))
    })
    return () => clearTimeout(timer)
  })

  return {
    get live() {
      return live
    },
    get recent() {
      return recent
    },
    /** Of metrics of which it is known which way is better, those that most runs have. */
    get best() {
      return best
    },
    get error() {
      return error
    },
    load,
  }
}

async function bestOf(experiment: string): Promise<Best[]> {
  const { completions } = await query(MetricsInUse, { experiment })
  const metrics = completions
    .flatMap(({ text, kind, uses }) => {
      const key = kind === 'METRIC' ? parseRef(text)?.key : undefined
      const direction = key === undefined || key.startsWith('system/') ? undefined : directions.of(key)
      return key !== undefined && direction ? [{ key, metric: text, uses: uses ?? 0, descending: direction === 'higher' }] : []
    })
    .slice(0, mostBest)
  const found = await Promise.all(
    metrics.map(async ({ key, metric, uses, descending }): Promise<Best | undefined> => {
      const { runs, columns } = (await query(BestRun, { experiment, metric, descending, filter: `${metric} IS NOT NULL` })).runTable
      const [run] = runs
      const value = columns[0]?.values[0]
      return run && value !== null && value !== undefined ? { key, uses, descending, value: value as Real, run } : undefined
    }),
  )
  return found.filter((each) => each !== undefined)
}
