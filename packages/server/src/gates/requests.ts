/** Transition requests as people use them: asked for, approved, rejected, taken back, and let go when their time is over. */
import { z } from 'zod'
import { may, reachOf } from '../access.ts'
import { accountOf, type Ctx, inTransaction, type Kernel, server, type Tx } from '../context.ts'
import { AppError, invalid, notFound } from '../errors.ts'
import { anyText, int64, limitedText, required } from '../fields.ts'
import { enqueue, type Job, job } from '../jobs.ts'
import { operation, type Target } from '../operation.ts'
import { checkAfter, pageOf } from '../pages.ts'
import { type NewActivity, record } from '../registry/activity.ts'
import { readAlias, readStage, readVersions } from '../registry/model-versions.sql.ts'
import { rangMove } from '../registry/moves.ts'
import { modelName, newAlias, versionNumber } from '../registry/names.ts'
import { holdModel } from '../registry/registered-models.sql.ts'
import { checkArchives, stageNamed } from '../registry/stages.ts'
import { modelTarget, onVersion, securableOf, unknownVersion } from '../registry/targets.ts'
import { gateOf, isOfAliases, policiesOf, policyOf } from './effective.ts'
import { isOneOf, type Voter, type Voters, voteFault, voterOf, withVoters } from './people.ts'
import { type Gate, keepPolicies } from './policy.sql.ts'
import { queueAll } from './queue.ts'
import {
  addVote,
  closeRequest,
  dueRequests,
  findRequests,
  insertRequest,
  openOf,
  type Request,
  type RequestState,
  readRequests,
  readVotes,
} from './requests.sql.ts'
import { gateNow, settle } from './settle.ts'

/** Characters, as Databricks has it. */
const longest = 65_535
export const comment = limitedText('comment', longest).transform((text) => text?.trim() ?? '')

const denied = (message: string) => new AppError('PERMISSION_DENIED', message)
export const unknownRequest = (id: number) => notFound(`Transition request ${id} not found`)
export const requestId = int64.refine((id) => id > 0 && id < 2 ** 31, 'It is no id of a request.')

export async function onRequest(ctx: Ctx, { request: id }: { request: number }): Promise<Target<Request>> {
  const [row] = await readRequests(ctx.db, [id])
  if (row?.workspaceId !== ctx.workspace.id) throw unknownRequest(id)
  return { securable: securableOf({ modelId: row.modelId, workspaceId: row.workspaceId }), row, unseen: () => unknownRequest(id) }
}

const told = (request: Request) => ({
  model: { id: request.modelId, name: request.name },
  ...{ version: request.version, from: request.from, to: request.to, request: request.id },
})

/** What a request asks for, as it is stored: a stage of these, or an alias behind @. */
function placeNamed(ctx: Ctx, said: string, stages: readonly string[]): string {
  if (!isOfAliases(said)) return stageNamed(said, stages)
  const { error } = newAlias.safeParse(said.slice(1))
  if (error) throw invalid(error.issues[0]!.message, ctx.spell('stage'))
  return said
}

