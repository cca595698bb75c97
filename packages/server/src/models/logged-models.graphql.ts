/** Logged models in GraphQL: the type, how one or many are asked for, and how they hang on runs. Writing is in mutations.graphql.ts. */
import { may } from '../access.ts'
import { modelArtifacts } from '../artifacts/artifacts.ts'
import { Abilities, builder, KeyValue, PageInfo } from '../builder.ts'
import { Experiment, orNull } from '../experiments/experiments.graphql.ts'
import { experimentById, loader } from '../experiments/loaders.ts'
import { call } from '../operation.ts'
import { Artifact, Param, Run, runByUuid } from '../runs/runs.graphql.ts'
import { findModels, type LoggedModel as ModelRow, modelsOfRuns } from './logged-models.sql.ts'
import { getLoggedModel } from './logged-models.ts'
import { type ModelMetric, readModelMetrics } from './model-metrics.sql.ts'
import { securableOf } from './model-metrics.ts'
import { type RunModels, readRunModels } from './run-models.sql.ts'
import { type ModelPage, searchLoggedModels } from './search.ts'

export const LoggedModelStatus = builder.enumType('LoggedModelStatus', {
  description: 'How far a model is: its files are still being sent, are all there, or could not be sent.',
  values: {
    PENDING: { value: 'PENDING', description: 'Its files are still being sent.' },
    READY: { value: 'READY', description: 'They are all there.' },
    FAILED: { value: 'UPLOAD_FAILED', description: 'They could not be sent.' },
  } as const,
})

const Metric = builder.objectRef<ModelMetric>('LoggedModelMetric').implement({
  description: 'What was measured of a model: the newest point of a metric on one data set.',
  fields: (t) => ({
    key: t.exposeString('key', { description: "The metric's name." }),
    value: t.expose('value', { type: 'Real', description: 'The value of the newest point.' }),
    step: t.expose('step', { type: 'Long', description: 'The step of that point.' }),
    time: t.expose('time', { type: 'Timestamp', description: 'The time of that point.' }),
    runId: t.exposeID('run', { description: 'The run that measured it.' }),
    datasetName: t.string({
      nullable: true,
      description: 'The data set it was measured on. Null where none was said.',
      resolve: ({ datasetName }) => datasetName || null,
    }),
    datasetDigest: t.string({
      nullable: true,
      description: "The data set's fingerprint.",
      resolve: ({ datasetDigest }) => datasetDigest || null,
    }),
  }),
})

const newestMetrics = loader<number, ModelMetric[]>(async (ctx, ids) => {
  const found = await readModelMetrics(ctx.db, ids, 'newest')
  return ids.map((id) => found.get(id) ?? [])
})

const pairs = (values: Record<string, string>) => Object.entries(values).map(([key, value]) => ({ key, value }))

export const LoggedModel = builder.objectRef<ModelRow>('LoggedModel').implement({
  description: 'A model that training made: its files, params, tags, and what was measured of it. It outlives its run.',
  fields: (t) => ({
    id: t.exposeID('uuid', { description: "MLflow's model_id: m- and 32 hexadecimal digits. It is loaded as models:/<id>." }),
    name: t.exposeString('name', { description: 'Of its own choice: several may have one name.' }),
    type: t.exposeString('type', { description: "What kind of model it is, as the client says; '' where it doesn't." }),
    status: t.expose('status', { type: LoggedModelStatus, description: 'How far its files are.' }),
    experiment: t.field({
      type: Experiment,
      description: 'The one it belongs to.',
      resolve: ({ experimentId }, _, ctx) => experimentById(ctx).load(experimentId) as never,
    }),
    sourceRunId: t.id({
      nullable: true,
      description: 'The run it came from, as the client says. Null where it came from none.',
      resolve: ({ sourceRun }) => sourceRun || null,
    }),
    sourceRun: t.field({
      type: Run,
      nullable: true,
      description: 'That run, if it is here.',
      resolve: ({ sourceRun }, _, ctx) => (sourceRun ? runByUuid(ctx).load(sourceRun) : null),
    }),
    params: t.field({ type: [Param], description: 'Written once, never changed.', resolve: ({ params }) => pairs(params) }),
    tags: t.field({ type: [KeyValue], description: 'What people and programs say of it.', resolve: ({ tags }) => pairs(tags) }),
    metrics: t.field({
      type: [Metric],
      description: 'The newest point of each metric and data set, by name.',
      resolve: ({ id }, _, ctx) => newestMetrics(ctx).load(id),
    }),
    artifactUri: t.exposeString('artifactUri', { description: 'Where its files are kept.' }),
    artifacts: t.field({
      type: [Artifact],
      description: 'One level of its files, sorted by path. None once it is deleted.',
      args: { path: t.arg.string({ defaultValue: '', description: 'The folder to list.' }) },
      resolve: async ({ uuid, deletedAt }, { path }, ctx) =>
        deletedAt === null ? (await call(ctx, modelArtifacts, { modelId: uuid, path })).files : [],
    }),
    createdAt: t.expose('createdAt', { type: 'Timestamp', description: 'When it was begun.' }),
    updatedAt: t.expose('updatedAt', { type: 'Timestamp', description: 'When its status last changed.' }),
    deletedAt: t.expose('deletedAt', { type: 'Timestamp', nullable: true, description: 'Null while it is active.' }),
    can: t.field({
      type: Abilities,
      description: 'What you may do with it.',
      resolve: (model) => securableOf(model),
    }),
  }),
})

