/** Which way a column moves a metric, in the fewest words. */
import type { PlotColumn } from '#lib/plots/columns.ts'
import { correlationRatio, meanOf, pearson, spearman } from '#lib/plots/statistics.ts'

export interface Effect {
  /** Spearman's rho and Pearson's r of numbers, eta of categories; NaN where they say nothing. */
  rank: number
  linear: number
  /** Such as `more is worse` or `pinball is best`. Empty where it is neither. */
  words: string
}

/** Weaker than this it says nothing. */
const weakest = 0.1

export function effectOf(column: PlotColumn, metric: PlotColumn, isLessBetter: boolean): Effect {
  if (column.categories) {
    const eta = correlationRatio(column.values, metric.values)
    const means = column.categories.flatMap((text, i) => {
      const values = [...metric.values.filter((value, run) => column.values[run] === i && !Number.isNaN(value))]
      return values.length > 0 ? { text, mean: meanOf(values).mean } : []
    })
    const [best] = means.sort((a, b) => (isLessBetter ? a.mean - b.mean : b.mean - a.mean))
    return { rank: eta, linear: eta, words: best && eta >= weakest ? `${best.text} is best` : '' }
  }
  const rank = spearman(column.values, metric.values)
  return {
    rank,
    linear: pearson(column.values, metric.values),
    words: Math.abs(rank) >= weakest ? `more is ${rank > 0 === isLessBetter ? 'worse' : 'better'}` : '',
  }
}
