/**
 * A run's sink that writes to a journal first and sends from there. What `add` has taken survives a kill -9; `flush` and `end` resolve
 * when it is on the disk. A server that is away is tried for ever, and the journal waits for the next process where this one ends first.
 */
import fs from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ApiError } from '../api-error.ts'
import { type ArtifactContent, opened, type TransferOptions } from '../artifact.ts'
import { type Entry, fullBatch, inBatches } from '../entries.ts'
import { checkUses, type DatasetUse } from '../inputs.ts'
import type { NewModel } from '../model.ts'
import type { End, Sink } from '../sink.ts'
import { failed, type Journal, type JournalRecord } from './journal.ts'
import { type Known, note, Sender } from './sender.ts'

/** How long what was logged may be in the machine's memory only, ms. */
const syncEvery = 1000

export interface SpooledOptions {
  origin: string
  flushEvery: number
  giveUpAfter: number
  onError: ((error: ApiError) => void) | undefined
  /** Gives the locks up, and takes a journal away that is sent whole. */
  leave: (outcome: { sent: boolean; problems: Error[]; sender: Sender | undefined }) => void
}

export class Spooled implements Sink {
  /** True while the server was not reached, or is not to be. */
  offline = true
  /** Undefined where nothing is to be sent. */
  readonly sender: Sender | undefined
  readonly #journal: Journal
  readonly #known: Known
  readonly #options: SpooledOptions
  readonly #problems: Error[] = []
  /** A refusal that no flush has told of. */
  #refusal: ApiError | undefined
  #timer: NodeJS.Timeout | undefined
  #waiting = 0
  /** Tells the sender that there is something. */
  #wake: (() => void) | undefined
  /** Ends the pause between two tries. */
  #hurry: (() => void) | undefined
  /** Set when nothing is to be tried after this time. */
  #deadline: number | undefined
  #ending = false
  #sending: Promise<boolean> | undefined
  #syncing: NodeJS.Timeout

  constructor(journal: Journal, known: Known, options: SpooledOptions, send: boolean) {
    this.#journal = journal
    this.#known = known
    this.#options = options
    this.#syncing = setInterval(() => void journal.sync().catch((error) => (this.#refusal ??= error)), syncEvery).unref()
    if (send) {
      this.sender = new Sender(journal, known, {
        origin: options.origin,
        patience: () => (ms, error) => this.#pause(ms, error),
        onProblem: (problem) => this.#problem(problem),
      })
    }
  }

