/** The runs before and after one, in the list the reader came from, or in that of its experiment, newest first. */
import { query } from '#lib/api.ts'
import { listWith } from '#lib/run-list.ts'
import { NeighbouringRuns } from './documents.ts'

/** Pages of the experiment's list that are read to find a run in it. */
const mostPages = 25

/** What was read of an experiment's list, so that one step after another asks nothing. */
let read: { experiment: string; runs: string[]; next: string | null } | undefined

async function page(): Promise<void> {
  const list = read!
  const { searchRuns } = await query(NeighbouringRuns, { experiment: list.experiment, after: list.next })
  list.runs.push(...searchRuns.nodes.map((run) => run.id))
  list.next = searchRuns.pageInfo.hasNextPage ? searchRuns.pageInfo.endCursor : null
}

/** The id of the next (1) or previous (-1) run; undefined at the end of the list. */
export async function neighbour(experiment: string, run: string, direction: 1 | -1): Promise<string | undefined> {
  const list = listWith(experiment, run)
  if (list) return list[list.indexOf(run) + direction]
  if (read?.experiment !== experiment || !read.runs.includes(run) || (direction < 0 && read.runs[0] === run)) {
    read = { experiment, runs: [], next: null }
    await page()
    for (let pages = 1; !read.runs.includes(run) && read.next !== null && pages < mostPages; pages++) await page()
  }
  const at = read.runs.indexOf(run)
  if (at < 0) return undefined
  if (at + direction >= read.runs.length && read.next !== null) await page()
  return read.runs[at + direction]
}
