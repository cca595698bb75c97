/**
 * What an account holds in a workspace, read whole: its role and its teams', what both were granted, and the rules of the roles they hold.
 * Conditions are turned into ids here, so that rules and lists ask about ids only; `conditionsChanged` says when that has to be done anew.
 */
import type { Database, Prisma } from '@tidegate/db'
import {
  type Ability,
  type Actor,
  abilityOf,
  type Grant,
  type Permission,
  permissions,
  type Role,
  type Rule,
  roles,
  type Standing,
} from './access.ts'
import type { Kernel } from './context.ts'
import { invalid } from './errors.ts'
import { modelsThat } from './standing.sql.ts'

/** A workspace in which the account was given something, for Prisma's `where`. */
export const placesOf = (accountId: number) => ({
  OR: [
    { members: { some: { accountId } } },
    { grants: { some: { accountId } } },
    { teams: { some: { members: { some: { accountId } } } } },
    { roles: { some: { holders: { some: { accountId } } } } },
  ],
})

const managing = (workspaceId: number) => ({ role: { workspaceId, rules: { some: { kind: 'Workspace', permission: 'MANAGE' } } } })
/** Who manages a workspace by their own role, a team's, or one of its own making, for Prisma's `where`: people that may come, no programs. */
export const managersOf = (workspaceId: number) => ({
  disabledAt: null,
  serviceOf: null,
  OR: [
    { members: { some: { workspaceId, role: 'ADMIN' } } },
    { teams: { some: { team: { workspaceId, role: 'ADMIN' } } } },
    { roles: { some: managing(workspaceId) } },
    { teams: { some: { team: { workspaceId, roles: { some: managing(workspaceId) } } } } },
  ],
})

export const countManagers = (tx: Prisma.TransactionClient, workspaceId: number) => tx.account.count({ where: managersOf(workspaceId) })

/** The workspaces that nobody would manage without this account: by their names. */
export async function managedAlone(tx: Prisma.TransactionClient, accountId: number): Promise<Array<{ id: number; name: string }>> {
  const alone: Array<{ id: number; name: string }> = []
  for (const workspace of await tx.workspace.findMany({
    where: placesOf(accountId),
    select: { id: true, name: true },
    orderBy: { name: 'asc' },
  })) {
    const managers = await tx.account.findMany({ where: managersOf(workspace.id), select: { id: true }, take: 2 })
    if (managers.length === 1 && managers[0]!.id === accountId) alone.push(workspace)
  }
  return alone
}

/** Does it in a transaction. Throws, and nothing is done, where it would leave nobody who manages the workspace. */
export function keepManaged<T>(
  db: Database,
  { id, name }: { id: number; name: string },
  work: (tx: Prisma.TransactionClient) => Promise<T>,
): Promise<T> {
  return db.prisma.$transaction(async (tx) => {
    // Holds the workspace: of two who leave at once, the second sees that the first has gone.
    await tx.workspace.updateMany({ where: { id }, data: { id } })
    const before = await countManagers(tx, id)
    const done = await work(tx)
    if (before > 0 && (await countManagers(tx, id)) === 0)
      throw invalid(`Nobody would be left who manages the workspace '${name}'. Make somebody else an admin first.`)
    return done
  })
}

const levels = Object.keys(permissions) as Permission[]

