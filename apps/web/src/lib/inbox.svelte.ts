/** How much in the inbox is unread, kept current by the server: the top bar shows it, and whoever shows notices asks again when it rings. */
import { graphql, live } from '#lib/api.ts'

const InboxChanged = graphql(`
  subscription InboxChanged {
    inboxChanged(first: 1) { unread nodes { id } }
  }
`)

let unread = $state(0)
let rings = $state(0)

export const inbox = {
  get unread(): number {
    return unread
  },
  /** Counts up with every change. */
  get rings(): number {
    return rings
  },
  /** Listens until the returned function is called. */
  listen: (): (() => void) =>
    live(
      InboxChanged,
      {},
      ({ inboxChanged }) => {
        unread = inboxChanged.unread
        rings++
      },
      () => {},
    ),
}
