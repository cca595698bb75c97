/** What the page of a run asks the server. */
import { graphql, type ResultOf } from '#lib/api.ts'

const RunMetrics = graphql(`
  fragment RunMetrics on Run {
    id
    cursor
    heardAt
    metrics { key value step time }
  }
`)

const RunDetails = graphql(
  `
  fragment RunDetails on Run {
    ...RunMetrics
    name
    status
    user
    startedAt
    endedAt
    deletedAt
    artifactUri
    experiment { id name }
    params { key value }
    tags { key value }
    datasets { dataset { id name digest sourceType source schema profile } tags { key value } }
    loggedModels { id name type status createdAt metrics { key value step datasetName } modelVersions { id name version stage } }
    modelVersions { id name version stage source }
    parent { id name status }
    children(first: 20) { nodes { id name status startedAt endedAt } total { value exact } }
    log(from: 0, first: 1) { total }
    can { edit delete }
    comments { id text by createdAt updatedAt mine }
  }
`,
  [RunMetrics],
)

export type RunDetails = ResultOf<typeof RunDetails>
export type LatestMetric = RunDetails['metrics'][number]
export type Tag = RunDetails['tags'][number]
export type Model = RunDetails['loggedModels'][number]

export const RunPage = graphql(
  `
  query RunPage($id: ID!) {
    run(id: $id) { ...RunDetails }
  }
`,
  [RunDetails],
)

export const MetricsOfRun = graphql(
  `
  query MetricsOfRun($id: ID!) {
    run(id: $id) { ...RunMetrics }
  }
`,
  [RunMetrics],
)

/** Only a bell: what changed is read by `RunPage`. */
export const RunsOfExperimentChanged = graphql(`
  subscription RunsOfExperimentChanged($experiment: ID!, $after: String) {
    runsChanged(experiments: [$experiment], after: $after) {
      runs { id parentId }
      cursor
    }
  }
`)

/** Only a bell: which metrics got points. */
export const MetricsChanged = graphql(`
  subscription MetricsChanged($run: ID!, $after: String) {
    points(runs: [{ run: $run, after: $after }]) {
      points { key }
      cursors { cursor }
    }
  }
`)

export const RenameRun = graphql(`
  mutation RenameRun($id: ID!, $name: String!) {
    updateRun(input: { id: $id, name: $name }) { run { id name } }
  }
`)

export const SetStatus = graphql(`
  mutation SetStatus($id: ID!, $status: RunStatus!, $from: [RunStatus!], $endedAt: Timestamp) {
    updateRun(input: { id: $id, status: $status, from: $from, endedAt: $endedAt }) { run { id status } }
  }
`)

export const SetTag = graphql(`
  mutation SetTag($run: ID!, $key: String!, $value: String!, $was: String) {
    setTag(runId: $run, key: $key, value: $value, was: $was) { run { id tags { key value } } }
  }
`)

export const DeleteTag = graphql(`
  mutation DeleteTag($run: ID!, $key: String!) {
    deleteTag(runId: $run, key: $key) { run { id tags { key value } } }
  }
`)

/** A run that was made elsewhere goes on when its process begins: till then it is scheduled. */
export const CreateClone = graphql(`
  mutation CreateClone($input: CreateRunInput!) {
    createRun(input: $input) { run { id } }
  }
`)
export const FillClone = graphql(`
  mutation FillClone($id: ID!, $params: [ParamInput!]!, $tags: [TagInput!]!) {
    logBatch(input: { runId: $id, params: $params, tags: $tags }) { run { id } }
    updateRun(input: { id: $id, status: SCHEDULED }) { run { id } }
  }
`)

export const AddRunComment = graphql(`
  mutation AddRunComment($run: ID!, $text: String!) {
    addRunComment(run: $run, text: $text) { comment { id } }
  }
`)

export const EditRunComment = graphql(`
  mutation EditRunComment($id: ID!, $text: String!) {
    editRunComment(id: $id, text: $text) { comment { id } }
  }
`)

export const DeleteRunComment = graphql(`
  mutation DeleteRunComment($id: ID!) {
    deleteRunComment(id: $id) { id }
  }
`)

export const DeleteRun = graphql(`
  mutation DeleteThisRun($id: ID!) {
    deleteRun(id: $id) { run { id deletedAt } }
  }
`)

export const RestoreRun = graphql(`
  mutation RestoreThisRun($id: ID!) {
    restoreRun(id: $id) { run { id deletedAt } }
  }
`)

/** The runs of an experiment, newest first. */
export const NeighbouringRuns = graphql(`
  query NeighbouringRuns($experiment: ID!, $after: String) {
    searchRuns(experiments: [$experiment], first: 200, after: $after) {
      nodes { id }
      pageInfo { hasNextPage endCursor }
    }
  }
`)

export const Artifacts = graphql(`
  query Artifacts($run: ID!, $path: String!) {
    run(id: $run) {
      id
      artifacts(path: $path) { path isDirectory size url }
    }
  }
`)

export const ModelArtifacts = graphql(`
  query ModelArtifacts($model: ID!, $path: String!) {
    loggedModel(id: $model) {
      id
      artifacts(path: $path) { path isDirectory size url }
    }
  }
`)
