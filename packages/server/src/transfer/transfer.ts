/**
 * Bringing in what was logged elsewhere, and giving out all of it. An import says what an experiment and its runs were, under
 * the ids they had; sends their points; and last says what each run must come to, which makes it done.
 *
 * Always true: everything may be sent again, and nothing doubles. A run that an import has begun is its own until it is done;
 * after that, and a run that was logged here, no import touches. What is done is whole: it was counted.
 */
import { z } from 'zod'
import { type Ctx, inTransaction } from '../context.ts'
import { invalid } from '../errors.ts'
import { experimentName, experimentTarget } from '../experiments/experiments.ts'
import { anyText, cutText, int64, key, limits, nameFault, optionalInt64, paramKey } from '../fields.ts'
import { operation, type Target } from '../operation.ts'
import { dataset, inputTag } from '../runs/inputs.ts'
import { ensureKeys, keyNames } from '../runs/keys.sql.ts'
import { onRuns } from '../runs/metrics.ts'
import type { Kind } from '../runs/run.ts'
import { list, parentTag, status, whole } from '../runs/runs.ts'
import { type DatasetInput, deleteRunRow, deleteRunsOf, writeInputs } from '../runs/write.sql.ts'
import { conditionsChanged } from '../standing.ts'
import { PointsDigest } from './digest.ts'
import {
  addExperimentTags,
  countValues,
  endExperiment,
  markDone,
  type RunRow,
  type RunState,
  readStates,
  trashTime,
  writeExperiment,
  writeManyParams,
  writeManyTags,
  writeRuns,
} from './transfer.sql.ts'

/** Runs in one request. */
const mostRuns = 1000
/** Points in one request. */
const mostPoints = 100_000

const onWorkspace = (ctx: Ctx): Target<null> => ({ securable: { kind: 'Workspace', id: ctx.workspace.id }, row: null })
const onExperiment = (ctx: Ctx, { experimentId }: { experimentId: string }) => experimentTarget(ctx, experimentId)

const runId = z.string().regex(/^[0-9a-f]{32}$/, 'It is 32 hexadecimal digits, in small letters.')

/** Where runs of these ids stand, before anything is sent. What others hold is said, and nothing else of it. */
export const importStates = operation({
  name: 'import.states',
  input: z.object({ ids: z.array(runId).max(mostRuns) }),
  action: 'read',
  on: onWorkspace,
  run: (ctx, { ids }): Promise<RunState[]> => readStates(ctx.db, ids, ctx.workspace.id),
})

const tags = list(z.object({ key: anyText.min(1).max(limits.key), value: cutText(limits.tagValue) }))

export const importExperiment = operation({
  name: 'import.experiment',
  input: z.object({
    name: experimentName,
    id: optionalInt64,
    createdAt: optionalInt64,
    updatedAt: optionalInt64,
    tags: list(z.object({ key, value: cutText(limits.experimentTagValue) })),
  }),
  action: 'create',
  on: onWorkspace,
  async run(ctx, { name, id, createdAt = Date.now(), updatedAt = createdAt, tags }) {
    const workspaceId = ctx.workspace.id
    const made = await inTransaction(ctx, async (tx) => {
      const made = await writeExperiment(tx, { workspaceId, name, wanted: id, createdAt, updatedAt })
      return made
    })
    const row = await ctx.db.prisma.experiment.findUniqueOrThrow({ where: { workspaceId_name: { workspaceId, name } } })
    ctx.events.ring('experiment', row.id)
    ctx.events.ring('workspace', workspaceId)
    const unique = new Map(tags.map((tag) => [tag.key, tag]))
    if (row.deletedAt === null) await addExperimentTags(ctx.db, row.id, [...unique.values()])
    await conditionsChanged(ctx, row.workspaceId)
    return { experiment: row, made: made !== undefined }
  },
})

