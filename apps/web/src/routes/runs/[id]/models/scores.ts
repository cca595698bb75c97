/** What is said of a model's metrics in one line: those on a data set by its name, at most a few. */
import { formatNumber } from '#lib/format.ts'
import type { Model } from '../documents.ts'

type Metric = Model['metrics'][number]

/** Metrics in a row of the table. */
const most = 4

export interface Score {
  key: string
  /** The metric, and what it was measured on. */
  name: string
  value: string
}

const nameOf = ({ key, datasetName }: Metric) => (datasetName === null ? key : `${key} on ${datasetName}`)

/** The first metrics as text, and how many more there are. */
export function scores(metrics: readonly Metric[]): { shown: Score[]; more: number } {
  const shown = metrics.slice(0, most).map((metric) => ({ key: metric.key, name: nameOf(metric), value: formatNumber(metric.value) }))
  return { shown, more: metrics.length - shown.length }
}