/** `stage`: one of the model's, or an alias that the version is to have: `@champion`. */
export const requestTransition = operation({
  name: 'transition.request',
  input: z.object({ name: modelName, version: versionNumber, stage: required, comment, archiveExisting: z.boolean().nullish() }),
  action: 'review',
  on: onVersion,
  async run(ctx, { stage, comment, archiveExisting }, version): Promise<Request> {
    const voter = await voterOf(ctx)
    const id = await inTransaction(ctx, async (tx) => {
      const now = Date.now()
      const model = await holdModel(tx, version.modelId, now)
      const from = model && (await readStage(tx, version.id))
      if (from === undefined) throw unknownVersion(version.name, version.version)
      await keepPolicies(tx, ctx.workspace.id)
      const policy = await policyOf(tx, ctx.workspace.id, version.modelId)
      const to = placeNamed(ctx, stage, policy.stages)
      if (to === from || (isOfAliases(to) && (await readAlias(tx, version.modelId, to.slice(1))) === version.version))
        throw invalid(`Version ${version.version} is in '${to}' already.`, ctx.spell('stage'))
      if (archiveExisting) checkArchives(to, policy.stages)
      const gate = gateOf(policy, to)
      if (gate?.from && !gate.from.includes(from))
        throw invalid(
          `'${to}' is entered from ${gate.from.join(' or ')}, and version ${version.version} is in '${from}'.`,
          ctx.spell('stage'),
        )
      if (gate?.requesters && !isOneOf(voter, gate.requesters)) throw denied(`You are not among those who may ask for '${to}'.`)
      if (gate?.commentRequired && comment === '')
        throw invalid(`Say why it should come into '${to}': its gate asks for a comment.`, ctx.spell('comment'))
      const id = await insertRequest(tx, {
        ...{ workspaceId: ctx.workspace.id, modelId: version.modelId, versionId: version.id, from, to },
        ...{ archiveExisting: archiveExisting ?? false, comment, accountId: accountOf(ctx), actor: ctx.actor.name },
        ...{ createdAt: now, expiresAt: gate?.ttl ? now + gate.ttl : null },
      })
      if (id === undefined) throw new AppError('RESOURCE_ALREADY_EXISTS', `You have asked for '${to}' already, and the request is open.`)
      const [request] = await readRequests(tx, [id])
      await record(tx, ctx, { kind: 'TRANSITION_REQUESTED', ...told(request!), comment })
      await queueAll(tx, request!, gate)
      // A gate that only waits for checks may stand open.
      if (gate?.approvals === 0) await settle(tx, ctx, request!, gate, new Map())
      return id
    })
    await rangMove(ctx, version.modelId)
    const [row] = await readRequests(ctx.db, [id])
    // The version may be gone again, and its requests with it.
    if (!row) throw unknownVersion(version.name, version.version)
    return row
  },
})

/** As it is now. */
export async function reread(ctx: Ctx, id: number): Promise<Request> {
  const [row] = await readRequests(ctx.db, [id])
  if (!row) throw unknownRequest(id)
  return row
}

/** Does it to a request that is open still, while nothing else is done to its model. */
async function decide(
  ctx: Ctx,
  { id, modelId }: Request,
  work: (tx: Tx, request: Request, gate: Gate | undefined) => Promise<void>,
): Promise<Request> {
  const isLate = await inTransaction(ctx, async (tx) => {
    const now = Date.now()
    if (!(await holdModel(tx, modelId, now))) throw unknownRequest(id)
    await keepPolicies(tx, ctx.workspace.id)
    const [request] = await readRequests(tx, [id])
    if (!request) throw unknownRequest(id)
    if (request.state === 'OPEN' && request.expiresAt !== null && request.expiresAt <= now) {
      await expire(tx, request)
      return true
    }
    if (request.state !== 'OPEN')
      throw new AppError('RESOURCE_CONFLICT', `Request ${id} is closed: it was ${request.state.toLowerCase()} by ${request.closedBy}.`)
    await work(tx, request, await gateNow(tx, request))
    return false
  })
  await rangMove(ctx, modelId)
  if (isLate) throw new AppError('RESOURCE_CONFLICT', `Request ${id} is closed: its time is over.`)
  return reread(ctx, id)
}

/** What closes by itself is closed by the server. */
async function expire(tx: Tx, request: Request): Promise<void> {
  if (!(await closeRequest(tx, request.id, { state: 'EXPIRED', by: server.name, comment: '', at: Date.now() }))) return
  await record(tx, { actor: server, workspace: { id: request.workspaceId, name: '' } }, { kind: 'TRANSITION_EXPIRED', ...told(request) })
}

