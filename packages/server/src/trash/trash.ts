/**
 * The trash: what was deleted, for as long as its workspace keeps such things, and the two ways out of it. Restoring brings
 * a thing back as it was; purging deletes its rows and files for good, and frees what they took.
 *
 * Always true: what is in the trash is whole and can be restored, up to the moment it is taken (see collect.sql.ts); from
 * then on nobody finds it. An experiment takes its runs, models, data sets and names along; a run what it logged, and the
 * data sets that no other run uses; a model its files. A name in the trash is taken until then, so a restored experiment
 * always has its own.
 */
import { z } from 'zod'
import { may, type Securable } from '../access.ts'
import { type Ctx, inTransaction } from '../context.ts'
import { invalid, notFound } from '../errors.ts'
import { hidesNothing, visibleExperiments } from '../experiments/experiments.ts'
import { experimentNumber, optionalInt64, required, text } from '../fields.ts'
import { enqueue } from '../jobs.ts'
import { operation, type Target } from '../operation.ts'
import { findRuns } from '../runs/read.sql.ts'
import { type Chosen, claimExperiments, claimModels, claimRuns, keptExperiment, kinds } from './collect.sql.ts'
import { collectTrash } from './collect.ts'
import { measureFor, measureTrash } from './measure.ts'
import {
  countCollecting,
  findModels,
  listTrashRows,
  restoreModelRow,
  type Sum,
  setEmptied,
  sizesOf,
  sumTrash,
  type TrashRow,
} from './trash.sql.ts'

/** One purge names so many things at most; for more there is `everything`. */
const mostIds = 1_000
/** Ten years. */
const mostDays = 3_650
const day = 86_400_000
/** A purge says what it frees; what was not measured yet is measured for so long, ms. */
const patience = 2_000

const here = (ctx: Ctx): Target<null> => ({ securable: { kind: 'Workspace', id: ctx.workspace.id }, row: null })
const scopeOf = async (ctx: Ctx) => ({ workspace: ctx.workspace.id, experiments: await visibleExperiments(ctx) })

async function retentionOf(ctx: Ctx): Promise<{ days: number | null; since: number }> {
  const { trashDays, trashSince } = await ctx.db.prisma.workspace.findUniqueOrThrow({ where: { id: ctx.workspace.id } })
  return { days: trashDays, since: Number(trashSince) }
}

/** A thing in the trash. */
export interface TrashItem extends TrashRow {
  /** When it is purged by itself, ms; null where nothing is. */
  expiresAt: number | null
  size: Sum
}

const kindIds: number[] = Object.values(kinds)
const cursor = text.transform((value, context) => {
  if (value === undefined) return null
  const [deletedAt, kind, id] = value.split('.').map(Number) as [number, number, number]
  if (Number.isSafeInteger(deletedAt) && kindIds.includes(kind) && Number.isInteger(id)) return { deletedAt, kind, id }
  context.addIssue('It is an end cursor that an earlier answer gave.')
  return z.NEVER
})

/** What is in the trash, the last deleted first, with what each thing takes. */
export const listTrash = operation({
  name: 'trash.list',
  input: z.object({ first: z.int().min(1).max(200).default(50), after: cursor }),
  action: 'read',
  on: here,
  async run(ctx, { first, after }): Promise<{ items: TrashItem[]; endCursor: string | undefined }> {
    const scope = await scopeOf(ctx)
    const [found, { days, since }] = await Promise.all([listTrashRows(ctx.db, scope, after, first + 1), retentionOf(ctx)])
    const rows = found.slice(0, first)
    const sizes = await sizesOf(ctx.db, rows)
    const items = rows.map((row, i): TrashItem => {
      const stays = days === null || (row.kind === kinds.experiment && row.id === keptExperiment)
      return { ...row, expiresAt: stays ? null : Math.max(row.deletedAt, since) + days * day, size: sizes[i]! }
    })
    const last = rows.at(-1)
    return { items, endCursor: found.length > first && last ? [last.deletedAt, last.kind, last.id].join('.') : undefined }
  },
})

export interface TrashSummary extends Sum {
  days: number | null
  /** Things past return whose rows or files still take room. */
  collecting: number
}

