/** Whose a path is: the lookups behind every permission on an artifact. */
import type { Sql } from '@tidegate/db'

/** Where a run, or a logged model, has its files. */
export interface OwnerRoot {
  uuid: string
  experimentId: number
  workspaceId: number
  artifactUri: string
  deletedAt: number | null
}

/** The runs of those uuids, whatever their lifecycle and workspace. */
export const findRunRoots = (sql: Sql, uuids: string[]) =>
  sql.query<OwnerRoot>(
    `SELECT uuid, experiment_id AS "experimentId", workspace_id AS "workspaceId", artifact_uri AS "artifactUri", deleted_at AS "deletedAt"
     FROM run WHERE uuid = ANY($1)`,
    [uuids],
  )

/** The logged models of those uuids, whatever their lifecycle and workspace. */
export const findModelRoots = (sql: Sql, uuids: string[]) =>
  sql.query<OwnerRoot>(
    `SELECT m.uuid, m.experiment_id AS "experimentId", e.workspace_id AS "workspaceId", m.artifact_uri AS "artifactUri", m.deleted_at AS "deletedAt"
     FROM logged_model m JOIN experiment e ON e.id = m.experiment_id WHERE m.uuid = ANY($1) AND e.purged_at IS NULL`,
    [uuids],
  )

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
