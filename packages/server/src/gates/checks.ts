/**
 * Checks: what CI and others found of a version, by name, as on a pull request. What was reported of a version holds for every request of it,
 * because what a version is made of does not change. When the last one that a request waits for has passed, its gate opens by itself.
 */
import { z } from 'zod'
import { accountOf, type Ctx, type Doer, inTransaction, type Tx } from '../context.ts'
import { invalid } from '../errors.ts'
import { limitedText, required } from '../fields.ts'
import { check, operation, type Target } from '../operation.ts'
import { record } from '../registry/activity.ts'
import { readHeld } from '../registry/model-versions.sql.ts'
import { rangMove } from '../registry/moves.ts'
import { modelName, versionNumber } from '../registry/names.ts'
import { holdModel } from '../registry/registered-models.sql.ts'
import { onVersion, unknownVersion } from '../registry/targets.ts'
import { isBuiltIn, prefix } from './built-in.ts'
import { type Voters, withVoters } from './people.ts'
import { keepPolicies } from './policy.sql.ts'
import { queueChecks } from './queue.ts'
import { addOverride, type Check, findRequests, openOf, type Request, readChecks, readRequests, writeCheck } from './requests.sql.ts'
import { onRequest, reread } from './requests.ts'
import { gateNow, settle } from './settle.ts'

const states = ['QUEUED', 'RUNNING', 'PASSED', 'FAILED', 'SKIPPED'] as const
const checkName = required.max(250)
/** Numbers of one report. */
const mostNumbers = 100

export const openIds = async (ctx: Pick<Ctx, 'db' | 'workspace'>, version: number): Promise<number[]> =>
  (await openOf(ctx.db, ctx.workspace.id, version)).map(({ id }) => id)

/** Opens what waits for nothing more, the oldest request first. */
export async function settleAll(tx: Tx, ctx: Doer, versionId: number, voters: Voters): Promise<void> {
  const open = await openOf(tx, ctx.workspace.id, versionId)
  const now = Date.now()
  for (const request of open.reverse()) {
    if (request.expiresAt !== null && request.expiresAt <= now) continue
    const gate = await gateNow(tx, request)
    if (gate) await settle(tx, ctx, request, gate, voters)
  }
}

/** Opens what waits for nothing more since a gate asks for less: of one model, or of all. */
export async function settleOpen(ctx: Ctx, model: number | undefined): Promise<void> {
  const sought = { workspace: ctx.workspace.id, reach: { but: [] }, model, states: ['OPEN' as const], limit: 1_000 }
  const open = await findRequests(ctx.db, sought)
  for (const [versionId, [request]] of Map.groupBy(open, ({ versionId }) => versionId)) {
    await withVoters(
      ctx,
      () => openIds(ctx, versionId),
      (voters) =>
        inTransaction(ctx, async (tx) => {
          if (!(await holdModel(tx, request!.modelId, Date.now()))) return
          await keepPolicies(tx, ctx.workspace.id)
          await settleAll(tx, ctx, versionId, voters)
        }),
    )
    await rangMove(ctx, request!.modelId)
  }
}

