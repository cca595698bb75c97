/** Which runs' curves are drawn and in which colours: those the URL names, else the first ten rows. A run keeps its colour while drawn. */
import { onDestroy } from 'svelte'
import { assignSlots, slotColor, slotDash } from '#lib/colors.ts'
import type { Runs } from './rows.svelte.ts'
import type { Curves } from './table.svelte.ts'
import { mostPlotted } from './view.ts'

/** A pointer that rests so long where a curve is drawn by a press is about to press, ms. One that only crosses is not. */
const rest = 40

/** Drawn where nothing was chosen. */
export const usualCurves = 10

interface Read {
  runs: Runs
  plot: readonly string[] | undefined
}

/** Called while a component is set up. `onplot` gets what is to be drawn from now on. */
export function openCurves(read: () => Read, onplot: (ids: readonly string[]) => void) {
  let slots: ReadonlyMap<string, number> = new Map()
  const ids = $derived.by(() => {
    const { runs, plot } = read()
    return plot ?? runs.head(usualCurves).map((row) => row.id)
  })
  // Compared as text: a page that loads further down changes nothing here.
  const text = $derived(ids.join(','))
  const colors = $derived.by(() => {
    slots = assignSlots(text === '' ? [] : text.split(','), slots)
    return slots
  })

  let soon = $state<string | undefined>()
  let resting: ReturnType<typeof setTimeout> | undefined
  onDestroy(() => clearTimeout(resting))

  const curves: Curves & {
    readonly ids: readonly string[]
    readonly wanted: readonly string[]
    dash(id: string): number[]
    only(ids: readonly string[]): void
  } = {
    get ids() {
      return [...colors.keys()]
    },
    /** What is drawn, and what may be in a moment: its points are here by then. */
    get wanted() {
      return soon === undefined || colors.has(soon) ? curves.ids : [...curves.ids, soon]
    },
    near(id) {
      clearTimeout(resting)
      if (id === undefined) soon = undefined
      else resting = setTimeout(() => (soon = id), rest)
    },
    color(id) {
      const slot = colors.get(id)
      return slot === undefined ? undefined : slotColor(slot)
    },
    dash: (id) => slotDash(colors.get(id) ?? 0),
    toggle({ id }) {
      onplot(ids.includes(id) ? ids.filter((each) => each !== id) : [...ids, id].slice(-mostPlotted))
    },
    only: (chosen) => onplot(chosen.slice(0, mostPlotted)),
  }
  return curves
}

export type OpenCurves = ReturnType<typeof openCurves>
