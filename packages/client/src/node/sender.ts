/**
 * Sends a journal to the server, in order, as far as it is written. Always true: however often it is killed and begun again, also by
 * two processes at once, nothing is there twice and nothing that came later is undone: the run, its models and points are what their
 * ids say; of a tag only its last value in the journal is ever sent; and how far the journal is sent stands on the run itself, in a
 * tag that is written in the transaction of the batch it is about.
 */
import fs from 'node:fs'
import { ApiError } from '../api-error.ts'
import { upload } from '../artifact.ts'
import { findRun, goOn, type Made, makeRun, type NewRun } from '../create.ts'
import { batchBody, type Entry, metricEntry, Room, valueEntry } from '../entries.ts'
import { callWire, persist } from '../exchange.ts'
import { sendInputs } from '../inputs.ts'
import { sendModel } from '../model.ts'
import type { End } from '../sink.ts'
import type { Journal, JournalRecord, Line } from './journal.ts'

export interface SenderOptions {
  origin: string
  /** For each request anew: what waits between two tries of it, or throws to give up. */
  patience: () => (ms: number, error: ApiError) => Promise<void>
  /** Told of what the server refuses and what can't be read: it is in nobody's hands any more. */
  onProblem: (problem: Error) => void
  onBatch?: (sent: number) => void
  /** The server's ids of runs that had others here. */
  idOf?: (id: string) => string
}

/** The tag that says how far journals of a run are sent: `<journal>:<bytes>`, of the last so many. */
// MLflow keeps names that begin so for what tools note themselves, and no page shows them among a person's tags.
const marker = 'mlflow.tidegate.spool'
const mostMarks = 40

/** As large as it can be: each line of a journal leaves room for it. */
export const markerEntry: Entry = { kind: 'tags', bytes: 5000, value: { key: marker, value: '' } }

/** What a journal says of its run. */
export interface Known {
  /** The name of this journal alone: a run that goes on may have had others. */
  journal: string
  run: NewRun
  origin: string
  steps: Map<string, number>
  params: Map<string, string>
  /** Where the last value of each tag begins. */
  tags: Map<string, number>
  /** Where the line of its end ends; undefined while it has none. */
  ended: number | undefined
  /** The time of the newest point, ms since 1970. */
  newest: number
}

/** Adds what a line says. */
export function note(known: Known, record: JournalRecord, { start, end }: Pick<Line, 'start' | 'end'>): void {
  if ('m' in record) {
    for (const [key, , step, time] of record.m) {
      known.steps.set(key, Math.max(step, known.steps.get(key) ?? step))
      known.newest = Math.max(known.newest, time)
    }
  }
  if ('p' in record) for (const [key, value] of record.p) known.params.set(key, value)
  if ('g' in record) for (const [key] of record.g) known.tags.set(key, start)
  if ('end' in record) known.ended = end
  if ('again' in record) known.ended = undefined
}

/** Reads a journal whole. Undefined where its first line can't be read. */
export async function survey(journal: Journal): Promise<Known | undefined> {
  let known: Known | undefined
  for await (const line of journal.read()) {
    const { record } = line
    if (record && 'run' in record)
      known ??= { ...record, steps: new Map(), params: new Map(), tags: new Map(), ended: undefined, newest: record.run.startedAt }
    if (!known) return undefined
    if (record) note(known, record, line)
  }
  return known
}

const rethrow = (error: unknown) => {
  throw error
}
const unlessMissing = (error: unknown) => {
  if (!(error instanceof ApiError) || error.code !== 'RESOURCE_DOES_NOT_EXIST') throw error
}

/** Refusals that something else may lift: the rest of the journal is not even tried. */
const stopping = new Set([401, 403, 404])

export class Sender {
  /** Entries and files that were sent. */
  entries = 0
  files = 0
  made: Made | undefined
  readonly #journal: Journal
  readonly #known: Known
  readonly #options: SenderOptions
  /** How far other journals of this run are sent, as the tag has it. */
  #others: string[] = []
  #at = 0
  /** Up to here files are on their way or gone. */
  #queued = 0
  #lane: Promise<void> = Promise.resolve()
  #laneFailure: ApiError | undefined

  constructor(journal: Journal, known: Known, options: SenderOptions) {
    this.#journal = journal
    this.#known = known
    this.#options = options
  }