export const reportCheck = operation({
  name: 'check.report',
  input: z.object({
    name: modelName,
    version: versionNumber,
    check: checkName.refine((name) => !isBuiltIn(name), `What begins with ${prefix} is reported by the server alone.`),
    state: z.enum(states),
    summary: limitedText('summary', 1_000).transform((text) => text ?? ''),
    url: limitedText('url', 2_000).transform((url, context) => {
      if (!url || /^https?:\/\//i.test(url)) return url ?? ''
      context.addIssue({ code: 'custom', message: 'It begins with https:// or http://.' })
      return z.NEVER
    }),
    numbers: z
      .array(z.object({ name: required.max(250), value: z.number() }))
      .max(mostNumbers)
      .nullish(),
  }),
  action: 'edit',
  on: onVersion,
  async run(ctx, { check, state, summary, url, numbers: given }, version): Promise<Check> {
    const numbers = Object.fromEntries((given ?? []).map(({ name, value }) => [name, value]))
    const report = (voters: Voters) =>
      inTransaction(ctx, async (tx) => {
        const model = await holdModel(tx, version.modelId, Date.now())
        if (!model || !(await readHeld(tx, version.id))) throw unknownVersion(version.name, version.version)
        await keepPolicies(tx, ctx.workspace.id)
        const before = (await readChecks(tx, [version.id])).find(({ name }) => name === check)
        const it = { versionId: version.id, name: check, state, summary, url, numbers, actor: ctx.actor.name, at: Date.now() }
        await writeCheck(tx, it)
        await record(tx, ctx, {
          ...{ kind: 'CHECK_REPORTED', model, version: version.version, from: before?.state ?? null, to: state, comment: summary },
          data: { check, ...(url && { url }), ...(given?.length && { numbers }) },
        })
        if (state === 'PASSED' || state === 'SKIPPED') await settleAll(tx, ctx, version.id, voters)
        return it
      })
    const found = await withVoters(ctx, () => openIds(ctx, version.id), report)
    await rangMove(ctx, version.modelId)
    return found
  },
})

/** Whoever manages the workspace: not the model, which who made it manages. */
const onOverride = async (ctx: Ctx, input: { request: number }): Promise<Target<Request>> => {
  const target = await onRequest(ctx, input)
  check(ctx, 'read', target)
  return { securable: { kind: 'Workspace', id: ctx.workspace.id }, row: target.row }
}

/** A request that is open and waits for that check, and by which gate; nothing else is done to its model meanwhile. */
async function waiting(tx: Tx, ctx: Ctx, { id, modelId }: Request, check: string) {
  const model = await holdModel(tx, modelId, Date.now())
  await keepPolicies(tx, ctx.workspace.id)
  const [request] = await readRequests(tx, [id])
  if (!model || request?.state !== 'OPEN') throw invalid(`Request ${id} is closed.`, 'request')
  const gate = await gateNow(tx, request)
  if (!gate?.checks.includes(check)) throw invalid(`Request ${id} waits for no check '${check}'.`, 'check')
  return { model, request, gate }
}

export const overrideCheck = operation({
  name: 'check.override',
  input: z.object({ request: z.int().min(1), check: checkName, reason: required.max(1_000) }),
  action: 'manage',
  on: onOverride,
  async run(ctx, { check, reason }, target): Promise<Request> {
    const { id, modelId } = target
    const override = (voters: Voters) =>
      inTransaction(ctx, async (tx) => {
        const { model, request, gate } = await waiting(tx, ctx, target, check)
        await addOverride(tx, { requestId: id, name: check, actor: ctx.actor.name, reason, at: Date.now() })
        await record(tx, ctx, {
          ...{ kind: 'CHECK_OVERRIDDEN', model, version: request.version, to: request.to, comment: reason, request: id, data: { check } },
        })
        await settle(tx, ctx, request, gate, voters)
      })
    await withVoters(ctx, async () => [id], override)
    await rangMove(ctx, modelId)
    return reread(ctx, id)
  },
})

/** Of those that the server runs itself: for whoever asks, as what it finds is no more than they might read. */
export const rerunCheck = operation({
  name: 'check.rerun',
  input: z.object({ request: z.int().min(1), check: checkName }),
  action: 'review',
  on: onRequest,
  async run(ctx, { check }, target): Promise<Request> {
    await inTransaction(ctx, async (tx) => {
      const { request, gate } = await waiting(tx, ctx, target, check)
      if (!isBuiltIn(check)) throw invalid(`'${check}' is reported by others: have them run it again.`, 'check')
      await queueChecks(tx, request, gate, { accountId: accountOf(ctx), which: { name: check } })
    })
    ctx.events.ring('model', target.modelId)
    ctx.events.ring('registry', ctx.workspace.id)
    return reread(ctx, target.id)
  },
})
