/**
 * Many runs written at once: one statement whatever their number. Heads are locked in the order of their ids before anything else, so that no
 * two writers wait for each other.
 */
import type { Sql } from '@tidegate/db'
import { now } from './write.sql.ts'

export interface RunPlace {
  id: number
  uuid: string
  experimentId: number
  workspaceId: number
}

/** Where runs are, in no order; uuids of nothing are left out. */
export const findPlaces = (sql: Sql, uuids: readonly string[]) =>
  sql.query<RunPlace>('SELECT id, uuid, experiment_id AS "experimentId", workspace_id AS "workspaceId" FROM run WHERE uuid = ANY($1)', [
    uuids.filter((uuid) => !uuid.includes('\0')),
  ])

const lock = 'SELECT run_id AS id, closed FROM run_head WHERE run_id = ANY($1) ORDER BY run_id FOR NO KEY UPDATE'

/** Keeps other writers away until the transaction ends. Gives the runs that are still there, and whether each refuses writers. */
export const lockHeads = (sql: Sql, runs: readonly number[]) => sql.query<{ id: number; closed: boolean }>(lock, [runs])

const remove = `WITH r AS (UPDATE run SET deleted_at = $2, deleted_by = $3, changed_at = ${now} WHERE id = ANY($1) AND deleted_at IS NULL RETURNING id),
h AS (UPDATE run_head SET closed = true FROM r WHERE run_id = r.id)
SELECT id FROM r`
// The run of an experiment past return goes with it.
const restore = `WITH r AS (UPDATE run SET deleted_at = NULL, deleted_by = NULL, changed_at = ${now} WHERE id = ANY($1) AND deleted_at IS NOT NULL
  AND NOT EXISTS (SELECT FROM experiment e WHERE e.id = experiment_id AND e.purged_at IS NOT NULL) RETURNING id),
h AS (UPDATE run_head SET closed = false FROM r WHERE run_id = r.id)
SELECT id FROM r`

const ids = (rows: Array<{ id: number }>) => rows.map(({ id }) => id)

/** Deletes those that are not deleted yet, and gives them. In a transaction that has locked their heads. */
export const deleteRows = async (sql: Sql, runs: readonly number[], time: number, by: string): Promise<number[]> =>
  ids(await sql.query<{ id: number }>(remove, [runs, time, by]))

/** Restores those that are deleted, and gives them. In a transaction that has locked their heads. */
export const restoreRows = async (sql: Sql, runs: readonly number[]): Promise<number[]> =>
  ids(await sql.query<{ id: number }>(restore, [runs]))

/** What a tag becomes, in columns: run, key, and the value or null for none. */
export interface TagColumns {
  runs: number[]
  keys: number[]
  values: Array<string | null>
}

// All parts see what was there before. A row that would say the same is left alone, and its run is not changed.
const setTags = `WITH u AS MATERIALIZED (SELECT u.run, u.key, u.v, t.v AS was
  FROM unnest($1::int[], $2::int[], $3::text[]) AS u(run, key, v) LEFT JOIN tag t ON t.run_id = u.run AND t.key_id = u.key),
n AS MATERIALIZED (SELECT * FROM u WHERE v IS DISTINCT FROM was),
d AS (DELETE FROM tag USING n WHERE n.v IS NULL AND run_id = n.run AND key_id = n.key),
s AS (INSERT INTO tag (run_id, key_id, v) SELECT run, key, v FROM n WHERE v IS NOT NULL ORDER BY run
  ON CONFLICT (run_id, key_id) DO UPDATE SET v = EXCLUDED.v),
c AS (UPDATE run SET changed_at = ${now}, name = CASE WHEN $4 THEN coalesce(nullif(n.v, ''), name) ELSE name END,
  parent_uuid = CASE WHEN $5 THEN n.v ELSE parent_uuid END FROM n WHERE id = n.run)
SELECT run, was FROM n`

/**
 * Gives runs a tag, or takes it away: those whose tag changed, and what it was. `means` says that the tag is one that MLflow also keeps on
 * the run itself. In a transaction that has locked their heads.
 */
export const writeTag = (sql: Sql, { runs, keys, values }: TagColumns, means: 'name' | 'parent' | undefined) =>
  sql.query<{ run: number; was: string | null }>(setTags, [runs, keys, values, means === 'name', means === 'parent'])
