/** The filter language: text to a tree. */
import { AppError } from '../errors.ts'
import type { Column } from './column.ts'

export type Comparator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'LIKE' | 'ILIKE' | 'IN' | 'NOT IN' | 'IS NULL' | 'IS NOT NULL'

/** One comparison. `start` and `end` are offsets in the text, in UTF-16 units. */
export interface Comparison {
  type: 'comparison'
  column: Column
  comparator: Comparator
  /** A number for metrics and times, a list for IN and NOT IN, null for IS NULL and IS NOT NULL. */
  value: string | number | string[] | null
  start: number
  end: number
}

export interface And {
  type: 'and'
  of: Filter[]
}

export type Filter = Comparison | And

export type Grammar = 'runs' | 'experiments'

/** The tree of a filter, null for the empty text. Throws an AppError INVALID_PARAMETER_VALUE. */
export function parseFilter(_text: string | undefined | null, _grammar: Grammar = 'runs'): Filter | null {
  throw new AppError('NOT_IMPLEMENTED', 'soon')
}

export type Explanation = { ok: true; filter: Filter | null } | { ok: false; message: string; start: number; end: number }

/** The tree, or what is wrong and where. Never throws. */
export function explainFilter(_text: string, _grammar: Grammar = 'runs'): Explanation {
  throw new AppError('NOT_IMPLEMENTED', 'soon')
}
