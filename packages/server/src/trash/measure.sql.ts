/** What things in the trash take on disk, and which of them were not measured yet. */
import type { Sql } from '@tidegate/db'
import { kinds } from './collect.sql.ts'

/** A run or model in the trash without a size. */
export interface Unmeasured {
  kind: number
  id: number
  uuid: string
  workspaceId: number
  deletedAt: number
  artifactUri: string
}

const unmeasured = `(SELECT ${kinds.run} AS kind, r.id, r.uuid, r.workspace_id AS "workspaceId", r.deleted_at AS "deletedAt", r.artifact_uri AS "artifactUri"
FROM run r WHERE r.deleted_at IS NOT NULL AND r.id > $2
AND NOT EXISTS (SELECT FROM trash_size s WHERE s.kind = ${kinds.run} AND s.id = r.id AND s.deleted_at = r.deleted_at) ORDER BY r.id LIMIT $1)
UNION ALL
(SELECT ${kinds.model}, m.id, m.uuid, e.workspace_id, coalesce(m.deleted_at, e.deleted_at), m.artifact_uri
FROM logged_model m JOIN experiment e ON e.id = m.experiment_id
WHERE (m.deleted_at IS NOT NULL OR e.deleted_at IS NOT NULL) AND m.id > $3
AND NOT EXISTS (SELECT FROM trash_size s WHERE s.kind = ${kinds.model} AND s.id = m.id AND s.deleted_at = coalesce(m.deleted_at, e.deleted_at)) ORDER BY m.id LIMIT $1)`

/** Some of those that have no size yet, of runs and models with a greater id than these. */
export const findUnmeasured = (sql: Sql, most: number, { run, model }: { run: number; model: number }) =>
  sql.query<Unmeasured>(unmeasured, [most, run, model])

// A row's own bytes with its header and its entries in the indexes, as they were seen in tables of a million rows. What is
// TOASTed costs a thirtieth more.
const rowBytes = `SELECT run_id AS id, sum(bytes)::bigint AS bytes FROM (
  SELECT id AS run_id, 500 AS bytes FROM run WHERE id = ANY($1)
  UNION ALL SELECT run_id, sum((octet_length(data) + coalesce(octet_length(sub), 0)) * 1.035 + 260) FROM point_chunk WHERE run_id = ANY($1) GROUP BY 1
  UNION ALL SELECT run_id, sum(octet_length(data) * 1.035 + 180) FROM point_tail WHERE run_id = ANY($1) GROUP BY 1
  UNION ALL SELECT run_id, count(*) * 230 FROM latest WHERE run_id = ANY($1) GROUP BY 1
  UNION ALL SELECT run_id, sum(130 + 2 * pg_column_size(v)) FROM param WHERE run_id = ANY($1) GROUP BY 1
  UNION ALL SELECT run_id, sum(120 + 2 * pg_column_size(v)) FROM tag WHERE run_id = ANY($1) GROUP BY 1
  UNION ALL SELECT run_id, count(*) * 130 FROM dataset_input WHERE run_id = ANY($1) GROUP BY 1
) AS parts GROUP BY 1`
// What runs have measured of a model goes with whichever goes first, and is counted with the model.
const modelBytes = `SELECT id, (pg_column_size(m.*) + 200 + (SELECT count(*) * 110 FROM logged_model_series s JOIN logged_model_point p ON p.series_id = s.id
  WHERE s.model_id = m.id))::bigint AS bytes FROM logged_model m WHERE id = ANY($1)`

/** The bytes of the rows of runs or of models, by id. */
export async function measureRows(sql: Sql, kind: number, ids: number[]): Promise<Map<number, number>> {
  const rows = await sql.query<{ id: number; bytes: number }>(kind === kinds.run ? rowBytes : modelBytes, [ids])
  return new Map(rows.map(({ id, bytes }) => [id, bytes]))
}

export interface Size {
  id: number
  deletedAt: number
  rowBytes: number
  fileBytes: number
  files: number
}

// The lock: of something that is being purged no size may be left behind.
const keep = (
  table: string,
  kind: number,
) => `WITH still AS MATERIALIZED (SELECT id FROM ${table} WHERE id = ANY($1::int[]) ORDER BY id FOR KEY SHARE)
INSERT INTO trash_size (kind, id, deleted_at, row_bytes, file_bytes, files)
SELECT ${kind}, u.* FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[], $5::int[]) AS u(id, deleted_at, row_bytes, file_bytes, files) JOIN still USING (id)
ON CONFLICT (kind, id) DO UPDATE SET deleted_at = EXCLUDED.deleted_at, row_bytes = EXCLUDED.row_bytes, file_bytes = EXCLUDED.file_bytes, files = EXCLUDED.files`

/** Writes down what was measured. */
export async function keepSizes(sql: Sql, kind: number, sizes: Size[]): Promise<void> {
  if (!sizes.length) return
  const column = (read: (size: Size) => number) => sizes.map(read)
  await sql.query(keep(kind === kinds.run ? 'run' : 'logged_model', kind), [
    column((it) => it.id),
    column((it) => it.deletedAt),
    column((it) => it.rowBytes),
    column((it) => it.fileBytes),
    column((it) => it.files),
  ])
}
