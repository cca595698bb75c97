/**
 * Signing in at the provider. Always true: an account belongs to one person there, known by issuer and subject, never by a
 * name that the person may choose; memberships that groups gave follow the groups at each sign-in, those given by hand stay;
 * whoever may do nothing here gets neither account nor session.
 */
import type { Account, Prisma, Sso } from '@tidegate/db'
import { z } from 'zod'
import { type Actor, type Role, roles } from '../access.ts'
import type { Ctx } from '../context.ts'
import { AppError } from '../errors.ts'
import { changeOf, type Membership, rolesOf } from '../group-roles.ts'
import type { Identity } from '../oidc.ts'
import { operation, type Target } from '../operation.ts'
import { accountName, beginSession, changed, ownId, type SignedIn } from '../users/accounts.ts'
import { providerOf, readSso, rulesOf } from './settings.ts'

const self = (): Target<null> => ({ securable: { kind: 'Self' }, row: null })
const now = () => BigInt(Date.now())

async function enabled(ctx: Ctx): Promise<Sso> {
  if (ctx.authenticate.mode === 'open') ownId(ctx)
  const sso = await readSso(ctx)
  if (!sso?.enabled) throw new AppError('BAD_REQUEST', 'Single sign-on is not set up here. Sign in with a password.')
  return sso
}

/** What a page for signing in offers. Asked by anybody. */
export const signInWays = operation({
  name: 'sso.ways',
  open: true,
  input: z.object({}),
  action: 'read',
  on: self,
  async run(ctx): Promise<{ password: boolean; reset: boolean; sso: { name: string } | null }> {
    const isOpen = ctx.authenticate.mode === 'open'
    const sso = isOpen ? null : await readSso(ctx)
    return { password: !isOpen, reset: !isOpen && ctx.mailer !== undefined, sso: sso?.enabled ? { name: sso.name } : null }
  },
})

export const beginSso = operation({
  name: 'sso.begin',
  open: true,
  input: z.object({}),
  action: 'read',
  on: self,
  run: async (ctx) => providerOf(ctx, await enabled(ctx)).begin(),
})

export const finishSso = operation({
  name: 'account.sign-in-sso',
  open: true,
  input: z.object({ query: z.instanceof(URLSearchParams), attemptSecret: z.string(), agent: z.string() }),
  action: 'edit',
  on: self,
  async run(ctx, { query, attemptSecret, agent }): Promise<SignedIn> {
    const sso = await enabled(ctx)
    const identity = await providerOf(ctx, sso).finish(query, attemptSecret)
    // Who it is, for the audit log: refused or not.
    Object.assign(ctx, { actor: { name: identity.email ?? identity.name, kind: 'NONE' } satisfies Actor })
    const account = await accountOf(ctx, identity, wanted(sso, identity.groups))
    Object.assign(ctx, { actor: { name: account.name, kind: 'ACCOUNT', id: account.id } satisfies Actor })
    changed(ctx)
    return { account, session: await beginSession(ctx, account.id, agent) }
  },
})

/** By id of workspace, the highest of the roles that the groups give. */
function wanted(sso: Sso, groups: readonly string[]): Map<number, Role> {
  const rules = rulesOf(sso).map(({ group, workspaceId, role }) => ({ group, role, workspace: String(workspaceId) }))
  const highest = new Map<number, Role>()
  for (const { workspace, role } of rolesOf(groups, rules) as Array<{ workspace: string; role: Role }>) {
    const before = highest.get(Number(workspace))
    if (!before || roles.indexOf(role) > roles.indexOf(before)) highest.set(Number(workspace), role)
  }
  return highest
}

type Transaction = Prisma.TransactionClient

/** The account of a person at the provider, with the memberships that the groups give now. */
async function accountOf(ctx: Ctx, identity: Identity, wants: ReadonlyMap<number, Role>): Promise<Account> {
  const none = `${identity.name} has no role here: none of the groups at the provider stands for one. Ask an admin.`
  for (let attempt = 1; ; attempt++) {
    try {
      const { account, isAllowed } = await ctx.db.prisma.$transaction((tx) => settle(tx, identity, wants), {
        isolationLevel: 'Serializable',
      })
      if (account?.disabledAt) throw new AppError('PERMISSION_DENIED', `The account '${account.name}' is disabled. Ask an admin.`)
      // What the groups no longer give is gone, although the sign-in is refused.
      if (!isAllowed) changed(ctx)
      if (!account || !isAllowed) throw new AppError('PERMISSION_DENIED', none)
      return account
    } catch (error) {
      // Of two sign-ins at once one has to look again.
      if (!['P2002', 'P2034'].includes(String((error as { code?: string }).code)) || attempt === 5) throw error
    }
  }
}

async function settle(
  tx: Transaction,
  identity: Identity,
  wants: ReadonlyMap<number, Role>,
): Promise<{ account: Account | undefined; isAllowed: boolean }> {
  const key = { issuer: identity.issuer, subject: identity.subject }
  const known = await tx.ssoIdentity.findUnique({ where: { issuer_subject: key }, include: { account: true } })
  let account = known?.account ?? (await invited(tx, identity))
  if (!account) {
    if (wants.size === 0) return { account, isAllowed: false }
    account = await tx.account.create({ data: { name: await freeName(tx, identity), email: identity.email, createdAt: now() } })
  }
  if (account.disabledAt !== null) return { account, isAllowed: false }
  const { id: accountId } = account
  const seen = { accountId, seenAt: now() }
  await tx.ssoIdentity.upsert({ where: { issuer_subject: key }, create: { ...key, ...seen }, update: seen })

  const members = await tx.member.findMany({ where: { accountId } })
  const byHand = new Set(members.filter(({ bySso }) => !bySso).map(({ workspaceId }) => workspaceId))
  const has = members.filter(({ bySso }) => bySso).map(({ workspaceId, role }) => ({ workspace: String(workspaceId), role }))
  const asks = [...wants].filter(([id]) => !byHand.has(id)).map(([id, role]): Membership => ({ workspace: String(id), role }))
  const { give, take } = changeOf(has, asks)
  for (const { workspace } of take) {
    const where = { workspaceId: Number(workspace), accountId }
    await tx.member.deleteMany({ where })
    // As when it is taken by hand: what was granted in the workspace goes too.
    if (!wants.has(where.workspaceId)) await tx.accessGrant.deleteMany({ where })
  }
  for (const { workspace, role } of give)
    await tx.member.create({ data: { workspaceId: Number(workspace), accountId, role, addedAt: now(), bySso: true } })
  const held = (await tx.member.count({ where: { accountId } })) + (await tx.accessGrant.count({ where: { accountId } }))
  return { account, isAllowed: account.isAdmin || held > 0 }
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
