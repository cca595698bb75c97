/**
 * An MLflow server, over its REST: runs by the thousand, histories for a hundred runs at once where the server can (MLflow 2.3 and
 * later), else one by one. Files come through the server, or from this machine's disk where that is where they are.
 */
import { fileURLToPath } from 'node:url'
import { Columns } from '../columns.ts'
import { filesBelow, isFolder } from '../disk.ts'
import { isRunId, runIdOf } from '../name.ts'
import type { DatasetInput, Experiment, FileEntry, Model, OnFault, Pair, Run, RunModels, Series, Source, Status } from '../record.ts'
import { MlflowError, type MlflowServer, mlflowServer } from './mlflow-http.ts'

const api = '/api/2.0/mlflow'
const pageOfRuns = 1000
/** MLflow's limits of a bulk request. */
const bulkRuns = 100
const bulkPoints = 25_000
const pageOfModels = 50
/** Runs that are asked for one by one, at a time. */
const runsAsked = 8

interface WireRun {
  info: {
    run_id: string
    run_name?: string
    user_id?: string
    status: Status
    start_time?: number | string
    end_time?: number | string
    lifecycle_stage: string
    artifact_uri?: string
  }
  data?: { metrics?: Array<{ key: string }>; params?: Pair[]; tags?: Pair[] }
  inputs?: { dataset_inputs?: Array<{ dataset: Record<string, string>; tags?: Pair[] }>; model_inputs?: Array<{ model_id: string }> }
  outputs?: { model_outputs?: Array<{ model_id: string; step?: number | string }> }
}

interface WireModel {
  info: {
    model_id: string
    name?: string
    model_type?: string
    status?: string | number
    source_run_id?: string
    creation_timestamp_ms?: number | string
    last_updated_timestamp_ms?: number | string
    artifact_uri?: string
    tags?: Pair[]
  }
  data?: { params?: Pair[]; metrics?: Array<WireMetric & { dataset_name?: string; dataset_digest?: string }> }
}

interface WireMetric {
  key: string
  value: number | string
  timestamp: number | string
  step?: number | string
  run_id?: string
}

interface Histories {
  metrics?: WireMetric[]
  next_page_token?: string
}

/** What the server knows of a run besides. */
interface Known {
  /** Its id there. */
  id: string
  keys: string[]
  artifacts: string
}

const time = (value: number | string | undefined) => (value === undefined || Number(value) === 0 ? undefined : Number(value))
const pair = ({ key, value }: Pair): Pair => ({ key, value: value ?? '' })

