/** What the list of experiments asks the server. */
import { graphql } from '#lib/api.ts'

/** As `#lib/experiments.svelte.ts` keeps them. */
const ListedExperiment = graphql(`
  fragment ListedExperiment on Experiment {
    id
    name
    artifactLocation
    createdAt
    updatedAt
    deletedAt
    runCount
    liveCount
    tags { key value }
    can { edit delete }
  }
`)

export const DeletedExperiments = graphql(
  `
  query DeletedExperiments($after: String) {
    experiments(lifecycle: DELETED, first: 200, after: $after) {
      nodes { ...ListedExperiment }
      pageInfo { hasNextPage endCursor }
    }
  }
`,
  [ListedExperiment],
)

export const RenameExperiment = graphql(
  `
  mutation RenameExperiment($input: UpdateExperimentInput!) {
    updateExperiment(input: $input) { experiment { ...ListedExperiment } }
  }
`,
  [ListedExperiment],
)

export const DeleteExperiment = graphql(
  `
  mutation DeleteExperiment($id: ID!) {
    deleteExperiment(id: $id) { experiment { ...ListedExperiment } }
  }
`,
  [ListedExperiment],
)

export const RestoreExperiment = graphql(
  `
  mutation RestoreExperiment($id: ID!) {
    restoreExperiment(id: $id) { experiment { ...ListedExperiment } }
  }
`,
  [ListedExperiment],
)
