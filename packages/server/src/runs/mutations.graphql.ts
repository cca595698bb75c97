/** Writing runs in GraphQL. */
import { builder, TagInput } from '../builder.ts'
import type { Ctx } from '../context.ts'
import { call } from '../operation.ts'
import { logInputs } from './inputs.ts'
import { deleteTag, logBatch, setTag } from './logging.ts'
import type { Run as RunRow } from './run.ts'
import { Run, RunStatus } from './runs.graphql.ts'
import { createRun, deleteRun, getRun, restoreRun, updateRun } from './runs.ts'

export const RunPayload = builder
  .objectRef<RunRow>('RunPayload')
  .implement({ fields: (t) => ({ run: t.field({ type: Run, resolve: (run) => run }) }) })

export const ParamInput = builder.inputType('ParamInput', {
  description: 'A param to write.',
  fields: (t) => ({
    key: t.string({ required: true, description: 'Letters, digits and _ - . : / and spaces; 250 at most.' }),
    value: t.string({ required: true, description: 'Text, cut at 6 000 characters.' }),
  }),
})
const MetricInput = builder.inputType('MetricInput', {
  description: 'A point of a metric.',
  fields: (t) => ({
    key: t.string({ required: true, description: 'Letters, digits and _ - . : / and spaces; 250 at most.' }),
    value: t.field({ type: 'Real', required: true, description: 'Its value.' }),
    time: t.field({ type: 'Timestamp', description: '@default now' }),
    step: t.field({ type: 'Long', defaultValue: 0, description: 'Where it stands in the training.' }),
    modelId: t.id({ description: 'The logged model it was measured of: the metric is kept with both.' }),
    datasetName: t.string({ description: 'With a model: the data set it was measured on.' }),
    datasetDigest: t.string({ description: "With a model: the fingerprint of that data set's content." }),
  }),
})
const CreateRunInput = builder.inputType('CreateRunInput', {
  fields: (t) => ({
    experimentId: t.id({ required: true }),
    name: t.string({ description: '@default two words and a number' }),
    user: t.string({ description: 'Who runs it.' }),
    startedAt: t.field({ type: 'Timestamp', description: '@default now' }),
    parentId: t.id({ description: 'The run to nest it in.' }),
    tags: t.field({ type: [TagInput], description: 'To begin with.' }),
    id: t.id({
      description:
        '32 hexadecimal digits, made up by the client. The same again is the same run: it comes back and nothing is made twice. @default one of the server’s',
    }),
    idempotencyKey: t.string({
      description: 'Sent again with the same key, the first run comes back and nothing is made twice. Nothing beside an `id`.',
    }),
  }),
})
const UpdateRunInput = builder.inputType('UpdateRunInput', {
  fields: (t) => ({
    id: t.id({ required: true, description: 'Which run. What is not given stays.' }),
    status: t.field({ type: RunStatus, description: 'How far it is.' }),
    endedAt: t.field({ type: 'Timestamp', description: 'When it ended.' }),
    name: t.string({ description: 'A new name.' }),
    from: t.field({
      type: [RunStatus],
      description: 'Only while its status is one of these: else RESOURCE_CONFLICT, and nothing is changed.',
    }),
  }),
})
const LogBatchInput = builder.inputType('LogBatchInput', {
  fields: (t) => ({
    runId: t.id({ required: true }),
    metrics: t.field({ type: [MetricInput], description: 'At most 1 000.' }),
    params: t.field({ type: [ParamInput], description: 'At most 100. A param that was logged keeps its value: another is an error.' }),
    tags: t.field({ type: [TagInput], description: 'At most 100.' }),
  }),
})
const DatasetData = builder.inputType('DatasetData', {
  description: 'A data set. One of the same name and digest is the same.',
  fields: (t) => ({
    name: t.string({ required: true, description: '500 characters at most.' }),
    digest: t.string({ required: true, description: 'A fingerprint of its content; 36 characters at most.' }),
    sourceType: t.string({ required: true, description: 'Such as local, http, s3, delta_table.' }),
    source: t.string({ required: true, description: 'JSON that says where it came from; 65 535 characters at most.' }),
    schema: t.string({ description: 'JSON; 1 MiB at most.' }),
    profile: t.string({ description: 'JSON: counts and the like.' }),
  }),
})
export const DatasetInputInput = builder.inputType('DatasetInputInput', {
  description: 'That a run used a data set.',
  fields: (t) => ({
    dataset: t.field({ type: DatasetData, required: true, description: 'Which.' }),
    tags: t.field({ type: [TagInput], description: 'Such as mlflow.data.context: what it was used for.' }),
  }),
})
const LogInputsInput = builder.inputType('LogInputsInput', {
  fields: (t) => ({
    runId: t.id({ required: true }),
    datasets: t.field({ type: [DatasetInputInput], description: 'Data sets that the run used.' }),
    models: t.idList({ description: 'Logged models that the run used, by their ids.' }),
  }),
})

