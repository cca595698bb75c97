/**
 * Rows put straight into both databases, for what is read: the same runs in each, by the same generators, and a long run
 * for MLflow, which would take minutes to log it. Then VACUUM ANALYZE, which autovacuum does within minutes of an import:
 * plans depend on statistics, and index-only scans on the visibility map.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Mlflow, Peer, Tidegate } from './peers.ts'

/** Of each run. */
const params = 20
const metrics = 20

/** When the first run started, ms. */
const since = 1_750_000_000_000

// Of run i and key k.
const uniform = 'CASE k WHEN 2 THEN 0.5 ELSE ((hashint8(i * 100 + k)::bigint & 2147483647) / 2147483648.0)::float8 END'
// One of the metrics is the same everywhere. Where keys are many, the last four of each run are of a pool of 2 470.
const many = (isMany: boolean) => (isMany ? `WHEN k >= 16 THEN 'x' || (i * 4 + k) % 2470` : '')
const metricName = (isMany: boolean) =>
  `CASE WHEN k = 0 THEN 'acc' WHEN k = 1 THEN 'loss' WHEN k = 2 THEN 'flat' ${many(isMany)} ELSE 'm' || k END`
const paramName = (isMany: boolean) => `CASE WHEN k = 0 THEN 'model' WHEN k = 1 THEN 'lr' ${many(isMany)} ELSE 'p' || k END`
const paramValue = `CASE k WHEN 0 THEN 'm' || i % 10 WHEN 1 THEN (ARRAY['0.1', '0.01', '0.001', '0.0001'])[1 + i % 4] ELSE 'v' || (i * 7 + k) % 50 END`
const tags = `LATERAL (VALUES ('mlflow.runName', 'run-' || i), ('mlflow.user', 'bench'), ('mlflow.source.name', 'train.py'), ('mlflow.source.type', 'LOCAL'),
  ('team', (ARRAY['vision', 'speech', 'text'])[1 + i % 3])) AS t(name, v)`
const keys = (count: number) => `generate_series(0, ${count - 1}) AS k`
const uuid = (experiment: number) => `md5('${experiment}/' || i)`
const attributes = (
  experiment: number,
) => `'run-' || i, 'bench', 'FINISHED', ${since} + i * 1000::bigint, ${since} + i * 1000::bigint + 500,
  'mlflow-artifacts:/${experiment}/' || ${uuid(experiment)} || '/artifacts'`

const intoMlflow = (experiment: number, count: number, isMany: boolean) => {
  const runs = `FROM generate_series(0, ${count - 1}) AS i`
  return [
    `INSERT INTO runs (run_uuid, experiment_id, source_type, lifecycle_stage, name, user_id, status, start_time, end_time, artifact_uri)
     SELECT ${uuid(experiment)}, ${experiment}, 'LOCAL', 'active', ${attributes(experiment)} ${runs}`,
    `INSERT INTO params (run_uuid, key, value) SELECT ${uuid(experiment)}, ${paramName(isMany)}, ${paramValue} ${runs}, ${keys(params)}`,
    `INSERT INTO latest_metrics (run_uuid, key, value, timestamp, step, is_nan)
     SELECT ${uuid(experiment)}, ${metricName(isMany)}, ${uniform}, ${since} + i * 1000::bigint + 400, 100, false ${runs}, ${keys(metrics)}`,
    `INSERT INTO tags (run_uuid, key, value) SELECT ${uuid(experiment)}, name, v ${runs}, ${tags}`,
    'VACUUM ANALYZE',
  ]
}