export function mlflowSource(address: string, onFault: OnFault, options: { token?: string | undefined } = {}): Source {
  const server = mlflowServer(address, options)
  const known = new WeakMap<Run, Known>()
  const ids = new WeakMap<Experiment, string>()
  const modelRoots = new WeakMap<Model, string>()
  let bulk = true

  async function* pages<T>(path: string, body: object, list: string): AsyncGenerator<T[]> {
    let token: string | undefined
    do {
      const answer = await server.post<Record<string, unknown>>(`${api}/${path}`, { ...body, ...(token && { page_token: token }) })
      if (Array.isArray(answer[list])) yield answer[list] as T[]
      token = answer.next_page_token as string | undefined
    } while (token)
  }

  const historyOf = async (run: Known, key: string): Promise<Columns> => {
    const points = new Columns()
    let token = ''
    do {
      const query: Array<[string, string]> = [
        ['run_id', run.id],
        ['run_uuid', run.id],
        ['metric_key', key],
        ['max_results', String(bulkPoints)],
      ]
      const answer = await server.get<Histories>(`${api}/metrics/get-history`, token ? [...query, ['page_token', token]] : query)
      for (const metric of answer.metrics ?? []) points.add(Number(metric.step ?? 0), Number(metric.timestamp), Number(metric.value))
      token = answer.next_page_token ?? ''
    } while (token)
    return points
  }

  /** Histories of one metric of at most a hundred runs; undefined where the server has no such call. */
  const bulkOf = async (runs: Known[], key: string): Promise<Map<string, Columns> | undefined> => {
    const query = runs.map(({ id }): [string, string] => ['run_id', id])
    let answer: Histories
    try {
      answer = await server.get('/ajax-api/2.0/mlflow/metrics/get-history-bulk', [
        ...query,
        ['metric_key', key],
        ['max_results', String(bulkPoints)],
      ])
    } catch (error) {
      if (error instanceof MlflowError && (error.status === 404 || error.status === 405)) return undefined
      throw error
    }
    const metrics = answer.metrics ?? []
    const found = new Map<string, Columns>(runs.map(({ id }) => [id, new Columns()]))
    for (const metric of metrics) found.get(metric.run_id!)?.add(Number(metric.step ?? 0), Number(metric.timestamp), Number(metric.value))
    // It was cut: whose points are whole can't be told, so the runs are asked for in halves.
    if (metrics.length >= bulkPoints) {
      if (runs.length === 1) return new Map([[runs[0]!.id, await historyOf(runs[0]!, key)]])
      const half = runs.length >> 1
      const parts = [await bulkOf(runs.slice(0, half), key), await bulkOf(runs.slice(half), key)]
      return new Map(parts.flatMap((part) => [...part!]))
    }
    return found
  }

  let anyModels: Promise<boolean> | undefined

  /** Whether any experiment has logged models: a run may use those of another. Servers before MLflow 3 have none. */
  async function hasModels(): Promise<boolean> {
    const all: string[] = []
    for await (const page of pages<{ experiment_id: string }>('experiments/search', { max_results: 1000, view_type: 'ALL' }, 'experiments'))
      all.push(...page.map(({ experiment_id }) => experiment_id))
    try {
      const found = await server.post<{ models?: unknown[] }>(`${api}/logged-models/search`, { experiment_ids: all, max_results: 1 })
      return (found.models?.length ?? 0) > 0
    } catch (error) {
      if (error instanceof MlflowError && [404, 405].includes(error.status)) return false
      throw error
    }
  }

  /** What runs used and made: only a run that is asked for by itself says it whole. */
  async function addModels(runs: readonly Run[]): Promise<void> {
    for (let i = 0; i < runs.length; i += runsAsked) {
      const some = runs.slice(i, i + runsAsked)
      await Promise.all(
        some.map(async (run) => {
          const { id } = known.get(run)!
          const answer = await server.get<{ run: WireRun }>(`${api}/runs/get`, [['run_id', id]])
          run.models = modelsOf(answer.run)
        }),
      )
    }
  }

  return {
    name: server.url,

    async *experiments() {
      type Wire = {
        experiment_id: string
        name: string
        lifecycle_stage: string
        creation_time?: string
        last_update_time?: string
        tags?: Pair[]
      }
      for await (const page of pages<Wire>('experiments/search', { max_results: 1000, view_type: 'ALL' }, 'experiments')) {
        for (const found of page) {
          const updatedAt = time(found.last_update_time)
          const experiment: Experiment = {
            // Number 0 is the Default of every server.
            id: Number.isSafeInteger(Number(found.experiment_id)) ? Number(found.experiment_id) : undefined,
            name: found.name,
            createdAt: time(found.creation_time),
            updatedAt,
            // When it was, it does not say.
            deletedAt: found.lifecycle_stage === 'deleted' ? (updatedAt ?? Date.now()) : undefined,
            tags: (found.tags ?? []).map(pair),
          }
          ids.set(experiment, found.experiment_id)
          yield experiment
        }
      }
    },

    async *runs(experiment) {
      const body = { experiment_ids: [ids.get(experiment)!], run_view_type: 'ALL', max_results: pageOfRuns }
      for await (const page of pages<WireRun>('runs/search', body, 'runs')) {
        const runs = page.map((found) => {
          const run = runOf(found, server.url)
          known.set(run, {
            id: found.info.run_id,
            keys: (found.data?.metrics ?? []).map(({ key }) => key),
            artifacts: found.info.artifact_uri ?? '',
          })
          return run
        })
        anyModels ??= hasModels()
        if (await anyModels) await addModels(runs)
        yield runs
      }
    },

    async *points(runs) {
      const byKey = new Map<string, Run[]>()
      for (const run of runs) {
        for (const key of known.get(run)!.keys) {
          const list = byKey.get(key)
          if (list) list.push(run)
          else byKey.set(key, [run])
        }
      }
      for (const [key, all] of byKey) {
        for (let i = 0; i < all.length; i += bulkRuns) yield* pointsOf(key, all.slice(i, i + bulkRuns))
      }
    },

    async *files(run) {
      const { id, artifacts } = known.get(run)!
      const folder = localFolder(artifacts)
      if (folder && (await isFolder(folder))) return yield* filesBelow(folder)
      try {
        yield* served(server, id, '')
      } catch (error) {
        if (!(error instanceof MlflowError)) throw error
        onFault({ file: artifacts, at: '', message: error.message, runs: [run.id] })
      }
    },

    async *models(experiment) {
      try {
        for await (const page of pages<WireModel>(
          'logged-models/search',
          { experiment_ids: [ids.get(experiment)!], max_results: pageOfModels },
          'models',
        )) {
          yield page.map((found) => {
            const model = modelOf(found, server.url)
            modelRoots.set(model, found.info.artifact_uri ?? '')
            return model
          })
        }
      } catch (error) {
        // Servers before MLflow 3 have none.
        if (!(error instanceof MlflowError) || ![404, 405].includes(error.status)) throw error
      }
    },

    async *modelFiles(model) {
      const uri = modelRoots.get(model)!
      const folder = localFolder(uri)
      if (folder && (await isFolder(folder))) return yield* filesBelow(folder)
      try {
        yield* servedModel(server, model.id, '')
      } catch (error) {
        if (!(error instanceof MlflowError)) throw error
        onFault({ file: uri, at: `model ${model.id}`, message: error.message })
      }
    },
  }

  async function* pointsOf(key: string, runs: Run[]): AsyncGenerator<Series> {
    const found = bulk
      ? await bulkOf(
          runs.map((run) => known.get(run)!),
          key,
        )
      : undefined
    if (!found) bulk = false
    for (const run of runs) {
      const there = known.get(run)!
      const points = found?.get(there.id) ?? (await historyOf(there, key))
      yield { run: run.id, key, ...points.points() }
    }
  }
}

