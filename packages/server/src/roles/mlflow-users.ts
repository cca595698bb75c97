/**
 * What MLflow's AuthServiceClient asks that has no like elsewhere: users with a password from the start, and what somebody may do with one thing,
 * as one of MLflow's levels. Always true: a user made so may do here what MLflow's own server lets them: read all, and make experiments of their own.
 */
import type { Account, RoleRule } from '@tidegate/db'
import { z } from 'zod'
import { type Action, may, type Permission, type Securable } from '../access.ts'
import type { Ctx } from '../context.ts'
import { AppError } from '../errors.ts'
import { experimentNumber, required } from '../fields.ts'
import { operation, type Target } from '../operation.ts'
import { checkStrength, hashPassword } from '../passwords.ts'
import { findModel } from '../registry/registered-models.sql.ts'
import { heldBy } from '../standing.ts'
import { accountName, changed, findAccount } from '../users/accounts.ts'
import { listRoles, type WholeRole } from './roles.ts'

const roleName = 'mlflow-users'

/** The role that stands for MLflow's default permission; made when it is first needed, then the workspace's own. */
async function ensureRole(ctx: Ctx): Promise<number> {
  const { customRole } = ctx.db.prisma
  const where = { workspaceId_name: { workspaceId: ctx.workspace.id, name: roleName } }
  const made = customRole.create({
    data: {
      workspaceId: ctx.workspace.id,
      name: roleName,
      description: "Made by MLflow's create_user: they see all, and make experiments of their own.",
      createdAt: BigInt(Date.now()),
      rules: { create: { kind: 'Workspace', permission: 'USE' } },
    },
  })
  return ((await customRole.findUnique({ where })) ?? (await made.catch(() => customRole.findUniqueOrThrow({ where })))).id
}

export const createUser = operation({
  name: 'account.create-user',
  input: z.object({ name: accountName, password: required.max(1_000) }),
  action: 'create',
  on: (): Target<null> => ({ securable: { kind: 'System' }, row: null }),
  async run(ctx, { name, password }): Promise<Account> {
    checkStrength(password, name)
    const [hash, roleId] = [await hashPassword(password), await ensureRole(ctx)]
    const data = { name, password: hash, createdAt: BigInt(Date.now()), roles: { create: { roleId } } }
    const account = await ctx.db.prisma.account.create({ data }).catch((error: { code?: string }) => {
      if (error.code !== 'P2002') throw error
      throw new AppError('RESOURCE_ALREADY_EXISTS', `User (username=${name}) already exists.`, { field: 'username' })
    })
    changed(ctx)
    return account
  },
})

/** Oneself, or whoever one manages the workspace of. */
const onUser = (ctx: Ctx, { name }: { name: string }): Target<null> => ({
  securable: name.toLowerCase() === ctx.actor.name ? { kind: 'Self' } : { kind: 'Workspace', id: ctx.workspace.id },
  row: null,
})

const levels: Array<[Action, Permission]> = [
  ['manage', 'MANAGE'],
  ['edit', 'EDIT'],
  ['read', 'READ'],
]

export const resourceTypes = { experiment: 'Experiment', registered_model: 'RegisteredModel', workspace: 'Workspace' } as const

/** The highest of MLflow's levels that they have. What does not exist they may do nothing with. */
export const permissionOf = operation({
  name: 'account.permission',
  input: z.object({ name: required, kind: z.enum(['Experiment', 'RegisteredModel', 'Workspace']), id: required }),
  action: 'manage',
  on: onUser,
  async run(ctx, { name, kind, id }): Promise<Permission> {
    const account = await findAccount(ctx, { name })
    const workspaceId = ctx.workspace.id
    const { ability } = await heldBy(ctx.db, account, workspaceId)
    if (account.disabledAt !== null) return 'NO_PERMISSIONS'
    if (kind === 'Workspace') {
      const on: Securable = { kind, id: workspaceId }
      if (may(ability, 'manage', on)) return 'MANAGE'
      return may(ability, 'create', on) ? 'USE' : may(ability, 'read', on) ? 'READ' : 'NO_PERMISSIONS'
    }
    const number = kind === 'Experiment' ? await existing(ctx, id) : (await findModel(ctx.db, workspaceId, id))?.id
    if (number === undefined) return 'NO_PERMISSIONS'
    return levels.find(([action]) => may(ability, action, { kind, id: number, workspaceId }))?.[1] ?? 'NO_PERMISSIONS'
  },
})

async function existing(ctx: Ctx, id: string): Promise<number | undefined> {
  const where = { id: experimentNumber(id), workspaceId: ctx.workspace.id, purgedAt: null }
  return (await ctx.db.prisma.experiment.findUnique({ where, select: { id: true } }))?.id
}

/** The roles that somebody holds in this workspace, their teams' too; and what they were granted themselves. */
export const listUserRoles = operation({
  name: 'account.roles',
  input: z.object({ name: required }),
  action: 'manage',
  on: onUser,
  async run(ctx, { name }): Promise<{ account: Account; roles: WholeRole[]; granted: RoleRule[] }> {
    const account = await findAccount(ctx, { name })
    const [roles, grants, teams] = await Promise.all([
      listRoles.run(ctx, {}, ctx.workspace.id),
      ctx.db.prisma.accessGrant.findMany({
        where: { accountId: account.id, workspaceId: ctx.workspace.id },
        orderBy: [{ kind: 'asc' }, { objectId: 'asc' }],
      }),
      ctx.db.prisma.teamMember.findMany({ where: { accountId: account.id } }),
    ])
    const holds = (it: WholeRole['holders'][number]) => it.accountId === account.id || teams.some(({ teamId }) => teamId === it.teamId)
    const granted = grants.map(({ kind, objectId, permission }, i) => ({
      id: -1 - i,
      roleId: 0,
      kind,
      objectId,
      permission,
      tags: {},
      stage: null,
      alias: null,
      isOwn: false,
    }))
    return { account, roles: roles.filter(({ holders }) => holders.some(holds)), granted }
  },
})
