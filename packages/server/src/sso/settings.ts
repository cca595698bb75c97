/**
 * Single sign-on, as an admin sets it up: providers, and what their groups stand for here. Always true: a client's secret
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
const number = (id: string) => (/^\d{1,9}$/.test(id) ? Number(id) : -1)
/** Of one server. */
const mostProviders = 20

/** In the order that they were added in. */
export const readProviders = ({ db }: Pick<Kernel, 'db'>): Promise<Sso[]> => db.prisma.sso.findMany({ orderBy: { id: 'asc' } })

/** Without an id the first; null where there is none. */
export async function readSso(kernel: Pick<Kernel, 'db'>, id: string | null | undefined): Promise<Sso | null> {
  if (id == null) return kernel.db.prisma.sso.findFirst({ orderBy: { id: 'asc' } })
  const found = await kernel.db.prisma.sso.findUnique({ where: { id: number(id) } })
  if (!found) throw notFound(`No provider with id=${id} exists`)
  return found
}

const opened = new WeakMap<Kernel['db'], Map<number, { of: bigint; origin: string; oidc: Oidc }>>()

/** The provider as it is set up now: what was discovered of it is kept until that changes. */
export function providerOf(ctx: Ctx, sso: Sso): Oidc {
  let all = opened.get(ctx.db)
  if (!all) opened.set(ctx.db, (all = new Map()))
  const known = all.get(sso.id)
  if (known?.of === sso.updatedAt && known.origin === ctx.origin) return known.oidc
  const { issuer, clientId, groupsClaim } = sso
  const clientSecret = ctx.secrets.open(ssoSecret, sso.clientSecret)
  const oidc = openOidc({ issuer, clientId, clientSecret, groupsClaim, redirectUri: ctx.origin + callbackPath }, ctx.outbound)
  all.set(sso.id, { of: sso.updatedAt, origin: ctx.origin, oidc })
  return oidc
}

/** What is shown of it: not the secret. */
export interface SsoSettings extends Omit<Sso, 'clientSecret' | 'rules'> {
  rules: Array<z.infer<typeof rule>>
  /** What is registered at the provider. */
  redirectUri: string
  /** The same, for who was signed out there. */
  signedOutUri: string
}

async function shown(ctx: Ctx, { clientSecret: _, ...sso }: Sso): Promise<SsoSettings> {
  const rules = rulesOf(sso)
  const found = await ctx.db.prisma.workspace.findMany({ where: { id: { in: rules.map(({ workspaceId }) => workspaceId) } } })
  const names = new Map(found.map(({ id, name }) => [id, name]))
  return {
    ...sso,
    rules: rules.map(({ group, workspaceId, role }) => ({ group, workspace: names.get(workspaceId)!, role })),
    redirectUri: ctx.origin + callbackPath,
    signedOutUri: `${ctx.origin}/`,
  }
}

/** Without an id the first; null where none is set up. */
export const getSso = operation({
  name: 'sso.get',
  input: z.object({ id: required.nullish() }),
  action: 'read',
  on: system,
  async run(ctx, { id }): Promise<SsoSettings | null> {
    const sso = await readSso(ctx, id)
    return sso && shown(ctx, sso)
  },
})

export const listSso = operation({
  name: 'sso.list',
  input: z.object({}),
  action: 'read',
  on: system,
  run: async (ctx): Promise<SsoSettings[]> => Promise.all((await readProviders(ctx)).map((sso) => shown(ctx, sso))),
})

const rule = z.object({ group: required.max(500), workspace: required, role: z.enum(roles as [Role, ...Role[]]) })
const fields = {
  name: required.max(100).nullish(),
  issuer: required.max(1_000).nullish(),
  clientId: required.max(500).nullish(),
  clientSecret: required.max(5_000).nullish(),
  groupsClaim: required.max(500).nullish(),
  rules: z.array(rule).max(1_000).nullish(),
  adminGroups: z
    .array(required.max(500).pipe(z.string().refine((group) => group !== '*', 'not everybody manages the installation: name a group')))
    .max(100)
    .nullish(),
  signsOut: z.boolean().nullish(),
  enabled: z.boolean().nullish(),
}
type Given = z.infer<z.ZodObject<typeof fields>>

