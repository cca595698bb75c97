/** What a run was given: data sets and models. A data set is known in its experiment by name and digest. */
import { z } from 'zod'
import { visibleExperiments } from '../experiments/experiments.ts'
import { anyText, checkCount, limits, required, text } from '../fields.ts'
import { addModelInputs } from '../models/run-models.sql.ts'
import { operation } from '../operation.ts'
import { activeRun, list, max, onWorkspace, runTarget } from './runs.ts'
import { type DatasetInput, datasetSummaries, writeInputs } from './write.sql.ts'

export const dataset = z.object({
  name: required.pipe(max('name', limits.datasetName)),
  digest: required.pipe(max('digest', limits.datasetDigest)),
  sourceType: required,
  source: required.pipe(max('source', limits.datasetSource)),
  schema: text.pipe(max('schema', limits.datasetSchema).optional()).transform((value) => value ?? null),
  profile: text.pipe(max('profile', limits.datasetProfile).optional()).transform((value) => value ?? null),
})
export const inputTag = z.object({
  key: required.pipe(max('key', limits.inputTagKey)),
  value: anyText.pipe(max('value', limits.inputTagValue)),
})

export const logInputs = operation({
  name: 'run.log-inputs',
  quiet: true,
  input: z.object({
    runId: required,
    datasets: list(z.object({ dataset, tags: list(inputTag) })),
    models: list(z.object({ modelId: required.pipe(max('model_id', limits.key)) })),
  }),
  action: 'edit',
  on: (ctx, { runId }) => runTarget(ctx, runId),
  async run(ctx, { datasets, models }, ref): Promise<void> {
    checkCount('datasets', 1000, datasets.length)
    checkCount('models', 1000, models.length)
    const used = models.map(({ modelId }) => modelId)
    // Of two with one name and digest the first counts.
    const inputs = new Map<string, DatasetInput>()
    for (const input of datasets) {
      const id = JSON.stringify([input.dataset.name, input.dataset.digest])
      if (!inputs.has(id)) inputs.set(id, input)
    }
    await activeRun(ctx, ref, async (tx) => {
      if (inputs.size) await writeInputs(tx, ref.id, ref.experimentId, [...inputs.values()])
      if (used.length) await addModelInputs(tx, ref.id, used)
    })
  },
})

/** Data sets that runs of these experiments used, with the context of their use where it was said. */
export const searchDatasets = operation({
  name: 'dataset.search',
  input: z.object({
    experimentIds: z
      .array(z.string(), 'SearchDatasets request must specify at least one experiment_id.')
      .min(1, 'SearchDatasets request must specify at least one experiment_id.')
      .max(20, 'SearchDatasets request cannot specify more than 20 experiment_ids.'),
  }),
  action: 'read',
  on: onWorkspace,
  run: async (ctx, { experimentIds }) => datasetSummaries(ctx.db, await visibleExperiments(ctx, experimentIds)),
})
