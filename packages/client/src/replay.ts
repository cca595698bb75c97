/** What a replay of a spool says. */

export interface ReplayOptions {
  /** The folder. @default TIDEGATE_SPOOL */
  folder?: string
  /** Told after each batch: of the run, and of how many bytes of its log are sent, of how many. */
  onProgress?: (run: { id: string; name: string }, done: number, total: number) => void
  /** How long a server that is away is waited for, ms. @default 60 000 */
  giveUpAfter?: number
  /** Ends it after the batch that is under way; the next replay goes on there. */
  signal?: AbortSignal
}

export interface ReplayedRun {
  /** Its id on the server; where it could not be made, the one it has in the spool. */
  id: string
  name: string
  /**
   * `sent`: all of it is on the server, and it is out of the spool. `open`: what there is so far is on the server; its process still
   * runs. `busy`: another process sends it. `kept`: all else is on the server, but something was refused or can't be read: see
   * `problems`; its log is kept in `folder` and not tried again. `stopped`: it could not be sent, see `problems`; the next replay tries again.
   */
  outcome: 'sent' | 'open' | 'busy' | 'kept' | 'stopped'
  /** Where its log is, or was. */
  folder: string
  /** Metrics, params and tags that were sent now. */
  entries: number
  files: number
  problems: string[]
}

export interface ReplayReport {
  runs: ReplayedRun[]
}
