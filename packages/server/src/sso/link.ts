/**
 * Identities of an account: whoever is signed in links themselves at a provider, and unlinks. Always true: a link is made by the
 * browser and the account that asked for it; an identity is of one account; an account keeps a way in.
 */
import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { AppError, invalid, notFound } from '../errors.ts'
import { required } from '../fields.ts'
import { operation, type Target } from '../operation.ts'
import { changed, findAccount, ownId } from '../users/accounts.ts'
import { give, remember, serially, tellKept } from './account.ts'
import { providerOf } from './settings.ts'
import { cameBack, enabledSso } from './sign-in.ts'

const self = (): Target<null> => ({ securable: { kind: 'Self' }, row: null })

export interface LinkedIdentity {
  id: number
  /** As its provider calls the person. */
  name: string
  provider: string
  seenAt: bigint
}

export const listIdentities = operation({
  name: 'sso.identities',
  input: z.object({}),
  action: 'read',
  on: self,
  async run(ctx): Promise<LinkedIdentity[]> {
    const where = { accountId: ownId(ctx) }
    const rows = await ctx.db.prisma.ssoIdentity.findMany({ where, include: { sso: true }, orderBy: { id: 'asc' } })
    return rows.map(({ id, name, subject, issuer, sso, seenAt }) => ({ id, name: name || subject, provider: sso?.name ?? issuer, seenAt }))
  },
})

/** A person, in a browser: a program has nobody to send anywhere. */
function session(ctx: Ctx): number {
  if (ctx.through.kind !== 'SESSION') throw new AppError('PERMISSION_DENIED', 'This takes a browser: sign in there, and link yourself.')
  return ownId(ctx)
}

export const beginLink = operation({
  name: 'sso.begin-link',
  input: z.object({ provider: required.nullish() }),
  action: 'edit',
  on: self,
  async run(ctx, { provider }) {
    const account = session(ctx)
    const sso = await enabledSso(ctx, provider)
    return { ...(await providerOf(ctx, sso).begin()), provider: String(sso.id), account: String(account) }
  },
})

export const finishLink = operation({
  name: 'account.link-sso',
  input: z.object({ provider: z.string(), account: z.string(), query: z.instanceof(URLSearchParams), attemptSecret: z.string() }),
  action: 'edit',
  on: self,
  async run(ctx, { provider, account, query, attemptSecret }): Promise<void> {
    const id = session(ctx)
    if (String(id) !== account) throw new AppError('UNAUTHENTICATED', 'Somebody else began to link this. Begin again.')
    const sso = await enabledSso(ctx, provider)
    const identity = await cameBack(ctx, sso, query, attemptSecret)
    const { issuer, subject } = identity
    const { kept } = await serially(ctx, async (tx) => {
      const known = await tx.ssoIdentity.findUnique({ where: { issuer_subject: { issuer, subject } } })
      // Whose it is, is not for others to know.
      if (known && known.accountId !== id)
        throw invalid(`${identity.email ?? identity.name} at ${sso.name} is linked with another account.`)
      await remember(tx, sso, identity, id)
      return give(tx, await tx.account.findUniqueOrThrow({ where: { id } }))
    })
    await tellKept(ctx, kept)
    changed(ctx)
  },
})

/** What only the groups there gave goes too: nobody follows them any more. */
export const unlink = operation({
  name: 'account.unlink-sso',
  input: z.object({ id: required }),
  action: 'edit',
  on: self,
  async run(ctx, { id: text }): Promise<{ id: string }> {
    const accountId = ownId(ctx)
    const id = /^\d{1,9}$/.test(text) ? Number(text) : -1
    const { password } = await findAccount(ctx, { id: String(accountId) })
    const { kept } = await serially(ctx, async (tx) => {
      const all = await tx.ssoIdentity.findMany({ where: { accountId } })
      if (!all.some((each) => each.id === id)) throw notFound(`No identity with id=${text} exists`)
      if (password === null && all.length === 1)
        throw invalid('This is your only way in: have a password set first, or link another.', 'id')
      await tx.ssoIdentity.delete({ where: { id } })
      return give(tx, await tx.account.findUniqueOrThrow({ where: { id: accountId } }))
    })
    await tellKept(ctx, kept)
    changed(ctx)
    return { id: text }
  },
})
