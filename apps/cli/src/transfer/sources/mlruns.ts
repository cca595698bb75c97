/**
 * An `mlruns` folder: MLflow's file store, of any version. A folder an experiment (those that were deleted in `.trash`), in it a
 * folder a run, and in that a file for every param, tag and metric, named as they are.
 */
import { createReadStream } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { parse, YAMLParseError } from 'yaml'
import { Columns } from '../columns.ts'
import { filesBelow, isFile, isFolder } from '../disk.ts'
import { isRunId, runIdOf } from '../name.ts'
import {
  type DatasetInput,
  type Experiment,
  type Model,
  type ModelPoint,
  type OnFault,
  type Pair,
  type Run,
  type RunModels,
  type Source,
  type Status,
  TransferError,
} from '../record.ts'
import { localFolder, statusOfModel } from './mlflow.ts'

/** Runs of a page: each is a few dozen small files. */
const pageOfRuns = 200

/** Statuses as older versions number them. */
const statuses: Status[] = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED']

type Meta = Record<string, unknown>

const text = (value: unknown): string => (value === null || value === undefined ? '' : String(value))
const time = (value: unknown): number | undefined => (typeof value === 'number' && value > 0 ? value : undefined)
const subfolders = async (folder: string) =>
  (await readdir(folder, { withFileTypes: true }).catch(() => [])).filter((entry) => entry.isDirectory()).map(({ name }) => name)

export async function mlrunsSource(root: string, onFault: OnFault): Promise<Source> {
  if (!(await isFolder(root))) throw new TransferError(`There is no folder ${resolve(root)}.`)
  /** Where experiments and runs are. */
  const folders = new WeakMap<Experiment | Run, string>()
  const artifacts = new WeakMap<Run, string>()
  const modelFolders = new WeakMap<Model, string>()

  /** A `meta.yaml`; undefined where it can't be read, which is told. */
  async function meta(folder: string): Promise<Meta | undefined> {
    const file = join(folder, 'meta.yaml')
    try {
      const value: unknown = parse(await readFile(file, 'utf8'), { logLevel: 'error' })
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Meta
      onFault({ file, at: '', message: 'It is no map of keys to values.' })
    } catch (error) {
      const at = error instanceof YAMLParseError ? `line ${error.linePos?.[0].line ?? 1}` : ''
      onFault({ file, at, message: (error as Error).message.split('\n')[0]! })
    }
    return undefined
  }

  /** What is in files named by their keys. */
  async function pairs(folder: string): Promise<Pair[]> {
    const found: Pair[] = []
    for await (const { path } of filesBelow(folder)) found.push({ key: path, value: await readFile(join(folder, path), 'utf8') })
    return found
  }

  async function inputsOf(experiment: string, run: string): Promise<DatasetInput[]> {
    const found: DatasetInput[] = []
    for (const name of await subfolders(join(run, 'inputs'))) {
      const input = await meta(join(run, 'inputs', name))
      // 1 is a data set, as the enumeration has it.
      if (!input || !['DATASET', 1].includes(input.source_type as never)) continue
      const dataset = await meta(join(experiment, 'datasets', text(input.source_id)))
      if (!dataset) continue
      found.push({
        dataset: {
          name: text(dataset.name),
          digest: text(dataset.digest),
          sourceType: text(dataset.source_type),
          source: text(dataset.source),
          schema: dataset.schema == null ? null : text(dataset.schema),
          profile: dataset.profile == null ? null : text(dataset.profile),
        },
        tags: Object.entries((input.tags ?? {}) as Meta).map(([key, value]) => ({ key, value: text(value) })),
      })
    }
    return found
  }

  /** Models stand beside the data sets that a run used, and in a folder of what it made. */
  async function modelsOf(run: string): Promise<RunModels> {
    const found: RunModels = { inputs: [], outputs: [] }
    for (const name of await subfolders(join(run, 'inputs'))) {
      const input = await meta(join(run, 'inputs', name))
      if (input && ['MODEL', 3].includes(input.source_type as never)) found.inputs.push(text(input.source_id))
    }
    for (const name of await subfolders(join(run, 'outputs'))) {
      const output = await meta(join(run, 'outputs', name))
      if (output) found.outputs.push({ model: text(output.source_id) || name, step: Number(output.step ?? 0) })
    }
    return found
  }

  async function readModel(folder: string): Promise<Model | undefined> {
    const info = await meta(folder)
    if (!info || info.lifecycle_stage === 'deleted') return undefined
    const createdAt = time(info.creation_timestamp) ?? Date.now()
    const metrics: ModelPoint[] = []
    for await (const { path } of filesBelow(join(folder, 'metrics'))) {
      const file = join(folder, 'metrics', path)
      for (const [i, line] of (await readFile(file, 'utf8')).split('\n').entries()) {
        if (line.trim() === '') continue
        const [at, value, step, run, datasetName, datasetDigest] = line.trim().split(' ')
        const parsed = pythonFloat(value)
        if (parsed === undefined || !Number.isSafeInteger(Number(at)) || !Number.isSafeInteger(Number(step)) || !isRunId(run ?? ''))
          onFault({ file, at: `line ${i + 1}`, message: `'${line.slice(0, 100)}' is not a time, a value, a step and a run.` })
        else
          metrics.push({
            run: run!,
            key: path,
            value: parsed,
            time: Number(at),
            step: Number(step),
            datasetName: datasetName ?? null,
            datasetDigest: datasetDigest ?? null,
          })
      }
    }
    const model: Model = {
      id: text(info.model_id),
      name: text(info.name),
      type: text(info.model_type),
      status: statusOfModel(info.status),
      sourceRun: text(info.source_run_id),
      createdAt,
      updatedAt: time(info.last_updated_timestamp) ?? createdAt,
      params: await pairs(join(folder, 'params')),
      tags: await pairs(join(folder, 'tags')),
      metrics,
    }
    modelFolders.set(model, folder)
    return model
  }

  async function readRun(experiment: string, folder: string): Promise<Run | undefined> {
    const info = await meta(folder)
    if (!info) return undefined
    const id = text(info.run_id ?? info.run_uuid)
    const [params, tags, inputs] = await Promise.all([
      pairs(join(folder, 'params')),
      pairs(join(folder, 'tags')),
      inputsOf(experiment, folder),
    ])
    const run: Run = {
      id: isRunId(id) ? id : runIdOf(root, folder),
      name: text(info.run_name || info.name) || (tags.find(({ key }) => key === 'mlflow.runName')?.value ?? ''),
      user: text(info.user_id),
      status: typeof info.status === 'number' ? (statuses[info.status - 1] ?? 'RUNNING') : ((info.status as Status) ?? 'RUNNING'),
      startedAt: time(info.start_time) ?? 0,
      endedAt: time(info.end_time),
      deletedAt: info.lifecycle_stage === 'deleted' ? (time(info.deleted_time) ?? Date.now()) : undefined,
      params,
      tags,
      inputs,
      models: await modelsOf(folder),
    }
    folders.set(run, folder)
    artifacts.set(run, text(info.artifact_uri))
    return run
  }

  return {
    name: resolve(root),

    async *experiments() {
      for (const parent of [root, join(root, '.trash')]) {
        for (const name of (await subfolders(parent)).sort()) {
          // `models` is the registry's.
          if (name === '.trash' || (parent === root && name === 'models')) continue
          const folder = join(parent, name)
          if (!(await isExperiment(folder))) continue
          const found = await meta(folder)
          if (!found) continue
          const updatedAt = time(found.last_update_time)
          const experiment: Experiment = {
            id: Number.isSafeInteger(Number(found.experiment_id)) ? Number(found.experiment_id) : undefined,
            name: text(found.name),
            createdAt: time(found.creation_time),
            updatedAt,
            deletedAt: parent !== root || found.lifecycle_stage === 'deleted' ? (updatedAt ?? Date.now()) : undefined,
            tags: await pairs(join(folder, 'tags')),
          }
          folders.set(experiment, folder)
          yield experiment
        }
      }
    },

    async *runs(experiment) {
      const folder = folders.get(experiment)!
      const names = (await subfolders(folder)).filter((name) => !['tags', 'datasets', 'models', 'traces'].includes(name)).sort()
      for (let i = 0; i < names.length; i += pageOfRuns) {
        const page: Run[] = []
        for (const name of names.slice(i, i + pageOfRuns)) {
          const run = await readRun(folder, join(folder, name))
          if (run) page.push(run)
        }
        yield page
      }
    },

    async *models(experiment) {
      const folder = join(folders.get(experiment)!, 'models')
      const names = (await subfolders(folder)).filter((name) => name.startsWith('m-')).sort()
      for (let i = 0; i < names.length; i += pageOfRuns) {
        const page: Model[] = []
        for (const name of names.slice(i, i + pageOfRuns)) {
          const model = await readModel(join(folder, name))
          if (model) page.push(model)
        }
        yield page
      }
    },

    modelFiles: (model) => filesBelow(join(modelFolders.get(model)!, 'artifacts')),

    async *points(runs) {
      for (const run of runs) {
        const folder = join(folders.get(run)!, 'metrics')
        for await (const { path } of filesBelow(folder)) {
          const points = await readMetric(join(folder, path), (at, message) =>
            onFault({ file: join(folder, path), at, message, runs: [run.id] }),
          )
          yield { run: run.id, key: path, ...points.points() }
        }
      }
    },

    async *files(run) {
      const own = join(folders.get(run)!, 'artifacts')
      const uri = artifacts.get(run)!
      const elsewhere = localFolder(uri)
      // The folder may have been moved since: what is in it counts first.
      if (await isFolder(own)) yield* filesBelow(own)
      else if (elsewhere) yield* filesBelow(elsewhere)
      else if (uri)
        onFault({ file: folders.get(run)!, at: '', message: `Its files are at ${uri}, which is not on this machine: they did not come.` })
    },
  }
}

