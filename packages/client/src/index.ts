/** Log runs to Tidegate, ask it and follow it live, in Node and in browsers. This is the package's whole surface. */
export { ApiError } from './api-error.ts'
export type { ArtifactContent } from './artifact.ts'
export {
  type Asking,
  type AskOptions,
  type Client,
  type ConnectOptions,
  connect,
  type NewPoints,
  type PointsBatch,
  type PointsOptions,
} from './client.ts'
export { graphql, type Real, type ResultOf, type TypedDocument, type VariablesOf } from './documents.ts'
export type { Metrics, Values } from './entries.ts'
export type { WebSocketConstructor } from './live.ts'
export { type FinalStatus, type Run, type RunOptions, startRun } from './run.ts'
