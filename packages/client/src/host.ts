/** What Node can do and a browser can't. `index.ts` hands it over, `browser.ts` has none: so nothing of Node gets into a page. */
import type { ArtifactContent, TransferOptions } from './artifact.ts'
import type { Made, NewRun } from './create.ts'
import type { Metrics } from './entries.ts'
import type { OutboxOptions } from './outbox.ts'
import type { Source } from './printer.ts'
import type { ReplayOptions, ReplayReport } from './replay.ts'
import type { Sink } from './sink.ts'

export interface SpoolOptions extends Omit<OutboxOptions, 'runId' | 'maxWaiting'> {
  folder: string
  /** False: nothing is sent until it is replayed. */
  send: boolean
  run: NewRun
}

export interface Host {
  /** A run whose log goes into a folder first. */
  spool(options: SpoolOptions): Promise<{ made: Made; sink: Sink & { readonly offline: boolean } }>
  replay(origin: string | undefined, options: ReplayOptions): Promise<ReplayReport>
  /** Files below a folder of this machine, by their path in it. */
  filesIn(folder: string | URL): Promise<Array<[path: string, content: ArtifactContent]>>
  /** Writes a file of a run, or all below one of its folders, to this machine. */
  save(origin: string, runId: string, path: string, target: string | URL, options: TransferOptions): Promise<string[]>
  /** Measures the machine each `every` ms, until it is stopped. */
  watchMachine(every: number, log: (metrics: Metrics) => void): () => void
  /** Hears whole lines that this process prints, which are printed all the same, until it is stopped. */
  listenToProcess(heard: (text: string, source: Source) => void): () => void
}

/** Throws a TypeError in a browser. */
export function inNode(host: Host | undefined, what: string): Host {
  if (!host) throw new TypeError(`${what} is for Node: a browser can't do that.`)
  return host
}
