/** Reading metric points: the history as MLflow pages it, charts, and what is new since a cursor. */
import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { invalid } from '../errors.ts'
import { visibleExperiments } from '../experiments/experiments.ts'
import { int64, optionalInt64, required, text } from '../fields.ts'
import { call, check, operation } from '../operation.ts'
import { findKeys, keyNames } from './keys.sql.ts'
import type { ChartLine } from './points/points.ts'
import { type RunRef, runTarget, whole } from './runs.ts'
import { changesPerRead, databaseTime, runsChangedSince } from './write.sql.ts'

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

const joined = (parts: PointColumns[]): PointColumns => ({
  keys: parts.flatMap((part) => part.keys),
  runs: parts.flatMap((part) => part.runs),
  values: parts.flatMap((part) => part.values),
  times: parts.flatMap((part) => part.times),
  steps: parts.flatMap((part) => part.steps),
})

/** MLflow's limits: of points and of runs in one request for the histories of many runs, and of sampled points. */
const bulkPoints = 25_000
const bulkRuns = 100
const samplePoints = 2500

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
    const limit = maxResults ?? Number.MAX_SAFE_INTEGER
    const { next, ...page } = await whole(ctx, [ref], async () => {
      const key = await metricKey(ctx, ref, name)
      return key === undefined ? { ...nothing, next: undefined } : ctx.points.history(ref.id, key, { limit, after: pageToken })
    })
    return { points: asColumns(name, ref.uuid, page), nextPageToken: next ?? undefined }
  },
})

/** The securable of a question about several runs: each run is authorised by itself. */
export const onRuns = async (ctx: Ctx, { runIds }: { runIds: string[] }) => {
  const found = await Promise.allSettled([...new Set(runIds)].map((id) => runTarget(ctx, id)))
  // In the order asked: which of several is named as missing does not tell one that is hidden from one that never was.
  const row = found.map((each) => {
    if (each.status === 'rejected') throw each.reason
    check(ctx, 'read', each.value)
    return each.value.row
  })
  return { securable: { kind: 'Workspace', id: ctx.workspace.id } as const, row }
}

/** Histories of one metric of many runs, cut at 25 000 points in all. */
export const historyOfMany = operation({
  name: 'metric.history-bulk',
  input: z.object({ runIds: z.array(z.string()).default([]), metricKey: text, maxResults: optionalInt64 }),
  action: 'read',
  on(ctx, input) {
    const { length } = input.runIds
    if (length === 0) throw invalid('GetMetricHistoryBulk request must specify at least one run_id.', 'run_id')
    if (length > bulkRuns) {
      throw invalid(`GetMetricHistoryBulk request cannot specify more than ${bulkRuns} run_ids. Received ${length} run_ids.`, 'run_id')
    }
    if (input.metricKey === undefined) throw invalid('GetMetricHistoryBulk request must specify a metric_key.', 'metric_key')
    return onRuns(ctx, input)
  },
  async run(ctx, { metricKey: name = '', maxResults = bulkPoints }, refs) {
    let left = Math.min(maxResults, bulkPoints)
    const parts: PointColumns[] = []
    await whole(ctx, refs, async () => {
      for (const ref of refs.sort((a, b) => (a.uuid < b.uuid ? -1 : 1))) {
        const key = left > 0 ? await metricKey(ctx, ref, name) : undefined
        if (key === undefined) continue
        const { next: _, ...page } = await ctx.points.history(ref.id, key, { limit: left })
        left -= page.values.length
        parts.push(asColumns(name, ref.uuid, page))
      }
    })
    return joined(parts)
  },
})

