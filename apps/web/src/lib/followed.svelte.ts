/**
 * What a page shows, kept current: read at the start, whenever the bell rings, and when a lost line is back. What was read stays on the
 * page when a later reading fails.
 */
import { untrack } from 'svelte'
import { type ApiError, toApiError } from '#lib/api.ts'
import { calmly } from '#lib/calmly.ts'
import { connection } from '#lib/connection.svelte.ts'

/** It is read at most so often, ms. */
const pause = 300

export interface Followed<T> {
  readonly value: T | undefined
  readonly state: 'loading' | 'ready' | 'unknown' | 'error'
  readonly error: ApiError | undefined
  /** Why the last reading failed, where there is something to show still. */
  readonly refusal: ApiError | undefined
  load: () => Promise<void>
}

/** Called while a component is set up. `read` gives null for what is not there; `listen` rings and returns what ends it. */
export function follow<T>(read: () => Promise<T | null>, listen: (ring: () => void) => () => void): Followed<T> {
  let value = $state.raw<T | undefined>()
  let state = $state<'loading' | 'ready' | 'unknown' | 'error'>('loading')
  let error = $state.raw<ApiError | undefined>()
  let refusal = $state.raw<ApiError | undefined>()
  let reads = 0
  /** What was read last, as text. */
  let text: string | undefined

  async function load(): Promise<void> {
    const mine = ++reads
    try {
      const found = await read()
      if (mine !== reads) return
      error = refusal = undefined
      // The bell rings once at the start, and often for what is not shown here: the same again is nothing to draw.
      const next = JSON.stringify(found)
      if (next !== text) value = found ?? undefined
      text = next
      state = found === null ? 'unknown' : 'ready'
    } catch (caught) {
      if (mine !== reads) return
      if (value !== undefined) {
        refusal = toApiError(caught)
        return
      }
      error = toApiError(caught)
      state = 'error'
    }
  }
  const calm = calmly(pause, load)
  $effect(() => {
    void connection.returns
    untrack(() => calm.ring())
  })
  $effect(() => listen(() => untrack(() => calm.ring())))
  $effect(() => calm.stop)
  return {
    get value() {
      return value
    },
    get state() {
      return state
    },
    get error() {
      return error
    },
    get refusal() {
      return refusal
    },
    load,
  }
}
