/** The folder that an export is, and what its tables hold. docs/moving.md describes it to others; the two change together. */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'

export const format = 'tidegate-export'
export const version = 1
export const manifestName = 'manifest.json'

/** Runs of a part, or models: each table has a file for every part. */
export const runsOfPart = 100

export type ColumnType = 'STRING' | 'INT64' | 'DOUBLE'

/** Times are ms since 1970, and null where there is none. */
export const tables = {
  experiments: { id: 'INT64', name: 'STRING', created_at: 'INT64', updated_at: 'INT64', deleted_at: 'INT64', tags: 'STRING' },
  runs: {
    id: 'STRING',
    experiment: 'STRING',
    name: 'STRING',
    user: 'STRING',
    status: 'STRING',
    started_at: 'INT64',
    ended_at: 'INT64',
    deleted_at: 'INT64',
  },
  params: { run: 'STRING', key: 'STRING', value: 'STRING' },
  tags: { run: 'STRING', key: 'STRING', value: 'STRING' },
  points: { run: 'STRING', key: 'STRING', step: 'INT64', time: 'INT64', value: 'DOUBLE' },
  inputs: {
    run: 'STRING',
    name: 'STRING',
    digest: 'STRING',
    source_type: 'STRING',
    source: 'STRING',
    schema: 'STRING',
    profile: 'STRING',
    tags: 'STRING',
  },
  run_models: { run: 'STRING', model: 'STRING', output: 'INT64', step: 'INT64' },
  models: {
    id: 'STRING',
    experiment: 'STRING',
    name: 'STRING',
    type: 'STRING',
    status: 'STRING',
    source_run: 'STRING',
    created_at: 'INT64',
    updated_at: 'INT64',
    params: 'STRING',
    tags: 'STRING',
  },
  model_points: {
    model: 'STRING',
    run: 'STRING',
    key: 'STRING',
    step: 'INT64',
    time: 'INT64',
    value: 'DOUBLE',
    dataset_name: 'STRING',
    dataset_digest: 'STRING',
  },
  model_files: { model: 'STRING', path: 'STRING', bytes: 'INT64', sha256: 'STRING' },
  files: { run: 'STRING', path: 'STRING', bytes: 'INT64', sha256: 'STRING' },
} as const satisfies Record<string, Record<string, ColumnType>>

export type Table = keyof typeof tables
export type Row = Record<string, string | number | null>

/** Where a table's part is in the folder. */
export const partPath = (table: Table, part: number): string => `${table}/${String(part).padStart(5, '0')}.parquet`

export interface TableFile {
  path: string
  rows: number
  bytes: number
  /** 64 hexadecimal digits. */
  sha256: string
}

export interface Counts {
  experiments: number
  runs: number
  points: number
  models: number
  files: number
  /** Of the files. */
  bytes: number
}

/** Written last: without it an export is not whole. */
export interface Manifest {
  format: string
  version: number
  /** The server's address. */
  from: string
  /** ms since 1970 */
  at: number
  counts: Counts
  tables: TableFile[]
}

export async function digestOf(file: string): Promise<string> {
  const sum = createHash('sha256')
  await pipeline(createReadStream(file), sum)
  return sum.digest('hex')
}
