/**
 * Webhooks of a workspace, or of one registered model: made, changed, tried, and what became of what they were to say. Always true: they belong
 * to who manages the model, or the workspace where they are of all its models; their secrets are sealed and never read back; a URL is checked
 * when it is said, and again when it is called.
 */
import { randomUUID } from 'node:crypto'
import type { Webhook, WebhookDelivery } from '@tidegate/db'
import { z } from 'zod'
import type { Securable } from '../access.ts'
import type { Ctx } from '../context.ts'
import { AppError, invalid, notFound } from '../errors.ts'
import { anyText, required } from '../fields.ts'
import { operation, type Target } from '../operation.ts'
import { checkAfter, pageOf } from '../pages.ts'
import { readModels } from '../registry/registered-models.sql.ts'
import { modelTarget, securableOf } from '../registry/targets.ts'
import { dialects, eventsOf, exampleFor } from './dialects.ts'
import { arrived, type Outcome, send, wake, webhookAuthorization, webhookSecret } from './outbox.ts'

/** With the name of the model that it is of. */
export type Hook = Webhook & { model: string | null }

const statuses = ['ACTIVE', 'DISABLED', 'TEST_MODE'] as const
const name = z
  .string()
  .regex(
    /^$|^(?=.{1,63}$)[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i,
    'The webhook name is invalid. It must start and end with a letter or digit, have 63 characters at most, and contain only letters, digits, dots (.), underscores (_), and hyphens (-).',
  )
const description = anyText.max(2_000, "'description' exceeds the maximum length of 2000 characters")
const url = anyText.max(2_000, "'url' exceeds the maximum length of 2000 characters")
const secret = anyText.max(1_000, "'secret' exceeds the maximum length of 1000 characters")
const authorization = anyText.max(4_000, "'authorization' exceeds the maximum length of 4000 characters")
const changes = {
  name: name.nullish(),
  description: description.nullish(),
  events: z.array(anyText).max(50).nullish(),
  url: url.nullish(),
  /** '' takes it away. */
  secret: secret.nullish(),
  authorization: authorization.nullish(),
  /** Of Databricks' jobs: calls jobs/run-now at `url` with the token in `authorization`. */
  jobId: z
    .string()
    .regex(/^\d{1,18}$/, "'job_id' has to be a number.")
    .nullish(),
  status: z.enum(statuses).nullish(),
}

const here = (ctx: Ctx): Securable => ({ kind: 'Workspace', id: ctx.workspace.id })
const unknown = (id: string) => notFound(`Webhook with ID ${id} not found.`)

async function onHook(ctx: Ctx, { id }: { id: string }): Promise<Target<Hook>> {
  const row = await ctx.db.prisma.webhook.findUnique({ where: { uuid: id, workspaceId: ctx.workspace.id } })
  if (!row) throw unknown(id)
  const [model] = row.modelId === null ? [] : await readModels(ctx.db, [row.modelId])
  const securable = model ? securableOf(model) : here(ctx)
  return { securable, row: { ...row, model: model?.name ?? null }, unseen: () => unknown(id) }
}

/** Throws where it can't be called, or says a password in the clear to somebody else's machine. What is no URL is so in MLflow's words. */
function checkUrl(ctx: Ctx, url: string): void {
  if (url === '') throw invalid("Missing value for required parameter 'url'", 'url')
  if (!url.trim()) throw invalid(`Webhook URL cannot be empty or just whitespace: '${url}'`, 'url')
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1] ?? ''
  if (!/^https?$/i.test(scheme)) throw invalid(`Invalid webhook URL scheme: '${scheme}'. Allowed schemes are: http, https.`, 'url')
  if (!URL.canParse(url)) throw invalid(`Invalid webhook URL '${url}': it can't be read.`, 'url')
  ctx.outbound.check(url, 'url')
  if (url.startsWith('http:') && !ctx.outbound.isNamed(url))
    throw invalid("The URL can't be called. It must be an https:// URL, or the operator names its host with --outbound-hosts.", 'url')
}

function checkEvents(dialect: Webhook['dialect'], events: readonly string[], ofModel: boolean): void {
  const all = eventsOf(dialect as (typeof dialects)[number])
  if (events.length === 0) throw invalid("Webhook events must be a non-empty list: name one at least in 'events'.", 'events')
  const odd = events.find((event) => !all.includes(event))
  if (odd !== undefined) throw invalid(`There is no event '${odd.slice(0, 100)}'. There are: ${all.join(', ')}.`, 'events')
  if (ofModel && events.includes('REGISTERED_MODEL_CREATED'))
    throw invalid("'REGISTERED_MODEL_CREATED' is told to webhooks of all models: leave out 'model_name'.", 'events')
}

