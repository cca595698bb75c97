/**
 * What a page can do without at first is loaded when it is wanted, and before that once the page rests: by then a press finds it there, and
 * it is of the same version as the page, also when the server is another one meanwhile.
 */
import { onMount } from 'svelte'

/** How long a page is left alone, ms. */
const rest = 3_000

/** Called while a component is set up. */
export function soon(...loads: ReadonlyArray<() => Promise<unknown>>): void {
  onMount(() => {
    const timer = setTimeout(async () => {
      for (const load of loads) {
        // Whoever wants it is told.
        await load().catch(() => {})
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }, rest)
    return () => clearTimeout(timer)
  })
}
