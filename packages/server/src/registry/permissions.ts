/**
 * Who may do what with one registered model, or by a level on all of them, read and written whole: what Databricks' clients ask, who name models by
 * number. Always true: what one asks for is done in one transaction; a level on all models is a role of the workspace's own making, which one
 * manages as any other; and what is taken from somebody (NO_PERMISSIONS) stays until they are given something.
 */
import type { Account, Prisma, Team } from '@tidegate/db'
import { z } from 'zod'
import { levelOfRole, type Permission, permissions, type Role } from '../access.ts'
import type { Ctx } from '../context.ts'
import { invalid, notFound } from '../errors.ts'
import { required } from '../fields.ts'
import { operation, type Target } from '../operation.ts'
import { findTeam } from '../teams/teams.ts'
import { changed, findAccount } from '../users/accounts.ts'
import { type RegisteredModel, readModels } from './registered-models.sql.ts'
import { securableOf } from './targets.ts'

/** In place of a model's number: all models of the workspace. */
export const all = 'root'
/** What can be given on all of them. */
const levels = ['READ', 'ADD_VERSIONS', 'MANAGE_STAGING', 'MANAGE_PRODUCTION', 'MANAGE'] as const satisfies Permission[]
const roleNamed = (permission: Permission) => `registered-models ${permission}`

export interface Given {
  who: { account: Account } | { team: Team }
  permission: Permission
  /** Given on this one, on all models, or by a role in the workspace. */
  by: 'grant' | 'level' | 'role'
}

export interface Standings {
  /** Null: of all models. */
  model: RegisteredModel | null
  given: Given[]
}

const number = (id: string) => (/^\d{1,9}$/.test(id) ? Number(id) : -1)

async function onNumbered(ctx: Ctx, { id }: { id: string }): Promise<Target<RegisteredModel | null>> {
  if (id === all) return { securable: { kind: 'Workspace', id: ctx.workspace.id }, row: null }
  const unseen = () => notFound(`Registered Model with id=${id} not found`)
  const [row] = await readModels(ctx.db, [number(id)])
  if (row?.workspaceId !== ctx.workspace.id) throw unseen()
  return { securable: securableOf(row), row, unseen }
}

const holders = { include: { account: true, team: true }, orderBy: { id: 'asc' as const } }
const who = ({ account, team }: { account: Account | null; team: Team | null }) => (team ? { team } : { account: account! })

/** Of those on all models: who holds a role of such a name, and whose role in the workspace says as much. */
async function givenOnAll({ db, workspace }: Ctx): Promise<Given[]> {
  const where = { workspaceId: workspace.id }
  const [roles, members, teams] = await Promise.all([
    db.prisma.customRole.findMany({ where: { ...where, name: { in: levels.map(roleNamed) } }, include: { holders } }),
    db.prisma.member.findMany({ where, include: { account: true }, orderBy: { account: { name: 'asc' } } }),
    db.prisma.team.findMany({ where: { ...where, NOT: { role: null } }, orderBy: { name: 'asc' } }),
  ])
  return [
    ...roles.flatMap(({ name, holders }) =>
      holders.map((it): Given => ({ who: who(it), permission: levels.find((each) => roleNamed(each) === name)!, by: 'level' })),
    ),
    ...members.map(({ account, role }): Given => ({ who: { account }, permission: levelOfRole[role as Role], by: 'role' })),
    ...teams.map((team): Given => ({ who: { team }, permission: levelOfRole[team.role as Role], by: 'role' })),
  ]
}

async function readAll(ctx: Ctx, model: RegisteredModel | null): Promise<Standings> {
  const onAll = await givenOnAll(ctx)
  if (!model) return { model, given: onAll }
  const where = { kind: 'RegisteredModel', objectId: model.id }
  const [people, teams] = await Promise.all([
    ctx.db.prisma.accessGrant.findMany({ where, include: { account: true }, orderBy: { account: { name: 'asc' } } }),
    ctx.db.prisma.teamGrant.findMany({ where, include: { team: true }, orderBy: { team: { name: 'asc' } } }),
  ])
  const granted = [...people.map((it) => ({ ...it, team: null })), ...teams.map((it) => ({ ...it, account: null }))]
  return {
    model,
    given: [...granted.map((it): Given => ({ who: who(it), permission: it.permission as Permission, by: 'grant' })), ...onAll],
  }
}

/** What can be given on it. */
export const listLevels = operation({
  name: 'model-access.levels',
  input: z.object({ id: required }),
  action: 'read',
  on: onNumbered,
  run: (): readonly Permission[] => levels,
})

export const getModelAccess = operation({
  name: 'model-access.get',
  input: z.object({ id: required }),
  action: 'manage',
  on: onNumbered,
  run: (ctx, _, model) => readAll(ctx, model),
})

/** For the audit log: what was given there, not what a role gives anyway. */
async function accessState(ctx: Ctx, _: unknown, model: RegisteredModel | null) {
  const { given } = await readAll(ctx, model)
  const own = given.filter(({ by }) => by === (model ? 'grant' : 'level'))
  return { given: own.map(({ who, permission }) => `${'team' in who ? `team ${who.team.name}` : who.account.name}: ${permission}`) }
}

