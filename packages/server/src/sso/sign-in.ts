/**
 * Signing in at a provider, and out. Always true: whoever may do nothing here gets neither account nor session; a session that
 * began at a provider ends there too, where that is set up; sign-ins that fail are counted, as wrong passwords are.
 */
import type { Sso } from '@tidegate/db'
import { z } from 'zod'
import type { Actor } from '../access.ts'
import type { Ctx } from '../context.ts'
import { AppError, notFound } from '../errors.ts'
import { required } from '../fields.ts'
import type { Identity } from '../oidc.ts'
import { operation, type Target } from '../operation.ts'
import { digestOf } from '../passwords.ts'
import type { SealedColumn } from '../secrets.ts'
import { beginSession, changed, ownId, type SignedIn } from '../users/accounts.ts'
import { accountOf } from './account.ts'
import { providerOf, readProviders } from './settings.ts'

export const idTokens: SealedColumn = { table: 'sso_session', column: 'id_token' }

const self = (): Target<null> => ({ securable: { kind: 'Self' }, row: null })

/** One that people may sign in by; without an id the first. */
export async function enabledSso(ctx: Ctx, id: string | null | undefined): Promise<Sso> {
  if (ctx.authenticate.mode === 'open') ownId(ctx)
  const all = (await readProviders(ctx)).filter(({ enabled }) => enabled)
  if (all.length === 0) throw new AppError('BAD_REQUEST', 'Single sign-on is not set up here. Sign in with a password.')
  const found = id ? all.find((each) => String(each.id) === id) : all[0]
  if (!found) throw notFound(`No provider with id=${id} exists`)
  return found
}

export interface SignInWays {
  password: boolean
  /** Who forgot the password is sent a link. */
  reset: boolean
  /** The first. */
  sso: { name: string } | null
  providers: Array<{ id: string; name: string }>
}

/** What a page for signing in offers. Asked by anybody. */
export const signInWays = operation({
  name: 'sso.ways',
  open: true,
  input: z.object({}),
  action: 'read',
  on: self,
  async run(ctx): Promise<SignInWays> {
    const isOpen = ctx.authenticate.mode === 'open'
    const all = isOpen ? [] : (await readProviders(ctx)).filter(({ enabled }) => enabled)
    const providers = all.map(({ id, name }) => ({ id: String(id), name }))
    return { password: !isOpen, reset: !isOpen && ctx.mailer !== undefined, sso: all[0] ? { name: all[0].name } : null, providers }
  },
})

export const beginSso = operation({
  name: 'sso.begin',
  open: true,
  input: z.object({ provider: required.nullish() }),
  action: 'read',
  on: self,
  async run(ctx, { provider }) {
    const sso = await enabledSso(ctx, provider)
    return { ...(await providerOf(ctx, sso).begin()), provider: String(sso.id) }
  },
})

/** Who came back. Failures count against what was begun and the address: each may have asked the provider something. */
export async function cameBack(ctx: Ctx, sso: Sso, query: URLSearchParams, attempt: string): Promise<Identity> {
  let failure: unknown
  let identity: Identity | undefined
  const begun = `sso ${Buffer.from(digestOf(attempt)).toString('base64url')}`
  await ctx.authenticate.attempt(begun, `sso ${ctx.through.address}`, async () => {
    try {
      identity = await providerOf(ctx, sso).finish(query, attempt)
    } catch (error) {
      failure = error
    }
    // A provider that is away is nobody's attempt.
    return identity !== undefined || !(failure instanceof AppError) || failure.code !== 'UNAUTHENTICATED'
  })
  if (!identity) throw failure
  return identity
}

export const finishSso = operation({
  name: 'account.sign-in-sso',
  open: true,
  input: z.object({ provider: z.string(), query: z.instanceof(URLSearchParams), attemptSecret: z.string(), agent: z.string() }),
  action: 'edit',
  on: self,
  async run(ctx, { provider, query, attemptSecret, agent }): Promise<SignedIn> {
    const sso = await enabledSso(ctx, provider)
    const identity = await cameBack(ctx, sso, query, attemptSecret)
    // Who it is, for the audit log: refused or not.
    Object.assign(ctx, { actor: { name: identity.email ?? identity.name, kind: 'NONE' } satisfies Actor })
    const account = await accountOf(ctx, sso, identity)
    Object.assign(ctx, { actor: { name: account.name, kind: 'ACCOUNT', id: account.id } satisfies Actor })
    changed(ctx)
    const session = await beginSession(ctx, account.id, agent)
    if (sso.signsOut) {
      const idToken = await ctx.secrets.seal(idTokens, identity.idToken)
      await ctx.db.prisma.ssoSession.create({ data: { digest: digestOf(session), ssoId: sso.id, idToken } })
    }
    return { account, session }
  },
})

/** Ends the session. Says where to go to be signed out at the provider too, where it began there. */
export const signOut = operation({
  name: 'account.sign-out',
  open: true,
  input: z.object({ session: z.string() }),
  action: 'edit',
  on: self,
  async run(ctx, { session }): Promise<{ next: string | null }> {
    const digest = digestOf(session)
    const began = await ctx.db.prisma.ssoSession.findUnique({ where: { digest }, include: { sso: true } })
    await ctx.db.prisma.accountSession.deleteMany({ where: { digest } })
    changed(ctx)
    if (!began?.sso.signsOut) return { next: null }
    try {
      const idToken = ctx.secrets.open(idTokens, began.idToken)
      return { next: (await providerOf(ctx, began.sso).end(idToken, `${ctx.origin}/`)) ?? null }
    } catch (err) {
      // Out here all the same.
      ctx.log.warn({ err, provider: began.sso.name }, 'nobody could be signed out at the provider')
      return { next: null }
    }
  },
})
