/**
 * Whose account a person at a provider has here, and what their groups there give it. Always true: an identity belongs to one
 * account, known by issuer and subject, never by a name that the person may choose; an account has the highest that the groups of
 * its identities give, as they were when it last came from each; what was given by hand stays; the last who manages the installation, or a
 * workspace, goes on doing so, and that is written down.
 */
import type { Account, Prisma, Sso, SsoIdentity } from '@tidegate/db'
import { type Role, roles } from '../access.ts'
import { writeDown } from '../audit.ts'
import { type Ctx, server } from '../context.ts'
import { AppError } from '../errors.ts'
import { matches, rolesOf } from '../group-roles.ts'
import type { Identity } from '../oidc.ts'
import { countManagers, placesOf } from '../standing.ts'
import { accountName, changed } from '../users/accounts.ts'
import { rulesOf } from './settings.ts'

const now = () => BigInt(Date.now())

export type Transaction = Prisma.TransactionClient

/** By id of workspace, the highest of the roles that somebody's groups stand for at one provider. */
function rolesAt(sso: Sso, groups: readonly string[]): Map<number, Role> {
  const rules = rulesOf(sso).map(({ group, workspaceId, role }) => ({ group, role, workspace: String(workspaceId) }))
  const highest = new Map<number, Role>()
  for (const { workspace, role } of rolesOf(groups, rules) as Array<{ workspace: string; role: Role }>) {
    const before = highest.get(Number(workspace))
    if (!before || roles.indexOf(role) > roles.indexOf(before)) highest.set(Number(workspace), role)
  }
  return highest
}

const makesAdmin = (sso: Sso, groups: readonly string[]) => sso.adminGroups.some((pattern) => matches(pattern, groups))

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

/** Where somebody still manages a workspace though no group says so any more. */
export interface Kept {
  account: string
  workspace: { id: number; name: string }
}

/** For the log and the audit log: a provider is not refused, so somebody has to see it. */
export async function tellKept(ctx: Ctx, kept: readonly Kept[]): Promise<void> {
  for (const { account, workspace } of kept) {
    ctx.log.warn(
      { account, workspace: workspace.name },
      'groups no longer make them an admin, and nobody else manages the workspace: they stay one',
    )
    await writeDown(
      { ...ctx, workspace, actor: server },
      {
        ...{ operation: 'member.keep-last', isReading: false, on: { kind: 'Workspace', id: workspace.id }, outcome: 'OK', quiet: false },
        input: { account, role: 'ADMIN', why: 'No group makes them an admin any more, and nobody else manages the workspace.' },
      },
    )
  }
}

/** The account of a person at the provider, with what the groups give now. Throws where they may do nothing here. */
export async function accountOf(ctx: Ctx, sso: Sso, identity: Identity): Promise<Account> {
  const { account, isAllowed, kept } = await serially(ctx, (tx) => settle(tx, sso, identity))
  await tellKept(ctx, kept)
  if (account?.disabledAt) throw new AppError('PERMISSION_DENIED', `The account '${account.name}' is disabled. Ask an admin.`)
  // What the groups no longer give is gone, although the sign-in is refused.
  if (!isAllowed) changed(ctx)
  if (!account || !isAllowed) {
    const why = 'none of the groups at the provider stands for one. Ask an admin.'
    throw new AppError('PERMISSION_DENIED', `${identity.name} has no role here: ${why}`)
  }
  return account
}

async function settle(
  tx: Transaction,
  sso: Sso,
  identity: Identity,
): Promise<{ account: Account | undefined; isAllowed: boolean; kept: Kept[] }> {
  const { issuer, subject } = identity
  const known = await tx.ssoIdentity.findUnique({ where: { issuer_subject: { issuer, subject } }, include: { account: true } })
  let account = known?.account ?? (await invited(tx, identity))
  if (!account) {
    if (rolesAt(sso, identity.groups).size === 0 && !makesAdmin(sso, identity.groups)) return { account, isAllowed: false, kept: [] }
    account = await tx.account.create({ data: { name: await freeName(tx, identity), email: identity.email, createdAt: now() } })
  }
  if (account.disabledAt !== null) return { account, isAllowed: false, kept: [] }
  await remember(tx, sso, identity, account.id)
  const given = await give(tx, account)
  account = given.account
  const has = account.isAdmin || (await tx.workspace.findFirst({ where: placesOf(account.id), select: { id: true } })) !== null
  return { account, isAllowed: has, kept: given.kept }
}