export async function readStanding(
  db: Database,
  account: { id: number; name: string; isAdmin: boolean },
  workspaceId: number,
): Promise<Standing> {
  const { prisma } = db
  const mine = { members: { some: { accountId: account.id } } }
  const [member, own, teams, held] = await Promise.all([
    prisma.member.findUnique({ where: { workspaceId_accountId: { workspaceId, accountId: account.id } } }),
    prisma.accessGrant.findMany({ where: { workspaceId, accountId: account.id } }),
    prisma.team.findMany({ where: { workspaceId, ...mine }, include: { grants: true }, orderBy: { id: 'asc' } }),
    prisma.customRole.findMany({
      where: { workspaceId, holders: { some: { OR: [{ accountId: account.id }, { team: mine }] } } },
      include: { rules: { orderBy: { id: 'asc' } } },
      orderBy: { id: 'asc' },
    }),
  ])
  let role = member?.role as Role | undefined
  let roleVia: string | undefined
  const higher = (other: Role, via: string) => {
    if (role && roles.indexOf(other) <= roles.indexOf(role)) return
    role = other
    roleVia = via
  }
  const grants = new Map<string, Grant>()
  for (const team of teams) {
    const via = `the team '${team.name}'`
    if (team.role) higher(team.role as Role, via)
    for (const { kind, objectId, permission } of team.grants) {
      const before = grants.get(`${kind} ${objectId}`)
      if (before && levels.indexOf(before.permission) >= levels.indexOf(permission as Permission)) continue
      grants.set(`${kind} ${objectId}`, { kind: kind as Grant['kind'], id: objectId, permission: permission as Permission, via })
    }
  }
  for (const { kind, objectId, permission } of own)
    grants.set(`${kind} ${objectId}`, { kind: kind as Grant['kind'], id: objectId, permission: permission as Permission })
  const rules: Rule[] = []
  for (const { name, rules: its } of held) {
    const via = `the role '${name}'`
    for (const { kind, objectId, permission, tags, ...which } of its) {
      if (kind === 'Workspace' && permission === 'MANAGE') higher('ADMIN', via)
      const ids =
        objectId === null
          ? await chosen(db, workspaceId, kind, { tags: tags as Record<string, string>, ...which }, account.name)
          : [objectId]
      rules.push({ kind: kind as Rule['kind'], ids, permission: permission as Permission, via })
    }
  }
  return { role, ...(roleVia && { roleVia }), isSystemAdmin: account.isAdmin, grants: [...grants.values()], rules, isReadOnly: false }
}

/** What an account may do in a workspace now, whoever asks; and who it is then. */
export async function heldBy(
  db: Database,
  account: { id: number; name: string; isAdmin: boolean },
  workspaceId: number,
): Promise<{ actor: Actor; standing: Standing; ability: Ability }> {
  const actor: Actor = { kind: 'ACCOUNT', name: account.name, id: account.id }
  const standing = await readStanding(db, account, workspaceId)
  return { actor, standing, ability: abilityOf(actor, workspaceId, standing) }
}

/** Which of a kind a rule is about, where it is not about one thing: those of which all of this is true. */
export interface Which {
  tags: Record<string, string>
  stage: string | null
  alias: string | null
  /** The holder made it. */
  isOwn: boolean
}
export const isAll = ({ tags, stage, alias, isOwn }: Which): boolean =>
  Object.keys(tags).length === 0 && stage === null && alias === null && !isOwn

/** Their ids; undefined: each of the kind. */
async function chosen(db: Database, workspaceId: number, kind: string, which: Which, holder: string): Promise<number[] | undefined> {
  if (isAll(which)) return undefined
  if (kind === 'RegisteredModel') return modelsThat(db, workspaceId, which, holder)
  if (kind !== 'Experiment') return []
  const found = await db.prisma.experiment.findMany({
    where: { workspaceId, AND: Object.entries(which.tags).map(([key, value]) => ({ tags: { some: { key, value } } })) },
    select: { id: true },
  })
  return found.map(({ id }) => id)
}

const conditions = [{ NOT: { tags: { equals: {} } } }, { NOT: { stage: null } }, { NOT: { alias: null } }, { isOwn: true }]

/** Rings where a rule asks about tags, stages, aliases or makers: then they decide who sees what. Call it after the commit. */
export async function conditionsChanged({ db, events }: Pick<Kernel, 'db' | 'events'>, workspaceId: number): Promise<void> {
  if (await db.prisma.roleRule.findFirst({ where: { role: { workspaceId }, OR: conditions }, select: { id: true } }))
    events.ring('standing', 0)
}