/** How far it is, and where its version stands, as the audit log has them. */
async function requestState(ctx: Ctx, _: unknown, { id }: { id: number }) {
  const [request] = await readRequests(ctx.db, [id])
  const [version] = request ? await readVersions(ctx.db, [request.versionId]) : []
  return request ? { state: request.state, approvals: (await readVotes(ctx.db, [id])).length, stage: version?.stage ?? null } : null
}

export const approveTransition = operation({
  name: 'transition.approve',
  input: z.object({ request: requestId, comment, archiveExisting: z.boolean().nullish() }),
  action: 'review',
  on: onRequest,
  state: requestState,
  async run(ctx, { comment, archiveExisting }, request): Promise<Request> {
    const voter = await voterOf(ctx)
    const accountId = accountOf(ctx)
    const approve = (voters: Voters) =>
      decide(ctx, request, async (tx, request, gate) => {
        const fault = voteFault(voter, request, gate)
        if (fault) throw denied(fault)
        const votes = await readVotes(tx, [request.id])
        if (!votes.some((vote) => vote.accountId === accountId)) {
          await addVote(tx, { requestId: request.id, accountId, actor: ctx.actor.name, comment, at: Date.now() })
          await record(tx, ctx, { kind: 'TRANSITION_APPROVED', ...told(request), comment })
        }
        // Who opens the gate says what becomes of those that stand there.
        const asked = { ...request, archiveExisting: archiveExisting ?? request.archiveExisting }
        await settle(tx, ctx, asked, gate, new Map(voters).set(accountId, voter))
      })
    return withVoters(ctx, async () => [request.id], approve)
  },
})

async function close(
  tx: Tx,
  ctx: Ctx,
  request: Request,
  { state, kind, comment }: { state: 'REJECTED' | 'CANCELLED'; kind: NewActivity['kind']; comment: string },
): Promise<void> {
  await closeRequest(tx, request.id, { state, by: ctx.actor.name, comment, at: Date.now() })
  await record(tx, ctx, { kind, ...told(request), comment })
}

/** By whoever may approve; who asked may reject their own only where they may approve it. */
export const rejectTransition = operation({
  name: 'transition.reject',
  input: z.object({ request: requestId, comment }),
  action: 'review',
  on: onRequest,
  state: requestState,
  async run(ctx, { comment }, request): Promise<Request> {
    const voter = await voterOf(ctx)
    return decide(ctx, request, async (tx, request, gate) => {
      const fault = voteFault(voter, request, gate)
      if (fault) throw denied(fault)
      await close(tx, ctx, request, { state: 'REJECTED', kind: 'TRANSITION_REJECTED', comment })
    })
  },
})

export const mayCancel = (ctx: Ctx, { accountId, modelId, workspaceId }: Pick<Request, 'accountId' | 'modelId' | 'workspaceId'>): boolean =>
  accountId === accountOf(ctx) || may(ctx.ability, 'manage', securableOf({ modelId, workspaceId }))

/** By who asked, or who manages the model. */
export const cancelTransition = operation({
  name: 'transition.cancel',
  input: z.object({ request: requestId, comment }),
  action: 'review',
  on: onRequest,
  state: requestState,
  run: (ctx, { comment }, request): Promise<Request> =>
    decide(ctx, request, async (tx, request) => {
      if (!mayCancel(ctx, request)) throw denied('Who asked takes a request back, or who manages the model: you did not ask.')
      await close(tx, ctx, request, { state: 'CANCELLED', kind: 'TRANSITION_CANCELLED', comment })
    }),
})

export const getRequest = operation({
  name: 'transition.get',
  input: z.object({ request: requestId }),
  action: 'read',
  on: onRequest,
  run: (_ctx, _, request): Request => request,
})

/** An open request, and what whoever asks may do with it. */
export interface Answerable {
  request: Request
  approve: boolean
  cancel: boolean
}

