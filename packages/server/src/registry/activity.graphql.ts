/** The activity of models in GraphQL: read, followed, and verified. */
import { Through } from '../audit/audit.graphql.ts'
import { builder, PageInfo } from '../builder.ts'
import { loader } from '../experiments/loaders.ts'
import { call } from '../operation.ts'
import { live } from '../subscription.ts'
import { type Activity as ActivityRow, sayings, type Tenure } from './activity.sql.ts'
import { type ActivityPage, activityChain, type Chain, kinds, type Link, listActivities, stageHistory } from './activity.ts'
import { followActivity } from './follow.ts'
import { ModelVersion, RegisteredModel } from './registry.graphql.ts'

const ActivityKind = builder.enumType('ActivityKind', {
  description: 'What happened.',
  values: Object.fromEntries(Object.entries(kinds).map(([kind, description]) => [kind, { description }])) as Record<
    keyof typeof kinds,
    { description: string }
  >,
})

const Door = builder.enumType('Door', {
  description: 'Over which of the server’s faces something came.',
  values: {
    GRAPHQL: { description: 'GraphQL: the pages, the command line, and programs that ask it.' },
    REST: { description: 'REST: MLflow’s and Databricks’ clients.' },
    SERVER: { description: 'None: the server did it by itself.' },
  },
})

const Activity = builder.objectRef<ActivityRow>('Activity').implement({
  description: 'Something that happened to a registered model. It never changes, and stays when the model is gone.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A number, as text; it grows.' }),
    time: t.expose('at', { type: 'Timestamp', description: 'When.' }),
    kind: t.field({ type: ActivityKind, description: 'What happened.', resolve: ({ kind }) => kind as keyof typeof kinds }),
    model: t.exposeString('model', { description: 'The name that the model had then.' }),
    version: t.exposeInt('version', { nullable: true, description: 'Of which version. Null: of the model itself.' }),
    actor: t.exposeString('actor', { description: 'Who did it: their name then.' }),
    from: t.exposeString('from', {
      nullable: true,
      description: 'What it was before: a stage, a name, a tag’s value, the number of the version that an alias stood for.',
    }),
    to: t.exposeString('to', { nullable: true, description: 'What it became.' }),
    comment: t.exposeString('comment', { description: "What they said of it; '' where nothing." }),
    data: t.exposeString('data', { description: 'What else is known of it, such as the key of a tag or the alias: JSON.' }),
    door: t.field({
      type: Door,
      nullable: true,
      description: 'Over which door. Null: written before that was noted.',
      resolve: (it) => it.door,
    }),
    through: t.field({ type: Through, nullable: true, description: 'How they were known. Null: as `door`.', resolve: (it) => it.through }),
    seq: t.expose('seq', { type: 'Long', description: 'Its place in the chain of its workspace.' }),
    hash: t.exposeString('hash', { description: 'SHA-256 of it and of all before it in its workspace.' }),
  }),
})

const ActivityConnection = builder.objectRef<ActivityPage>('ActivityConnection').implement({
  fields: (t) => ({
    nodes: t.field({ type: [Activity], complexity: { multiplier: 1 }, resolve: ({ entries }) => entries }),
    pageInfo: t.field({ type: PageInfo, resolve: ({ nextPageToken }) => ({ endCursor: nextPageToken }) }),
  }),
})

/** Who asked for a transition, and who approved it. */
const saidOf = loader<number, { askedBy: string | null; approvedBy: string[] }>(async (ctx, requests) => {
  const found = Map.groupBy(await sayings(ctx.db, requests), ({ requestId }) => requestId)
  return requests.map((id) => {
    const said = found.get(id) ?? []
    const by = (kind: string) => said.filter((each) => each.kind === kind).map(({ actor }) => actor)
    return { askedBy: by('TRANSITION_REQUESTED')[0] ?? null, approvedBy: by('TRANSITION_APPROVED') }
  })
})

export const StageTenure = builder.objectRef<Tenure>('StageTenure').implement({
  description: 'That a version was in a stage.',
  fields: (t) => ({
    version: t.exposeInt('version', { description: 'Its number. It may be gone by now.' }),
    stage: t.exposeString('stage', { description: 'Which stage.' }),
    since: t.expose('since', { type: 'Timestamp', description: 'Since when it had been there.' }),
    by: t.exposeString('by', { description: 'Who had put it there: where a gate opened for it, who did the last that it waited for.' }),
    askedBy: t.string({
      nullable: true,
      description: 'Who had asked for it. Null: nobody had to.',
      resolve: async ({ requestId }, _, ctx) => (requestId === null ? null : (await saidOf(ctx).load(requestId)).askedBy),
    }),
    approvedBy: t.stringList({
      description: 'Who had approved it, the first first.',
      resolve: async ({ requestId }, _, ctx) => (requestId === null ? [] : (await saidOf(ctx).load(requestId)).approvedBy),
    }),
  }),
})

