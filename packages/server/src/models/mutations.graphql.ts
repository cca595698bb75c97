/** Writing logged models in GraphQL. They are restored from the trash. */
import { builder, TagInput } from '../builder.ts'
import { call } from '../operation.ts'
import { ParamInput, RunPayload, reread } from '../runs/mutations.graphql.ts'
import { LoggedModel, LoggedModelStatus } from './logged-models.graphql.ts'
import type { LoggedModel as ModelRow } from './logged-models.sql.ts'
import {
  createLoggedModel,
  deleteLoggedModel,
  deleteLoggedModelTag,
  finalizeLoggedModel,
  logModelParams,
  logOutputs,
  setLoggedModelTags,
} from './logged-models.ts'

const LoggedModelPayload = builder
  .objectRef<{ model: ModelRow }>('LoggedModelPayload')
  .implement({ fields: (t) => ({ model: t.field({ type: LoggedModel, resolve: ({ model }) => model }) }) })

const CreateLoggedModelInput = builder.inputType('CreateLoggedModelInput', {
  fields: (t) => ({
    experimentId: t.id({ required: true, description: 'The experiment it belongs to, for ever.' }),
    id: t.id({ description: 'One of your own, m- and 32 hexadecimal digits: sent again, it is the same model. @default a new one' }),
    name: t.string({ description: 'Without / : . % and quotes. @default two words and a number' }),
    type: t.string({ description: 'What kind of model it is, such as classifier.' }),
    sourceRunId: t.id({ description: 'The run it comes from.' }),
    params: t.field({ type: [ParamInput], description: 'Written once, never changed.' }),
    tags: t.field({ type: [TagInput], description: 'They may be changed.' }),
  }),
})

const ModelOutputInput = builder.inputType('ModelOutputInput', {
  description: 'That a run made a model.',
  fields: (t) => ({
    modelId: t.id({ required: true, description: 'A logged model, here or elsewhere.' }),
    step: t.field({ type: 'Long', defaultValue: 0, description: 'The step the run was at.' }),
  }),
})

builder.mutationFields((t) => {
  const id = t.arg.id({ required: true, description: "The model's." })
  return {
    createLoggedModel: t.field({
      type: LoggedModelPayload,
      description: 'Begins a model. Send its files to its `artifactUri`, and finalize it then.',
      args: { input: t.arg({ type: CreateLoggedModelInput, required: true }) },
      resolve: (_root, { input: { id: modelId, type: modelType, ...input } }, ctx) =>
        call(ctx, createLoggedModel, { ...input, modelId, modelType }),
    }),
    finalizeLoggedModel: t.field({
      type: LoggedModelPayload,
      description: 'Says how it went with its files.',
      args: { id, status: t.arg({ type: LoggedModelStatus, required: true, description: 'READY or FAILED.' }) },
      resolve: (_root, { id: modelId, status }, ctx) => call(ctx, finalizeLoggedModel, { modelId, status }),
    }),
    deleteLoggedModel: t.field({
      type: LoggedModelPayload,
      description: 'It goes into the trash with all it has, and is found no more until it is restored.',
      args: { id },
      resolve: (_root, { id: modelId }, ctx) => call(ctx, deleteLoggedModel, { modelId }),
    }),
    setLoggedModelTags: t.field({
      type: LoggedModelPayload,
      description: 'Sets these tags, and leaves the others as they are.',
      args: { id, tags: t.arg({ type: [TagInput], required: true, description: 'Of a key that comes twice the last counts.' }) },
      resolve: (_root, { id: modelId, tags }, ctx) => call(ctx, setLoggedModelTags, { modelId, tags }),
    }),
    deleteLoggedModelTag: t.field({
      type: LoggedModelPayload,
      description: 'Takes a tag away.',
      args: { id, key: t.arg.string({ required: true, description: 'The name of the tag.' }) },
      resolve: (_root, { id: modelId, key: tagKey }, ctx) => call(ctx, deleteLoggedModelTag, { modelId, tagKey }),
    }),
    logLoggedModelParams: t.field({
      type: LoggedModelPayload,
      description: 'Adds params. One that is there keeps its value: another is an error, and nothing is added then.',
      args: { id, params: t.arg({ type: [ParamInput], required: true, description: 'Of a key that comes twice the last counts.' }) },
      resolve: (_root, { id: modelId, params }, ctx) => call(ctx, logModelParams, { modelId, params }),
    }),
    logOutputs: t.field({
      type: RunPayload,
      description: 'Links models to the run that made them, each at a step.',
      args: {
        runId: t.arg.id({ required: true }),
        models: t.arg({ type: [ModelOutputInput], required: true, description: 'At most 1 000.' }),
      },
      async resolve(_root, { runId, models }, ctx) {
        await call(ctx, logOutputs, { runId, models })
        return reread(ctx, runId)
      },
    }),
  }
})