const intoTidegate = (experiment: number, count: number, isMany: boolean) => {
  const runs = `FROM (SELECT id, substr(name, 5)::int AS i FROM run WHERE experiment_id = ${experiment}) AS r`
  const some = `generate_series(0, ${isMany ? Math.min(count, 2470) - 1 : 0}) AS i`
  const key = (kind: number, name: string) => `JOIN key ON key.experiment_id = ${experiment} AND key.kind = ${kind} AND key.name = ${name}`
  return [
    `INSERT INTO run (workspace_id, experiment_id, changed_at, uuid, name, user_name, status, start_time, end_time, artifact_uri)
     SELECT 1, ${experiment}, ${since}, ${uuid(experiment)}, name, user_name, status::run_status, started, ended, uri
     FROM (SELECT i, a.* FROM generate_series(0, ${count - 1}) AS i, LATERAL (SELECT ${attributes(experiment)}) AS a(name, user_name, status, started, ended, uri)) AS r`,
    `INSERT INTO run_head (run_id) SELECT id ${runs}`,
    `INSERT INTO key (experiment_id, kind, name) SELECT DISTINCT ${experiment}, 0, ${metricName(isMany)} FROM ${some}, ${keys(metrics)}
     UNION ALL SELECT DISTINCT ${experiment}, 1, ${paramName(isMany)} FROM ${some}, ${keys(params)}
     UNION ALL SELECT ${experiment}, 2, name FROM generate_series(0, 0) AS i, ${tags}`,
    `INSERT INTO param (run_id, key_id, v, n) SELECT r.id, key.id, ${paramValue}, CASE k WHEN 1 THEN (${paramValue})::float8 END
     ${runs} CROSS JOIN ${keys(params)} ${key(1, paramName(isMany))}`,
    `INSERT INTO latest (run_id, key_id, step, ts, value, settled) SELECT r.id, key.id, 100, ${since} + i * 1000::bigint + 400, ${uniform}, ${uniform}
     ${runs} CROSS JOIN ${keys(metrics)} ${key(0, metricName(isMany))}`,
    `INSERT INTO tag (run_id, key_id, v) SELECT r.id, key.id, t.v ${runs}, ${tags} ${key(2, 't.name')}`,
    'VACUUM ANALYZE',
  ]
}

/**
 * Fills an experiment with finished runs of 20 params, 20 metrics and 5 tags. Not their points: a search doesn't read them.
 * `manyKeys`: 5 000 different ones.
 */
export async function loadRuns(
  peer: Pick<Peer, 'name' | 'sql'>,
  experiment: string,
  count: number,
  { manyKeys = false } = {},
): Promise<void> {
  const statements = peer.name === 'MLflow' ? intoMlflow : intoTidegate
  for (const statement of statements(Number(experiment), count, manyKeys)) await peer.sql(statement)
}

/** Has the keys counted now: a job does so within a minute or two. */
export async function countKeys(peer: Tidegate): Promise<void> {
  await peer.sql(`SELECT FROM graphile_worker.add_job('catalogue.refresh', '{}')`)
  for (let i = 0; i < 120; i++) {
    const [row] = await peer.sql<{ left: number }>(
      `SELECT count(*)::int AS left FROM experiment e WHERE NOT EXISTS (SELECT FROM catalogue c WHERE c.experiment_id = e.id) AND EXISTS (SELECT FROM run r WHERE r.experiment_id = e.id)`,
    )
    if (!row!.left) return
    await sleep(1000)
  }
  throw new Error('The catalogue of keys was not made.')
}

/** Gives a run of MLflow's that many points of its metric `loss`, a second apart. */
export async function loadPoints(peer: Mlflow, run: string, count: number): Promise<void> {
  const row = `SELECT 'loss', ${since} + i * 1000::bigint, i, random(), false, $1 FROM generate_series($2::int, $3::int) AS i`
  await peer.sql(`INSERT INTO metrics (key, timestamp, step, value, is_nan, run_uuid) ${row}`, [run, 0, count - 1])
  await peer.sql(`INSERT INTO latest_metrics (key, timestamp, step, value, is_nan, run_uuid) ${row}`, [run, count - 1, count - 1])
  await peer.sql('VACUUM ANALYZE metrics')
}

/** Points of that run that are not yet merged into chunks. */
export async function unmerged(peer: Tidegate, run: string): Promise<number> {
  const [row] = await peer.sql<{ left: number }>(
    'SELECT coalesce(sum(n), 0)::int AS left FROM point_tail JOIN run ON run.id = run_id WHERE uuid = $1',
    [run],
  )
  return row!.left
}

/** Bytes of the tables that points are kept in, with their indexes, after VACUUM and CHECKPOINT. */
export async function bytesOfPoints(peer: Peer): Promise<number> {
  const tables = peer.name === 'MLflow' ? ['metrics', 'latest_metrics'] : ['run_head', 'run_merge', 'point_tail', 'point_chunk', 'latest']
  await peer.sql(`VACUUM ${tables.join(', ')}`)
  await peer.sql('CHECKPOINT')
  const [row] = await peer.sql<{ bytes: number }>(
    'SELECT sum(pg_total_relation_size(name::regclass))::float8 AS bytes FROM unnest($1::text[]) AS name',
    [tables],
  )
  return row!.bytes
}
