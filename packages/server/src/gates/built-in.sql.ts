/** What the server's own checks found, and which are to run: a statement for each thing that is done with them. */
import type { Sql } from '@tidegate/db'
import type { CheckState } from './requests.sql.ts'

/** Which check, of which version, on its way where. */
export interface OwnCheckRef {
  versionId: number
  /** A stage, or an alias behind @. */
  place: string
  name: string
}

export interface OwnCheck extends OwnCheckRef {
  /** What the gate asked for, as `askedOf` has it. */
  params: string
  turn: number
  state: CheckState
  summary: string
  numbers: Record<string, number>
  /** Who had it run; 0 without accounts. */
  accountId: number
  at: number
}

const columns = 'version_id AS "versionId", place, name, params, turn, state, summary, numbers, account_id AS "accountId", at'

export const readOwnChecks = (sql: Sql, versions: readonly number[]) =>
  sql.query<OwnCheck>(`SELECT ${columns} FROM built_in_check WHERE version_id = ANY($1) ORDER BY name, place`, [versions])

export const readOwnCheck = async (sql: Sql, { versionId, place, name }: OwnCheckRef): Promise<OwnCheck | undefined> =>
  (
    await sql.query<OwnCheck>(`SELECT ${columns} FROM built_in_check WHERE version_id = $1 AND place = $2 AND name = $3`, [
      ...[versionId, place, name],
    ])
  )[0]

const afresh = `turn = nextval('built_in_check_turn'), state = 'QUEUED', summary = '', numbers = '{}'`

/** Nothing is known of a version on its way there. */
export const forgetOwnChecks = (sql: Sql, { versionId, place }: Omit<OwnCheckRef, 'name'>) =>
  sql.query('DELETE FROM built_in_check WHERE version_id = $1 AND place = $2', [versionId, place])

/** It is to run, for whom it may read. */
export const queueOwnCheck = (sql: Sql, it: OwnCheckRef & { params: string; accountId: number; at: number }) =>
  sql.query(
    `INSERT INTO built_in_check AS c (version_id, place, name, params, account_id, at) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (version_id, place, name) DO UPDATE SET ${afresh}, params = excluded.params, account_id = excluded.account_id, at = excluded.at`,
    [it.versionId, it.place, it.name, it.params, it.accountId, it.at],
  )

/** Those of these names that open requests of a model, or of one version, wait for: they are to run again, each for whom it ran. */
export const requeueOwnChecks = (
  sql: Sql,
  { model, version = null, names, at }: { model: number; version?: number | null; names: readonly string[]; at: number },
) =>
  sql.query<OwnCheckRef>(
    `UPDATE built_in_check c SET ${afresh}, at = $4 FROM transition_request r
     WHERE r.model_id = $1 AND r.state = 'OPEN' AND r.version_id = c.version_id AND r.to_stage = c.place
       AND ($2::int IS NULL OR c.version_id = $2) AND c.name = ANY($3::text[])
     RETURNING c.version_id AS "versionId", c.place, c.name`,
    [model, version, names, at],
  )

/** False where its turn is over, or it is gone. */
export const setOwnCheck = async (
  sql: Sql,
  { versionId, place, name, turn, state, summary, numbers, at }: Omit<OwnCheck, 'params' | 'accountId'>,
): Promise<boolean> =>
  (
    await sql.query(
      `UPDATE built_in_check SET state = $5, summary = $6, numbers = $7, at = $8
       WHERE version_id = $1 AND place = $2 AND name = $3 AND turn = $4 RETURNING name`,
      [versionId, place, name, turn, state, summary, JSON.stringify(numbers), at],
    )
  ).length > 0

/** No gate asks for it any more, unless it is to run again since. */
export const dropOwnCheck = (sql: Sql, { versionId, place, name, turn }: Pick<OwnCheck, keyof OwnCheckRef | 'turn'>) =>
  sql.query('DELETE FROM built_in_check WHERE version_id = $1 AND place = $2 AND name = $3 AND turn = $4', [versionId, place, name, turn])
