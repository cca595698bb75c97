/** Reading metric points: the history as MLflow pages it, charts, and what is new since a cursor. */
import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { invalid } from '../errors.ts'
import { visibleExperiments } from '../experiments/experiments.ts'
import { int64, optionalInt64, required, text } from '../fields.ts'
import { call, operation } from '../operation.ts'
import { findKeys, keyNames } from './keys.sql.ts'
import type { PointsBatchRow } from './runs.graphql.ts'
import { type RunRef, runTarget } from './runs.ts'
import { databaseTime, runsChangedSince } from './write.sql.ts'

/** Points of some runs as columns. */
export interface PointColumns {
  keys: string[]
  runs: string[]
  values: number[]
  times: number[]
  steps: number[]
}

const onRun = (ctx: Ctx, { runId }: { runId: string }) => runTarget(ctx, runId)

async function metricKey(ctx: Ctx, { experimentId }: RunRef, name: string) {
  return (await findKeys(ctx.db, experimentId, 'metric', [name])).get(name)
}

const asColumns = (key: string, run: string, found: { steps: number[]; times: number[]; values: number[] }): PointColumns => ({
  keys: Array(found.values.length).fill(key),
  runs: Array(found.values.length).fill(run),
  ...found,
})

const nothing = { steps: [], times: [], values: [] }

/** Without `maxResults` the whole history comes at once, as MLflow gives it. */
export const historyOf = operation({
  name: 'metric.history',
  input: z.object({ runId: required, metricKey: required, maxResults: optionalInt64, pageToken: text }),
  action: 'read',
  on: onRun,
  async run(ctx, { metricKey: name, maxResults, pageToken }, ref) {
    if (maxResults !== undefined && maxResults < 1) {
      throw invalid(`Invalid value ${maxResults} for parameter 'max_results' supplied. It must be a positive integer.`, 'max_results')
    }
    const key = await metricKey(ctx, ref, name)
    if (key === undefined) return { points: asColumns(name, ref.uuid, nothing), nextPageToken: undefined }
    const page = await ctx.points.history(ref.id, key, { limit: maxResults ?? Number.POSITIVE_INFINITY, after: pageToken })
    return { points: asColumns(name, ref.uuid, page), nextPageToken: page.next }
  },
})
