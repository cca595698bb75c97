/** What is in the trash: experiments, and the runs and logged models whose experiment is not itself in it. */
import type { Sql } from '@tidegate/db'
import { keptExperiment, kinds } from './collect.sql.ts'

/** Of which trash: a workspace's, those experiments of it that the caller may read. */
export interface Scope {
  workspace: number
  experiments: number[]
}

/** Only these. Absent: everything. */
export interface Only {
  runs: number[]
  models: number[]
  experiments: number[]
}

export interface TrashRow {
  kind: number
  id: number
  /** The run's or model's id as clients know it; an experiment's number. */
  uuid: string
  name: string
  experimentId: number
  deletedAt: number
  deletedBy: string | null
}

export interface Cursor {
  deletedAt: number
  kind: number
  id: number
}

// What was emptied is on its way out and not shown; the experiment that stays, stays.
const emptied = `coalesce((SELECT trash_emptied_at FROM workspace WHERE id = $1), 0)`
const shownExperiment = `e.workspace_id = $1 AND e.id = ANY($2) AND e.deleted_at IS NOT NULL AND e.purged_at IS NULL AND (e.deleted_at > ${emptied} OR e.id = ${keptExperiment})`
const shownRun = `r.workspace_id = $1 AND r.deleted_at IS NOT NULL AND e.id = ANY($2) AND e.purged_at IS NULL
  AND (r.deleted_at > ${emptied} OR e.id = ${keptExperiment} AND e.deleted_at = r.deleted_at)`
const shownModel = `e.workspace_id = $1 AND e.id = ANY($2) AND e.purged_at IS NULL AND (coalesce(m.deleted_at, e.deleted_at) > ${emptied}
  OR e.id = ${keptExperiment} AND e.deleted_at IS NOT NULL AND m.deleted_at IS NULL)`

const page = (columns: string, from: string, alias: string, kind: number) => `(SELECT ${kind} AS kind, ${columns},
  ${alias}.deleted_at AS "deletedAt", ${alias}.deleted_by AS "deletedBy" FROM ${from}
  AND ($3::bigint IS NULL OR (${alias}.deleted_at, ${kind}, ${alias}.id) < ($3, $4::int, $5::int)) ORDER BY ${alias}.deleted_at DESC, ${alias}.id DESC LIMIT $6)`

const list = `SELECT * FROM (
${page('e.id, e.id::text AS uuid, e.name, e.id AS "experimentId"', `experiment e WHERE ${shownExperiment}`, 'e', kinds.experiment)}
UNION ALL
${page('r.id, r.uuid, r.name, r.experiment_id', `run r JOIN experiment e ON e.id = r.experiment_id WHERE ${shownRun} AND e.deleted_at IS NULL`, 'r', kinds.run)}
UNION ALL
${page('m.id, m.uuid, m.name, m.experiment_id', `logged_model m JOIN experiment e ON e.id = m.experiment_id WHERE ${shownModel} AND m.deleted_at IS NOT NULL AND e.deleted_at IS NULL`, 'm', kinds.model)}
) AS trash ORDER BY "deletedAt" DESC, kind DESC, id DESC LIMIT $6`

/** The last deleted first. */
export const listTrashRows = (sql: Sql, { workspace, experiments }: Scope, after: Cursor | null, most: number) =>
  sql.query<TrashRow>(list, [workspace, experiments, after?.deletedAt ?? null, after?.kind ?? null, after?.id ?? null, most])

export interface Sum {
  /** Things as the list has them. */
  experiments: number
  runs: number
  models: number
  /** Runs in all, those of deleted experiments too. */
  allRuns: number
  rowBytes: number
  fileBytes: number
  files: number
  /** Runs and models, and how many of them were measured. */
  parts: number
  measured: number
  /** When the last of them was deleted, ms; null where there is nothing. */
  newest: number | null
}

