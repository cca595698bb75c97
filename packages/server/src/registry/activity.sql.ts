/** The activity of models: added at the end of a workspace's chain, and read. */
import type { Sql } from '@tidegate/db'
import type { Reach } from '../access.ts'
import type { Through } from '../authenticate.ts'
import type { Door } from '../context.ts'
import { reached } from '../search/compare.sql.ts'

export interface Activity {
  id: number
  workspaceId: number
  seq: number
  /** ms since 1970 */
  at: number
  kind: string
  modelId: number
  /** Its name then. */
  model: string
  version: number | null
  accountId: number | null
  actor: string
  from: string | null
  to: string | null
  comment: string
  requestId: number | null
  /** JSON. */
  data: string
  /** Over which door, and how whoever did it was known. Null: written before that was noted. */
  door: Door | null
  through: Through['kind'] | null
  hash: string
}

const columns = `id, workspace_id AS "workspaceId", seq, at, kind, model_id AS "modelId", model, version, account_id AS "accountId", actor,
  from_value AS "from", to_value AS "to", comment, request_id AS "requestId", data, door, through, hash`

/**
 * Adds entries, in their order, at the end of the workspace's chain; nobody else adds to it until the transaction ends. `lines`: of each what
 * its hash is of, from its kind on. Answers the first one's place, and the time of all.
 */
export async function addActivities(
  sql: Sql,
  workspace: number,
  by: Pick<Activity, 'door' | 'through'>,
  entries: ReadonlyArray<Omit<Activity, 'id' | 'workspaceId' | 'seq' | 'at' | 'door' | 'through' | 'hash'>>,
  lines: readonly string[],
): Promise<{ first: number; now: number }> {
  const of = <K extends keyof (typeof entries)[number]>(key: K) => entries.map((it) => it[key])
  const rows = await sql.query<{ first: number; now: number }>(
    'SELECT first, now FROM activity_add($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)',
    [
      ...[workspace, of('kind'), of('modelId'), of('model'), of('version'), of('accountId'), of('actor'), of('from'), of('to')],
      ...[of('comment'), of('requestId'), of('data'), by.door, by.through, lines],
    ],
  )
  return rows[0]!
}

/** A stretch of a chain, from after `seq` on. */
export const readChain = (sql: Sql, workspace: number, after: number, limit: number) =>
  sql.query<Activity>(`SELECT ${columns} FROM activity WHERE workspace_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`, [
    workspace,
    after,
    limit,
  ])

/** Where the chain is said to end. */
export const readEnd = async (sql: Sql, workspace: number): Promise<{ seq: number; hash: string }> =>
  (await sql.query<{ seq: number; hash: string }>('SELECT seq, hash FROM activity_chain WHERE workspace_id = $1', [workspace]))[0] ?? {
    seq: 0,
    hash: '',
  }

export interface Wanted {
  workspace: number
  reach: Reach
  model?: number | undefined
  version?: number | undefined
  request?: number | undefined
  kinds?: readonly string[] | undefined
  /** Only older than this id. */
  before?: number | undefined
  /** Only newer than this id. */
  after?: number | undefined
  limit: number
}

/** The newest first; where `after` is said the oldest first. */
export function readActivities(
  sql: Sql,
  { workspace, reach, model, version, request, kinds, before, after, limit }: Wanted,
): Promise<Activity[]> {
  const values: unknown[] = [workspace]
  const put = (value: unknown) => `$${values.push(value)}`
  const where = [
    'workspace_id = $1',
    ...reached(reach, 'model_id', put),
    ...(model === undefined ? [] : [`model_id = ${put(model)}`]),
    ...(version === undefined ? [] : [`version = ${put(version)}`]),
    ...(request === undefined ? [] : [`request_id = ${put(request)}`]),
    ...(kinds ? [`kind = ANY(${put(kinds)}::text[])`] : []),
    ...(before === undefined ? [] : [`id < ${put(before)}`]),
    ...(after === undefined ? [] : [`id > ${put(after)}`]),
  ].join(' AND ')
  const order = after === undefined ? 'DESC' : 'ASC'
  return sql.query<Activity>(`SELECT ${columns} FROM activity WHERE ${where} ORDER BY id ${order} LIMIT ${put(limit)}`, values, 'once')
}

export interface Tenure {
  version: number
  stage: string
  /** Since when, and by whom. */
  since: number
  by: string
  /** The transition request whose gate opened for it. */
  requestId: number | null
}

/** The versions that were in a stage at a time: of each version, where the last that had been written of its stage put it. */
export const stageAt = (sql: Sql, { model, stage, at }: { model: number; stage: string; at: number }) =>
  sql.query<Tenure>(
    `SELECT version, "to" AS stage, at AS since, actor AS by, request_id AS "requestId" FROM (
       SELECT DISTINCT ON (version) version, to_value AS "to", at, actor, request_id FROM activity
       WHERE model_id = $1 AND version IS NOT NULL AND at <= $3 AND kind IN ('VERSION_CREATED', 'VERSION_DELETED', 'STAGE_CHANGED', 'STAGE_CHANGED_ALONG')
       ORDER BY version, seq DESC
     ) last WHERE "to" = $2 ORDER BY version`,
    [model, stage, at],
  )

/** Who asked for each of these requests, and who approved it: of requests that are gone too. */
export const sayings = (sql: Sql, requests: readonly number[]) =>
  sql.query<{ requestId: number; kind: 'TRANSITION_REQUESTED' | 'TRANSITION_APPROVED'; actor: string }>(
    `SELECT request_id AS "requestId", kind, actor FROM activity
     WHERE request_id = ANY($1) AND kind IN ('TRANSITION_REQUESTED', 'TRANSITION_APPROVED') ORDER BY id`,
    [requests],
  )
