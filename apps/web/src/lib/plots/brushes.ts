/** Ranges that are kept on axes: which runs pass them, and how they read. */
import type { PlotColumn } from '#lib/plots/columns.ts'
import { valueText } from '#lib/plots/scale.ts'

/** Both ends belong to it; infinite where it has none. Of a category the places among its categories, so 0.5 to 2.5 are two. */
export interface Range {
  from: number
  to: number
}

/** By the ref of the axis; an axis without ranges keeps all. */
export type Brushes = Readonly<Record<string, readonly Range[]>>

/** 1 for each run that lies within one of the ranges of every axis that has some. Undefined: all do. */
export function keptBy(columns: readonly PlotColumn[], brushes: Brushes): Uint8Array | undefined {
  const brushed = columns.filter(({ ref }) => (brushes[ref]?.length ?? 0) > 0)
  const [first] = brushed
  if (!first) return undefined
  const kept = new Uint8Array(first.values.length).fill(1)
  for (const { ref, values } of brushed) {
    const ranges = brushes[ref]!
    for (let i = 0; i < kept.length; i++) {
      const value = values[i]!
      let isWithin = false
      for (const { from, to } of ranges) isWithin ||= value >= from && value <= to
      if (!isWithin) kept[i] = 0
    }
  }
  return kept
}

export function countKept(kept: Uint8Array | undefined, all: number): number {
  if (!kept) return all
  let count = 0
  for (const each of kept) count += each
  return count
}

/** The categories that lie in the ranges. */
export const categoriesIn = (categories: readonly string[], ranges: readonly Range[]): string[] =>
  categories.filter((_, i) => ranges.some(({ from, to }) => i >= from && i <= to))

/** As short as a chip wants it: `≤ 2.45`, `0.1 – 0.3`, `adam, sgd`. */
export function rangesText(column: PlotColumn, ranges: readonly Range[]): string {
  if (column.categories) return categoriesIn(column.categories, ranges).join(', ')
  return ranges
    .map(({ from, to }) => {
      if (from === Number.NEGATIVE_INFINITY) return `≤ ${valueText(column, to)}`
      if (to === Number.POSITIVE_INFINITY) return `≥ ${valueText(column, from)}`
      return from === to ? valueText(column, from) : `${valueText(column, from)} – ${valueText(column, to)}`
    })
    .join(', ')
}
