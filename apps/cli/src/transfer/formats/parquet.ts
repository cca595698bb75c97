/** Parquet files, a row group at a time both ways, so that memory does not grow with them. */
import zlib from 'node:zlib'
import { parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { asyncBufferFromFile } from 'hyparquet/src/node.js'
import { fileWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer'
import type { ColumnType, Row } from './folder.ts'

/** Rows of a row group. */
const held = 100_000

export interface TableWriter {
  readonly rows: number
  add(row: Row): Promise<void>
  end(): Promise<void>
}

/** A new file; nothing is at `path` until its first row group is full, or it ends. */
export function writeTable(path: string, columns: Record<string, ColumnType>): TableWriter {
  let rows: Row[] = []
  let written = 0
  const columnData = () =>
    Object.entries(columns).map(([name, type]) => ({
      name,
      type,
      nullable: true,
      data: rows.map((row) => {
        const value = row[name] ?? null
        return type === 'INT64' && value !== null ? BigInt(value) : value
      }),
    }))
  let writer: ParquetWriter | undefined
  const flush = async () => {
    writer ??= new ParquetWriter({
      writer: fileWriter(path),
      schema: schemaFromColumnData({ columnData: columnData() }),
      createdBy: 'tidegate',
    })
    if (rows.length) await writer.write({ columnData: columnData(), rowGroupSize: rows.length })
    rows = []
  }
  return {
    get rows() {
      return written
    },
    async add(row) {
      written++
      if (rows.push(row) >= held) await flush()
    },
    async end() {
      await flush()
      await writer!.finish()
    },
  }
}

/** Snappy the library has itself. */
const codecs = {
  GZIP: (bytes: Uint8Array) => new Uint8Array(zlib.gunzipSync(bytes)),
  BROTLI: (bytes: Uint8Array) => new Uint8Array(zlib.brotliDecompressSync(bytes)),
  // Node has it since 22.15.
  ...('zstdDecompressSync' in zlib && { ZSTD: (bytes: Uint8Array) => new Uint8Array(zlib.zstdDecompressSync(bytes)) }),
}

/** What a file holds, a row group at a time; whole numbers as numbers, times as ms. Throws where it can't be read. */
export async function* readTable<Shape extends object>(path: string, columns?: string[]): AsyncGenerator<Shape[]> {
  const file = await asyncBufferFromFile(path)
  const metadata = await parquetMetadataAsync(file)
  let start = 0
  for (const group of metadata.row_groups) {
    const end = start + Number(group.num_rows)
    const rows = await parquetReadObjects({
      file,
      metadata,
      rowStart: start,
      rowEnd: end,
      compressors: codecs,
      parsers: {
        timestampFromMilliseconds: Number,
        timestampFromMicroseconds: (time) => Number(time / 1000n),
        timestampFromNanoseconds: (time) => Number(time / 1_000_000n),
      },
      ...(columns && { columns }),
    })
    for (const row of rows) for (const key in row) if (typeof row[key] === 'bigint') row[key] = Number(row[key])
    yield rows as Shape[]
    start = end
  }
}
