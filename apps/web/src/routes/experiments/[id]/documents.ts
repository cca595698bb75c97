/** What the page of an experiment's runs asks the server. */
import { graphql, type ResultOf } from '#lib/api.ts'
import { ExperimentFacts } from '#lib/experiments.svelte.ts'

export const RunFacts = graphql(`
  fragment RunFacts on Run {
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
  }
`)

export type RunFacts = ResultOf<typeof RunFacts>

export const RunsPage = graphql(
  `
  query RunsPage($experiment: ID!, $filter: String, $order: [RunOrder!], $columns: [String!]!, $nest: Boolean!, $first: Int!, $after: String) {
    runTable(experiments: [$experiment], filter: $filter, orderBy: $order, columns: $columns, first: $first, after: $after) {
      runs {
        ...RunFacts
        childCount @include(if: $nest)
      }
      columns { ref values }
      total { value exact }
      pageInfo { hasNextPage endCursor }
    }
  }
`,
  [RunFacts],
)

/** Passes over rows: only the cursor behind them is wanted. */
export const PassRuns = graphql(`
  query PassRuns($experiment: ID!, $filter: String, $order: [RunOrder!], $first: Int!, $after: String) {
    searchRuns(experiments: [$experiment], filter: $filter, orderBy: $order, first: $first, after: $after) {
      pageInfo { hasNextPage endCursor }
    }
  }
`)

/** The newest start there is, so that runs which start later are known to be new. */
export const NewestStart = graphql(`
  query NewestStart($experiment: ID!) {
    searchRuns(experiments: [$experiment], first: 1) { nodes { id startedAt } }
  }
`)

/** Which runs of some pass a filter. */
export const MatchingRuns = graphql(`
  query MatchingRuns($experiment: ID!, $filter: String!, $first: Int!) {
    searchRuns(experiments: [$experiment], filter: $filter, first: $first) { nodes { id } }
  }
`)

export const CountRuns = graphql(`
  query CountRuns($experiment: ID!, $filter: String) {
    searchRuns(experiments: [$experiment], filter: $filter, first: 1) { total { value exact } }
  }
`)

export const Keys = graphql(`
  query Keys($experiment: ID!) {
    columns(experiments: [$experiment], first: 5000) {
      metric: names(kind: METRIC)
      param: names(kind: PARAM)
      tag: names(kind: TAG)
      pageInfo { hasNextPage }
    }
  }
`)

export const Completions = graphql(`
  query Completions($experiment: ID!, $text: String!, $column: String) {
    completions(experiments: [$experiment], text: $text, column: $column, first: 8) { text kind uses low high }
  }
`)

export type Completion = ResultOf<typeof Completions>['completions'][number]

export const ExplainFilter = graphql(`
  query ExplainFilter($filter: String!) {
    explainFilter(filter: $filter) { ok message start end }
  }
`)

export const RunsChanged = graphql(
  `
  subscription RunsChanged($experiment: ID!, $after: String, $metrics: [String!], $params: [String!], $tags: [String!]) {
    runsChanged(experiments: [$experiment], after: $after) {
      runs {
        ...RunFacts
        metrics(keys: $metrics) { key value }
        params(keys: $params) { key value }
        tags(keys: $tags) { key value }
      }
      cursor
    }
  }
`,
  [RunFacts],
)

const SavedView = graphql(`
  fragment SavedView on SavedView {
    id
    name
    query
    shared
    isDefault
    isMine
    createdBy
    updatedAt
    runs { value exact }
  }
`)

export type SavedView = ResultOf<typeof SavedView>

export const SavedViewsChanged = graphql(
  `
  subscription SavedViewsChanged($experiment: ID!) {
    savedViewsChanged(experiment: $experiment) { views { ...SavedView } }
  }
`,
  [SavedView],
)

export const CreateView = graphql(
  `
  mutation CreateView($experiment: ID!, $name: String!, $query: String!) {
    createSavedView(experiment: $experiment, name: $name, query: $query) { view { ...SavedView } }
  }
`,
  [SavedView],
)

export const UpdateView = graphql(`
  mutation UpdateView($id: ID!, $name: String, $query: String) {
    updateSavedView(id: $id, name: $name, query: $query) { view { id } }
  }
`)

export const ShareView = graphql(`
  mutation ShareView($id: ID!, $shared: Boolean!, $isDefault: Boolean!) {
    shareSavedView(id: $id, shared: $shared, isDefault: $isDefault) { view { id } }
  }
`)

export const DeleteView = graphql(`
  mutation DeleteView($id: ID!) {
    deleteSavedView(id: $id) { view { id } }
  }
`)

