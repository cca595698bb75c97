/** What a metric says beside its value: the model it was measured of, and the data set it was measured on. */
import { authorise } from '../access.ts'
import type { Ctx } from '../context.ts'
import { notFound } from '../errors.ts'
import type { MetricColumns } from '../fields.ts'
import { findModels, type LoggedModel } from './logged-models.sql.ts'
import type { ModelPoints } from './model-metrics.sql.ts'

export const unknownModel = (uuid: string) => notFound(`Logged model with ID '${uuid}' not found.`)

/** What permission on a model is asked of. */
export const securableOf = ({ experimentId, workspaceId }: LoggedModel) => ({ kind: 'Experiment', id: experimentId, workspaceId }) as const

/**
 * The points among these metrics that name a model, undefined where none does. A deleted model still takes them: training
 * goes on, and the model may be restored. Throws where a model is unknown or may not be edited.
 */
export async function modelPoints(ctx: Ctx, metrics: MetricColumns): Promise<ModelPoints | undefined> {
  const { links } = metrics
  if (!links) return undefined
  const ids = new Map<string, number>()
  const uuids = [...new Set(links.map(({ model }) => model))]
  for (const [i, model] of (await findModels(ctx.db, uuids)).entries()) {
    if (model?.workspaceId !== ctx.workspace.id) throw unknownModel(uuids[i]!)
    authorise(ctx.ability, 'edit', securableOf(model))
    ids.set(model.uuid, model.id)
  }
  return {
    models: links.map(({ model }) => ids.get(model)!),
    keys: links.map(({ at }) => metrics.keys[at]!),
    datasetNames: links.map(({ datasetName }) => datasetName),
    datasetDigests: links.map(({ datasetDigest }) => datasetDigest),
    times: links.map(({ at }) => metrics.times[at]!),
    steps: links.map(({ at }) => metrics.steps[at]!),
    values: links.map(({ at }) => metrics.values[at]!),
  }
}
