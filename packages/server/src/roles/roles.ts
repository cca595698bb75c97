/**
 * Roles of a workspace's own making: rules that give and take, on all of a kind, on one thing, or on what has certain tags, a stage, an alias, or
 * was made by who holds it; held by people and by teams. What they mean is in access.ts. Always true: a rule about one thing is about one of the role's workspace.
 *
 * A role is found by its number alone, because MLflow's clients ask so. In another workspace than the request's it is the business of who manages
 * the installation, and for anybody else it is not there.
 */
import type { Account, CustomRole, RoleHolder, RoleRule, Team, Workspace } from '@tidegate/db'
import { z } from 'zod'
import { fits, type Permission, permissions } from '../access.ts'
import type { Ctx } from '../context.ts'
import { AppError, invalid, notFound } from '../errors.ts'
import { anyText, experimentNumber, key, required } from '../fields.ts'
import { operation, type Target } from '../operation.ts'
import { findModel, readModels } from '../registry/registered-models.sql.ts'
import { isAll, keepManaged, type Which } from '../standing.ts'
import { findTeam } from '../teams/teams.ts'
import { changed, findAccount } from '../users/accounts.ts'

const name = required.pipe(z.string().trim().min(1).max(100, "'name' exceeds the maximum length of 100 characters"))
const description = anyText.max(2_000, "'description' exceeds the maximum length of 2000 characters")
const number = (text: string) => (/^\d{1,9}$/.test(text) ? Number(text) : -1)
/** What rules are about. */
export const kinds = ['Workspace', 'Experiment', 'RegisteredModel'] as const
export type RuleKind = (typeof kinds)[number]
const permission = z.enum(Object.keys(permissions) as [Permission, ...Permission[]])

export type WholeRole = CustomRole & {
  workspace: Workspace
  rules: RoleRule[]
  holders: Array<RoleHolder & { account: Account | null; team: Team | null }>
}
const whole = {
  workspace: true,
  rules: { orderBy: { id: 'asc' as const } },
  holders: { include: { account: true, team: true }, orderBy: { id: 'asc' as const } },
}

const here = (ctx: Ctx): Target<null> => ({ securable: { kind: 'Workspace', id: ctx.workspace.id }, row: null })
const unseen = (id: string) => notFound(`No role with id=${id} exists`)

const reachable = (ctx: Ctx) => (ctx.standing.isSystemAdmin ? {} : { workspaceId: ctx.workspace.id })

async function roleTarget(ctx: Ctx, id: string): Promise<Target<WholeRole>> {
  // Of another's no more is read than of none: nobody learns by the time it takes that it is there.
  const row = await ctx.db.prisma.customRole.findUnique({ where: { id: number(id), ...reachable(ctx) }, include: whole })
  if (!row) throw unseen(id)
  const isHere = row.workspaceId === ctx.workspace.id
  return { securable: isHere ? { kind: 'Workspace', id: row.workspaceId } : { kind: 'System' }, row, unseen: () => unseen(id) }
}

/** The rule's role, where it may be seen. */
async function ruleTarget(ctx: Ctx, id: string): Promise<Target<RoleRule & { role: WholeRole }>> {
  const rule = await ctx.db.prisma.roleRule.findUnique({ where: { id: number(id), role: reachable(ctx) } })
  const none = () => notFound(`No rule with id=${id} exists`)
  if (!rule) throw none()
  const { securable, row } = await roleTarget(ctx, String(rule.roleId)).catch(() => {
    throw none()
  })
  return { securable, row: { ...rule, role: row }, unseen: none }
}

/** By its name, for who speaks of the workspace in the request. Of another, only who manages the installation. */
async function placeOf(ctx: Ctx, workspace: string | undefined): Promise<Target<number>> {
  if (workspace === undefined || workspace === ctx.workspace.name) return { ...here(ctx), row: ctx.workspace.id }
  const found = ctx.standing.isSystemAdmin ? await ctx.db.prisma.workspace.findUnique({ where: { name: workspace } }) : null
  if (!found) throw notFound(`No workspace '${workspace}' exists`)
  return { securable: { kind: 'System' }, row: found.id }
}

/** What rules are about, as one calls it: a model by its name, all else by its number. Null: each of its kind. */
export async function namesOf(ctx: Ctx, rules: readonly RoleRule[]): Promise<Map<number, string | null>> {
  const ids = rules.flatMap(({ kind, objectId }) => (kind === 'RegisteredModel' && objectId !== null ? [objectId] : []))
  const models = ids.length ? new Map((await readModels(ctx.db, ids)).map(({ id, name }) => [id, name])) : undefined
  return new Map(
    rules.map(({ id, kind, objectId }) => [
      id,
      objectId === null ? null : ((kind === 'RegisteredModel' ? models?.get(objectId) : undefined) ?? String(objectId)),
    ]),
  )
}

const reread = (ctx: Ctx, id: number): Promise<WholeRole> => ctx.db.prisma.customRole.findUniqueOrThrow({ where: { id }, include: whole })