  /** Tries to make the run, for so long. After that it is tried behind what is logged. */
  async reach(ms: number): Promise<void> {
    if (!this.sender) return
    this.#deadline = Date.now() + ms
    try {
      await this.sender.begin()
      this.offline = false
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'UNREACHABLE') throw error
    }
    this.#deadline = undefined
  }

  /** Begins to send what the journal holds. */
  start(): void {
    if (this.sender) this.#sending = this.#send(this.sender)
  }

  add(entries: readonly Entry[]): void {
    if (!entries.length) return
    const start = this.#journal.size
    const records = inBatches(entries).flatMap(recordsOf)
    this.#journal.append(records)
    // The first line's place does for all: no tag comes twice in one call.
    for (const record of records) note(this.#known, record, { start, end: this.#journal.size })
    this.#noted(entries.length)
  }

  async file(path: string, content: ArtifactContent, options: TransferOptions = {}): Promise<void> {
    const { copy, path: target } = this.#journal.newCopy()
    await this.#copy(target, content, options)
    this.#journal.append([{ file: { path, copy } }])
    this.#noted(fullBatch)
    await this.#journal.sync()
  }

  async inputs(uses: readonly DatasetUse[]): Promise<void> {
    checkUses(uses)
    this.#journal.append([{ inputs: [...uses] }])
    this.#noted(fullBatch)
    await this.#journal.sync()
  }

  async model({ files, ...model }: NewModel): Promise<void> {
    const { copy, path: folder } = this.#journal.newCopy()
    fs.mkdirSync(folder)
    for (const [i, [, content]] of files.entries()) await this.#copy(`${folder}/${i}`, content)
    this.#journal.append([{ model, files: files.map(([path], copy) => ({ path, copy })), copy }])
    this.#noted(fullBatch)
    await this.#journal.sync()
  }

  async flush(): Promise<void> {
    this.#wake?.()
    await this.#journal.sync()
    this.#tell()
  }

  async end(end: End): Promise<void> {
    if (!this.#ending) this.#journal.append([{ end }])
    this.#ending = true
    await this.#journal.sync()
    clearInterval(this.#syncing)
    // From now on it may take so long and no longer: the rest is for a replay.
    this.#deadline = Date.now() + this.#options.giveUpAfter
    this.#wake?.()
    this.#hurry?.()
    const sent = (await this.#sending) ?? false
    this.#options.leave({ sent, problems: this.#problems, sender: this.sender })
    this.#tell()
  }

  async #send(sender: Sender): Promise<boolean> {
    try {
      while (!sender.made) {
        await sender.begin().catch((error) => this.#givenUp(error))
        if (!sender.made) return false
      }
      this.offline = false
      for (;;) {
        this.#waiting = 0
        const ended = await sender.drain()
        this.offline = false
        if (ended) {
          await sender.filesDone()
          return true
        }
        if (!this.#ending) await this.#something()
      }
    } catch (error) {
      this.#givenUp(error)
      return false
    }
  }

  /** Out of time, or the server wants none of it: the journal stays. */
  #givenUp(error: unknown): void {
    this.offline = true
    if (error instanceof ApiError && error.code === 'UNREACHABLE') return
    this.#problem(error as Error)
  }

  #problem(problem: Error): void {
    this.#problems.push(problem)
    const error = problem instanceof ApiError ? problem : new ApiError('SPOOL_FAILED', problem.message)
    this.#refusal ??= error
    const { onError } = this.#options
    // What it throws is not ours to swallow, and must not stop the sending.
    if (onError) queueMicrotask(() => onError(error))
  }

  #tell(): void {
    const refusal = this.#refusal
    this.#refusal = undefined
    if (refusal) throw refusal
  }

  async #copy(target: string, content: ArtifactContent, { onProgress, signal }: TransferOptions = {}): Promise<void> {
    const body = await opened(content)
    const total = body instanceof Blob ? body.size : undefined
    let done = 0
    try {
      const source = Readable.fromWeb((body instanceof Blob ? body.stream() : body) as never)
      if (onProgress) source.on('data', (chunk: Uint8Array) => onProgress((done += chunk.byteLength), total))
      await pipeline(source, fs.createWriteStream(target, { flush: true }), { ...(signal && { signal }) })
    } catch (error) {
      fs.rmSync(target, { recursive: true, force: true })
      throw (error as NodeJS.ErrnoException).code ? failed(this.#journal.folder, error) : error
    }
  }

  #noted(count: number): void {
    this.#waiting += count
    if (this.#waiting >= fullBatch) this.#wake?.()
    else
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined
        this.#wake?.()
      }, this.#options.flushEvery).unref()
  }

  /** Waits until there is something to send, without keeping Node running. */
  async #something(): Promise<void> {
    if (this.#waiting >= fullBatch || this.#ending) return
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    this.#wake = undefined
  }

  async #pause(ms: number, error: ApiError): Promise<void> {
    this.offline = true
    if (this.#deadline !== undefined && Date.now() + ms > this.#deadline) throw new ApiError('UNREACHABLE', error.message, { cause: error })
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      if (this.#deadline === undefined) timer.unref()
      this.#hurry = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#hurry = undefined
  }
}

/** The lines of one batch. */
function recordsOf(batch: readonly Entry[]): JournalRecord[] {
  const m: Array<[string, number | string, number, number]> = []
  const p: Array<[string, string]> = []
  const g: Array<[string, string]> = []
  for (const entry of batch) {
    if (entry.kind === 'metrics') m.push([entry.value.key, entry.value.value, entry.value.step, entry.value.timestamp])
    else (entry.kind === 'params' ? p : g).push([entry.value.key, entry.value.value])
  }
  return [...(m.length ? [{ m }] : []), ...(p.length ? [{ p }] : []), ...(g.length ? [{ g }] : [])]
}