export async function remember(
  tx: Transaction,
  sso: Sso,
  { issuer, subject, email, name, groups }: Identity,
  accountId: number,
): Promise<void> {
  const seen = { accountId, ssoId: sso.id, name: email ?? name, groups, seenAt: now() }
  await tx.ssoIdentity.upsert({ where: { issuer_subject: { issuer, subject } }, create: { issuer, subject, ...seen }, update: seen })
}

interface Given {
  role: Role
  ssoId: number
}

/** What the groups of all of an account's identities stand for, and at which provider. */
function wanted(identities: readonly (SsoIdentity & { sso: Sso | null })[]) {
  const byWorkspace = new Map<number, Given>()
  let adminBy: number | null = null
  // Of before groups were kept: what these gave stays until they come again.
  const unknown = new Set<number>()
  for (const { sso, groups: kept } of identities) {
    if (!sso) continue
    if (kept === null) {
      unknown.add(sso.id)
      continue
    }
    const groups = kept as string[]
    for (const [workspaceId, role] of rolesAt(sso, groups)) {
      const before = byWorkspace.get(workspaceId)
      if (!before || roles.indexOf(role) > roles.indexOf(before.role)) byWorkspace.set(workspaceId, { role, ssoId: sso.id })
    }
    if (makesAdmin(sso, groups)) adminBy ??= sso.id
  }
  return { byWorkspace, adminBy, unknown }
}

/** Gives an account what the groups of its identities stand for now, and takes what they stood for. */
export async function give(tx: Transaction, account: Account): Promise<{ account: Account; kept: Kept[] }> {
  const accountId = account.id
  const identities = await tx.ssoIdentity.findMany({ where: { accountId }, include: { sso: true }, orderBy: { id: 'asc' } })
  const { byWorkspace, adminBy, unknown } = wanted(identities)
  const kept: Kept[] = []
  for (const { workspaceId, role, bySso, ssoId, workspace } of await tx.member.findMany({
    where: { accountId },
    include: { workspace: true },
  })) {
    const wants = byWorkspace.get(workspaceId)
    byWorkspace.delete(workspaceId)
    // By hand; a server of before there were several providers does not say which.
    if ((!bySso && ssoId === null) || (ssoId !== null && unknown.has(ssoId))) continue
    const where = { workspaceId, accountId }
    const set = (data: object) => tx.member.update({ where: { workspaceId_accountId: where }, data })
    if (role === 'ADMIN' && wants?.role !== 'ADMIN') {
      await set({ role: 'VIEWER' })
      if ((await countManagers(tx, workspaceId)) === 0) {
        // Until somebody else manages it: they are asked again whenever they come.
        await set({ role })
        kept.push({ account: account.name, workspace: { id: workspaceId, name: workspace.name } })
        continue
      }
    }
    if (!wants) {
      await tx.member.deleteMany({ where })
      // As when it is taken by hand: what was granted in the workspace goes too.
      await tx.accessGrant.deleteMany({ where })
    } else if (wants.role !== role || wants.ssoId !== ssoId) await set({ ...wants, bySso: true })
  }
  for (const [workspaceId, wants] of byWorkspace)
    await tx.member.create({ data: { workspaceId, accountId, addedAt: now(), bySso: true, ...wants } })
  return { account: await giveInstallation(tx, account, adminBy, unknown), kept }
}

async function giveInstallation(tx: Transaction, account: Account, adminBy: number | null, unknown: ReadonlySet<number>): Promise<Account> {
  const { id } = account
  const update = (data: { isAdmin: boolean; adminBy: number | null }) => tx.account.update({ where: { id }, data })
  if (adminBy !== null) {
    const isByHand = account.isAdmin && account.adminBy === null
    return isByHand || account.adminBy === adminBy ? account : update({ isAdmin: true, adminBy })
  }
  if (!account.isAdmin || account.adminBy === null || unknown.has(account.adminBy)) return account
  const others = await tx.account.count({ where: { isAdmin: true, disabledAt: null, NOT: { id } } })
  return others > 0 ? update({ isAdmin: false, adminBy: null }) : account
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
