/** What the overview of an experiment asks the server. */
import { graphql } from '#lib/api.ts'
import { ExperimentFacts } from '#lib/experiments.svelte.ts'
import { RunFacts } from '../documents.ts'

/** The newest runs that pass a filter. */
export const NewestRuns = graphql(
  `
  query NewestRuns($experiment: ID!, $filter: String, $first: Int!) {
    searchRuns(experiments: [$experiment], filter: $filter, first: $first) {
      nodes { ...RunFacts }
      total { value exact }
    }
  }
`,
  [RunFacts],
)

/** The metrics that most runs have. */
export const MetricsInUse = graphql(`
  query MetricsInUse($experiment: ID!) {
    completions(experiments: [$experiment], text: "metrics.", first: 30) { text kind uses }
  }
`)

/** The run at the end of an order. */
export const BestRun = graphql(`
  query BestRun($experiment: ID!, $metric: String!, $filter: String!, $descending: Boolean!) {
    runTable(experiments: [$experiment], filter: $filter, orderBy: [{ by: $metric, descending: $descending }], columns: [$metric], first: 1) {
      runs { id name }
      columns { values }
    }
  }
`)

export const SetTag = graphql(
  `
  mutation SetExperimentTag($id: ID!, $key: String!, $value: String!) {
    setExperimentTag(id: $id, key: $key, value: $value) { experiment { ...ExperimentFacts } }
  }
`,
  [ExperimentFacts],
)

export const DeleteTag = graphql(
  `
  mutation DeleteExperimentTag($id: ID!, $key: String!) {
    deleteExperimentTag(id: $id, key: $key) { experiment { ...ExperimentFacts } }
  }
`,
  [ExperimentFacts],
)
