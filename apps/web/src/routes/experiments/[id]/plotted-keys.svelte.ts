/** The metrics that the drawn runs have: each gets a chart. Metrics of other runs in the experiment do not. */
import { untrack } from 'svelte'
import { query } from '#lib/api.ts'
import { MetricsOfRuns } from './documents.ts'

/** Called while a component is set up. Asked for again when the runs change, and each time `asks` grows. */
export function openPlottedKeys(read: () => { ids: readonly string[]; asks: number }) {
  /** Runs as text, and the metrics they have. */
  let found = $state.raw<{ of: string; keys: readonly string[] } | undefined>()
  const wanted = $derived(read().ids.join(','))

  $effect(() => {
    const of = wanted
    void read().asks
    const stop = new AbortController()
    if (of === '') {
      found = { of, keys: [] }
      return
    }
    query(MetricsOfRuns, { ids: of.split(',') }, { signal: stop.signal }).then(
      ({ runs }) => {
        const keys = [...new Set(runs.flatMap((run) => run?.metrics.map(({ key }) => key) ?? []))].sort()
        const before = untrack(() => found)
        if (before?.of === of && before.keys.join('\n') === keys.join('\n')) return
        found = { of, keys }
      },
      // The charts there are stay; the next ask may do better.
      () => {},
    )
    return () => stop.abort()
  })

  return {
    /** Those of the last runs until those of new ones are known; undefined before the first. */
    get all(): readonly string[] | undefined {
      return found?.keys
    },
  }
}
