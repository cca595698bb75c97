/**
 * Names of metrics, params and tags to their ids. A key belongs to one experiment and is never renamed or given away, so
 * what was read once holds for as long as the process lives.
 */
import type { Sql } from '@tidegate/db'
import { notFound } from '../errors.ts'
import { type Kind, kinds } from './run.ts'

interface Known {
  ids: Map<string, number>
  names: Map<number, string>
}

/** What was read from each database. */
const known = new WeakMap<Sql, Known>()
/** Past this many the cache starts anew: 200 000 entries are some 20 MB. */
const most = 200_000

function knownOf(sql: Sql): Known {
  let found = known.get(sql)
  if (!found || found.ids.size >= most || found.names.size >= most) known.set(sql, (found = { ids: new Map(), names: new Map() }))
  return found
}

const find = 'SELECT id, name FROM key WHERE experiment_id = $1 AND kind = $2 AND name = ANY($3)'
// In the order of names, so that two writers of the same new keys can't wait for each other. An experiment that is being
// purged gets none: they would be left behind.
const make = `WITH e AS MATERIALIZED (SELECT id FROM experiment WHERE id = $1 AND purged_at IS NULL FOR KEY SHARE)
INSERT INTO key (experiment_id, kind, name) SELECT e.id, $2, name FROM e, unnest($3::text[]) AS name ORDER BY name
  ON CONFLICT (experiment_id, kind, name) DO NOTHING`

/** The ids of those names that exist, by name. */
export async function findKeys(sql: Sql, experiment: number, kind: Kind, wanted: Iterable<string>): Promise<Map<string, number>> {
  const { ids, names } = knownOf(sql)
  const found = new Map<string, number>()
  const missing: string[] = []
  for (const name of new Set(wanted)) {
    const id = ids.get(`${experiment}/${kinds[kind]}/${name}`)
    if (id === undefined) missing.push(name)
    else found.set(name, id)
  }
  if (missing.length) {
    const rows = await sql.query<{ id: number; name: string }>(find, [experiment, kinds[kind], missing])
    for (const row of rows) {
      ids.set(`${experiment}/${kinds[kind]}/${row.name}`, row.id)
      names.set(row.id, row.name)
      found.set(row.name, row.id)
    }
  }
  return found
}

/** The ids of all those names, made where they are new. Give it the pool, not a transaction: what is cached must be committed. */
export async function ensureKeys(sql: Sql, experiment: number, kind: Kind, wanted: Iterable<string>): Promise<Map<string, number>> {
  const all = [...new Set(wanted)]
  const found = await findKeys(sql, experiment, kind, all)
  const missing = all.filter((name) => !found.has(name))
  if (!missing.length) return found
  await sql.query(make, [experiment, kinds[kind], missing])
  const made = await findKeys(sql, experiment, kind, all)
  if (made.size < all.length) throw notFound(`No Experiment with id=${experiment} exists`)
  return made
}

/** The names of key ids. */
export async function keyNames(sql: Sql, ids: Iterable<number>): Promise<Map<number, string>> {
  const { names } = knownOf(sql)
  const found = new Map<number, string>()
  const missing: number[] = []
  for (const id of new Set(ids)) {
    const name = names.get(id)
    if (name === undefined) missing.push(id)
    else found.set(id, name)
  }
  if (missing.length) {
    const rows = await sql.query<{ id: number; name: string }>('SELECT id, name FROM key WHERE id = ANY($1)', [missing])
    for (const { id, name } of rows) {
      names.set(id, name)
      found.set(id, name)
    }
  }
  return found
}

/** Keys in use in some experiments, by name. */
export const listKeys = (sql: Sql, experiments: number[], kindsWanted: Kind[], search: string, after: string, limit: number) =>
  sql.query<{ kind: number; name: string }>(
    `SELECT DISTINCT kind, name FROM key WHERE experiment_id = ANY($1) AND kind = ANY($2) AND ($3 = '' OR position(lower($3) IN lower(name)) > 0)
     AND (kind, name) > ($4, $5) ORDER BY kind, name LIMIT $6`,
    [experiments, kindsWanted.map((kind) => kinds[kind]), search, ...splitCursor(after), limit],
  )

const splitCursor = (after: string): [number, string] => (after ? [Number(after[0]), after.slice(1)] : [-1, ''])
