/** Versions of registered models and the aliases that stand for them: a statement for each thing that is done with them. */
import type { Sql } from '@tidegate/db'

export interface ModelVersion {
  id: number
  /** The registered model's, and its name. */
  modelId: number
  workspaceId: number
  name: string
  version: number
  stage: string
  /** Markdown; '' where there is none. */
  description: string
  status: string
  statusMessage: string
  /** What it was made of, as the client says it. */
  source: string
  /** Where its files are. */
  location: string
  /** A run's uuid, '' where none was said. */
  run: string
  runLink: string
  /** A logged model's uuid, '' where none was said. */
  loggedModel: string
  createdBy: string
  tags: Record<string, string>
  aliases: string[]
  /** ms since 1970 */
  createdAt: number
  updatedAt: number
  /** When it came into its stage. */
  stagedAt: number
}

const columns = `v.id, v.registered_model_id AS "modelId", m.workspace_id AS "workspaceId", m.name, v.version, v.stage, v.description, v.status,
  v.status_message AS "statusMessage", v.source, v.location, v.run, v.run_link AS "runLink", v.logged_model AS "loggedModel",
  v.created_by AS "createdBy", v.tags, v.created_at AS "createdAt", v.updated_at AS "updatedAt", v.staged_at AS "stagedAt",
  ARRAY(SELECT a.alias FROM model_alias a WHERE a.version_id = v.id ORDER BY a.alias) AS aliases`
const from = 'model_version v JOIN registered_model m ON m.id = v.registered_model_id'

/** The version of that number of the model of that name, undefined where there is none. */
export async function findVersion(sql: Sql, workspace: number, name: string, version: number): Promise<ModelVersion | undefined> {
  const text = `SELECT ${columns} FROM ${from} WHERE m.workspace_id = $1 AND m.name = $2 AND v.version = $3`
  return (await sql.query<ModelVersion>(text, [workspace, name, version]))[0]
}

/** The version that an alias of a model stands for. */
export async function findAliased(sql: Sql, model: number, alias: string): Promise<ModelVersion | undefined> {
  const text = `SELECT ${columns} FROM ${from} WHERE v.id = (SELECT version_id FROM model_alias WHERE registered_model_id = $1 AND alias = $2)`
  return (await sql.query<ModelVersion>(text, [model, alias]))[0]
}

/** The versions of those ids, in that order; ids of nothing are left out. */
export async function readVersions(sql: Sql, ids: readonly number[]): Promise<ModelVersion[]> {
  if (!ids.length) return []
  const rows = await sql.query<ModelVersion>(`SELECT ${columns} FROM ${from} WHERE v.id = ANY($1)`, [ids])
  const found = new Map(rows.map((row) => [row.id, row]))
  return ids.flatMap((id) => found.get(id) ?? [])
}

/** The highest version in each stage of those models, the lowest first. */
export const latestVersions = (sql: Sql, models: readonly number[]) =>
  sql.query<ModelVersion>(
    `SELECT ${columns} FROM ${from} WHERE v.id IN (
       SELECT DISTINCT ON (registered_model_id, stage) id FROM model_version WHERE registered_model_id = ANY($1)
       ORDER BY registered_model_id, stage, version DESC
     ) ORDER BY v.version`,
    [models],
  )

/** How many versions each of those models has; models without are left out. */
export const countVersions = (sql: Sql, models: readonly number[]) =>
  sql.query<{ model: number; count: number }>(
    'SELECT registered_model_id AS model, count(*)::int AS count FROM model_version WHERE registered_model_id = ANY($1) GROUP BY 1',
    [models],
  )

/** The versions that were made of runs, or of logged models, of a workspace: the newest first. */
export const versionsOf = (sql: Sql, workspace: number, of: 'run' | 'logged_model', uuids: readonly string[]) =>
  sql.query<ModelVersion>(
    `SELECT ${columns} FROM ${from} WHERE m.workspace_id = $1 AND v.${of} = ANY($2) AND v.${of} <> '' ORDER BY v.created_at DESC, v.id DESC`,
    [workspace, uuids],
  )

export type NewVersion = Pick<
  ModelVersion,
  'modelId' | 'description' | 'source' | 'location' | 'run' | 'runLink' | 'loggedModel' | 'createdBy' | 'tags' | 'createdAt'
>

