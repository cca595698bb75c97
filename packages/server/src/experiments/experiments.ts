/**
 * An experiment is runs that belong together. Its name is unique in its workspace, also against deleted ones, so that a
 * restored experiment always has its name. Deleting one deletes its runs with it, and restoring brings those back.
 */
import type { Experiment, ExperimentTag } from '@tidegate/db'
import { z } from 'zod'
import { may, reachOf, type Securable, seesAll } from '../access.ts'
import { type Ctx, checkSignedIn, inTransaction } from '../context.ts'
import { AppError, invalid, notFound } from '../errors.ts'
import { anyText, checkPage, experimentNumber, int64, key, limitedText, limits, required, text } from '../fields.ts'
import { operation, type Target } from '../operation.ts'
import { deleteRunsOf, restoreRunsOf } from '../runs/write.sql.ts'
import { parseOrderBy } from '../search/column.ts'
import { experimentsIn, searchExperiments as find } from '../search/experiments.sql.ts'
import { parseFilter } from '../search/filter.ts'
import { offsetOf, pageToken } from '../search/page-token.ts'
import { patiently } from '../search/patterns.sql.ts'
import { conditionsChanged } from '../standing.ts'

export type ExperimentWithTags = Experiment & { tags: ExperimentTag[] }

export const withTags = { tags: { orderBy: { key: 'asc' as const } } }

/** The experiment and what permission on it is asked of. Throws where there is none in this workspace. */
export async function experimentTarget(ctx: Ctx, id: string): Promise<Target<Experiment>> {
  const number = experimentNumber(id)
  const row = await ctx.db.prisma.experiment.findUnique({ where: { id: number, workspaceId: ctx.workspace.id, purgedAt: null } })
  const unseen = () => notFound(`No Experiment with id=${id} exists`)
  if (!row) throw unseen()
  return { securable: { kind: 'Experiment', id: row.id, workspaceId: row.workspaceId }, row, unseen }
}

/** What never changes about an experiment: enough to ask permission and to place a run. */
export type ExperimentRef = Pick<Experiment, 'id' | 'workspaceId' | 'artifactLocation'>

/** What was read from each database, by id. */
const known = new WeakMap<Ctx['db'], Map<number, ExperimentRef>>()

/** As `experimentTarget`, from memory where it was asked for before: by then it may be deleted, or gone for good. */
export async function experimentRefTarget(ctx: Ctx, id: string): Promise<Target<ExperimentRef>> {
  let refs = known.get(ctx.db)
  if (!refs || refs.size > 10_000) known.set(ctx.db, (refs = new Map()))
  const ref = refs.get(experimentNumber(id))
  if (ref) {
    const securable: Securable = { kind: 'Experiment', id: ref.id, workspaceId: ref.workspaceId }
    // Only for who may see it: to others it takes as long to say no as where there is none.
    if (ref.workspaceId === ctx.workspace.id && may(ctx.ability, 'read', securable)) return { securable, row: ref }
  }
  const { row, ...target } = await experimentTarget(ctx, id)
  const { id: number, workspaceId, artifactLocation } = row
  refs.set(number, { id: number, workspaceId, artifactLocation })
  return { ...target, row: refs.get(number)! }
}

const here = (ctx: Ctx): Target<null> => ({ securable: { kind: 'Workspace', id: ctx.workspace.id }, row: null })

export function checkActive(experiment: Experiment): void {
  if (experiment.deletedAt !== null) {
    throw invalid(`The experiment ${experiment.id} must be in the 'active' state. Current state is deleted.`)
  }
}

export const experimentName = z
  .string({ error: (issue) => (issue.input === undefined ? 'missing' : 'Expects a string.') })
  .min(1)
  .pipe(anyText)
  .superRefine((value, context) => {
    if (value.length > limits.experimentName) {
      context.addIssue({
        code: 'custom',
        params: { plain: true },
        message: `'name' exceeds the maximum length of ${limits.experimentName} characters`,
      })
    }
  })

const tag = z.object({ key, value: limitedText('value', limits.experimentTagValue).transform((value) => value ?? '') })

/** Two experiments of one name, whichever came first. */
export const taken = (wanted: string) =>
  new AppError(
    'RESOURCE_ALREADY_EXISTS',
    `Experiment(name=${wanted}) already exists. Choose another name, or restore the deleted experiment that has it, or purge it from the trash.`,
    { field: 'name' },
  )

const isUniqueViolation = (error: unknown) => (error as { code?: string }).code === 'P2002'

