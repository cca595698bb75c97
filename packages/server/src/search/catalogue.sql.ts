/** The catalogue of keys: how it is made, and how it is asked. */
import type { Sql } from '@tidegate/db'
import { type Kind, kinds } from '../runs/run.ts'

/** Values that are kept of each key, and how long they may be, bytes. */
const most = 20
const longest = 200
/** One that took a second is made every two minutes at most. */
const rest = 120

const stale = `SELECT e.id FROM experiment e LEFT JOIN catalogue c ON c.experiment_id = e.id
  CROSS JOIN LATERAL (SELECT max(changed_at) AS at FROM run WHERE experiment_id = e.id) r
  WHERE r.at > coalesce(c.seen, -1) AND $1 >= coalesce(c.made_at + c.took * ${rest}, 0) ORDER BY c.made_at NULLS FIRST, e.id LIMIT 500`

/** Experiments whose runs have changed since their catalogue was made, the longest since first. */
export const staleCatalogues = async (sql: Sql, now: number): Promise<number[]> =>
  (await sql.query<{ id: number }>(stale, [now])).map(({ id }) => id)

const pairs = (of: string) =>
  `coalesce((SELECT jsonb_agg(jsonb_build_array(v, n) ORDER BY n DESC, v) FROM (${of} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${most}) x WHERE octet_length(v) <= ${longest}), '[]')`

const keysOf = (kind: Kind) => `key_id = ANY(ARRAY(SELECT id FROM key WHERE experiment_id = $1 AND kind = ${kinds[kind]}))`

// By the index of values, which long ones are not in: those are counted, and offered to nobody.
const grouped = (table: string, kind: Kind, low: string, high: string) => `
  SELECT key_id, v, count(*) AS n, ${low} AS low, ${high} AS high FROM ${table} WHERE ${keysOf(kind)} AND octet_length(v) <= 1000 GROUP BY 1, 2
  UNION ALL SELECT key_id, NULL, count(*), ${low}, ${high} FROM ${table} WHERE ${keysOf(kind)} AND octet_length(v) > 1000 GROUP BY 1`

// Rows that say the same as before are left alone.
const countKeys = `WITH g AS (${grouped('param', 'param', 'min(n)', 'max(n)')} UNION ALL ${grouped('tag', 'tag', 'NULL::float8', 'NULL::float8')}),
a AS (SELECT key_id, sum(n)::int AS uses, min(low) AS low, max(high) AS high FROM g GROUP BY 1
  UNION ALL SELECT key_id, count(*)::int, min(value) FILTER (WHERE NOT nan), max(value) FILTER (WHERE NOT nan) FROM latest WHERE ${keysOf('metric')} GROUP BY 1),
u AS (UPDATE key SET uses = x.uses, low = x.low, high = x.high
  FROM (SELECT k.id, coalesce(a.uses, 0) AS uses, a.low, a.high FROM key k LEFT JOIN a ON a.key_id = k.id WHERE k.experiment_id = $1) x
  WHERE key.id = x.id AND (key.uses, key.low, key.high) IS DISTINCT FROM (x.uses, x.low, x.high)),
f AS (SELECT key_id, v, n, row_number() OVER (PARTITION BY key_id ORDER BY n DESC, v) AS place FROM g WHERE octet_length(v) <= ${longest})
INSERT INTO key_top AS t (key_id, top)
SELECT key_id, jsonb_agg(jsonb_build_array(v, n) ORDER BY place) FROM f WHERE place <= ${most} GROUP BY 1 ORDER BY 1
ON CONFLICT (key_id) DO UPDATE SET top = EXCLUDED.top WHERE t.top <> EXCLUDED.top`

