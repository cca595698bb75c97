/** The statements of the inbox: who follows what, what they were told, and which of it still has to go into a letter. */
import type { Sql } from '@tidegate/db'
import type { Reach } from '../access.ts'
import { reached } from '../search/compare.sql.ts'

export type Follow = 'FOLLOWING' | 'MUTED'
export type Letters = 'AT_ONCE' | 'HOURLY' | 'DAILY' | 'OFF'

export interface Notice {
  id: number
  accountId: number
  workspaceId: number | null
  modelId: number | null
  /** Of a run: its experiment. */
  experimentId: number | null
  /** The model's name now. */
  model: string | null
  version: number | null
  kind: string
  actor: string
  text: string
  path: string
  createdAt: number
  readAt: number | null
}

export type NewNotice = Pick<Notice, 'workspaceId' | 'modelId' | 'version' | 'kind' | 'actor' | 'text' | 'path'> & {
  /** What it follows from: of it an account is told once. */
  cause: string
  accounts: readonly number[]
}

/** That what follows from something is of a run, of this experiment. Before anybody is told of it. */
export const noticeOfRun = (sql: Sql, cause: string, experiment: number, now: number) =>
  sql.query('INSERT INTO notice_of_run (cause, experiment_id, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [
    cause,
    experiment,
    now,
  ])

/** Tells them; returns those who had not been told of it. `unmailed`: who of them gets letters. */
export const addNotice = async (sql: Sql, it: NewNotice, unmailed: readonly number[], now: number): Promise<number[]> =>
  (
    await sql.query<{ id: number }>(
      `INSERT INTO notice (account_id, workspace_id, model_id, version, cause, kind, actor, text, path, created_at, mailed_at)
       SELECT a.id, $2, $3, $4, $5, $6, $7, $8, $9, $10, CASE WHEN a.id = ANY($11::int[]) THEN NULL ELSE $10::bigint END
       FROM account a WHERE a.id = ANY($1::int[]) ON CONFLICT (account_id, cause) DO NOTHING RETURNING account_id AS id`,
      [it.accounts, it.workspaceId, it.modelId, it.version, it.cause, it.kind, it.actor, it.text, it.path, now, unmailed],
    )
  ).map(({ id }) => id)

const columns = `n.id, n.account_id AS "accountId", n.workspace_id AS "workspaceId", n.model_id AS "modelId", (SELECT x.experiment_id FROM notice_of_run x WHERE x.cause = n.cause) AS "experimentId", m.name AS model, n.version, n.kind, n.actor,
  n.text, n.path, n.created_at AS "createdAt", n.read_at AS "readAt"`

/** What may be read. */
export interface Reaches {
  models: Reach
  experiments: Reach
}

/** Of models and experiments that may be read, and of none. */
const mine = (workspace: number, account: number, { models, experiments }: Reaches) => {
  const values: unknown[] = [account, workspace]
  const put = (value: unknown) => `$${values.push(value)}`
  const [of = 'true'] = reached(models, 'n.model_id', put)
  const [on = 'true'] = reached(experiments, 'x.experiment_id', put)
  const where = `n.account_id = $1 AND (n.workspace_id IS NULL OR n.workspace_id = $2) AND (n.model_id IS NULL OR ${of})
    AND NOT EXISTS (SELECT FROM notice_of_run x WHERE x.cause = n.cause AND NOT (${on}))`
  return { values, put, where }
}

export interface Sought {
  workspace: number
  account: number
  reach: Reaches
  unreadOnly: boolean
  kinds?: readonly string[] | undefined
  /** Only older than this id. */
  before?: number | undefined
  limit: number
}

/** The newest first. */
export function findNotices(sql: Sql, { workspace, account, reach, unreadOnly, kinds, before, limit }: Sought): Promise<Notice[]> {
  const { values, put, where } = mine(workspace, account, reach)
  const more = [
    ...(unreadOnly ? ['n.read_at IS NULL'] : []),
    ...(kinds ? [`n.kind = ANY(${put(kinds)}::text[])`] : []),
    ...(before === undefined ? [] : [`n.id < ${put(before)}`]),
  ]
  return sql.query<Notice>(
    `SELECT ${columns} FROM notice n LEFT JOIN registered_model m ON m.id = n.model_id
     WHERE ${[where, ...more].join(' AND ')} ORDER BY n.id DESC LIMIT ${put(limit)}`,
    values,
    'once',
  )
}