const importedRun = z.object({
  id: runId,
  name: cutText(limits.key),
  user: cutText(limits.key),
  status,
  startTime: int64.default(0),
  endTime: int64.nullish().transform((time) => time ?? null),
  params: list(z.object({ key: paramKey, value: cutText(limits.paramValue) })),
  tags,
  inputs: list(z.object({ dataset, tags: list(inputTag) })),
})
type ImportedRun = z.output<typeof importedRun>

/** The same lists as columns, each pair once: of a key that comes twice the last value counts. */
async function columnsOf(
  ctx: Ctx,
  experiment: number,
  kind: Kind,
  runs: Array<{ id: number; list: Array<{ key: string; value: string }> }>,
) {
  const ids = await ensureKeys(
    ctx.db,
    experiment,
    kind,
    runs.flatMap(({ list }) => list.map(({ key }) => key)),
  )
  const all = { runs: [] as number[], keys: [] as number[], values: [] as string[] }
  for (const { id, list } of runs) {
    for (const [key, value] of new Map(list.map(({ key, value }) => [key, value]))) {
      all.runs.push(id)
      all.keys.push(ids.get(key)!)
      all.values.push(value)
    }
  }
  return all
}

const uniqueInputs = (inputs: DatasetInput[]) => [
  ...new Map(inputs.map((input) => [JSON.stringify([input.dataset.name, input.dataset.digest]), input])).values(),
]

export const importRuns = operation({
  name: 'import.runs',
  input: z.object({ experimentId: z.string(), runs: z.array(importedRun).max(mostRuns) }),
  action: 'edit',
  on: onExperiment,
  async run(ctx, { runs: given }, experiment): Promise<RunState[]> {
    const runs = new Map(given.map((run) => [run.id, run]))
    const uuids = [...runs.keys()]
    const location = experiment.artifactLocation.replace(/\/+$/, '')
    const row = (run: ImportedRun): RunRow => ({
      ...run,
      uuid: run.id,
      artifactUri: `${location}/${run.id}/artifacts`,
      parentUuid: run.tags.findLast(({ key }) => key === parentTag)?.value ?? null,
    })
    // Rows first, and the rest in a transaction of its own: keys are made outside of one, and a run with nothing is only begun.
    const open = await writeRuns(ctx.db, ctx.workspace.id, experiment.id, [...runs.values()].map(row))
    if (!open) throw invalid(`The experiment ${experiment.id} must be in the 'active' state. Current state is deleted.`, 'experiment_id')
    const states = await readStates(ctx.db, uuids, ctx.workspace.id)
    const begun = states.flatMap(({ uuid, id, state, experimentId }) =>
      state === 'STARTED' && experimentId === experiment.id ? [{ id: id!, run: runs.get(uuid)! }] : [],
    )
    const [params, tags] = await Promise.all(
      (['param', 'tag'] as const).map((kind) =>
        columnsOf(
          ctx,
          experiment.id,
          kind,
          begun.map(({ id, run }) => ({ id, list: kind === 'param' ? run.params : run.tags })),
        ),
      ),
    )
    await inTransaction(ctx, async (tx) => {
      await writeManyParams(tx, params!)
      await writeManyTags(tx, tags!)
      for (const { id, run } of begun) if (run.inputs.length) await writeInputs(tx, id, experiment.id, uniqueInputs(run.inputs))
      tx.ring('experiment', experiment.id)
      tx.ring('workspace', ctx.workspace.id)
    })
    return states.map((state) => (state.experimentId === experiment.id ? state : { ...state, state: 'HELD' }))
  },
})

/** Runs of an experiment that an import has begun, by uuid. Throws where one is anything else. */
async function begunRuns(ctx: Ctx, experiment: number, uuids: string[]): Promise<Map<string, number>> {
  const states = await readStates(ctx.db, [...new Set(uuids)], ctx.workspace.id)
  const wrong = states.find(({ state, experimentId }) => state !== 'STARTED' || experimentId !== experiment)
  if (wrong) {
    throw invalid(
      `No import has begun the run ${wrong.uuid} in experiment ${experiment}, or it is done. Send it with importRuns first.`,
      'run',
    )
  }
  return new Map(states.map(({ uuid, id }) => [uuid, id!]))
}

