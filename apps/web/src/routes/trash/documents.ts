/** What the trash page asks and does. */
import { graphql, mutate, type ResultOf } from '#lib/api.ts'

const SizeFacts = graphql(`
  fragment SizeFacts on TrashSize { bytes rowBytes fileBytes files experiments runs models measured }
`)

const SummaryFacts = graphql(
  `
  fragment SummaryFacts on TrashSummary {
    items
    collecting
    retentionDays
    newestAt
    canManage
    size { ...SizeFacts }
  }
`,
  [SizeFacts],
)

const ItemFacts = graphql(
  `
  fragment ItemFacts on TrashItem {
    kind
    id
    name
    experiment { id name }
    deletedAt
    deletedBy
    expiresAt
    size { ...SizeFacts }
    canRestore
    canPurge
  }
`,
  [SizeFacts],
)

export type Size = ResultOf<typeof SizeFacts>
export type Summary = ResultOf<typeof SummaryFacts>
export type Item = ResultOf<typeof ItemFacts>

export const Trash = graphql(
  `
  query Trash($first: Int!, $after: String) {
    trash(first: $first, after: $after) {
      nodes { ...ItemFacts }
      pageInfo { endCursor }
    }
  }
`,
  [ItemFacts],
)

export const TrashChanged = graphql(`subscription TrashChanged { trashChanged { ...SummaryFacts } }`, [SummaryFacts])

export const Purge = graphql(`mutation Purge($input: PurgeInput!) { purge(input: $input) { freed { ...SizeFacts } } }`, [SizeFacts])

export const SetRetention = graphql(
  `
  mutation SetRetention($input: SetRetentionInput!) {
    setRetention(input: $input) { freed { ...SizeFacts } trash { ...SummaryFacts } }
  }
`,
  [SizeFacts, SummaryFacts],
)

const RestoreRun = graphql(`mutation RestoreTrashedRun($id: ID!) { restoreRun(id: $id) { run { id } } }`)
const RestoreModel = graphql(`mutation RestoreTrashedModel($id: ID!) { restoreLoggedModel(id: $id) { id } }`)
const RestoreExperiment = graphql(`mutation RestoreTrashedExperiment($id: ID!) { restoreExperiment(id: $id) { experiment { id } } }`)
const DeleteRun = graphql(`mutation DeleteRestoredRun($id: ID!) { deleteRun(id: $id) { run { id } } }`)
const DeleteExperiment = graphql(`mutation DeleteRestoredExperiment($id: ID!) { deleteExperiment(id: $id) { experiment { id } } }`)

/** Brings a thing of that kind back. */
export const restoring: Record<Item['kind'], (id: string) => Promise<unknown>> = {
  RUN: (id) => mutate(RestoreRun, { id }),
  LOGGED_MODEL: (id) => mutate(RestoreModel, { id }),
  EXPERIMENT: (id) => mutate(RestoreExperiment, { id }),
}

/** Takes that back. */
export const deleting: Partial<typeof restoring> = {
  RUN: (id) => mutate(DeleteRun, { id }),
  EXPERIMENT: (id) => mutate(DeleteExperiment, { id }),
}
