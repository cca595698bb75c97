/** Runs as text: CSV and JSON lines. A slow reader slows the reading of runs. */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { FoundRun } from '@tidegate/client'
import { jsonOf } from './output.ts'

/** A column of a file of runs. */
export interface RunField {
  name: string
  type: 'text' | 'number' | 'time'
  /** A time is ms since 1970. */
  of(run: FoundRun): string | number | null
}

export interface RowWriter {
  write(run: FoundRun): Promise<void>
  /** All is written. */
  end(): Promise<void>
  /** Closes what is open; after `end` there is nothing left to do. */
  abandon(): Promise<void>
}

/** A new file, or standard output. */
export const sinkOf = (file: string | undefined): Writable =>
  file === undefined ? process.stdout : createWriteStream(file, { flags: 'wx', flush: true })

function lines(sink: Writable, line: (run: FoundRun) => string, head = ''): RowWriter {
  let failure: Error | undefined
  let begun = false
  sink.on('error', (error) => (failure = error))
  const put = async (text: string) => {
    if (failure) throw failure
    if (!sink.write(text)) await once(sink, 'drain')
  }
  const begin = async () => {
    if (!begun && head) await put(head)
    begun = true
  }
  return {
    async write(run) {
      await begin()
      await put(line(run))
    },
    async end() {
      await begin()
      if (sink === process.stdout) return
      sink.end()
      await finished(sink)
      if (failure) throw failure
    },
    async abandon() {
      if (sink === process.stdout || sink.closed) return
      sink.destroy()
      await once(sink, 'close')
    },
  }
}

const quote = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** As RFC 4180 has it; a value that a run has not is empty, a time is in ISO 8601. */
export function csvWriter(sink: Writable, fields: readonly RunField[]): RowWriter {
  const cell = (run: FoundRun, { type, of }: RunField) => {
    const value = of(run)
    return value === null ? '' : type === 'time' ? new Date(value).toISOString() : quote(String(value))
  }
  const row = (cells: string[]) => `${cells.join(',')}\r\n`
  return lines(sink, (run) => row(fields.map((field) => cell(run, field))), row(fields.map(({ name }) => quote(name))))
}

export const jsonWriter = (sink: Writable): RowWriter => lines(sink, (run) => `${jsonOf(run)}\n`)
