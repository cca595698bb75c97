/** Experiments in GraphQL. */
import { Abilities, builder, KeyValue, Lifecycle, PageInfo, TagInput } from '../builder.ts'
import { AppError } from '../errors.ts'
import { call } from '../operation.ts'
import { databaseTime } from '../runs/write.sql.ts'
import { live } from '../subscription.ts'
import {
  createExperiment,
  deleteExperiment,
  deleteExperimentTag,
  type ExperimentWithTags,
  getExperiment,
  getExperimentByName,
  renameExperiment,
  restoreExperiment,
  searchExperiments,
  setExperimentTag,
} from './experiments.ts'
import { type ChangedExperiments, changedExperiments } from './follow.ts'
import { latest, runCounts } from './loaders.ts'
import { mostRenamed, renameExperiments } from './move.ts'

export const Experiment = builder.prismaObject('Experiment', {
  description: 'Runs that belong together.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A number, as text: MLflow’s experiment_id.' }),
    name: t.exposeString('name', { description: 'Unique in its workspace.' }),
    artifactLocation: t.exposeString('artifactLocation', { description: 'The URI below which the files of its runs are.' }),
    createdAt: t.expose('createdAt', { type: 'Timestamp', description: 'When it was made.' }),
    updatedAt: t.expose('updatedAt', { type: 'Timestamp', description: 'When it, not one of its runs, last changed.' }),
    deletedAt: t.expose('deletedAt', { type: 'Timestamp', nullable: true, description: 'Null while it is active.' }),
    tags: t.field({
      type: [KeyValue],
      description: 'In the order of their names.',
      select: { tags: { orderBy: { key: 'asc' } } },
      resolve: ({ tags }) => tags,
    }),
    runCount: t.int({ description: 'Runs that are not deleted.', resolve: async ({ id }, _, ctx) => (await runCounts(ctx).load(id)).runs }),
    liveCount: t.int({
      description: 'Of those, the ones whose status is RUNNING.',
      resolve: async ({ id }, _, ctx) => (await runCounts(ctx).load(id)).live,
    }),
    lastActivityAt: t.field({
      type: 'Timestamp',
      nullable: true,
      description:
        'When one of its runs last began, ended or got something new; more points of a metric it has are not counted. Null without runs.',
      resolve: async ({ id }, _, ctx) => (await latest(ctx).load(id))?.changedAt ?? null,
    }),
    lastUser: t.string({
      nullable: true,
      description: 'Who started its newest run. Null where there is none, or it does not say.',
      resolve: async ({ id }, _, ctx) => (await latest(ctx).load(id))?.user || null,
    }),
    cursor: t.string({
      description: 'Where the changes of runs now end: give it to the `runsChanged` subscription.',
      resolve: async (_experiment, _, ctx) => String(await databaseTime(ctx.db)),
    }),
    can: t.field({
      type: Abilities,
      description: 'What you may do with it and its runs.',
      resolve: ({ id, workspaceId }) => ({ kind: 'Experiment', id, workspaceId }) as const,
    }),
  }),
})

const ExperimentConnection = builder
  .objectRef<{ experiments: ExperimentWithTags[]; nextPageToken: string | undefined }>('ExperimentConnection')
  .implement({
    fields: (t) => ({
      nodes: t.field({ type: [Experiment], complexity: { multiplier: 1 }, resolve: (page) => page.experiments }),
      pageInfo: t.field({ type: PageInfo, resolve: (page) => ({ endCursor: page.nextPageToken }) }),
    }),
  })

/** Null in place of not found: what one may not see is absent. */
export async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof AppError && error.code === 'RESOURCE_DOES_NOT_EXIST') return null
    throw error
  }
}

builder.queryFields((t) => ({
  experiment: t.field({
    type: Experiment,
    nullable: true,
    description: 'By id or by name. Null where there is none that you may see.',
    args: { id: t.arg.id({ description: 'Its id. Give this or `name`.' }), name: t.arg.string({ description: 'Its whole name.' }) },
    resolve(_root, { id, name }, ctx) {
      if ((id == null) === (name == null)) throw new AppError('INVALID_PARAMETER_VALUE', 'Give either `id` or `name`.', { field: 'id' })
      return orNull(
        id != null ? call(ctx, getExperiment, { experimentId: String(id) }) : call(ctx, getExperimentByName, { experimentName: name }),
      )
    },
  }),
  experiments: t.field({
    type: ExperimentConnection,
    description: 'In the order of their last change, unless `orderBy` says otherwise.',
    complexity: ({ first }) => ({ field: 1, multiplier: first ?? 50 }),
    args: {
      filter: t.arg.string({
        description:
          "In the filter language: name ILIKE '%forecast%' AND NOT tags.team = 'vision'. Experiments have name, experiment_id, creation_time, last_update_time and tags.",
      }),
      lifecycle: t.arg({ type: Lifecycle, defaultValue: 'ACTIVE' }),
      orderBy: t.arg.stringList({ description: 'Such as "name ASC" or "last_update_time DESC".' }),
      first: t.arg.int({ defaultValue: 50 }),
      after: t.arg.string(),
    },
    resolve: (_root, { filter, lifecycle, orderBy, first, after }, ctx) =>
      call(ctx, searchExperiments, {
        filter,
        lifecycle: lifecycle ?? 'ACTIVE',
        orderBy: orderBy ?? ['last_update_time DESC'],
        maxResults: first ?? 50,
        pageToken: after,
      }),
  }),
}))

