/** What the filter may go on with, asked of the server as it is typed. The last answer stays until the next one is there. */
import { query } from '#lib/api.ts'
import type { Typed } from './clauses.ts'
import { type Completion, Completions } from './documents.ts'

/** Letters typed faster than this are one question, ms. */
const pause = 60

/** Called while a component is set up. */
export function openCompletions(read: () => { experiment: string; typed: Typed | undefined }) {
  let found = $state.raw<{ of: string; all: readonly Completion[] }>({ of: '', all: [] })
  const asked = $derived.by(() => {
    const { experiment, typed } = read()
    return typed && { experiment, text: typed.text, column: typed.column ?? null }
  })
  /** What an answer still fits while the next is awaited. */
  const place = $derived(asked && `${asked.column}`)

  $effect(() => {
    const variables = asked
    if (!variables) return
    const stop = new AbortController()
    const timer = setTimeout(
      () =>
        void query(Completions, variables, { signal: stop.signal }).then(
          ({ completions }) => (found = { of: `${variables.column}`, all: completions }),
          // A filter is typed without them as well.
          () => stop.signal.aborted || (found = { of: '', all: [] }),
        ),
      pause,
    )
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  })

  return {
    /** Empty where nothing is typed that could be completed, or nothing is left to complete. */
    get all(): readonly Completion[] {
      if (!asked || found.of !== place) return []
      return found.all.length === 1 && found.all[0]!.text === asked.text ? [] : found.all
    },
  }
}
