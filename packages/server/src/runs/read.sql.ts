/** Runs and what they have logged, read a page at a time. */
import type { Sql } from '@tidegate/db'
import { AppError } from '../errors.ts'
import type { Run, RunValues } from './run.ts'

/** Which keys to read: all, these, or those that begin so. */
export type Wanted = true | readonly string[] | { prefix: string }

export interface ValuesWanted {
  /** Absent: none. */
  params?: Wanted
  metrics?: Wanted
  tags?: Wanted
}

/** The runs of those ids, in that order; ids of nothing are left out. */
export async function readRuns(_sql: Sql, _ids: readonly number[]): Promise<Run[]> {
  throw new AppError('NOT_IMPLEMENTED', 'soon')
}

/** The run of that uuid, whatever its lifecycle and workspace. */
export async function findRun(_sql: Sql, _uuid: string): Promise<Run | undefined> {
  throw new AppError('NOT_IMPLEMENTED', 'soon')
}

/** The runs of those uuids, in that order, undefined where there is none. */
export async function findRuns(_sql: Sql, _uuids: readonly string[]): Promise<Array<Run | undefined>> {
  throw new AppError('NOT_IMPLEMENTED', 'soon')
}

/** What those runs have logged; every id has an entry. */
export async function readValues(_sql: Sql, _ids: readonly number[], _wanted: ValuesWanted): Promise<Map<number, RunValues>> {
  throw new AppError('NOT_IMPLEMENTED', 'soon')
}
