/**
 * Accounts: people and programs that have a key. Always true: a password is known to nobody but who set it, a link is good once and for a
 * short while, and there is at least one account that manages the installation, once there was a first.
 */
import type { Account } from '@tidegate/db'
import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { AppError, invalid, notFound } from '../errors.ts'
import { anyText, required } from '../fields.ts'
import { operation, type Target } from '../operation.ts'
import { checkPassword, checkStrength, digestOf, hashPassword, newSecret } from '../passwords.ts'

/** A session ends when it was not used so long, and at the latest so long after it began, ms. */
export const sessionLife = 14 * 24 * 60 * 60_000
/** A link to set a password is good so long, ms. */
const linkLife = 3 * 24 * 60 * 60_000

/** In lower case, so that no two look alike. */
export const accountName = required.pipe(
  z
    .string()
    .trim()
    .toLowerCase()
    .min(1)
    .max(100, "'name' exceeds the maximum length of 100 characters")
    .regex(/^[\p{L}\p{N}._@+-]+$/u, "'name' may hold letters, digits and . _ @ + - only"),
)
const password = anyText.max(1_000)
const id = (text: string) => (/^\d{1,9}$/.test(text) ? Number(text) : -1)
const now = () => BigInt(Date.now())

/** A change of who may do what is heard in every process. */
export const changed = (ctx: Ctx) => ctx.events.ring('access', 0)

const self = (): Target<null> => ({ securable: { kind: 'Self' }, row: null })
const system = (): Target<null> => ({ securable: { kind: 'System' }, row: null })

/** Throws where there are no accounts, or a program that asks by none. */
export function ownId(ctx: Ctx): number {
  if (ctx.actor.id === undefined)
    throw new AppError('BAD_REQUEST', 'This server is open: it has no accounts. Start it with --access accounts.')
  return ctx.actor.id
}

export async function findAccount(ctx: Ctx, which: { id: string } | { name: string }): Promise<Account> {
  const where = 'id' in which ? { id: id(which.id) } : { name: which.name.toLowerCase() }
  const found = await ctx.db.prisma.account.findUnique({ where })
  if (!found) throw notFound(`No account ${'id' in which ? `with id=${which.id}` : `'${which.name}'`} exists`)
  return found
}

export async function beginSession(ctx: Ctx, accountId: number, agent: string): Promise<string> {
  const secret = newSecret()
  const at = Date.now()
  await ctx.db.prisma.accountSession.create({
    data: {
      digest: digestOf(secret),
      accountId,
      createdAt: BigInt(at),
      seenAt: BigInt(at),
      expiresAt: BigInt(at + sessionLife),
      agent: agent.slice(0, 200),
    },
  })
  return secret
}

export interface SignedIn {
  account: Account
  /** For the cookie. */
  session: string
}

export const signIn = operation({
  name: 'account.sign-in',
  open: true,
  input: z.object({ name: required.max(100), password: password.min(1), agent: z.string(), address: z.string() }),
  action: 'edit',
  on: self,
  async run(ctx, { name, password, agent, address }): Promise<SignedIn> {
    if (ctx.authenticate.mode === 'open') ownId(ctx)
    const account = await ctx.db.prisma.account.findUnique({ where: { name: name.trim().toLowerCase() } })
    const isRight = await ctx.authenticate.attempt(name.trim(), address, () => checkPassword(password, account?.password))
    if (!isRight || !account || account.disabledAt !== null) throw new AppError('UNAUTHENTICATED', 'The name or the password is wrong.')
    return { account, session: await beginSession(ctx, account.id, agent) }
  },
})

export const signOut = operation({
  name: 'account.sign-out',
  open: true,
  input: z.object({ session: z.string() }),
  action: 'edit',
  on: self,
  async run(ctx, { session }): Promise<void> {
    await ctx.db.prisma.accountSession.deleteMany({ where: { digest: digestOf(session) } })
    changed(ctx)
  },
})

const usedUp = () => new AppError('RESOURCE_DOES_NOT_EXIST', 'This link is not good any more: it was used, or is too old. Ask for another.')

async function findLink(ctx: Ctx, token: string) {
  const link = await ctx.db.prisma.oneTimeLink.findUnique({ where: { digest: digestOf(token) }, include: { account: true } })
  if (!link || Number(link.expiresAt) < Date.now()) throw usedUp()
  return link
}

/** Whose password a link sets; null for the first admin's. */
export const readLink = operation({
  name: 'account.read-link',
  open: true,
  input: z.object({ token: required.max(200) }),
  action: 'read',
  on: self,
  run: async (ctx, { token }) => ({ name: (await findLink(ctx, token)).account?.name ?? null }),
})

