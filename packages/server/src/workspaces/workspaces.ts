/**
 * Workspaces: tenants, whose members see what is in them and nothing of the others. Always true: a workspace has a member who manages it or
 * is managed by the installation's admins; who is no member is told the same as where there is no such workspace.
 */
import type { Account, Member, Workspace } from '@tidegate/db'
import { z } from 'zod'
import { type Role, roles } from '../access.ts'
import type { Ctx } from '../context.ts'
import { AppError, invalid, notFound } from '../errors.ts'
import { anyText, required } from '../fields.ts'
import { operation, type Target } from '../operation.ts'
import { keepManaged, placesOf } from '../standing.ts'
import { changed, findAccount } from '../users/accounts.ts'

/** MLflow's rule: mlflow/utils/workspace_utils.py. */
const name = required.pipe(
  z
    .string()
    .min(2, "'name' has fewer than 2 characters")
    .max(63, "'name' exceeds the maximum length of 63 characters")
    .regex(/^(?!.*--)[a-z0-9][a-z0-9-]*[a-z0-9]$/, "'name' may hold lower-case letters, digits and single - between them")
    .refine((text) => !['workspaces', 'api', 'ajax-api', 'static-files'].includes(text), "'name' is taken by the system"),
)
const description = anyText.max(2_000, "'description' exceeds the maximum length of 2000 characters")
const now = () => BigInt(Date.now())

const system = (): Target<null> => ({ securable: { kind: 'System' }, row: null })
const here = (ctx: Ctx): Target<null> => ({ securable: { kind: 'Workspace', id: ctx.workspace.id }, row: null })
const self = (): Target<null> => ({ securable: { kind: 'Self' }, row: null })

/** Those one is a member of; all of them for who manages the installation. */
export const listWorkspaces = operation({
  name: 'workspace.list',
  input: z.object({}),
  action: 'read',
  on: self,
  run: (ctx): Promise<Workspace[]> =>
    ctx.db.prisma.workspace.findMany({
      where: {
        archivedAt: null,
        ...(ctx.standing.isBound ? { id: ctx.workspace.id } : !ctx.standing.isSystemAdmin && placesOf(ctx.actor.id ?? -1)),
      },
      orderBy: { id: 'asc' },
    }),
})

/** For who manages the installation: only they can take one back. */
export const listArchived = operation({
  name: 'workspace.list-archived',
  input: z.object({}),
  action: 'read',
  on: system,
  run: (ctx): Promise<Workspace[]> =>
    ctx.db.prisma.workspace.findMany({ where: { archivedAt: { not: null } }, orderBy: { archivedAt: 'desc' } }),
})

async function named(ctx: Ctx, name: string): Promise<Workspace> {
  const all = await listWorkspaces.run(ctx, {}, null)
  const found = all.find((each) => each.name === name)
  if (!found) throw notFound(`Workspace '${name}' not found`)
  return found
}

export const getWorkspace = operation({
  name: 'workspace.get',
  input: z.object({ name: required }),
  action: 'read',
  on: self,
  run: (ctx, { name }) => named(ctx, name),
})

export const createWorkspace = operation({
  name: 'workspace.create',
  input: z.object({ name, description: description.nullish() }),
  action: 'create',
  on: system,
  async run(ctx, { name, description }): Promise<Workspace> {
    const known = await ctx.db.prisma.workspace.findUnique({ where: { name } })
    if (known) throw new AppError('RESOURCE_ALREADY_EXISTS', `Workspace '${name}' already exists.`, { field: 'name' })
    const workspace = await ctx.db.prisma.workspace.create({
      data: {
        name,
        description: description ?? '',
        createdAt: now(),
        ...(ctx.actor.id !== undefined && { members: { create: { accountId: ctx.actor.id, role: 'ADMIN', addedAt: now() } } }),
      },
    })
    changed(ctx)
    return workspace
  },
})

const onNamed = async (ctx: Ctx, { workspace }: { workspace: string }): Promise<Target<Workspace>> => {
  const row = await named(ctx, workspace)
  // Whoever is its admin, or the installation's: in another workspace than the request's it is the installation's only.
  return { securable: row.id === ctx.workspace.id ? { kind: 'Workspace', id: row.id } : { kind: 'System' }, row }
}

/** A new name or description. The default's name stays: clients that know none ask for it. */
/** For the audit log. */
const workspaceState = (ctx: Ctx, _: unknown, { id }: Pick<Workspace, 'id'>) =>
  ctx.db.prisma.workspace.findUnique({ where: { id }, select: { name: true, description: true, archivedAt: true } })

