/**
 * A saved view is a page of an experiment as somebody left it, under a name: the query string of its URL, which holds all of its state.
 * It is its maker's alone until it is shared; one of the shared ones may be what the experiment opens with.
 */
import type { SavedView } from '@tidegate/db'
import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { AppError, invalid, notFound } from '../errors.ts'
import { experimentTarget } from '../experiments/experiments.ts'
import { anyText, required } from '../fields.ts'
import { operation, type Target } from '../operation.ts'

/** Of one experiment. */
const mostViews = 200

const number = (id: string) => (/^\d{1,9}$/.test(id) ? Number(id) : -1)

const name = required.pipe(z.string().trim().min(1, "'name' is empty").max(100, "'name' exceeds the maximum length of 100 characters"))

/** As browsers write it; what a page does not know of it, it leaves out. */
const query = anyText
  .max(16_000, "'query' exceeds the maximum length of 16000 characters")
  .transform((text) => text.replace(/^\?/, ''))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what no URL holds
  .refine((text) => !/[\u0000-\u0020#<>]/.test(text), "'query' is no query string: it holds signs that a URL escapes")

/** Of another's own view nobody learns that it is there. */
async function viewTarget(ctx: Ctx, { viewId }: { viewId: string }): Promise<Target<SavedView>> {
  const unseen = () => notFound(`No saved view with id=${viewId} exists`)
  const row = await ctx.db.prisma.savedView.findUnique({ where: { id: number(viewId), workspaceId: ctx.workspace.id } })
  if (!row || (!row.shared && row.createdBy !== ctx.actor.name)) throw unseen()
  return { securable: { kind: 'Experiment', id: row.experimentId, workspaceId: row.workspaceId }, row, unseen }
}

function checkOwner(ctx: Ctx, { createdBy, name }: SavedView): void {
  if (createdBy !== ctx.actor.name)
    throw new AppError('PERMISSION_DENIED', `The view '${name}' is ${createdBy}'s. Save your own under another name.`)
}

/** As the audit log has it. */
const viewState = (ctx: Ctx, _: unknown, { id }: { id: number }) =>
  ctx.db.prisma.savedView.findUnique({ where: { id }, select: { name: true, query: true, shared: true, isDefault: true } })

export const listViews = operation({
  name: 'view.list',
  input: z.object({ experimentId: required }),
  action: 'read',
  on: (ctx, { experimentId }) => experimentTarget(ctx, experimentId),
  run: (ctx, _, { id }): Promise<SavedView[]> =>
    ctx.db.prisma.savedView.findMany({
      where: { experimentId: id, OR: [{ shared: true }, { createdBy: ctx.actor.name }] },
      orderBy: { id: 'asc' },
    }),
})

/** Who may see an experiment may keep views of it. */
export const createView = operation({
  name: 'view.create',
  writes: true,
  input: z.object({ experimentId: required, name, query }),
  action: 'read',
  on: (ctx, { experimentId }) => experimentTarget(ctx, experimentId),
  async run(ctx, { name, query }, { id: experimentId, workspaceId }): Promise<SavedView> {
    if ((await ctx.db.prisma.savedView.count({ where: { experimentId } })) >= mostViews)
      throw invalid(`The experiment ${experimentId} has ${mostViews} saved views, and that is the most. Delete one that is not needed.`)
    const now = BigInt(Date.now())
    const view = await ctx.db.prisma.savedView.create({
      data: { experimentId, workspaceId, name, query, createdBy: ctx.actor.name, createdAt: now, updatedAt: now },
    })
    ctx.events.ring('views', experimentId)
    return view
  },
})

export const updateView = operation({
  name: 'view.update',
  writes: true,
  input: z.object({ viewId: required, name: name.nullish(), query: query.nullish() }),
  action: 'read',
  on: viewTarget,
  state: viewState,
  async run(ctx, { name, query }, row): Promise<SavedView> {
    checkOwner(ctx, row)
    const view = await ctx.db.prisma.savedView.update({
      where: { id: row.id },
      data: { ...(name != null && { name }), ...(query != null && { query }), updatedAt: BigInt(Date.now()) },
    })
    ctx.events.ring('views', row.experimentId)
    return view
  },
})

/** What the whole team sees is for those to say who may change the experiment. */
export const shareView = operation({
  name: 'view.share',
  input: z.object({ viewId: required, shared: z.boolean(), isDefault: z.boolean().default(false) }),
  action: 'edit',
  on: viewTarget,
  state: viewState,
  async run(ctx, { shared, isDefault }, row): Promise<SavedView> {
    if (isDefault && !shared) throw invalid('What an experiment opens with is shared: everyone sees it.', 'isDefault')
    if (!shared) checkOwner(ctx, row)
    const { prisma } = ctx.db
    const [, view] = await prisma.$transaction([
      prisma.savedView.updateMany({
        where: { experimentId: row.experimentId, isDefault: true, ...(isDefault ? {} : { id: row.id }) },
        data: { isDefault: false },
      }),
      prisma.savedView.update({ where: { id: row.id }, data: { shared, isDefault, updatedAt: BigInt(Date.now()) } }),
    ])
    ctx.events.ring('views', row.experimentId)
    return view
  },
})

export const deleteView = operation({
  name: 'view.delete',
  writes: true,
  input: z.object({ viewId: required }),
  action: 'read',
  on: viewTarget,
  state: viewState,
  async run(ctx, _, row): Promise<SavedView> {
    checkOwner(ctx, row)
    await ctx.db.prisma.savedView.delete({ where: { id: row.id } })
    ctx.events.ring('views', row.experimentId)
    return row
  },
})
