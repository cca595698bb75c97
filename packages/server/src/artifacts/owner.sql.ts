/** Whose a path is: the lookups behind every permission on an artifact. */
import type { Sql } from '@tidegate/db'

export interface RunRoot {
  uuid: string
  experimentId: number
  workspaceId: number
  artifactUri: string
  deletedAt: number | null
}

/** The runs of those uuids, whatever their lifecycle and workspace. */
export const findRunRoots = (sql: Sql, uuids: string[]) =>
  sql.query<RunRoot>(
    `SELECT uuid, experiment_id AS "experimentId", workspace_id AS "workspaceId", artifact_uri AS "artifactUri", deleted_at AS "deletedAt"
     FROM run WHERE uuid = ANY($1)`,
    [uuids],
  )

/** Whether that run or model was purged a moment ago: its files may have been looked for already. */
export const isPurged = async (sql: Sql, uuid: string): Promise<boolean> =>
  (await sql.query('SELECT FROM purge WHERE uuid = $1 LIMIT 1', [uuid])).length > 0

export interface ExperimentRoot {
  experimentId: number
  workspaceId: number
  artifactUri: string
}

const columns = 'id AS "experimentId", workspace_id AS "workspaceId", artifact_location AS "artifactUri"'

/** The experiment of that number. */
export const findExperimentRoot = (sql: Sql, id: number) =>
  sql.query<ExperimentRoot>(`SELECT ${columns} FROM experiment WHERE id = $1 AND purged_at IS NULL`, [id])

/**
 * The experiments whose location is one of these paths below `mlflow-artifacts:/`, the oldest first: a location that was
 * taken later must not take over what lies below an older one. Reads all experiments, so it is for custom locations only.
 */
export const findExperimentRoots = (sql: Sql, paths: string[]) =>
  sql.query<ExperimentRoot>(
    `SELECT ${columns} FROM experiment
     WHERE artifact_location LIKE 'mlflow-artifacts:%' AND purged_at IS NULL
       AND regexp_replace(artifact_location, '^mlflow-artifacts:(//[^/]*)?/*|/+$', '', 'g') = ANY($1) ORDER BY id LIMIT 1`,
    [paths],
  )
