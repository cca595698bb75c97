/**
 * Tokens: keys for programs, one's own or of a service account. Always true: a token is shown once, when it is made; what is kept is its
 * SHA-256. It is never worth more than its account, and may be worth less: by its scope, in one workspace, until a time.
 */
import type { AccessToken, Workspace } from '@tidegate/db'
import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { invalid, notFound } from '../errors.ts'
import { required } from '../fields.ts'
import { operation, type Target } from '../operation.ts'
import { digestOf, newSecret } from '../passwords.ts'
import { getWorkspace } from '../workspaces/workspaces.ts'
import { changed, ownId } from './accounts.ts'
import { onService } from './services.ts'

const prefix = 'tg_'
/** Of one account. */
const mostTokens = 200
const day = 24 * 60 * 60_000
/** How long one that was renewed is good beside the new one, ms. */
const overlaps = { usual: day, most: 30 * day }

/** Each has what the ones before it have. */
export const scopes = ['READ', 'RUNS', 'MODELS', 'ALL'] as const
export type Scope = (typeof scopes)[number]

export type Token = AccessToken & { workspace?: Workspace | null }
export interface NewToken {
  token: Token
  secret: string
}

export const scopeOf = ({ scope, allows }: Pick<AccessToken, 'scope' | 'allows'>): Scope => (allows ?? scope) as Scope

const self = (): Target<null> => ({ securable: { kind: 'Self' }, row: null })
/** Of a service account of this workspace, else one's own. */
const account = required.nullish()
const onOwner = async (ctx: Ctx, { account }: { account?: string | null | undefined }): Promise<Target<{ id: number } | null>> =>
  account ? onService(ctx, { account }) : self()
const ownerId = (ctx: Ctx, service: { id: number } | null) => service?.id ?? ownId(ctx)

export const listTokens = operation({
  name: 'token.list',
  input: z.object({}),
  action: 'read',
  on: self,
  run: (ctx): Promise<Token[]> =>
    ctx.db.prisma.accessToken.findMany({ where: { accountId: ownId(ctx) }, include: { workspace: true }, orderBy: { id: 'desc' } }),
})

const expiresAt = z
  .int()
  .refine((at) => at > Date.now(), 'it is in the past')
  .nullish()

/** Makes one, in place of what has ended and was renewed. */
async function make(ctx: Ctx, data: Omit<AccessToken, 'id' | 'digest' | 'hint' | 'createdAt' | 'usedAt' | 'renewedBy'>): Promise<NewToken> {
  const { accountId } = data
  const now = BigInt(Date.now())
  const { accessToken } = ctx.db.prisma
  await accessToken.deleteMany({ where: { accountId, renewedBy: { not: null }, expiresAt: { lt: now } } })
  if ((await accessToken.count({ where: { accountId } })) >= mostTokens)
    throw invalid(`There are ${mostTokens} tokens, and that is the most. Revoke one that is not used.`)
  const secret = newSecret(prefix)
  const token = await accessToken.create({
    data: { ...data, digest: digestOf(secret), hint: secret.slice(0, prefix.length + 4), createdAt: now },
    include: { workspace: true },
  })
  return { token, secret }
}

export const createToken = operation({
  name: 'token.create',
  input: z.object({
    account,
    name: required.pipe(z.string().trim().min(1).max(100, "'name' exceeds the maximum length of 100 characters")),
    scope: z.enum(scopes).nullish(),
    workspace: required.nullish(),
    expiresAt,
  }),
  action: 'manage',
  on: onOwner,
  async run(ctx, { name, scope, workspace, expiresAt }, service): Promise<NewToken> {
    const accountId = ownerId(ctx, service)
    const place = service ? ctx.workspace : workspace ? await getWorkspace.run(ctx, { name: workspace }, null) : null
    const narrow = scope === 'RUNS' || scope === 'MODELS' ? scope : null
    return make(ctx, {
      accountId,
      name,
      scope: narrow ? 'READ' : (scope ?? 'ALL'),
      allows: narrow,
      workspaceId: place?.id ?? null,
      expiresAt: expiresAt == null ? null : BigInt(expiresAt),
    })
  },
})

async function find(ctx: Ctx, id: string, service: { id: number } | null): Promise<AccessToken> {
  const where = { id: /^\d{1,9}$/.test(id) ? Number(id) : -1, accountId: ownerId(ctx, service) }
  const token = await ctx.db.prisma.accessToken.findFirst({ where })
  if (!token) throw notFound(`No token with id=${id} exists`)
  return token
}

/** As the audit log has it. */
const tokenState = (ctx: Ctx, { id }: { id: string }, service: { id: number } | null) =>
  ctx.db.prisma.accessToken.findFirst({
    where: { id: /^\d{1,9}$/.test(id) ? Number(id) : -1, accountId: ownerId(ctx, service) },
    select: { name: true, scope: true, allows: true, expiresAt: true },
  })

/** Another secret for the same. The one before is good for a while yet, so that nothing stands still meanwhile. */
export const renewToken = operation({
  name: 'token.renew',
  input: z.object({
    account,
    id: required,
    expiresAt,
    overlap: z.int().min(0).max(overlaps.most, 'at most 30 days').nullish(),
  }),
  action: 'manage',
  on: onOwner,
  async run(ctx, { id, expiresAt, overlap }, service): Promise<NewToken> {
    const old = await find(ctx, id, service)
    if (old.renewedBy !== null) throw invalid(`The token '${old.name}' was renewed already: renew the one that took its place.`, 'id')
    const { accountId, name, scope, allows, workspaceId } = old
    const now = BigInt(Date.now())
    // As long again as it was good.
    const until = expiresAt != null ? BigInt(expiresAt) : old.expiresAt === null ? null : now + (old.expiresAt - old.createdAt)
    const made = await make(ctx, { accountId, name, scope, allows, workspaceId, expiresAt: until })
    const end = now + BigInt(overlap ?? overlaps.usual)
    await ctx.db.prisma.accessToken.updateMany({
      where: { id: old.id },
      data: { renewedBy: made.token.id, expiresAt: old.expiresAt !== null && old.expiresAt < end ? old.expiresAt : end },
    })
    changed(ctx)
    return made
  },
})

/** It is refused from now on. */
export const revokeToken = operation({
  name: 'token.revoke',
  input: z.object({ account, id: required }),
  action: 'manage',
  on: onOwner,
  state: tokenState,
  async run(ctx, { id }, service): Promise<Token> {
    const token = await find(ctx, id, service)
    await ctx.db.prisma.accessToken.delete({ where: { id: token.id } })
    changed(ctx)
    return token
  },
})
