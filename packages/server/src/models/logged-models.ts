/**
 * A logged model is what training made. It is known before it has files, because the client begins it, sends the files as
 * artifacts below `<location>/models/<id>/artifacts`, and then says how that went. A model belongs to one experiment for
 * ever, and outlives the run it came from. A deleted one keeps all it has, is found no more and takes no changes.
 */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { type Ctx, inTransaction, type Tx } from '../context.ts'
import { AppError, invalid, notFound } from '../errors.ts'
import { checkActive, experimentTarget } from '../experiments/experiments.ts'
import { anyText, int64, limitedText, limits, required, text } from '../fields.ts'
import { operation, type Target } from '../operation.ts'
import { randomName } from '../runs/name.ts'
import { activeRun, runTarget } from '../runs/runs.ts'
import { touchRuns } from '../runs/write.sql.ts'
import {
  addParams,
  deleteModel,
  deleteModelTag,
  findModels,
  insertModel,
  type LoggedModel,
  readModels,
  setModelTags,
  setStatus,
} from './logged-models.sql.ts'
import { type ModelMetric, readModelMetrics } from './model-metrics.sql.ts'
import { securableOf, unknownModel } from './model-metrics.ts'
import { addModelOutputs } from './run-models.sql.ts'

/** A model with every point that was measured of it. */
export interface ModelWithMetrics {
  model: LoggedModel
  metrics: ModelMetric[]
}

/** The model and what permission on it is asked of. Throws where there is none in this workspace, or where it is deleted. */
export async function modelTarget(ctx: Ctx, uuid: string, allowDeleted = false): Promise<Target<LoggedModel>> {
  const [row] = await findModels(ctx.db, [uuid])
  if (row?.workspaceId !== ctx.workspace.id || (row.deletedAt !== null && !allowDeleted)) throw unknownModel(uuid)
  return { securable: securableOf(row), row, unseen: () => unknownModel(uuid) }
}

const onModel = (ctx: Ctx, { modelId }: { modelId: string }) => modelTarget(ctx, modelId)

/** Models that were already authorised, with all their metrics. */
export async function withMetrics(ctx: Ctx, models: LoggedModel[]): Promise<ModelWithMetrics[]> {
  const ids = models.map(({ id }) => id)
  const found = await readModelMetrics(ctx.db, ids, 'all')
  return models.map((model) => ({ model, metrics: found.get(model.id) ?? [] }))
}

async function reread(ctx: Ctx, { id, uuid }: LoggedModel): Promise<ModelWithMetrics> {
  const [model] = await withMetrics(ctx, await readModels(ctx.db, [id]))
  if (!model) throw unknownModel(uuid)
  return model
}

/** Tells who looks at the model's experiment and at the run it came from. */
async function rang(ctx: Ctx, { experimentId, sourceRun }: Pick<LoggedModel, 'experimentId' | 'sourceRun'>): Promise<void> {
  const [run] = sourceRun ? await touchRuns(ctx.db, [sourceRun], ctx.workspace.id) : []
  if (run) ctx.events.ring('run', run.id)
  ctx.events.ring('experiment', run?.experimentId ?? experimentId)
  if (run && run.experimentId !== experimentId) ctx.events.ring('experiment', experimentId)
}

const longestKey = 255

/** Pairs as an object; of a key that comes twice the last counts. */
const pairs = z
  .array(
    z.object({ key: required.max(longestKey, `It exceeds the maximum length of ${longestKey} characters.`), value: anyText.nullish() }),
  )
  .nullish()
  .transform((list) => Object.fromEntries((list ?? []).map(({ key, value }) => [key, value ?? ''])))

