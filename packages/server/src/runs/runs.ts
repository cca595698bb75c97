/**
 * A run is one execution of training code: its params (written once), metrics (points over steps), tags, inputs and files.
 * It belongs to one experiment for ever. A deleted run keeps all it has and refuses writers until it is restored; a purged
 * one (see ../trash) is gone: whoever knows its id from before finds out here.
 */
import { createHash, randomUUID } from 'node:crypto'
import type { Sql } from '@tidegate/db'
import { z } from 'zod'
import { may, type Securable } from '../access.ts'
import { type Ctx, inTransaction, type Tx } from '../context.ts'
import { AppError, invalid, notFound } from '../errors.ts'
import { checkActive, experimentRefTarget, experimentTarget, visibleExperiments } from '../experiments/experiments.ts'
import { checkPage, cutText, int64, limits, optionalInt64, required, text } from '../fields.ts'
import { type RunModels, readRunModels } from '../models/run-models.sql.ts'
import { operation, type Target } from '../operation.ts'
import { parseOrderBy } from '../search/column.ts'
import { parseFilter } from '../search/filter.ts'
import { hasPlaces } from '../search/page.sql.ts'
import { pageToken, positionOf } from '../search/page-token.ts'
import { patiently } from '../search/patterns.sql.ts'
import { searchRuns as find } from '../search/search.sql.ts'
import { ensureKeys } from './keys.sql.ts'
import { randomName } from './name.ts'
import { findRun, readRuns, readValues, type ValuesWanted } from './read.sql.ts'
import type { KeyValue, Kind, Run, RunValues } from './run.ts'
import {
  createRunRow,
  type DatasetInput,
  deleteRunRow,
  type KeyedValues,
  readInputs,
  restoreRunRow,
  touchRuns,
  updateRunRow,
} from './write.sql.ts'

/** Tags that MLflow keeps in step with the run itself. */
export const nameTag = 'mlflow.runName'
export const parentTag = 'mlflow.parentRunId'

/** What never changes about a run: enough to ask permission and to write. */
export interface RunRef {
  id: number
  uuid: string
  experimentId: number
  workspaceId: number
}

/** A run with what it has logged. */
export interface RunWithValues extends RunValues {
  run: Run
  inputs: DatasetInput[]
  models: RunModels
}

/** What was read from each database, by uuid. */
const known = new WeakMap<Ctx['db'], Map<string, RunRef>>()

function knownOf(ctx: Ctx): Map<string, RunRef> {
  let refs = known.get(ctx.db)
  if (!refs || refs.size > 50_000) known.set(ctx.db, (refs = new Map()))
  return refs
}

const refOf = ({ id, uuid, experimentId, workspaceId }: Run): RunRef => ({ id, uuid, experimentId, workspaceId })

const securableOf = ({ experimentId, workspaceId }: RunRef): Securable => ({ kind: 'Experiment', id: experimentId, workspaceId })

async function runRef(ctx: Ctx, uuid: string): Promise<RunRef> {
  const refs = knownOf(ctx)
  const ref = refs.get(uuid)
  // Only for who may see it: to others it takes as long to say no as where there is none.
  if (ref?.workspaceId === ctx.workspace.id && may(ctx.ability, 'read', securableOf(ref))) return ref
  const run = await findRun(ctx.db, uuid)
  if (run?.workspaceId !== ctx.workspace.id) throw notFound(`Run with id=${uuid} not found`)
  refs.set(uuid, refOf(run))
  return refOf(run)
}

/** The run and what permission on it is asked of. Throws where there is none in this workspace. */
export async function runTarget(ctx: Ctx, uuid: string): Promise<Target<RunRef>> {
  const ref = await runRef(ctx, uuid)
  return {
    securable: securableOf(ref),
    row: ref,
    unseen: () => notFound(`Run with id=${uuid} not found`),
  }
}

export const onRun = (ctx: Ctx, { runId }: { runId: string }) => runTarget(ctx, runId)

/** There was such a run; it was purged. */
function gone(ctx: Ctx, { uuid }: RunRef) {
  known.get(ctx.db)?.delete(uuid)
  return notFound(`Run with id=${uuid} not found`)
}

/** Why a run takes no writes. */
export async function refusal(ctx: Ctx, ref: RunRef, sql: Sql = ctx.db) {
  const [run] = await readRuns(sql, [ref.id])
  return run ? invalid(`The run ${ref.uuid} must be in the 'active' state. Current state is deleted.`) : gone(ctx, ref)
}

async function runRow(ctx: Ctx, ref: RunRef): Promise<Run> {
  const [run] = await readRuns(ctx.db, [ref.id])
  if (!run) throw gone(ctx, ref)
  return run
}

/** What was read of runs, where they are all still there: a purge takes the run first, so it was read whole. */
export async function whole<T>(ctx: Ctx, refs: RunRef[], read: () => Promise<T>): Promise<T> {
  const result = await read()
  const found = new Set((await readRuns(ctx.db, [...new Set(refs.map(({ id }) => id))])).map(({ id }) => id))
  for (const ref of refs) if (!found.has(ref.id)) throw gone(ctx, ref)
  return result
}

