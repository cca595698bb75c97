/**
 * Links that are good once: to be the first admin, to come in, to set another password. Always true: only the digest of one is
 * kept; it ends when it was used, when another was sent in its place, when a password was set, and by itself. Where there is
 * mail and an address it goes there; else who made it passes it on.
 */
import { type Account, overPrisma, type Prisma } from '@tidegate/db'
import { z } from 'zod'
import type { Ctx, Kernel } from '../context.ts'
import { AppError, invalid } from '../errors.ts'
import { loader } from '../experiments/loaders.ts'
import { anyText, required } from '../fields.ts'
import { enqueue, job } from '../jobs.ts'
import { address, sendMail, writeMail } from '../mail/mail.ts'
import { operation, type Target } from '../operation.ts'
import { checkStrength, digestOf, hashPassword, newSecret } from '../passwords.ts'
import { accountName, beginSession, changed, checkPerson, findAccount, type SignedIn } from './accounts.ts'

const hour = 60 * 60_000
/** How long one is good: that of an admin, and that of whoever asked for one, ms. */
const life = { invited: 72 * hour, forgotten: hour }
/** Accounts of one address that are written to. */
const mostOfAddress = 3

const password = anyText.max(1_000)
const now = () => BigInt(Date.now())
const self = (): Target<null> => ({ securable: { kind: 'Self' }, row: null })
const system = (): Target<null> => ({ securable: { kind: 'System' }, row: null })

const usedUp = () => new AppError('RESOURCE_DOES_NOT_EXIST', 'This link is not good any more: it was used, or is too old. Ask for another.')

async function findLink(ctx: Ctx, token: string) {
  const link = await ctx.db.prisma.oneTimeLink.findUnique({ where: { digest: digestOf(token) }, include: { account: true } })
  if (!link || Number(link.expiresAt) < Date.now()) throw usedUp()
  return link
}

/** Whose password a link sets, null for the first admin's; and whether it is their first. */
export const readLink = operation({
  name: 'account.read-link',
  open: true,
  input: z.object({ token: required.max(200) }),
  action: 'read',
  on: self,
  async run(ctx, { token }) {
    const { account } = await findLink(ctx, token)
    return { name: account?.name ?? null, isNew: !account?.password }
  },
})

/** Sets the password that a link is for, or makes the first admin; then they are signed in. All other sessions and links of the account end. */
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
        const where = { accountId: link.accountId }
        await tx.accountSession.deleteMany({ where })
        await tx.oneTimeLink.deleteMany({ where })
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

/** The account, and the link by which its owner sets a password: it is shown once. */
export interface Invited {
  account: Account
  link: string
  /** The address that it was sent to. */
  mailedTo: string | null
}

interface Link {
  link: string
  /** In the transaction. */
  keep(tx: Prisma.TransactionClient, accountId: number): Promise<void>
}

/** A link and, with an address and mail, the letter with it. */
async function newLink(
  kernel: Kernel,
  { name, password }: Pick<Account, 'name' | 'password'>,
  { to, by, good }: { to: string | null; by?: string; good: number },
): Promise<Link> {
  const token = newSecret()
  const link = `${kernel.origin}/link#${token}`
  const expiresAt = Date.now() + good
  const until = `${new Date(expiresAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`
  const isNew = password === null
  const why =
    isNew && by
      ? `${by} has made an account for you on Tidegate at ${kernel.origin}. You sign in as ${name}.`
      : `${by ?? 'Somebody, perhaps you,'} asked for a link to set a password for the account ${name} on Tidegate at ${kernel.origin}.`
  const letter = to
    ? await writeMail(kernel, {
        kind: by ? 'invitation' : 'password-reset',
        to,
        subject: isNew && by ? 'Come to Tidegate' : 'Set a password on Tidegate',
        body: {
          text: [why],
          link: { label: isNew ? 'Set a password and come in' : 'Set another password', url: link },
          note: `The link is good once, until ${until}. If you did not expect this letter, do nothing: nothing has changed.`,
        },
      })
    : undefined
  return {
    link,
    async keep(tx, accountId) {
      await tx.oneTimeLink.create({ data: { digest: digestOf(token), accountId, expiresAt: BigInt(expiresAt) } })
      await sendMail(overPrisma(tx), letter && { ...letter, accountId })
    },
  }
}

