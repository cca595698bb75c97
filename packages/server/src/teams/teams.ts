/**
 * Teams: people of a workspace who are given things together: a role, grants on single things, roles of the workspace's own making. Always true:
 * a team is of one workspace, and who is in it is a member of that workspace by it.
 */
import type { Account, Team } from '@tidegate/db'
import { z } from 'zod'
import { type Role, roles } from '../access.ts'
import type { Ctx } from '../context.ts'
import { AppError, notFound } from '../errors.ts'
import { anyText, required } from '../fields.ts'
import { renameTeam } from '../gates/policy.sql.ts'
import { operation, type Target } from '../operation.ts'
import { keepManaged } from '../standing.ts'
import { changed, findAccount } from '../users/accounts.ts'

const name = required.pipe(z.string().trim().min(1).max(100, "'name' exceeds the maximum length of 100 characters"))
const description = anyText.max(2_000, "'description' exceeds the maximum length of 2000 characters")
const role = z.enum(roles as [Role, ...Role[]])

const here = (ctx: Ctx): Target<null> => ({ securable: { kind: 'Workspace', id: ctx.workspace.id }, row: null })

/** Of the request's workspace, by its name. */
export async function findTeam(ctx: Ctx, called: string): Promise<Team> {
  const found = await ctx.db.prisma.team.findUnique({ where: { workspaceId_name: { workspaceId: ctx.workspace.id, name: called } } })
  if (!found) throw notFound(`No team '${called}' exists`)
  return found
}

export type TeamWithMembers = Team & { members: Array<{ account: Account }> }
const withMembers = { members: { include: { account: true }, orderBy: { account: { name: 'asc' as const } } } }
const reread = (ctx: Ctx, { id }: Team): Promise<TeamWithMembers> =>
  ctx.db.prisma.team.findUniqueOrThrow({ where: { id }, include: withMembers })

export const listTeams = operation({
  name: 'team.list',
  input: z.object({}),
  action: 'read',
  on: here,
  run: (ctx): Promise<TeamWithMembers[]> =>
    ctx.db.prisma.team.findMany({ where: { workspaceId: ctx.workspace.id }, include: withMembers, orderBy: { name: 'asc' } }),
})

const taken = (wanted: string) => new AppError('RESOURCE_ALREADY_EXISTS', `A team '${wanted}' exists already.`, { field: 'name' })
const orTaken = (wanted: string) => (error: { code?: string }) => {
  throw error.code === 'P2002' ? taken(wanted) : error
}

/** For the audit log. */
async function teamState(ctx: Ctx, _: unknown, { id }: Pick<Team, 'id'>) {
  const found = await ctx.db.prisma.team.findUnique({ where: { id }, include: withMembers })
  return (
    found && { name: found.name, description: found.description, role: found.role, members: found.members.map((it) => it.account.name) }
  )
}

export const createTeam = operation({
  name: 'team.create',
  input: z.object({ name, description: description.nullish(), role: role.nullish() }),
  action: 'manage',
  on: here,
  async run(ctx, { name, description, role }): Promise<TeamWithMembers> {
    const data = { workspaceId: ctx.workspace.id, name, description: description ?? '', role: role ?? null, createdAt: BigInt(Date.now()) }
    const team = await ctx.db.prisma.team.create({ data }).catch(orTaken(name))
    changed(ctx)
    return reread(ctx, team)
  },
})

const onTeam = async (ctx: Ctx, { team }: { team: string }): Promise<Target<Team>> => ({ ...here(ctx), row: await findTeam(ctx, team) })

/** A new name, description or role; a role of null takes it. */
export const updateTeam = operation({
  name: 'team.update',
  input: z.object({ team: required, name: name.nullish(), description: description.nullish(), role: role.nullish() }),
  action: 'manage',
  on: onTeam,
  state: teamState,
  async run(ctx, { name, description, role }, { id, name: before }): Promise<TeamWithMembers> {
    const data = { ...(name && { name }), ...(description != null && { description }), ...(role !== undefined && { role }) }
    const updated = await keepManaged(ctx.db, ctx.workspace, (tx) => tx.team.update({ where: { id }, data })).catch(orTaken(name ?? ''))
    if (name && name !== before) await renameTeam(ctx.db, ctx.workspace.id, { from: before, to: name })
    changed(ctx)
    return reread(ctx, updated)
  },
})

/** What it was given goes with it. */
export const deleteTeam = operation({
  name: 'team.delete',
  input: z.object({ team: required }),
  action: 'manage',
  on: onTeam,
  state: teamState,
  async run(ctx, _, { id }): Promise<void> {
    await keepManaged(ctx.db, ctx.workspace, (tx) => tx.team.deleteMany({ where: { id } }))
    changed(ctx)
  },
})

const place = z.object({ team: required, account: required })

export const joinTeam = operation({
  name: 'team.join',
  input: place,
  action: 'manage',
  on: onTeam,
  state: teamState,
  async run(ctx, { account: called }, team): Promise<TeamWithMembers> {
    const account = await findAccount(ctx, { name: called })
    const key = { teamId: team.id, accountId: account.id }
    await ctx.db.prisma.teamMember.upsert({ where: { teamId_accountId: key }, create: key, update: {} })
    changed(ctx)
    return reread(ctx, team)
  },
})

export const leaveTeam = operation({
  name: 'team.leave',
  input: place,
  action: 'manage',
  on: onTeam,
  state: teamState,
  async run(ctx, { account: called }, team): Promise<TeamWithMembers> {
    const account = await findAccount(ctx, { name: called })
    const where = { teamId: team.id, accountId: account.id }
    const { count } = await keepManaged(ctx.db, ctx.workspace, (tx) => tx.teamMember.deleteMany({ where }))
    if (count === 0) throw notFound(`'${called}' is not in the team '${team.name}'`)
    changed(ctx)
    return reread(ctx, team)
  },
})