/** Those of one version, the oldest first. */
export const openRequests = operation({
  name: 'transition.list-open',
  input: z.object({ name: modelName, version: versionNumber }),
  action: 'read',
  on: onVersion,
  async run(ctx, _, version): Promise<Answerable[]> {
    const open = await openOf(ctx.db, ctx.workspace.id, version.id)
    const policy = await policyOf(ctx.db, version.workspaceId, version.modelId)
    const voter = await voterOf(ctx)
    return open.reverse().map((request) => ({
      request,
      approve: voteFault(voter, request, gateOf(policy, request.to)) === undefined,
      cancel: mayCancel(ctx, request),
    }))
  },
})

export interface RequestPage {
  requests: Request[]
  nextPageToken: string | undefined
}

const states = ['OPEN', 'APPROVED', 'REJECTED', 'CANCELLED', 'EXPIRED', 'SUPERSEDED'] as const satisfies RequestState[]
/** Open requests that are looked through for those that wait on somebody. */
const mostWaiting = 1_000

/** Those of a model, or of all that may be read, newest first. */
export const listRequests = operation({
  name: 'transition.list',
  input: z.object({
    model: modelName.nullish(),
    states: z.array(z.enum(states)).nullish(),
    waitingOnMe: z.boolean().nullish(),
    mine: z.boolean().nullish(),
    stage: anyText.nullish(),
    first: z.int().min(1).max(1_000),
    after: z.string().nullish(),
  }),
  action: 'read',
  on: async (ctx: Ctx, { model }): Promise<Target<{ id: number } | null>> =>
    model ? modelTarget(ctx, model) : { securable: { kind: 'Workspace', id: ctx.workspace.id }, row: null },
  async run(ctx, { states, waitingOnMe, mine, stage, first, after }, model): Promise<RequestPage> {
    checkAfter(after, 9)
    const sought = {
      ...{ workspace: ctx.workspace.id, reach: reachOf(ctx.standing, 'RegisteredModel'), model: model?.id },
      ...{ account: mine ? accountOf(ctx) : undefined, to: stage ?? undefined, before: after ? Number(after) : undefined },
    }
    const found = waitingOnMe
      ? await waiting(ctx, await findRequests(ctx.db, { ...sought, states: ['OPEN'], limit: mostWaiting }))
      : await findRequests(ctx.db, { ...sought, states: states ?? undefined, limit: first + 1 })
    const { page, nextPageToken } = pageOf(found, first)
    return { requests: page, nextPageToken }
  },
})

/** Those that whoever asks may approve and has not. */
async function waiting(ctx: Ctx, open: Request[]): Promise<Request[]> {
  const voter: Voter = await voterOf(ctx)
  const votes = await readVotes(
    ctx.db,
    open.map(({ id }) => id),
  )
  const voted = new Set(votes.filter(({ accountId }) => accountId === accountOf(ctx)).map(({ requestId }) => requestId))
  const policies = await policiesOf(ctx.db, ctx.workspace.id, [...new Set(open.map(({ modelId }) => modelId))])
  return open.filter(
    (request) => !voted.has(request.id) && voteFault(voter, request, gateOf(policies.get(request.modelId)!, request.to)) === undefined,
  )
}

/** Requests of one turn. */
const batch = 100

export const expireRequests: Job<Record<string, never>> = job({
  name: 'transition.expire',
  payload: z.object({}),
  every: '* * * * *',
  async run(kernel: Kernel) {
    const due = await dueRequests(kernel.db, Date.now(), batch)
    for (const { id, modelId, workspaceId } of due) {
      await inTransaction(kernel, async (tx) => {
        if (!(await holdModel(tx, modelId, Date.now()))) return
        const [request] = await readRequests(tx, [id])
        if (request?.state === 'OPEN') await expire(tx, request)
      })
      kernel.events.ring('model', modelId)
      kernel.events.ring('registry', workspaceId)
    }
    if (due.length === batch) await enqueue(kernel.db, expireRequests, {}, { key: expireRequests.name })
  },
})
