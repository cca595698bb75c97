/** Logged models as MLflow's wire has them. */
import { getModelArtifact, modelArtifacts } from '../artifacts/artifacts.ts'
import { sendFile, wireFile } from '../artifacts/wire-file.ts'
import type { Ctx } from '../context.ts'
import { AppError } from '../errors.ts'
import { call } from '../operation.ts'
import {
  camelItems,
  camelKeys,
  compact,
  decodeSegment,
  type Exchange,
  get,
  nothingAt,
  patch,
  post,
  type Route,
  realToWire,
  remove,
  type Transfer,
  type Wire,
} from '../rest.ts'
import { recordModel } from './history-tag.ts'
import {
  createLoggedModel,
  deleteLoggedModel,
  deleteLoggedModelTag,
  finalizeLoggedModel,
  getLoggedModel,
  logModelParams,
  logOutputs,
  type ModelWithMetrics,
  setLoggedModelTags,
  withMetrics,
} from './logged-models.ts'
import { type ModelPage, searchLoggedModels } from './search.ts'

const list = (values: Record<string, string>) => Object.entries(values).map(([key, value]) => ({ key, value }))

const toWire = ({ model, metrics }: ModelWithMetrics) => ({
  info: compact({
    model_id: model.uuid,
    experiment_id: String(model.experimentId),
    name: model.name,
    creation_timestamp_ms: model.createdAt,
    last_updated_timestamp_ms: model.updatedAt,
    artifact_uri: model.artifactUri,
    status: `LOGGED_MODEL_${model.status}`,
    model_type: model.type,
    source_run_id: model.sourceRun,
    tags: list(model.tags),
  }),
  data: compact({
    params: list(model.params),
    metrics: metrics.map(({ key, value, time, step, run, datasetName, datasetDigest }) =>
      compact({
        key,
        value: realToWire(value),
        timestamp: time,
        step,
        dataset_name: datasetName || undefined,
        dataset_digest: datasetDigest || undefined,
        model_id: model.uuid,
        run_id: run,
      }),
    ),
  }),
})

const whole = { out: (model: ModelWithMetrics) => ({ model: toWire(model) }) }

/** Python's client says a status by its name; a number is as good. */
const statuses = ['PENDING', 'READY', 'UPLOAD_FAILED']
const named = ({ status, ...rest }: Wire): Wire => ({
  ...camelKeys(rest),
  status:
    typeof status === 'string' && !/^\d+$/.test(status) ? status.replace(/^LOGGED_MODEL_/, '') : (statuses[Number(status) - 1] ?? status),
})

const withLists = (input: Wire): Wire => {
  const { models, datasets, orderBy, ...rest } = camelKeys(input)
  return { ...rest, models: camelItems(models), datasets: camelItems(datasets), orderBy: camelItems(orderBy) }
}

const searching = {
  in: (input: Wire) => {
    // No default here: a search of no experiment is a mistake of the caller's.
    if (!Array.isArray(input.experiment_ids)) {
      throw new AppError(
        'INVALID_PARAMETER_VALUE',
        "Missing value for required parameter 'experiment_ids'. See the API docs for more information about request parameters.",
      )
    }
    return withLists(input)
  },
  out: async ({ models, nextPageToken }: ModelPage, ctx: Ctx) =>
    compact({ models: (await withMetrics(ctx, models)).map(toWire), next_page_token: nextPageToken }),
}

const one = 'logged-models/{model_id}'

export const routes: Route[] = [
  post('logged-models', createLoggedModel, whole),
  post('logged-models/search', searchLoggedModels, searching),
  get(one, getLoggedModel, {
    in: ({ model_id, allow_deleted }) => ({ modelId: model_id, allowDeleted: String(allow_deleted).toLowerCase() === 'true' }),
    ...whole,
  }),
  patch(one, finalizeLoggedModel, { in: named, ...whole }),
  remove(one, deleteLoggedModel),
  patch(`${one}/tags`, setLoggedModelTags),
  remove(`${one}/tags/{tag_key...}`, deleteLoggedModelTag),
  post(`${one}/params`, logModelParams),
  get(`${one}/artifacts/directories`, modelArtifacts, {
    in: ({ model_id, artifact_directory_path }) => ({ modelId: model_id, path: artifact_directory_path }),
    out: ({ rootUri, files }) => compact({ root_uri: rootUri, files: files.map(({ path, size }) => wireFile(path, size)) }),
  }),
  post('runs/outputs', logOutputs, { in: withLists }),
  post('runs/log-model', recordModel),
]

const files = '/artifacts/files'

async function download(ctx: Ctx, exchange: Exchange): Promise<void> {
  const { req, rest, query } = exchange
  const modelId = decodeSegment(rest.slice(0, -files.length))
  if (!rest.endsWith(files) || modelId.includes('/')) {
    throw nothingAt(req)
  }
  const path = query.get('artifact_file_path')
  if (!path) throw new AppError('BAD_REQUEST', 'Request must include the "artifact_file_path" query parameter.')
  await sendFile(exchange, await call(ctx, getModelArtifact, { modelId, path }))
}

export const transfers: Transfer[] = ['/api', '/ajax-api'].flatMap((base) =>
  (['GET', 'HEAD'] as const).map((method) => ({ method, prefix: `${base}/2.0/mlflow/logged-models/`, handle: download })),
)