export async function countUnread(sql: Sql, workspace: number, account: number, reach: Reaches): Promise<number> {
  const { values, where } = mine(workspace, account, reach)
  const [row] = await sql.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM notice n WHERE ${where} AND n.read_at IS NULL`,
    values,
    'once',
  )
  return row!.count
}

/** How many were otherwise. `ids` undefined: all of this workspace. */
export const markNotices = async (
  sql: Sql,
  { account, workspace, ids, at }: { account: number; workspace: number; ids: readonly number[] | undefined; at: number | null },
): Promise<number> =>
  (
    await sql.query(
      `UPDATE notice SET read_at = $4 WHERE account_id = $1 AND (workspace_id IS NULL OR workspace_id = $2)
       AND ($3::bigint[] IS NULL OR id = ANY($3)) AND (read_at IS NULL) = ($4::bigint IS NOT NULL) RETURNING id`,
      [account, workspace, ids ?? null, at],
    )
  ).length

export async function forgetNotices(sql: Sql, before: number): Promise<void> {
  await sql.query('DELETE FROM notice WHERE created_at < $1', [before])
  // A day later: it is written before them.
  await sql.query('DELETE FROM notice_of_run WHERE created_at < $1', [before - 86_400_000])
}

/** What has to go into a letter, the oldest first. */
export const unmailed = (sql: Sql, account: number) =>
  sql.query<Notice>(
    `SELECT ${columns} FROM notice n LEFT JOIN registered_model m ON m.id = n.model_id
     WHERE n.account_id = $1 AND n.mailed_at IS NULL ORDER BY n.id LIMIT 1000`,
    [account],
  )

export const settleMail = async (sql: Sql, account: number, upTo: number, now: number): Promise<number> =>
  (
    await sql.query('UPDATE notice SET mailed_at = $3 WHERE account_id = $1 AND id <= $2 AND mailed_at IS NULL RETURNING id', [
      account,
      upTo,
      now,
    ])
  ).length

export const followersOf = (sql: Sql, model: number) =>
  sql.query<{ accountId: number; state: Follow }>('SELECT account_id AS "accountId", state FROM model_follow WHERE model_id = $1', [model])

export const followStates = (sql: Sql, account: number, models: readonly number[]) =>
  sql.query<{ modelId: number; state: Follow }>(
    'SELECT model_id AS "modelId", state FROM model_follow WHERE account_id = $1 AND model_id = ANY($2::int[])',
    [account, models],
  )

/** Null: neither. */
export const setFollow = (sql: Sql, account: number, model: number, state: Follow | null) =>
  state === null
    ? sql.query('DELETE FROM model_follow WHERE account_id = $1 AND model_id = $2', [account, model])
    : sql.query(
        `INSERT INTO model_follow (account_id, model_id, state) VALUES ($1, $2, $3)
         ON CONFLICT (account_id, model_id) DO UPDATE SET state = excluded.state`,
        [account, model, state],
      )

/** Who does something to a model follows it, unless they have said otherwise; a program follows nothing. */
export const followByItself = (sql: Sql, account: number, model: number) =>
  sql.query(
    `INSERT INTO model_follow (account_id, model_id, state)
     SELECT a.id, m.id, 'FOLLOWING' FROM account a, registered_model m WHERE a.id = $1 AND a.service_of IS NULL AND m.id = $2
     ON CONFLICT DO NOTHING`,
    [account, model],
  )

export const readLetters = async (sql: Sql, account: number): Promise<{ letters: Letters; stopKey: string } | undefined> =>
  (
    await sql.query<{ letters: Letters; stopKey: string }>(
      'SELECT letters, stop_key AS "stopKey" FROM inbox_setting WHERE account_id = $1',
      [account],
    )
  )[0]

/** What it says; `letters` undefined: as it was, at once where nothing was said. */
export const writeLetters = async (
  sql: Sql,
  account: number,
  { letters, newKey }: { letters: Letters | undefined; newKey: string },
): Promise<{ letters: Letters; stopKey: string }> =>
  (
    await sql.query<{ letters: Letters; stopKey: string }>(
      `INSERT INTO inbox_setting AS s (account_id, letters, stop_key) VALUES ($1, coalesce($2, 'AT_ONCE'), $3)
       ON CONFLICT (account_id) DO UPDATE SET letters = coalesce($2, s.letters) RETURNING letters, stop_key AS "stopKey"`,
      [account, letters ?? null, newKey],
    )
  )[0]!

/** Who of these gets letters, how soon, and since when something waits for one. */
export const lettersOf = (sql: Sql, accounts: readonly number[]) =>
  sql.query<{ id: number; letters: Letters; since: number | null }>(
    `SELECT a.id, coalesce(s.letters, 'AT_ONCE') AS letters,
       (SELECT min(n.created_at) FROM notice n WHERE n.account_id = a.id AND n.mailed_at IS NULL) AS since FROM account a LEFT JOIN inbox_setting s ON s.account_id = a.id
     WHERE a.id = ANY($1::int[]) AND a.email IS NOT NULL AND a.disabled_at IS NULL AND coalesce(s.letters, 'AT_ONCE') <> 'OFF'`,
    [accounts],
  )

/** What was said in a comment before an entry of it: who was named there has been told. */
export const saidBefore = async (sql: Sql, { model, comment, seq }: { model: number; comment: number; seq: number }): Promise<string[]> =>
  (
    await sql.query<{ comment: string }>(
      `SELECT comment FROM activity WHERE model_id = $1 AND kind IN ('COMMENT_ADDED', 'COMMENT_CHANGED') AND seq < $3
       AND (data::jsonb->>'comment')::bigint = $2`,
      [model, comment, seq],
    )
  ).map(({ comment }) => comment)

/** Those who asked for what is open of a version. */
export const openAskers = async (sql: Sql, model: number, version: number): Promise<number[]> =>
  (
    await sql.query<{ id: number }>(
      `SELECT DISTINCT r.account_id AS id FROM transition_request r JOIN model_version v ON v.id = r.version_id
       WHERE r.model_id = $1 AND v.version = $2 AND r.state = 'OPEN'`,
      [model, version],
    )
  ).map(({ id }) => id)

export const askerOf = async (sql: Sql, request: number): Promise<number | undefined> =>
  (await sql.query<{ id: number }>('SELECT account_id AS id FROM transition_request WHERE id = $1', [request]))[0]?.id
