/** The query of a page's address. What is changed shows at once, a second change goes on from there, and the address has it a moment later. */
import { goto } from '$app/navigation'
import { page } from '$app/state'

/** Called while a component is set up. */
export function openAddress() {
  let ahead = $state<string | undefined>()
  return {
    /** With its question mark; empty where there is none. */
    get query(): string {
      return ahead ?? page.url.search
    },
    /** `replace`: in place of the step of the browser's history that is. */
    set(query: string, replace: boolean): void {
      ahead = query
      void goto(`${page.url.pathname}${query}`, { replace, reset: false }).finally(() => {
        if (ahead === query) ahead = undefined
      })
    },
  }
}