const seal = async (ctx: Ctx, column: typeof webhookSecret, text: string | null | undefined) =>
  text == null ? undefined : text === '' ? null : ctx.secrets.seal(column, text)

export const createWebhook = operation({
  name: 'webhook.create',
  input: z.object({ ...changes, dialect: z.enum(dialects), model: required.nullish(), events: z.array(anyText).max(50), url }),
  action: 'manage',
  on: async (ctx, { model }): Promise<Target<{ id: number; name: string } | null>> =>
    model == null ? { securable: here(ctx), row: null } : modelTarget(ctx, model),
  async run(ctx, { dialect, name, description, events, url, secret, authorization, jobId, status }, model): Promise<Hook> {
    if (dialect === 'MLFLOW' && !name) throw invalid("Missing value for required parameter 'name'", 'name')
    checkEvents(dialect, events, model !== null)
    checkUrl(ctx, url)
    if (jobId != null && !authorization) throw invalid("A job is started with a token: give 'access_token'.", 'access_token')
    const now = BigInt(Date.now())
    const row = await ctx.db.prisma.webhook.create({
      data: {
        ...{ uuid: randomUUID(), workspaceId: ctx.workspace.id, dialect, modelId: model?.id ?? null },
        ...{ name: name ?? '', description: description ?? '', events: [...new Set(events)], url, jobId: jobId ?? null },
        ...{ secret: (await seal(ctx, webhookSecret, secret)) ?? null },
        ...{ authorization: (await seal(ctx, webhookAuthorization, authorization)) ?? null },
        ...{ status: status ?? 'ACTIVE', createdBy: ctx.actor.name, createdAt: now, updatedAt: now },
      },
    })
    ctx.events.ring('webhooks', ctx.workspace.id)
    return { ...row, model: model?.name ?? null }
  },
})

/** As the audit log has it: without what is sealed. */
const hookState = (ctx: Ctx, _: unknown, { id }: { id: number }) =>
  ctx.db.prisma.webhook.findUnique({
    where: { id },
    select: { name: true, description: true, events: true, url: true, jobId: true, status: true },
  })

/** What is left out stays. Turned on again, it begins anew with the next event. */
export const updateWebhook = operation({
  name: 'webhook.update',
  input: z.object({ id: required, ...changes }),
  action: 'manage',
  on: onHook,
  state: hookState,
  async run(ctx, { name, description, events, url, secret, authorization, jobId, status }, hook): Promise<Hook> {
    if (events != null) checkEvents(hook.dialect, events, hook.modelId !== null)
    if (url != null) checkUrl(ctx, url)
    // A secret that was meant for one receiver goes to no other.
    const isElsewhere = url != null && originOf(url) !== originOf(hook.url)
    if (isElsewhere && hook.authorization !== null && authorization == null)
      throw invalid("The URL is of another host: give 'authorization' anew too, or '' for none.", 'authorization')
    const sealedSecret = await seal(ctx, webhookSecret, secret)
    const sealedAuthorization = await seal(ctx, webhookAuthorization, authorization)
    const data = {
      ...(name != null && { name }),
      ...(description != null && { description }),
      ...(events != null && { events: [...new Set(events)] }),
      ...(url != null && { url }),
      ...(jobId != null && { jobId }),
      ...(sealedSecret !== undefined && { secret: sealedSecret }),
      ...(sealedAuthorization !== undefined && { authorization: sealedAuthorization }),
      ...(status != null && { status, notice: null, failingSince: null }),
    }
    const row = await ctx.db.prisma.webhook.update({ where: { id: hook.id }, data: { ...data, updatedAt: BigInt(Date.now()) } })
    ctx.events.ring('webhooks', ctx.workspace.id)
    return { ...row, model: hook.model }
  },
})

const originOf = (url: string) => new URL(url).origin

export const deleteWebhook = operation({
  name: 'webhook.delete',
  input: z.object({ id: required }),
  action: 'manage',
  on: onHook,
  state: hookState,
  async run(ctx, _, hook): Promise<void> {
    await ctx.db.prisma.webhook.deleteMany({ where: { id: hook.id } })
    ctx.events.ring('webhooks', ctx.workspace.id)
  },
})

export const getWebhook = operation({
  name: 'webhook.get',
  input: z.object({ id: required }),
  action: 'manage',
  on: onHook,
  run: (_ctx, _, hook) => hook,
})

