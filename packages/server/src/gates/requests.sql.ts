/** Transition requests, what was said to them and found for them: a statement for each thing that is done with them. */
import type { Sql } from '@tidegate/db'
import type { Reach } from '../access.ts'
import { reached } from '../search/compare.sql.ts'

export type RequestState = 'OPEN' | 'APPROVED' | 'REJECTED' | 'CANCELLED' | 'EXPIRED' | 'SUPERSEDED'

export interface Request {
  id: number
  workspaceId: number
  modelId: number
  /** The model's name now. */
  name: string
  versionId: number
  version: number
  from: string
  to: string
  state: RequestState
  archiveExisting: boolean
  comment: string
  accountId: number
  actor: string
  createdAt: number
  expiresAt: number | null
  closedAt: number | null
  closedBy: string | null
  closedComment: string | null
}

export interface Vote {
  requestId: number
  accountId: number
  actor: string
  comment: string
  at: number
}

export type CheckState = 'QUEUED' | 'RUNNING' | 'PASSED' | 'FAILED' | 'SKIPPED'

export interface Check {
  versionId: number
  name: string
  state: CheckState
  summary: string
  url: string
  /** What it measured, by name. */
  numbers: Record<string, number>
  actor: string
  at: number
}

export interface Override {
  requestId: number
  name: string
  actor: string
  reason: string
  at: number
}

const columns = `r.id, r.workspace_id AS "workspaceId", r.model_id AS "modelId", m.name, r.version_id AS "versionId", v.version, r.from_stage AS "from",
  r.to_stage AS "to", r.state, r.archive_existing AS "archiveExisting", r.comment, r.account_id AS "accountId", r.actor, r.created_at AS "createdAt",
  r.expires_at AS "expiresAt", r.closed_at AS "closedAt", r.closed_by AS "closedBy", r.closed_comment AS "closedComment"`
const from = 'transition_request r JOIN registered_model m ON m.id = r.model_id JOIN model_version v ON v.id = r.version_id'

export async function readRequests(sql: Sql, ids: readonly number[]): Promise<Request[]> {
  if (!ids.length) return []
  const rows = await sql.query<Request>(`SELECT ${columns} FROM ${from} WHERE r.id = ANY($1)`, [ids])
  const found = new Map(rows.map((row) => [row.id, row]))
  return ids.flatMap((id) => found.get(id) ?? [])
}

export interface Sought {
  workspace: number
  reach: Reach
  model?: number | undefined
  versions?: readonly number[] | undefined
  states?: readonly RequestState[] | undefined
  /** Only what this account asked for. */
  account?: number | undefined
  /** Only into this stage. */
  to?: string | undefined
  /** Only older than this id. */
  before?: number | undefined
  limit: number
}

/** The newest first. */
export function findRequests(
  sql: Sql,
  { workspace, reach, model, versions, states, account, to, before, limit }: Sought,
): Promise<Request[]> {
  const values: unknown[] = [workspace]
  const put = (value: unknown) => `$${values.push(value)}`
  const where = [
    'r.workspace_id = $1',
    ...reached(reach, 'r.model_id', put),
    ...(model === undefined ? [] : [`r.model_id = ${put(model)}`]),
    ...(versions ? [`r.version_id = ANY(${put(versions)}::int[])`] : []),
    ...(states ? [`r.state = ANY(${put(states)}::text[])`] : []),
    ...(account === undefined ? [] : [`r.account_id = ${put(account)}`]),
    ...(to === undefined ? [] : [`r.to_stage = ${put(to)}`]),
    ...(before === undefined ? [] : [`r.id < ${put(before)}`]),
  ].join(' AND ')
  return sql.query<Request>(`SELECT ${columns} FROM ${from} WHERE ${where} ORDER BY r.id DESC LIMIT ${put(limit)}`, values, 'once')
}

/** All that is open of a version, the newest first. */
export const openOf = (sql: Sql, workspace: number, version: number): Promise<Request[]> =>
  findRequests(sql, { workspace, reach: { but: [] }, versions: [version], states: ['OPEN'], limit: 1_000 })

export type NewRequest = Pick<
  Request,
  | 'workspaceId'
  | 'modelId'
  | 'versionId'
  | 'from'
  | 'to'
  | 'archiveExisting'
  | 'comment'
  | 'accountId'
  | 'actor'
  | 'createdAt'
  | 'expiresAt'
>