const name = limitedText('name', limits.experimentName).transform((value, context) => {
  if (!value || !/[/:.%"']/.test(value)) return value
  context.addIssue({
    code: 'custom',
    params: { plain: true },
    message: `Invalid model name ('${value}') provided. Model name must be a non-empty string and cannot contain the following characters: ('/', ':', '.', '%', '"', "'")`,
  })
  return z.NEVER
})

export const createLoggedModel = operation({
  name: 'logged-model.create',
  input: z.object({
    experimentId: required,
    /** One of the client's own: sent again, it names the same model. @default a new one */
    modelId: text.refine((id) => id === undefined || /^m-[0-9a-f]{32}$/.test(id), "It must be 'm-' and 32 hexadecimal digits"),
    /** @default two words and a number */
    name,
    modelType: limitedText('model_type', limits.experimentName),
    sourceRunId: limitedText('source_run_id', limits.key),
    params: pairs,
    tags: pairs,
  }),
  action: 'edit',
  on: (ctx, { experimentId }) => experimentTarget(ctx, experimentId),
  async run(ctx, { modelId, name, modelType = '', sourceRunId = '', params, tags }, experiment): Promise<ModelWithMetrics> {
    checkActive(experiment)
    const uuid = modelId ?? `m-${randomUUID().replaceAll('-', '')}`
    const model = {
      experimentId: experiment.id,
      uuid,
      name: name || randomName(),
      type: modelType,
      sourceRun: sourceRunId,
      artifactUri: `${experiment.artifactLocation.replace(/\/+$/, '')}/models/${uuid}/artifacts`,
      params,
      tags,
      createdAt: Date.now(),
    }
    const isNew = await insertModel(ctx.db, model)
    const [made] = await findModels(ctx.db, [uuid])
    if (!made) throw invalid(`The experiment ${experiment.id} must be in the 'active' state. Current state is deleted.`)
    if (made.experimentId !== experiment.id || made.deletedAt !== null) {
      const where = made.experimentId !== experiment.id ? 'exists in another experiment' : 'is deleted'
      throw new AppError('RESOURCE_ALREADY_EXISTS', `A model with id=${uuid} ${where}.`, { field: ctx.spell('modelId') })
    }
    if (isNew) await rang(ctx, model)
    return (await withMetrics(ctx, [made]))[0]!
  },
})

export const getLoggedModel = operation({
  name: 'logged-model.get',
  input: z.object({ modelId: required, allowDeleted: z.boolean().default(false) }),
  action: 'read',
  on: (ctx, { modelId, allowDeleted }) => modelTarget(ctx, modelId, allowDeleted),
  run: async (ctx, _, model): Promise<ModelWithMetrics> => (await withMetrics(ctx, [model]))[0]!,
})

export const finalizeLoggedModel = operation({
  name: 'logged-model.finalize',
  input: z.object({ modelId: required, status: z.enum(['PENDING', 'READY', 'UPLOAD_FAILED']) }),
  action: 'edit',
  on: onModel,
  async run(ctx, { status }, model): Promise<ModelWithMetrics> {
    if (!(await setStatus(ctx.db, model.id, status, Date.now()))) throw unknownModel(model.uuid)
    await rang(ctx, model)
    return reread(ctx, model)
  },
})

export const deleteLoggedModel = operation({
  name: 'logged-model.delete',
  input: z.object({ modelId: required }),
  action: 'delete',
  on: onModel,
  async run(ctx, _, model): Promise<ModelWithMetrics> {
    if (!(await deleteModel(ctx.db, model.id, Date.now(), ctx.actor.name))) throw unknownModel(model.uuid)
    await rang(ctx, model)
    return reread(ctx, model)
  },
})

export const setLoggedModelTags = operation({
  name: 'logged-model.set-tags',
  input: z.object({ modelId: required, tags: pairs }),
  action: 'edit',
  on: onModel,
  async run(ctx, { tags }, model): Promise<ModelWithMetrics> {
    if (!(await setModelTags(ctx.db, model.id, tags))) throw unknownModel(model.uuid)
    await rang(ctx, model)
    return reread(ctx, model)
  },
})

export const deleteLoggedModelTag = operation({
  name: 'logged-model.delete-tag',
  input: z.object({ modelId: required, tagKey: required }),
  action: 'edit',
  on: onModel,
  async run(ctx, { tagKey }, model): Promise<ModelWithMetrics> {
    if (!(await deleteModelTag(ctx.db, model.id, tagKey))) {
      throw notFound(`No tag with key '${tagKey}' found for model with ID '${model.uuid}'.`)
    }
    await rang(ctx, model)
    return reread(ctx, model)
  },
})

export const logModelParams = operation({
  name: 'logged-model.log-params',
  input: z.object({ modelId: required, params: pairs }),
  action: 'edit',
  on: onModel,
  async run(ctx, { params }, model): Promise<ModelWithMetrics> {
    await inTransaction(ctx, async (tx) => {
      const kept = await addParams(tx, model.id, params)
      if (!kept) throw unknownModel(model.uuid)
      const changes = Object.entries(params).filter(([key, value]) => kept[key] !== value)
      if (!changes.length) return
      const shown = changes.map(([key, value]) => `{'key': '${key}', 'old_value': '${kept[key]}', 'new_value': '${value}'}`)
      throw invalid(
        `Changing param values is not allowed. Params were already logged='[${shown.join(', ')}]' for model ID='${model.uuid}'. Log the new value under another key, or with another model.`,
        'params',
      )
    })
    await rang(ctx, model)
    return reread(ctx, model)
  },
})

/** Links models to the run that made them, each at a step. What a client names is kept as it is. */
export const logOutputs = operation({
  name: 'run.log-outputs',
  input: z.object({
    runId: required,
    models: z.array(z.object({ modelId: required.max(limits.key), step: int64.nullish().transform((step) => step ?? 0) })).max(1000),
  }),
  action: 'edit',
  on: (ctx, { runId }) => runTarget(ctx, runId),
  run: (ctx, { models }, run): Promise<void> =>
    activeRun(ctx, run, (tx: Tx) =>
      addModelOutputs(
        tx,
        run.id,
        models.map(({ modelId: model, step }) => ({ model, step })),
      ),
    ),
})
