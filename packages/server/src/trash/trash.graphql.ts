/** The trash in GraphQL. */
import { may } from '../access.ts'
import { builder, PageInfo } from '../builder.ts'
import { Experiment, orNull } from '../experiments/experiments.graphql.ts'
import { getExperiment } from '../experiments/experiments.ts'
import { experimentById } from '../experiments/loaders.ts'
import { call } from '../operation.ts'
import { live } from '../subscription.ts'
import { kinds } from './collect.sql.ts'
import type { Sum } from './trash.sql.ts'
import { listTrash, purge, restoreLoggedModel, setRetention, summariseTrash, type TrashItem, type TrashSummary } from './trash.ts'

const TrashKind = builder.enumType('TrashKind', {
  description: 'What was deleted.',
  values: {
    RUN: { value: kinds.run, description: 'A run.' },
    LOGGED_MODEL: { value: kinds.model, description: 'A logged model.' },
    EXPERIMENT: { value: kinds.experiment, description: 'An experiment, with all that is in it.' },
  } as const,
})

const TrashSize = builder.objectRef<Sum>('TrashSize').implement({
  description:
    'What deleted things take: an estimate from the sizes of their rows and their entries in indexes, and their files as listed.',
  fields: (t) => ({
    bytes: t.field({ type: 'Long', description: 'Rows and files together.', resolve: (sum) => sum.rowBytes + sum.fileBytes }),
    rowBytes: t.field({
      type: 'Long',
      description: 'In the database, which uses the room again once it has been vacuumed.',
      resolve: (sum) => sum.rowBytes,
    }),
    fileBytes: t.field({ type: 'Long', description: 'In the artifact stores.', resolve: (sum) => sum.fileBytes }),
    files: t.exposeInt('files', { description: 'How many files.' }),
    experiments: t.exposeInt('experiments', { description: 'How many experiments.' }),
    runs: t.exposeInt('allRuns', { description: 'In all: those of deleted experiments too.' }),
    models: t.exposeInt('models', { description: 'Logged models that were deleted by themselves.' }),
    measured: t.boolean({
      description: 'False while some of it still has to be measured: then it is more.',
      resolve: (sum) => sum.measured === sum.parts,
    }),
  }),
})

const TrashItemType = builder.objectRef<TrashItem>('TrashItem').implement({
  description: 'A deleted experiment, or a run or logged model whose experiment is not deleted.',
  fields: (t) => ({
    kind: t.field({ type: TrashKind, description: 'What it is.', resolve: ({ kind }) => kind as 0 }),
    id: t.exposeID('uuid', { description: 'Of the experiment, run or model.' }),
    name: t.exposeString('name', { description: 'Its name.' }),
    experiment: t.field({
      type: Experiment,
      nullable: true,
      description: 'The one it belongs to, or itself.',
      // Of one tree with the item, and a list asks for many.
      resolve: ({ experimentId }, _, ctx) => orNull(experimentById(ctx).load(experimentId)),
    }),
    deletedAt: t.field({ type: 'Timestamp', description: 'When it was deleted.', resolve: ({ deletedAt }) => deletedAt }),
    deletedBy: t.exposeString('deletedBy', { nullable: true, description: 'Null where it was deleted before that was written down.' }),
    expiresAt: t.field({
      type: 'Timestamp',
      nullable: true,
      description: 'When it is purged by itself, or a few minutes later. Null: never.',
      resolve: ({ expiresAt }) => expiresAt,
    }),
    size: t.field({ type: TrashSize, description: 'What purging it frees.', resolve: ({ size }) => size }),
    canRestore: t.boolean({
      description: 'Whether you may bring it back.',
      resolve: (item, _, ctx) => may(ctx.ability, 'delete', securableOf(item, ctx.workspace.id)),
    }),
    canPurge: t.boolean({
      description: 'Whether you may purge it.',
      resolve: (item, _, ctx) => may(ctx.ability, 'manage', securableOf(item, ctx.workspace.id)),
    }),
  }),
})

const securableOf = ({ experimentId }: TrashItem, workspaceId: number) => ({ kind: 'Experiment', id: experimentId, workspaceId }) as const

const TrashConnection = builder.objectRef<{ items: TrashItem[]; endCursor: string | undefined }>('TrashConnection').implement({
  fields: (t) => ({
    nodes: t.field({ type: [TrashItemType], complexity: { multiplier: 1 }, resolve: (page) => page.items }),
    pageInfo: t.field({ type: PageInfo, resolve: ({ endCursor }) => ({ endCursor }) }),
  }),
})

const TrashSummaryType = builder.objectRef<TrashSummary>('TrashSummary').implement({
  description: 'How much is in the trash.',
  fields: (t) => ({
    items: t.int({
      description: 'Entries of `trash`.',
      resolve: ({ experiments, runs, models }) => experiments + runs + models,
    }),
    size: t.field({ type: TrashSize, description: 'What emptying the trash frees.', resolve: (summary) => summary }),
    collecting: t.exposeInt('collecting', { description: 'Things that were purged and whose rows or files are still being deleted.' }),
    retentionDays: t.exposeInt('days', {
      nullable: true,
      description: 'Days that deleted things stay before they are purged by themselves; 0: not at all; null: for ever.',
    }),
    newestAt: t.field({
      type: 'Timestamp',
      nullable: true,
      description: 'When the last of it was deleted: give it to `purge` as `deletedBefore`, and it purges what you saw.',
      resolve: ({ newest }) => newest,
    }),
    canManage: t.boolean({
      description: 'Whether the viewer may empty it and set how long things stay.',
      resolve: (_summary, _, ctx) => may(ctx.ability, 'manage', { kind: 'Workspace', id: ctx.workspace.id }),
    }),
  }),
})

