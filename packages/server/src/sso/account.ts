/**
 * Whose account a person at a provider has here, and what their groups there give it. Always true: an identity belongs to one
 * account, known by issuer and subject, never by a name that the person may choose; what a provider's groups gave follows them at
 * each sign-in there, what was given by hand or by another provider's stays; the last who manages the installation goes on doing so.
 */
import type { Account, Prisma, Sso } from '@tidegate/db'
import { type Role, roles } from '../access.ts'
import type { Ctx } from '../context.ts'
import { AppError } from '../errors.ts'
import { changeOf, type Membership, matches, rolesOf } from '../group-roles.ts'
import type { Identity } from '../oidc.ts'
import { placesOf } from '../standing.ts'
import { accountName, changed } from '../users/accounts.ts'
import { rulesOf } from './settings.ts'

const now = () => BigInt(Date.now())

export type Transaction = Prisma.TransactionClient

/** What somebody's groups stand for at one provider. */
export interface Wants {
  /** By id of workspace, the highest of the roles. */
  roles: ReadonlyMap<number, Role>
  isAdmin: boolean
}

export const nothingWanted: Wants = { roles: new Map(), isAdmin: false }

export function wantsOf(sso: Sso, groups: readonly string[]): Wants {
  const rules = rulesOf(sso).map(({ group, workspaceId, role }) => ({ group, role, workspace: String(workspaceId) }))
  const highest = new Map<number, Role>()
  for (const { workspace, role } of rolesOf(groups, rules) as Array<{ workspace: string; role: Role }>) {
    const before = highest.get(Number(workspace))
    if (!before || roles.indexOf(role) > roles.indexOf(before)) highest.set(Number(workspace), role)
  }
  return { roles: highest, isAdmin: sso.adminGroups.some((pattern) => matches(pattern, groups)) }
}

/** All or nothing, again where another did the same at once. */
export async function serially<T>(ctx: Ctx, work: (tx: Transaction) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ctx.db.prisma.$transaction(work, { isolationLevel: 'Serializable' })
    } catch (error) {
      if (!['P2002', 'P2034'].includes(String((error as { code?: string }).code)) || attempt === 5) throw error
    }
  }
}

/** The account of a person at the provider, with what the groups give now. Throws where they may do nothing here. */
export async function accountOf(ctx: Ctx, sso: Sso, identity: Identity): Promise<Account> {
  const { account, isAllowed } = await serially(ctx, (tx) => settle(tx, sso, identity))
  if (account?.disabledAt) throw new AppError('PERMISSION_DENIED', `The account '${account.name}' is disabled. Ask an admin.`)
  // What the groups no longer give is gone, although the sign-in is refused.
  if (!isAllowed) changed(ctx)
  if (!account || !isAllowed) {
    const why = 'none of the groups at the provider stands for one. Ask an admin.'
    throw new AppError('PERMISSION_DENIED', `${identity.name} has no role here: ${why}`)
  }
  return account
}

async function settle(tx: Transaction, sso: Sso, identity: Identity): Promise<{ account: Account | undefined; isAllowed: boolean }> {
  const wants = wantsOf(sso, identity.groups)
  const { issuer, subject } = identity
  const known = await tx.ssoIdentity.findUnique({ where: { issuer_subject: { issuer, subject } }, include: { account: true } })
  let account = known?.account ?? (await invited(tx, identity))
  if (!account) {
    if (wants.roles.size === 0 && !wants.isAdmin) return { account, isAllowed: false }
    account = await tx.account.create({ data: { name: await freeName(tx, identity), email: identity.email, createdAt: now() } })
  }
  if (account.disabledAt !== null) return { account, isAllowed: false }
  await remember(tx, sso, identity, account.id)
  account = await give(tx, sso.id, account, wants)
  const has = account.isAdmin || (await tx.workspace.findFirst({ where: placesOf(account.id), select: { id: true } })) !== null
  return { account, isAllowed: has }
}

export async function remember(tx: Transaction, sso: Sso, { issuer, subject, email, name }: Identity, accountId: number): Promise<void> {
  const seen = { accountId, ssoId: sso.id, name: email ?? name, seenAt: now() }
  await tx.ssoIdentity.upsert({ where: { issuer_subject: { issuer, subject } }, create: { issuer, subject, ...seen }, update: seen })
}

/** Gives an account what a provider's groups stand for, and takes what they stood for. */
export async function give(tx: Transaction, ssoId: number, account: Account, wants: Wants): Promise<Account> {
  const accountId = account.id
  const members = await tx.member.findMany({ where: { accountId } })
  // A server of before there were several providers does not say which.
  const isOurs = (each: { ssoId: number | null; bySso: boolean }) => each.ssoId === ssoId || (each.bySso && each.ssoId === null)
  const others = new Set(members.filter((each) => !isOurs(each)).map(({ workspaceId }) => workspaceId))
  const has = members.filter(isOurs).map(({ workspaceId, role }) => ({ workspace: String(workspaceId), role }))
  const asks = [...wants.roles].filter(([id]) => !others.has(id)).map(([id, role]): Membership => ({ workspace: String(id), role }))
  const { give, take } = changeOf(has, asks)
  for (const { workspace } of take) {
    const where = { workspaceId: Number(workspace), accountId }
    await tx.member.deleteMany({ where })
    // As when it is taken by hand: what was granted in the workspace goes too.
    if (!wants.roles.has(where.workspaceId)) await tx.accessGrant.deleteMany({ where })
  }
  for (const { workspace, role } of give)
    await tx.member.create({ data: { workspaceId: Number(workspace), accountId, role, addedAt: now(), bySso: true, ssoId } })

  if (wants.isAdmin && !account.isAdmin) {
    return tx.account.update({ where: { id: accountId }, data: { isAdmin: true, adminBy: ssoId } })
  }
  if (!wants.isAdmin && account.isAdmin && account.adminBy === ssoId) {
    const others = await tx.account.count({ where: { isAdmin: true, disabledAt: null, NOT: { id: accountId } } })
    if (others > 0) return tx.account.update({ where: { id: accountId }, data: { isAdmin: false, adminBy: null } })
  }
  return account
}

/** Who was invited under an address that the provider vouches for: nobody else can have it there. */
async function invited(tx: Transaction, { email, emailVerified }: Identity): Promise<Account | undefined> {
  if (!email || !emailVerified) return undefined
  const where = { email: { equals: email, mode: 'insensitive' as const }, identities: { none: {} } }
  const found = await tx.account.findMany({ where, take: 2 })
  return found.length === 1 ? found[0] : undefined
}

/** The address's first part or the name, as account names are; with a number where others have it. */
async function freeName(tx: Transaction, { email, name }: Identity): Promise<string> {
  const plain = (email?.split('@')[0] ?? name)
    .toLowerCase()
    .replace(/[^\p{L}\p{N}._+-]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 80)
  const start = accountName.safeParse(plain).success ? plain : 'member'
  for (let number = 1; ; number++) {
    const called = number === 1 ? start : `${start}-${number}`
    if (!(await tx.account.findUnique({ where: { name: called } }))) return called
  }
}
