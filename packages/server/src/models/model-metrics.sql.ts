/**
 * Metrics of logged models. A run's own points stay where they are (runs/points): what is here is a second fact, that a
 * value was measured of a model, perhaps on a data set. A point that comes again is one point.
 */
import type { Sql } from '@tidegate/db'

/** Columns of points of some models, all by one run. */
export interface ModelPoints {
  models: number[]
  keys: string[]
  datasetNames: string[]
  datasetDigests: string[]
  times: number[]
  steps: number[]
  values: number[]
}

/** That series `s` is the one that `u` names. */
const same = `s.model_id = u.model_id AND s.run_id = $1 AND s.key = u.key
  AND md5(s.dataset_name || E'\\x1f' || s.dataset_digest) = md5(u.name || E'\\x1f' || u.digest)`
const makeSeries = `INSERT INTO logged_model_series (model_id, run_id, key, dataset_name, dataset_digest)
SELECT DISTINCT u.model_id, $1::int, u.key, u.name, u.digest FROM unnest($2::int[], $3::text[], $4::text[], $5::text[]) AS u(model_id, key, name, digest)
LEFT JOIN logged_model_series s ON ${same} WHERE s.id IS NULL AND u.model_id IS NOT NULL ORDER BY 1, 3, 4, 5 ON CONFLICT DO NOTHING`
const makePoints = `INSERT INTO logged_model_point (series_id, ts, step, value) SELECT DISTINCT s.id, u.ts, u.step, u.value
FROM unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::float8[]) AS u(model_id, key, name, digest, ts, step, value)
JOIN logged_model_series s ON ${same} ORDER BY 1, 2, 3, 4 ON CONFLICT DO NOTHING`

/** In place of a foreign key: the lock makes a purge of the model wait, and then collect these points too. */
const lockModels = 'SELECT id FROM logged_model WHERE id = ANY($1::int[]) ORDER BY id FOR KEY SHARE'

/** Writes points that a run measured of models, if these are still there. In a transaction that has locked the run. */
export async function writeModelPoints(sql: Sql, run: number, given: ModelPoints): Promise<void> {
  const there = new Set((await sql.query<{ id: number }>(lockModels, [[...new Set(given.models)]])).map(({ id }) => id))
  const points = { ...given, models: given.models.map((id) => (there.has(id) ? id : null)) }
  const names = [points.models, points.keys, points.datasetNames, points.datasetDigests]
  // Two statements: the second must see a series that another transaction made while the first waited for it.
  await sql.query(makeSeries, [run, ...names])
  await sql.query(makePoints, [run, ...names, points.times, points.steps, points.values])
}

export interface ModelMetric {
  key: string
  value: number
  /** ms since 1970 */
  time: number
  step: number
  /** The run that measured it. */
  run: string
  /** '' where none was said. */
  datasetName: string
  datasetDigest: string
}

const columns = `s.model_id AS model, s.key, p.value, p.ts AS time, p.step, r.uuid AS run, s.dataset_name AS "datasetName", s.dataset_digest AS "datasetDigest"`
const from =
  'logged_model_series s JOIN logged_model_point p ON p.series_id = s.id JOIN run r ON r.id = s.run_id WHERE s.model_id = ANY($1)'
const all = `SELECT ${columns} FROM ${from} ORDER BY s.model_id, s.key, p.ts, p.step, s.id`
const newest = `SELECT DISTINCT ON (s.model_id, s.key, s.dataset_name, s.dataset_digest) ${columns}
FROM ${from} ORDER BY s.model_id, s.key, s.dataset_name, s.dataset_digest, p.ts DESC, p.step DESC, r.uuid`

/** The metrics of models by key and time: every point, or the newest of each metric and data set. */
export async function readModelMetrics(sql: Sql, models: readonly number[], which: 'all' | 'newest'): Promise<Map<number, ModelMetric[]>> {
  const found = new Map<number, ModelMetric[]>()
  if (!models.length) return found
  const rows = await sql.query<ModelMetric & { model: number }>(which === 'all' ? all : newest, [models])
  for (const { model, ...metric } of rows) {
    const list = found.get(model) ?? []
    found.set(model, list)
    list.push(metric)
  }
  return found
}
