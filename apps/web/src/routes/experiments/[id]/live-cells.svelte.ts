/** Newest values of running runs on screen: one subscription to the metrics that are shown, applied once per animation frame. */
import { live } from '#lib/api.ts'
import type { Real } from '#lib/format.ts'
import { newestOf, type Place } from './cells.ts'
import { type Cell, columnRef } from './columns.ts'
import { LiveCells } from './documents.ts'
import type { Row } from './row.svelte.ts'

export interface Arrival {
  run: string
  key: string
  steps: readonly number[]
  times: readonly number[]
  values: readonly Real[]
}

/** Rows that come on screen while scrolling are followed once they stay this long, ms. */
const settleAfter = 200
/** What the server follows at once. */
const mostRuns = 200

/** Called while a component is set up. `onpoints` gets what came, for the small curves. */
export function followCells(
  read: () => { rows: readonly Row[]; metrics: readonly string[] },
  onpoints: (arrivals: readonly Arrival[]) => void,
): void {
  const cursors = new Map<string, string>()
  const places = new Map<string, Place>()
  let queue: Arrival[] = []
  let frame: number | undefined
  let isVisible = $state(document.visibilityState === 'visible')

  const runs = $derived(
    isVisible
      ? read()
          .rows.filter((row) => row.isLive)
          .slice(0, mostRuns)
      : [],
  )
  // Compared as text, so that scrolling over finished runs asks for nothing.
  const wanted = $derived(JSON.stringify([runs.map((row) => row.id), read().metrics]))
  const byId = $derived(new Map(runs.map((row) => [row.id, row])))

  function apply(): void {
    frame = undefined
    const arrivals = queue
    queue = []
    const values = new Map<Row, Record<string, Cell>>()
    for (const arrival of arrivals) {
      const row = byId.get(arrival.run)
      if (!row) continue
      const name = `${arrival.run}/${arrival.key}`
      const at = newestOf(arrival, places.get(name))
      if (at < 0) continue
      places.set(name, { step: arrival.steps[at]!, time: arrival.times[at]! })
      values.set(row, { ...values.get(row), [columnRef('metric', arrival.key)]: arrival.values[at]! })
    }
    for (const [row, cells] of values) {
      row.set(cells)
      row.heardAt = Date.now()
    }
    onpoints(arrivals)
  }

  $effect(() => {
    const [ids, metrics] = JSON.parse(wanted) as [string[], string[]]
    if (ids.length === 0 || metrics.length === 0) return
    let stop = () => {}
    const timer = setTimeout(() => {
      stop = live(
        LiveCells,
        () => ({ runs: ids.map((run) => ({ run, after: cursors.get(run) ?? byId.get(run)?.run.cursor ?? null })), keys: metrics }),
        ({ points }) => {
          for (const { run, cursor } of points.cursors) cursors.set(run, cursor)
          queue.push(...points.points)
          frame ??= requestAnimationFrame(apply)
        },
      )
    }, settleAfter)
    return () => {
      clearTimeout(timer)
      stop()
    }
  })

  $effect(() => {
    const see = () => {
      isVisible = document.visibilityState === 'visible'
    }
    document.addEventListener('visibilitychange', see)
    return () => {
      document.removeEventListener('visibilitychange', see)
      if (frame !== undefined) cancelAnimationFrame(frame)
    }
  })
}
