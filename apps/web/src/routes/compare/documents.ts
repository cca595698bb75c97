/** What the page that compares runs asks the server. */
import { graphql, type ResultOf } from '#lib/api.ts'

const ComparedRun = graphql(`
  fragment ComparedRun on Run {
    id
    name
    status
    user
    startedAt
    endedAt
    deletedAt
    parentId
    cursor
    heardAt
    experiment { id name }
    metrics { key value }
    params { key value }
    tags { key value }
    datasets { dataset { name digest } tags { key value } }
  }
`)

export type ComparedRun = ResultOf<typeof ComparedRun>

export const ComparedRuns = graphql(
  `
  query ComparedRuns($ids: [ID!]!) {
    runs(ids: $ids) { ...ComparedRun }
  }
`,
  [ComparedRun],
)

/** Only a bell: which of them to read again. */
export const ComparedChanged = graphql(`
  subscription ComparedChanged($experiments: [ID!]!, $after: String) {
    runsChanged(experiments: $experiments, after: $after) {
      runs { id }
      cursor
    }
  }
`)

/** Only a bell: which of them got points. */
export const ComparedPoints = graphql(`
  subscription ComparedPoints($runs: [RunCursor!]!) {
    points(runs: $runs) {
      points { run }
      cursors { run cursor }
    }
  }
`)

export const FindRunsToCompare = graphql(`
  query FindRunsToCompare($experiments: [ID!], $filter: String) {
    searchRuns(experiments: $experiments, filter: $filter, first: 20) {
      nodes { id name status startedAt experiment { name } }
    }
  }
`)

export const ArtifactsToCompare = graphql(`
  query ArtifactsToCompare($run: ID!, $path: String!) {
    run(id: $run) {
      id
      artifacts(path: $path) { path isDirectory size url }
    }
  }
`)
