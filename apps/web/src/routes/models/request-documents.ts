/** What the board and the page of requests ask the server of transition requests. */
import { graphql, type ResultOf } from '#lib/api.ts'

const RequestRow = graphql(`
  fragment RequestRow on TransitionRequest {
    id
    from
    to
    state
    comment
    requestedBy
    requestedAt
    expiresAt
    closedAt
    closedBy
    closedComment
    approvalsNeeded
    approvals { by }
    checks { name isMet }
    version { id name version }
  }
`)
export type RequestRow = ResultOf<typeof RequestRow>

/** What stands at the gates: open, waited for by whoever looks, decided of late. */
export const AtGates = graphql(
  `
  query AtGates {
    open: transitionRequests(states: [OPEN], first: 200) { nodes { ...RequestRow } }
    waiting: transitionRequests(waitingOnMe: true, first: 50) { nodes { ...RequestRow } }
    closed: transitionRequests(states: [APPROVED, REJECTED], first: 50) { nodes { ...RequestRow } }
  }
`,
  [RequestRow],
)

export const Requests = graphql(
  `
  query Requests($states: [RequestState!], $mine: Boolean, $waitingOnMe: Boolean, $model: String, $stage: String, $first: Int!) {
    transitionRequests(states: $states, mine: $mine, waitingOnMe: $waitingOnMe, model: $model, stage: $stage, first: $first) {
      nodes { ...RequestRow }
      pageInfo { endCursor }
    }
    registryPolicy { stages }
    waiting: transitionRequests(waitingOnMe: true, first: 50) { nodes { id } }
  }
`,
  [RequestRow],
)

/** Only a bell: something happened to a model. */
export const RegistryRang = graphql(`
  subscription RegistryRang {
    modelActivity { cursor }
  }
`)
