/**
 * Logging a run. `log`, `logParams` and `setTags` check and keep what they are given, and return at once; it is sent in batches behind
 * them. What can't be sent is told by `flush`, `finish` and `onError`, never by silence.
 */
import { addressOf, node, randomName } from './address.ts'
import type { ApiError } from './api-error.ts'
import { type ArtifactContent, upload } from './artifact.ts'
import { checkWhole, type Entry, type Metrics, metricEntry, type Values, valueEntry } from './entries.ts'
import { callWire, patienceOf, persist } from './exchange.ts'
import { experimentId } from './experiment.ts'
import { Outbox } from './outbox.ts'

/** How a run ends. */
export type FinalStatus = 'FINISHED' | 'FAILED' | 'KILLED'

export interface RunOptions {
  /** The experiment's name; made where there is none. @default MLflow's Default, or the parent's */
  experiment?: string
  /** In place of `experiment`. */
  experimentId?: string
  /** @default two words and a number, made up by the server */
  name?: string
  /** Who runs it. @default in Node the account's name, else nobody */
  user?: string
  params?: Values
  tags?: Values
  /** The run that this one is nested in, or its id. */
  parent?: Run | string
  /** The server. @default the parent's, TIDEGATE_URL, MLFLOW_TRACKING_URI, http://127.0.0.1:5000; in a browser where the page is from */
  url?: string | URL
  /** ms between batches. One of 1 000 entries is sent at once. @default 500 */
  flushEvery?: number
  /** The most metrics, params and tags kept while the server is away; `log` throws BUFFER_FULL over it. @default 100 000 */
  maxWaiting?: number
  /** How long `startRun`, `flush`, `finish` and `logArtifact` wait for a server that is away before they reject, ms. @default 60 000 */
  giveUpAfter?: number
  /** Told of each batch that the server refuses, when it does. */
  onError?: (error: ApiError) => void
}

interface Begun {
  origin: string
  id: string
  name: string
  experimentId: string
  outbox: Outbox
  giveUpAfter: number
}

/** Runs that are not finished yet: before Node exits they are. */
const open = new Set<Run>()
let watching = false

/** A run that is being logged. `startRun` makes it. */
export class Run {
  /** 32 hexadecimal digits: MLflow's run_id. */
  readonly id: string
  readonly name: string
  readonly experimentId: string
  /** The server's address. */
  readonly origin: string
  readonly #outbox: Outbox
  readonly #giveUpAfter: number
  readonly #nextStep = new Map<string, number>()
  readonly #params = new Map<string, string>()
  readonly #uploads = new Set<Promise<void>>()
  #end: { status: FinalStatus; end_time: number } | undefined
  #finished: Promise<void> | undefined

  /** @internal */
  constructor({ origin, id, name, experimentId, outbox, giveUpAfter }: Begun) {
    this.origin = origin
    this.id = id
    this.name = name
    this.experimentId = experimentId
    this.#outbox = outbox
    this.#giveUpAfter = giveUpAfter
    open.add(this)
    finishBeforeExit()
  }

  /** The run's page. */
  get url(): string {
    return `${this.origin}/runs/${this.id}`
  }