/** What is in the trash in all. Asking has what was not measured yet measured. */
export const summariseTrash = operation({
  name: 'trash.summary',
  input: z.object({}),
  action: 'read',
  on: here,
  async run(ctx): Promise<TrashSummary> {
    const scope = await scopeOf(ctx)
    const [sum, { days }, collecting] = await Promise.all([
      sumTrash(ctx.db, scope, null, null),
      retentionOf(ctx),
      // Whether one that is gone was hidden from them nobody can say: it counts only for who sees all.
      countCollecting(ctx.db, ctx.workspace.id, hidesNothing(ctx) ? null : scope.experiments),
    ])
    if (sum.measured < sum.parts) await enqueue(ctx.db, measureTrash, {}, { key: measureTrash.name })
    return { ...sum, days, collecting }
  },
})

const ids = z
  .array(required)
  .max(mostIds)
  .nullish()
  .transform((list) => [...new Set(list ?? [])])

interface Things {
  runs: Chosen[]
  models: Chosen[]
  experiments: Chosen[]
}

/** The things of a purge: all must be there, and in the trash. */
async function onThings(
  ctx: Ctx,
  input: { runs: string[]; models: string[]; experiments: string[]; everything: boolean },
): Promise<Target<Things, Securable[]>> {
  const securables: Securable[] = input.everything ? [{ kind: 'Workspace', id: ctx.workspace.id }] : []
  const things: Things = { runs: [], models: [], experiments: [] }
  const add = (to: Chosen[], securable: Securable, thing: Chosen) => {
    securables.push(securable)
    to.push(thing)
  }
  const workspaceId = ctx.workspace.id
  // Of what may not be seen it is said that there is none, in the words of that kind.
  const isHere = (thing: { workspaceId: number; experimentId: number } | undefined) =>
    thing?.workspaceId === workspaceId && may(ctx.ability, 'read', { kind: 'Experiment', id: thing.experimentId, workspaceId })
  const runs = await findRuns(ctx.db, input.runs)
  input.runs.forEach((uuid, i) => {
    const run = runs[i]
    if (!run || !isHere(run)) throw notFound(`Run with id=${uuid} not found`)
    add(things.runs, { kind: 'Experiment', id: run.experimentId, workspaceId }, run)
  })
  const models = new Map((await findModels(ctx.db, input.models)).map((model) => [model.uuid, model]))
  for (const uuid of input.models) {
    const model = models.get(uuid)
    if (!model || !isHere(model)) throw notFound(`Logged model with ID '${uuid}' not found.`)
    add(things.models, { kind: 'Experiment', id: model.experimentId, workspaceId }, model)
  }
  const numbers = input.experiments.map(experimentNumber)
  const rows = await ctx.db.prisma.experiment.findMany({ where: { id: { in: numbers }, workspaceId, purgedAt: null } })
  const experiments = new Map(rows.map((row) => [row.id, row]))
  for (const id of numbers) {
    const row = experiments.get(id)
    if (!row || !isHere({ experimentId: id, workspaceId })) throw notFound(`No Experiment with id=${id} exists`)
    add(
      things.experiments,
      { kind: 'Experiment', id, workspaceId },
      { id, deletedAt: row.deletedAt === null ? null : Number(row.deletedAt) },
    )
  }
  return { securable: securables, row: things }
}

/**
 * Deletes things in the trash for good: those that are named, or everything. With `dryRun` it only says what that would free.
 * It is what `mlflow gc` does to its database; here whoever may manage the experiments can ask for it.
 */
