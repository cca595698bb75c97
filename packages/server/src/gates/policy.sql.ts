/** What a workspace or a model says of stages and gates, as it is kept. */
import type { Sql } from '@tidegate/db'
import type { People } from '../access.ts'
import type { CheckParams } from './built-in.ts'

/** What opens the way into a stage, or to an alias. */
export interface Gate {
  /** Or aliases: `@champion`, `@champ*`. */
  stage: string
  /** The stages that a version may come from; null: any. */
  from: string[] | null
  /** Who may ask; null: whoever may read the model. */
  requesters: People | null
  /** Who goes through without asking; null: nobody. */
  passers?: People | null
  /** Whose approval counts. */
  approvers: People
  /** How many of them. */
  approvals: number
  /** Whether who asks may approve. */
  selfApproval: boolean
  /** Checks that must have passed. */
  checks: string[]
  /** What it asks of those that the server runs itself. */
  params?: CheckParams
  /** ms that a request stays open; null: for ever. */
  ttl: number | null
  /** Whether who asks must say why. */
  commentRequired: boolean
}

export interface PolicyRow {
  /** Null: the workspace's. */
  modelId: number | null
  stages: string[] | null
  gates: Gate[] | null
}

/** The workspace's, and those of these models that have their own. */
export const readPolicies = (sql: Sql, workspace: number, models: readonly number[]) =>
  sql.query<PolicyRow>(
    'SELECT model_id AS "modelId", stages, gates FROM registry_policy WHERE workspace_id = $1 AND (model_id IS NULL OR model_id = ANY($2))',
    [workspace, models],
  )

export async function writePolicy(sql: Sql, workspace: number, { modelId, stages, gates }: PolicyRow): Promise<void> {
  const where = modelId === null ? 'workspace_id = $1 AND model_id IS NULL AND $2::int IS NULL' : 'workspace_id = $1 AND model_id = $2'
  await sql.query(`DELETE FROM registry_policy WHERE ${where}`, [workspace, modelId])
  if (stages || gates)
    await sql.query('INSERT INTO registry_policy (workspace_id, model_id, stages, gates) VALUES ($1, $2, $3::jsonb, $4::jsonb)', [
      ...[workspace, modelId],
      ...[stages && JSON.stringify(stages), gates && JSON.stringify(gates)],
    ])
}

/** Holds the workspace's own policy: of two who change one the second waits. */
export const holdPolicies = (sql: Sql, workspace: number) => sql.query('SELECT FROM workspace WHERE id = $1 FOR NO KEY UPDATE', [workspace])

/** While this transaction lasts nobody changes one: what it did by them holds. */
export const keepPolicies = (sql: Sql, workspace: number) => sql.query('SELECT FROM workspace WHERE id = $1 FOR SHARE', [workspace])

/** Stages that versions stand in, of one model or of all that follow the workspace. */
export const stagesInUse = async (sql: Sql, workspace: number, model: number | null): Promise<string[]> =>
  (
    await sql.query<{ stage: string }>(
      `SELECT DISTINCT v.stage FROM model_version v JOIN registered_model m ON m.id = v.registered_model_id
       WHERE m.workspace_id = $1 AND (m.id = $2 OR ($2::int IS NULL AND NOT EXISTS
         (SELECT FROM registry_policy p WHERE p.model_id = m.id AND p.stages IS NOT NULL)))`,
      [workspace, model],
    )
  ).map(({ stage }) => stage)

/** A team has another name now: gates mean it still. */
export const renameTeam = (sql: Sql, workspace: number, { from, to }: { from: string; to: string }) =>
  sql.query(
    `UPDATE registry_policy SET gates = (
       SELECT jsonb_agg(gate || coalesce((
         SELECT jsonb_object_agg(who, jsonb_set(gate -> who, '{teams}', (
           SELECT coalesce(jsonb_agg(CASE WHEN team = $2 THEN $3 ELSE team END), '[]') FROM jsonb_array_elements_text(gate -> who -> 'teams') team)))
         FROM unnest(ARRAY['requesters', 'passers', 'approvers']) who WHERE jsonb_typeof(gate -> who) = 'object'), '{}') ORDER BY n)
       FROM jsonb_array_elements(gates) WITH ORDINALITY AS g (gate, n))
     WHERE workspace_id = $1 AND jsonb_typeof(gates) = 'array' AND gates::text LIKE '%"teams"%'`,
    [workspace, from, to],
  )