/** Points of one metric of many runs, sampled as MLflow samples them for its charts. */
export const sampledHistory = operation({
  name: 'metric.history-sampled',
  input: z.object({
    runIds: z.array(z.string()).min(1).max(bulkRuns, `GetMetricHistoryBulkInterval request must specify at most ${bulkRuns} run_ids.`),
    metricKey: required,
    startStep: optionalInt64,
    endStep: optionalInt64,
    maxResults: int64.nullish().transform((value) => value ?? samplePoints),
  }),
  action: 'read',
  on(ctx, input) {
    const { startStep, endStep, maxResults } = input
    if (maxResults < 1 || maxResults > samplePoints) throw invalid(`max_results must be between 1 and ${samplePoints}.`, 'max_results')
    if ((startStep === undefined) !== (endStep === undefined)) {
      throw invalid('If either start step or end step are specified, both must be specified.', 'start_step')
    }
    if (startStep !== undefined && endStep !== undefined && startStep > endStep) {
      throw invalid(`end_step must be greater than start_step. Found start_step=${startStep} and end_step=${endStep}.`, 'end_step')
    }
    return onRuns(ctx, input)
  },
  async run(ctx, { metricKey: name, startStep, endStep, maxResults }, refs) {
    const range = { from: startStep, to: endStep, max: maxResults }
    const parts: PointColumns[] = []
    await whole(ctx, refs, async () => {
      // A key belongs to one experiment: runs of one experiment are read together.
      const byKey = new Map<number, RunRef[]>()
      for (const ref of refs) {
        const key = await metricKey(ctx, ref, name)
        if (key !== undefined) byKey.set(key, [...(byKey.get(key) ?? []), ref])
      }
      for (const [key, group] of byKey) {
        const uuids = new Map(group.map((ref) => [ref.id, ref.uuid]))
        for (const { run, ...sample } of await ctx.points.sample([...uuids.keys()], key, range))
          parts.push(asColumns(name, uuids.get(run)!, sample))
      }
    })
    return joined(parts)
  },
})

/** One metric's line for a chart, by its name. */
export type Line = Omit<ChartLine, 'key'> & { key: string }

/** Lines of some metrics of some runs, in the order of these; a metric a run has no point of is left out there. */
export const chartsOf = operation({
  name: 'metric.chart',
  input: z.object({
    runIds: z.array(required).min(1).max(1000),
    keys: z.array(z.string()).max(100),
    axis: z
      .enum(['STEP', 'TIME'])
      .nullish()
      .transform((axis) => (axis === 'TIME' ? ('time' as const) : ('step' as const))),
    from: z.number().nullish(),
    to: z.number().nullish(),
    buckets: z.number().int().min(1).max(5000).nullish(),
    smoothing: z
      .object({ weight: z.number().min(0).max(0.999), along: z.enum(['STEP', 'TIME']).nullish() })
      .nullish()
      .transform((given) =>
        given?.weight ? { weight: given.weight, along: given.along === 'TIME' ? ('time' as const) : ('step' as const) } : undefined,
      ),
  }),
  action: 'read',
  on: onRuns,
  async run(ctx, { runIds, keys, axis, from, to, buckets, smoothing }, refs): Promise<Line[][]> {
    const range = { axis, from: from ?? undefined, to: to ?? undefined, buckets: buckets ?? 1000 }
    const found = new Map<string, Line[]>()
    await whole(ctx, refs, async () => {
      // A key belongs to one experiment: runs of one experiment are read together.
      const byExperiment = Map.groupBy(refs, ({ experimentId }) => experimentId)
      await Promise.all(
        [...byExperiment].map(async ([experiment, runs]) => {
          const ids = await findKeys(ctx.db, experiment, 'metric', keys)
          const names = [...ids.keys()]
          const charts = await ctx.points.charts(
            runs.map(({ id }) => id),
            [...ids.values()],
            range,
            smoothing,
          )
          for (const [i, lines] of charts.entries())
            found.set(
              runs[i]!.uuid,
              lines.map((line, k) => ({ ...line, key: names[k]! })).filter(({ count }) => count > 0),
            )
        }),
      )
    })
    return runIds.map((id) => found.get(id)!)
  },
})

/** What a subscription to points yields: new points by run and metric, and where each run's cursor now is. */
export interface PointsBatch {
  points: Array<{ run: string; key: string; steps: number[]; times: number[]; values: number[] }>
  cursors: Array<{ run: string; cursor: number }>
}

const cursor = z
  .string()
  .regex(/^\d{1,16}$/, 'It is a cursor that an earlier answer gave.')
  .nullish()

