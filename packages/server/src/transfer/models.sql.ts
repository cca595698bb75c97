/** Logged models as they were elsewhere, many in one statement. */
import type { Sql } from '@tidegate/db'

export interface ModelRow {
  uuid: string
  name: string
  type: string
  status: 'PENDING' | 'READY' | 'FAILED'
  sourceRun: string
  artifactUri: string
  params: Record<string, string>
  tags: Record<string, string>
  createdAt: number
  updatedAt: number
}

// The share lock makes a deletion of the experiment wait, or be seen. What is here stays: only what it lacks is added.
const upsert = `WITH e AS MATERIALIZED (SELECT id FROM experiment WHERE id = $1 AND deleted_at IS NULL FOR SHARE),
m AS (INSERT INTO logged_model AS m (experiment_id, uuid, name, type, status, source_run, artifact_uri, params, tags, created_at, updated_at)
  SELECT e.id, u.* FROM e, unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[], $9::jsonb[], $10::bigint[], $11::bigint[]) AS u
  ORDER BY 2 ON CONFLICT (uuid) DO UPDATE SET params = EXCLUDED.params || m.params, tags = EXCLUDED.tags || m.tags,
    status = CASE m.status WHEN 'PENDING' THEN EXCLUDED.status ELSE m.status END
  WHERE m.experiment_id = EXCLUDED.experiment_id AND m.deleted_at IS NULL RETURNING id, uuid)
SELECT (SELECT count(*) FROM e)::int AS open, (SELECT coalesce(jsonb_object_agg(uuid, id), '{}') FROM m) AS ids`

/** The numbers of those that are of this experiment, by uuid. Undefined where it is deleted. */
export async function writeModels(sql: Sql, experiment: number, models: readonly ModelRow[]): Promise<Map<string, number> | undefined> {
  const unique = [...new Map(models.map((model) => [model.uuid, model])).values()]
  const column = <T>(read: (model: ModelRow) => T) => unique.map(read)
  const [found] = await sql.query<{ open: number; ids: Record<string, number> }>(upsert, [
    experiment,
    column((model) => model.uuid),
    column((model) => model.name),
    column((model) => model.type),
    column((model) => (model.status === 'FAILED' ? 'UPLOAD_FAILED' : model.status)),
    column((model) => model.sourceRun),
    column((model) => model.artifactUri),
    column((model) => JSON.stringify(model.params)),
    column((model) => JSON.stringify(model.tags)),
    column((model) => model.createdAt),
    column((model) => model.updatedAt),
  ])
  return found!.open ? new Map(Object.entries(found!.ids)) : undefined
}

/** Runs of a workspace, by uuid. */
export async function runsByUuid(
  sql: Sql,
  workspace: number,
  uuids: readonly string[],
): Promise<Map<string, { id: number; experimentId: number }>> {
  const rows = await sql.query<{ uuid: string; id: number; experimentId: number }>(
    'SELECT uuid, id, experiment_id AS "experimentId" FROM run WHERE workspace_id = $1 AND uuid = ANY($2) ORDER BY id',
    [workspace, [...new Set(uuids)]],
  )
  return new Map(rows.map(({ uuid, ...run }) => [uuid, run]))
}
