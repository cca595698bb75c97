/** What the pages of registered models ask the server. */
import { graphql, type ResultOf } from '#lib/api.ts'

const VersionFacts = graphql(`
  fragment VersionFacts on ModelVersion {
    id
    name
    version
    stage
    stagedAt
    aliases
    createdBy
    createdAt
    run { id name }
  }
`)
export type VersionFacts = ResultOf<typeof VersionFacts>

export const GateFacts = graphql(`
  fragment GateFacts on Gate {
    stage
    from
    approvals
    selfApproval
    checks
    params { metrics { key dataset min max betterBy lowerIsBetter } headings imports licences evidence }
    ttl
    commentRequired
    requesters { role accounts teams }
    passers { role accounts teams }
    approvers { role accounts teams }
  }
`)
export type Gate = ResultOf<typeof GateFacts>

const ModelFacts = graphql(
  `
  fragment ModelFacts on RegisteredModel {
    id
    name
    description
    owner
    tags { key value }
    stages
    ownPolicy { gates { ...GateFacts } }
    aliases { alias version }
    versionCount
    createdAt
    updatedAt
    can { edit rename delete manage }
    latestVersions { ...VersionFacts }
  }
`,
  [VersionFacts, GateFacts],
)
export type ModelFacts = ResultOf<typeof ModelFacts>

export const ModelList = graphql(
  `
  query ModelList($filter: String, $first: Int!) {
    registeredModels(filter: $filter, first: $first) { total nodes { ...ModelFacts } }
    registryPolicy { gates { ...GateFacts } }
  }
`,
  [ModelFacts, GateFacts],
)

/** Only a bell. */
export const ModelListChanged = graphql(`
  subscription ModelListChanged($filter: String) {
    registeredModelsChanged(filter: $filter, first: 1) { total }
  }
`)

const CommentFacts = graphql(`
  fragment CommentFacts on VersionComment {
    id
    requestId
    text
    by
    createdAt
    updatedAt
    mine
  }
`)

const RequestFacts = graphql(
  `
  fragment RequestFacts on TransitionRequest {
    id
    from
    to
    state
    archiveExisting
    comment
    requestedBy
    requestedAt
    expiresAt
    approvalsNeeded
    approvals { by comment time }
    checks { name isMet isOwn check { state summary url by numbers { name value } } override { by reason } }
    evidence { kind isThere }
    gate { selfApproval approvers { role accounts teams } }
    can { approve whyNot hasApproved cancel }
    comments { ...CommentFacts }
  }
`,
  [CommentFacts],
)
export type Request = ResultOf<typeof RequestFacts>

const EndedFacts = graphql(`
  fragment EndedFacts on TransitionRequest {
    id
    from
    to
    state
    comment
    requestedBy
    requestedAt
    closedAt
    closedBy
    closedComment
    approvals { by comment }
    checks { name override { by reason } }
  }
`)
export type Ended = ResultOf<typeof EndedFacts>

const ActivityFacts = graphql(`
  fragment ActivityFacts on Activity {
    id
    time
    kind
    version
    actor
    door
    through
    from
    to
    comment
    data
  }
`)
export type Activity = ResultOf<typeof ActivityFacts>

export const ModelPage = graphql(
  `
  query ModelPage($name: String!, $first: Int!) {
    registeredModel(name: $name) {
      ...ModelFacts
      versions(first: $first) { total nodes { ...VersionFacts } }
      comments { ...CommentFacts }
      activity(first: 30) { nodes { ...ActivityFacts } }
    }
  }
`,
  [ModelFacts, VersionFacts, ActivityFacts, CommentFacts],
)
export type Model = NonNullable<ResultOf<typeof ModelPage>['registeredModel']>

/** Only a bell, and the name it has by then. */
export const ModelChanged = graphql(`
  subscription ModelChanged($name: String!) {
    registeredModelChanged(name: $name) { model { id name } }
  }
`)

const SignatureFacts = graphql(`
  fragment SignatureFacts on ModelSignature {
    inputs { name type shape isRequired default }
    outputs { name type shape isRequired default }
    params { name type shape isRequired default }
  }
`)
export type Signature = ResultOf<typeof SignatureFacts>

export const VersionPage = graphql(
  `
  query VersionPage($name: String!, $version: Int!) {
    modelVersion(name: $name, version: $version) {
      ...VersionFacts
      description
      source
      location
      status
      statusMessage
      tags { key value }
      can { edit move delete }
      movesTo
      manifest { fault mlflowVersion size flavors { name version } signature { ...SignatureFacts } }
      breaks
      run {
        id
        name
        experiment { id name }
        metrics { key value }
        tags(keys: ["mlflow.source.git.commit", "mlflow.source.name"]) { key value }
        datasets { dataset { id name digest } }
      }
      loggedModel { id name metrics { key value datasetName } }
      requests(openOnly: true) { ...RequestFacts }
      ended: requests { ...EndedFacts }
      checks { name place state summary url by time }
      comments { ...CommentFacts }
      activity(first: 30) { nodes { ...ActivityFacts } }
      model {
        id
        name
        stages
        gates { ...GateFacts forYou }
        aliases { alias version }
        champion {
          version
          aliases
          run { id metrics { key value } }
          loggedModel { id metrics { key value datasetName } }
          manifest { signature { ...SignatureFacts } }
        }
      }
    }
  }
`,
  [VersionFacts, SignatureFacts, GateFacts, RequestFacts, EndedFacts, ActivityFacts, CommentFacts],
)
export type Version = NonNullable<ResultOf<typeof VersionPage>['modelVersion']>

