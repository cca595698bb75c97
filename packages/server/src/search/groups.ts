/** Grouping runs: which columns can be grouped by, and how a group is asked for again. */
import { z } from 'zod'
import { invalid } from '../errors.ts'
import { visibleExperiments } from '../experiments/experiments.ts'
import { text } from '../fields.ts'
import { operation } from '../operation.ts'
import { onWorkspace } from '../runs/runs.ts'
import { type Column, hasText, parseColumnRef } from './column.ts'
import { parseFilter } from './filter.ts'
import { type GroupOrder, type GroupRow, readGroups } from './groups.sql.ts'
import { patiently } from './patterns.sql.ts'

export const mostKeys = 6
export const mostMetrics = 20
export const mostGroups = 500

/** Attributes that many runs have in common. */
const attributes = ['status', 'user_id', 'run_name', 'experiment', 'experiment_id', 'artifact_uri']

const canGroup = ({ kind, key }: Column): boolean =>
  kind === 'param' || kind === 'tag' || (kind === 'dataset' && key !== 'context') || (kind === 'attribute' && attributes.includes(key))

export interface RunGroup extends GroupRow {
  /** What the group has in common, in the filter language. */
  filter: string
}

function columnsOf(refs: readonly string[], field: string, most: number, fits: (column: Column) => boolean, what: string): Column[] {
  if (refs.length > most) throw invalid(`At most ${most} are taken, and ${refs.length} were given.`, field)
  const columns = refs.map(parseColumnRef)
  const strange = columns.findIndex((column) => !fits(column))
  if (strange >= 0) throw invalid(`'${refs[strange]}' is none: give ${what}.`, field)
  return columns
}

export const groupRuns = operation({
  name: 'run.group',
  input: z.object({
    experimentIds: z.array(z.string()).nullish(),
    filter: text,
    lifecycle: z.enum(['ACTIVE', 'DELETED', 'ALL']).default('ACTIVE'),
    by: z.array(z.string()),
    metrics: z.array(z.string()),
    /** A column of `by` or `metrics`; the number of runs where there is none. */
    orderBy: z.string().nullish(),
    /** Of a metric. */
    figure: z.enum(['count', 'min', 'max', 'mean', 'median', 'sd']).default('mean'),
    /** Whether medians are wanted. */
    median: z.boolean().default(true),
    descending: z.boolean(),
    limit: z.number().int().min(1).max(mostGroups),
    offset: z.number().int().min(0),
  }),
  action: 'read',
  on: onWorkspace,
  async run(ctx, input): Promise<{ groups: RunGroup[]; total: number }> {
    const by = columnsOf(input.by, 'by', mostKeys, canGroup, 'params, tags, dataset.name, dataset.digest, status, user or experiment')
    if (by.length === 0) throw invalid('Give at least one column to group by.', 'by')
    const metrics = columnsOf(input.metrics, 'metrics', mostMetrics, ({ kind }) => kind === 'metric', 'metrics')
    const filter = parseFilter(input.filter)
    const experiments = await visibleExperiments(ctx, input.experimentIds ?? undefined)
    const search = {
      search: { experiments, filter, lifecycle: input.lifecycle },
      by,
      metrics,
      median: input.median,
      order: orderOf(input.orderBy, input.figure, by, metrics),
      descending: input.descending,
      limit: input.limit,
      offset: input.offset,
    }
    const { rows, total } = await patiently(ctx.db, filter, (sql) => readGroups(sql, search))
    return { groups: rows.map((row) => ({ ...row, filter: row.values.map((value, i) => hasText(by[i]!, value)).join(' AND ') })), total }
  },
})

function orderOf(
  ref: string | null | undefined,
  figure: 'count' | 'min' | 'max' | 'mean' | 'median' | 'sd',
  by: readonly Column[],
  metrics: readonly Column[],
): GroupOrder {
  if (ref === null || ref === undefined) return { by: 'runs' }
  const wanted = parseColumnRef(ref)
  const at = (columns: readonly Column[]) => columns.findIndex(({ kind, key }) => kind === wanted.kind && key === wanted.key)
  if (at(by) >= 0) return { by: 'value', index: at(by) }
  if (at(metrics) >= 0) return { by: figure, metric: at(metrics) }
  throw invalid(`'${ref}' is neither grouped by nor one of the metrics.`, 'orderBy')
}
