/**
 * A logged model is what training made. It is known before it has files, because the client begins it, sends the files as
 * artifacts below `<location>/models/<id>/artifacts`, and then says how that went. What is here is what the Python client's
 * `log_model` needs; the rest of MLflow's calls for logged models is not served yet.
 */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { AppError, invalid, notFound } from '../errors.ts'
import { checkActive, experimentTarget, visibleExperiments } from '../experiments/experiments.ts'
import { checkPage, cutText, int64, limits, required, text } from '../fields.ts'
import { operation, type Target } from '../operation.ts'
import { randomName } from '../runs/name.ts'
import { runTarget } from '../runs/runs.ts'
import { comparisons, parseFilter } from '../search/filter.ts'
import { offsetOf, pageToken } from '../search/page-token.ts'
import { addOutputs, addParams, findModel, insertModel, type LoggedModel, listModels, setStatus } from './logged-models.sql.ts'

async function modelTarget(ctx: Ctx, uuid: string): Promise<Target<LoggedModel>> {
  const row = await findModel(ctx.db, uuid)
  if (row?.workspaceId !== ctx.workspace.id) throw notFound(`Logged model with ID '${uuid}' not found.`)
  return { securable: { kind: 'Experiment', id: row.experimentId, workspaceId: row.workspaceId }, row }
}

const onModel = (ctx: Ctx, { modelId }: { modelId: string }) => modelTarget(ctx, modelId)

/** Pairs as an object; of a key that comes twice the last counts. */
const pairs = (longest: number) =>
  z
    .array(z.object({ key: required, value: cutText(longest) }))
    .nullish()
    .transform((list) => Object.fromEntries((list ?? []).map(({ key, value }) => [key, value])))

export const createLoggedModel = operation({
  name: 'logged-model.create',
  input: z.object({
    experimentId: required,
    modelId: text.refine((id) => id === undefined || /^m-[0-9a-f]{32}$/.test(id), "It must be 'm-' and 32 hexadecimal digits"),
    name: text,
    modelType: text,
    sourceRunId: text,
    params: pairs(limits.paramValue),
    tags: pairs(limits.tagValue),
  }),
  action: 'edit',
  on: (ctx, { experimentId }) => experimentTarget(ctx, experimentId),
  async run(ctx, { modelId, name, modelType = '', sourceRunId = '', params, tags }, experiment): Promise<LoggedModel> {
    checkActive(experiment)
    if (name && /[/:.%"']/.test(name)) {
      throw invalid(
        `Invalid model name ('${name}') provided. Model name must be a non-empty string and cannot contain the following characters: ('/', ':', '.', '%', '"', "'")`,
        'name',
      )
    }
    // One of the client's, sent again, is the same model.
    const first = modelId && (await findModel(ctx.db, modelId))
    if (first && first.experimentId !== experiment.id) {
      throw new AppError('RESOURCE_ALREADY_EXISTS', `A model with id=${modelId} exists in another experiment.`, {
        field: ctx.spell('modelId'),
      })
    }
    if (first) return first
    const uuid = modelId ?? `m-${randomUUID().replaceAll('-', '')}`
    const now = Date.now()
    await insertModel(ctx.db, {
      experimentId: experiment.id,
      uuid,
      name: name || randomName(),
      type: modelType,
      status: 'PENDING',
      sourceRun: sourceRunId,
      artifactUri: `${experiment.artifactLocation.replace(/\/+$/, '')}/models/${uuid}/artifacts`,
      params,
      tags,
      createdAt: now,
      updatedAt: now,
    })
    return (await findModel(ctx.db, uuid))!
  },
})

export const getLoggedModel = operation({
  name: 'logged-model.get',
  input: z.object({ modelId: required }),
  action: 'read',
  on: onModel,
  run: (_ctx, _, model) => model,
})

export const finalizeLoggedModel = operation({
  name: 'logged-model.finalize',
  input: z.object({ modelId: required, status: z.enum(['PENDING', 'READY', 'UPLOAD_FAILED']) }),
  action: 'edit',
  on: onModel,
  async run(ctx, { status }, { id, uuid }): Promise<LoggedModel> {
    await setStatus(ctx.db, id, status, Date.now())
    return (await findModel(ctx.db, uuid))!
  },
})

export const logModelParams = operation({
  name: 'logged-model.log-params',
  input: z.object({ modelId: required, params: pairs(limits.paramValue) }),
  action: 'edit',
  on: onModel,
  run: (ctx, { params }, { id }): Promise<void> => addParams(ctx.db, id, params, Date.now()),
})

export const logOutputs = operation({
  name: 'run.log-outputs',
  input: z.object({ runId: required, models: z.array(z.object({ modelId: required, step: int64.default(0) })) }),
  action: 'edit',
  on: (ctx, { runId }) => runTarget(ctx, runId),
  run: (ctx, { models }, run): Promise<void> =>
    addOutputs(
      ctx.db,
      run.id,
      models.map(({ modelId: uuid, step }) => ({ uuid, step })),
    ),
})

/** All models of experiments or those of one name: the client asks so before it reads from `runs:/`. */
export const searchLoggedModels = operation({
  name: 'logged-model.search',
  input: z.object({
    experimentIds: z.array(z.string()),
    filter: text,
    maxResults: int64.nullish().transform((value) => value ?? 50),
    pageToken: text,
  }),
  action: 'read',
  on: (ctx): Target<null> => ({ securable: { kind: 'Workspace', id: ctx.workspace.id }, row: null }),
  async run(ctx, { experimentIds, filter, maxResults, pageToken: token }) {
    checkPage(maxResults)
    const offset = offsetOf(token)
    const [first, ...more] = comparisons(parseFilter(filter, 'experiments'))
    if (first && (more.length || first.column.kind !== 'attribute' || first.column.key !== 'name' || first.comparator !== '=')) {
      throw new AppError('NOT_IMPLEMENTED', `Logged models are found by name = '...' only, not by '${filter}'.`, { field: 'filter' })
    }
    const name = first ? String(first.value) : null
    const found = await listModels(ctx.db, await visibleExperiments(ctx, experimentIds), name, maxResults + 1, offset)
    return { models: found.slice(0, maxResults), nextPageToken: found.length > maxResults ? pageToken(offset + maxResults) : undefined }
  },
})