// By hand, once a column: zod looks at each number by itself.
const column = (what: string, good: (value: number) => boolean) =>
  z.custom<number[]>((list) => Array.isArray(list) && list.every((value) => typeof value === 'number' && good(value)), what)
const metricKey = z.string().min(1).max(limits.key)
const series = z
  .object({
    run: runId,
    key: metricKey.superRefine((name, context) => {
      const fault = nameFault(name)
      if (fault) context.addIssue({ code: 'custom', message: fault })
    }),
    steps: column('Steps are whole numbers.', Number.isSafeInteger),
    times: column('Times are ms since 1970.', (time) => Number.isSafeInteger(time) && time >= 0),
    values: column('Values are numbers, or NaN.', (value) => value <= Number.MAX_VALUE || Number.isNaN(value)),
  })
  .refine(({ steps, times, values }) => steps.length === times.length && steps.length === values.length, 'Columns must be equally long.')

export const importPoints = operation({
  name: 'import.points',
  input: z.object({ experimentId: z.string(), series: z.array(series) }),
  action: 'edit',
  on: onExperiment,
  async run(ctx, { series }, experiment): Promise<number> {
    const count = series.reduce((sum, { steps }) => sum + steps.length, 0)
    if (count > mostPoints)
      throw invalid(`One request can bring ${mostPoints} points, and this has ${count}. Send them in several.`, 'series')
    const runs = await begunRuns(
      ctx,
      experiment.id,
      series.map(({ run }) => run),
    )
    const keys = await ensureKeys(
      ctx.db,
      experiment.id,
      'metric',
      series.map(({ key }) => key),
    )
    const byRun = Map.groupBy(series, ({ run }) => runs.get(run)!)
    await Promise.all(
      [...byRun].map(async ([run, list]) => {
        const columns = { keys: [] as number[], steps: [] as number[], times: [] as number[], values: [] as number[] }
        for (const { key, steps, times, values } of list) {
          const id = keys.get(key)!
          for (let i = 0; i < steps.length; i++) {
            columns.keys.push(id)
            columns.steps.push(steps[i]!)
            columns.times.push(times[i]!)
            columns.values.push(values[i]!)
          }
        }
        if (!(await ctx.points.append(run, columns))) throw invalid(`The run ${list[0]!.run} was deleted while it was imported.`, 'run')
      }),
    )
    return count
  },
})

/** What a run comes to. */
export interface RunChecks {
  params: number
  tags: number
  inputs: number
  points: number
  digest: string
}

const checks = z.object({
  id: runId,
  params: z.int(),
  tags: z.int(),
  inputs: z.int(),
  points: z.int(),
  digest: z.string(),
  /** Where it was deleted there. */
  deletedAt: optionalInt64,
})

/** What runs hold now. */
async function checksOf(ctx: Ctx, runs: number[]): Promise<Map<number, RunChecks>> {
  const counts = await countValues(ctx.db, runs)
  const digests = new Map(runs.map((run) => [run, new PointsDigest()]))
  let left = runs.map((run) => ({ run, after: 0 }))
  while (left.length) {
    const found = await ctx.points.since(left)
    const names = await keyNames(
      ctx.db,
      found.runs.flatMap(({ series }) => series.map(({ key }) => key)),
    )
    for (const { run, series } of found.runs) for (const each of series) digests.get(run)!.add(names.get(each.key)!, each)
    left = found.more ? found.runs.map(({ run, cursor }) => ({ run, after: cursor })) : []
  }
  return new Map(
    runs.map((run) => {
      const digest = digests.get(run)!
      return [run, { ...counts.get(run)!, points: digest.count, digest: digest.toString() }]
    }),
  )
}

