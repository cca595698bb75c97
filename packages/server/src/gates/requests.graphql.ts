/** Transition requests, checks and comments in GraphQL: the types, and how they are asked for. Writing is in mutations.graphql.ts. */
import { reachOf } from '../access.ts'
import { builder, PageInfo } from '../builder.ts'
import { accountOf, type Ctx } from '../context.ts'
import { orNull } from '../experiments/experiments.graphql.ts'
import { loader } from '../experiments/loaders.ts'
import { call } from '../operation.ts'
import { readVersions } from '../registry/model-versions.sql.ts'
import { ModelVersion, policyLoader, RegisteredModel } from '../registry/registry.graphql.ts'
import { type OwnCheck, readOwnChecks } from './built-in.sql.ts'
import { type BuiltIn, type EvidenceKind, noParams } from './built-in.ts'
import { type Comment as CommentRow, commentsOf, commentsOfModels, commentsOfRequests } from './comments.sql.ts'
import { isAuthor } from './comments.ts'
import { gateOf } from './effective.ts'
import { evidenceNames } from './evidence.ts'
import { type Voter, voteFault, voterOf, votersOf } from './people.ts'
import { Evidence, Gate } from './policy.graphql.ts'
import type { Gate as GateRow } from './policy.sql.ts'
import {
  type Check as CheckRow,
  findRequests,
  type Override,
  type Request as RequestRow,
  readChecks,
  readOverrides,
  readVotes,
  type Vote,
} from './requests.sql.ts'
import { getRequest, listRequests, mayCancel, type RequestPage } from './requests.ts'
import { asCheck, type Judged, judge, type NeededCheck } from './settle.ts'

const RequestState = builder.enumType('RequestState', {
  description: 'How far a request is. But for OPEN each is for ever.',
  values: {
    OPEN: { description: 'It waits.' },
    APPROVED: { description: 'Its gate opened, and the version came into the stage with it.' },
    REJECTED: { description: 'Somebody whose approval counts said no.' },
    CANCELLED: { description: 'It was taken back.' },
    EXPIRED: { description: 'Its time was over.' },
    SUPERSEDED: { description: 'The version came into another stage meanwhile.' },
  } as const,
})
export const CheckState = builder.enumType('CheckState', {
  description: 'How a check goes.',
  values: {
    QUEUED: { description: 'It is to begin.' },
    RUNNING: { description: 'It has begun.' },
    PASSED: { description: 'It found nothing wrong.' },
    FAILED: { description: 'It found something wrong, or failed itself.' },
    SKIPPED: { description: 'It does not apply: as good as passed.' },
  } as const,
})

const CheckNumber = builder.objectRef<{ name: string; value: number }>('CheckNumber').implement({
  description: 'What a check measured.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'What.' }),
    value: t.exposeFloat('value', { description: 'How much.' }),
  }),
})

export const VersionCheck = builder.objectRef<CheckRow & { place?: string }>('VersionCheck').implement({
  description: 'What a check found of a version.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name.' }),
    place: t.string({
      nullable: true,
      description:
        'The stage, or the alias, on the way to which the server ran it itself. Null: it was reported, wherever the version goes.',
      resolve: ({ place }) => place ?? null,
    }),
    state: t.field({ type: CheckState, description: 'How it goes.', resolve: ({ state }) => state }),
    summary: t.exposeString('summary', { description: "What it found; '' where it does not say." }),
    url: t.string({ nullable: true, description: 'Where there is more of it.', resolve: ({ url }) => url || null }),
    numbers: t.field({
      type: [CheckNumber],
      description: 'What it measured.',
      resolve: ({ numbers }) => Object.entries(numbers).map(([name, value]) => ({ name, value })),
    }),
    by: t.exposeString('actor', { description: 'Who reported it.' }),
    time: t.expose('at', { type: 'Timestamp', description: 'When.' }),
  }),
})

const CheckOverride = builder.objectRef<Override>('CheckOverride').implement({
  description: 'That a request need not wait for a check.',
  fields: (t) => ({
    by: t.exposeString('actor', { description: 'Who said so.' }),
    reason: t.exposeString('reason', { description: 'Why.' }),
    time: t.expose('at', { type: 'Timestamp', description: 'When.' }),
  }),
})

const RequestCheck = builder.objectRef<NeededCheck>('RequestCheck').implement({
  description: 'A check that a request waits for.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name.' }),
    check: t.field({
      type: VersionCheck,
      nullable: true,
      description: 'Null while it has not been heard of.',
      resolve: ({ check }) => check,
    }),
    isOwn: t.exposeBoolean('isOwn', { description: 'Whether the server runs it itself: `rerunCheck` has it run again.' }),
    override: t.field({
      type: CheckOverride,
      nullable: true,
      description: 'Where somebody said that it need not pass.',
      resolve: ({ override }) => override,
    }),
    isMet: t.exposeBoolean('isMet', { description: 'Whether the request waits for it no more.' }),
  }),
})

