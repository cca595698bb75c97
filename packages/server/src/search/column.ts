/** Columns of runs and experiments, as texts name them: `metrics.val/loss`, params.`my key`, `attributes.start_time`. */
import { AppError } from '../errors.ts'

export type ColumnKind = 'metric' | 'param' | 'tag' | 'attribute' | 'dataset'

/** A column. The key of an attribute is canonical: `start_time`, never `Created`. */
export interface Column {
  kind: ColumnKind
  key: string
}

export interface Order {
  column: Column
  /** @default false */
  descending?: boolean
}

/** How a column is written, quoted where its key needs it: metrics.acc, params.`my key`, attributes.start_time. */
export function columnRef(_column: Column): string {
  throw new AppError('NOT_IMPLEMENTED', 'soon')
}

/** Reads what `columnRef` writes, and keys that are not quoted though they could be. Throws INVALID_PARAMETER_VALUE. */
export function parseColumnRef(_ref: string): Column {
  throw new AppError('NOT_IMPLEMENTED', 'soon')
}

/** MLflow's order_by: metrics.`a b` DESC, one column each, none twice. */
export function parseOrderBy(_clauses: readonly string[], _grammar: 'runs' | 'experiments' = 'runs'): Order[] {
  throw new AppError('NOT_IMPLEMENTED', 'soon')
}
