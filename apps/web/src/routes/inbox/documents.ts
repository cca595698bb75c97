/** What the inbox asks the server. */
import { graphql, type ResultOf } from '#lib/api.ts'

export const Inbox = graphql(`
  query Inbox($first: Int!, $after: String, $unreadOnly: Boolean, $kinds: [NoticeKind!]) {
    inbox(first: $first, after: $after, unreadOnly: $unreadOnly, kinds: $kinds) {
      nodes { id kind text path model version time readAt }
      pageInfo { endCursor }
    }
    inboxSettings { letters address hasMail }
  }
`)
export type Notice = ResultOf<typeof Inbox>['inbox']['nodes'][number]
export type Settings = ResultOf<typeof Inbox>['inboxSettings']

export const MarkNotices = graphql(`
  mutation MarkNotices($ids: [ID!], $read: Boolean) {
    markNotices(ids: $ids, read: $read) { count }
  }
`)
export const SetInboxLetters = graphql(`
  mutation SetInboxLetters($letters: InboxLetters!) {
    setInboxLetters(letters: $letters) { settings { letters } }
  }
`)