/** Sets the password that a link is for, or makes the first admin; then they are signed in. All other sessions of the account end. */
export const acceptLink = operation({
  name: 'account.accept-link',
  open: true,
  input: z.object({ token: required.max(200), name: accountName.nullish(), password, agent: z.string() }),
  action: 'edit',
  on: self,
  async run(ctx, { token, name, password, agent }): Promise<SignedIn> {
    const link = await findLink(ctx, token)
    const called = link.account?.name ?? name
    if (!called) throw invalid("Missing value for required parameter 'name'.", 'name')
    checkStrength(password, called)
    const hash = await hashPassword(password)
    const account = await ctx.db.prisma.$transaction(async (tx) => {
      // Of two at once one finds it gone.
      if ((await tx.oneTimeLink.deleteMany({ where: { digest: link.digest } })).count === 0) throw usedUp()
      if (link.accountId !== null) {
        await tx.accountSession.deleteMany({ where: { accountId: link.accountId } })
        return tx.account.update({ where: { id: link.accountId }, data: { password: hash } })
      }
      // The first is made by whoever starts the server, and by nobody once there is one.
      if ((await tx.account.count()) > 0) throw usedUp()
      const made = await tx.account.create({ data: { name: called, password: hash, isAdmin: true, createdAt: now() } })
      await tx.member.create({ data: { workspaceId: 1, accountId: made.id, role: 'ADMIN', addedAt: now() } })
      return made
    })
    changed(ctx)
    return { account, session: await beginSession(ctx, account.id, agent) }
  },
})

export const changePassword = operation({
  name: 'account.change-password',
  input: z.object({ current: password, next: password }),
  action: 'edit',
  on: self,
  async run(ctx, { current, next }): Promise<Account> {
    const account = await findAccount(ctx, { id: String(ownId(ctx)) })
    const isRight = await ctx.authenticate.attempt(account.name, 'change', () => checkPassword(current, account.password))
    if (!isRight) throw invalid('The current password is wrong.', 'current')
    checkStrength(next, account.name)
    const password = await hashPassword(next)
    const [updated] = await ctx.db.prisma.$transaction([
      ctx.db.prisma.account.update({ where: { id: account.id }, data: { password } }),
      // Whoever knew the old one is out.
      ctx.db.prisma.accountSession.deleteMany({ where: { accountId: account.id } }),
    ])
    changed(ctx)
    return updated
  },
})

export const listAccounts = operation({
  name: 'account.list',
  input: z.object({}),
  action: 'read',
  on: system,
  run: (ctx): Promise<Account[]> => ctx.db.prisma.account.findMany({ orderBy: { name: 'asc' } }),
})

async function newLink(ctx: Ctx, accountId: number | null): Promise<string> {
  const token = newSecret()
  await ctx.db.prisma.oneTimeLink.create({ data: { digest: digestOf(token), accountId, expiresAt: BigInt(Date.now() + linkLife) } })
  return `${ctx.origin}/link#${token}`
}

/** The account, and the link by which its owner sets a password: it is shown once. */
export interface Invited {
  account: Account
  link: string
}

export const createAccount = operation({
  name: 'account.create',
  input: z.object({ name: accountName, email: anyText.max(320).nullish(), isAdmin: z.boolean().nullish() }),
  action: 'create',
  on: system,
  async run(ctx, { name, email, isAdmin }): Promise<Invited> {
    const known = await ctx.db.prisma.account.findUnique({ where: { name } })
    if (known) throw new AppError('RESOURCE_ALREADY_EXISTS', `An account '${name}' exists already.`, { field: 'name' })
    const account = await ctx.db.prisma.account.create({
      data: { name, email: email ?? null, isAdmin: isAdmin ?? false, createdAt: now() },
    })
    return { account, link: await newLink(ctx, account.id) }
  },
})

export const resetPassword = operation({
  name: 'account.reset-password',
  input: z.object({ id: required }),
  action: 'edit',
  on: system,
  async run(ctx, { id }): Promise<Invited> {
    const account = await findAccount(ctx, { id })
    return { account, link: await newLink(ctx, account.id) }
  },
})

/** Whether it may be used, and whether it manages the installation. */
export const updateAccount = operation({
  name: 'account.update',
  input: z.object({ id: required, isAdmin: z.boolean().nullish(), isDisabled: z.boolean().nullish(), email: anyText.max(320).nullish() }),
  action: 'edit',
  on: system,
  async run(ctx, { id, isAdmin, isDisabled, email }): Promise<Account> {
    const account = await findAccount(ctx, { id })
    const takesAdmin = account.isAdmin && account.disabledAt === null && (isAdmin === false || isDisabled === true)
    const updated = await ctx.db.prisma.$transaction(
      async (tx) => {
        if (takesAdmin && (await tx.account.count({ where: { isAdmin: true, disabledAt: null, NOT: { id: account.id } } })) === 0)
          throw invalid(`${account.name} is the only one who manages the installation. Make somebody else an admin first.`)
        if (isDisabled) {
          await tx.accountSession.deleteMany({ where: { accountId: account.id } })
          await tx.oneTimeLink.deleteMany({ where: { accountId: account.id } })
        }
        return tx.account.update({
          where: { id: account.id },
          data: {
            ...(isAdmin != null && { isAdmin }),
            ...(isDisabled != null && { disabledAt: isDisabled ? now() : null }),
            ...(email !== undefined && { email }),
          },
        })
      },
      { isolationLevel: 'Serializable' },
    )
    changed(ctx)
    return updated
  },
})
