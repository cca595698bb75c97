/** Logged models as MLflow's wire has them: as much as `log_model` and autologging call. */
import { AppError } from '../errors.ts'
import { call, type Operation } from '../operation.ts'
import { camelKeys, compact, type Method, post, type Route, readJson, sendJson, type Transfer, type Wire } from '../rest.ts'
import type { LoggedModel } from './logged-models.sql.ts'
import { createLoggedModel, finalizeLoggedModel, getLoggedModel, logModelParams, logOutputs, searchLoggedModels } from './logged-models.ts'

const list = (values: Record<string, string>) => Object.entries(values).map(([key, value]) => ({ key, value }))

const toWire = (model: LoggedModel) => ({
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
  data: compact({ params: list(model.params) }),
})

const whole = (model: LoggedModel) => ({ model: toWire(model) })

const outputs = (input: Wire): Wire => {
  const { models, ...rest } = camelKeys(input)
  const output = (raw: unknown) => (typeof raw === 'object' && raw ? camelKeys(raw as Wire) : raw)
  return { ...rest, models: Array.isArray(models) ? models.map(output) : models }
}

export const routes: Route[] = [
  post('logged-models', createLoggedModel, { out: whole }),
  post('logged-models/search', searchLoggedModels, {
    out: ({ models, nextPageToken }) => compact({ models: models.map(toWire), next_page_token: nextPageToken }),
  }),
  post('runs/outputs', logOutputs, { in: outputs }),
]

/** A call with the model's id in its path: `logged-models/<id>`, followed by `below`. */
const onModel = <Input, Row, Result>(
  method: Method,
  below: string,
  op: Operation<Input, Row, Result>,
  shape: { in?: (input: Wire) => Wire; out?: (result: Result) => unknown } = {},
): Transfer[] =>
  ['/api', '/ajax-api'].map((base) => ({
    method,
    prefix: `${base}/2.0/mlflow/logged-models/`,
    async handle(ctx, { req, res, rest }) {
      const [modelId = ''] = rest.split('/')
      if (rest !== modelId + below) throw new AppError('ENDPOINT_NOT_FOUND', `There is nothing at ${method} ${req.url?.slice(0, 200)}.`)
      const input = method === 'GET' ? {} : await readJson(req, 1024 * 1024)
      const result = await call(ctx, op, { ...(shape.in ?? camelKeys)(input), modelId })
      sendJson(res, 200, shape.out ? shape.out(result) : {})
    },
  }))

const named = ({ status, ...rest }: Wire): Wire => ({
  ...rest,
  status: typeof status === 'string' ? status.replace(/^LOGGED_MODEL_/, '') : status,
})

export const transfers: Transfer[] = [
  ...onModel('GET', '', getLoggedModel, { out: whole }),
  ...onModel('PATCH', '', finalizeLoggedModel, { in: named, out: whole }),
  ...onModel('POST', '/params', logModelParams),
]