export const reread = async (ctx: Ctx, id: string) => (await call(ctx, getRun, { runId: id })).run

builder.mutationFields((t) => {
  const id = t.arg.id({ required: true })
  const runId = t.arg.id({ required: true })
  const key = t.arg.string({ required: true })
  return {
    createRun: t.field({
      type: RunPayload,
      description: 'Begins a run: its status is RUNNING until `updateRun` says otherwise.',
      args: { input: t.arg({ type: CreateRunInput, required: true }) },
      async resolve(_root, { input: { id, parentId, tags, startedAt, ...input } }, ctx) {
        const all = [...(tags ?? []), ...(parentId ? [{ key: 'mlflow.parentRunId', value: String(parentId) }] : [])]
        return (await call(ctx, createRun, { ...input, runId: id, startTime: startedAt ?? Date.now(), tags: all })).run
      },
    }),
    updateRun: t.field({
      type: RunPayload,
      description: 'Changes its status, end or name.',
      args: { input: t.arg({ type: UpdateRunInput, required: true }) },
      resolve: (_root, { input: { id, endedAt, ...input } }, ctx) => call(ctx, updateRun, { ...input, runId: id, endTime: endedAt }),
    }),
    deleteRun: t.field({
      type: RunPayload,
      description: 'It keeps all it has until it is restored.',
      args: { id },
      resolve: (_root, { id }, ctx) => call(ctx, deleteRun, { runId: id }),
    }),
    restoreRun: t.field({
      type: RunPayload,
      description: 'Brings it back from the trash.',
      args: { id },
      resolve: (_root, { id }, ctx) => call(ctx, restoreRun, { runId: id }),
    }),
    setTag: t.field({
      type: RunPayload,
      description: 'Sets a tag, or changes it.',
      args: { runId, key, value: t.arg.string({ required: true }), was: t.arg.string() },
      async resolve(_root, args, ctx) {
        await call(ctx, setTag, args)
        return reread(ctx, args.runId)
      },
    }),
    deleteTag: t.field({
      type: RunPayload,
      description: 'Takes a tag away.',
      args: { runId, key },
      async resolve(_root, args, ctx) {
        await call(ctx, deleteTag, args)
        return reread(ctx, args.runId)
      },
    }),
    logBatch: t.field({
      type: RunPayload,
      description: 'Metrics, params and tags of one run: all of them or none.',
      args: { input: t.arg({ type: LogBatchInput, required: true }) },
      async resolve(_root, { input: { metrics, ...input } }, ctx) {
        const now = Date.now()
        const points = metrics?.map(({ time, step, ...metric }) => ({ ...metric, timestamp: time ?? now, step: step ?? 0 }))
        await call(ctx, logBatch, { ...input, metrics: points })
        return reread(ctx, input.runId)
      },
    }),
    logInputs: t.field({
      type: RunPayload,
      description: 'Links data sets and models that the run used.',
      args: { input: t.arg({ type: LogInputsInput, required: true }) },
      async resolve(_root, { input: { models, ...input } }, ctx) {
        await call(ctx, logInputs, { ...input, models: models?.map((modelId) => ({ modelId })) })
        return reread(ctx, input.runId)
      },
    }),
  }
})
