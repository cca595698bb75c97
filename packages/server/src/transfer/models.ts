/**
 * Bringing in logged models as they were elsewhere, under the ids they had; what runs used and made of them; and their metrics.
 *
 * Always true: everything may be sent again, and nothing doubles. What a model here holds is not changed: a param, tag or point that it
 * has not is added, and one that was begun gets the status it came to.
 */
import { z } from 'zod'
import { inTransaction } from '../context.ts'
import { invalid } from '../errors.ts'
import { experimentTarget } from '../experiments/experiments.ts'
import { anyText, cutText, int64, limits, required } from '../fields.ts'
import { writeModelPoints } from '../models/model-metrics.sql.ts'
import { addModelInputs, addModelOutputs } from '../models/run-models.sql.ts'
import { operation } from '../operation.ts'
import { list } from '../runs/runs.ts'
import { type ModelRow, runsByUuid, writeModels } from './models.sql.ts'

const mostModels = 200
const mostPoints = 20_000

const runId = z.string().regex(/^[0-9a-f]{32}$/, 'It is 32 hexadecimal digits, in small letters.')
const pairs = list(z.object({ key: anyText.min(1).max(255), value: anyText })).transform((all) =>
  Object.fromEntries(all.map(({ key, value }) => [key, value])),
)
const point = z.object({
  run: runId,
  key: required.max(limits.key),
  // MLflow keeps the infinities as the largest doubles.
  value: z
    .custom<number>((value) => typeof value === 'number')
    .transform((value) => Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value))),
  time: int64,
  step: int64,
  datasetName: anyText.max(limits.key).nullish(),
  datasetDigest: anyText.max(limits.key).nullish(),
})
const model = z.object({
  id: z.string().regex(/^m-[0-9a-f]{32}$/, "It is 'm-' and 32 hexadecimal digits."),
  name: cutText(limits.experimentName),
  type: cutText(limits.experimentName),
  status: z.enum(['PENDING', 'READY', 'FAILED']),
  sourceRun: cutText(limits.key),
  createdAt: int64,
  updatedAt: int64,
  params: pairs,
  tags: pairs,
  metrics: list(point),
})
const link = z.object({ run: runId, model: required.max(limits.key), output: z.boolean(), step: int64.default(0) })

export interface ImportedModels {
  /** Ids that models of other experiments have: those stay as they are. */
  held: string[]
  /** Points of models whose run is not here. */
  lost: number
}

export const importModels = operation({
  name: 'import.models',
  input: z.object({ experimentId: required, models: list(model), links: list(link) }),
  action: 'edit',
  on: (ctx, { experimentId }) => experimentTarget(ctx, experimentId),
  async run(ctx, { models, links }, experiment): Promise<ImportedModels> {
    if (models.length > mostModels) throw invalid(`One request can bring ${mostModels} models, and this has ${models.length}.`, 'models')
    const points = models.flatMap(({ id, metrics }) => metrics.map((metric) => ({ ...metric, model: id })))
    if (points.length > mostPoints)
      throw invalid(`One request can bring ${mostPoints} points of models, and this has ${points.length}. Send them in several.`, 'metrics')
    const location = experiment.artifactLocation.replace(/\/+$/, '')
    const rows = models.map(
      ({ metrics: _, id, ...model }): ModelRow => ({ ...model, uuid: id, artifactUri: `${location}/models/${id}/artifacts` }),
    )
    return inTransaction(ctx, async (tx) => {
      const ids = await writeModels(tx, experiment.id, rows)
      if (!ids) throw invalid(`The experiment ${experiment.id} must be in the 'active' state. Current state is deleted.`, 'experimentId')
      const runs = await runsByUuid(tx, ctx.workspace.id, [...points.map(({ run }) => run), ...links.map(({ run }) => run)])
      let lost = 0
      for (const [uuid, mine] of Map.groupBy(points, ({ run }) => run)) {
        const run = runs.get(uuid)
        const known = run && (await ctx.points.lock(run.id, tx)) ? mine.filter(({ model }) => ids.has(model)) : []
        lost += mine.length - known.length
        if (known.length === 0) continue
        await writeModelPoints(tx, run!.id, {
          models: known.map(({ model }) => ids.get(model)!),
          keys: known.map(({ key }) => key),
          datasetNames: known.map(({ datasetName }) => datasetName ?? ''),
          datasetDigests: known.map(({ datasetDigest }) => datasetDigest ?? ''),
          times: known.map(({ time }) => time),
          steps: known.map(({ step }) => step),
          values: known.map(({ value }) => value),
        })
      }
      for (const [uuid, mine] of Map.groupBy(links, ({ run }) => run)) {
        const run = runs.get(uuid)
        // Of this experiment only: whoever may edit it need not be one who may edit others.
        if (run?.experimentId !== experiment.id) continue
        const inputs = mine.filter(({ output }) => !output).map(({ model }) => model)
        if (inputs.length) await addModelInputs(tx, run.id, inputs)
        const outputs = mine.filter(({ output }) => output)
        if (outputs.length) await addModelOutputs(tx, run.id, outputs)
      }
      tx.ring('experiment', experiment.id)
      return { held: models.flatMap(({ id }) => (ids.has(id) ? [] : [id])), lost }
    })
  },
})
