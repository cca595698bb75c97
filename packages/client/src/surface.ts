/** What both entries have. */
export { ApiError } from './api-error.ts'
export type { ArtifactContent, TransferOptions } from './artifact.ts'
export type {
  Asking,
  AskOptions,
  ChangesBatch,
  ChangesOptions,
  Client,
  ColumnSearch,
  ConnectOptions,
  ExperimentSearch,
  FoundColumn,
  FoundExperiment,
  NewPoints,
  PointsBatch,
  PointsOptions,
} from './client.ts'
export { type EnumOf, graphql, type Real, type ResultOf, type TypedDocument, type VariablesOf } from './documents.ts'
export type { Download, DownloadOptions, RunFile } from './download.ts'
export type { Metrics, Values } from './entries.ts'
export type { DatasetUse } from './inputs.ts'
export type { WebSocketConstructor } from './live.ts'
export type { LoggingOptions } from './logging.ts'
export type { Source } from './printer.ts'
export type { ReplayedRun, ReplayOptions, ReplayReport } from './replay.ts'
export type { Files, ModelOptions, Run } from './run.ts'
export type { FoundRun, Page, Row, RunSearch, RunValuesWanted } from './search.ts'
export type { FinalStatus } from './sink.ts'
export type { RunOptions } from './start.ts'
