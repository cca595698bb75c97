/**
 * Accounts: people and programs that have a key. Always true: a password is known to nobody but who set it, and there is at least one account
 * that manages the installation, once there was a first.
 */
import type { Account, Prisma } from '@tidegate/db'
import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { AppError, invalid, notFound } from '../errors.ts'
import { anyText, required } from '../fields.ts'
import { address } from '../mail/mail.ts'
import { operation, type Target } from '../operation.ts'
import { checkPassword, checkStrength, digestOf, hashPassword, newSecret } from '../passwords.ts'
import { managedAlone } from '../standing.ts'

/** A session ends when it was not used so long, and at the latest so long after it began, ms. */
export const sessionLife = 14 * 24 * 60 * 60_000

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
  // By name a program is known in its workspace only.
  const isElsewhere = 'name' in which && found?.serviceOf != null && found.serviceOf !== ctx.workspace.id
  if (!found || isElsewhere) throw notFound(`No account ${'id' in which ? `with id=${which.id}` : `'${which.name}'`} exists`)
  return found
}

/** Throws for a program's account: it has tokens, and nothing else to come in by. */
export function checkPerson({ name, serviceOf }: Account): void {
  if (serviceOf !== null) throw invalid(`'${name}' is a service account: it has tokens only, which the admins of its workspace make.`)
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
      ctx.db.prisma.oneTimeLink.deleteMany({ where: { accountId: account.id } }),
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

/** By who manages the installation, as MLflow's clients do it: whoever has a session is out. Their own they change with the one they have. */
export const setPassword = operation({
  name: 'account.set-password',
  input: z.object({ name: required, password }),
  action: 'edit',
  on: system,
  async run(ctx, { name, password }): Promise<Account> {
    const account = await findAccount(ctx, { name })
    checkPerson(account)
    checkStrength(password, account.name)
    const hash = await hashPassword(password)
    const [updated] = await ctx.db.prisma.$transaction([
      ctx.db.prisma.account.update({ where: { id: account.id }, data: { password: hash } }),
      ctx.db.prisma.accountSession.deleteMany({ where: { accountId: account.id } }),
      // A link that was sent would undo it.
      ctx.db.prisma.oneTimeLink.deleteMany({ where: { accountId: account.id } }),
    ])
    changed(ctx)
    return updated
  },
})

const checkOtherAdmin = async (tx: Pick<Ctx['db']['prisma'], 'account'>, { id, name }: Account) => {
  if ((await tx.account.count({ where: { isAdmin: true, disabledAt: null, NOT: { id } } })) === 0)
    throw invalid(`${name} is the only one who manages the installation. Make somebody else an admin first.`)
}

/** Throws where a workspace would be left that nobody manages: who manages the installation still may, and has to say so. */
async function checkOtherManagers(tx: Prisma.TransactionClient, { id, name }: Account): Promise<void> {
  const alone = await managedAlone(tx, id)
  if (alone.length === 0) return
  const them = alone.map((each) => `'${each.name}'`).join(', ')
  throw invalid(
    `${name} is the only one who manages ${alone.length === 1 ? 'the workspace' : 'the workspaces'} ${them}. Make somebody else an admin there first, or force it.`,
    'force',
  )
}

/** For good, with its tokens and all it was given. What it did stays under its name. */
export const deleteAccount = operation({
  name: 'account.delete',
  input: z.object({ name: required, force: z.boolean().nullish() }),
  action: 'delete',
  on: system,
  state: async (ctx, { name }) => {
    const known = await ctx.db.prisma.account.findUnique({ where: { name: name.toLowerCase() } })
    return known ? { name: known.name, isAdmin: known.isAdmin, disabledAt: known.disabledAt, email: known.email } : null
  },
  async run(ctx, { name, force }): Promise<Account> {
    const account = await findAccount(ctx, { name })
    if (account.id === ctx.actor.id)
      throw new AppError('BAD_REQUEST', 'Nobody deletes their own account. Ask another admin to do it.', { field: 'name' })
    await ctx.db.prisma.$transaction(
      async (tx) => {
        if (account.isAdmin && account.disabledAt === null) await checkOtherAdmin(tx, account)
        if (!force) await checkOtherManagers(tx, account)
        await tx.account.deleteMany({ where: { id: account.id } })
      },
      { isolationLevel: 'Serializable' },
    )
    changed(ctx)
    return account
  },
})

export const getAccount = operation({
  name: 'account.get',
  input: z.object({ name: required }),
  action: 'read',
  on: (ctx, { name }): Target<null> => (name.toLowerCase() === ctx.actor.name ? self() : system()),
  run: (ctx, { name }): Promise<Account> => findAccount(ctx, { name }),
})

/** Whether it may be used, and whether it manages the installation. */
export const updateAccount = operation({
  name: 'account.update',
  input: z.object({
    id: required,
    isAdmin: z.boolean().nullish(),
    isDisabled: z.boolean().nullish(),
    email: address.nullish(),
    force: z.boolean().nullish(),
  }),
  action: 'edit',
  on: system,
  state: async (ctx, { id }) => {
    const { name, isAdmin, disabledAt, email } = await findAccount(ctx, { id })
    return { name, isAdmin, disabledAt, email }
  },
  async run(ctx, { id, isAdmin, isDisabled, email, force }): Promise<Account> {
    const account = await findAccount(ctx, { id })
    if (isAdmin || email) checkPerson(account)
    const takesAdmin = account.isAdmin && account.disabledAt === null && (isAdmin === false || isDisabled === true)
    const updated = await ctx.db.prisma.$transaction(
      async (tx) => {
        if (takesAdmin) await checkOtherAdmin(tx, account)
        if (isDisabled && !force) await checkOtherManagers(tx, account)
        if (isDisabled) {
          await tx.accountSession.deleteMany({ where: { accountId: account.id } })
          await tx.oneTimeLink.deleteMany({ where: { accountId: account.id } })
        }
        return tx.account.update({
          where: { id: account.id },
          data: {
            ...(isAdmin != null && { isAdmin, adminBy: null }),
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