export const createExperiment = operation({
  name: 'experiment.create',
  input: z.object({ name: experimentName, artifactLocation: text, tags: z.array(tag).nullish() }),
  action: 'create',
  on: here,
  async run(ctx, { name, artifactLocation, tags }): Promise<ExperimentWithTags> {
    if (artifactLocation) ctx.artifacts.checkLocation(artifactLocation)
    const now = BigInt(Date.now())
    try {
      const made = await ctx.db.prisma.$transaction(async (tx) => {
        const { id } = await tx.experiment.create({
          data: {
            workspaceId: ctx.workspace.id,
            name,
            artifactLocation: artifactLocation ?? '',
            createdAt: now,
            updatedAt: now,
            tags: { create: [...new Map(tags?.map((each) => [each.key, each])).values()] },
          },
        })
        // Who made it manages it, where their role does not say so already.
        const { id: accountId } = ctx.actor
        if (accountId !== undefined && !may(ctx.ability, 'manage', { kind: 'Experiment', id, workspaceId: ctx.workspace.id }))
          await tx.accessGrant.create({
            data: { accountId, kind: 'Experiment', objectId: id, workspaceId: ctx.workspace.id, permission: 'MANAGE' },
          })
        // The default location holds the id, which is known only now.
        return tx.experiment.update({
          where: { id },
          data: artifactLocation ? {} : { artifactLocation: `mlflow-artifacts:/${id}` },
          include: withTags,
        })
      })
      ctx.events.ring('experiment', made.id)
      ctx.events.ring('workspace', ctx.workspace.id)
      // A grant was made, or a rule may ask about its tags.
      if (ctx.actor.id !== undefined) ctx.events.ring('standing', 0)
      return made
    } catch (error) {
      throw isUniqueViolation(error) ? taken(name) : error
    }
  },
})

export const getExperiment = operation({
  name: 'experiment.get',
  input: z.object({ experimentId: required }),
  action: 'read',
  on: (ctx, { experimentId }) => experimentTarget(ctx, experimentId),
  run: async (ctx, _, { id }): Promise<ExperimentWithTags> =>
    ctx.db.prisma.experiment.findUniqueOrThrow({ where: { id }, include: withTags }),
})

export const getExperimentByName = operation({
  name: 'experiment.get-by-name',
  input: z.object({ experimentName: required }),
  action: 'read',
  async on(ctx, { experimentName }): Promise<Target<Experiment>> {
    const row = await ctx.db.prisma.experiment.findUnique({
      where: { workspaceId_name: { workspaceId: ctx.workspace.id, name: experimentName }, purgedAt: null },
    })
    const unseen = () => notFound(`Could not find experiment with name '${experimentName}'`)
    if (!row) throw unseen()
    return { securable: { kind: 'Experiment', id: row.id, workspaceId: row.workspaceId }, row, unseen }
  },
  run: async (ctx, _, row): Promise<ExperimentWithTags> => ({
    ...row,
    tags: await ctx.db.prisma.experimentTag.findMany({ where: { experimentId: row.id }, orderBy: withTags.tags.orderBy }),
  }),
})

export const searchExperiments = operation({
  name: 'experiment.search',
  input: z.object({
    filter: text,
    lifecycle: z.enum(['ACTIVE', 'DELETED', 'ALL']).default('ACTIVE'),
    orderBy: z.array(z.string()).nullish(),
    // MLflow reads an absent one as 0 and refuses it.
    maxResults: int64.nullish().transform((value) => value ?? 0),
    pageToken: text,
  }),
  action: 'read',
  on: here,
  async run(ctx, { filter, lifecycle, orderBy, maxResults, pageToken: token }) {
    checkPage(maxResults)
    const offset = offsetOf(token)
    const search = {
      workspace: ctx.workspace.id,
      reach: reachOf(ctx.standing, 'Experiment'),
      filter: parseFilter(filter, 'experiments'),
      lifecycle,
      orderBy: parseOrderBy(orderBy ?? [], 'experiments'),
      limit: maxResults,
      offset,
    }
    const page = await patiently(ctx.db, search.filter, (sql) => find(sql, search))
    const rows = await ctx.db.prisma.experiment.findMany({ where: { id: { in: page.ids } }, include: withTags })
    const byId = new Map(rows.map((row) => [row.id, row]))
    return {
      experiments: page.ids.flatMap((id) => byId.get(id) ?? []),
      nextPageToken: page.hasMore ? pageToken(offset + maxResults) : undefined,
    }
  },
})

export const renameExperiment = operation({
  name: 'experiment.rename',
  input: z.object({ experimentId: required, newName: experimentName }),
  action: 'edit',
  on: (ctx, { experimentId }) => experimentTarget(ctx, experimentId),
  state: (ctx, _, { id }) => ctx.db.prisma.experiment.findUnique({ where: { id }, select: { name: true } }),
  async run(ctx, { newName }, row): Promise<ExperimentWithTags> {
    if (row.deletedAt !== null) throw new AppError('INVALID_STATE', 'Cannot rename a non-active experiment.')
    try {
      return await changed(ctx, row.id, { name: newName })
    } catch (error) {
      throw isUniqueViolation(error) ? taken(newName) : error
    }
  },
})