export interface HookPage {
  hooks: Hook[]
  nextPageToken: string | undefined
}

/** The newest first: of one model, or of the workspace with those of each of its models. */
export const listWebhooks = operation({
  name: 'webhook.list',
  input: z.object({
    dialect: z.enum(dialects).nullish(),
    model: required.nullish(),
    events: z.array(anyText).nullish(),
    maxResults: z.int().min(1, 'max_results must be between 1 and 1000.').max(1_000, 'max_results must be between 1 and 1000.').nullish(),
    pageToken: anyText.nullish(),
  }),
  action: 'manage',
  on: async (ctx, { model }): Promise<Target<{ id: number } | null>> =>
    model == null ? { securable: here(ctx), row: null } : modelTarget(ctx, model),
  async run(ctx, { dialect, events, maxResults, pageToken }, model): Promise<HookPage> {
    if (pageToken && !/^\d{1,9}$/.test(pageToken)) throw invalid('Invalid page token: it is not one that this server gave.', 'page_token')
    const limit = maxResults ?? 100
    const rows = await ctx.db.prisma.webhook.findMany({
      where: {
        workspaceId: ctx.workspace.id,
        ...(dialect && { dialect }),
        ...(model && { modelId: model.id }),
        ...(events?.length && { events: { hasSome: events } }),
        ...(pageToken && { id: { lt: Number(pageToken) } }),
      },
      orderBy: { id: 'desc' },
      take: limit + 1,
    })
    const page = rows.slice(0, limit)
    const models = new Map(
      (
        await readModels(
          ctx.db,
          page.flatMap(({ modelId }) => modelId ?? []),
        )
      ).map(({ id, name }) => [id, name]),
    )
    return {
      hooks: page.map((row) => ({ ...row, model: row.modelId === null ? null : (models.get(row.modelId) ?? null) })),
      nextPageToken: rows.length > limit ? String(page.at(-1)!.id) : undefined,
    }
  },
})

/** Says an example of an event, now and once, whatever its status. */
export const testWebhook = operation({
  name: 'webhook.test',
  input: z.object({ id: required, event: anyText.nullish() }),
  action: 'manage',
  on: onHook,
  async run(ctx, { event }, hook): Promise<Outcome & { isOk: boolean }> {
    if (event != null) checkEvents(hook.dialect, [event], false)
    const word = exampleFor(hook, ctx.workspace.name, event ?? hook.events[0]!)
    const { retryAfter: _, ...outcome } = await send(ctx, hook, { uuid: randomUUID(), ...word }, AbortSignal.timeout(15_000))
    return { ...outcome, isOk: arrived(outcome) }
  },
})

export interface DeliveryPage {
  deliveries: WebhookDelivery[]
  nextPageToken: string | undefined
}

/** What it was to say, the newest first: kept for a month. */
export const listDeliveries = operation({
  name: 'webhook.deliveries',
  input: z.object({
    id: required,
    state: z.enum(['PENDING', 'DELIVERED', 'FAILED']).nullish(),
    first: z.int().min(1).max(500),
    after: anyText.nullish(),
  }),
  action: 'manage',
  on: onHook,
  async run(ctx, { state, first, after }, hook): Promise<DeliveryPage> {
    checkAfter(after, 18)
    const rows = await ctx.db.prisma.webhookDelivery.findMany({
      where: { webhookId: hook.id, ...(state && { state }), ...(after && { id: { lt: BigInt(after) } }) },
      orderBy: { id: 'desc' },
      take: first + 1,
    })
    const { page, nextPageToken } = pageOf(rows, first)
    return { deliveries: page, nextPageToken }
  },
})

/** Says the same again, with the id that it had. */
export const redeliver = operation({
  name: 'webhook.redeliver',
  input: z.object({ id: required, delivery: required }),
  action: 'manage',
  on: onHook,
  async run(ctx, { delivery: uuid }, hook): Promise<WebhookDelivery> {
    if (hook.status !== 'ACTIVE') throw new AppError('BAD_REQUEST', 'The webhook is not active: turn it on first.')
    const found = await ctx.db.prisma.webhookDelivery.findUnique({ where: { uuid, webhookId: hook.id } })
    if (!found) throw notFound(`This webhook has no delivery '${uuid.slice(0, 100)}'. They are kept for 30 days.`)
    const data = { state: 'PENDING', attempts: 0, nextAt: BigInt(Date.now()) }
    const row = await ctx.db.prisma.webhookDelivery.update({ where: { id: found.id }, data })
    await wake(ctx.db, hook.id, row.modelId)
    return row
  },
})