async function runWithValues(ctx: Ctx, ref: RunRef): Promise<RunWithValues> {
  const { id } = ref
  const [values, inputs, models] = await Promise.all([
    readValues(ctx.db, [id], everything),
    readInputs(ctx.db, [id]),
    readRunModels(ctx.db, [id]),
  ])
  // The row last: a purge takes it first, so what was read before is whole.
  return { run: await runRow(ctx, ref), ...values.get(id)!, inputs: inputs.get(id) ?? [], models: models.get(id) ?? noModels }
}

const noModels: RunModels = { inputs: [], outputs: [] }

const everything: ValuesWanted = { params: true, metrics: true, tags: true }

/** Tells who looks at this run and at its experiment. */
export function rang(ctx: Ctx | (Tx & { workspace?: never }), ref: RunRef) {
  const ring = 'events' in ctx ? ctx.events.ring : ctx.ring
  ring('run', ref.id)
  ring('experiment', ref.experimentId)
}

/** Does `work` while no other writes to the run, and tells who looks at it. Throws where it is deleted. */
export async function activeRun(ctx: Ctx, ref: RunRef, work: (tx: Tx) => Promise<unknown>): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    if (!(await ctx.points.lock(ref.id, tx))) throw await refusal(ctx, ref, tx)
    await work(tx)
    await touchRuns(tx, [ref.uuid], ref.workspaceId)
    rang(tx, ref)
  })
}

/** Names to key ids; of a name that comes twice the last value counts. */
export async function keyed(sql: Sql, experiment: number, kind: Kind, list: KeyValue[]): Promise<KeyedValues> {
  const last = new Map(list.map(({ key, value }) => [key, value]))
  const ids = await ensureKeys(sql, experiment, kind, last.keys())
  return { keys: [...last.keys()].map((key) => ids.get(key)!), values: [...last.values()] }
}

export const max = (name: string, length: number) => z.string().max(length, `'${name}' exceeds the maximum length of ${length} characters`)
export const status = z.enum(['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'])
export const list = <T>(item: z.ZodType<T>) =>
  z
    .array(item)
    .nullish()
    .transform((value) => value ?? [])

export const createRun = operation({
  name: 'run.create',
  input: z.object({
    /** @default '0', MLflow's Default */
    experimentId: z
      .string()
      .nullish()
      .transform((id) => id || '0'),
    name: text,
    user: text,
    startTime: optionalInt64,
    // MLflow lets a run begin with tags of any name.
    tags: list(z.object({ key: required.pipe(max('key', limits.key)), value: cutText(limits.tagValue) })),
    runId: text.refine((id) => id === undefined || /^[0-9a-f]{32}$/.test(id), 'It must be 32 hexadecimal digits, in lower case'),
    idempotencyKey: text,
  }),
  action: 'edit',
  on: (ctx, { experimentId }) => experimentRefTarget(ctx, experimentId),
  async run(ctx, { name: given, user = '', startTime = 0, tags, runId, idempotencyKey }, experiment): Promise<RunWithValues> {
    const tagged = tags.find(({ key }) => key === nameTag)?.value
    if (given && tagged && given !== tagged) {
      throw invalid(
        `Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='${given}', mlflow.runName='${tagged}').`,
      )
    }
    const name = given || tagged || randomName()
    const all = tagged ? tags : [...tags, { key: nameTag, value: name }]
    // An id or a key sent again names the same run.
    const uuid =
      runId ??
      (idempotencyKey
        ? createHash('sha256').update(`${experiment.id}/${idempotencyKey}`).digest('hex').slice(0, 32)
        : randomUUID().replaceAll('-', ''))
    const row = {
      uuid,
      workspaceId: ctx.workspace.id,
      experimentId: experiment.id,
      name,
      user,
      startTime,
      artifactUri: `${experiment.artifactLocation.replace(/\/+$/, '')}/${uuid}/artifacts`,
      parentUuid: tags.find(({ key }) => key === parentTag)?.value ?? null,
    }
    const run = await createRunRow(ctx.db, row, await keyed(ctx.db, experiment.id, 'tag', all))
    if (!run) checkActive((await experimentTarget(ctx, String(experiment.id))).row)
    ctx.events.ring('experiment', experiment.id)
    ctx.events.ring('workspace', ctx.workspace.id)
    // What was known may be a run that was purged.
    knownOf(ctx).delete(uuid)
    if (!run) {
      const first = await findRun(ctx.db, uuid)
      if (!first) throw notFound(`Run with id=${uuid} not found`)
      if (first.experimentId === experiment.id) return runWithValues(ctx, refOf(first))
      throw new AppError('RESOURCE_ALREADY_EXISTS', `A run with id=${uuid} exists in another experiment.`, { field: ctx.spell('runId') })
    }
    knownOf(ctx).set(uuid, refOf(run))
    // A new run has what it was just given: nothing is read back.
    const values = [...new Map(all.map(({ key, value }) => [key, value]))].map(([key, value]) => ({ key, value }))
    values.sort((a, b) => (a.key < b.key ? -1 : 1))
    return { run, params: [], metrics: [], tags: values, inputs: [], models: noModels }
  },
})