/** What is to be stored, of what is given and what there is. */
async function settled(ctx: Ctx, { clientSecret, rules, ...given }: Given, before: Sso | null) {
  const pick = <Key extends 'name' | 'issuer' | 'clientId'>(key: Key): string => {
    const value = given[key] ?? before?.[key]
    if (value === undefined) throw invalid(`Missing value for required parameter '${key}'.`, key)
    return value
  }
  const [name, issuer] = [pick('name'), pick('issuer')]
  if (!clientSecret && issuer !== before?.issuer)
    throw invalid("Missing value for required parameter 'clientSecret': a new issuer is not sent the secret of another.", 'clientSecret')
  if (!/^https?:/.test(issuer)) throw invalid(`Invalid value '${issuer}' for parameter 'issuer' supplied: it must be a URL.`, 'issuer')
  ctx.outbound.check(issuer, 'issuer')
  const others = (await readProviders(ctx)).filter(({ id }) => id !== before?.id)
  if (others.some((each) => each.name.toLowerCase() === name.toLowerCase()))
    throw invalid(`Another provider is called '${name}': people could not tell their buttons apart.`, 'name')
  if (others.length >= mostProviders) throw invalid(`There are ${mostProviders} providers, and that is the most.`)
  return {
    name,
    issuer,
    clientId: pick('clientId'),
    clientSecret: clientSecret ? await ctx.secrets.seal(ssoSecret, clientSecret) : before!.clientSecret,
    groupsClaim: given.groupsClaim ?? before?.groupsClaim ?? 'groups',
    rules: rules ? await stored(ctx, rules) : before ? rulesOf(before) : [],
    adminGroups: given.adminGroups ?? before?.adminGroups ?? [],
    signsOut: given.signsOut ?? before?.signsOut ?? false,
    enabled: given.enabled ?? before?.enabled ?? true,
    updatedAt: BigInt(Date.now()),
  }
}

/** As the audit log has them: without their secrets. */
const ssoState = async (ctx: Ctx) =>
  Object.fromEntries(
    await Promise.all(
      (await readProviders(ctx)).map(async (sso) => {
        const { name, issuer, clientId, groupsClaim, rules, adminGroups, signsOut, enabled } = await shown(ctx, sso)
        return [`provider ${sso.id}`, { name, issuer, clientId, groupsClaim, rules, adminGroups, signsOut, enabled }]
      }),
    ),
  )

/** What is not given stays, where there is something. A new issuer wants its secret: the old one is not for it. */
export const setSso = operation({
  name: 'sso.set',
  input: z.object({ id: required.nullish(), ...fields }),
  action: 'manage',
  on: system,
  state: ssoState,
  async run(ctx, { id, ...given }): Promise<SsoSettings> {
    const before = await readSso(ctx, id)
    const data = await settled(ctx, given, before)
    return shown(ctx, await (before ? ctx.db.prisma.sso.update({ where: { id: before.id }, data }) : ctx.db.prisma.sso.create({ data })))
  },
})

export const addSso = operation({
  name: 'sso.add',
  input: z.object(fields),
  action: 'manage',
  on: system,
  state: ssoState,
  run: async (ctx, given): Promise<SsoSettings> => shown(ctx, await ctx.db.prisma.sso.create({ data: await settled(ctx, given, null) })),
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

/** Whose accounts came by it keep them, with what its groups gave: from then on as if it was given by hand. */
export const deleteSso = operation({
  name: 'sso.delete',
  input: z.object({ id: required.nullish() }),
  action: 'manage',
  on: system,
  state: ssoState,
  async run(ctx, { id }): Promise<void> {
    const sso = await readSso(ctx, id)
    if (!sso) throw notFound('No single sign-on is set up')
    await ctx.db.prisma.$transaction([
      ctx.db.prisma.member.updateMany({ where: { ssoId: sso.id }, data: { bySso: false } }),
      ctx.db.prisma.sso.delete({ where: { id: sso.id } }),
    ])
  },
})

export interface SsoTest {
  ok: boolean
  message: string
}

/** Whether the provider can be found, by what is set up. Only a sign-in shows whether it takes the client and its secret. */
export const testSso = operation({
  name: 'sso.test',
  input: z.object({ id: required.nullish() }),
  action: 'manage',
  on: system,
  async run(ctx, { id }): Promise<SsoTest> {
    const sso = await readSso(ctx, id)
    if (!sso) throw notFound('No single sign-on is set up')
    try {
      const oidc = providerOf(ctx, sso)
      const { url } = await oidc.begin()
      const found = `The provider answers; people sign in at ${new URL(url).host}.`
      if (!sso.signsOut || (await oidc.end('', ctx.origin))) return { ok: true, message: found }
      return { ok: false, message: `${found} But nobody can be signed out there: it names no end_session_endpoint.` }
    } catch (error) {
      if (error instanceof AppError) return { ok: false, message: error.message }
      throw error
    }
  },
})
