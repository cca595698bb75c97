/** The registry as MLflow's wire has it. Versions' numbers are text there. */
import { sendFile } from '../artifacts/wire-file.ts'
import type { Ctx } from '../context.ts'
import { call } from '../operation.ts'
import { camelKeys, compact, type Exchange, get, nothingAt, patch, post, type Route, remove, type Transfer, type Wire } from '../rest.ts'
import type { ModelVersion } from './model-versions.sql.ts'
import {
  createModelVersion,
  deleteModelAlias,
  deleteModelVersion,
  deleteModelVersionTag,
  getDownloadUri,
  getLatestVersions,
  getModelVersion,
  getVersionByAlias,
  setModelAlias,
  setModelVersionTag,
  transitionStage,
  updateModelVersion,
} from './model-versions.ts'
import type { RegisteredModel } from './registered-models.sql.ts'
import {
  createRegisteredModel,
  deleteRegisteredModel,
  deleteRegisteredModelTag,
  getRegisteredModel,
  renameRegisteredModel,
  setRegisteredModelTag,
  updateRegisteredModel,
  withLatest,
} from './registered-models.ts'
import { type ModelPage, searchModelVersions, searchRegisteredModels, type VersionPage } from './search.ts'
import { getVersionArtifact } from './version-files.ts'
import { modelToWire, versionToWire } from './wire.ts'

const one = { out: async (model: RegisteredModel, ctx: Ctx) => ({ registered_model: modelToWire((await withLatest(ctx, [model]))[0]!) }) }
const oneVersion = { out: (row: ModelVersion) => ({ model_version: versionToWire(row) }) }

/** Of a query string a list of one comes as that one. */
const several = (value: unknown) => (typeof value === 'string' ? [value] : value)

const searching = (input: Wire): Wire => {
  const { orderBy, ...rest } = camelKeys(input)
  return { ...rest, orderBy: several(orderBy) }
}

const found = {
  in: searching,
  out: async ({ models, nextPageToken }: ModelPage, ctx: Ctx) =>
    compact({ registered_models: (await withLatest(ctx, models)).map(modelToWire), next_page_token: nextPageToken }),
}

const foundVersions = {
  in: searching,
  out: ({ versions, nextPageToken }: VersionPage) =>
    compact({ model_versions: versions.map(versionToWire), next_page_token: nextPageToken }),
}

const latest = {
  in: ({ name, stages }: Wire): Wire => ({ name, stages: several(stages) }),
  out: (versions: ModelVersion[]) => compact({ model_versions: versions.map(versionToWire) }),
}

export const routes: Route[] = [
  post('registered-models/create', createRegisteredModel, one),
  get('registered-models/get', getRegisteredModel, one),
  post('registered-models/rename', renameRegisteredModel, one),
  patch('registered-models/update', updateRegisteredModel, one),
  remove('registered-models/delete', deleteRegisteredModel),
  get('registered-models/search', searchRegisteredModels, found),
  // What clients of before 2.0 ask, which MLflow has dropped.
  get('registered-models/list', searchRegisteredModels, found),
  get('registered-models/get-latest-versions', getLatestVersions, latest),
  post('registered-models/get-latest-versions', getLatestVersions, latest),
  post('registered-models/set-tag', setRegisteredModelTag),
  remove('registered-models/delete-tag', deleteRegisteredModelTag),
  post('registered-models/alias', setModelAlias),
  get('registered-models/alias', getVersionByAlias, oneVersion),
  remove('registered-models/alias', deleteModelAlias),
  post('model-versions/create', createModelVersion, oneVersion),
  get('model-versions/get', getModelVersion, oneVersion),
  patch('model-versions/update', updateModelVersion, oneVersion),
  remove('model-versions/delete', deleteModelVersion),
  get('model-versions/search', searchModelVersions, foundVersions),
  get('model-versions/get-download-uri', getDownloadUri, { out: (uri) => ({ artifact_uri: uri }) }),
  post('model-versions/transition-stage', transitionStage, oneVersion),
  post('model-versions/set-tag', setModelVersionTag),
  remove('model-versions/delete-tag', deleteModelVersionTag),
]

async function download(ctx: Ctx, exchange: Exchange): Promise<void> {
  const { req, rest, query } = exchange
  if (rest !== '') throw nothingAt(req)
  const [name, version, path] = ['name', 'version', 'path'].map((field) => query.get(field))
  await sendFile(exchange, await call(ctx, getVersionArtifact, { name, version, path }))
}

export const transfers: Transfer[] = (['GET', 'HEAD'] as const).map((method) => ({
  method,
  prefix: '/model-versions/get-artifact',
  handle: download,
}))
