/** What the watching of runs asks of the database: which rules look at which run, how far, and one step of it. */
import type { Sql } from '@tidegate/db'
import type { Condition, Memory } from './conditions.ts'

/** A rule beside a run that it looks at. */
export interface Watch {
  rule: number
  name: string
  metric: string | null
  condition: Condition
  /** Null where it has not looked yet. */
  seq: number | null
  heardAt: number | null
  /** By metric; '' is the run as a whole. */
  state: Record<string, Memory>
}

export interface WatchedRun {
  id: number
  uuid: string
  name: string
  workspaceId: number
  experimentId: number
  running: boolean
  watches: Watch[]
}

const watchesOf = `SELECT r.id, r.uuid, r.name, r.workspace_id AS "workspaceId", r.experiment_id AS "experimentId", r.status = 'RUNNING' AS running,
  json_agg(json_build_object('rule', a.id, 'name', a.name, 'metric', a.metric, 'condition', a.condition,
    'seq', w.seq, 'heardAt', w.heard_at, 'state', coalesce(w.state, '{}'))) AS watches
FROM run r JOIN alert_rule a ON a.experiment_id = r.experiment_id AND a.enabled LEFT JOIN alert_watch w ON w.rule_id = a.id AND w.run_id = r.id
WHERE r.id = $1 AND r.deleted_at IS NULL GROUP BY r.id`

/** The run with the rules that look at it; undefined where none does. */
export const readWatches = async (sql: Sql, run: number): Promise<WatchedRun | undefined> =>
  (await sql.query<WatchedRun>(watchesOf, [run]))[0]

/** Those of these runs that some rule looks at. */
export const watchedAmong = async (sql: Sql, runs: number[]): Promise<number[]> =>
  (
    await sql.query<{ id: number }>(
      `SELECT r.id FROM run r WHERE r.id = ANY($1) AND EXISTS (SELECT FROM alert_rule a WHERE a.experiment_id = r.experiment_id AND a.enabled)`,
      [runs],
    )
  ).map(({ id }) => id)

/** Live runs with a rule that has not seen all of their points, or has never looked. */
export const unseenRuns = async (sql: Sql): Promise<number[]> =>
  (
    await sql.query<{ id: number }>(
      `SELECT DISTINCT r.id FROM alert_rule a JOIN run r ON r.experiment_id = a.experiment_id JOIN run_head h ON h.run_id = r.id
       LEFT JOIN alert_watch w ON w.rule_id = a.id AND w.run_id = r.id
       WHERE a.enabled AND r.status = 'RUNNING' AND r.deleted_at IS NULL AND coalesce(w.seq, -1) < h.seq LIMIT 10000`,
    )
  ).map(({ id }) => id)

/** Live runs of an experiment. */
export const liveRuns = async (sql: Sql, experiment: number): Promise<number[]> =>
  (
    await sql.query<{ id: number }>(`SELECT id FROM run WHERE experiment_id = $1 AND status = 'RUNNING' AND deleted_at IS NULL`, [
      experiment,
    ])
  ).map(({ id }) => id)

const begin = `INSERT INTO alert_watch (rule_id, run_id, seq, heard_at, state) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING 1`
const move = `UPDATE alert_watch SET seq = $3, heard_at = $4, state = $5 WHERE rule_id = $1 AND run_id = $2 AND seq = $6 AND state = $7::jsonb RETURNING 1`

export interface Step {
  rule: number
  run: number
  seq: number
  heardAt: number
  state: Watch['state']
}

/** Moves a watch on from where it was read. False where another has moved it meanwhile. */
export async function moveWatch(sql: Sql, from: Watch, to: Step): Promise<boolean> {
  const state = JSON.stringify(to.state)
  const rows =
    from.seq === null
      ? await sql.query(begin, [to.rule, to.run, to.seq, to.heardAt, state])
      : await sql.query(move, [to.rule, to.run, to.seq, to.heardAt, state, from.seq, JSON.stringify(from.state)])
  return rows.length > 0
}

export interface NewAlert {
  run: WatchedRun
  rule: number
  ruleName: string
  metric: string | null
  step: number | null
  value: string | null
  message: string
  at: number
}

const insert = `INSERT INTO alert (workspace_id, experiment_id, run_id, rule_id, rule_name, metric, step, value, message, fired_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id`

export async function insertAlert(sql: Sql, { run, rule, ruleName, metric, step, value, message, at }: NewAlert): Promise<number> {
  const values = [run.workspaceId, run.experimentId, run.id, rule, ruleName, metric, step, value, message, at]
  return (await sql.query<{ id: number }>(insert, values))[0]!.id
}