const insert = `WITH m AS (
  UPDATE registered_model SET last_version = last_version + 1, updated_at = greatest($11, updated_at) WHERE id = $1 RETURNING id, workspace_id, name, last_version
), v AS (
  INSERT INTO model_version (registered_model_id, version, description, source, location, run, run_link, logged_model, created_by, tags, created_at, updated_at, staged_at)
  SELECT id, last_version, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10, $10, $10 FROM m RETURNING *
)
SELECT ${columns} FROM v JOIN m ON true`

/** With the next number that the model has not given out. Undefined where the model is gone. */
export async function insertVersion(sql: Sql, version: NewVersion): Promise<ModelVersion | undefined> {
  const { modelId, description, source, location, run, runLink, loggedModel, createdBy, tags, createdAt } = version
  const values = [modelId, description, source, location, run, runLink, loggedModel, createdBy, JSON.stringify(tags), createdAt, createdAt]
  return (await sql.query<ModelVersion>(insert, values))[0]
}

const update = (set: string) => `UPDATE model_version SET ${set} WHERE id = $1 RETURNING id`
/** False where the version is gone. */
const changed = async (rows: Promise<unknown[]>): Promise<boolean> => (await rows).length > 0

export const describeVersion = (sql: Sql, id: number, description: string, time: number) =>
  changed(sql.query(update('description = $2, updated_at = greatest($3, updated_at)'), [id, description, time]))

export const setVersionTag = (sql: Sql, id: number, key: string, value: string) =>
  changed(sql.query(update('tags = tags || jsonb_build_object($2::text, $3::text)'), [id, key, value]))

export const deleteVersionTag = (sql: Sql, id: number, key: string) => changed(sql.query(update('tags = tags - $2::text'), [id, key]))

export const deleteVersion = (sql: Sql, id: number) => changed(sql.query('DELETE FROM model_version WHERE id = $1 RETURNING id', [id]))

/** A version as it is by now, in a transaction that holds its model. */
export const readHeld = async (sql: Sql, id: number) =>
  (
    await sql.query<{ version: number; stage: string; description: string; tags: Record<string, string> }>(
      'SELECT version, stage, description, tags FROM model_version WHERE id = $1',
      [id],
    )
  )[0]

/** The numbers of all versions of a model, with their stages. */
export const versionsIn = (sql: Sql, model: number) =>
  sql.query<{ version: number; stage: string }>(
    'SELECT version, stage FROM model_version WHERE registered_model_id = $1 ORDER BY version',
    [model],
  )

/** What of a version the place to change stages and aliases needs, as it is by now. */
export const readStage = async (sql: Sql, id: number): Promise<string | undefined> =>
  (await sql.query<{ stage: string }>('SELECT stage FROM model_version WHERE id = $1', [id]))[0]?.stage

export const setStage = (sql: Sql, id: number, stage: string, time: number) =>
  changed(
    sql.query(update('staged_at = CASE stage WHEN $2 THEN staged_at ELSE $3 END, stage = $2, updated_at = greatest($3, updated_at)'), [
      id,
      stage,
      time,
    ]),
  )

/** The other versions of a model in a stage. */
export const othersIn = (sql: Sql, { model, stage, but }: { model: number; stage: string; but: number }) =>
  sql.query<{ id: number; version: number }>(
    'SELECT id, version FROM model_version WHERE registered_model_id = $1 AND stage = $2 AND id <> $3 ORDER BY version',
    [model, stage, but],
  )

/** The number of the version that an alias stands for. */
export const readAlias = async (sql: Sql, model: number, alias: string): Promise<number | undefined> =>
  (
    await sql.query<{ version: number }>(
      'SELECT v.version FROM model_alias a JOIN model_version v ON v.id = a.version_id WHERE a.registered_model_id = $1 AND a.alias = $2',
      [model, alias],
    )
  )[0]?.version

export const setAlias = (sql: Sql, model: number, alias: string, version: number, time: number) =>
  sql.query(
    `INSERT INTO model_alias (registered_model_id, alias, version_id, moved_at) VALUES ($1, $2, $3, $4)
     ON CONFLICT (registered_model_id, alias) DO UPDATE SET version_id = excluded.version_id, moved_at = excluded.moved_at`,
    [model, alias, version, time],
  )

export const deleteAlias = (sql: Sql, model: number, alias: string) =>
  sql.query('DELETE FROM model_alias WHERE registered_model_id = $1 AND alias = $2', [model, alias])
