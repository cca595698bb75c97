/** Which experiments match, and in which order. */
import type { Sql } from '@tidegate/db'
import { AppError } from '../errors.ts'
import type { Lifecycle } from '../runs/run.ts'
import type { Order } from './column.ts'
import type { Filter } from './filter.ts'

export interface ExperimentSearch {
  workspace: number
  /** Only among these. Absent: all of the workspace. */
  experiments?: number[]
  filter?: Filter | null
  /** @default 'ACTIVE' */
  lifecycle?: Lifecycle
  /** @default newest first */
  orderBy?: Order[]
  limit: number
  /** @default 0 */
  offset?: number
}

export async function searchExperiments(_sql: Sql, _search: ExperimentSearch): Promise<{ ids: number[]; hasMore: boolean }> {
  throw new AppError('NOT_IMPLEMENTED', 'soon')
}
