/** Which runs match, and in which order. */
import type { Sql } from '@tidegate/db'
import { AppError } from '../errors.ts'
import type { Lifecycle } from '../runs/run.ts'
import type { Order } from './column.ts'
import type { Filter } from './filter.ts'

export interface RunSearch {
  /** Authorised already. */
  experiments: number[]
  filter?: Filter | null
  /** @default 'ACTIVE' */
  lifecycle?: Lifecycle
  /** Ties go by start time, newest first, then by uuid. */
  orderBy?: Order[]
  limit: number
  /** @default 0 */
  offset?: number
  /** How many match in all: `bounded` stops counting at 10 000. @default 'none' */
  count?: 'none' | 'bounded' | 'exact'
  /** Only among these runs. */
  runs?: number[]
}

export interface RunPage {
  /** In the order asked for. */
  ids: number[]
  hasMore: boolean
  /** Undefined unless counted. */
  total?: number
  /** False when there are more than `total`. */
  exact?: boolean
}

/** One page of matching runs. */
export async function searchRuns(_sql: Sql, _search: RunSearch): Promise<RunPage> {
  throw new AppError('NOT_IMPLEMENTED', 'soon')
}