async function changed(ctx: Ctx, id: number, data: { name?: string }): Promise<ExperimentWithTags> {
  const row = await ctx.db.prisma.experiment.update({ where: { id }, data: { ...data, updatedAt: BigInt(Date.now()) }, include: withTags })
  ctx.events.ring('experiment', id)
  ctx.events.ring('workspace', ctx.workspace.id)
  return row
}

export const deleteExperiment = operation({
  name: 'experiment.delete',
  input: z.object({ experimentId: required }),
  action: 'delete',
  on: (ctx, { experimentId }) => experimentTarget(ctx, experimentId),
  async run(ctx, _, row): Promise<ExperimentWithTags> {
    if (row.deletedAt !== null) throw notFound(`No Experiment with id=${row.id} exists`)
    await inTransaction(ctx, (tx) => deleteRunsOf(tx, row.id, Date.now(), ctx.actor.name))
    return changed(ctx, row.id, {})
  },
})

export const restoreExperiment = operation({
  name: 'experiment.restore',
  input: z.object({ experimentId: required }),
  action: 'delete',
  on: (ctx, { experimentId }) => experimentTarget(ctx, experimentId),
  async run(ctx, _, row): Promise<ExperimentWithTags> {
    if (row.deletedAt === null) throw notFound(`No Experiment with id=${row.id} exists`)
    if (!(await inTransaction(ctx, (tx) => restoreRunsOf(tx, row.id, Number(row.deletedAt)))))
      throw notFound(`No Experiment with id=${row.id} exists`)
    return changed(ctx, row.id, {})
  },
})

/** What is there was written by somebody else meanwhile: the writer reads it before writing over it. */
export const overtaken = (key: string) =>
  new AppError('RESOURCE_CONFLICT', `The tag ${key} has another value by now. Read it, then write again with that value as 'was'.`, {
    field: 'was',
  })

/** A tag as the audit log has it. */
const tagState = async (ctx: Ctx, experimentId: number, key: string) => ({
  [key]: (await ctx.db.prisma.experimentTag.findUnique({ where: { experimentId_key: { experimentId, key } } }))?.value ?? null,
})

export const setExperimentTag = operation({
  name: 'experiment.set-tag',
  input: z.object({
    experimentId: required,
    key,
    value: limitedText('value', limits.experimentTagValue),
    /** Only where it is that now; empty also where there is no such tag. */
    was: z.string().nullish(),
  }),
  action: 'edit',
  on: (ctx, { experimentId }) => experimentTarget(ctx, experimentId),
  state: (ctx, { key }, { id }) => tagState(ctx, id, key),
  async run(ctx, { key, value = '', was }, row): Promise<ExperimentWithTags> {
    checkActive(row)
    const { id: experimentId } = row
    const { experimentTag } = ctx.db.prisma
    if (was === undefined || was === null) {
      await experimentTag.upsert({
        where: { experimentId_key: { experimentId, key } },
        create: { experimentId, key, value },
        update: { value },
      })
    } else {
      const { count } = await experimentTag.updateMany({ where: { experimentId, key, value: was }, data: { value } })
      const isNew =
        count === 0 &&
        was === '' &&
        (await experimentTag.createMany({ data: [{ experimentId, key, value }], skipDuplicates: true })).count > 0
      if (count === 0 && !isNew) throw overtaken(key)
    }
    await conditionsChanged(ctx, row.workspaceId)
    return changed(ctx, experimentId, {})
  },
})

export const deleteExperimentTag = operation({
  name: 'experiment.delete-tag',
  input: z.object({ experimentId: required, key: required }),
  action: 'edit',
  on: (ctx, { experimentId }) => experimentTarget(ctx, experimentId),
  state: (ctx, { key }, { id }) => tagState(ctx, id, key),
  async run(ctx, { key }, row): Promise<ExperimentWithTags> {
    checkActive(row)
    const { count } = await ctx.db.prisma.experimentTag.deleteMany({ where: { experimentId: row.id, key } })
    if (!count) throw notFound(`No tag with name: ${key} in experiment with id ${row.id}`)
    await conditionsChanged(ctx, row.workspaceId)
    return changed(ctx, row.id, {})
  },
})

/** The ids among `wanted` (all, where it is undefined) whose runs the caller may read. */
export async function visibleExperiments(ctx: Ctx, wanted?: string[]): Promise<number[]> {
  checkSignedIn(ctx)
  const found = await experimentsIn(ctx.db, ctx.workspace.id, wanted?.map(experimentNumber))
  return hidesNothing(ctx)
    ? found
    : found.filter((id) => may(ctx.ability, 'read', { kind: 'Experiment', id, workspaceId: ctx.workspace.id }))
}

/** Most people see all of a workspace: lists need not ask about each. */
export const hidesNothing = ({ standing }: Ctx): boolean => seesAll(standing, 'Experiment')
