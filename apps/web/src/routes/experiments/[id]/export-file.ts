/**
 * Runs as a file of the browser's: CSV as RFC 4180 has it, or Parquet. Columns are called as the filter language calls them, without quotes, as
 * `tidegate runs export` does. What a run has not is empty.
 */
import type { Cell, Column } from './columns.ts'

export type FileFormat = 'csv' | 'parquet'

export interface FileColumn {
  /** As the server's table is asked for it. */
  ref: string
  name: string
  type: 'text' | 'number' | 'time'
}

const prefixes = { metric: 'metrics', param: 'params', tag: 'tags' } as const
const attributes: Record<string, Pick<FileColumn, 'name' | 'type'>> = {
  start_time: { name: 'started_at', type: 'time' },
  duration: { name: 'duration_ms', type: 'number' },
  user_id: { name: 'user', type: 'text' },
}

/** What names a run, then the columns of the table in their order. */
export function fileColumns(columns: readonly Column[]): FileColumn[] {
  const own: FileColumn[] = [
    { ref: 'attributes.run_id', name: 'id', type: 'text' },
    { ref: 'attributes.run_name', name: 'name', type: 'text' },
    { ref: 'attributes.status', name: 'status', type: 'text' },
  ]
  const shown = columns
    .filter(({ ref }) => !own.some((column) => column.ref === ref))
    .map(({ ref, kind, key }): FileColumn => {
      if (kind === 'attribute') return { ref, ...(attributes[key] ?? { name: key, type: 'text' }) }
      return { ref, name: `${prefixes[kind]}.${key}`, type: kind === 'metric' ? 'number' : 'text' }
    })
  return [...own, ...shown]
}

/** A page of runs: for each column its values. */
export type FilePage = readonly (readonly (Cell | undefined)[])[]

export interface FileWriter {
  add(page: FilePage): void
  end(): Blob
}

const quote = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
const line = (cells: readonly string[]): string => `${cells.join(',')}\r\n`

/** A run that was given no start has 0 there; a clock that counts in nanoseconds is past what a Date holds. */
const timeOf = (value: Cell | undefined): Date | null => {
  const time = new Date(Number(value))
  return value && Number.isFinite(time.getTime()) ? time : null
}

function csvCell(value: Cell | undefined, type: FileColumn['type']): string {
  if (value === null || value === undefined) return ''
  return type === 'time' ? (timeOf(value)?.toISOString() ?? (Number(value) ? String(value) : '')) : quote(String(value))
}

export function csvFile(columns: readonly FileColumn[]): FileWriter {
  // Each page is a part of its own, which the browser may put on disk.
  const parts: Blob[] = [new Blob([line(columns.map(({ name }) => quote(name)))])]
  return {
    add(page) {
      const rows = Array.from({ length: page[0]?.length ?? 0 }, (_, row) =>
        line(columns.map(({ type }, i) => csvCell(page[i]?.[row], type))),
      )
      parts.push(new Blob([rows.join('')]))
    },
    end: () => new Blob(parts, { type: 'text/csv;charset=utf-8' }),
  }
}

/** Text as STRING, metrics as DOUBLE, times as TIMESTAMP (ms). The writer comes with the first file. */
export async function parquetFile(columns: readonly FileColumn[]): Promise<FileWriter> {
  const { ByteWriter, ParquetWriter, schemaFromColumnData } = await import('hyparquet-writer')
  const types = { text: 'STRING', number: 'DOUBLE', time: 'TIMESTAMP' } as const
  const cell = (value: Cell | undefined, type: FileColumn['type']) => {
    if (value === null || value === undefined) return null
    return type === 'time' ? timeOf(value) : type === 'number' ? Number(value) : String(value)
  }
  const dataOf = (page: FilePage) =>
    columns.map(({ name, type }, i) => ({
      name,
      type: types[type],
      nullable: true,
      data: (page[i] ?? []).map((value) => cell(value, type)),
    }))
  const bytes = new ByteWriter()
  const writer = new ParquetWriter({ writer: bytes, schema: schemaFromColumnData({ columnData: dataOf([]) }), createdBy: 'tidegate' })
  return {
    add: (page) => void writer.write({ columnData: dataOf(page), rowGroupSize: page[0]?.length ?? 0 }),
    end() {
      void writer.finish()
      return new Blob([bytes.getBytes()], { type: 'application/vnd.apache.parquet' })
    },
  }
}
