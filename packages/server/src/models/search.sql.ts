/**
 * The search for logged models as SQL on a model `m`. A metric comparison holds where any point of the metric does, on any
 * of the data sets asked for; an order by a metric takes its newest point. NaN is above nothing, and comes last but for
 * models that have no such metric.
 */
import type { Sql } from '@tidegate/db'
import type { Column } from '../search/column.ts'
import { compared, condition, type Put } from '../search/compare.sql.ts'
import type { Comparison, Filter } from '../search/filter.ts'
import type { ModelOrder } from './order.ts'

export interface DatasetChoice {
  datasetName: string
  datasetDigest?: string | undefined
}

export interface ModelSearch {
  experiments: readonly number[]
  filter: Filter | null
  /** Only models with metrics on any of these, which metrics are then compared on; none: whatever their metrics. */
  datasets: readonly DatasetChoice[]
  orderBy: readonly ModelOrder[]
  limit: number
  offset: number
}

const attributes: Record<string, string> = {
  name: 'm.name',
  model_id: 'm.uuid',
  model_type: 'm.type',
  status: `CASE m.status WHEN 'UPLOAD_FAILED' THEN 'FAILED' ELSE m.status END`,
  source_run_id: 'm.source_run',
  experiment_id: 'm.experiment_id::text',
  creation_timestamp: 'm.created_at',
  last_updated_timestamp: 'm.updated_at',
}

/** A status is found by its name in Python, in this database and on the wire. A regular expression is left as it is. */
const statusOf = (value: string) => value.replace(/^LOGGED_MODEL_/, '').replace(/^UPLOAD_FAILED$/, 'FAILED')
function withStatus(it: Comparison): Comparison {
  const { column, comparator, value } = it
  if (column.key !== 'status' || comparator.endsWith('~')) return it
  if (Array.isArray(value)) return { ...it, value: value.map((each) => statusOf(String(each))) }
  return typeof value === 'string' ? { ...it, value: statusOf(value) } : it
}

const points = 'FROM logged_model_series s JOIN logged_model_point p ON p.series_id = s.id WHERE s.model_id = m.id'

const onDatasets = (datasets: readonly DatasetChoice[], put: Put) =>
  datasets.length === 0
    ? ''
    : ` AND (${datasets
        .map(
          ({ datasetName, datasetDigest }) =>
            `s.dataset_name = ${put(datasetName)}${datasetDigest ? ` AND s.dataset_digest = ${put(datasetDigest)}` : ''}`,
        )
        .join(' OR ')})`

/** One comparison. What a model does not have is false, but for IS NULL. */
function leaf(it: Comparison, datasets: readonly DatasetChoice[], put: Put): string {
  const { column, comparator } = it
  const { kind, key } = column
  const isNull = comparator === 'IS NULL' || comparator === 'IS NOT NULL'
  if (kind === 'metric') {
    const found = `EXISTS (SELECT ${points} AND s.key = ${put(key)} AND ${compared('p.value', it, put)}${onDatasets(datasets, put)})`
    return comparator === 'IS NULL' ? `NOT ${found}` : found
  }
  const value = kind === 'attribute' ? attributes[key]! : `(m.${kind}s ->> ${put(key)}::text)`
  if (isNull) return `${kind === 'attribute' ? `NULLIF(${value}::text, '')` : value} ${comparator}`
  return compared(value, kind === 'attribute' ? withStatus(it) : it, put)
}

/** The newest value of a metric of `m`. */
function newest({ key }: Column, { datasetName, datasetDigest }: ModelOrder, put: Put): string {
  const narrowed = [
    ...(datasetName ? [` AND s.dataset_name = ${put(datasetName)}`] : []),
    ...(datasetDigest ? [` AND s.dataset_digest = ${put(datasetDigest)}`] : []),
  ]
  return `(SELECT p.value ${points} AND s.key = ${put(key)}${narrowed.join('')}
    ORDER BY p.ts DESC, p.step DESC, (SELECT uuid FROM run WHERE id = s.run_id) LIMIT 1)`
}

/** The ids of the active models that match, a page of them, and whether more do. */
export async function searchModels(sql: Sql, { experiments, filter, datasets, orderBy, limit, offset }: ModelSearch) {
  const values: unknown[] = []
  const put: Put = (value) => `$${values.push(value)}`
  const where = [
    'm.deleted_at IS NULL',
    `m.experiment_id = ANY(${put(experiments)}::int[])`,
    ...(filter ? [condition(filter, (it) => leaf(it, datasets, put))] : []),
    ...(datasets.length ? [`EXISTS (SELECT ${points}${onDatasets(datasets, put)})`] : []),
  ]
  const terms = orderBy.map(({ column, ...order }) => ({
    ...order,
    isMetric: column.kind === 'metric',
    value: column.kind === 'metric' ? newest(column, { column, ...order }, put) : attributes[column.key]!,
  }))
  const columns = terms.map(({ value }, i) => `, ${value} AS o${i}`)
  const order = terms.map(
    ({ ascending, isMetric }, i) => `${isMetric ? `o${i} IS NULL, o${i} = 'NaN', ` : ''}o${i} ${ascending ? 'ASC' : 'DESC'}`,
  )
  const text = `SELECT id FROM (SELECT m.id, m.created_at${columns.join('')} FROM logged_model m WHERE ${where.join(' AND ')}) m
    ORDER BY ${[...order, 'created_at DESC', 'id DESC'].join(', ')} LIMIT ${put(limit + 1)} OFFSET ${put(offset)}`
  const ids = (await sql.query<{ id: number }>(text, values)).map(({ id }) => id)
  return { ids: ids.slice(0, limit), hasMore: ids.length > limit }
}
