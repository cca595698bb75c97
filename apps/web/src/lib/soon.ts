/**
 * What a page can do without at first is loaded when it is wanted, and before that once the page rests: by then a press finds it there, and
 * it is of the same version as the page, also when the server is another one meanwhile.
 */
import { onMount } from 'svelte'

/** How long a page is left alone, ms. */
const rest = 3_000

const loaded = new WeakMap<() => Promise<unknown>, unknown>()

/** What was loaded so before; undefined where it was not, or is on its way. */
export const here = <T>(load: () => Promise<T>): T | undefined => loaded.get(load) as T | undefined

export async function fetched<T>(load: () => Promise<T>): Promise<T> {
  const found = await load()
  loaded.set(load, found)
  return found
}

/** Called while a component is set up. */
export function soon(...loads: ReadonlyArray<() => Promise<unknown>>): void {
  onMount(() => {
    const timer = setTimeout(async () => {
      for (const load of loads) {
        // Whoever wants it is told.
        await fetched(load).catch(() => {})
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }, rest)
    return () => clearTimeout(timer)
  })
}