/** For the audit log. */
async function roleState(ctx: Ctx, _: unknown, { id }: Pick<WholeRole, 'id'>) {
  const found = await ctx.db.prisma.customRole.findUnique({ where: { id }, include: whole })
  if (!found) return null
  const { name, description, rules, holders } = found
  return {
    ...{ name, description },
    rules: rules.map(({ id: _, roleId: __, ...rule }) => rule),
    holders: holders.map(({ accountId, teamId }) => (teamId === null ? `account ${accountId}` : `team ${teamId}`)),
  }
}

export const listRoles = operation({
  name: 'role.list',
  input: z.object({ workspace: required.nullish() }),
  action: 'read',
  on: (ctx, { workspace }) => placeOf(ctx, workspace ?? undefined),
  run: (ctx, _, workspaceId): Promise<WholeRole[]> =>
    ctx.db.prisma.customRole.findMany({ where: { workspaceId }, include: whole, orderBy: { name: 'asc' } }),
})

/** Of all workspaces. */
export const listAllRoles = operation({
  name: 'role.list-all',
  input: z.object({}),
  action: 'read',
  on: (): Target<null> => ({ securable: { kind: 'System' }, row: null }),
  run: (ctx): Promise<WholeRole[]> => ctx.db.prisma.customRole.findMany({ include: whole, orderBy: { id: 'asc' } }),
})

export const getRole = operation({
  name: 'role.get',
  input: z.object({ role: required }),
  action: 'read',
  on: (ctx, { role }) => roleTarget(ctx, role),
  run: (_ctx, _, row) => row,
})

const orTaken = (wanted: string) => (error: { code?: string }) => {
  if (error.code !== 'P2002') throw error
  throw new AppError('RESOURCE_ALREADY_EXISTS', `A role '${wanted}' exists already.`, { field: 'name' })
}

export const createRole = operation({
  name: 'role.create',
  input: z.object({ workspace: required.nullish(), name, description: description.nullish() }),
  action: 'manage',
  on: (ctx, { workspace }) => placeOf(ctx, workspace ?? undefined),
  async run(ctx, { name, description }, workspaceId): Promise<WholeRole> {
    const data = { workspaceId, name, description: description ?? '', createdAt: BigInt(Date.now()) }
    const { id } = await ctx.db.prisma.customRole.create({ data }).catch(orTaken(name))
    changed(ctx)
    return reread(ctx, id)
  },
})

export const updateRole = operation({
  name: 'role.update',
  input: z
    .object({ role: required, name: name.nullish(), description: description.nullish() })
    .refine(({ name, description }) => name != null || description != null, {
      message: "At least one of 'name' or 'description' must be provided to update a role.",
      params: { plain: true },
    }),
  action: 'manage',
  on: (ctx, { role }) => roleTarget(ctx, role),
  state: (ctx, input, row) => roleState(ctx, input, row),
  async run(ctx, { name, description }, { id }): Promise<WholeRole> {
    const data = { ...(name != null && { name }), ...(description != null && { description }) }
    await ctx.db.prisma.customRole.update({ where: { id }, data }).catch(orTaken(name ?? ''))
    changed(ctx)
    return reread(ctx, id)
  },
})

/** Nobody holds it any more. */
export const deleteRole = operation({
  name: 'role.delete',
  input: z.object({ role: required }),
  action: 'manage',
  on: (ctx, { role }) => roleTarget(ctx, role),
  state: (ctx, input, row) => roleState(ctx, input, row),
  async run(ctx, _, { id, workspace }): Promise<void> {
    await keepManaged(ctx.db, workspace, (tx) => tx.customRole.deleteMany({ where: { id } }))
    changed(ctx)
  },
})

/** Throws where a rule would mean nothing. */
function checkRule({ kind, permission, objectId, ...which }: Which & { kind: RuleKind; permission: Permission; objectId?: string }): void {
  if (kind === 'Workspace' && permission !== 'USE' && permission !== 'MANAGE')
    throw invalid(`On the workspace a rule gives USE (to be in it, and make things) or MANAGE, not ${permission}.`, 'permission')
  if (!fits(permission, kind)) throw invalid(`${permission} is a level of registered models.`, 'permission')
  if (kind === 'Workspace' && objectId !== undefined) throw invalid('A rule on the workspace is about the one that the role is of.', 'id')
  if (kind === 'Workspace' && !isAll(which)) throw invalid('Only rules on experiments and models ask about tags.', 'tags')
  if (kind === 'Experiment' && !isAll({ ...which, tags: {} }))
    throw invalid('Only rules on models ask about a stage, an alias or who made it. Who made an experiment manages it.', 'kind')
  if (objectId !== undefined && !isAll(which))
    throw invalid('A rule is about one thing, or about those with some tags, or a stage, an alias, a maker: not both.', 'tags')
}

/** The number of the thing that a rule is about: an experiment by its id, a model by its name. Throws where the role's workspace has none such. */
async function numberOf(ctx: Ctx, kind: RuleKind, objectId: string, workspaceId: number): Promise<number> {
  const found =
    kind === 'Experiment'
      ? await ctx.db.prisma.experiment.findUnique({
          where: { id: experimentNumber(objectId), workspaceId, purgedAt: null },
          select: { id: true },
        })
      : await findModel(ctx.db, workspaceId, objectId)
  if (!found)
    throw notFound(kind === 'Experiment' ? `No Experiment with id=${objectId} exists` : `Registered Model with name=${objectId} not found`)
  return found.id
}

