/**
 * Service accounts: programs of a workspace, which its admins own. Always true: one has tokens and no other way in, is in its workspace and
 * in no other, and never manages the installation. It outlives whoever made it.
 */
import type { AccessToken, Account, Member } from '@tidegate/db'
import { z } from 'zod'
import { type Role, roles } from '../access.ts'
import type { Ctx } from '../context.ts'
import { AppError, invalid, notFound } from '../errors.ts'
import { anyText, required } from '../fields.ts'
import { operation, type Target } from '../operation.ts'
import { accountName, changed } from './accounts.ts'

/** Of one workspace. */
const mostServices = 200

const name = accountName.pipe(
  z
    .string()
    .max(60, "'name' exceeds the maximum length of 60 characters")
    .refine((text) => !text.includes('@'), "'name' may hold no @: the workspace's name comes behind one"),
)
const about = anyText.max(500, "'about' exceeds the maximum length of 500 characters")

const here = (ctx: Ctx): Target<null> => ({ securable: { kind: 'Workspace', id: ctx.workspace.id }, row: null })

export interface Service extends Account {
  members: Member[]
  tokens: AccessToken[]
}

const include = (ctx: Ctx) => ({ members: { where: { workspaceId: ctx.workspace.id } }, tokens: { orderBy: { id: 'desc' as const } } })

/** One of this workspace, by its whole name. */
export async function onService(ctx: Ctx, { account }: { account: string }): Promise<Target<Account>> {
  const row = await ctx.db.prisma.account.findFirst({ where: { name: account.toLowerCase(), serviceOf: ctx.workspace.id } })
  if (!row) throw notFound(`No service account '${account}' exists`)
  return { securable: { kind: 'Workspace', id: ctx.workspace.id }, row }
}

export const listServices = operation({
  name: 'service.list',
  input: z.object({}),
  action: 'manage',
  on: here,
  run: (ctx): Promise<Service[]> =>
    ctx.db.prisma.account.findMany({ where: { serviceOf: ctx.workspace.id }, include: include(ctx), orderBy: { name: 'asc' } }),
})

const whole = (ctx: Ctx, id: number): Promise<Service> => ctx.db.prisma.account.findUniqueOrThrow({ where: { id }, include: include(ctx) })

export const createService = operation({
  name: 'service.create',
  input: z.object({ name, about: about.nullish(), role: z.enum(roles as [Role, ...Role[]]).nullish() }),
  action: 'manage',
  on: here,
  async run(ctx, { name, about, role }): Promise<Service> {
    const { id: workspaceId } = ctx.workspace
    const full = `${name}@${ctx.workspace.name}`
    if ((await ctx.db.prisma.account.count({ where: { serviceOf: workspaceId } })) >= mostServices)
      throw invalid(`There are ${mostServices} service accounts here, and that is the most. Delete one that is not used.`)
    const at = BigInt(Date.now())
    const members = { create: { workspaceId, role: role ?? 'CONTRIBUTOR', addedAt: at } }
    const data = { name: full, about: about ?? '', serviceOf: workspaceId, madeBy: ctx.actor.id ?? null, createdAt: at, members }
    const { id } = await ctx.db.prisma.account.create({ data }).catch((error: { code?: string }) => {
      if (error.code !== 'P2002') throw error
      throw new AppError('RESOURCE_ALREADY_EXISTS', `A service account '${full}' exists already.`, { field: 'name' })
    })
    changed(ctx)
    return whole(ctx, id)
  },
})

/** What it is for, and whether it may be used. Its role is a member's: `setMember`. */
/** As the audit log has it. */
const serviceState = (ctx: Ctx, _: unknown, { id }: { id: number }) =>
  ctx.db.prisma.account.findUnique({ where: { id }, select: { name: true, about: true, disabledAt: true } })

export const updateService = operation({
  name: 'service.update',
  input: z.object({ account: required, about: about.nullish(), isDisabled: z.boolean().nullish() }),
  action: 'manage',
  on: onService,
  state: serviceState,
  async run(ctx, { about, isDisabled }, { id }): Promise<Service> {
    const disabledAt = isDisabled ? BigInt(Date.now()) : null
    await ctx.db.prisma.account.update({
      where: { id },
      data: { ...(about != null && { about }), ...(isDisabled != null && { disabledAt }) },
    })
    changed(ctx)
    return whole(ctx, id)
  },
})

/** For good, with its tokens. What it did stays under its name. */
export const deleteService = operation({
  name: 'service.delete',
  input: z.object({ account: required }),
  action: 'manage',
  on: onService,
  state: serviceState,
  async run(ctx, _, { id }): Promise<void> {
    await ctx.db.prisma.account.deleteMany({ where: { id } })
    changed(ctx)
  },
})