const RequestEvidence = builder.objectRef<{ kind: EvidenceKind; isThere: boolean | null }>('RequestEvidence').implement({
  description: 'Something that a version must show on its way.',
  fields: (t) => ({
    kind: t.field({ type: Evidence, description: 'What.', resolve: ({ kind }) => kind }),
    isThere: t.exposeBoolean('isThere', { nullable: true, description: 'Null while the server has not looked.' }),
  }),
})

const Approval = builder.objectRef<Vote>('TransitionApproval').implement({
  description: 'That somebody approved a request.',
  fields: (t) => ({
    by: t.exposeString('actor', { description: 'Who.' }),
    comment: t.exposeString('comment', { description: "What they said; '' where nothing." }),
    time: t.expose('at', { type: 'Timestamp', description: 'When.' }),
  }),
})

export const VersionComment = builder.objectRef<CommentRow>('VersionComment')

const RequestAbilities = builder
  .objectRef<{ approve: boolean; cancel: boolean; whyNot: string | null; hasApproved: boolean }>('RequestAbilities')
  .implement({
    description: 'What you may do with a request.',
    fields: (t) => ({
      approve: t.exposeBoolean('approve', { description: 'Approve or reject it.' }),
      whyNot: t.exposeString('whyNot', { nullable: true, description: 'Why your approval would not count.' }),
      hasApproved: t.exposeBoolean('hasApproved', { description: 'Whether you have approved it.' }),
      cancel: t.exposeBoolean('cancel', { description: 'Take it back.' }),
    }),
  })

const requestComments = loader<number, CommentRow[]>(async (ctx, ids) => {
  const byRequest = Map.groupBy(await commentsOfRequests(ctx.db, ids), ({ requestId }) => requestId!)
  return ids.map((id) => byRequest.get(id) ?? [])
})
const votesOf = loader<number, Vote[]>(async (ctx, ids) => {
  const byRequest = Map.groupBy(await readVotes(ctx.db, ids), ({ requestId }) => requestId)
  return ids.map((id) => byRequest.get(id) ?? [])
})
const overridesOf = loader<number, Override[]>(async (ctx, ids) => {
  const byRequest = Map.groupBy(await readOverrides(ctx.db, ids), ({ requestId }) => requestId)
  return ids.map((id) => byRequest.get(id) ?? [])
})
const checksOf = loader<number, CheckRow[]>(async (ctx, ids) => {
  const byVersion = Map.groupBy(await readChecks(ctx.db, ids), ({ versionId }) => versionId)
  return ids.map((id) => byVersion.get(id) ?? [])
})
const ownChecksOf = loader<number, OwnCheck[]>(async (ctx, ids) => {
  const byVersion = Map.groupBy(await readOwnChecks(ctx.db, ids), ({ versionId }) => versionId)
  return ids.map((id) => byVersion.get(id) ?? [])
})
const versionById = loader<number, Awaited<ReturnType<typeof readVersions>>[number]>(async (ctx, ids) => {
  const found = new Map((await readVersions(ctx.db, ids)).map((row) => [row.id, row]))
  return ids.map((id) => found.get(id) ?? new Error('The version was deleted just now.'))
})

/** Whoever asks: once for all requests of a list. */
const meLoader = loader<0, Voter>(async (ctx, keys) => {
  const me = await voterOf(ctx)
  return keys.map(() => me)
})
const voterLoader = loader<number, Voter | null>(async (ctx, ids) => {
  const found = await votersOf(ctx.db, ctx.workspace.id, ids)
  return ids.map((id) => found.get(id) ?? null)
})

const evidenceCheck: BuiltIn = 'tidegate/evidence'

const gateFor = async (ctx: Ctx, { modelId, to }: RequestRow): Promise<GateRow | undefined> =>
  gateOf(await policyLoader(ctx).load(modelId), to)

async function judged(ctx: Ctx, request: RequestRow): Promise<Judged> {
  const [gate, votes, checks, own, overrides] = await Promise.all([
    gateFor(ctx, request),
    votesOf(ctx).load(request.id),
    checksOf(ctx).load(request.versionId),
    ownChecksOf(ctx).load(request.versionId),
    overridesOf(ctx).load(request.id),
  ])
  const accounts = votes.map(({ accountId }) => accountId).filter((id) => id > 0)
  const voters = new Map(await Promise.all(accounts.map(async (id) => [id, await voterLoader(ctx).load(id)] as const)))
  return judge(request, gate, { votes, voters, checks, own, overrides })
}

