/**
 * The log of one run in a spool: a folder with `journal.jsonl`, a line for each thing logged, and `files/`, copies of what is to be
 * uploaded. Always true: lines are only added, each whole by one write, so a killed process leaves at most half of a last line, which
 * nobody was told is kept. What `append` has taken survives the process; what `sync` has seen survives the machine.
 */
import fs from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { randomName } from '../address.ts'
import { ApiError } from '../api-error.ts'
import type { NewRun } from '../create.ts'
import type { DatasetUse } from '../inputs.ts'
import type { NewModel } from '../model.ts'
import type { End } from '../sink.ts'

/** A file to upload: its path, and the number of its copy. */
type FileRecord = { path: string; copy: number }

/** A line. The names are short because a day of logging has a hundred thousand. */
export type JournalRecord =
  | { journal: string; run: NewRun; origin: string }
  /** Metrics: name, value, step, time. */
  | { m: Array<[string, number | string, number, number]> }
  | { p: Array<[string, string]> }
  /** Tags. */
  | { g: Array<[string, string]> }
  | { file: FileRecord }
  | { inputs: DatasetUse[] }
  | { model: Omit<NewModel, 'files'>; files: FileRecord[]; copy: number }
  /** The process began again. */
  | { again: number }
  | { end: End }

export interface Line {
  /** Undefined where it can't be read. */
  record: JournalRecord | undefined
  /** Where it begins and ends, in bytes. */
  start: number
  end: number
}

const newline = 10
const chunkSize = 256 * 1024
const datasync = promisify(fs.fdatasync)

/** A failure of the disk, with the way out. */
export const failed = (folder: string, error: unknown) =>
  new ApiError(
    'SPOOL_FAILED',
    `The spool ${folder} can't be written to: ${(error as Error).message}. Nothing of this call is kept; what was logged before is. Make room, or replay what is in it.`,
    { cause: error },
  )

/** So that a file's name is on the disk too. Windows does that by itself, and can't be asked. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const fd = fs.openSync(folder, 'r')
  fs.fsyncSync(fd)
  fs.closeSync(fd)
}

export class Journal {
  readonly folder: string
  readonly #fd: number
  #size: number
  #synced: number
  #copies = 0
  #closed = false

  private constructor(folder: string, fd: number, size: number) {
    this.folder = folder
    this.#fd = fd
    this.#size = size
    this.#synced = size
  }

  static exists(folder: string): boolean {
    return fs.existsSync(join(folder, 'journal.jsonl'))
  }

  /** Begins one, with its first line, durably: a folder of this name is either whole or not there. */
  static create(folder: string, first: JournalRecord): void {
    const partial = `${folder}.${randomName().slice(0, 8)}.new`
    try {
      fs.mkdirSync(join(partial, 'files'), { recursive: true })
      const fd = fs.openSync(join(partial, 'journal.jsonl'), 'a+')
      const journal = new Journal(folder, fd, 0)
      journal.append([first])
      fs.fsyncSync(fd)
      journal.close()
      syncFolder(partial)
      fs.renameSync(partial, folder)
      syncFolder(join(folder, '..'))
    } catch (error) {
      // Who makes the same at this moment is as good.
      if (Journal.exists(folder)) return
      throw error instanceof ApiError ? error : failed(folder, error)
    } finally {
      fs.rmSync(partial, { recursive: true, force: true })
    }
  }

  /** Opens one. To write to it is for the one process that holds its lock: half a last line is cut off then. */
  static open(folder: string, mode: 'read' | 'write'): Journal {
    const fd = fs.openSync(join(folder, 'journal.jsonl'), mode === 'read' ? 'r' : 'a+')
    const { size } = fs.fstatSync(fd)
    const journal = new Journal(folder, fd, size)
    if (mode === 'write') {
      journal.#size = lastNewline(fd, size)
      if (journal.#size < size) fs.ftruncateSync(fd, journal.#size)
      journal.#synced = 0
      journal.#copies = Math.max(0, ...fs.readdirSync(join(folder, 'files')).map((name) => Number.parseInt(name, 10) || 0))
    }
    return journal
  }

  /** Bytes of lines. */
  get size(): number {
    return this.#size
  }

  /** Adds lines, all or none. Throws SPOOL_FAILED. */
  append(records: readonly JournalRecord[]): void {
    const bytes = Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(''))
    try {
      for (let done = 0; done < bytes.length; ) done += fs.writeSync(this.#fd, bytes, done)
    } catch (error) {
      // What was written of it must not stand before what comes next.
      fs.ftruncateSync(this.#fd, this.#size)
      throw failed(this.folder, error)
    }
    this.#size += bytes.length
  }

  /** Resolves when what was added before is on the disk. */
  async sync(): Promise<void> {
    const { size } = this
    if (size <= this.#synced) return
    try {
      await datasync(this.#fd)
    } catch (error) {
      throw failed(this.folder, error)
    }
    this.#synced = Math.max(this.#synced, size)
  }

  /** The whole lines from a place on, as far as there are by now. */
  async *read(from = 0): AsyncGenerator<Line, void> {
    let start = from
    let rest: Buffer<ArrayBufferLike> = Buffer.alloc(0)
    let position = from
    for (;;) {
      const chunk = Buffer.allocUnsafe(chunkSize)
      const { bytesRead } = await read(this.#fd, chunk, 0, chunkSize, position)
      if (!bytesRead) return
      position += bytesRead
      rest = Buffer.concat([rest, chunk.subarray(0, bytesRead)])
      let begin = 0
      for (let end: number; (end = rest.indexOf(newline, begin)) >= 0; begin = end + 1) {
        const length = end + 1 - begin
        yield { record: parse(rest.toString('utf8', begin, end)), start, end: start + length }
        start += length
      }
      rest = rest.subarray(begin)
    }
  }

  /** A place for a copy of what is to be uploaded. */
  newCopy(): { copy: number; path: string } {
    const copy = ++this.#copies
    return { copy, path: this.pathOf(copy) }
  }

  pathOf(copy: number): string {
    return join(this.folder, 'files', String(copy))
  }

  /** May be called again. */
  close(): void {
    if (!this.#closed) fs.closeSync(this.#fd)
    this.#closed = true
  }
}

const read = promisify(fs.read) as unknown as (
  fd: number,
  buffer: Buffer,
  offset: number,
  length: number,
  position: number,
) => Promise<{ bytesRead: number }>

function parse(text: string): JournalRecord | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as JournalRecord) : undefined
  } catch {
    return undefined
  }
}

/** Where the last whole line ends. */
function lastNewline(fd: number, size: number): number {
  const chunk = Buffer.allocUnsafe(chunkSize)
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - chunkSize)
    const length = fs.readSync(fd, chunk, 0, end - start, start)
    const at = chunk.subarray(0, length).lastIndexOf(newline)
    if (at >= 0) return start + at + 1
    end = start
  }
  return 0
}