/** A database's artifacts lie in folders of the same name, without what a file store says of experiments and runs. */
async function isExperiment(folder: string): Promise<boolean> {
  if (await isFile(join(folder, 'meta.yaml'))) return true
  for (const name of await subfolders(folder)) if (await isFile(join(folder, name, 'meta.yaml'))) return true
  return false
}

/** Lines of time, value and step; older ones have no step. */
async function readMetric(file: string, onDamage: (at: string, message: string) => void): Promise<Columns> {
  const points = new Columns()
  let number = 0
  for await (const line of createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })) {
    number++
    if (line.trim() === '') continue
    const [time, value, step = '0', ...more] = line.trim().split(' ')
    const at = Number(time)
    const parsed = pythonFloat(value)
    // A data set's name and digest may follow.
    if (!Number.isSafeInteger(at) || at < 0 || parsed === undefined || !Number.isSafeInteger(Number(step)) || more.length > 2) {
      onDamage(`line ${number}`, `'${line.slice(0, 100)}' is not a time, a value and a step.`)
    } else points.add(Number(step), at, parsed)
  }
  return points
}

/** A number as Python writes it. */
function pythonFloat(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  const [, sign, word] = /^([-+]?)(nan|inf|infinity)$/i.exec(text) ?? []
  if (word) return word.toLowerCase() === 'nan' ? Number.NaN : sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  const value = Number(text)
  return Number.isNaN(value) ? undefined : value
}