const watchPoints = operation({
  name: 'metric.watch',
  input: z.object({
    runs: z
      .array(z.object({ run: required, after: cursor }))
      .min(1)
      .max(200),
    keys: z.array(z.string()).nullish(),
  }),
  action: 'read',
  on: (ctx, { runs }) => onRuns(ctx, { runIds: runs.map(({ run }) => run) }),
  run: (_ctx, input, refs) => ({ ...input, refs }),
})

/**
 * Follows runs from their cursors until the signal. Authorised once, by its operation, when it opens. Yields only where
 * there is something new; what a slow reader missed comes in one piece.
 */
export async function* pointsSince(ctx: Ctx, raw: unknown, signal: AbortSignal): AsyncGenerator<PointsBatch> {
  const { runs, keys, refs } = await call(ctx, watchPoints, raw)
  const byId = new Map(refs.map((ref) => [ref.id, ref]))
  const given = new Map(runs.map(({ run, after }) => [run, after]))
  const heads = await ctx.points.heads([...byId.keys()])
  const cursors = new Map(refs.map((ref) => [ref.id, Number(given.get(ref.uuid) ?? heads.get(ref.id) ?? 0)]))
  const wanted = keys ? new Set(keys) : undefined

  const bells = refs.map((ref): ['run', number] => ['run', ref.id])
  for await (const _ of ctx.events.listen(bells, signal)) {
    for (let more = true; more && !signal.aborted; ) {
      const asked = [...cursors].map(([run, after]) => ({ run, after }))
      const found = await ctx.points.since(asked)
      more = found.more
      const names = await keyNames(
        ctx.db,
        found.runs.flatMap(({ series }) => series.map(({ key }) => key)),
      )
      const batch: PointsBatch = { points: [], cursors: [] }
      for (const { run, cursor, series } of found.runs) {
        cursors.set(run, cursor)
        const { uuid } = byId.get(run)!
        batch.cursors.push({ run: uuid, cursor })
        for (const { key, steps, times, values } of series) {
          const name = names.get(key)!
          if (!wanted || wanted.has(name)) batch.points.push({ run: uuid, key: name, steps, times, values })
        }
      }
      if (batch.points.length) yield batch
    }
  }
}

/** A change may commit this long after the time it carries, ms: so far back every look reaches. */
const overlap = 5_000

const watchRuns = operation({
  name: 'run.watch',
  input: z.object({ experimentIds: z.array(z.string()).min(1).max(1000), after: cursor }),
  action: 'read',
  on: (ctx) => ({ securable: { kind: 'Workspace', id: ctx.workspace.id } as const, row: null }),
  run: async (ctx, { experimentIds, after }) => ({
    experiments: await visibleExperiments(ctx, experimentIds),
    after: after ? Number(after) : await databaseTime(ctx.db),
  }),
})

/** Follows the rows of runs: ids of those that are new or changed since the cursor, which is a time of the database's clock. */
export async function* changedRuns(ctx: Ctx, raw: unknown, signal: AbortSignal): AsyncGenerator<{ ids: number[]; cursor: string }> {
  const { experiments, after } = await call(ctx, watchRuns, raw)
  let from = after
  /** What was told of the stretch that the next look reads again: run to the time of its change. */
  let told = new Map<number, number>()
  const bells = experiments.map((id): ['experiment', number] => ['experiment', id])
  for await (const _ of ctx.events.listen(bells, signal, 250)) {
    let at = { changedAt: from - overlap, id: 0 }
    for (let full = true; full && !signal.aborted; ) {
      const rows = await runsChangedSince(ctx.db, experiments, at)
      full = rows.length === changesPerRead
      at = rows.at(-1) ?? at
      from = Math.max(from, at.changedAt)
      const fresh = rows.filter(({ id, changedAt }) => told.get(id) !== changedAt)
      for (const { id, changedAt } of fresh) told.set(id, changedAt)
      if (fresh.length) yield { ids: fresh.map(({ id }) => id), cursor: String(from) }
    }
    told = new Map([...told].filter(([, changedAt]) => changedAt >= from - overlap))
  }
}