export const TransitionRequest = builder.objectRef<RequestRow>('TransitionRequest').implement({
  description:
    'That somebody asked for a version to come into a stage, or to have an alias. What it waits for is asked of the gate that stands now.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A number, as text.' }),
    version: t.field({
      type: ModelVersion,
      description: 'Which version.',
      resolve: ({ versionId }, _, ctx) => versionById(ctx).load(versionId),
    }),
    from: t.exposeString('from', { description: 'The stage that it was in.' }),
    to: t.exposeString('to', { description: 'The stage that it is to come into, or the alias that it is to have: `@champion`.' }),
    state: t.field({ type: RequestState, description: 'How far it is.', resolve: ({ state }) => state }),
    archiveExisting: t.exposeBoolean('archiveExisting', { description: 'Whether those that stand there go into the archive then.' }),
    comment: t.exposeString('comment', { description: "Why, as who asked says; '' where they don't." }),
    requestedBy: t.exposeString('actor', { description: 'Who asked.' }),
    requestedAt: t.expose('createdAt', { type: 'Timestamp', description: 'When.' }),
    expiresAt: t.expose('expiresAt', { type: 'Timestamp', nullable: true, description: 'When its time is over. Null: never.' }),
    closedAt: t.expose('closedAt', { type: 'Timestamp', nullable: true, description: 'Null while it is open.' }),
    closedBy: t.exposeString('closedBy', { nullable: true, description: 'Who closed it.' }),
    closedComment: t.exposeString('closedComment', { nullable: true, description: 'What they said.' }),
    gate: t.field({
      type: Gate,
      nullable: true,
      description: 'The gate that stands before the stage now. Null where there is none: who may move the version may approve.',
      resolve: async (request, _, ctx) => (await gateFor(ctx, request)) ?? null,
    }),
    approvals: t.field({
      type: [Approval],
      description: 'Approvals that count, the oldest first.',
      resolve: async (request, _, ctx) => (await judged(ctx, request)).votes,
    }),
    approvalsNeeded: t.int({
      description: 'How many there must be.',
      resolve: async (request, _, ctx) => (await judged(ctx, request)).needed,
    }),
    checks: t.field({
      type: [RequestCheck],
      description: 'The checks that it waits for.',
      resolve: async (request, _, ctx) => (await judged(ctx, request)).checks,
    }),
    evidence: t.field({
      type: [RequestEvidence],
      description: 'What the version must show, where the gate names `tidegate/evidence`, and whether it is there.',
      async resolve(request, _, ctx) {
        const { checks } = await judged(ctx, request)
        const found = checks.find(({ name }) => name === evidenceCheck)
        if (!found) return []
        const looked = found.check && !['QUEUED', 'RUNNING'].includes(found.check.state) ? found.check.numbers : {}
        const { evidence } = { ...noParams, ...(await gateFor(ctx, request))?.params }
        return evidence.map((kind) => ({ kind, isThere: evidenceNames[kind] in looked ? looked[evidenceNames[kind]] === 1 : null }))
      },
    }),
    comments: t.field({
      type: [VersionComment],
      description: 'What was said of it, the oldest first.',
      resolve: ({ id }, _, ctx) => requestComments(ctx).load(id),
    }),
    can: t.field({
      type: RequestAbilities,
      description: 'What you may do with it.',
      async resolve(request, _, ctx) {
        const isOpen = request.state === 'OPEN'
        const whyNot = isOpen ? voteFault(await meLoader(ctx).load(0), request, await gateFor(ctx, request)) : 'It is closed.'
        const votes = await votesOf(ctx).load(request.id)
        return {
          approve: whyNot === undefined,
          whyNot: whyNot ?? null,
          hasApproved: votes.some(({ accountId }) => accountId === accountOf(ctx)),
          cancel: isOpen && mayCancel(ctx, request),
        }
      },
    }),
  }),
})

VersionComment.implement({
  description: 'What somebody said of a version, of what was asked for it, or of a model as a whole.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A number, as text.' }),
    text: t.exposeString('text', { description: 'Markdown.' }),
    by: t.exposeString('actor', { description: 'Who.' }),
    requestId: t.id({
      nullable: true,
      description: 'The transition request that it is on. Null: on none.',
      resolve: ({ requestId }) => requestId,
    }),
    createdAt: t.expose('createdAt', { type: 'Timestamp', description: 'When.' }),
    updatedAt: t.expose('updatedAt', { type: 'Timestamp', description: 'When they last changed it.' }),
    mine: t.boolean({ description: 'Whether you may change it and take it away.', resolve: (comment, _, ctx) => isAuthor(ctx, comment) }),
  }),
})

