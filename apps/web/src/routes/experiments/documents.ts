/** What the list of experiments asks the server. */
import { graphql } from '#lib/api.ts'
import { ExperimentFacts } from '#lib/experiments.svelte.ts'

export const DeletedExperiments = graphql(
  `
  query DeletedExperiments($after: String) {
    experiments(lifecycle: DELETED, first: 200, after: $after) {
      nodes { ...ExperimentFacts }
      pageInfo { hasNextPage endCursor }
    }
  }
`,
  [ExperimentFacts],
)

export const SetExperimentNote = graphql(
  `
  mutation SetExperimentNote($id: ID!, $text: String!, $was: String!) {
    setExperimentTag(id: $id, key: "mlflow.note.content", value: $text, was: $was) { experiment { ...ExperimentFacts } }
  }
`,
  [ExperimentFacts],
)

export const DeleteExperiment = graphql(
  `
  mutation DeleteExperiment($id: ID!) {
    deleteExperiment(id: $id) { experiment { ...ExperimentFacts } }
  }
`,
  [ExperimentFacts],
)

export const RestoreExperiment = graphql(
  `
  mutation RestoreExperiment($id: ID!) {
    restoreExperiment(id: $id) { experiment { ...ExperimentFacts } }
  }
`,
  [ExperimentFacts],
)
