/** How what a run logs gets to the server. */
import type { ApiError } from './api-error.ts'

export interface LoggingOptions {
  /** The server. @default the parent's, TIDEGATE_URL, MLFLOW_TRACKING_URI, http://127.0.0.1:5000; in a browser where the page is from */
  url?: string | URL
  /** ms between batches. One of 1 000 entries is sent at once. @default 500 */
  flushEvery?: number
  /** The most metrics, params and tags kept in memory while the server is away; `log` throws BUFFER_FULL over it. With a spool: no limit. @default 100 000 */
  maxWaiting?: number
  /**
   * How long `startRun`, `flush`, `finish` and `logArtifact` wait for a server that is away, ms; then they reject or, with a spool, go on
   * without it. @default 60 000; with a spool 5 000
   */
  giveUpAfter?: number
  /** Told of each batch that the server refuses, when it does. */
  onError?: (error: ApiError) => void
  /**
   * Node: a folder that all that is logged goes through, so that nothing is lost by a server that is away or a process that is killed.
   * What earlier processes left there is sent first. @default TIDEGATE_SPOOL, else none
   */
  spool?: string
  /** Node: a spool, and nothing is sent until `client.replay()`. @default TIDEGATE_SPOOL where TIDEGATE_OFFLINE is 1, else none */
  offline?: string
  /** Node: logs what the machine does (cpu, memory, disk, network) under MLflow's names, each 10 s or each so many ms. @default false */
  systemMetrics?: boolean | number
  /** Node: what the process prints goes into the run's log too, until the run ends. @default false */
  console?: boolean
}
