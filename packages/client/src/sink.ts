/** Where what a run logs goes: to the server from memory (`Direct`), or into a folder first (`node/spooled.ts`). */
import type { ArtifactContent, TransferOptions } from './artifact.ts'
import type { Entry } from './entries.ts'
import type { DatasetUse } from './inputs.ts'
import type { NewModel } from './model.ts'

/** How a run ends. */
export type FinalStatus = 'FINISHED' | 'FAILED' | 'KILLED'

export interface End {
  status: FinalStatus
  end_time: number
}

/** What was logged stays logged: each of these resolves when it is safe where the sink puts it. */
export interface Sink {
  /** Takes all of these, in this order behind what was added before, or throws and takes none. */
  add(entries: readonly Entry[]): void
  file(path: string, content: ArtifactContent, options?: TransferOptions): Promise<void>
  inputs(uses: readonly DatasetUse[]): Promise<void>
  model(model: NewModel): Promise<void>
  flush(): Promise<void>
  /** All that was logged before, then the end. May be called again after UNREACHABLE. */
  end(end: End): Promise<void>
}
