/** Tokens: keys for programs. Always true: a token is shown once, when it is made; what is kept is its SHA-256. It is never worth more than its account. */
import type { AccessToken } from '@tidegate/db'
import { z } from 'zod'
import { notFound } from '../errors.ts'
import { required } from '../fields.ts'
import { operation, type Target } from '../operation.ts'
import { digestOf, newSecret } from '../passwords.ts'
import { changed, ownId } from './accounts.ts'

const prefix = 'tg_'
/** Of one account. */
const mostTokens = 200

export const scopes = ['READ', 'ALL'] as const

const self = (): Target<null> => ({ securable: { kind: 'Self' }, row: null })

export const listTokens = operation({
  name: 'token.list',
  input: z.object({}),
  action: 'read',
  on: self,
  run: (ctx): Promise<AccessToken[]> => ctx.db.prisma.accessToken.findMany({ where: { accountId: ownId(ctx) }, orderBy: { id: 'desc' } }),
})

export const createToken = operation({
  name: 'token.create',
  input: z.object({
    name: required.pipe(z.string().trim().min(1).max(100, "'name' exceeds the maximum length of 100 characters")),
    scope: z.enum(scopes).nullish(),
    expiresAt: z
      .int()
      .refine((at) => at > Date.now(), 'it is in the past')
      .nullish(),
  }),
  action: 'create',
  on: self,
  async run(ctx, { name, scope, expiresAt }): Promise<{ token: AccessToken; secret: string }> {
    const accountId = ownId(ctx)
    const old = await ctx.db.prisma.accessToken.count({ where: { accountId } })
    if (old >= mostTokens) throw notFound(`There are ${mostTokens} tokens of yours, and that is the most. Revoke one that is not used.`)
    const secret = newSecret(prefix)
    const token = await ctx.db.prisma.accessToken.create({
      data: {
        accountId,
        name,
        digest: digestOf(secret),
        hint: secret.slice(0, prefix.length + 4),
        scope: scope ?? 'ALL',
        createdAt: BigInt(Date.now()),
        expiresAt: expiresAt == null ? null : BigInt(expiresAt),
      },
    })
    return { token, secret }
  },
})

/** It is refused from now on. */
export const revokeToken = operation({
  name: 'token.revoke',
  input: z.object({ id: required }),
  action: 'delete',
  on: self,
  async run(ctx, { id }): Promise<AccessToken> {
    const where = { id: /^\d{1,9}$/.test(id) ? Number(id) : -1, accountId: ownId(ctx) }
    const token = await ctx.db.prisma.accessToken.findFirst({ where })
    if (!token) throw notFound(`No token with id=${id} exists`)
    await ctx.db.prisma.accessToken.delete({ where: { id: token.id } })
    changed(ctx)
    return token
  },
})