const ExperimentPayload = builder
  .objectRef<ExperimentWithTags>('ExperimentPayload')
  .implement({ fields: (t) => ({ experiment: t.field({ type: Experiment, description: 'As it is now.', resolve: (row) => row }) }) })

const CreateExperimentInput = builder.inputType('CreateExperimentInput', {
  description: 'A new experiment.',
  fields: (t) => ({
    name: t.string({
      required: true,
      description: 'Unique in the workspace, also among deleted ones; 500 characters at most. A slash makes a folder.',
    }),
    artifactLocation: t.string({ description: '@default a place of its own in the server’s store' }),
    tags: t.field({ type: [TagInput], description: 'To begin with.' }),
  }),
})

const UpdateExperimentInput = builder.inputType('UpdateExperimentInput', {
  description: 'A new name for an experiment.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'Which.' }),
    name: t.string({ required: true, description: 'Unique in the workspace, also among deleted ones; 500 characters at most.' }),
  }),
})

const ExperimentNameInput = builder.inputType('ExperimentNameInput', {
  description: 'What an experiment is to be called.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'Which.' }),
    name: t.string({
      required: true,
      description:
        'Unique in the workspace, also among deleted ones; 500 characters at most. What stands before the last slash is its folder.',
    }),
  }),
})

const ExperimentsPayload = builder.objectRef<ExperimentWithTags[]>('ExperimentsPayload').implement({
  fields: (t) => ({
    experiments: t.field({
      type: [Experiment],
      complexity: { multiplier: 1 },
      description: 'As they are now, in no order.',
      resolve: (rows) => rows,
    }),
  }),
})

builder.mutationFields((t) => {
  const id = t.arg.id({ required: true })
  return {
    createExperiment: t.field({
      type: ExperimentPayload,
      description: 'Refused with RESOURCE_ALREADY_EXISTS where the name is taken.',
      args: { input: t.arg({ type: CreateExperimentInput, required: true }) },
      resolve: (_root, { input }, ctx) => call(ctx, createExperiment, input),
    }),
    updateExperiment: t.field({
      type: ExperimentPayload,
      description: 'Renames it.',
      args: { input: t.arg({ type: UpdateExperimentInput, required: true }) },
      resolve: (_root, { input }, ctx) => call(ctx, renameExperiment, { experimentId: input.id, newName: input.name }),
    }),
    renameExperiments: t.field({
      type: ExperimentsPayload,
      description: 'Renames many, all of them or none: so a folder is moved with what is in it. One may take the name that another leaves.',
      args: {
        names: t.arg({
          type: [ExperimentNameInput],
          required: true,
          description: `Each experiment once, ${mostRenamed.toLocaleString('en').replace(',', ' ')} at most.`,
        }),
      },
      complexity: ({ names }) => ({ field: 1, multiplier: Math.max(1, names.length) }),
      resolve: (_root, { names }, ctx) =>
        call(ctx, renameExperiments, { names: names.map(({ id, name }) => ({ experimentId: id, name })) }),
    }),
    deleteExperiment: t.field({
      type: ExperimentPayload,
      description: 'Deletes it with its runs. `restoreExperiment` brings both back.',
      args: { id },
      resolve: (_root, { id }, ctx) => call(ctx, deleteExperiment, { experimentId: id }),
    }),
    restoreExperiment: t.field({
      type: ExperimentPayload,
      description: 'Brings it back with the runs that were deleted with it.',
      args: { id },
      resolve: (_root, { id }, ctx) => call(ctx, restoreExperiment, { experimentId: id }),
    }),
    setExperimentTag: t.field({
      type: ExperimentPayload,
      description: 'Sets a tag, or changes it.',
      args: {
        id,
        key: t.arg.string({ required: true }),
        value: t.arg.string({ required: true }),
        was: t.arg.string(),
      },
      resolve: (_root, { id, key, value, was }, ctx) => call(ctx, setExperimentTag, { experimentId: id, key, value, was }),
    }),
    deleteExperimentTag: t.field({
      type: ExperimentPayload,
      description: 'Takes a tag away.',
      args: { id, key: t.arg.string({ required: true }) },
      resolve: (_root, { id, key }, ctx) => call(ctx, deleteExperimentTag, { experimentId: id, key }),
    }),
  }
})

const ExperimentsChanged = builder.objectRef<ChangedExperiments>('ExperimentsChanged').implement({
  description: 'Experiments as they are now.',
  fields: (t) => ({
    experiments: t.field({
      type: [Experiment],
      description: 'Those that changed; a deleted one has `deletedAt`.',
      resolve: (event) => event.experiments,
    }),
    begins: t.exposeBoolean('begins', {
      description:
        'True once, at the start: what changes from then on is told. A list that was read before may lack what changed before it; after a lost connection as well.',
    }),
  }),
})

builder.subscriptionField('experimentsChanged', (t) =>
  t.field({
    type: ExperimentsChanged,
    description:
      'Experiments as they change. At the start the active ones that changed last, `first` of them at most; from then on each that changed, or whose count of runs did, however many: 200 in an event, twice a second at most.',
    args: { first: t.arg.int({ defaultValue: 200, description: 'How many come at the start: 1 to 1 000.' }) },
    subscribe: (_root, { first }, ctx) => live((signal) => changedExperiments(ctx, first ?? 200, signal)),
    resolve: (event) => event,
  }),
)
