/**
 * A long list of which only parts are loaded. The server pages it by cursors that only go forward, so places from where it can be read
 * on are kept as marks; a place far behind the last mark is reached by passing over what lies between, without loading it.
 */

export interface Mark {
  /** The first row that comes after the cursor. */
  at: number
  /** Null: the beginning. */
  after: string | null
}

export interface Ask extends Mark {
  first: number
  /** Only the cursor behind those rows is wanted. */
  pass: boolean
}

export const pageSize = 200
/** Rows passed over by one request. */
export const longestPass = 10_000

/** What to ask for next so that rows `from` to `to` (exclusive) are there. Undefined when they are. */
export function nextAsk(
  slots: readonly unknown[],
  marks: readonly Mark[],
  from: number,
  to: number,
  longest = longestPass,
): Ask | undefined {
  let missing = from
  while (missing < to && slots[missing] !== undefined) missing++
  if (missing >= to) return undefined
  let mark: Mark = { at: 0, after: null }
  for (const each of marks) if (each.at <= missing && each.at >= mark.at) mark = each
  // Passes end on page borders, so that scrolling back up finds whole pages missing and not odd rows.
  const border = missing - (missing % pageSize)
  const first = Math.min(longest, border - mark.at)
  if (first >= pageSize) return { ...mark, first, pass: true }
  return { ...mark, first: pageSize, pass: false }
}

/**
 * Puts a page where it belongs. Rows that are in the list already are left out: rows that were added meanwhile moved them into this page.
 * Returns where the next page begins.
 */
export function place<Row extends { id: string }>(
  slots: (Row | undefined)[],
  known: Map<string, Row>,
  at: number,
  rows: readonly Row[],
): number {
  let next = at
  for (const row of rows) {
    if (known.has(row.id)) {
      if (slots[next]?.id === row.id) next++
      continue
    }
    slots[next] = row
    known.set(row.id, row)
    next++
  }
  return next
}

export interface Nestable {
  id: string
  parentId: string | null
}

/**
 * Runs of one page with each child below its parent, where the page has both; the rest keep their order. Pages are nested one by one, so
 * that a later page never moves rows of an earlier one.
 */
export function nest<Run extends Nestable>(runs: readonly Run[]): { run: Run; depth: number }[] {
  const here = new Set(runs.map((run) => run.id))
  const children = new Map<string, Run[]>()
  const top: Run[] = []
  for (const run of runs) {
    if (run.parentId === null || run.parentId === run.id || !here.has(run.parentId)) top.push(run)
    else children.set(run.parentId, [...(children.get(run.parentId) ?? []), run])
  }
  const nested: { run: Run; depth: number }[] = []
  const add = (run: Run, depth: number) => {
    nested.push({ run, depth })
    const below = children.get(run.id)
    children.delete(run.id)
    for (const child of below ?? []) add(child, depth + 1)
  }
  for (const run of top) add(run, 0)
  // Parents in a ring, which only bad tags can make, still have their rows.
  for (const ring of [...children.values()]) for (const run of ring) nested.push({ run, depth: 0 })
  return nested
}
