/**
 * The search for logged models as SQL on a model `m`. A metric comparison holds where any point of the metric does, on any
 * of the data sets asked for; an order by a metric takes its newest point. NaN is above nothing, and comes last but for
 * models that have no such metric.
 */
import type { Sql } from '@tidegate/db'
import type { ModelColumn, ModelComparison, ModelOrder } from './filter.ts'

export interface DatasetChoice {
  datasetName: string
  datasetDigest?: string | undefined
}

export interface ModelSearch {
  experiments: readonly number[]
  filter: readonly ModelComparison[]
  /** Only models with metrics on any of these; none: whatever their metrics. */
  datasets: readonly DatasetChoice[]
  orderBy: readonly ModelOrder[]
  limit: number
  offset: number
}

type Put = (value: unknown) => string

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

function compared(left: string, { comparator, value, column }: ModelComparison, put: Put): string {
  switch (comparator) {
    case 'IN':
    case 'NOT IN':
      return `${left} ${comparator === 'IN' ? '= ANY' : '<> ALL'}(${put(value)}::text[])`
    case 'LIKE':
    case 'ILIKE':
      // MLflow's LIKE has no escape character.
      return `${left} ${comparator} ${put(String(value).replaceAll('\\', '\\\\'))}`
    default: {
      const plain = `${left} ${comparator === '!=' ? '<>' : comparator} ${put(value)}${typeof value === 'number' ? '::float8' : '::text'}`
      return column.kind === 'metric' && comparator.startsWith('>') ? `${plain} AND ${left} < 'NaN'` : plain
    }
  }
}

/** A status is found by its name in Python, in this database and on the wire. */
const statusOf = (value: string) => value.replace(/^LOGGED_MODEL_/, '').replace(/^UPLOAD_FAILED$/, 'FAILED')
const withStatus = (it: ModelComparison): ModelComparison => {
  if (it.column.kind !== 'attribute' || it.column.key !== 'status' || typeof it.value === 'number') return it
  return { ...it, value: Array.isArray(it.value) ? it.value.map(statusOf) : statusOf(it.value) }
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

function condition(it: ModelComparison, datasets: readonly DatasetChoice[], put: Put): string {
  const { kind, key } = it.column
  if (kind === 'attribute') return compared(attributes[key]!, withStatus(it), put)
  if (kind === 'metric')
    return `EXISTS (SELECT ${points} AND s.key = ${put(key)} AND ${compared('p.value', it, put)}${onDatasets(datasets, put)})`
  return compared(`(m.${kind}s ->> ${put(key)}::text)`, it, put)
}

/** The newest value of a metric of `m`. */
function newest({ key }: ModelColumn, { datasetName, datasetDigest }: ModelOrder, put: Put): string {
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
    ...filter.map((it) => condition(it, datasets, put)),
    // Where a metric is compared, the data sets are asked of its points.
    ...(datasets.length && !filter.some(({ column }) => column.kind === 'metric')
      ? [`EXISTS (SELECT ${points}${onDatasets(datasets, put)})`]
      : []),
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
