/**
 * An alert rule looks at a metric of an experiment's runs while they are live: not a number, past a threshold, on a
 * plateau, or silent. What it finds is an alert: kept, shown to whoever reads the experiment, and told to the rule's URL.
 */
import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Alert, AlertDelivery, AlertRule } from '@tidegate/db'
import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { invalid, notFound } from '../errors.ts'
import { checkActive, experimentTarget, visibleExperiments } from '../experiments/experiments.ts'
import { anyText, limits, required, text } from '../fields.ts'
import { check, operation, type Target } from '../operation.ts'
import { runTarget } from '../runs/runs.ts'
import { liveRuns } from './alerts.sql.ts'
import { condition } from './conditions.ts'
import { alertSecret, callHook, type Delivery } from './deliver.ts'
import { judgeSoon } from './watch.ts'

/** Rules of one experiment: each is judged for every live run. */
const mostRules = 100

const number = (id: string) => (/^\d{1,9}$/.test(id) ? Number(id) : -1)

async function ruleTarget(ctx: Ctx, { ruleId }: { ruleId: string }): Promise<Target<AlertRule>> {
  const row = await ctx.db.prisma.alertRule.findUnique({ where: { id: number(ruleId), workspaceId: ctx.workspace.id } })
  const unseen = () => notFound(`No alert rule with id=${ruleId} exists`)
  if (!row) throw unseen()
  return { securable: { kind: 'Experiment', id: row.experimentId, workspaceId: row.workspaceId }, row, unseen }
}

const here = (ctx: Ctx): Target<null> => ({ securable: { kind: 'Workspace', id: ctx.workspace.id }, row: null })

const fields = {
  name: required.pipe(z.string().max(250, "'name' exceeds the maximum length of 250 characters")),
  metric: text.pipe(z.string().max(limits.key, `'metric' exceeds the maximum length of ${limits.key} characters`).optional()),
  condition,
  url: anyText.max(2000).nullish(),
}

function checkRule(
  ctx: Ctx,
  { metric, condition, url }: { metric?: string | undefined; condition: { kind: string }; url?: string | null | undefined },
) {
  if (!metric && (condition.kind === 'threshold' || condition.kind === 'plateau')) {
    throw invalid(`Missing value for required parameter 'metric': a rule of kind ${condition.kind} looks at one metric.`, 'metric')
  }
  if (url) ctx.outbound.check(url, 'url')
}

async function lookAgain(ctx: Ctx, { experimentId, enabled }: AlertRule) {
  ctx.events.ring('alerts', ctx.workspace.id)
  if (enabled) for (const run of await liveRuns(ctx.db, experimentId)) await judgeSoon(ctx, run)
}

/** A new rule judges what live runs have logged so far too. */
export const createAlertRule = operation({
  name: 'alert-rule.create',
  input: z.object({ experimentId: required, ...fields }),
  action: 'edit',
  on: (ctx, { experimentId }) => experimentTarget(ctx, experimentId),
  async run(ctx, { name, metric, condition, url }, experiment): Promise<AlertRule> {
    checkActive(experiment)
    checkRule(ctx, { metric, condition, url })
    const { id: experimentId, workspaceId } = experiment
    if ((await ctx.db.prisma.alertRule.count({ where: { experimentId } })) >= mostRules) {
      throw invalid(`The experiment ${experimentId} has ${mostRules} alert rules, and that is the most. Delete one that is not needed.`)
    }
    const now = BigInt(Date.now())
    const secret = randomBytes(32).toString('base64url')
    const sealed = await ctx.secrets.seal(alertSecret, secret)
    const data = { experimentId, workspaceId, name, condition, secret: sealed, createdBy: ctx.actor.name, createdAt: now, updatedAt: now }
    const rule = await ctx.db.prisma.alertRule.create({ data: { ...data, metric: metric || null, url: url || null } })
    await lookAgain(ctx, rule)
    // This once as its reader needs it.
    return { ...rule, secret }
  },
})

/** As the audit log has it: without its secret. */
const ruleState = (ctx: Ctx, _: unknown, { id }: { id: number }) =>
  ctx.db.prisma.alertRule.findUnique({ where: { id }, select: { name: true, metric: true, condition: true, url: true, enabled: true } })

/** What is not given stays. A changed condition begins anew: it forgets what it has seen. */
export const updateAlertRule = operation({
  name: 'alert-rule.update',
  input: z.object({
    ruleId: required,
    name: fields.name.nullish(),
    metric: fields.metric.nullish(),
    condition: condition.nullish(),
    url: fields.url,
    enabled: z.boolean().nullish(),
  }),
  action: 'edit',
  on: ruleTarget,
  state: ruleState,
  async run(ctx, { name, metric, condition: changed, url, enabled }, row): Promise<AlertRule> {
    const next = { metric: metric ?? row.metric ?? undefined, condition: changed ?? condition.parse(row.condition), url }
    checkRule(ctx, next)
    const looksElsewhere = !isDeepStrictEqual(condition.parse(row.condition), next.condition) || (row.metric ?? '') !== (next.metric ?? '')
    const [rule] = await ctx.db.prisma.$transaction([
      ctx.db.prisma.alertRule.update({
        where: { id: row.id },
        data: {
          ...(name && { name }),
          ...(enabled != null && { enabled }),
          // Empty text takes the URL away.
          ...(url != null && { url: url || null }),
          metric: next.metric || null,
          condition: next.condition,
          updatedAt: BigInt(Date.now()),
        },
      }),
      ...(looksElsewhere ? [ctx.db.prisma.alertWatch.deleteMany({ where: { ruleId: row.id } })] : []),
    ])
    await lookAgain(ctx, rule as AlertRule)
    return rule as AlertRule
  },
})

