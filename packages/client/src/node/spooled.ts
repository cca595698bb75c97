/**
 * A run's sink that writes to a journal first and sends from there. What `add` has taken survives a kill -9; `flush` and `end` resolve
 * when it is on the disk. A server that is away is tried for ever, and the journal waits for the next process where this one ends first.
 */
import fs from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ApiError } from '../api-error.ts'
import { type ArtifactContent, opened, type TransferOptions } from '../artifact.ts'
import { type Entry, fullBatch, inBatches } from '../entries.ts'
import type { DatasetUse } from '../inputs.ts'
import type { NewModel } from '../model.ts'
import type { End, Sink } from '../sink.ts'
import { failed, type Journal, type JournalRecord } from './journal.ts'
import { type Known, markerEntry, note, Sender } from './sender.ts'

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
  /** Each ends a pause between two tries. */
  readonly #pauses = new Set<() => void>()
  /** What is being copied. */
  readonly #underWay = new Set<Promise<void>>()
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
    const records = inBatches(entries, markerEntry).flatMap(recordsOf)
    this.#journal.append(records)
    // The first line's place does for all: no tag comes twice in one call.
    for (const record of records) note(this.#known, record, { start, end: this.#journal.size })
    this.#noted(entries.length)
  }

  file(path: string, content: ArtifactContent, options?: TransferOptions): Promise<void> {
    const { copy, path: target } = this.#journal.newCopy()
    return this.#keep(target, { file: { path, copy } }, () => writeCopy(target, content, options))
  }

  inputs(uses: readonly DatasetUse[]): Promise<void> {
    return this.#keep(undefined, { inputs: [...uses] })
  }

  model({ files, ...model }: NewModel): Promise<void> {
    const { copy, path: folder } = this.#journal.newCopy()
    const record = { model, files: files.map(([path], copy) => ({ path, copy })), copy }
    return this.#keep(folder, record, async () => {
      fs.mkdirSync(folder)
      for (const [i, [, content]] of files.entries()) await writeCopy(join(folder, String(i)), content)
    })
  }

  async flush(): Promise<void> {
    this.#wake?.()
    await this.#journal.sync()
    this.#tell()
  }

  async end(end: End): Promise<void> {
    const lost = (await Promise.allSettled(this.#underWay)).find((each) => each.status === 'rejected')
    if (!this.#ending) this.#journal.append([{ end }])
    this.#ending = true
    await this.#journal.sync()
    clearInterval(this.#syncing)
    // From now on it may take so long and no longer: the rest is for a replay.
    this.#deadline = Date.now() + this.#options.giveUpAfter
    this.#wake?.()
    for (const hurry of this.#pauses) hurry()
    const sent = (await this.#sending) ?? false
    this.#options.leave({ sent, problems: this.#problems, sender: this.sender })
    this.#tell()
    if (lost) throw lost.reason
  }

  async #send(sender: Sender): Promise<boolean> {
    try {
      if (!sender.made) await sender.begin()
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

  /** Copies what is to be uploaded, where there is something, and then says so in the journal. */
  #keep(target: string | undefined, record: JournalRecord, copy?: () => Promise<void>): Promise<void> {
    const keep = async () => {
      try {
        await copy?.()
        this.#journal.append([record])
      } catch (error) {
        if (target) fs.rmSync(target, { recursive: true, force: true })
        throw error instanceof CopyError ? failed(this.#journal.folder, error.cause) : error
      }
      this.#noted(fullBatch)
      await this.#journal.sync()
    }
    const done = keep().finally(() => this.#underWay.delete(done))
    this.#underWay.add(done)
    return done
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
      const hurry = () => {
        clearTimeout(timer)
        this.#pauses.delete(hurry)
        resolve()
      }
      const timer = setTimeout(hurry, ms)
      if (this.#deadline === undefined) timer.unref()
      this.#pauses.add(hurry)
    })
  }
}

/** The disk's fault, not the content's. */
class CopyError extends Error {}

async function writeCopy(target: string, content: ArtifactContent, { onProgress, signal }: TransferOptions = {}): Promise<void> {
  const body = await opened(content)
  const total = body instanceof Blob ? body.size : undefined
  let done = 0
  const counted = async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      yield chunk
      onProgress?.((done += chunk.byteLength), total)
    }
  }
  const file = fs.createWriteStream(target, { flush: true })
  let fault: unknown
  file.once('error', (error) => (fault = error))
  await pipeline(Readable.fromWeb((body instanceof Blob ? body.stream() : body) as never), counted, file, {
    ...(signal && { signal }),
  }).catch((error) => {
    if (signal?.aborted) throw signal.reason
    throw fault === error ? new CopyError('', { cause: error }) : error
  })
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
