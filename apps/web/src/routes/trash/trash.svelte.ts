/**
 * The trash as the server keeps it: the summary is pushed, and the entries are asked for again whenever it was. Entries stay in
 * their order, the last deleted first; more follow when they are asked for.
 */
import { type ApiError, live, query, toApiError } from '#lib/api.ts'
import { type Item, type Summary, Trash, TrashChanged } from './documents.ts'

/** Entries of one request. */
const page = 100

export class TrashState {
  summary = $state.raw<Summary | undefined>()
  items = $state.raw<readonly Item[]>([])
  state = $state<'loading' | 'ready' | 'error'>('loading')
  error = $state.raw<ApiError | undefined>()
  /** There are more than these. */
  more = $state(false)
  #wanted = page
  #asked = 0

  /** Follows it until the returned function is called. */
  listen = (): (() => void) =>
    live(
      TrashChanged,
      {},
      ({ trashChanged }) => {
        this.summary = trashChanged
        void this.load()
      },
      (error) => this.#fail(error),
    )

  load = async (): Promise<void> => {
    const asked = ++this.#asked
    try {
      const found: Item[] = []
      let after: string | null = null
      do {
        const { nodes, pageInfo }: { nodes: Item[]; pageInfo: { endCursor: string | null } } = (await query(Trash, { first: page, after }))
          .trash
        found.push(...nodes)
        after = pageInfo.endCursor
      } while (after !== null && found.length < this.#wanted)
      if (asked !== this.#asked) return
      this.items = found
      this.more = after !== null
      this.state = 'ready'
      this.error = undefined
    } catch (caught) {
      if (asked === this.#asked) this.#fail(toApiError(caught))
    }
  }

  loadMore = (): Promise<void> => {
    this.#wanted += page
    return this.load()
  }

  #fail(error: ApiError): void {
    // What was there stays on the page.
    if (this.state === 'ready') return
    this.error = error
    this.state = 'error'
  }
}
