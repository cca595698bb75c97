/**
 * Registered models put straight into both databases, the same in each: every one with its versions, the newest in Staging, the one before
 * in Production, the rest in the archive, with tags; and, in Tidegate's, what was written down of each. Then VACUUM ANALYZE.
 */
import type { Peer } from './peers.ts'

/** When the first was registered, ms. */
export const since = 1_750_000_000_000

const models = (count: number) => `generate_series(1, ${count}) AS i`
const versions = (each: number) => `generate_series(1, ${each}) AS k`
const time = (each: number) => `${since} + (i * ${each} + k) * 1000::bigint`
const stage = (each: number) => `CASE k WHEN ${each} THEN 'Staging' WHEN ${each - 1} THEN 'Production' ELSE 'Archived' END`
const team = `(ARRAY['vision', 'speech', 'text'])[1 + i % 3]`
const approved = `CASE WHEN (i + k) % 7 = 0 THEN 'yes' ELSE 'no' END`

const intoMlflow = (count: number, each: number) => [
  `INSERT INTO registered_models (workspace, name, creation_time, last_updated_time, description)
   SELECT 'default', 'model-' || i, ${since} + i, ${since} + i * ${each} * 1000::bigint, 'Forecasts ' || i FROM ${models(count)}`,
  `INSERT INTO registered_model_tags (workspace, name, key, value) SELECT 'default', 'model-' || i, 'team', ${team} FROM ${models(count)}`,
  `INSERT INTO model_versions (workspace, name, version, creation_time, last_updated_time, description, user_id, current_stage, source, storage_location, run_id, run_link, status, status_message)
   SELECT 'default', 'model-' || i, k, ${time(each)}, ${time(each)}, '', 'bench', ${stage(each)}, 's3://models/' || i || '/' || k, 's3://models/' || i || '/' || k,
     '', '', 'READY', '' FROM ${models(count)}, ${versions(each)}`,
  `INSERT INTO model_version_tags (workspace, name, version, key, value)
   SELECT 'default', 'model-' || i, k, 'approved', ${approved} FROM ${models(count)}, ${versions(each)}`,
  'VACUUM ANALYZE',
]

const intoTidegate = (count: number, each: number) => [
  `INSERT INTO registered_model (workspace_id, name, description, owner, tags, last_version, created_at, updated_at)
   SELECT 1, 'model-' || i, 'Forecasts ' || i, 'bench', jsonb_build_object('team', ${team}), ${each}, ${since} + i, ${since} + i * ${each} * 1000::bigint
   FROM ${models(count)}`,
  `INSERT INTO model_version (registered_model_id, version, stage, description, source, location, run, run_link, logged_model, created_by, tags, created_at, updated_at, staged_at)
   SELECT m.id, k, ${stage(each)}, '', 's3://models/' || i || '/' || k, 's3://models/' || i || '/' || k, '', '', '', 'bench',
     jsonb_build_object('approved', ${approved}), ${time(each)}, ${time(each)}, ${time(each)}
   FROM ${models(count)} JOIN registered_model m ON m.workspace_id = 1 AND m.name = 'model-' || i, ${versions(each)}`,
  `INSERT INTO activity_chain (workspace_id, seq, hash) VALUES (1, 0, '') ON CONFLICT DO NOTHING`,
  `INSERT INTO activity (workspace_id, seq, at, kind, model_id, model, version, actor, from_value, to_value, comment, data, hash)
   SELECT 1, c.seq + row_number() OVER (ORDER BY v.id, move), v.staged_at + move, CASE move WHEN 0 THEN 'VERSION_CREATED' ELSE 'STAGE_CHANGED' END,
     m.id, m.name, v.version, 'bench', CASE move WHEN 1 THEN 'None' END, CASE move WHEN 0 THEN 'None' ELSE v.stage END, '', '{}', ''
   FROM activity_chain c, model_version v JOIN registered_model m ON m.id = v.registered_model_id, generate_series(0, 1) AS move
   WHERE c.workspace_id = 1 AND m.workspace_id = 1 AND m.name LIKE 'model-%'`,
  `UPDATE activity_chain SET seq = (SELECT max(seq) FROM activity WHERE workspace_id = 1) WHERE workspace_id = 1`,
  'VACUUM ANALYZE',
]

export async function loadModels(peer: Pick<Peer, 'name' | 'sql'>, count: number, each: number): Promise<void> {
  for (const statement of (peer.name === 'MLflow' ? intoMlflow : intoTidegate)(count, each)) await peer.sql(statement)
}

/** Takes them away again: what is measured next finds none. */
export async function unloadModels(peer: Pick<Peer, 'name' | 'sql'>): Promise<void> {
  const tables =
    peer.name === 'MLflow' ? ['model_version_tags', 'model_versions', 'registered_model_tags', 'registered_models'] : ['registered_model']
  for (const table of tables) await peer.sql(`DELETE FROM ${table}`)
  await peer.sql('VACUUM ANALYZE')
}