const runsOf = 'FROM run WHERE experiment_id = $1 AND deleted_at IS NULL'
const inputsOf = 'FROM dataset d JOIN dataset_input i ON i.dataset_id = d.id'
const attributes: Record<string, string> = {
  run_name: pairs(`SELECT name AS v, count(*) AS n ${runsOf}`),
  user_id: pairs(`SELECT user_name AS v, count(*) AS n ${runsOf} AND user_name <> ''`),
  status: pairs(`SELECT status::text AS v, count(*) AS n ${runsOf}`),
  'dataset.name': pairs(`SELECT d.name AS v, count(*) AS n ${inputsOf} WHERE d.experiment_id = $1`),
  'dataset.digest': pairs(`SELECT d.digest AS v, count(*) AS n ${inputsOf} WHERE d.experiment_id = $1`),
  'dataset.context': pairs(
    `SELECT t.value AS v, count(*) AS n ${inputsOf} JOIN dataset_input_tag t ON t.input_id = i.id AND t.key = 'mlflow.data.context' WHERE d.experiment_id = $1`,
  ),
}

const keep = `INSERT INTO catalogue (experiment_id, seen, made_at, took, attributes)
SELECT id, $2, $3, $4, jsonb_build_object(${Object.entries(attributes)
  .map(([name, value]) => `'${name}', ${value}`)
  .join(', ')}) FROM experiment WHERE id = $1
ON CONFLICT (experiment_id) DO UPDATE SET seen = EXCLUDED.seen, made_at = EXCLUDED.made_at, took = EXCLUDED.took, attributes = EXCLUDED.attributes`

/** Makes an experiment's catalogue anew. */
export async function makeCatalogue(sql: Sql, experiment: number): Promise<void> {
  const start = Date.now()
  // Read first: what changes meanwhile is a change it hasn't seen.
  const [run] = await sql.query<{ seen: number | null }>('SELECT max(changed_at) AS seen FROM run WHERE experiment_id = $1', [experiment])
  await sql.query(countKeys, [experiment])
  await sql.query(keep, [experiment, run?.seen ?? 0, start, Date.now() - start])
}

export interface KeyUse {
  kind: number
  name: string
  /** Runs that have it. */
  uses: number
  low: number | null
  high: number | null
}

/**
 * Keys of those kinds whose name holds a text, in any case, and all keys of `whole`: those that begin with it first, then
 * by use. What MLflow itself sets comes last.
 */
export const keysByUse = (sql: Sql, experiments: readonly number[], asked: { kinds: Kind[]; whole: Kind[]; text: string }, limit: number) =>
  sql.query<KeyUse>(
    `SELECT kind, name, sum(uses)::int AS uses, min(low) AS low, max(high) AS high FROM key
     WHERE experiment_id = ANY($1) AND kind = ANY($2) AND (kind = ANY($3) OR position($4 IN lower(name)) > 0) GROUP BY kind, name
     ORDER BY starts_with(name, 'mlflow.'), starts_with(lower(name), $4) DESC, 3 DESC, kind, name LIMIT $5`,
    [experiments, numbersOf(asked.kinds), numbersOf(asked.whole), asked.text.toLowerCase().replaceAll('\0', ''), limit],
  )

const numbersOf = (list: Kind[]) => list.map((kind) => kinds[kind])

const topOf = `SELECT value->>0 AS text, sum((value->>1)::int)::int AS uses FROM`
const ranked = `WHERE position($2 IN lower(value->>0)) > 0 GROUP BY 1 ORDER BY starts_with(lower(value->>0), $2) DESC, 2 DESC, 1 LIMIT $3`

/** The most frequent values of a key that hold a text, in any case. */
export const topValues = (sql: Sql, experiments: readonly number[], kind: Kind, name: string, text: string, limit: number) =>
  sql.query<{ text: string; uses: number }>(
    `${topOf} key JOIN key_top ON key_id = id, jsonb_array_elements(top) AS value ${ranked.replace('WHERE', 'WHERE experiment_id = ANY($1) AND kind = $4 AND name = $5 AND')}`,
    [experiments, text.toLowerCase().replaceAll('\0', ''), limit, kinds[kind], name.replaceAll('\0', '')],
  )

/** The same of an attribute, or of `dataset.name` and its like. */
export const topAttributes = (sql: Sql, experiments: readonly number[], attribute: string, text: string, limit: number) =>
  sql.query<{ text: string; uses: number }>(
    `${topOf} catalogue, jsonb_array_elements(attributes->$4) AS value ${ranked.replace('WHERE', 'WHERE experiment_id = ANY($1) AND')}`,
    [experiments, text.toLowerCase().replaceAll('\0', ''), limit, attribute],
  )