/** Only a bell, and the name that the model has by then. */
export const VersionChanged = graphql(`
  subscription VersionChanged($name: String!, $version: Int!) {
    modelVersionChanged(name: $name, version: $version) { version { id name } }
  }
`)

export const VersionFiles = graphql(`
  query VersionFiles($name: String!, $version: Int!, $path: String!) {
    modelVersion(name: $name, version: $version) {
      id
      artifacts(path: $path) { path isDirectory size url }
    }
  }
`)

export const RenameModel = graphql(`
  mutation RenameModel($name: String!, $newName: String!) {
    renameRegisteredModel(name: $name, newName: $newName) { model { id name } }
  }
`)
export const DescribeModel = graphql(`
  mutation DescribeModel($name: String!, $description: String!) {
    describeRegisteredModel(name: $name, description: $description) { model { id } }
  }
`)
export const DeleteModel = graphql(`
  mutation DeleteModel($name: String!) {
    deleteRegisteredModel(name: $name) { name }
  }
`)
export const SetModelTag = graphql(`
  mutation SetModelTag($name: String!, $key: String!, $value: String!) {
    setRegisteredModelTag(name: $name, key: $key, value: $value) { model { id } }
  }
`)
export const DeleteModelTag = graphql(`
  mutation DeleteModelTag($name: String!, $key: String!) {
    deleteRegisteredModelTag(name: $name, key: $key) { model { id } }
  }
`)
export const DescribeVersion = graphql(`
  mutation DescribeVersion($name: String!, $version: Int!, $description: String!) {
    describeModelVersion(name: $name, version: $version, description: $description) { version { id } }
  }
`)
export const DeleteVersion = graphql(`
  mutation DeleteVersion($name: String!, $version: Int!) {
    deleteModelVersion(name: $name, version: $version) { version }
  }
`)
export const SetVersionTag = graphql(`
  mutation SetVersionTag($name: String!, $version: Int!, $key: String!, $value: String!) {
    setModelVersionTag(name: $name, version: $version, key: $key, value: $value) { version { id } }
  }
`)
export const DeleteVersionTag = graphql(`
  mutation DeleteVersionTag($name: String!, $version: Int!, $key: String!) {
    deleteModelVersionTag(name: $name, version: $version, key: $key) { version { id } }
  }
`)
export const MoveVersion = graphql(`
  mutation MoveVersion($input: TransitionModelVersionStageInput!) {
    transitionModelVersionStage(input: $input) { version { id stage } }
  }
`)
export const SetAlias = graphql(`
  mutation SetAlias($name: String!, $alias: String!, $version: Int!) {
    setModelAlias(name: $name, alias: $alias, version: $version) { version { id } }
  }
`)
export const DeleteAlias = graphql(`
  mutation DeleteAlias($name: String!, $alias: String!) {
    deleteModelAlias(name: $name, alias: $alias) { model { id } }
  }
`)

export const AskTransition = graphql(`
  mutation AskTransition($input: RequestTransitionInput!) {
    requestTransition(input: $input) { request { id state } }
  }
`)
export const ApproveTransition = graphql(`
  mutation ApproveTransition($request: ID!, $comment: String, $archiveExisting: Boolean) {
    approveTransition(request: $request, comment: $comment, archiveExisting: $archiveExisting) { request { id state } }
  }
`)
export const RejectTransition = graphql(`
  mutation RejectTransition($request: ID!, $comment: String) {
    rejectTransition(request: $request, comment: $comment) { request { id state } }
  }
`)
export const CancelTransition = graphql(`
  mutation CancelTransition($request: ID!, $comment: String) {
    cancelTransition(request: $request, comment: $comment) { request { id state } }
  }
`)
export const OverrideCheck = graphql(`
  mutation OverrideCheck($request: ID!, $check: String!, $reason: String!) {
    overrideCheck(request: $request, check: $check, reason: $reason) { request { id state } }
  }
`)
export const RerunCheck = graphql(`
  mutation RerunCheck($request: ID!, $check: String!) {
    rerunCheck(request: $request, check: $check) { request { id state } }
  }
`)
export const AddComment = graphql(`
  mutation AddComment($name: String!, $version: Int!, $text: String!) {
    addVersionComment(name: $name, version: $version, text: $text) { comment { id } }
  }
`)
export const AddRequestComment = graphql(`
  mutation AddRequestComment($request: ID!, $text: String!) {
    addRequestComment(request: $request, text: $text) { comment { id } }
  }
`)
export const AddModelComment = graphql(`
  mutation AddModelComment($name: String!, $text: String!) {
    addModelComment(name: $name, text: $text) { comment { id } }
  }
`)
export const EditComment = graphql(`
  mutation EditComment($id: ID!, $text: String!) {
    editVersionComment(id: $id, text: $text) { comment { id } }
  }
`)
export const DeleteComment = graphql(`
  mutation DeleteComment($id: ID!) {
    deleteVersionComment(id: $id) { id }
  }
`)
