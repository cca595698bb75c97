/**
 * What is moved, whatever it comes from: every source reads these, and everything is written from these. A source is asked, so
 * that what is there already is never read.
 */
import type { Readable } from 'node:stream'

export interface Pair {
  key: string
  value: string
}

export interface Experiment {
  /** The number it had, where it had one. */
  id: number | undefined
  name: string
  /** Times are ms since 1970. */
  createdAt: number | undefined
  updatedAt: number | undefined
  /** When it was deleted; undefined while it is active. */
  deletedAt: number | undefined
  tags: Pair[]
}

export type Status = 'RUNNING' | 'SCHEDULED' | 'FINISHED' | 'FAILED' | 'KILLED'

export interface DatasetInput {
  dataset: { name: string; digest: string; sourceType: string; source: string; schema: string | null; profile: string | null }
  tags: Pair[]
}

/** A run with all but its points and files. */
export interface Run {
  /** 32 hexadecimal digits. */
  id: string
  name: string
  user: string
  status: Status
  startedAt: number
  endedAt: number | undefined
  deletedAt: number | undefined
  params: Pair[]
  tags: Pair[]
  inputs: DatasetInput[]
  /** Logged models it used and made; absent where the source knows none. */
  models?: RunModels
}

export interface RunModels {
  inputs: string[]
  outputs: Array<{ model: string; step: number }>
}

/** A value that a run measured of a model. */
export interface ModelPoint {
  run: string
  key: string
  value: number
  /** ms since 1970 */
  time: number
  step: number
  datasetName: string | null
  datasetDigest: string | null
}

/** A logged model with all but its files. */
export interface Model {
  /** `m-` and 32 hexadecimal digits. */
  id: string
  name: string
  type: string
  status: 'PENDING' | 'READY' | 'FAILED'
  sourceRun: string
  createdAt: number
  updatedAt: number
  params: Pair[]
  tags: Pair[]
  metrics: ModelPoint[]
}

/** Points of one metric of one run, as columns of equal length. */
export interface Series {
  run: string
  key: string
  steps: ArrayLike<number>
  /** ms since 1970 */
  times: ArrayLike<number>
  values: ArrayLike<number>
}

export interface FileEntry {
  /** Below the artifact root of its run, with '/'. */
  path: string
  bytes: number
  open(): Promise<Readable>
}

/** Something that could not be read. What was whole beside it has come. */
export interface Fault {
  /** The file, or the address. */
  file: string
  /** Such as 'line 12' or 'byte 4711'; '' where it is all of it. */
  at: string
  message: string
  /** The runs it is of: those stay unfinished. */
  runs?: readonly string[]
}

export interface Source {
  /** What it is, as a report says it. */
  readonly name: string
  experiments(): AsyncIterable<Experiment>
  /** Runs a page at a time; a page is what fits into memory many times over. */
  runs(experiment: Experiment): AsyncIterable<Run[]>
  /** All points of runs of one page, each once. */
  points(runs: readonly Run[]): AsyncIterable<Series>
  files(run: Run): AsyncIterable<FileEntry>
  /** The logged models of an experiment, some at a time; absent where the source has none. */
  models?(experiment: Experiment): AsyncIterable<Model[]>
  modelFiles?(model: Model): AsyncIterable<FileEntry>
  close?(): Promise<void> | void
}

/** How a source tells of faults; it goes on behind them. */
export type OnFault = (fault: Fault) => void

/** An import or export that can't begin or go on: the message says the way out. */
export class TransferError extends Error {
  override name = 'TransferError'
}
