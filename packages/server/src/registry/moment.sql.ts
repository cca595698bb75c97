/** Where versions stood and what aliases stood for at a time, told from the activity: it is never changed, so neither is the answer. */
import type { Sql } from '@tidegate/db'
import type { Reach } from '../access.ts'
import { reached } from '../search/compare.sql.ts'
import type { Tenure } from './activity.sql.ts'

export interface ModelTenure extends Tenure {
  modelId: number
}

export interface Sought {
  workspace: number
  reach: Reach
  /** Of this model only: all its versions. Else of each model the highest in each stage. */
  model?: number | undefined
  /** ms since 1970 */
  at: number
  /** Models at most. */
  limit: number
}

const staging = `kind IN ('VERSION_CREATED', 'VERSION_DELETED', 'STAGE_CHANGED', 'STAGE_CHANGED_ALONG')`

function within({ workspace, reach, model, at }: Sought): { where: string; values: unknown[] } {
  const values: unknown[] = [workspace, at]
  const put = (value: unknown) => `$${values.push(value)}`
  const where = [
    'workspace_id = $1 AND at <= $2',
    ...reached(reach, 'model_id', put),
    ...(model === undefined ? [] : [`model_id = ${put(model)}`]),
  ].join(' AND ')
  return { where, values }
}

/** By model, and the highest version first. Of each version what was last written of its stage says where it stood. */
export function tenuresAt(sql: Sql, sought: Sought): Promise<ModelTenure[]> {
  const { where, values } = within(sought)
  const columns = 'model_id AS "modelId", version, stage, since, by, request_id AS "requestId"'
  return sql.query<ModelTenure>(
    `WITH stood AS (
       SELECT * FROM (
         SELECT DISTINCT ON (model_id, version) model_id, version, to_value AS stage, at AS since, actor AS by, request_id FROM activity
         WHERE ${where} AND version IS NOT NULL AND ${staging} ORDER BY model_id, version, seq DESC
       ) last WHERE stage IS NOT NULL
     ), few AS (SELECT DISTINCT model_id FROM stood ORDER BY model_id LIMIT $${values.push(sought.limit)})
     SELECT ${sought.model === undefined ? `DISTINCT ON (model_id, stage) ${columns}` : columns} FROM stood JOIN few USING (model_id)
     ORDER BY model_id, ${sought.model === undefined ? 'stage, ' : ''}version DESC`,
    values,
    'once',
  )
}

/** The names that models had then. */
export const namesAt = (sql: Sql, models: readonly number[], at: number) =>
  sql.query<{ modelId: number; name: string }>(
    `SELECT m.id AS "modelId", last.model AS name FROM unnest($1::int[]) AS m (id)
     CROSS JOIN LATERAL (SELECT model FROM activity WHERE model_id = m.id AND at <= $2 ORDER BY id DESC LIMIT 1) last`,
    [models, at],
  )

/** What aliases stood for. One whose version was deleted with it may be among them: the version is not. */
export const aliasesAt = (sql: Sql, models: readonly number[], at: number) =>
  sql.query<{ modelId: number; alias: string; version: number }>(
    `SELECT "modelId", alias, version FROM (
       SELECT DISTINCT ON (model_id, data::jsonb->>'alias') model_id AS "modelId", data::jsonb->>'alias' AS alias, version, kind FROM activity
       WHERE model_id = ANY($1) AND at <= $2 AND kind IN ('ALIAS_SET', 'ALIAS_DELETED') ORDER BY model_id, data::jsonb->>'alias', seq DESC
     ) last WHERE kind = 'ALIAS_SET' ORDER BY "modelId", alias`,
    [models, at],
  )
