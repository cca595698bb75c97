/**
 * Runs and what they have logged, a page at a time: one statement for the rows, one for each kind of value. Values
 * travel as a few long lists, not as rows: 1 000 runs of 45 values are 45 000 rows.
 */
import type { Sql } from '@tidegate/db'
import { keyNames } from './keys.sql.ts'
import { type Kind, kinds, type Run, type RunValues } from './run.ts'

/** Which keys to read: all, these, or those that begin so. */
export type Wanted = true | readonly string[] | { prefix: string }

export interface ValuesWanted {
  /** Absent: none. */
  params?: Wanted
  metrics?: Wanted
  tags?: Wanted
}

/** A run's row, as `Run` has it. */
export const columns = `id, uuid, workspace_id AS "workspaceId", experiment_id AS "experimentId", name, user_name AS "user", status,
  start_time AS "startTime", end_time AS "endTime", artifact_uri AS "artifactUri", parent_uuid AS "parentUuid",
  deleted_at AS "deletedAt", changed_at AS "changedAt"`

/** The runs of those ids, in that order; ids of nothing are left out. */
export async function readRuns(sql: Sql, ids: readonly number[]): Promise<Run[]> {
  if (!ids.length) return []
  const rows = await sql.query<Run>(`SELECT ${columns} FROM run WHERE id = ANY($1)`, [ids])
  const found = new Map(rows.map((run) => [run.id, run]))
  return ids.flatMap((id) => found.get(id) ?? [])
}

/** The run of that uuid, whatever its lifecycle and workspace. */
export async function findRun(sql: Sql, uuid: string): Promise<Run | undefined> {
  return (await findRuns(sql, [uuid]))[0]
}

/** The runs of those uuids, in that order, undefined where there is none. */
export async function findRuns(sql: Sql, uuids: readonly string[]): Promise<Array<Run | undefined>> {
  // Text with the character NUL can't be sent, and nothing is called so.
  const sendable = uuids.filter((uuid) => !uuid.includes('\0'))
  const rows = sendable.length ? await sql.query<Run>(`SELECT ${columns} FROM run WHERE uuid = ANY($1)`, [sendable]) : []
  const found = new Map(rows.map((run) => [run.uuid, run]))
  return uuids.map((uuid) => found.get(uuid))
}

/** How many active runs are nested in each of those, in their own experiment; those without any are left out. */
export async function countChildren(sql: Sql, ids: readonly number[]): Promise<Map<number, number>> {
  const rows = await sql.query<{ id: number; children: number }>(
    `SELECT p.id, count(*)::int AS children FROM run p JOIN run c ON c.parent_uuid = p.uuid AND c.experiment_id = p.experiment_id
     WHERE p.id = ANY($1) AND c.deleted_at IS NULL AND c.id <> p.id GROUP BY p.id`,
    [ids],
  )
  return new Map(rows.map(({ id, children }) => [id, children]))
}

/** What those runs have logged; every id has an entry. */
/** When those of these runs that go on last said something: a point or a line, by the time it carries, or a change. */
export async function lastHeard(sql: Sql, ids: readonly number[]): Promise<Map<number, number>> {
  const rows = await sql.query<{ id: number; at: number }>(
    `SELECT r.id, greatest(r.changed_at, (SELECT max(l.ts) FROM latest l WHERE l.run_id = r.id),
       (SELECT g.at FROM run_log g WHERE g.run_id = r.id ORDER BY g.first_line DESC LIMIT 1)) AS at
     FROM run r WHERE r.id = ANY($1) AND r.status = 'RUNNING'`,
    [ids],
  )
  return new Map(rows.map(({ id, at }) => [id, at]))
}

export async function readValues(sql: Sql, ids: readonly number[], wanted: ValuesWanted): Promise<Map<number, RunValues>> {
  const all = new Map<number, RunValues>(ids.map((id) => [id, { params: [], tags: [], metrics: [] }]))
  if (!ids.length) return all
  // A statement for each kind, side by side: over the pool they run on connections of their own.
  await Promise.all([
    readKind(sql, ids, 'param', wanted.params, 'json_agg(v)::text AS values FROM param', (run, key, values, i) =>
      all.get(run)!.params.push({ key, value: values[i]! }),
    ),
    readKind(sql, ids, 'tag', wanted.tags, 'json_agg(v)::text AS values FROM tag', (run, key, values, i) =>
      all.get(run)!.tags.push({ key, value: values[i]! }),
    ),
    readKind(sql, ids, 'metric', wanted.metrics, metrics, (run, key, values, i, steps, times) =>
      all.get(run)!.metrics.push({ key, value: Number(values[i]), step: steps[i]!, time: times[i]! }),
    ),
  ])
  return all
}

const metrics = `json_agg(CASE WHEN nan THEN 'NaN' ELSE value END)::text AS values, string_agg(step::text, ',') AS steps, string_agg(ts::text, ',') AS times FROM latest`

/** The values of one kind as lists: entry i of each belongs together, in no order. Null where there are none. */
interface Lists {
  runs: string | null
  keys: string
  values: string
  steps?: string
  times?: string
}

/** Reads '1,2,3'. */
const numbers = (text: string | undefined): number[] => (text ? JSON.parse(`[${text}]`) : [])

async function readKind(
  sql: Sql,
  ids: readonly number[],
  kind: Kind,
  which: Wanted | undefined,
  from: string,
  add: (run: number, key: string, values: string[], i: number, steps: number[], times: number[]) => void,
) {
  if (which === undefined) return
  const values: unknown[] = [ids]
  let narrowed = ''
  if (which !== true) {
    const list = !('prefix' in which)
    values.push(list ? which.filter((name) => !name.includes('\0')) : which.prefix.replaceAll('\0', ''))
    narrowed = ` AND key_id = ANY(ARRAY(SELECT id FROM key WHERE experiment_id IN (SELECT experiment_id FROM run WHERE id = ANY($1))
      AND kind = ${kinds[kind]} AND ${list ? 'name = ANY($2)' : 'name ^@ $2'}))`
  }
  const text = `SELECT string_agg(run_id::text, ',') AS runs, string_agg(key_id::text, ',') AS keys, ${from} WHERE run_id = ANY($1)${narrowed}`
  const [found] = await sql.query<Lists>(text, values)
  if (!found?.runs) return
  const runs = numbers(found.runs)
  const keys = numbers(found.keys)
  const [steps, times] = [numbers(found.steps), numbers(found.times)]
  const read = JSON.parse(found.values) as string[]
  // Grouped by key first: keys taken in their order leave every run's list sorted.
  const places = new Map<number, number[]>()
  for (let i = 0; i < keys.length; i++) {
    const list = places.get(keys[i]!)
    if (list) list.push(i)
    else places.set(keys[i]!, [i])
  }
  const names = await keyNames(sql, places.keys())
  const sorted = [...places].map(([id, list]) => ({ name: names.get(id)!, list })).sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const { name, list } of sorted) for (const i of list) add(runs[i]!, name, read, i, steps, times)
}
