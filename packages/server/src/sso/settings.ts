/**
 * Single sign-on, as an admin sets it up: one provider, and what its groups stand for here. Always true: the client's secret
 * is sealed, shown to nobody, and sent to no other issuer than the one it was given with.
 */
import type { Sso } from '@tidegate/db'
import { z } from 'zod'
import { type Role, roles } from '../access.ts'
import type { Ctx, Kernel } from '../context.ts'
import { AppError, invalid, notFound } from '../errors.ts'
import { required } from '../fields.ts'
import { type Oidc, openOidc } from '../oidc.ts'
import { operation, type Target } from '../operation.ts'
import type { SealedColumn } from '../secrets.ts'

export const ssoSecret: SealedColumn = { table: 'sso', column: 'client_secret' }
export const callbackPath = '/auth/sso/callback'

/** Whoever is in `group` has `role` in the workspace; of several the highest counts. */
const storedRules = z.array(z.object({ group: z.string(), workspaceId: z.number().int(), role: z.enum(roles as [Role, ...Role[]]) }))
export type StoredRule = z.infer<typeof storedRules>[number]
export const rulesOf = ({ rules }: Pick<Sso, 'rules'>): StoredRule[] => storedRules.parse(rules)

const system = (): Target<null> => ({ securable: { kind: 'System' }, row: null })

export const readSso = ({ db }: Pick<Kernel, 'db'>): Promise<Sso | null> => db.prisma.sso.findUnique({ where: { id: 1 } })

const opened = new WeakMap<Kernel['db'], { of: bigint; origin: string; oidc: Oidc }>()

/** The provider as it is set up now: what was discovered of it is kept until that changes. */
export function providerOf(ctx: Ctx, sso: Sso): Oidc {
  const known = opened.get(ctx.db)
  if (known?.of === sso.updatedAt && known.origin === ctx.origin) return known.oidc
  const { issuer, clientId, groupsClaim } = sso
  const clientSecret = ctx.secrets.open(ssoSecret, sso.clientSecret)
  const oidc = openOidc({ issuer, clientId, clientSecret, groupsClaim, redirectUri: ctx.origin + callbackPath }, ctx.outbound)
  opened.set(ctx.db, { of: sso.updatedAt, origin: ctx.origin, oidc })
  return oidc
}

/** What is shown of it: not the secret. */
export interface SsoSettings extends Omit<Sso, 'id' | 'clientSecret' | 'rules'> {
  rules: Array<z.infer<typeof rule>>
  /** What is registered at the provider. */
  redirectUri: string
}

async function shown(ctx: Ctx, { id: _, clientSecret: __, ...sso }: Sso): Promise<SsoSettings> {
  const rules = rulesOf(sso)
  const found = await ctx.db.prisma.workspace.findMany({ where: { id: { in: rules.map(({ workspaceId }) => workspaceId) } } })
  const names = new Map(found.map(({ id, name }) => [id, name]))
  return {
    ...sso,
    rules: rules.map(({ group, workspaceId, role }) => ({ group, workspace: names.get(workspaceId)!, role })),
    redirectUri: ctx.origin + callbackPath,
  }
}

/** Null where none is set up. */
export const getSso = operation({
  name: 'sso.get',
  input: z.object({}),
  action: 'read',
  on: system,
  async run(ctx): Promise<SsoSettings | null> {
    const sso = await readSso(ctx)
    return sso && shown(ctx, sso)
  },
})

const rule = z.object({ group: required.max(500), workspace: required, role: z.enum(roles as [Role, ...Role[]]) })

/** What is not given stays, where there is something. A new issuer wants its secret: the old one is not for it. */
export const setSso = operation({
  name: 'sso.set',
  input: z.object({
    name: required.max(100).nullish(),
    issuer: required.max(1_000).nullish(),
    clientId: required.max(500).nullish(),
    clientSecret: required.max(5_000).nullish(),
    groupsClaim: required.max(500).nullish(),
    rules: z.array(rule).max(1_000).nullish(),
    enabled: z.boolean().nullish(),
  }),
  action: 'manage',
  on: system,
  async run(ctx, { clientSecret, rules, ...given }): Promise<SsoSettings> {
    const before = await readSso(ctx)
    const pick = <Key extends 'name' | 'issuer' | 'clientId'>(key: Key): string => {
      const value = given[key] ?? before?.[key]
      if (value === undefined) throw invalid(`Missing value for required parameter '${key}'.`, key)
      return value
    }
    const issuer = pick('issuer')
    if (!clientSecret && issuer !== before?.issuer)
      throw invalid("Missing value for required parameter 'clientSecret': a new issuer is not sent the secret of another.", 'clientSecret')
    if (!/^https?:/.test(issuer)) throw invalid(`Invalid value '${issuer}' for parameter 'issuer' supplied: it must be a URL.`, 'issuer')
    ctx.outbound.check(issuer, 'issuer')
    const data = {
      name: pick('name'),
      issuer,
      clientId: pick('clientId'),
      clientSecret: clientSecret ? await ctx.secrets.seal(ssoSecret, clientSecret) : before!.clientSecret,
      groupsClaim: given.groupsClaim ?? before?.groupsClaim ?? 'groups',
      rules: rules ? await stored(ctx, rules) : before ? rulesOf(before) : [],
      enabled: given.enabled ?? before?.enabled ?? true,
      updatedAt: BigInt(Date.now()),
    }
    return shown(ctx, await ctx.db.prisma.sso.upsert({ where: { id: 1 }, create: data, update: data }))
  },
})

async function stored(ctx: Ctx, rules: Array<z.infer<typeof rule>>): Promise<StoredRule[]> {
  const names = [...new Set(rules.map(({ workspace }) => workspace))]
  const ids = new Map((await ctx.db.prisma.workspace.findMany({ where: { name: { in: names } } })).map(({ name, id }) => [name, id]))
  return rules.map(({ group, workspace, role }, i) => {
    const workspaceId = ids.get(workspace)
    if (workspaceId === undefined) throw invalid(`No workspace '${workspace}' exists.`, `rules[${i}].workspace`)
    return { group, workspaceId, role }
  })
}

/** Whose accounts came by it keep them, and their memberships until somebody takes those. */
export const deleteSso = operation({
  name: 'sso.delete',
  input: z.object({}),
  action: 'manage',
  on: system,
  async run(ctx): Promise<void> {
    const { count } = await ctx.db.prisma.sso.deleteMany({})
    if (count === 0) throw notFound('No single sign-on is set up')
  },
})

export interface SsoTest {
  ok: boolean
  message: string
}

/** Whether the provider can be found, by what is set up. Only a sign-in shows whether it takes the client and its secret. */
export const testSso = operation({
  name: 'sso.test',
  input: z.object({}),
  action: 'manage',
  on: system,
  async run(ctx): Promise<SsoTest> {
    const sso = await readSso(ctx)
    if (!sso) throw notFound('No single sign-on is set up')
    try {
      const { url } = await providerOf(ctx, sso).begin()
      return { ok: true, message: `The provider answers; people sign in at ${new URL(url).host}.` }
    } catch (error) {
      if (error instanceof AppError) return { ok: false, message: error.message }
      throw error
    }
  },
})