  /**
   * Logs metrics: `run.log({ loss: 0.5 }, step)`. All of them or, where one is refused, none.
   * @param step A whole number. @default one more than the last step logged here under that name, from 0
   * @param time ms since 1970, or a Date. @default now
   * @throws TypeError which metric is not a number, or has a name that can't be used; ApiError BUFFER_FULL
   */
  log(metrics: Metrics, step?: number, time: number | Date = Date.now()): void {
    this.#checkOpen()
    const timestamp = Number(time)
    if (step !== undefined) checkWhole('step', step)
    checkWhole('time', timestamp)
    if (timestamp < 0) throw new TypeError(`time is ${timestamp}: give ms since 1970.`)
    const entries: Entry[] = []
    for (const key of Object.keys(metrics)) entries.push(metricEntry(key, metrics[key], step ?? this.#nextStep.get(key) ?? 0, timestamp))
    this.#outbox.add(entries)
    for (const key of Object.keys(metrics)) this.#nextStep.set(key, (step ?? this.#nextStep.get(key) ?? 0) + 1)
  }

  /**
   * Logs params. One that was logged keeps its value: the same again is fine, another is an error. Values over 6 000 characters are cut.
   * @throws TypeError which param has no value, another value, or a name that can't be used; ApiError BUFFER_FULL
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
    this.#outbox.add(fresh)
    for (const { value } of fresh) this.#params.set(value.key, String(value.value))
  }

  /**
   * Sets tags; the last value counts. Values over 8 000 characters are cut.
   * @throws TypeError which tag has no value or a name that can't be used; ApiError BUFFER_FULL
   */
  setTags(tags: Values): void {
    this.#checkOpen()
    this.#outbox.add(Object.keys(tags).map((key) => valueEntry('tags', key, tags[key])))
  }

  /**
   * Writes a file of the run, at once: `await run.logArtifact('report/plot.svg', svg)`, or from a file of this machine, in constant
   * memory: `await run.logArtifact('model.onnx', { file: './model.onnx' })`. A file of that path is replaced.
   * @param path Below the run's artifacts, with `/` between folders.
   * @throws ApiError what the server says of the path; UNREACHABLE. The file system's error where the file can't be read
   */
  logArtifact(path: string, content: ArtifactContent): Promise<void> {
    this.#checkOpen()
    const done = persist(() => upload(this.origin, this.id, path, content), patienceOf(this.#giveUpAfter)).finally(() =>
      this.#uploads.delete(done),
    )
    this.#uploads.add(done)
    return done
  }

  /**
   * Resolves when all that was logged before is in the server's database. Await it now and then where you log faster than the network.
   * @throws ApiError the first refusal since the last flush; UNREACHABLE after `giveUpAfter`: what waits is kept and still tried
   */
  flush(): Promise<void> {
    return this.#outbox.flush()
  }

  /**
   * Sends what waits, waits for artifacts under way and ends the run. Nothing can be logged afterwards.
   * @throws as `flush`. After UNREACHABLE it may be called again; after a refusal the run is ended all the same
   */
  finish(status: FinalStatus = 'FINISHED'): Promise<void> {
    this.#end ??= { status, end_time: Date.now() }
    this.#finished ??= this.#finish(this.#end).catch((error) => {
      if (open.has(this)) this.#finished = undefined
      throw error
    })
    return this.#finished
  }

  async #finish(end: object): Promise<void> {
    const lost = (await Promise.allSettled(this.#uploads)).find((upload) => upload.status === 'rejected')
    const refusal = await this.#outbox.flush().catch((error: ApiError) => {
      if (error.code === 'UNREACHABLE') throw error
      return error
    })
    await persist(() => callWire(this.origin, 'POST', 'runs/update', { run_id: this.id, ...end }), patienceOf(this.#giveUpAfter))
    open.delete(this)
    if (refusal ?? lost) throw refusal ?? lost?.reason
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

/** The account that runs this process, and its script. */
function surroundings(): { user?: string; tags: Values } {
  if (!node) return { tags: {} }
  const script = node.argv[1]?.split(/[/\\]/).at(-1)
  const tags = script ? { 'mlflow.source.name': script, 'mlflow.source.type': 'LOCAL' } : {}
  try {
    return { user: node.getBuiltinModule('node:os').userInfo().username, tags }
  } catch {
    // A container may run under a number that has no name.
    return { tags }
  }
}

/**
 * Starts a run: `const run = await startRun('mnist', { params: { lr: 0.1 } })`. Makes the experiment where it is missing. However
 * often requests must be sent, one run is made.
 * @throws ApiError what the server refuses; UNREACHABLE after `giveUpAfter`. TypeError which option can't be used
 */
export async function startRun(experiment: string | RunOptions, options: RunOptions = {}): Promise<Run> {
  const given: RunOptions = { ...(typeof experiment === 'string' ? { experiment } : experiment), ...options }
  const { flushEvery = 500, maxWaiting = 100_000, giveUpAfter = 60_000, onError, parent } = given
  const parentRun = parent instanceof Run ? parent : undefined
  const origin = addressOf(given.url ?? parentRun?.origin)
  const here = surroundings()
  const user = given.user ?? here.user
  const parentId = parentRun?.id ?? parent
  const tags = Object.entries({
    ...here.tags,
    ...(user && { 'mlflow.user': user }),
    ...(parentId && { 'mlflow.parentRunId': parentId }),
    ...given.tags,
  }).map(([key, value]) => valueEntry('tags', key, value).value)
  const params = given.params ?? {}
  for (const key of Object.keys(params)) valueEntry('params', key, params[key])

  const send = <T>(attempt: () => Promise<T>) => persist(attempt, patienceOf(giveUpAfter))
  const wanted = given.experimentId ?? (given.experiment === undefined ? (parentRun?.experimentId ?? '0') : undefined)
  const request = {
    experiment_id: wanted ?? (await send(() => experimentId(origin, given.experiment!))),
    run_name: given.name,
    user_id: user,
    start_time: Date.now(),
    tags,
    idempotency_key: randomName(),
  }
  const { run: made } = (await send(() => callWire(origin, 'POST', 'runs/create', request))) as {
    run: { info: { run_id: string; run_name: string; experiment_id: string } }
  }
  const { run_id: id, run_name: name, experiment_id } = made.info
  const outbox = new Outbox({ origin, runId: id, flushEvery, maxWaiting, giveUpAfter, onError })
  const run = new Run({ origin, id, name, experimentId: experiment_id, outbox, giveUpAfter })
  run.logParams(params)
  return run
}
