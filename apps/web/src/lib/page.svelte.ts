/** What the page on screen tells the shell: where it is (crumbs) and what stands at the right of the top bar. */
import type { Snippet } from 'svelte'

export interface Crumb {
  text: string
  /** Absent on the last crumb, which is the page itself. */
  href?: string
}

export interface PageFacts {
  crumbs: Crumb[]
  /** Buttons at the right of the top bar. */
  actions?: Snippet
}

let facts = $state.raw<PageFacts>({ crumbs: [] })
// Beside the state, which reads as it was before while a component goes.
let current: PageFacts | undefined

/** Read by the shell. */
export const page = {
  get crumbs(): Crumb[] {
    return facts.crumbs
  },
  get actions(): Snippet | undefined {
    return facts.actions
  },
}

/** Called while a page component is set up; `read` runs again when what it reads changes. The last crumb is the document's title. */
export function describePage(read: () => PageFacts): void {
  $effect.pre(() => {
    const mine = read()
    facts = current = mine
    return () => {
      if (current === mine) facts = current = { crumbs: [] }
    }
  })
}
