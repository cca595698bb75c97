/**
 * A run that is being logged. `log`, `logParams` and `setTags` check and keep what they are given, and return at once; it is sent in
 * batches behind them. What can't be sent is told by `flush`, `finish` and `onError`, never by silence.
 */
import { node, randomName } from './address.ts'
import { ApiError } from './api-error.ts'
import type { ArtifactContent, TransferOptions } from './artifact.ts'
import type { Made } from './create.ts'
import { checkWhole, type Entry, type Metrics, metricEntry, type Values, valueEntry } from './entries.ts'
import { type Host, inNode } from './host.ts'
import { checkUses, type DatasetUse } from './inputs.ts'
import type { LoggingOptions } from './logging.ts'
import { Printer, type Source } from './printer.ts'
import type { End, FinalStatus, Sink } from './sink.ts'

/** A folder of this machine (in Node), or contents by their path, such as a page's `files` by `webkitRelativePath`. */
export type Files = { folder: string | URL } | Readonly<Record<string, ArtifactContent>>

export interface ModelOptions {
  /** Its kind, such as `onnx`. */
  type?: string
  /** Of the run, where it was made. @default 0 */
  step?: number
  params?: Values
  tags?: Values
  files?: Files
}

interface Begun {
  origin: string
  made: Made
  sink: Sink & { readonly offline?: boolean }
  host: Host | undefined
  home: Run['home']
  logging: LoggingOptions
}

/** Uploads of one call that are under way at a time. */
const lanes = 4

/** What `finish` may be called again after. */
const retryable = new Set(['UNREACHABLE', 'SPOOL_FAILED'])

/** Runs that are not finished yet: before Node exits they are. */
const open = new Set<Run>()
let watching = false

/** A run that is being logged. `startRun` and `resumeRun` make it. */
export class Run {
  /** 32 hexadecimal digits: MLflow's run_id. Of an `autoresume` that could not reach the server, one that the server's takes the place of. */
  readonly id: string
  readonly name: string
  /** Empty where the server could not be reached yet. */
  readonly experimentId: string
  /** The server's address. */
  readonly origin: string
  /** @internal The experiment, as it was named. */
  readonly home: { experiment?: string | undefined; experimentId?: string | undefined }
  /** @internal What a run nested in this one is logged with too. */
  readonly logging: LoggingOptions
  readonly #sink: Begun['sink']
  readonly #host: Host | undefined
  readonly #printer: Printer
  #stopListening: (() => void) | undefined
  readonly #nextStep = new Map<string, number>()
  readonly #params: Map<string, string>
  #stopWatching: (() => void) | undefined
  #end: End | undefined
  #finished: Promise<void> | undefined

  /** @internal */
  constructor({ origin, made: { id, name, experimentId, steps, params }, sink, host, home, logging }: Begun) {
    this.origin = origin
    this.home = home
    this.logging = logging
    this.id = id
    this.name = name
    this.experimentId = experimentId
    this.#sink = sink
    this.#host = host
    this.#printer = new Printer({ origin, runId: id, flushEvery: logging.flushEvery ?? 500, giveUpAfter: logging.giveUpAfter ?? 60_000 })
    for (const [key, step] of steps) this.#nextStep.set(key, step + 1)
    this.#params = params
    open.add(this)
    finishBeforeExit()
  }

  /** The run's page. */
  get url(): string {
    return `${this.origin}/runs/${this.id}`
  }

  /** True while what is logged goes into the spool only: it was started `offline`, or the server can't be reached. */
  get offline(): boolean {
    return this.#sink.offline ?? false
  }