/** Runs in groups, with the figures of their metrics. */
export const RunGroups = graphql(`
  query RunGroups($experiment: ID!, $filter: String, $by: [String!]!, $metrics: [String!], $order: RunGroupOrder, $first: Int!, $after: String) {
    runGroups(experiments: [$experiment], filter: $filter, by: $by, metrics: $metrics, orderBy: $order, first: $first, after: $after) {
      groups { values filter count metrics { ref count min max mean median sd } }
      total { value }
      pageInfo { hasNextPage endCursor }
    }
  }
`)

export const GroupCurves = graphql(`
  query GroupCurves($experiment: ID!, $filter: String, $keys: [String!]!, $axis: GroupAxis, $along: String, $from: Float, $to: Float, $buckets: Int) {
    groupSeries(experiment: $experiment, filter: $filter, keys: $keys, axis: $axis, along: $along, from: $from, to: $to, buckets: $buckets) {
      runs
      lines { key x mean sd min max count breaks }
      live { run cursor }
    }
  }
`)

/** A bell for the figures of groups; the runs' own facts come with it. */
export const GroupsRing = graphql(
  `
  subscription GroupsRing($experiment: ID!, $after: String) {
    runsChanged(experiments: [$experiment], after: $after) {
      runs { ...RunFacts }
      cursor
    }
  }
`,
  [RunFacts],
)

/** Columns that were chosen after the rows had been loaded. */
export const RowCells = graphql(`
  query RowCells($ids: [ID!]!, $metrics: [String!], $params: [String!], $tags: [String!]) {
    runs(ids: $ids) {
      id
      metrics(keys: $metrics) { key value }
      params(keys: $params) { key value }
      tags(keys: $tags) { key value }
    }
  }
`)

export const MetricsOfRuns = graphql(`
  query MetricsOfRuns($ids: [ID!]!) {
    runs(ids: $ids) { id metrics { key } }
  }
`)

export const LiveCells = graphql(`
  subscription LiveCells($runs: [RunCursor!]!, $keys: [String!]!) {
    points(runs: $runs, keys: $keys) {
      points { run key steps times values }
      cursors { run cursor }
    }
  }
`)

export const Sparks = graphql(`
  query Sparks($ids: [ID!]!, $key: String!, $buckets: Int!) {
    runs(ids: $ids) { id series(keys: [$key], buckets: $buckets) { steps last } }
  }
`)

export const DeleteRuns = graphql(`
  mutation DeleteRuns($ids: [ID!]!) {
    deleteRuns(ids: $ids) { runs { id deletedAt } }
  }
`)

export const RestoreRuns = graphql(`
  mutation RestoreRuns($ids: [ID!]!) {
    restoreRuns(ids: $ids) { count }
  }
`)

export const TagRuns = graphql(`
  mutation TagRuns($input: TagRunsInput!) {
    tagRuns(input: $input) { count before { value runs } }
  }
`)

export type TagChange = ResultOf<typeof TagRuns>['tagRuns']['before'][number]

export const RenameRow = graphql(`
  mutation RenameRow($input: UpdateRunInput!) {
    updateRun(input: $input) { run { id name } }
  }
`)

/** Which of the columns differ between the runs that pass. */
export const CompareColumns = graphql(`
  query CompareColumns($experiment: ID!, $filter: String, $columns: [String!]!) {
    compareColumns(experiments: [$experiment], filter: $filter, columns: $columns) { ref variety }
  }
`)

/** Keys whose name holds a text, where not all are known. */
export const FindKeys = graphql(`
  query FindKeys($experiment: ID!, $search: String!) {
    columns(experiments: [$experiment], search: $search, first: 500) { nodes { kind key } pageInfo { hasNextPage } }
  }
`)

/** A page of a file: columns only. */
export const ExportPage = graphql(`
  query ExportPage($experiment: ID!, $filter: String, $order: [RunOrder!], $columns: [String!]!, $first: Int!, $after: String) {
    runTable(experiments: [$experiment], filter: $filter, orderBy: $order, columns: $columns, first: $first, after: $after) {
      columns { values }
      pageInfo { hasNextPage endCursor }
    }
  }
`)

/** All that pass, as a selection keeps them. */
export const AllRuns = graphql(`
  query AllRuns($experiment: ID!, $filter: String, $order: [RunOrder!], $first: Int!) {
    searchRuns(experiments: [$experiment], filter: $filter, orderBy: $order, first: $first) {
      nodes { id name }
      pageInfo { hasNextPage }
    }
  }
`)

/** The experiment of the page, also a deleted one. */
export const OneExperiment = graphql(
  `
  query OneExperiment($id: ID!) {
    experiment(id: $id) { ...ExperimentFacts }
  }
`,
  [ExperimentFacts],
)
