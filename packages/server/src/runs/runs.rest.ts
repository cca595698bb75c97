/** Runs as MLflow's wire has them. The only place that knows `run_uuid`. */
import { lifecycleOf, statusOf } from '../fields.ts'
import { camelItem, camelItems, camelKeys, compact, get, post, realToWire, type Wire } from '../rest.ts'
import { logInputs, searchDatasets } from './inputs.ts'
import { deleteTag, logBatch, logMetric, logParam, setTag } from './logging.ts'
import { historyOf, historyOfMany, sampledHistory } from './metrics.ts'
import type { Run } from './run.ts'
import { createRun, deleteRun, getRun, type RunWithValues, restoreRun, type SearchPage, searchRuns, updateRun, valuesOf } from './runs.ts'

/** The oldest clients say run_uuid. */
const withRunId = (input: Wire): Wire => {
  const { runUuid, ...rest } = camelKeys(input)
  return runUuid === undefined ? rest : { runId: runUuid, ...rest }
}

const list = (value: unknown) => (typeof value === 'string' ? [value] : value)

const infoToWire = (run: Run) =>
  compact({
    run_uuid: run.uuid,
    experiment_id: String(run.experimentId),
    run_name: run.name,
    user_id: run.user,
    status: run.status,
    start_time: run.startTime,
    end_time: run.endTime || undefined,
    artifact_uri: run.artifactUri,
    lifecycle_stage: run.deletedAt === null ? 'active' : 'deleted',
    run_id: run.uuid,
  })

const toWire = ({ run, metrics, params, tags, inputs, models }: RunWithValues) => ({
  info: infoToWire(run),
  data: compact({
    metrics: metrics.map(({ key, value, time, step }) => ({ key, value: realToWire(value), timestamp: time, step })),
    params,
    tags,
  }),
  inputs: compact({
    dataset_inputs: inputs.map(({ dataset, tags }) =>
      compact({
        tags,
        dataset: compact({
          name: dataset.name,
          digest: dataset.digest,
          source_type: dataset.sourceType,
          source: dataset.source,
          schema: dataset.schema,
          profile: dataset.profile,
        }),
      }),
    ),
    model_inputs: models.inputs.map((model) => ({ model_id: model })),
  }),
  outputs: compact({ model_outputs: models.outputs.map(({ model, step }) => ({ model_id: model, step })) }),
})

const whole = { out: (run: RunWithValues) => ({ run: toWire(run) }) }
const onRun = { in: withRunId }

interface PointsOnWire {
  keys: string[]
  runs: string[]
  values: number[]
  times: number[]
  steps: number[]
}

const pointsToWire = ({ keys, runs, values, times, steps }: PointsOnWire, withRun: boolean) =>
  values.map((value, i) => {
    const point = { key: keys[i], value: realToWire(value), timestamp: times[i], step: steps[i] }
    return withRun ? { ...point, run_id: runs[i] } : point
  })

const inputsIn = (input: Wire): Wire => {
  const { datasets, models, ...rest } = withRunId(input)
  return {
    ...rest,
    datasets: Array.isArray(datasets) ? datasets.map((each) => ({ ...each, dataset: camelItem(each?.dataset) })) : datasets,
    models: camelItems(models),
  }
}

const search = {
  in: (input: Wire) => {
    const { runViewType, orderBy, experimentIds, ...rest } = camelKeys(input)
    return {
      ...rest,
      lifecycle: lifecycleOf(runViewType, 'run_view_type'),
      orderBy: list(orderBy),
      experimentIds: list(experimentIds) ?? [],
    }
  },
  out: async (page: SearchPage, ctx: Parameters<typeof valuesOf>[0]) =>
    compact({ runs: (await valuesOf(ctx, page.runs)).map(toWire), next_page_token: page.nextPageToken }),
}

const datasetSearch = {
  in: (input: Wire) => ({ experimentIds: list(input.experiment_ids) ?? [] }),
  out: (found: Array<{ experiment: number; name: string; digest: string; context: string | null }>) =>
    compact({
      dataset_summaries: found.map(({ experiment, name, digest, context }) =>
        compact({ experiment_id: String(experiment), name, digest, context }),
      ),
    }),
}

const renamed = (input: Wire): Wire => {
  const { runName: name, userId: user, ...rest } = withRunId(input)
  return { ...rest, name, user }
}

export default [
  post('runs/create', createRun, { in: renamed, ...whole }),
  post('runs/update', updateRun, {
    in: (input) => renamed({ ...input, status: statusOf(input.status) }),
    out: (run) => ({ run_info: infoToWire(run) }),
  }),
  post('runs/delete', deleteRun, onRun),
  post('runs/restore', restoreRun, onRun),
  get('runs/get', getRun, { ...onRun, ...whole }),
  post('runs/search', searchRuns, search),
  post('runs/log-metric', logMetric, onRun),
  post('runs/log-parameter', logParam, onRun),
  post('runs/log-batch', logBatch, onRun),
  post('runs/set-tag', setTag, onRun),
  post('runs/delete-tag', deleteTag, onRun),
  // A data set's profile alone may have 16 MiB.
  post('runs/log-inputs', logInputs, { in: inputsIn, limit: 64 * 1024 * 1024 }),
  post('experiments/search-datasets', searchDatasets, datasetSearch),
  // Misspelt in MLflow, for ever.
  post('/api/2.0mlflow/experiments/search-datasets', searchDatasets, datasetSearch),
  get('metrics/get-history', historyOf, {
    in: withRunId,
    out: (page) => compact({ metrics: pointsToWire(page.points, false), next_page_token: page.nextPageToken }),
  }),
  get('metrics/get-history-bulk', historyOfMany, {
    in: (input) => ({ ...camelKeys(input), runIds: list(input.run_id) }),
    out: (points) => ({ metrics: pointsToWire(points, true) }),
  }),
  get('metrics/get-history-bulk-interval', sampledHistory, {
    in: (input) => ({ ...camelKeys(input), runIds: list(input.run_ids) }),
    out: (points) => compact({ metrics: pointsToWire(points, true) }),
  }),
]