  /**
   * Logs metrics: `run.log({ loss: 0.5 }, step)`. All of them or, where one is refused, none.
   * @param step A whole number. @default one more than the last step logged under that name, from 0
   * @param time ms since 1970, or a Date. @default now
   * @throws TypeError which metric is not a number, or has a name that can't be used; ApiError BUFFER_FULL, SPOOL_FAILED
   */
  log(metrics: Metrics, step?: number, time: number | Date = Date.now()): void {
    this.#checkOpen()
    const timestamp = Number(time)
    if (step !== undefined) checkWhole('step', step)
    checkWhole('time', timestamp)
    if (timestamp < 0) throw new TypeError(`time is ${timestamp}: give ms since 1970.`)
    const entries: Entry[] = []
    for (const key of Object.keys(metrics)) entries.push(metricEntry(key, metrics[key], step ?? this.#nextStep.get(key) ?? 0, timestamp))
    this.#sink.add(entries)
    for (const key of Object.keys(metrics)) this.#nextStep.set(key, (step ?? this.#nextStep.get(key) ?? 0) + 1)
  }

  /**
   * Logs params. One that was logged keeps its value: the same again is fine, another is an error. Values over 6 000 characters are cut.
   * @throws TypeError which param has no value, another value, or a name that can't be used; ApiError BUFFER_FULL, SPOOL_FAILED
   */
  logParams(params: Values): void {
    this.#checkOpen()
    const entries = Object.keys(params).map((key) => valueEntry('params', key, params[key]))
    const fresh = entries.filter(({ value: { key, value } }) => {
      const before = this.#params.get(key)
      if (before !== undefined && before !== value) {
        throw new TypeError(`param '${key}' is '${before}' and can't become '${value}'. Log it under another name, or in another run.`)
      }
      return before === undefined
    })
    this.#sink.add(fresh)
    for (const { value } of fresh) this.#params.set(value.key, String(value.value))
  }

  /**
   * Sets tags; the last value counts. Values over 8 000 characters are cut.
   * @throws TypeError which tag has no value or a name that can't be used; ApiError BUFFER_FULL, SPOOL_FAILED
   */
  setTags(tags: Values): void {
    this.#checkOpen()
    this.#sink.add(Object.keys(tags).map((key) => valueEntry('tags', key, tags[key])))
  }

  /**
   * Writes lines into the run's log, which its page shows live: `run.print('epoch 3 is done')`. They are sent behind it, `flush` and
   * `finish` wait for them; a spool does not keep them.
   * @param source Where they came out, where that matters.
   */
  print(text: string, source?: Source): void {
    this.#checkOpen()
    this.#printer.add(text, source ?? null)
  }

  /**
   * Logs data sets that the run used: `await run.logInputs({ name: 'mnist', digest: '9f3a', source: 'https://…', context: 'training' })`.
   * @throws TypeError which field is missing; ApiError what the server refuses, UNREACHABLE
   */
  async logInputs(...datasets: DatasetUse[]): Promise<void> {
    this.#checkOpen()
    checkUses(datasets)
    if (datasets.length) await this.#sink.inputs(datasets)
  }

  /**
   * Writes a file of the run, at once: `await run.logArtifact('report/plot.svg', svg)`, or from a file of this machine, in constant
   * memory: `await run.logArtifact('model.onnx', { file: './model.onnx' })`. A file of that path is replaced.
   * @param path Below the run's artifacts, with `/` between folders.
   * @throws ApiError what the server says of the path; UNREACHABLE. The file system's error where the file can't be read
   */
  logArtifact(path: string, content: ArtifactContent, options?: TransferOptions): Promise<void> {
    this.#checkOpen()
    return this.#sink.file(path, content, options)
  }

  /**
   * Writes many files: `await run.logArtifacts('plots', { folder: './out' })`. Where one fails the rest are written all the same.
   * @param path The folder of the run that they go into; '' for its artifacts' root.
   * @param options `onProgress` is told of files, not of bytes.
   * @throws as `logArtifact`, the first failure
   */
  async logArtifacts(path: string, files: Files, { onProgress, signal }: TransferOptions = {}): Promise<void> {
    this.#checkOpen()
    const list = await this.#filesOf(files)
    const rest = list.values()
    const failures: unknown[] = []
    let done = 0
    const lane = async () => {
      for (const [name, content] of rest) {
        await this.#sink.file(path ? `${path}/${name}` : name, content, { signal }).catch((error) => failures.push(error))
        onProgress?.(++done, list.length)
      }
    }
    await Promise.all(Array.from({ length: lanes }, lane))
    if (failures.length) throw failures[0]
  }

  /**
   * Logs a model with its files, linked to this run: `const id = await run.logModel('net', { files: { folder: './model' } })`. It is
   * then `models:/<id>` for every MLflow client.
   * @returns its id, `m-` and 32 hexadecimal digits
   * @throws as `logArtifact`
   */
  async logModel(name: string, { type, step = 0, params = {}, tags = {}, files = {} }: ModelOptions = {}): Promise<string> {
    this.#checkOpen()
    checkWhole('step', step)
    const pairs = (kind: 'params' | 'tags', values: Values) =>
      Object.keys(values).map((key) => valueEntry(kind, key, values[key]).value as { key: string; value: string })
    const id = `m-${randomName()}`
    await this.#sink.model({
      id,
      name,
      type,
      step,
      params: pairs('params', params),
      tags: pairs('tags', tags),
      files: await this.#filesOf(files),
    })
    return id
  }