export interface Finished {
  id: string
  done: boolean
  /** What is here. */
  found: RunChecks
}

/** Checks runs against what they must come to. Those that do are done, and deleted where they were; the others stay begun. */
export const finishImport = operation({
  name: 'import.finish',
  input: z.object({ experimentId: z.string(), runs: z.array(checks).max(mostRuns) }),
  action: 'edit',
  on: onExperiment,
  async run(ctx, { runs }, experiment): Promise<Finished[]> {
    const ids = await begunRuns(
      ctx,
      experiment.id,
      runs.map(({ id }) => id),
    )
    const found = await checksOf(ctx, [...ids.values()])
    const all = runs.map((wanted) => {
      const here = found.get(ids.get(wanted.id)!)!
      // Someone may have tagged it meanwhile.
      const done =
        here.params === wanted.params &&
        here.tags >= wanted.tags &&
        here.inputs === wanted.inputs &&
        here.points === wanted.points &&
        here.digest === wanted.digest
      return { ...wanted, done, found: here }
    })
    const done = all.filter((run) => run.done)
    await inTransaction(ctx, async (tx) => {
      for (const { id, deletedAt } of done) {
        if (deletedAt === undefined) continue
        await deleteRunRow(tx, ids.get(id)!, await trashTime(tx, ctx.workspace.id, deletedAt), ctx.actor.name)
      }
      await markDone(
        tx,
        done.map(({ id }) => ids.get(id)!),
      )
      tx.ring('experiment', experiment.id)
    })
    return all
  },
})

/** Deletes an experiment that was deleted where it comes from, once, when its runs are here; one that was made here stays. */
export const finishExperiment = operation({
  name: 'import.finish-experiment',
  input: z.object({ experimentId: z.string(), deletedAt: int64 }),
  action: 'delete',
  on: onExperiment,
  async run(ctx, { deletedAt }, experiment) {
    await inTransaction(ctx, async (tx) => {
      if (!(await endExperiment(tx, experiment.id)) || experiment.deletedAt !== null) return
      await deleteRunsOf(tx, experiment.id, await trashTime(tx, ctx.workspace.id, deletedAt), ctx.actor.name)
    })
    ctx.events.ring('experiment', experiment.id)
    ctx.events.ring('workspace', ctx.workspace.id)
    return ctx.db.prisma.experiment.findUniqueOrThrow({ where: { id: experiment.id } })
  },
})

/** All points of runs, from cursors on: a bounded amount, and whether there is more. */
export const pointsAfter = operation({
  name: 'export.points',
  input: z.object({
    runs: z
      .array(
        z.object({
          run: z.string(),
          after: z
            .string()
            .regex(/^\d{1,16}$/, 'It is a cursor that an earlier answer gave.')
            .nullish(),
        }),
      )
      .max(mostRuns),
  }),
  action: 'read',
  on: (ctx, { runs }) => onRuns(ctx, { runIds: runs.map(({ run }) => run) }),
  async run(ctx, { runs }, refs) {
    const after = new Map(runs.map(({ run, after }) => [run, Number(after ?? 0)]))
    const uuids = new Map(refs.map(({ id, uuid }) => [id, uuid]))
    const found = await whole(ctx, refs, () => ctx.points.since(refs.map(({ id, uuid }) => ({ run: id, after: after.get(uuid)! }))))
    const names = await keyNames(
      ctx.db,
      found.runs.flatMap(({ series }) => series.map(({ key }) => key)),
    )
    return {
      points: found.runs.flatMap(({ run, series }) => series.map((each) => ({ ...each, run: uuids.get(run)!, key: names.get(each.key)! }))),
      cursors: found.runs.map(({ run, cursor }) => ({ run: uuids.get(run)!, cursor })),
      more: found.more,
    }
  },
})