const chosen = (alias: string, ids: string) => `($4::bigint IS NULL OR ${alias}.deleted_at <= $4) AND ($3::bool OR ${ids})`
const sum = `WITH e AS MATERIALIZED (
  SELECT e.id, e.deleted_at, true AS listed FROM experiment e WHERE ${shownExperiment} AND ${chosen('e', 'e.id = ANY($7)')}
), r AS MATERIALIZED (
  SELECT r.id, r.deleted_at, e.deleted_at IS NULL AS listed FROM run r JOIN experiment e ON e.id = r.experiment_id
  WHERE ${shownRun} AND ${chosen('r', '(r.id = ANY($5) OR r.experiment_id = ANY($7))')}
), m AS MATERIALIZED (
  SELECT m.id, coalesce(m.deleted_at, e.deleted_at) AS deleted_at, e.deleted_at IS NULL AS listed
  FROM logged_model m JOIN experiment e ON e.id = m.experiment_id WHERE ${shownModel} AND (m.deleted_at IS NOT NULL OR e.deleted_at IS NOT NULL)
  AND ($4::bigint IS NULL OR coalesce(m.deleted_at, e.deleted_at) <= $4) AND ($3 OR m.id = ANY($6) OR m.experiment_id = ANY($7))
), s AS (
  SELECT s.* FROM r JOIN trash_size s ON s.kind = ${kinds.run} AND s.id = r.id AND s.deleted_at = r.deleted_at
  UNION ALL SELECT s.* FROM m JOIN trash_size s ON s.kind = ${kinds.model} AND s.id = m.id AND s.deleted_at = m.deleted_at
), own AS (
  SELECT (SELECT coalesce(sum(pg_column_size(d.*) + 150), 0) FROM dataset d WHERE d.experiment_id = ANY(ARRAY(SELECT id FROM e)))
    + (SELECT count(*) * 150 FROM key k WHERE k.experiment_id = ANY(ARRAY(SELECT id FROM e))) AS bytes
)
SELECT (SELECT count(*) FROM e)::int AS experiments, (SELECT count(*) FROM r WHERE listed)::int AS runs, (SELECT count(*) FROM m WHERE listed)::int AS models,
  (SELECT count(*) FROM r)::int AS "allRuns", (SELECT bytes FROM own)::bigint + coalesce(sum(row_bytes), 0)::bigint AS "rowBytes",
  coalesce(sum(file_bytes), 0)::bigint AS "fileBytes", coalesce(sum(files), 0)::int AS files,
  (SELECT count(*) FROM r)::int + (SELECT count(*) FROM m)::int AS parts, count(*)::int AS measured,
  (SELECT max(deleted_at) FROM (SELECT deleted_at FROM e UNION ALL SELECT deleted_at FROM r UNION ALL SELECT deleted_at FROM m) AS d) AS newest
FROM s`

/** What things in the trash come to: all of them, or `only` some; those deleted up to `before`, where it is given. */
export async function sumTrash(sql: Sql, { workspace, experiments }: Scope, only: Only | null, before: number | null): Promise<Sum> {
  const { runs = [], models = [], experiments: whole = [] } = only ?? {}
  return (await sql.query<Sum>(sum, [workspace, experiments, only === null, before, runs, models, whole]))[0]!
}

