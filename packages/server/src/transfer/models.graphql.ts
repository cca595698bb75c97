/** Moving logged models in, in GraphQL. */
import { builder, TagInput } from '../builder.ts'
import { call } from '../operation.ts'
import { ParamInput } from '../runs/mutations.graphql.ts'
import { type ImportedModels, importModels } from './models.ts'

const ImportedModelStatus = builder.enumType('ImportedModelStatus', {
  description: 'How far a model was that is brought in.',
  values: {
    PENDING: { description: 'It was being made.' },
    READY: { description: 'It was whole.' },
    FAILED: { description: 'It never became whole.' },
  } as const,
})

const ImportModelPointInput = builder.inputType('ImportModelPointInput', {
  description: 'A value that a run measured of a model.',
  fields: (t) => ({
    run: t.id({
      required: true,
      description: 'The run that measured it. Where it is not here, the value is left out, and counted as `lost`.',
    }),
    key: t.string({ required: true, description: 'Of which metric.' }),
    value: t.field({ type: 'Real', required: true, description: 'The value.' }),
    time: t.field({ type: 'Timestamp', required: true, description: 'When.' }),
    step: t.field({ type: 'Long', required: true, description: 'At which step.' }),
    datasetName: t.string({ description: 'On which data set. @default none' }),
    datasetDigest: t.string({ description: 'Its digest.' }),
  }),
})
const ImportModelInput = builder.inputType('ImportModelInput', {
  description: 'A logged model as it was.',
  fields: (t) => ({
    id: t.id({ required: true, description: '`m-` and 32 hexadecimal digits.' }),
    name: t.string({ required: true, description: 'Its name.' }),
    type: t.string({ description: 'What kind of model the client calls it.' }),
    status: t.field({ type: ImportedModelStatus, required: true, description: 'As it was.' }),
    sourceRun: t.string({ description: 'The id of the run it came from.' }),
    createdAt: t.field({ type: 'Timestamp', required: true, description: 'When it was made.' }),
    updatedAt: t.field({ type: 'Timestamp', required: true, description: 'When it last changed.' }),
    params: t.field({ type: [ParamInput], description: 'All of them.' }),
    tags: t.field({ type: [TagInput], description: 'All of them.' }),
    metrics: t.field({
      type: [ImportModelPointInput],
      description: 'Every value that was measured of it; at most 20 000 of all models of a request.',
    }),
  }),
})
const ImportModelLinkInput = builder.inputType('ImportModelLinkInput', {
  description: 'That a run used or made a model.',
  fields: (t) => ({
    run: t.id({ required: true, description: 'A run of the experiment.' }),
    model: t.id({ required: true, description: 'The model, which may be gone.' }),
    output: t.boolean({ required: true, description: 'Whether the run made it; else it used it.' }),
    step: t.field({ type: 'Long', description: 'At which step it was made. @default 0' }),
  }),
})
const ImportModelsInput = builder.inputType('ImportModelsInput', {
  description: 'Logged models of one experiment.',
  fields: (t) => ({
    experimentId: t.id({ required: true, description: 'Of which experiment.' }),
    models: t.field({ type: [ImportModelInput], description: 'At most 200.' }),
    links: t.field({ type: [ImportModelLinkInput], description: 'What runs used and made.' }),
  }),
})
const ImportModelsPayload = builder.objectRef<ImportedModels>('ImportModelsPayload').implement({
  description: 'What came of it.',
  fields: (t) => ({
    held: t.exposeIDList('held', { description: 'Ids that models of other experiments, or deleted ones, have: those stay as they are.' }),
    lost: t.exposeInt('lost', { description: 'Values whose run is not here, or whose model is held.' }),
  }),
})

builder.mutationFields((t) => ({
  importModels: t.field({
    type: ImportModelsPayload,
    description:
      'Makes logged models as they were elsewhere, under their ids, and says which runs used and made them. A model that is here gets what it lacks, and keeps what it has, so the same may be sent again.',
    args: { input: t.arg({ type: ImportModelsInput, required: true, description: 'What to bring.' }) },
    resolve: (_root, { input }, ctx) =>
      call(ctx, importModels, {
        ...input,
        models: input.models?.map(({ metrics, ...model }) => ({
          ...model,
          metrics: metrics?.map((point) => ({ ...point, value: Number(point.value) })),
        })),
      }),
  }),
}))