export const createAccount = operation({
  name: 'account.create',
  input: z.object({ name: accountName, email: address.nullish(), isAdmin: z.boolean().nullish() }),
  action: 'create',
  on: system,
  async run(ctx, { name, email, isAdmin }): Promise<Invited> {
    const known = await ctx.db.prisma.account.findUnique({ where: { name } })
    if (known) throw new AppError('RESOURCE_ALREADY_EXISTS', `An account '${name}' exists already.`, { field: 'name' })
    const to = email ?? (address.safeParse(name).success ? name : null)
    const { link, keep } = await newLink(ctx, { name, password: null }, { to, by: ctx.actor.name, good: life.invited })
    const account = await ctx.db.prisma.$transaction(async (tx) => {
      const made = await tx.account.create({ data: { name, email: to, isAdmin: isAdmin ?? false, createdAt: now() } })
      await keep(tx, made.id)
      return made
    })
    return { account, link, mailedTo: ctx.mailer ? to : null }
  },
})

/** Another link, in place of those before it. */
export const resetPassword = operation({
  name: 'account.reset-password',
  input: z.object({ id: required, mail: z.boolean().nullish() }),
  action: 'edit',
  on: system,
  async run(ctx, { id, mail }): Promise<Invited> {
    const account = await findAccount(ctx, { id })
    checkPerson(account)
    const to = mail === false ? null : account.email
    const { link, keep } = await newLink(ctx, account, { to, by: ctx.actor.name, good: life.invited })
    await ctx.db.prisma.$transaction(async (tx) => {
      await tx.oneTimeLink.deleteMany({ where: { accountId: account.id } })
      await keep(tx, account.id)
    })
    return { account, link, mailedTo: ctx.mailer ? to : null }
  },
})

/** Takes back an invitation that nobody has followed: the account is gone. */
export const withdrawInvitation = operation({
  name: 'account.withdraw',
  input: z.object({ id: required }),
  action: 'delete',
  on: system,
  async run(ctx, { id }): Promise<Account> {
    const account = await findAccount(ctx, { id })
    checkPerson(account)
    // Of a withdrawal and a sign-in at once the later finds the other's.
    const unused = { id: account.id, password: null, identities: { none: {} }, tokens: { none: {} } }
    const { count } = await ctx.db.prisma.account.deleteMany({ where: unused })
    if (count === 0) throw invalid(`${account.name} has come in already: disable the account instead.`, 'id')
    changed(ctx)
    return account
  },
})

/**
 * Asked by anybody: the answer and the time it takes are the same whether or not there is such an account, because looking is
 * a job's.
 */
export const forgotPassword = operation({
  name: 'account.forgot',
  quiet: true,
  open: true,
  input: z.object({ name: required.pipe(z.string().trim().min(1).max(320)), address: z.string() }),
  action: 'edit',
  on: self,
  async run(ctx, { name, address }): Promise<void> {
    if (ctx.authenticate.mode === 'open' || !ctx.mailer)
      throw new AppError('BAD_REQUEST', 'This server sends no mail. Ask an admin for a link.')
    await ctx.authenticate.attempt(`forgot ${name}`, `forgot ${address}`, async () => false)
    await enqueue(ctx.db, sendForgotten, { name: name.toLowerCase() })
  },
})

/** Who signs in at a provider only has no password to forget. */
export const sendForgotten = job({
  name: 'account.forgotten',
  payload: z.object({ name: z.string() }),
  async run(kernel, { name }) {
    const { prisma } = kernel.db
    const accounts = await prisma.account.findMany({
      where: {
        disabledAt: null,
        email: { not: null },
        AND: [
          { OR: [{ name }, { email: { equals: name, mode: 'insensitive' } }] },
          { OR: [{ password: { not: null } }, { identities: { none: {} } }] },
        ],
      },
      take: mostOfAddress,
    })
    for (const account of accounts) {
      const { keep } = await newLink(kernel, account, { to: account.email, good: life.forgotten })
      await prisma.$transaction((tx) => keep(tx, account.id))
    }
  },
})

/** By which ways accounts are come into, and until when they can be come into for the first time. */
export const doors = loader<number, { identities: number; linkUntil: number | null }>(async (ctx, ids) => {
  const where = { accountId: { in: [...ids] } }
  const [identities, links] = await Promise.all([
    ctx.db.prisma.ssoIdentity.groupBy({ by: 'accountId', where, _count: true }),
    ctx.db.prisma.oneTimeLink.groupBy({ by: 'accountId', where, _max: { expiresAt: true } }),
  ])
  const counts = new Map(identities.map((each) => [each.accountId, each._count]))
  const ends = new Map(links.map((each) => [each.accountId, Number(each._max.expiresAt)]))
  return ids.map((id) => ({ identities: counts.get(id) ?? 0, linkUntil: ends.get(id) ?? null }))
})