builder.queryFields((t) => ({
  trash: t.field({
    type: TrashConnection,
    description: 'What was deleted and can be restored, the last deleted first.',
    complexity: ({ first }) => ({ field: 1, multiplier: first ?? 50 }),
    args: { first: t.arg.int({ defaultValue: 50, description: 'At most 200.' }), after: t.arg.string() },
    resolve: (_root, { first, after }, ctx) => call(ctx, listTrash, { first: first ?? 50, after }),
  }),
  trashSummary: t.field({
    type: TrashSummaryType,
    description: 'How much is in the trash. What was not measured yet is measured from then on: follow it with `trashChanged`.',
    resolve: (_root, _args, ctx) => call(ctx, summariseTrash, {}),
  }),
}))

const PurgeInput = builder.inputType('PurgeInput', {
  description: 'Either ids, up to 1 000 of each kind, or everything.',
  fields: (t) => ({
    runs: t.idList({ description: 'Runs.' }),
    models: t.idList({ description: 'Logged models.' }),
    experiments: t.idList({ description: 'With all that is in them.' }),
    everything: t.boolean({ defaultValue: false, description: 'All that is in the trash of the workspace.' }),
    deletedBefore: t.field({
      type: 'Timestamp',
      description: 'Only what was deleted up to then; of ids, one that was deleted later is refused. @default now',
    }),
    dryRun: t.boolean({ defaultValue: false, description: 'Only says what it would free.' }),
  }),
})

const PurgePayload = builder.objectRef<{ freed: Sum; dryRun: boolean }>('PurgePayload').implement({
  fields: (t) => ({
    freed: t.field({ type: TrashSize, description: 'What it frees, or would.', resolve: ({ freed }) => freed }),
    dryRun: t.exposeBoolean('dryRun', { description: 'True where nothing was purged.' }),
  }),
})

const SetRetentionInput = builder.inputType('SetRetentionInput', {
  fields: (t) => ({
    days: t.int({ description: '0 to 3 650. 0: deleted things are purged at once; null: never.' }),
    dryRun: t.boolean({ defaultValue: false, description: 'Only says what would be purged by it.' }),
  }),
})

const RetentionPayload = builder.objectRef<{ freed: Sum; trash: TrashSummary }>('RetentionPayload').implement({
  fields: (t) => ({
    freed: t.field({
      type: TrashSize,
      description: 'What has been in the trash for longer: it is purged within minutes.',
      resolve: ({ freed }) => freed,
    }),
    trash: t.field({ type: TrashSummaryType, resolve: ({ trash }) => trash }),
  }),
})

const RestoreLoggedModelPayload = builder.objectRef<{ id: string; experimentId: number }>('RestoreLoggedModelPayload').implement({
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Of the model.' }),
    experiment: t.field({
      type: Experiment,
      description: 'The one it belongs to.',
      resolve: ({ experimentId }, _, ctx) => call(ctx, getExperiment, { experimentId: String(experimentId) }),
    }),
  }),
})

builder.mutationFields((t) => ({
  purge: t.field({
    type: PurgePayload,
    description:
      'Deletes things in the trash for good. They are gone when it answers; what they took is freed soon after. Needs the ability to manage what they belong to.',
    args: { input: t.arg({ type: PurgeInput, required: true }) },
    resolve: async (_root, { input }, ctx) => ({ freed: await call(ctx, purge, input), dryRun: input.dryRun ?? false }),
  }),
  setRetention: t.field({
    type: RetentionPayload,
    description: 'How long deleted things stay in this workspace. What is over that by then is purged within minutes.',
    args: { input: t.arg({ type: SetRetentionInput, required: true }) },
    async resolve(_root, { input }, ctx) {
      const freed = await call(ctx, setRetention, { days: input.days ?? null, dryRun: input.dryRun })
      return { freed, trash: await call(ctx, summariseTrash, {}) }
    },
  }),
  restoreLoggedModel: t.field({
    type: RestoreLoggedModelPayload,
    description: 'Brings back a deleted logged model.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, ctx) => call(ctx, restoreLoggedModel, { modelId: id }),
  }),
}))

builder.subscriptionField('trashChanged', (t) =>
  t.field({
    type: TrashSummaryType,
    description: 'The summary, at the start and whenever something in the workspace has changed. Once a second at most.',
    subscribe: (_root, _args, ctx) =>
      live(async function* (signal) {
        for await (const _ of ctx.events.listen([['workspace', ctx.workspace.id]], signal, 1_000)) yield await call(ctx, summariseTrash, {})
      }),
    resolve: (event) => event,
  }),
)