export const getRun = operation({
  name: 'run.get',
  input: z.object({ runId: required }),
  action: 'read',
  on: onRun,
  run: (ctx, _, ref) => runWithValues(ctx, ref),
})

export const onWorkspace = (ctx: Ctx): Target<null> => ({ securable: { kind: 'Workspace', id: ctx.workspace.id }, row: null })

export interface SearchPage {
  runs: Run[]
  /** How many match, up to 10 000; only where it was asked for. */
  total: number | undefined
  exact: boolean
  nextPageToken: string | undefined
}

/** Runs of the experiments that the caller may read. `count`: also how many match. */
export const searchRuns = operation({
  name: 'run.search',
  input: z.object({
    experimentIds: z.array(z.string()).nullish(),
    filter: text,
    lifecycle: z.enum(['ACTIVE', 'DELETED', 'ALL']).default('ACTIVE'),
    orderBy: z.array(z.string()).nullish(),
    maxResults: int64.nullish().transform((value) => value ?? 1000),
    pageToken: text,
    count: z.boolean().default(false),
  }),
  action: 'read',
  on: onWorkspace,
  async run(ctx, { experimentIds, filter, lifecycle, orderBy, maxResults, pageToken: token, count }): Promise<SearchPage> {
    checkPage(maxResults)
    const { offset, after } = positionOf(token)
    const orders = parseOrderBy(orderBy ?? [])
    // A token of another order still says how far it was.
    const canBegin = hasPlaces(orders)
    const search = {
      experiments: await visibleExperiments(ctx, experimentIds ?? undefined),
      filter: parseFilter(filter),
      lifecycle,
      orderBy: orders,
      limit: maxResults,
      ...(after && canBegin ? { after } : { offset }),
      count: count ? ('bounded' as const) : ('none' as const),
    }
    const page = await patiently(ctx.db, search.filter, (sql) => find(sql, search))
    const runs = await readRuns(ctx.db, page.ids)
    const last = runs.at(-1)
    return {
      runs,
      total: page.total,
      exact: page.exact ?? false,
      nextPageToken: page.hasMore ? pageToken(offset + maxResults, canBegin ? last : undefined) : undefined,
    }
  },
})

/** What runs that were already authorised have logged. */
export async function valuesOf(ctx: Ctx, runs: Run[]): Promise<RunWithValues[]> {
  const ids = runs.map((run) => run.id)
  const [values, inputs, models] = await Promise.all([
    readValues(ctx.db, ids, everything),
    readInputs(ctx.db, ids),
    readRunModels(ctx.db, ids),
  ])
  return runs.map((run) => ({
    run,
    ...values.get(run.id)!,
    inputs: inputs.get(run.id) ?? [],
    models: models.get(run.id) ?? noModels,
  }))
}

export const updateRun = operation({
  name: 'run.update',
  input: z.object({ runId: required, status: status.nullish(), endTime: optionalInt64, name: text, from: z.array(status).nullish() }),
  action: 'edit',
  on: onRun,
  async run(ctx, { status, endTime, name, from }, ref): Promise<Run> {
    const nameKey = name ? (await ensureKeys(ctx.db, ref.experimentId, 'tag', [nameTag])).get(nameTag)! : null
    const change = { status: status ?? undefined, endTime, name: name || undefined, from: from ?? undefined }
    const run = await updateRunRow(ctx.db, ref.id, change, nameKey)
    if (!run) throw (from && (await otherStatus(ctx, ref, from))) ?? (await refusal(ctx, ref))
    rang(ctx, ref)
    if (status) ctx.events.ring('workspace', ref.workspaceId)
    return run
  },
})

/** Undefined where it is not its status that stood in the way. */
async function otherStatus(ctx: Ctx, ref: RunRef, from: readonly string[]): Promise<AppError | undefined> {
  const [run] = await readRuns(ctx.db, [ref.id])
  if (!run || run.deletedAt !== null || from.includes(run.status)) return undefined
  return new AppError('RESOURCE_CONFLICT', `The run ${ref.uuid} is ${run.status} by now, so nothing was changed.`, { field: 'from' })
}

export const deleteRun = operation({
  name: 'run.delete',
  input: z.object({ runId: required }),
  action: 'delete',
  on: onRun,
  async run(ctx, _, ref): Promise<Run> {
    await deleteRunRow(ctx.db, ref.id, Date.now(), ctx.actor.name)
    rang(ctx, ref)
    ctx.events.ring('workspace', ref.workspaceId)
    return runRow(ctx, ref)
  },
})

export const restoreRun = operation({
  name: 'run.restore',
  input: z.object({ runId: required }),
  action: 'delete',
  on: onRun,
  async run(ctx, _, ref): Promise<Run> {
    if (!(await restoreRunRow(ctx.db, ref.id))) throw gone(ctx, ref)
    rang(ctx, ref)
    ctx.events.ring('workspace', ref.workspaceId)
    return runRow(ctx, ref)
  },
})
