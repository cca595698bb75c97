/** The lines of runs in the database: rows of lines that came together, found by the number of their first. */
import type { Sql } from '@tidegate/db'

/** Lines of one time and source. */
export interface Block {
  at: number
  source: number
  lines: readonly string[]
}

export interface StoredBlock {
  first: number
  at: number
  source: number
  text: string
}

const appending = `WITH h AS (
  INSERT INTO run_log_head AS head (run_id, lines, bytes) VALUES ($1, $2, $3)
  ON CONFLICT (run_id) DO UPDATE SET lines = head.lines + $2, bytes = head.bytes + $3 RETURNING head.lines - $2 AS first
), r AS (
  INSERT INTO run_log (run_id, first_line, lines, at, source, batch, text)
  SELECT $1, h.first + u.skip, u.lines, u.at, u.source, CASE WHEN u.skip = 0 THEN $4 END, u.text
  FROM h, unnest($5::int[], $6::int[], $7::bigint[], $8::int2[], $9::text[]) AS u(skip, lines, at, source, text)
)
SELECT first + $2 AS total FROM h`

/** Writes them behind what is there, and says how many lines there are then. Throws on a batch that was written: see `knownBatch`. */
export async function appendBlocks(sql: Sql, run: number, blocks: readonly Block[], bytes: number, batch: string | null): Promise<number> {
  const skips: number[] = []
  let count = 0
  for (const { lines } of blocks) {
    skips.push(count)
    count += lines.length
  }
  const [row] = await sql.query<{ total: number }>(appending, [
    run,
    count,
    bytes,
    batch,
    skips,
    blocks.map(({ lines }) => lines.length),
    blocks.map(({ at }) => at),
    blocks.map(({ source }) => source),
    blocks.map(({ lines }) => lines.join('\n')),
  ])
  return row!.total
}

/** Keeps the run from being purged meanwhile. False where it takes no lines: it is deleted. */
export const holdRun = async (sql: Sql, run: number): Promise<boolean> =>
  (await sql.query('SELECT FROM run WHERE id = $1 AND deleted_at IS NULL FOR KEY SHARE', [run])).length === 1

export const knownBatch = async (sql: Sql, run: number, batch: string): Promise<boolean> =>
  (await sql.query('SELECT FROM run_log WHERE run_id = $1 AND batch = $2', [run, batch])).length === 1

export const isSameBatch = (error: unknown): boolean => (error as { constraint?: string } | null)?.constraint === 'run_log_batch'

export const readHead = async (sql: Sql, run: number): Promise<{ lines: number; bytes: number }> =>
  (await sql.query<{ lines: number; bytes: number }>('SELECT lines, bytes FROM run_log_head WHERE run_id = $1', [run]))[0] ?? {
    lines: 0,
    bytes: 0,
  }

/** Each row is of one request, so that memory is bounded by what one may send. */
const reading = (where: string) => `SELECT first_line AS first, at, source, text FROM run_log
  WHERE run_id = $1 AND first_line >= coalesce((SELECT max(first_line) FROM run_log WHERE run_id = $1 AND first_line <= $2), 0) ${where}
  ORDER BY first_line LIMIT $3`

/** Blocks from the one that holds a line on. `words`: only those that hold the text, in any case; `pattern`: only those it is found in. */
export function readBlocks(
  sql: Sql,
  run: number,
  from: number,
  most: number,
  { words, pattern }: { words?: string; pattern?: string } = {},
): Promise<StoredBlock[]> {
  const values: unknown[] = [run, from, most]
  let where = ''
  if (words) where += ` AND position(lower($${values.push(words)}) IN lower(text)) > 0`
  if (pattern) where += ` AND text ~ $${values.push(pattern)}`
  return sql.query<StoredBlock>(reading(where), values)
}
