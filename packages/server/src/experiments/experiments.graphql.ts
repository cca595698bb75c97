/** Experiments in GraphQL. */
import { may } from '../access.ts'
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
import { runCounts } from './loaders.ts'

export const Experiment = builder.prismaObject('Experiment', {
  description: 'Runs that belong together.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name', { description: 'Unique in its workspace.' }),
    artifactLocation: t.exposeString('artifactLocation', { description: 'The URI below which the files of its runs are.' }),
    createdAt: t.expose('createdAt', { type: 'Timestamp' }),
    updatedAt: t.expose('updatedAt', { type: 'Timestamp' }),
    deletedAt: t.expose('deletedAt', { type: 'Timestamp', nullable: true, description: 'Null while it is active.' }),
    tags: t.field({
      type: [KeyValue],
      select: { tags: { orderBy: { key: 'asc' } } },
      resolve: ({ tags }) => tags,
    }),
    runCount: t.int({ description: 'Runs that are not deleted.', resolve: async ({ id }, _, ctx) => (await runCounts(ctx).load(id)).runs }),
    liveCount: t.int({
      description: 'Of those, the ones whose status is RUNNING.',
      resolve: async ({ id }, _, ctx) => (await runCounts(ctx).load(id)).live,
    }),
    cursor: t.string({
      description: 'Where the changes of runs now end: give it to the `runsChanged` subscription.',
      resolve: async (_experiment, _, ctx) => String(await databaseTime(ctx.db)),
    }),
    can: t.field({
      type: Abilities,
      resolve: ({ id, workspaceId }, _, ctx) => {
        const on = { kind: 'Experiment', id, workspaceId } as const
        return { edit: may(ctx.ability, 'edit', on), delete: may(ctx.ability, 'delete', on) }
      },
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
    args: { id: t.arg.id(), name: t.arg.string() },
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
      filter: t.arg.string({ description: "MLflow's filter: name ILIKE '%forecast%' AND tags.team = 'vision'" }),
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
  .implement({ fields: (t) => ({ experiment: t.field({ type: Experiment, resolve: (row) => row }) }) })

const CreateExperimentInput = builder.inputType('CreateExperimentInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    artifactLocation: t.string({ description: '@default a place of its own in the server’s store' }),
    tags: t.field({ type: [TagInput] }),
  }),
})

const UpdateExperimentInput = builder.inputType('UpdateExperimentInput', {
  fields: (t) => ({ id: t.id({ required: true }), name: t.string({ required: true }) }),
})

builder.mutationFields((t) => {
  const id = t.arg.id({ required: true })
  return {
    createExperiment: t.field({
      type: ExperimentPayload,
      args: { input: t.arg({ type: CreateExperimentInput, required: true }) },
      resolve: (_root, { input }, ctx) => call(ctx, createExperiment, input),
    }),
    updateExperiment: t.field({
      type: ExperimentPayload,
      args: { input: t.arg({ type: UpdateExperimentInput, required: true }) },
      resolve: (_root, { input }, ctx) => call(ctx, renameExperiment, { experimentId: input.id, newName: input.name }),
    }),
    deleteExperiment: t.field({
      type: ExperimentPayload,
      description: 'Deletes it with its runs. `restoreExperiment` brings both back.',
      args: { id },
      resolve: (_root, { id }, ctx) => call(ctx, deleteExperiment, { experimentId: id }),
    }),
    restoreExperiment: t.field({
      type: ExperimentPayload,
      args: { id },
      resolve: (_root, { id }, ctx) => call(ctx, restoreExperiment, { experimentId: id }),
    }),
    setExperimentTag: t.field({
      type: ExperimentPayload,
      args: { id, key: t.arg.string({ required: true }), value: t.arg.string({ required: true }) },
      resolve: (_root, { id, key, value }, ctx) => call(ctx, setExperimentTag, { experimentId: id, key, value }),
    }),
    deleteExperimentTag: t.field({
      type: ExperimentPayload,
      args: { id, key: t.arg.string({ required: true }) },
      resolve: (_root, { id, key }, ctx) => call(ctx, deleteExperimentTag, { experimentId: id, key }),
    }),
  }
})

const ExperimentsChanged = builder.objectRef<{ experiments: ExperimentWithTags[] }>('ExperimentsChanged').implement({
  fields: (t) => ({ experiments: t.field({ type: [Experiment], resolve: (event) => event.experiments }) }),
})

builder.subscriptionField('experimentsChanged', (t) =>
  t.field({
    type: ExperimentsChanged,
    description:
      'The active experiments, changed last first, at the start and whenever one of them or its count of live runs has changed; `first` of them at most. Twice a second at most.',
    args: { first: t.arg.int({ defaultValue: 200 }) },
    subscribe: (_root, { first }, ctx) =>
      live(async function* (signal) {
        for await (const _ of ctx.events.listen([['workspace', ctx.workspace.id]], signal, 500)) {
          yield await call(ctx, searchExperiments, { orderBy: ['last_update_time DESC'], maxResults: first ?? 200 })
        }
      }),
    resolve: (event) => event,
  }),
)
