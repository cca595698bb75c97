/**
 * Which columns tell runs apart. Most that do show it in the first few hundred runs; only what looks alike there is asked of all of them,
 * so that a table of a hundred thousand is answered within a second.
 */
import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { invalid } from '../errors.ts'
import { visibleExperiments } from '../experiments/experiments.ts'
import { text } from '../fields.ts'
import { operation } from '../operation.ts'
import { findKeys } from '../runs/keys.sql.ts'
import { readValues } from '../runs/read.sql.ts'
import type { Kind } from '../runs/run.ts'
import { onWorkspace } from '../runs/runs.ts'
import { type Column, parseColumnRef } from './column.ts'
import { parseFilter } from './filter.ts'
import { patiently } from './patterns.sql.ts'
import { searchRuns } from './search.sql.ts'
import { countPassing, type Spread, spreads } from './variety.sql.ts'

/** Columns in one request. */
export const mostColumns = 200
/** Runs that are looked at one by one first. */
const head = 200

/** NONE: no run has it. SAME: every run has it, and the same. */
export type Variety = 'NONE' | 'SAME' | 'VARIES'

type KeyColumn = Column & { kind: Kind }
const isKey = (column: Column): column is KeyColumn => ['metric', 'param', 'tag'].includes(column.kind)

/** Of a value for each run, undefined where it has none. */
function varietyOf(values: ReadonlyArray<string | number | undefined>): Variety {
  const [first] = values
  if (!values.every((value) => Object.is(value, first))) return 'VARIES'
  return first === undefined ? 'NONE' : 'SAME'
}

export const compareColumns = operation({
  name: 'column.compare',
  input: z.object({
    experimentIds: z.array(z.string()),
    filter: text,
    columns: z
      .array(z.string())
      .max(mostColumns, `At most ${mostColumns} columns are compared at once. Ask for the rest in another request.`),
  }),
  action: 'read',
  on: onWorkspace,
  async run(ctx, { experimentIds, filter, columns: refs }): Promise<Array<{ ref: string; variety: Variety }>> {
    const columns = refs.map(parseColumnRef)
    const strange = columns.findIndex((column) => !isKey(column))
    if (strange >= 0) throw invalid(`'${refs[strange]}' is no metric, param or tag: only those are compared.`, ctx.spell('columns'))
    const search = { experiments: await visibleExperiments(ctx, experimentIds), filter: parseFilter(filter) }
    const found = await patiently(ctx.db, search.filter, async (sql) => {
      const page = await searchRuns(sql, { ...search, limit: head })
      const firsts = await inHead(ctx, page.ids, columns as KeyColumn[])
      if (!page.hasMore) return firsts
      const alike = (columns as KeyColumn[]).filter((_, i) => firsts[i] !== 'VARIES')
      if (!alike.length) return firsts
      const all = await inAll(ctx, sql, search, alike)
      return firsts.map((first, i) => (first === 'VARIES' ? first : all(columns[i] as KeyColumn)))
    })
    return refs.map((ref, i) => ({ ref, variety: found[i]! }))
  },
})

async function inHead(ctx: Ctx, ids: number[], columns: KeyColumn[]): Promise<Variety[]> {
  const keysOf = (kind: Kind) => columns.filter((column) => column.kind === kind).map(({ key }) => key)
  const values = await readValues(ctx.db, ids, { params: keysOf('param'), metrics: keysOf('metric'), tags: keysOf('tag') })
  const runs = ids.map((id) => {
    const { params, metrics, tags } = values.get(id)!
    const named = (kind: Kind, list: Array<{ key: string; value: string | number }>) =>
      list.map(({ key, value }) => [`${kind}/${key}`, value] as const)
    return new Map<string, string | number>([...named('param', params), ...named('metric', metrics), ...named('tag', tags)])
  })
  return columns.map(({ kind, key }) => varietyOf(runs.map((run) => run.get(`${kind}/${key}`))))
}

type Search = Parameters<typeof countPassing>[1]

async function inAll(
  ctx: Ctx,
  sql: Parameters<typeof countPassing>[0],
  search: Search,
  columns: KeyColumn[],
): Promise<(column: KeyColumn) => Variety> {
  const total = await countPassing(sql, search)
  const keys = new Map<KeyColumn, number[]>(columns.map((column) => [column, []]))
  for (const experiment of search.experiments)
    for (const kind of new Set(columns.map(({ kind }) => kind))) {
      const some = columns.filter((column) => column.kind === kind)
      const ids = await findKeys(
        ctx.db,
        experiment,
        kind,
        some.map(({ key }) => key),
      )
      for (const column of some) {
        const id = ids.get(column.key)
        if (id !== undefined) keys.get(column)!.push(id)
      }
    }
  const found = new Map<number, Spread>()
  for (const kind of new Set(columns.map(({ kind }) => kind))) {
    const ids = columns.filter((column) => column.kind === kind).flatMap((column) => keys.get(column)!)
    for (const spread of await spreads(sql, search, kind, ids)) found.set(spread.key, spread)
  }
  return (column) => {
    const parts = keys.get(column)!.flatMap((id) => found.get(id) ?? [])
    if (!parts.length) return 'NONE'
    const isSame = parts.every(({ low, high }) => low === high && low === parts[0]!.low)
    return isSame && parts.reduce((sum, { runs }) => sum + runs, 0) === total ? 'SAME' : 'VARIES'
  }
}