/** The id of the new request, undefined where the same person has asked for the same already. */
export const insertRequest = async (sql: Sql, it: NewRequest): Promise<number | undefined> =>
  (
    await sql.query<{ id: number }>(
      `INSERT INTO transition_request (workspace_id, model_id, version_id, from_stage, to_stage, archive_existing, comment, account_id, actor, created_at, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (version_id, to_stage, account_id) WHERE state = 'OPEN' DO NOTHING RETURNING id`,
      [
        ...[it.workspaceId, it.modelId, it.versionId, it.from, it.to, it.archiveExisting],
        ...[it.comment, it.accountId, it.actor, it.createdAt, it.expiresAt],
      ],
    )
  )[0]?.id

/** False where it is open no more: a state is final. */
export const closeRequest = async (
  sql: Sql,
  id: number,
  { state, by, comment, at }: { state: Exclude<RequestState, 'OPEN'>; by: string; comment: string; at: number },
): Promise<boolean> =>
  (
    await sql.query(
      `UPDATE transition_request SET state = $2, closed_by = $3, closed_comment = $4, closed_at = $5 WHERE id = $1 AND state = 'OPEN' RETURNING id`,
      [id, state, by, comment, at],
    )
  ).length > 0

/**
 * The open requests of versions into a stage, but one: what they were asked from is true no more. With `alias`, those for it: the version has
 * it now.
 */
export const supersede = (
  sql: Sql,
  versions: readonly number[],
  { but, by, at, alias = null }: { but: number | null; by: string; at: number; alias?: string | null },
) =>
  sql.query<{ id: number; version: number; to: string }>(
    `UPDATE transition_request r SET state = 'SUPERSEDED', closed_by = $3, closed_comment = '', closed_at = $4 FROM model_version v
     WHERE v.id = r.version_id AND r.version_id = ANY($1) AND r.id IS DISTINCT FROM $2 AND r.state = 'OPEN'
       AND CASE WHEN $5::text IS NULL THEN r.to_stage NOT LIKE '@%' ELSE r.to_stage = '@' || $5 END
     RETURNING r.id, v.version, r.to_stage AS "to"`,
    [versions, but, by, at, alias],
  )

/** Open ones whose time is over. */
export const dueRequests = (sql: Sql, now: number, limit: number) =>
  sql.query<{ id: number; modelId: number; workspaceId: number }>(
    `SELECT id, model_id AS "modelId", workspace_id AS "workspaceId" FROM transition_request WHERE state = 'OPEN' AND expires_at <= $1 ORDER BY expires_at LIMIT $2`,
    [now, limit],
  )

export const addVote = (sql: Sql, { requestId, accountId, actor, comment, at }: Vote) =>
  sql.query(
    `INSERT INTO transition_vote (request_id, account_id, actor, comment, at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (request_id, account_id) DO UPDATE SET comment = excluded.comment, at = excluded.at`,
    [requestId, accountId, actor, comment, at],
  )

export const readVotes = (sql: Sql, requests: readonly number[]) =>
  sql.query<Vote>(
    'SELECT request_id AS "requestId", account_id AS "accountId", actor, comment, at FROM transition_vote WHERE request_id = ANY($1) ORDER BY at, account_id',
    [requests],
  )

export const writeCheck = (sql: Sql, { versionId, name, state, summary, url, numbers, actor, at }: Check) =>
  sql.query(
    `INSERT INTO version_check (version_id, name, state, summary, url, numbers, actor, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (version_id, name) DO UPDATE
     SET state = excluded.state, summary = excluded.summary, url = excluded.url, numbers = excluded.numbers, actor = excluded.actor, at = excluded.at`,
    [versionId, name, state, summary, url, JSON.stringify(numbers), actor, at],
  )

export const readChecks = (sql: Sql, versions: readonly number[]) =>
  sql.query<Check>(
    'SELECT version_id AS "versionId", name, state, summary, url, numbers, actor, at FROM version_check WHERE version_id = ANY($1) ORDER BY name',
    [versions],
  )

export const addOverride = (sql: Sql, { requestId, name, actor, reason, at }: Override) =>
  sql.query(
    `INSERT INTO check_override (request_id, name, actor, reason, at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (request_id, name) DO UPDATE SET actor = excluded.actor, reason = excluded.reason, at = excluded.at`,
    [requestId, name, actor, reason, at],
  )

export const readOverrides = (sql: Sql, requests: readonly number[]) =>
  sql.query<Override>(
    'SELECT request_id AS "requestId", name, actor, reason, at FROM check_override WHERE request_id = ANY($1) ORDER BY name',
    [requests],
  )