  /** Makes the run where it isn't there, and finds how far it is sent. */
  async begin(): Promise<Made> {
    const { origin, idOf = (id) => id } = this.#options
    const { run } = this.#known
    const tags = run.tags.map(({ key, value }) => ({ key, value: key === 'mlflow.parentRunId' ? idOf(value) : value }))
    // Its experiment may have another name by now.
    const before =
      run.key === undefined ? await this.#persist(() => findRun(origin, run.id).catch(run.resumed ? rethrow : unlessMissing)) : undefined
    const made = before ?? (await makeRun(origin, { ...run, tags }, (attempt) => this.#persist(attempt)))
    const marks = made.tags.get(marker)?.split(' ') ?? []
    const own = marks.find((mark) => this.#isOwn(mark))?.split(':')[1]
    this.#others = marks.filter((mark) => !this.#isOwn(mark)).slice(-mostMarks)
    this.#at = Math.min(Number(own) || 0, this.#journal.size)
    this.made = made
    return made
  }

  #isOwn(mark: string): boolean {
    return mark.split(':')[0] === this.#known.journal
  }

  #markOf(at: number): string {
    return [...this.#others, `${this.#known.journal}:${at}`].join(' ')
  }

  /** Sends what there is by now. True where the run's end was among it. */
  async drain(): Promise<boolean> {
    const { made } = this
    if (!made) throw new TypeError('begin() comes first')
    if (!this.#queued) await this.#queueFiles(0)
    let batch: Entry[] = []
    let room = this.#room()
    let last = this.#at
    const post = async (more: boolean) => {
      if (batch.length) await this.#post(made.id, batch, more || batch.some(({ kind }) => kind !== 'metrics') ? last : undefined)
      this.#at = last
      batch = []
      room = this.#room()
    }
    for await (const line of this.#journal.read(this.#at)) {
      const entries = this.#entriesOf(line)
      if (entries) {
        if (!entries.every((entry) => room.take(entry))) {
          await post(true)
          for (const entry of entries) room.take(entry)
        }
        batch.push(...entries)
        last = line.end
        continue
      }
      await post(false)
      if (line.start >= this.#queued) this.#queueFile(line)
      if (line.record && 'end' in line.record) {
        await this.filesDone()
        const { end } = line.record
        this.#known.ended = line.end
        await this.#try(() => callWire(this.#options.origin, 'POST', 'runs/update', { run_id: made.id, ...end }))
        await this.#mark(made.id, line.end)
      } else if (line.record && 'again' in line.record) {
        this.#known.ended = undefined
        await this.#try(() => goOn(this.#options.origin, { ...made, status: 'unknown' }))
        await this.#mark(made.id, line.end)
      } else if (line.record && 'inputs' in line.record) {
        const { inputs } = line.record
        await this.#try(() => sendInputs(this.#options.origin, made.id, inputs))
      }
      this.#at = last = line.end
      this.#queued = Math.max(this.#queued, line.end)
    }
    await post(false)
    return this.#known.ended !== undefined && this.#at >= this.#known.ended
  }

  /** Ends a run whose process was killed and said nothing; not one that another process goes on with. */
  async abandoned(): Promise<void> {
    if (this.#known.run.key !== undefined) return
    const end: End = { status: 'FAILED', end_time: this.#known.newest }
    await this.#try(() => callWire(this.#options.origin, 'POST', 'runs/update', { run_id: this.made!.id, ...end }))
  }

  /** Resolves when all files that were found are uploaded. */
  async filesDone(): Promise<void> {
    await this.#lane
    const failure = this.#laneFailure
    this.#laneFailure = undefined
    // They are queued anew by the next drain.
    if (failure) {
      this.#queued = 0
      throw failure
    }
  }

  #persist<T>(attempt: () => Promise<T>): Promise<T> {
    return persist(attempt, this.#options.patience())
  }

  /** The marker takes its room. */
  #room(): Room {
    const room = new Room()
    room.take(markerEntry)
    return room
  }

  /** Undefined where the line holds none. */
  #entriesOf({ record, start }: Line): Entry[] | undefined {
    if (!record) {
      this.#options.onProblem(new Error(`${this.#journal.folder}: the line at byte ${start} can't be read; what it held is lost.`))
      return []
    }
    try {
      if ('m' in record) return record.m.map(([key, value, step, time]) => metricEntry(key, Number(value), step, time))
      if ('p' in record) return record.p.map(([key, value]) => valueEntry('params', key, value))
      if ('g' in record)
        return record.g
          .filter(([key]) => (this.#known.tags.get(key) ?? start) <= start)
          .map(([key, value]) => valueEntry('tags', key, value))
    } catch (error) {
      this.#options.onProblem(
        new Error(`${this.#journal.folder}: the line at byte ${start} holds what can't be logged: ${(error as Error).message}`),
      )
      return []
    }
    return undefined
  }

  async #post(runId: string, batch: Entry[], mark: number | undefined): Promise<void> {
    const marked = (entries: Entry[]) => (mark === undefined ? entries : [...entries, valueEntry('tags', marker, this.#markOf(mark))])
    const send = (entries: Entry[]) =>
      this.#persist(() => callWire(this.#options.origin, 'POST', 'runs/log-batch', batchBody(runId, entries)))
    try {
      await send(marked(batch))
      this.entries += batch.length
    } catch (error) {
      await this.#refused(error)
      // A batch is all or nothing, but a refused param must take neither the points nor the other params with it.
      for (const kind of new Set(batch.map(({ kind }) => kind))) {
        const part = batch.filter((entry) => entry.kind === kind)
        await this.#inParts(part, send)
      }
      // The marker goes last.
      if (mark !== undefined) await this.#mark(runId, mark)
    }
    this.#options.onBatch?.(this.#at)
  }

  /** Finds the param or the tag that is refused by halves, and sends the rest. Points are refused for what they are all of. */
  async #inParts(part: Entry[], send: (entries: Entry[]) => Promise<unknown>): Promise<void> {
    try {
      await send(part)
      this.entries += part.length
    } catch (error) {
      await this.#refused(error)
      if (part.length === 1 || part[0]!.kind === 'metrics') return this.#options.onProblem(error as Error)
      const half = part.length >> 1
      await this.#inParts(part.slice(0, half), send)
      await this.#inParts(part.slice(half), send)
    }
  }

  #mark(runId: string, at: number): Promise<unknown> {
    return this.#persist(() =>
      callWire(this.#options.origin, 'POST', 'runs/set-tag', { run_id: runId, key: marker, value: this.#markOf(at) }),
    )
  }

  /** Does it, or tells of the refusal and goes on. */
  async #try(attempt: () => Promise<unknown>): Promise<boolean> {
    try {
      await this.#persist(attempt)
      return true
    } catch (error) {
      await this.#refused(error)
      this.#options.onProblem(error as Error)
      return false
    }
  }

  /** Throws what ends the sending: no server, no right, no run. */
  async #refused(error: unknown): Promise<void> {
    if (
      !(error instanceof ApiError) ||
      error.code === 'UNREACHABLE' ||
      stopping.has(error.status) ||
      error.status >= 500 ||
      error.status === 429
    )
      throw error
    await this.#persist(() => findRun(this.#options.origin, this.made!.id))
  }

  /** What is to be uploaded is what has a copy still: a copy goes when it is acknowledged. */
  async #queueFiles(from: number): Promise<void> {
    for await (const line of this.#journal.read(from)) {
      this.#queueFile(line)
      this.#queued = line.end
    }
  }

  #queueFile({ record }: Line): void {
    if (!record) return
    if ('file' in record) this.#queue(record.file.copy, (origin, runId) => this.#upload(origin, runId, record.file))
    if ('model' in record) this.#queue(record.copy, () => this.#model(record))
  }

  #queue(copy: number, send: (origin: string, runId: string) => Promise<void>): void {
    const path = this.#journal.pathOf(copy)
    if (!fs.existsSync(path)) return
    this.#lane = this.#lane.then(async () => {
      // Another process may have been faster.
      if (this.#laneFailure || !fs.existsSync(path)) return
      try {
        if (!(await this.#try(() => send(this.#options.origin, this.made!.id)))) return
        fs.rmSync(path, { recursive: true, force: true })
        this.files++
      } catch (error) {
        this.#laneFailure = error as ApiError
      }
    })
  }

  #upload(origin: string, runId: string, { path, copy }: { path: string; copy: number }): Promise<void> {
    return upload(origin, runId, path, { file: this.#journal.pathOf(copy) })
  }

  async #model({ model, files, copy }: Extract<JournalRecord, { model: unknown }>): Promise<void> {
    const folder = this.#journal.pathOf(copy)
    const contents = files.map(({ path, copy }): [string, { file: string }] => [path, { file: `${folder}/${copy}` }])
    await sendModel(this.#options.origin, this.made!, { ...model, files: contents })
  }
}
