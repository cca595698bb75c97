/** The small curves of the rows on screen: asked for together, kept for as long as the metric is shown, grown by live points. */
import { untrack } from 'svelte'
import { SvelteMap } from 'svelte/reactivity'
import { query } from '#lib/api.ts'
import { Sparks } from './documents.ts'
import type { Arrival } from './live-cells.svelte.ts'
import { extendSpark, type Spark, sparkBuckets, sparkScale } from './spark.ts'

/** Rows that are only scrolled by are not asked for: they have to stay this long, ms. */
const settleAfter = 120
const mostAtOnce = 60
const none: Spark = { steps: [], values: [] }

/** Called while a component is set up. `read` gives the runs on screen and the metric; no metric, no curves. */
export function openSparks(read: () => { ids: readonly string[]; metric: string | undefined }) {
  const sparks = new SvelteMap<string, Spark>()
  let shown: string | undefined
  let scale = $state.raw<readonly [number, number]>([0, 1])
  const wanted = $derived(JSON.stringify([read().metric, read().ids]))

  function rescale(): void {
    const next = sparkScale(sparks.values())
    if (next[0] !== scale[0] || next[1] !== scale[1]) scale = next
  }

  $effect(() => {
    const [metric, ids] = JSON.parse(wanted) as [string | null, string[]]
    const stop = new AbortController()
    if (shown !== (metric ?? undefined)) {
      shown = metric ?? undefined
      sparks.clear()
    }
    if (metric === null) return
    const timer = setTimeout(async () => {
      const missing = untrack(() => ids.filter((id) => !sparks.has(id)))
      for (let at = 0; at < missing.length; at += mostAtOnce) {
        try {
          const some = missing.slice(at, at + mostAtOnce)
          const { runs } = await query(Sparks, { ids: some, key: metric, buckets: sparkBuckets }, { signal: stop.signal })
          for (const run of runs) {
            const series = run?.series[0]
            if (run) sparks.set(run.id, series ? { steps: series.steps, values: series.last } : none)
          }
          rescale()
        } catch {
          // A row without its curve shows its values all the same, and is asked for again when it is next looked at.
          return
        }
      }
    }, settleAfter)
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  })

  return {
    /** Undefined until it is loaded. */
    of: (id: string): Spark | undefined => sparks.get(id),
    get scale() {
      return scale
    },
    /** Takes what the live cells got. */
    extend(arrivals: readonly Arrival[]): void {
      let isChanged = false
      for (const { run, key, steps, values } of arrivals) {
        const spark = key === shown ? sparks.get(run) : undefined
        if (!spark) continue
        sparks.set(run, extendSpark(spark, steps, values))
        isChanged = true
      }
      if (isChanged) rescale()
    },
  }
}

export type SparkSet = ReturnType<typeof openSparks>