export const modelByUuid = loader<string, ModelRow | null>(async (ctx, uuids) =>
  (await findModels(ctx.db, uuids)).map((model) =>
    model?.workspaceId === ctx.workspace.id && model.deletedAt === null && may(ctx.ability, 'read', securableOf(model)) ? model : null,
  ),
)

interface Link {
  model: string
  step: number | null
}

const ModelLink = builder.objectRef<Link>('ModelLink').implement({
  description: 'A model that a run used or made, by the id that the client named.',
  fields: (t) => ({
    modelId: t.exposeID('model', { description: 'It may be of another server, or gone.' }),
    step: t.expose('step', { type: 'Long', nullable: true, description: 'The step at which the run made it. Null where it used it.' }),
    model: t.field({
      type: LoggedModel,
      nullable: true,
      description: 'The model, if it is here.',
      resolve: ({ model }, _, ctx) => modelByUuid(ctx).load(model),
    }),
  }),
})

const linksOf = loader<number, RunModels>(async (ctx, ids) => {
  const found = await readRunModels(ctx.db, ids)
  return ids.map((id) => found.get(id) ?? { inputs: [], outputs: [] })
})

const modelsOfRun = loader<string, ModelRow[]>(async (ctx, uuids) => {
  const found = await modelsOfRuns(ctx.db, uuids)
  return uuids.map((uuid) =>
    (found.get(uuid) ?? []).filter((model) => model.workspaceId === ctx.workspace.id && may(ctx.ability, 'read', securableOf(model))),
  )
})

builder.objectFields(Run, (t) => ({
  loggedModels: t.field({
    type: [LoggedModel],
    description: 'The models that came from it, oldest first: those that name it as their run, and its outputs.',
    resolve: ({ uuid }, _, ctx) => modelsOfRun(ctx).load(uuid),
  }),
  inputs: t.field({
    type: [ModelLink],
    description: 'The models it used, in the order they were linked. Data sets are in `datasets`.',
    resolve: async ({ id }, _, ctx) => (await linksOf(ctx).load(id)).inputs.map((model) => ({ model, step: null })),
  }),
  outputs: t.field({
    type: [ModelLink],
    description: 'The models it made, in the order they were linked.',
    resolve: async ({ id }, _, ctx) => (await linksOf(ctx).load(id)).outputs,
  }),
}))

const LoggedModelConnection = builder.objectRef<ModelPage>('LoggedModelConnection').implement({
  description: 'A page of logged models.',
  fields: (t) => ({
    nodes: t.field({ type: [LoggedModel], complexity: { multiplier: 1 }, resolve: ({ models }) => models }),
    pageInfo: t.field({ type: PageInfo, resolve: ({ nextPageToken }) => ({ endCursor: nextPageToken }) }),
  }),
})

const LoggedModelOrder = builder.inputType('LoggedModelOrder', {
  description: 'A term of an order of logged models. Models without the metric come last.',
  fields: (t) => ({
    by: t.string({
      required: true,
      description: 'name, type, status, creation_timestamp, last_updated_timestamp or metrics.<name>: its newest value.',
    }),
    descending: t.boolean({ defaultValue: false, description: 'The greatest first.' }),
    datasetName: t.string({ description: 'For a metric: as measured on this data set.' }),
    datasetDigest: t.string({ description: "For a metric: and with this fingerprint of the data set's content." }),
  }),
})

const ModelDataset = builder.inputType('ModelDataset', {
  description: 'A data set that models were measured on.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'Its name.' }),
    digest: t.string({ description: 'A fingerprint of its content. @default any' }),
  }),
})

builder.queryFields((t) => ({
  loggedModel: t.field({
    type: LoggedModel,
    nullable: true,
    description: 'A logged model by its id. Null where there is none, or it is deleted.',
    args: { id: t.arg.id({ required: true, description: 'm- and 32 hexadecimal digits.' }) },
    resolve: async (_root, { id }, ctx) => (await orNull(call(ctx, getLoggedModel, { modelId: id })))?.model ?? null,
  }),
  searchLoggedModels: t.field({
    type: LoggedModelConnection,
    description: 'Logged models across experiments, in the filter language, with the columns that models have.',
    complexity: ({ first }) => ({ field: 1, multiplier: first ?? 50 }),
    args: {
      experiments: t.arg.idList({ description: 'No experiments named: all that you may see.' }),
      filter: t.arg.string({
        description:
          "Such as: metrics.acc > 0.9 AND params.lr = '0.1' AND tags.team LIKE 'tide%' AND status = 'READY'. Times are ms since 1970.",
      }),
      datasets: t.arg({
        type: [ModelDataset],
        description:
          'Only models measured on one of these, however the filter joins its comparisons; the metrics it compares are those measured there.',
      }),
      orderBy: t.arg({ type: [LoggedModelOrder], description: 'Ties: newest first.' }),
      first: t.arg.int({ defaultValue: 50, description: 'How many, 50 000 at most.' }),
      after: t.arg.string({ description: 'The `endCursor` of the page before, of the same search.' }),
    },
    resolve: (_root, { experiments, filter, datasets, orderBy, first, after }, ctx) =>
      call(ctx, searchLoggedModels, {
        experimentIds: experiments?.map(String),
        filter,
        datasets: datasets?.map(({ name, digest }) => ({ datasetName: name, datasetDigest: digest })),
        orderBy: orderBy?.map(({ by, descending, ...dataset }) => ({ fieldName: by, ascending: !descending, ...dataset })),
        maxResults: first,
        pageToken: after,
      }),
  }),
}))