const TransitionRequestConnection = builder.objectRef<RequestPage>('TransitionRequestConnection').implement({
  fields: (t) => ({
    nodes: t.field({ type: [TransitionRequest], complexity: { multiplier: 1 }, resolve: ({ requests }) => requests }),
    pageInfo: t.field({ type: PageInfo, resolve: ({ nextPageToken }) => ({ endCursor: nextPageToken }) }),
  }),
})

/** Of versions that were read: so may be their requests. */
const requestsOf = loader<{ version: number; isOpen: boolean }, RequestRow[]>(async (ctx, keys) => {
  const found = await findRequests(ctx.db, {
    ...{ workspace: ctx.workspace.id, reach: reachOf(ctx.standing, 'RegisteredModel') },
    ...{ versions: keys.map(({ version }) => version), limit: 1_000 },
  })
  return keys.map(({ version, isOpen }) => found.filter((it) => it.versionId === version && (!isOpen || it.state === 'OPEN')))
})
const commentsLoader = loader<number, CommentRow[]>(async (ctx, ids) => {
  const byVersion = Map.groupBy(await commentsOf(ctx.db, ids), ({ versionId }) => versionId!)
  return ids.map((id) => byVersion.get(id) ?? [])
})
const modelComments = loader<number, CommentRow[]>(async (ctx, ids) => {
  const byModel = Map.groupBy(await commentsOfModels(ctx.db, ids), ({ modelId }) => modelId)
  return ids.map((id) => byModel.get(id) ?? [])
})

builder.objectFields(ModelVersion, (t) => ({
  requests: t.field({
    type: [TransitionRequest],
    description: 'What was asked for it, the newest first.',
    args: { openOnly: t.arg.boolean({ defaultValue: false, description: 'Only what is open.' }) },
    resolve: ({ id }, { openOnly }, ctx) => requestsOf(ctx).load({ version: id, isOpen: openOnly ?? false }),
  }),
  checks: t.field({
    type: [VersionCheck],
    description: 'What checks found of it, by name.',
    resolve: async ({ id }, _, ctx) => {
      const [reported, own] = await Promise.all([checksOf(ctx).load(id), ownChecksOf(ctx).load(id)])
      return [...reported, ...own.map((it) => ({ ...asCheck(it), place: it.place }))]
    },
  }),
  comments: t.field({
    type: [VersionComment],
    description: 'What was said of it, also of what was asked for it, the oldest first.',
    resolve: ({ id }, _, ctx) => commentsLoader(ctx).load(id),
  }),
}))

const perEntry = ({ first }: { first?: number | null | undefined }) => ({ field: 1, multiplier: first ?? 50 })
builder.objectFields(RegisteredModel, (t) => ({
  comments: t.field({
    type: [VersionComment],
    description: 'What was said of it as a whole, the oldest first.',
    resolve: ({ id }, _, ctx) => modelComments(ctx).load(id),
  }),
  requests: t.field({
    type: TransitionRequestConnection,
    description: 'What was asked for its versions, the newest first.',
    complexity: perEntry,
    args: {
      states: t.arg({ type: [RequestState], description: '@default all' }),
      first: t.arg.int({ defaultValue: 50, description: 'How many, 1 000 at most.' }),
      after: t.arg.string(),
    },
    resolve: ({ name }, { states, first, after }, ctx) => call(ctx, listRequests, { model: name, states, first: first ?? 50, after }),
  }),
}))

builder.queryFields((t) => ({
  transitionRequest: t.field({
    type: TransitionRequest,
    nullable: true,
    description: 'By its id. Null where there is none that you may see.',
    args: { id: t.arg.id({ required: true, description: 'A number, as text.' }) },
    resolve: (_root, { id }, ctx) => orNull(call(ctx, getRequest, { request: id })),
  }),
  transitionRequests: t.field({
    type: TransitionRequestConnection,
    description: 'What was asked for versions of the models that you may see, the newest first.',
    complexity: perEntry,
    args: {
      states: t.arg({ type: [RequestState], description: '@default all' }),
      waitingOnMe: t.arg.boolean({ defaultValue: false, description: 'Only open ones that you may approve and have not.' }),
      mine: t.arg.boolean({ defaultValue: false, description: 'Only what you asked for.' }),
      model: t.arg.string({ description: 'Only of this model. @default all that you may see' }),
      stage: t.arg.string({ description: 'Only into this stage. @default any' }),
      first: t.arg.int({ defaultValue: 50, description: 'How many, 1 000 at most.' }),
      after: t.arg.string(),
    },
    resolve: (_root, { first, ...input }, ctx) => call(ctx, listRequests, { ...input, first: first ?? 50 }),
  }),
}))