export const addRule = operation({
  name: 'role.add-rule',
  input: z.object({
    role: required,
    kind: z.enum(kinds),
    objectId: required.nullish(),
    permission,
    tags: z
      .array(z.object({ key, value: anyText.max(5_000) }))
      .max(20)
      .nullish(),
    /** Of models those with a version in this stage. */
    stage: required.max(100).nullish(),
    alias: required.max(256).nullish(),
    /** Of models those that the holder made. */
    isOwn: z.boolean().nullish(),
  }),
  action: 'manage',
  on: (ctx, { role }) => roleTarget(ctx, role),
  state: (ctx, input, row) => roleState(ctx, input, row),
  async run(ctx, { kind, objectId, permission, tags: given, stage, alias, isOwn }, { id: roleId, workspaceId }): Promise<RoleRule> {
    const tags = Object.fromEntries((given ?? []).map(({ key, value }) => [key, value]))
    const which = { tags, stage: stage ?? null, alias: alias ?? null, isOwn: isOwn ?? false }
    checkRule({ kind, permission, ...which, ...(objectId != null && { objectId }) })
    const about = objectId == null ? null : await numberOf(ctx, kind, objectId, workspaceId)
    const rule = await ctx.db.prisma.roleRule.create({ data: { roleId, kind, objectId: about, permission, ...which } })
    changed(ctx)
    return rule
  },
})

export const updateRule = operation({
  name: 'role.update-rule',
  input: z.object({ rule: required, permission }),
  action: 'manage',
  on: (ctx, { rule }) => ruleTarget(ctx, rule),
  state: (ctx, _, { role }) => roleState(ctx, _, role),
  async run(ctx, { permission }, { id, kind, tags, stage, alias, isOwn, role }): Promise<RoleRule> {
    checkRule({ kind: kind as RuleKind, permission, tags: tags as Which['tags'], stage, alias, isOwn })
    const rule = await keepManaged(ctx.db, role.workspace, (tx) => tx.roleRule.update({ where: { id }, data: { permission } }))
    changed(ctx)
    return rule
  },
})

/** Returns what is left of the role. */
export const removeRule = operation({
  name: 'role.remove-rule',
  input: z.object({ rule: required }),
  action: 'manage',
  on: (ctx, { rule }) => ruleTarget(ctx, rule),
  state: (ctx, _, { role }) => roleState(ctx, _, role),
  async run(ctx, _, { id, role }): Promise<WholeRole> {
    await keepManaged(ctx.db, role.workspace, (tx) => tx.roleRule.deleteMany({ where: { id } }))
    changed(ctx)
    return reread(ctx, role.id)
  },
})

const holding = z
  .object({ role: required, account: required.nullish(), team: required.nullish() })
  .refine(({ account, team }) => !account !== !team, { message: "Give 'account' or 'team': one of them.", params: { plain: true } })

export type Holding = { id: number; roleId: number; accountId: number | null; role: WholeRole }

async function holderOf(ctx: Ctx, { account, team }: z.output<typeof holding>, role: WholeRole) {
  if (account) return { accountId: (await findAccount(ctx, { name: account })).id }
  const found = await findTeam(ctx, team!)
  if (found.workspaceId !== role.workspaceId) throw notFound(`No team '${team}' exists`)
  return { teamId: found.id }
}

export const assignRole = operation({
  name: 'role.assign',
  input: holding,
  action: 'manage',
  on: (ctx, { role }) => roleTarget(ctx, role),
  state: (ctx, input, row) => roleState(ctx, input, row),
  async run(ctx, input, role): Promise<Holding> {
    const who = await holderOf(ctx, input, role)
    const { roleHolder } = ctx.db.prisma
    const held =
      (await roleHolder.findFirst({ where: { roleId: role.id, ...who } })) ??
      // Of two at once one finds that the other was first, or that the role or who was to hold it is gone.
      (await roleHolder.create({ data: { roleId: role.id, ...who } }).catch(async () => {
        const other = await roleHolder.findFirst({ where: { roleId: role.id, ...who } })
        if (!other) throw notFound(`No role with id=${role.id}, or nobody called so, exists any more`)
        return other
      }))
    changed(ctx)
    return { ...held, role: await reread(ctx, role.id) }
  },
})

export const unassignRole = operation({
  name: 'role.unassign',
  input: holding,
  action: 'manage',
  on: (ctx, { role }) => roleTarget(ctx, role),
  state: (ctx, input, row) => roleState(ctx, input, row),
  async run(ctx, input, role): Promise<WholeRole> {
    const who = await holderOf(ctx, input, role)
    const where = { roleId: role.id, ...who }
    const { count } = await keepManaged(ctx.db, role.workspace, (tx) => tx.roleHolder.deleteMany({ where }))
    if (count === 0) throw notFound(`'${input.account ?? input.team}' does not hold the role '${role.name}'`)
    changed(ctx)
    return reread(ctx, role.id)
  },
})