const inTrash = (
  table: string,
  kind: number,
  deleted: string,
) => `SELECT t.experiment_id AS id, ${kind === kinds.run ? 'count(*)' : '0'} AS runs,
  ${kind === kinds.model ? 'count(*)' : '0'} AS models, sum(row_bytes) AS row_bytes, sum(file_bytes) AS file_bytes, sum(files) AS files, count(*) AS parts, count(s.id) AS measured
FROM ${table} t JOIN experiment e ON e.id = t.experiment_id LEFT JOIN trash_size s ON s.kind = ${kind} AND s.id = t.id AND s.deleted_at = ${deleted}
WHERE t.experiment_id = ANY($3) AND ${deleted} IS NOT NULL GROUP BY t.experiment_id`
const ofItems = `SELECT ${kinds.experiment} AS kind, id, sum(runs)::int AS runs, sum(models)::int AS models, coalesce(sum(row_bytes), 0)::bigint AS "rowBytes",
  coalesce(sum(file_bytes), 0)::bigint AS "fileBytes", coalesce(sum(files), 0)::int AS files, sum(parts)::int AS parts, sum(measured)::int AS measured
FROM (${inTrash('run', kinds.run, 't.deleted_at')} UNION ALL ${inTrash('logged_model', kinds.model, 'coalesce(t.deleted_at, e.deleted_at)')}
  UNION ALL SELECT experiment_id, 0, 0, sum(pg_column_size(d.*) + 150), 0, 0, 0, 0 FROM dataset d WHERE experiment_id = ANY($3) GROUP BY 1
  UNION ALL SELECT experiment_id, 0, 0, count(*) * 150, 0, 0, 0, 0 FROM key WHERE experiment_id = ANY($3) GROUP BY 1) AS parts GROUP BY id
UNION ALL SELECT kind, id, 0, 0, row_bytes, file_bytes, files, 1, 1 FROM trash_size s
WHERE (kind = ${kinds.run} AND id = ANY($1) AND EXISTS (SELECT FROM run r WHERE r.id = s.id AND r.deleted_at = s.deleted_at))
  OR (kind = ${kinds.model} AND id = ANY($2) AND EXISTS (SELECT FROM logged_model m WHERE m.id = s.id AND m.deleted_at = s.deleted_at))`

/** What each of these things takes, in their order. */
export async function sizesOf(sql: Sql, rows: readonly TrashRow[]): Promise<Sum[]> {
  const ids = (kind: number) => rows.filter((row) => row.kind === kind).map(({ id }) => id)
  const found = await sql.query<Omit<Sum, 'experiments' | 'allRuns' | 'newest'> & { kind: number; id: number }>(ofItems, [
    ids(kinds.run),
    ids(kinds.model),
    ids(kinds.experiment),
  ])
  const sizes = new Map(found.map((size) => [`${size.kind}/${size.id}`, size]))
  return rows.map(({ kind, id, deletedAt }) => {
    const whole = kind === kinds.experiment
    const none = { runs: 0, models: 0, rowBytes: 0, fileBytes: 0, files: 0, parts: whole ? 0 : 1, measured: 0 }
    const { kind: _, id: __, ...size } = { kind, id, ...none, ...sizes.get(`${kind}/${id}`) }
    const runs = whole ? size.runs : Number(kind === kinds.run)
    const models = whole ? size.models : Number(kind === kinds.model)
    return { ...size, experiments: Number(whole), runs, allRuns: runs, models, newest: deletedAt }
  })
}

/** Things past return of which something is left; of these experiments only, where they are given. */
export const countCollecting = async (sql: Sql, workspace: number, experiments: readonly number[] | null): Promise<number> =>
  (
    await sql.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM purge
       WHERE workspace_id = $1 AND (has_rows OR looks = 0) AND ($2::int[] IS NULL OR experiment_id = ANY($2))`,
      [workspace, experiments],
    )
  )[0]!.n

export interface FoundModel {
  id: number
  uuid: string
  experimentId: number
  workspaceId: number
  deletedAt: number | null
}

/** The logged models of those uuids. */
export const findModels = (sql: Sql, uuids: string[]) =>
  sql.query<FoundModel>(
    `SELECT m.id, m.uuid, m.experiment_id AS "experimentId", e.workspace_id AS "workspaceId", m.deleted_at AS "deletedAt"
     FROM logged_model m JOIN experiment e ON e.id = m.experiment_id WHERE m.uuid = ANY($1) AND e.purged_at IS NULL`,
    [uuids],
  )

/** Everything that was deleted up to `time` goes. */
export const setEmptied = (sql: Sql, workspace: number, time: number) =>
  sql.query('UPDATE workspace SET trash_emptied_at = greatest(trash_emptied_at, $2::bigint) WHERE id = $1', [workspace, time])

/** False where there is no such model any more. */
export const restoreModelRow = async (sql: Sql, id: number): Promise<boolean> =>
  (await sql.query('UPDATE logged_model SET deleted_at = NULL, deleted_by = NULL WHERE id = $1 RETURNING id', [id])).length > 0