const ChainLink = builder.objectRef<Link>('ActivityLink').implement({
  description:
    'An entry as it is verified: its hash is the SHA-256, in hexadecimal, of the hash before it, a line feed and `line`, in UTF-8.',
  fields: (t) => ({
    seq: t.expose('seq', { type: 'Long', description: 'Its place, from 1 without a gap.' }),
    line: t.exposeString('line', { description: 'All that the entry says, as JSON.' }),
    hash: t.exposeString('hash', { description: 'As it was written with the entry.' }),
  }),
})

const ActivityChain = builder.objectRef<Chain>('ActivityChain').implement({
  description: 'A stretch of the chain of activities of a workspace.',
  fields: (t) => ({
    links: t.field({ type: [ChainLink], description: 'In their order.', complexity: { multiplier: 1 }, resolve: ({ links }) => links }),
    endSeq: t.field({ type: 'Long', description: 'The place of the last entry.', resolve: ({ end }) => end.seq }),
    endHash: t.string({
      description: "Its hash: '' where there is none. Whoever notes it can tell later.",
      resolve: ({ end }) => end.hash,
    }),
  }),
})

const ActivityBatch = builder.objectRef<{ entries: ActivityRow[]; cursor: string }>('ActivityBatch').implement({
  description: 'What happened since.',
  fields: (t) => ({
    activities: t.field({ type: [Activity], description: 'The oldest first, each once.', resolve: ({ entries }) => entries }),
    cursor: t.exposeString('cursor', { description: 'Where it ends: give it back as `after` when the line was lost.' }),
  }),
})

const page = { first: 50, after: 'The `endCursor` of the page before.' }
const perEntry = ({ first }: { first?: number | null | undefined }) => ({ field: 1, multiplier: first ?? page.first })

builder.objectFields(RegisteredModel, (t) => ({
  activity: t.field({
    type: ActivityConnection,
    description: 'What happened to it and its versions, newest first.',
    complexity: perEntry,
    args: {
      kinds: t.arg({ type: [ActivityKind], description: '@default all' }),
      first: t.arg.int({ defaultValue: page.first, description: 'How many, 1 000 at most.' }),
      after: t.arg.string({ description: page.after }),
    },
    resolve: ({ name }, { kinds, first, after }, ctx) =>
      call(ctx, listActivities, { model: name, kinds, first: first ?? page.first, after }),
  }),
  stageHistory: t.field({
    type: [StageTenure],
    description: 'Which versions were in a stage at a time, those that were deleted since too.',
    args: {
      stage: t.arg.string({ required: true, description: 'The stage, as it is written.' }),
      at: t.arg({ type: 'Timestamp', description: '@default now' }),
    },
    resolve: ({ name }, { stage, at }, ctx) => call(ctx, stageHistory, { name, stage, at: at ?? Date.now() }),
  }),
}))
builder.objectFields(ModelVersion, (t) => ({
  activity: t.field({
    type: ActivityConnection,
    description: 'What happened to it, newest first.',
    complexity: perEntry,
    args: {
      first: t.arg.int({ defaultValue: page.first, description: 'How many, 1 000 at most.' }),
      after: t.arg.string({ description: page.after }),
    },
    resolve: ({ name, version }, { first, after }, ctx) =>
      call(ctx, listActivities, { model: name, version, first: first ?? page.first, after }),
  }),
}))

builder.queryFields((t) => ({
  modelActivity: t.field({
    type: ActivityConnection,
    description: 'What happened to the registered models that you may see, newest first; to deleted ones too.',
    complexity: perEntry,
    args: {
      kinds: t.arg({ type: [ActivityKind], description: '@default all' }),
      first: t.arg.int({ defaultValue: page.first, description: 'How many, 1 000 at most.' }),
      after: t.arg.string({ description: page.after }),
    },
    resolve: (_root, { kinds, first, after }, ctx) => call(ctx, listActivities, { kinds, first: first ?? page.first, after }),
  }),
  activityChain: t.field({
    type: ActivityChain,
    description: 'The chain of activities, to be verified; for who manages the workspace. `tidegate verify` does it.',
    complexity: ({ first }) => ({ field: 1, multiplier: first ?? 1_000 }),
    args: {
      after: t.arg({ type: 'Long', defaultValue: 0, description: 'The `seq` of the last that you have.' }),
      first: t.arg.int({ defaultValue: 1_000, description: 'How many, 1 000 at most.' }),
    },
    resolve: (_root, { after, first }, ctx) => call(ctx, activityChain, { after: after ?? 0, first: first ?? 1_000 }),
  }),
}))

builder.subscriptionField('modelActivity', (t) =>
  t.field({
    type: ActivityBatch,
    description: 'What happens to models, each thing once, twice a second at most. After a lost connection ask from the last cursor.',
    args: {
      model: t.arg.string({ description: 'Only to this one. @default all that you may see' }),
      after: t.arg.string({ description: 'The `cursor` of the last event. @default from now on' }),
    },
    subscribe: (_root, { model, after }, ctx) => live((signal) => followActivity(ctx, { model, after }, signal)),
    resolve: (event) => event,
  }),
)