export const purge = operation({
  name: 'trash.purge',
  input: z
    .object({
      runs: ids,
      models: ids,
      experiments: ids,
      everything: z
        .boolean()
        .nullish()
        .transform((value) => value ?? false),
      deletedBefore: optionalInt64,
      dryRun: z
        .boolean()
        .nullish()
        .transform((value) => value ?? false),
    })
    .refine(({ runs, models, experiments, everything }) => everything !== runs.length + models.length + experiments.length > 0, {
      path: ['everything'],
      message: 'Name runs, models or experiments, or ask for everything; not both',
    }),
  action: 'manage',
  on: onThings,
  async run(ctx, { everything, deletedBefore: given, dryRun }, things): Promise<Sum> {
    // What is deleted from now on is not meant, whatever time was given.
    const deletedBefore = Math.min(given ?? Number.POSITIVE_INFINITY, Date.now())
    for (const [kind, list] of Object.entries(things) as Array<[keyof Things, Chosen[]]>) {
      for (const { id, deletedAt } of list) check(ctx, kind, id, deletedAt, deletedBefore)
    }
    const scope = await scopeOf(ctx)
    const only = { runs: idsOf(things.runs), models: idsOf(things.models), experiments: idsOf(things.experiments) }
    const add = () => sumTrash(ctx.db, scope, everything ? null : only, deletedBefore)
    let sum = await add()
    if (sum.measured < sum.parts) {
      await measureFor(ctx, patience)
      sum = await add()
    }
    if (dryRun) return sum
    await inTransaction(ctx, async (tx) => {
      if (everything) await setEmptied(tx, ctx.workspace.id, deletedBefore)
      await claimExperiments(tx, things.experiments, Date.now())
      await claimRuns(tx, things.runs, Date.now())
      await claimModels(tx, things.models, Date.now())
      await enqueue(tx, collectTrash, {}, { key: collectTrash.name })
      for (const { id } of things.experiments) tx.ring('experiment', id)
      tx.ring('workspace', ctx.workspace.id)
    })
    return sum
  },
})

const idsOf = (list: Chosen[]) => list.map(({ id }) => id)

/** MLflow's conditions: it must be deleted, and long enough. */
function check(ctx: Ctx, kind: keyof Things, id: number, deletedAt: number | null, before: number): void {
  const what = kind.slice(0, -1)
  const field = ctx.spell(kind)
  if (kind === 'experiments' && id === keptExperiment) {
    throw invalid(`Experiment ${id} stays: clients that name no experiment log to it. Purge its runs by their ids, or restore it.`, field)
  }
  if (deletedAt === null)
    throw invalid(`The ${what} ${id} is not in the trash. Delete it first: only what is deleted can be purged.`, field)
  if (deletedAt > before) throw invalid(`The ${what} ${id} was deleted at ${deletedAt}, which is not before ${before}.`, field)
}

/**
 * How many days deleted things stay: null for ever, 0 not at all. What has had its time by then goes soon: it says what
 * that comes to. With `dryRun` it only says so.
 */
export const setRetention = operation({
  name: 'trash.set-retention',
  input: z.object({ days: z.int().min(0).max(mostDays).nullable(), dryRun: z.boolean().nullish() }),
  action: 'manage',
  on: here,
  state: (ctx) => ctx.db.prisma.workspace.findUnique({ where: { id: ctx.workspace.id }, select: { trashDays: true } }),
  async run(ctx, { days, dryRun }): Promise<Sum> {
    const { since } = await retentionOf(ctx)
    const until = days === null ? -1 : Date.now() - days * day
    const over = await sumTrash(ctx.db, await scopeOf(ctx), null, since <= until ? until : -1)
    if (dryRun) return over
    await ctx.db.prisma.workspace.update({ where: { id: ctx.workspace.id }, data: { trashDays: days } })
    await enqueue(ctx.db, collectTrash, {}, { key: collectTrash.name })
    ctx.events.ring('workspace', ctx.workspace.id)
    return over
  },
})

/** Brings back a logged model that was deleted by itself. */
export const restoreLoggedModel = operation({
  name: 'logged-model.restore',
  input: z.object({ modelId: required }),
  action: 'delete',
  async on(ctx, { modelId }) {
    const [model] = await findModels(ctx.db, [modelId])
    const unseen = () => notFound(`Logged model with ID '${modelId}' not found.`)
    if (model?.workspaceId !== ctx.workspace.id) throw unseen()
    const securable = { kind: 'Experiment', id: model.experimentId, workspaceId: model.workspaceId } as const
    return { securable, row: model, unseen } satisfies Target<typeof model>
  },
  async run(ctx, { modelId }, model): Promise<{ id: string; experimentId: number }> {
    if (!(await restoreModelRow(ctx.db, model.id))) throw notFound(`Logged model with ID '${modelId}' not found.`)
    ctx.events.ring('experiment', model.experimentId)
    ctx.events.ring('workspace', ctx.workspace.id)
    return { id: model.uuid, experimentId: model.experimentId }
  },
})