  /**
   * Resolves when all that was logged before is safe: in the server's database or, with a spool, on this machine's disk. Await it now
   * and then where you log faster than the network.
   * @throws ApiError the first refusal since the last flush; UNREACHABLE after `giveUpAfter`: what waits is kept and still tried
   */
  async flush(): Promise<void> {
    await Promise.all([this.#sink.flush(), this.#printer.flush()])
  }

  /**
   * Sends what waits, waits for artifacts under way and ends the run. Nothing can be logged afterwards. With a spool a server that is
   * away is no error: what it lacks is replayed later.
   * @throws as `flush`. After UNREACHABLE it may be called again; after a refusal the run is ended all the same
   */
  finish(status: FinalStatus = 'FINISHED'): Promise<void> {
    this.#stopWatching?.()
    this.#stopListening?.()
    this.#end ??= { status, end_time: Date.now() }
    this.#finished ??= this.#close(this.#end).then(
      () => void open.delete(this),
      (error) => {
        if (error instanceof ApiError && retryable.has(error.code)) this.#finished = undefined
        else open.delete(this)
        throw error
      },
    )
    return this.#finished
  }

  /** @internal Logs what the machine does, under MLflow's names, until the run ends. */
  watchMachine(every: number): void {
    this.#stopWatching = inNode(this.#host, 'systemMetrics').watchMachine(every, (metrics) => {
      try {
        this.log(metrics)
      } catch (error) {
        // A full buffer or disk is told to who logs; a measurement is not worth a crash.
        if (!(error instanceof ApiError)) throw error
      }
    })
  }

  /** @internal Writes what the process prints into the run's log, until the run ends. */
  listenToProcess(): void {
    this.#stopListening = inNode(this.#host, 'console').listenToProcess((text, source) => this.#printer.add(text, source))
  }

  /** The run ends whatever became of its last lines; what they failed with is told after. */
  async #close(end: End): Promise<void> {
    const printed = this.#printer.flush().then(
      () => undefined,
      (error: Error) => error,
    )
    await this.#sink.end(end)
    const failure = await printed
    if (failure && !this.offline) throw failure
  }

  async #filesOf(files: Files): Promise<Array<[string, ArtifactContent]>> {
    const { folder } = files as { folder?: unknown }
    const isFolder = typeof folder === 'string' || folder instanceof URL
    return isFolder && Object.keys(files).length === 1
      ? inNode(this.#host, 'A folder').filesIn(folder)
      : Object.entries(files as Record<string, ArtifactContent>)
  }

  #checkOpen(): void {
    if (this.#end) throw new TypeError(`The run '${this.name}' (${this.id}) is finished: nothing can be logged to it.`)
  }
}

/** A script that comes to its end ends its runs, as MLflow's does. What is lost then is said. */
function finishBeforeExit(): void {
  if (watching) return
  watching = true
  node?.on('beforeExit', () => {
    for (const run of open) {
      run
        .finish(node?.exitCode ? 'FAILED' : 'FINISHED')
        .catch((error: Error) => console.error(`The run '${run.name}' (${run.id}) was not logged whole. ${error.message}`))
        .finally(() => open.delete(run))
    }
  })
}
