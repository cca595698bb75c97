/** The keys in use in an experiment: what the filter suggests and the column chooser lists. At most 5 000. */
import { untrack } from 'svelte'
import { query, type ResultOf } from '#lib/api.ts'
import { connection } from '#lib/connection.svelte.ts'
import { type Column, columnsOf, defaultColumns } from './columns.ts'
import { Keys } from './documents.ts'

/** They are asked for at once after a change, and then not again for this long, ms: the longer, the more there are. */
const usual = 1_000
const seldom = 10_000
const veryMany = 500

/** How long an early answer is as good as one that is asked for, ms. */
const freshFor = 5_000
let early: { experiment: string; answer: Promise<ResultOf<typeof Keys>>; at: number } | undefined

/** Asks for the keys of an experiment while its page still waits for the experiment itself. */
export function askEarly(experiment: string): void {
  const answer = query(Keys, { experiment })
  answer.catch(() => {})
  early = { experiment, answer, at: performance.now() }
}

function ask(experiment: string): Promise<ResultOf<typeof Keys>> {
  const asked = early
  early = undefined
  return asked?.experiment === experiment && performance.now() - asked.at < freshFor ? asked.answer : query(Keys, { experiment })
}

/** Called while a component is set up. They are asked for again when `changes` grows, as it does with a run's first point of a metric. */
export function openKeys(experiment: string, read: () => { changes: number }) {
  let all = $state.raw<readonly Column[] | undefined>()
  let defaults = $state.raw<readonly Column[] | undefined>()
  let hasMore = $state(false)
  let asks = $state(0)
  let timer: ReturnType<typeof setTimeout> | undefined
  /** Something has changed since they were asked for. */
  let isDue = false

  async function load(): Promise<void> {
    try {
      const { pageInfo, ...names } = (await ask(experiment)).columns
      hasMore = pageInfo.hasNextPage
      const found = columnsOf(names)
      if (all?.length !== found.length) {
        all = found
        defaults = defaultColumns(all, defaults)
      }
    } catch {
      // The table does without: it shows what every run has.
      defaults ??= defaultColumns([])
    }
    asks++
  }

  /** At once, or when the pause after the last time is over. */
  function loadSoon(): void {
    isDue = true
    if (timer !== undefined) return
    isDue = false
    void load()
    timer = setTimeout(
      () => {
        timer = undefined
        if (isDue) loadSoon()
      },
      (all?.length ?? 0) > veryMany ? seldom : usual,
    )
  }

  void load()
  $effect(() => {
    if (read().changes > 0) untrack(loadSoon)
  })
  // What failed without a connection.
  $effect(() => {
    if (connection.returns > 0) untrack(loadSoon)
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