/** What it has found stays. */
export const deleteAlertRule = operation({
  name: 'alert-rule.delete',
  input: z.object({ ruleId: required }),
  action: 'edit',
  on: ruleTarget,
  state: ruleState,
  async run(ctx, _, { id }): Promise<{ id: number }> {
    await ctx.db.prisma.alertRule.delete({ where: { id } })
    ctx.events.ring('alerts', ctx.workspace.id)
    return { id }
  },
})

/** Calls the rule's URL now, and says what it answered. */
export const testAlertRule = operation({
  name: 'alert-rule.test',
  input: z.object({ ruleId: required }),
  action: 'edit',
  on: ruleTarget,
  run(ctx, _, rule): Promise<Delivery> {
    if (!rule.url) throw invalid(`The rule '${rule.name}' has no URL to call. Give it one.`, 'ruleId')
    const data = { rule: rule.name, message: 'A test, sent by hand.', experiment_id: String(rule.experimentId) }
    const signal = ctx.signal ?? new AbortController().signal
    return callHook(ctx, { ...rule, url: rule.url }, `test-${rule.id}-${Date.now()}`, signal, { entity: 'alert', action: 'test', data })
  },
})

/** Oldest first, of the experiments that the caller may read. */
export const listAlertRules = operation({
  name: 'alert-rule.list',
  input: z.object({ experimentId: text }),
  action: 'read',
  on: here,
  run: async (ctx, { experimentId }): Promise<AlertRule[]> =>
    ctx.db.prisma.alertRule.findMany({
      where: {
        workspaceId: ctx.workspace.id,
        experimentId: { in: await visibleExperiments(ctx, experimentId === undefined ? undefined : [experimentId]) },
      },
      orderBy: { id: 'asc' },
      take: 10_000,
    }),
})

export type AlertWithDeliveries = Alert & { deliveries: AlertDelivery[] }

export interface AlertPage {
  alerts: AlertWithDeliveries[]
  unread: number
  endCursor: string | null
}

/** Newest first, of the experiments that the caller may read. */
export const listAlerts = operation({
  name: 'alert.list',
  input: z.object({
    experimentId: text,
    runId: text,
    unreadOnly: z.boolean().default(false),
    first: z.number().int().min(1).max(1000).default(50),
    /** Older than this one. */
    after: text,
  }),
  action: 'read',
  on: here,
  async run(ctx, { experimentId, runId, unreadOnly, first, after }): Promise<AlertPage> {
    if (after !== undefined && number(after) < 0) throw invalid(`Invalid cursor '${after}'. Give back the endCursor of a page.`, 'after')
    const experiments = { experimentId: { in: await visibleExperiments(ctx, experimentId === undefined ? undefined : [experimentId]) } }
    const target = runId === undefined ? undefined : await runTarget(ctx, runId)
    if (target) check(ctx, 'read', target)
    const run = target ? { runId: target.row.id } : {}
    const where = { workspaceId: ctx.workspace.id, ...experiments, ...run }
    const [rows, unread] = await Promise.all([
      ctx.db.prisma.alert.findMany({
        where: { ...where, ...(unreadOnly && { readAt: null }), ...(after !== undefined && { id: { lt: number(after) } }) },
        orderBy: { id: 'desc' },
        take: first + 1,
        include: { deliveries: { orderBy: { id: 'asc' } } },
      }),
      ctx.db.prisma.alert.count({ where: { ...where, readAt: null } }),
    ])
    const alerts = rows.slice(0, first)
    return { alerts, unread, endCursor: rows.length > first ? String(alerts.at(-1)!.id) : null }
  },
})

/** Marks alerts as read: these, or all that the caller may read. */
export const readAlerts = operation({
  name: 'alert.read',
  writes: true,
  quiet: true,
  input: z.object({ ids: z.array(z.string()).max(1000).nullish() }),
  action: 'read',
  on: here,
  async run(ctx, { ids }): Promise<{ count: number }> {
    const outcome = await ctx.db.prisma.alert.updateMany({
      where: {
        workspaceId: ctx.workspace.id,
        readAt: null,
        experimentId: { in: await visibleExperiments(ctx) },
        ...(ids && { id: { in: ids.map(number) } }),
      },
      data: { readAt: BigInt(Date.now()) },
    })
    if (outcome.count) ctx.events.ring('alerts', ctx.workspace.id)
    return { count: outcome.count }
  },
})
