/**
 * What an account holds in a workspace, read whole: its role and its teams', what both were granted, and the rules of the roles they hold.
 * Conditions on tags are turned into ids here, so that rules and lists ask about ids only; `tagsChanged` says when that has to be done anew.
 */
import type { Database } from '@tidegate/db'
import { type Grant, type Permission, permissions, type Role, type Rule, roles, type Standing } from './access.ts'
import type { Kernel } from './context.ts'
import { modelsTagged } from './standing.sql.ts'

/** A workspace in which the account was given something, for Prisma's `where`. */
export const placesOf = (accountId: number) => ({
  OR: [
    { members: { some: { accountId } } },
    { grants: { some: { accountId } } },
    { teams: { some: { members: { some: { accountId } } } } },
    { roles: { some: { holders: { some: { accountId } } } } },
  ],
})

const levels = Object.keys(permissions) as Permission[]

export async function readStanding(db: Database, account: { id: number; isAdmin: boolean }, workspaceId: number): Promise<Standing> {
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
    for (const { kind, objectId, permission, tags } of its) {
      if (kind === 'Workspace' && permission === 'MANAGE') higher('ADMIN', via)
      const ids = objectId === null ? await tagged(db, workspaceId, kind, tags as Record<string, string>) : [objectId]
      rules.push({ kind: kind as Rule['kind'], ids, permission: permission as Permission, via })
    }
  }
  return { role, ...(roleVia && { roleVia }), isSystemAdmin: account.isAdmin, grants: [...grants.values()], rules, isReadOnly: false }
}

/** The ids of what has all of these tags; undefined where none is asked for. */
async function tagged(db: Database, workspaceId: number, kind: string, tags: Record<string, string>): Promise<number[] | undefined> {
  const wanted = Object.entries(tags)
  if (wanted.length === 0) return undefined
  if (kind === 'RegisteredModel') return modelsTagged(db, workspaceId, tags)
  if (kind !== 'Experiment') return []
  const found = await db.prisma.experiment.findMany({
    where: { workspaceId, AND: wanted.map(([key, value]) => ({ tags: { some: { key, value } } })) },
    select: { id: true },
  })
  return found.map(({ id }) => id)
}

/** Rings where a rule asks about tags: then they decide who sees what. Call it after the commit. */
export async function tagsChanged({ db, events }: Pick<Kernel, 'db' | 'events'>, workspaceId: number): Promise<void> {
  if (await db.prisma.roleRule.findFirst({ where: { role: { workspaceId }, NOT: { tags: { equals: {} } } }, select: { id: true } }))
    events.ring('standing', 0)
}
