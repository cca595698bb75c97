/** A Parquet file, of which only what is looked at is fetched. Nothing here is WebAssembly, which the page's policy refuses. */
import { decompress as zstd } from 'fzstd'
import { type AsyncBuffer, cachedAsyncBuffer, parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet'
// Each by itself: the package's index has a Snappy of WebAssembly. hyparquet has one without.
import { decompressBrotli } from 'hyparquet-compressors/src/brotli.js'
import { gunzip } from 'hyparquet-compressors/src/gzip.js'
import { decompressLz4, decompressLz4Raw } from 'hyparquet-compressors/src/lz4.js'
import { type Pages, refused } from './open-file.svelte.ts'
import { cellText } from './preview.ts'

const compressors = {
  GZIP: (input: Uint8Array, length: number) => gunzip(input, new Uint8Array(length)),
  BROTLI: decompressBrotli,
  LZ4: decompressLz4,
  LZ4_RAW: decompressLz4Raw,
  ZSTD: (input: Uint8Array, length: number) => zstd(input, new Uint8Array(length)),
}

export async function openParquet(url: string, size: number): Promise<Pages> {
  const slices: AsyncBuffer = {
    byteLength: size,
    async slice(start, end) {
      const response = await fetch(url, { headers: { range: `bytes=${start}-${(end ?? size) - 1}` } })
      if (!response.ok) throw refused(response)
      return response.arrayBuffer()
    },
  }
  const file = cachedAsyncBuffer(slices)
  const metadata = await parquetMetadataAsync(file)
  const columns = parquetSchema(metadata).children.map(({ element }) => element.name)
  return {
    columns,
    total: Number(metadata.num_rows),
    read: async (rowStart, rowEnd) =>
      (await parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd })).map((row) =>
        columns.map((name) => cellText(row[name])),
      ),
  }
}