type Holder = { accountId: number } | { teamId: number }
type Tx = Prisma.TransactionClient

const entry = z
  .object({ account: required.nullish(), team: required.nullish(), permission: z.enum(levels) })
  .refine(({ account, team }) => !account !== !team, { message: "Give 'account' or 'team': one of them.", params: { plain: true } })

/** `replaces`: who is not named is given nothing there any more. Else they keep what they have. */
export const setModelAccess = operation({
  name: 'model-access.set',
  input: z.object({ id: required, entries: z.array(entry).max(200), replaces: z.boolean() }),
  action: 'manage',
  on: onNumbered,
  state: accessState,
  async run(ctx, { entries, replaces }, model): Promise<Standings> {
    // Of one who is named twice the higher counts.
    const wanted = new Map<string, { holder: Holder; permission: Permission }>()
    const order = Object.keys(permissions)
    for (const { account, team, permission } of entries) {
      const holder: Holder = account
        ? { accountId: (await findAccount(ctx, { name: account })).id }
        : { teamId: (await findTeam(ctx, team!)).id }
      const key = JSON.stringify(holder)
      const before = wanted.get(key)
      if (!before || order.indexOf(before.permission) < order.indexOf(permission)) wanted.set(key, { holder, permission })
    }
    const each = [...wanted.values()]
    await ctx.db.prisma.$transaction((tx) => (model ? setOnOne(tx, model, each, replaces) : setOnAll(tx, ctx.workspace.id, each, replaces)))
    changed(ctx)
    return readAll(ctx, model)
  },
})

async function setOnOne(
  tx: Tx,
  { id: objectId, workspaceId }: RegisteredModel,
  wanted: Array<{ holder: Holder; permission: Permission }>,
  replaces: boolean,
): Promise<void> {
  const kind = 'RegisteredModel'
  if (replaces) {
    const where = { kind, objectId, NOT: { permission: 'NO_PERMISSIONS' } }
    const named = (key: 'accountId' | 'teamId') =>
      wanted.flatMap(({ holder }) => (key in holder ? [(holder as Record<string, number>)[key]!] : []))
    await tx.accessGrant.deleteMany({ where: { ...where, accountId: { notIn: named('accountId') } } })
    await tx.teamGrant.deleteMany({ where: { ...where, teamId: { notIn: named('teamId') } } })
  }
  for (const { holder, permission } of wanted) {
    const on = { kind, objectId }
    if ('accountId' in holder) {
      const before = await tx.accessGrant.findUnique({ where: { accountId_kind_objectId: { ...holder, ...on } } })
      if (keeps(before?.permission, permission)) continue
      const where = { accountId_kind_objectId: { ...holder, ...on } }
      await tx.accessGrant.upsert({ where, create: { ...holder, ...on, workspaceId, permission }, update: { permission } })
    } else {
      const where = { teamId_kind_objectId: { ...holder, ...on } }
      const before = await tx.teamGrant.findUnique({ where })
      if (keeps(before?.permission, permission)) continue
      await tx.teamGrant.upsert({ where, create: { ...holder, ...on, workspaceId, permission }, update: { permission } })
    }
  }
}

/** MLflow's levels that are called the same here: who writes back what was read takes nothing by it. */
const keeps = (before: string | undefined, now: Permission): boolean =>
  (before === 'EDIT' && now === 'MANAGE_PRODUCTION') || (before === 'USE' && now === 'READ')

async function setOnAll(
  tx: Tx,
  workspaceId: number,
  wanted: Array<{ holder: Holder; permission: Permission }>,
  replaces: boolean,
): Promise<void> {
  const named = levels.map(roleNamed)
  const known = await tx.customRole.findMany({ where: { workspaceId, name: { in: named } }, include: { rules: true } })
  const ofOne = ({ rules }: (typeof known)[number]) => rules.some(({ kind, objectId }) => kind !== 'RegisteredModel' || objectId !== null)
  const odd = known.find(ofOne)
  if (odd) throw invalid(`The role '${odd.name}' has rules of other things than all models: change or rename it first.`)
  const role = { workspaceId, name: { in: named } }
  await tx.roleHolder.deleteMany({ where: { role, ...(!replaces && { OR: wanted.map(({ holder }) => holder) }) } })
  for (const { holder, permission } of wanted) {
    const name = roleNamed(permission)
    const { id: roleId } =
      (await tx.customRole.findUnique({ where: { workspaceId_name: { workspaceId, name } } })) ??
      (await tx.customRole.create({
        data: {
          ...{ workspaceId, name, createdAt: BigInt(Date.now()) },
          description: 'Made by a client that gave somebody a level on all registered models.',
          rules: { create: { kind: 'RegisteredModel', permission } },
        },
      }))
    await tx.roleHolder.create({ data: { roleId, ...holder } })
  }
}
