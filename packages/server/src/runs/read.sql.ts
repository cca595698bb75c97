/**
 * Runs and what they have logged, a page at a time: one statement for the rows, one for the values. Values travel as a
 * few long arrays, not as rows: 1 000 runs of 45 values are 45 000 rows.
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

const columns = `id, uuid, workspace_id AS "workspaceId", experiment_id AS "experimentId", name, user_name AS "user", status,
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

/** The arrays of one kind, in no order: entry i of each belongs together. */
interface Arrays {
  kind: number
  runs: string
  keys: string
  values: string
  steps: string | null
  times: string | null
}

/** Reads '{1,2,3}', which is what an array of numbers looks like as text, several times faster than pg does. */
const numbers = (text: string): number[] => JSON.parse(`[${text.slice(1, -1)}]`)

/** What those runs have logged; every id has an entry. */
export async function readValues(sql: Sql, ids: readonly number[], wanted: ValuesWanted): Promise<Map<number, RunValues>> {
  const all = new Map<number, RunValues>(ids.map((id) => [id, { params: [], tags: [], metrics: [] }]))
  const values: unknown[] = [ids]
  const parts: string[] = []
  const want = (kind: Kind, which: Wanted | undefined, from: string) => {
    if (which === undefined || (Array.isArray(which) && !which.length)) return
    parts.push(`SELECT ${kinds[kind]} AS kind, array_agg(run_id)::text AS runs, array_agg(key_id)::text AS keys, ${from}
      WHERE run_id = ANY($1)${
        which === true
          ? ''
          : ` AND key_id = ANY(ARRAY(SELECT id FROM key WHERE kind = ${kinds[kind]}
        AND experiment_id IN (SELECT experiment_id FROM run WHERE id = ANY($1)) AND ${named(which)}))`
      }`)
  }
  const named = (which: Exclude<Wanted, true>) => {
    const list = !('prefix' in which)
    values.push(list ? which.filter((name) => !name.includes('\0')) : which.prefix.replaceAll('\0', ''))
    return list ? `name = ANY($${values.length})` : `name ^@ $${values.length}`
  }
  want(
    'metric',
    wanted.metrics,
    `json_agg(CASE WHEN nan THEN NULL ELSE value END)::text AS values,
      array_agg(step)::text AS steps, array_agg(ts)::text AS times FROM latest`,
  )
  want('param', wanted.params, 'json_agg(v)::text AS values, NULL AS steps, NULL AS times FROM param')
  want('tag', wanted.tags, 'json_agg(v)::text AS values, NULL AS steps, NULL AS times FROM tag')
  if (!parts.length || !ids.length) return all

  const arrays = await sql.query<Arrays>(parts.join('\nUNION ALL\n'), values)
  for (const { kind, ...texts } of arrays) {
    if (texts.runs === null) continue
    const runs = numbers(texts.runs)
    const keys = numbers(texts.keys)
    const found = JSON.parse(texts.values) as unknown[]
    const steps = texts.steps ? numbers(texts.steps) : []
    const times = texts.times ? numbers(texts.times) : []
    // Grouped by key first: keys taken in their order then leave every run's list sorted.
    const places = new Map<number, number[]>()
    for (let i = 0; i < keys.length; i++) {
      const list = places.get(keys[i]!)
      if (list) list.push(i)
      else places.set(keys[i]!, [i])
    }
    const names = await keyNames(sql, places.keys())
    const sorted = [...places].sort(([a], [b]) => (names.get(a)! < names.get(b)! ? -1 : 1))
    for (const [id, list] of sorted) {
      const key = names.get(id)!
      for (const i of list) {
        const run = all.get(runs[i]!)!
        if (kind === kinds.param) run.params.push({ key, value: found[i] as string })
        else if (kind === kinds.tag) run.tags.push({ key, value: found[i] as string })
        else run.metrics.push({ key, value: (found[i] as number | null) ?? Number.NaN, step: steps[i]!, time: times[i]! })
      }
    }
  }
  return all
}