export const updateWorkspace = operation({
  name: 'workspace.update',
  input: z.object({ workspace: required, name: name.nullish(), description: description.nullish() }),
  action: 'manage',
  on: onNamed,
  state: workspaceState,
  async run(ctx, { name, description }, row): Promise<Workspace> {
    if (name && name !== row.name) {
      if (row.id === 1) throw invalid("The workspace 'default' keeps its name: clients that know of no workspace ask for it.", 'name')
      if (await ctx.db.prisma.workspace.findUnique({ where: { name } }))
        throw new AppError('RESOURCE_ALREADY_EXISTS', `Workspace '${name}' already exists.`, { field: 'name' })
    }
    const updated = await ctx.db.prisma.workspace.update({
      where: { id: row.id },
      data: { ...(name && { name }), ...(description != null && { description }) },
    })
    changed(ctx)
    return updated
  },
})

/** It is offered to nobody and takes no request, with all it has, until it is taken back. */
export const archiveWorkspace = operation({
  name: 'workspace.archive',
  input: z.object({ workspace: required }),
  action: 'delete',
  on: async (ctx, { workspace }): Promise<Target<Workspace>> => ({ securable: { kind: 'System' }, row: await named(ctx, workspace) }),
  state: (ctx, input, row) => workspaceState(ctx, input, row),
  async run(ctx, _, row): Promise<Workspace> {
    if (row.id === 1) throw invalid("The workspace 'default' can't be archived: clients that know of no workspace ask for it.")
    const updated = await ctx.db.prisma.workspace.update({ where: { id: row.id }, data: { archivedAt: now() } })
    changed(ctx)
    return updated
  },
})

export const restoreWorkspace = operation({
  name: 'workspace.restore',
  input: z.object({ workspace: required }),
  action: 'edit',
  on: system,
  state: async (ctx, { workspace }) => {
    const row = await ctx.db.prisma.workspace.findUnique({ where: { name: workspace } })
    return row && { archivedAt: row.archivedAt }
  },
  async run(ctx, { workspace }): Promise<Workspace> {
    const row = await ctx.db.prisma.workspace.findUnique({ where: { name: workspace } })
    if (!row) throw notFound(`Workspace '${workspace}' not found`)
    const updated = await ctx.db.prisma.workspace.update({ where: { id: row.id }, data: { archivedAt: null } })
    changed(ctx)
    return updated
  },
})

export type MemberWithAccount = Member & { account: Account }

export const listMembers = operation({
  name: 'member.list',
  input: z.object({}),
  action: 'read',
  on: here,
  run: (ctx): Promise<MemberWithAccount[]> =>
    ctx.db.prisma.member.findMany({
      where: { workspaceId: ctx.workspace.id },
      include: { account: true },
      orderBy: { account: { name: 'asc' } },
    }),
})

/** For the audit log. */
const memberState = (ctx: Ctx, { account }: { account: string }) =>
  ctx.db.prisma.member.findFirst({
    where: { workspaceId: ctx.workspace.id, account: { name: account.toLowerCase() } },
    select: { role: true },
  })

export const setMember = operation({
  name: 'member.set',
  input: z.object({ account: required, role: z.enum(roles as [Role, ...Role[]]) }),
  action: 'manage',
  on: here,
  state: memberState,
  async run(ctx, { account: called, role }): Promise<MemberWithAccount> {
    const account = await findAccount(ctx, { name: called })
    const { id: workspaceId } = ctx.workspace
    const member = await keepManaged(ctx.db, ctx.workspace, (tx) =>
      tx.member.upsert({
        where: { workspaceId_accountId: { workspaceId, accountId: account.id } },
        create: { workspaceId, accountId: account.id, role, addedAt: now() },
        // From now on no sign-in changes it.
        update: { role, bySso: false, ssoId: null },
        include: { account: true },
      }),
    )
    changed(ctx)
    return member
  },
})

/** What they were granted on single things goes too, and they leave its teams and roles. */
export const removeMember = operation({
  name: 'member.remove',
  input: z.object({ account: required }),
  action: 'manage',
  on: here,
  state: memberState,
  async run(ctx, { account: called }): Promise<void> {
    const account = await findAccount(ctx, { name: called })
    const where = { workspaceId: ctx.workspace.id, accountId: account.id }
    const { count } = await keepManaged(ctx.db, ctx.workspace, async (tx) => {
      const left = await tx.member.deleteMany({ where })
      await tx.accessGrant.deleteMany({ where })
      await tx.teamMember.deleteMany({ where: { accountId: account.id, team: { workspaceId: ctx.workspace.id } } })
      await tx.roleHolder.deleteMany({ where: { accountId: account.id, role: { workspaceId: ctx.workspace.id } } })
      return left
    })
    if (count === 0) throw notFound(`'${called}' is no member of the workspace '${ctx.workspace.name}'`)
    changed(ctx)
  },
})