/** A model's status by its name on the wire or in Python, or by its number in the database. */
export const statusOfModel = (status: unknown): Model['status'] =>
  /READY$|^2$/.test(String(status)) ? 'READY' : /FAILED$|^3$/.test(String(status)) ? 'FAILED' : 'PENDING'

function modelOf({ info, data }: WireModel, from: string): Model {
  const createdAt = time(info.creation_timestamp_ms) ?? Date.now()
  const idOf = (run: string) => (isRunId(run) ? run : runIdOf(from, run))
  return {
    id: info.model_id,
    name: info.name ?? '',
    type: info.model_type ?? '',
    status: statusOfModel(info.status),
    sourceRun: info.source_run_id ? idOf(info.source_run_id) : '',
    createdAt,
    updatedAt: time(info.last_updated_timestamp_ms) ?? createdAt,
    params: (data?.params ?? []).map(pair),
    tags: (info.tags ?? []).map(pair),
    metrics: (data?.metrics ?? []).flatMap(({ key, value, timestamp, step, run_id, dataset_name, dataset_digest }) =>
      run_id
        ? {
            run: idOf(run_id),
            key,
            value: Number(value),
            time: Number(timestamp),
            step: Number(step ?? 0),
            datasetName: dataset_name ?? null,
            datasetDigest: dataset_digest ?? null,
          }
        : [],
    ),
  }
}

const modelsOf = ({ inputs, outputs }: WireRun): RunModels => ({
  inputs: (inputs?.model_inputs ?? []).map(({ model_id }) => model_id),
  outputs: (outputs?.model_outputs ?? []).map(({ model_id, step }) => ({ model: model_id, step: Number(step ?? 0) })),
})

function runOf({ info, data, inputs }: WireRun, from: string): Run {
  const endedAt = time(info.end_time)
  return {
    id: isRunId(info.run_id) ? info.run_id : runIdOf(from, info.run_id),
    name: info.run_name ?? '',
    user: info.user_id ?? '',
    status: info.status,
    startedAt: time(info.start_time) ?? 0,
    endedAt,
    deletedAt: info.lifecycle_stage === 'deleted' ? Date.now() : undefined,
    params: (data?.params ?? []).map(pair),
    tags: (data?.tags ?? []).map(pair),
    inputs: (inputs?.dataset_inputs ?? []).map(
      ({ dataset, tags }): DatasetInput => ({
        dataset: {
          name: dataset.name!,
          digest: dataset.digest!,
          sourceType: dataset.source_type!,
          source: dataset.source!,
          schema: dataset.schema ?? null,
          profile: dataset.profile ?? null,
        },
        tags: (tags ?? []).map(pair),
      }),
    ),
  }
}

/** The folder that an artifact URI names, if it may be one of this machine's. */
export function localFolder(uri: string): string | undefined {
  if (uri.startsWith('/')) return uri
  try {
    return uri.startsWith('file:') ? fileURLToPath(uri) : undefined
  } catch {
    return undefined
  }
}

/** A run's files, as the server lists them and gives them out. */
async function* served(server: MlflowServer, run: string, folder: string): AsyncGenerator<FileEntry> {
  type Wire = { path: string; is_dir?: boolean; file_size?: number | string }
  const query: Array<[string, string]> = [['run_id', run], ...(folder ? [['path', folder] as [string, string]] : [])]
  const answer = await server.get<{ files?: Wire[] }>(`${api}/artifacts/list`, query)
  for (const file of answer.files ?? []) {
    if (file.is_dir) yield* served(server, run, file.path)
    else {
      yield {
        path: file.path,
        bytes: Number(file.file_size ?? 0),
        open: () => server.open(`/get-artifact?${new URLSearchParams({ run_id: run, run_uuid: run, path: file.path })}`),
      }
    }
  }
}

/** A model's files, likewise. */
async function* servedModel(server: MlflowServer, model: string, folder: string): AsyncGenerator<FileEntry> {
  type Wire = { path: string; is_dir?: boolean; file_size?: number | string }
  const answer = await server.get<{ files?: Wire[] }>(
    `${api}/logged-models/${model}/artifacts/directories`,
    folder ? [['artifact_directory_path', folder]] : [],
  )
  for (const file of answer.files ?? []) {
    if (file.is_dir) yield* servedModel(server, model, file.path)
    else {
      yield {
        path: file.path,
        bytes: Number(file.file_size ?? 0),
        open: () =>
          server.open(
            `/ajax-api/2.0/mlflow/logged-models/${model}/artifacts/files?${new URLSearchParams({ artifact_file_path: file.path })}`,
          ),
      }
    }
  }
}
