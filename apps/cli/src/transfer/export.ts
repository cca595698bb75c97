/**
 * An export: experiments with all that is in them, as Parquet and files. Always true: the manifest is written last, so a folder
 * that has one is whole; and it says what every table must come to.
 */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Client, graphql, type ResultOf } from '@tidegate/client'
import { again } from './destination.ts'
import {
  type Counts,
  digestOf,
  format,
  type Manifest,
  manifestName,
  partPath,
  runsOfPart,
  type Table,
  type TableFile,
  tables,
  version,
} from './formats/folder.ts'
import { type TableWriter, writeTable } from './formats/parquet.ts'
import { TransferError } from './record.ts'
import { statusOfModel } from './sources/mlflow.ts'

const Experiments = graphql(`query ExportExperiments($filter: String, $after: String) {
  experiments(filter: $filter, lifecycle: ALL, orderBy: ["name ASC"], first: 100, after: $after) {
    nodes { id name createdAt updatedAt deletedAt runCount tags { key value } } pageInfo { endCursor }
  }
}`)
const Runs = graphql(`query ExportRuns($experiments: [ID!]!, $first: Int!, $after: String) {
  searchRuns(experiments: $experiments, lifecycle: ALL, first: $first, after: $after) {
    nodes {
      id name user status startedAt endedAt deletedAt params { key value } tags { key value }
      datasets { dataset { name digest sourceType source schema profile } tags { key value } }
      inputs { modelId } outputs { modelId step }
    }
    pageInfo { endCursor }
  }
}`)
const Points = graphql(`query ExportPoints($runs: [RunCursor!]!) {
  pointsAfter(runs: $runs) { more cursors { run cursor } points { run key steps times values } }
}`)

/** A logged model as MLflow's own API has it, which is where all its values are. */
interface WireModel {
  info: {
    model_id: string
    name: string
    model_type?: string
    status: string
    source_run_id?: string
    creation_timestamp_ms: number
    last_updated_timestamp_ms: number
    tags?: Array<{ key: string; value: string }>
  }
  data: {
    params?: Array<{ key: string; value: string }>
    metrics?: Array<{
      key: string
      value: number | string
      timestamp: number
      step: number
      run_id: string
      dataset_name?: string
      dataset_digest?: string
    }>
  }
}

type ExperimentNode = ResultOf<typeof Experiments>['experiments']['nodes'][number]
type RunNode = ResultOf<typeof Runs>['searchRuns']['nodes'][number]

/** Files that are fetched at a time. */
const lanes = 4

export interface ExportReport extends Counts {
  to: string
  dryRun: boolean
  experiments: number
}

export interface ExportOptions {
  dryRun?: boolean
  onProgress?: (progress: { runs: number; found: number; points: number; files: number; bytes: number }) => void
  signal?: AbortSignal
}

/** Exports one experiment, by name, or all. Throws where the folder holds something already. */
export async function exportTo(
  client: Client,
  folder: string,
  name: string | undefined,
  { dryRun = false, onProgress, signal }: ExportOptions = {},
): Promise<ExportReport> {
  const experiments = await find(client, name)
  const counts: Counts = { experiments: experiments.length, runs: 0, points: 0, models: 0, files: 0, bytes: 0 }
  const found = experiments.reduce((sum, { runCount }) => sum + runCount, 0)
  if (dryRun) return { ...counts, runs: found, to: folder, dryRun }
  await prepare(folder)

  const written: TableFile[] = []
  const close = async (path: string, table: TableWriter) => {
    await table.end()
    const full = join(folder, path)
    written.push({ path, rows: table.rows, bytes: (await stat(full)).size, sha256: await digestOf(full) })
  }
  const moved = () => onProgress?.({ ...counts, found: Math.max(found, counts.runs) })

  const list = writeTable(join(folder, 'experiments.parquet'), tables.experiments)
  for (const { id, name, createdAt, updatedAt, deletedAt, tags } of experiments) {
    await list.add({
      id: Number(id),
      name,
      created_at: createdAt,
      updated_at: updatedAt,
      deleted_at: deletedAt,
      tags: JSON.stringify(tags),
    })
  }
  await close('experiments.parquet', list)

  let part = 0
  let modelPart = 0
  for (const experiment of experiments) {
    for await (const runs of runsOf(client, experiment)) {
      signal?.throwIfAborted()
      await writePart(part++, experiment, runs)
      counts.runs += runs.length
      moved()
    }
    for await (const ids of modelsOf(client, experiment)) {
      signal?.throwIfAborted()
      await writeModels(modelPart++, experiment, ids)
    }
  }
  const manifest: Manifest = { format, version, from: client.url, at: Date.now(), counts, tables: written }
  await writeFile(join(folder, `${manifestName}.part`), `${JSON.stringify(manifest, null, 2)}\n`)
  await rename(join(folder, `${manifestName}.part`), join(folder, manifestName))
  return { ...counts, to: folder, dryRun }

  async function writePart(number: number, experiment: ExperimentNode, runs: readonly RunNode[]): Promise<void> {
    const open = new Map<Table, TableWriter>()
    const into = (table: Table): TableWriter => {
      let writer = open.get(table)
      if (!writer) open.set(table, (writer = writeTable(join(folder, partPath(table, number)), tables[table])))
      return writer
    }
    for (const { id, name, user, status, startedAt, endedAt, deletedAt, params, tags, datasets, inputs, outputs } of runs) {
      const run = id
      await into('runs').add({
        id,
        experiment: experiment.name,
        name,
        user,
        status,
        started_at: startedAt,
        ended_at: endedAt,
        deleted_at: deletedAt,
      })
      for (const param of params) await into('params').add({ run, ...param })
      for (const tag of tags) await into('tags').add({ run, ...tag })
      for (const { dataset, tags } of datasets) {
        const { sourceType, ...rest } = dataset
        await into('inputs').add({ run, ...rest, source_type: sourceType, tags: JSON.stringify(tags) })
      }
      for (const { modelId } of inputs) await into('run_models').add({ run, model: modelId, output: 0, step: 0 })
      for (const { modelId, step } of outputs) await into('run_models').add({ run, model: modelId, output: 1, step: step ?? 0 })
    }
    for await (const { run, key, steps, times, values } of pointsOf(client, runs)) {
      for (let i = 0; i < steps.length; i++) {
        await into('points').add({ run, key, step: steps[i]!, time: times[i]!, value: Number(values[i]) })
      }
      counts.points += steps.length
      moved()
    }
    for (const { id } of runs) await copyFiles(id, into)
    for (const [table, writer] of open) await close(partPath(table, number), writer)
  }

  async function writeModels(number: number, experiment: ExperimentNode, ids: readonly string[]): Promise<void> {
    const open = new Map<Table, TableWriter>()
    const into = (table: Table): TableWriter => {
      let writer = open.get(table)
      if (!writer) open.set(table, (writer = writeTable(join(folder, partPath(table, number)), tables[table])))
      return writer
    }
    for (const model of ids) {
      const found = await again(() => wire<{ model: WireModel }>(client, `logged-models/${model}`))
      const { info, data } = found.model
      await into('models').add({
        id: model,
        experiment: experiment.name,
        name: info.name,
        type: info.model_type ?? '',
        status: statusOfModel(info.status),
        source_run: info.source_run_id ?? '',
        created_at: Number(info.creation_timestamp_ms),
        updated_at: Number(info.last_updated_timestamp_ms),
        params: JSON.stringify(data.params ?? []),
        tags: JSON.stringify(info.tags ?? []),
      })
      for (const { key, value, timestamp, step, run_id, dataset_name, dataset_digest } of data.metrics ?? []) {
        const measured = { model, run: run_id, key, step: Number(step ?? 0), time: Number(timestamp), value: Number(value) }
        await into('model_points').add({ ...measured, dataset_name: dataset_name ?? null, dataset_digest: dataset_digest ?? null })
      }
      for await (const path of filesOfModel(client, model, '')) {
        const url = `${client.url}/api/2.0/mlflow/logged-models/${model}/artifacts/files?${new URLSearchParams({ artifact_file_path: path })}`
        const file = await fetchFile(url, path, join(folder, 'artifacts', 'models', model), `model ${model}`)
        await into('model_files').add({ model, ...file })
        counts.files++
        counts.bytes += file.bytes
      }
      counts.models++
      moved()
    }
    for (const [table, writer] of open) await close(partPath(table, number), writer)
  }

  async function copyFiles(run: string, into: (table: Table) => TableWriter): Promise<void> {
    const files: string[] = []
    for await (const { path } of client.files(run)) files.push(path)
    for (let i = 0; i < files.length; i += lanes) {
      signal?.throwIfAborted()
      for (const file of await Promise.all(
        files
          .slice(i, i + lanes)
          .map((path) =>
            fetchFile(
              `${client.url}/get-artifact?${new URLSearchParams({ run_id: run, path })}`,
              path,
              join(folder, 'artifacts', run),
              `run ${run}`,
            ),
          ),
      )) {
        await into('files').add({ run, ...file })
        counts.files++
        counts.bytes += file.bytes
      }
      moved()
    }
  }
}

async function find(client: Client, name: string | undefined): Promise<ExperimentNode[]> {
  const found: ExperimentNode[] = []
  let after: string | null = null
  do {
    const page: ResultOf<typeof Experiments> = await again(() => client.query(Experiments, { after }))
    found.push(...page.experiments.nodes)
    after = page.experiments.pageInfo.endCursor
  } while (after)
  if (name === undefined) return found
  const one = found.filter((experiment) => experiment.name === name || experiment.id === name)
  if (!one.length)
    throw new TransferError(`There is no experiment '${name}' on ${client.url}. \`tidegate experiments list --all\` has their names.`)
  return one
}

/** Makes the folder; what an export that was stopped has left in it goes. */
async function prepare(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const there = await readdir(folder)
  if (there.includes(manifestName)) throw new TransferError(`${folder} holds an export already. Name another folder.`)
  const ours = new Set([...Object.keys(tables), 'experiments.parquet', 'artifacts', `${manifestName}.part`])
  const other = there.find((name) => !ours.has(name))
  if (other) throw new TransferError(`${folder} is not empty: there is '${other}'. Name a new folder.`)
  for (const name of there) await rm(join(folder, name), { recursive: true })
  for (const table of [...Object.keys(tables), 'artifacts']) if (table !== 'experiments') await mkdir(join(folder, table))
}

async function* runsOf(client: Client, { id }: ExperimentNode): AsyncGenerator<readonly RunNode[]> {
  let after: string | null = null
  do {
    const page: ResultOf<typeof Runs> = await again(() => client.query(Runs, { experiments: [id], first: runsOfPart, after }))
    if (page.searchRuns.nodes.length) yield page.searchRuns.nodes
    after = page.searchRuns.pageInfo.endCursor
  } while (after)
}

async function* pointsOf(client: Client, runs: readonly RunNode[]) {
  let cursors: Array<{ run: string; after: string | null }> = runs.map(({ id }) => ({ run: id, after: null }))
  for (let more = true; more; ) {
    const { pointsAfter } = await again(() => client.query(Points, { runs: cursors }))
    yield* pointsAfter.points
    cursors = pointsAfter.cursors.map(({ run, cursor }) => ({ run, after: cursor }))
    more = pointsAfter.more
  }
}

/** A call of MLflow's, in JSON. */
async function wire<Answer>({ url }: Client, path: string, body?: object): Promise<Answer> {
  const init = body && { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
  const response = await fetch(`${url}/api/2.0/mlflow/${path}`, init)
  if (!response.ok) throw new TransferError(`${path} could not be read: ${(await response.text()).slice(0, 200)}`)
  return (await response.json()) as Answer
}

/** Ids of the active models of an experiment, some at a time. */
async function* modelsOf(client: Client, { id }: ExperimentNode): AsyncGenerator<string[]> {
  type Page = { models?: WireModel[]; next_page_token?: string }
  let token: string | undefined
  do {
    const body = {
      experiment_ids: [id],
      max_results: runsOfPart,
      order_by: [{ field_name: 'creation_timestamp', ascending: true }],
      ...(token && { page_token: token }),
    }
    const page: Page = await again(() => wire<Page>(client, 'logged-models/search', body))
    if (page.models?.length) yield page.models.map(({ info }) => info.model_id)
    token = page.next_page_token
  } while (token)
}

async function* filesOfModel(client: Client, model: string, folder: string): AsyncGenerator<string> {
  type Listing = { files?: Array<{ path: string; is_dir?: boolean }> }
  const { files = [] } = await again(() =>
    wire<Listing>(client, `logged-models/${model}/artifacts/directories?${new URLSearchParams({ artifact_directory_path: folder })}`),
  )
  for (const { path, is_dir } of files) {
    if (is_dir) yield* filesOfModel(client, model, path)
    else yield path
  }
}

async function fetchFile(url: string, path: string, folder: string, of: string) {
  const to = join(folder, ...path.split('/'))
  await mkdir(dirname(to), { recursive: true })
  return again(async () => {
    const response = await fetch(url)
    if (!response.ok) throw new TransferError(`${path} of ${of} could not be read: ${(await response.text()).slice(0, 200)}`)
    const sum = createHash('sha256')
    let bytes = 0
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, next) {
        sum.update(chunk)
        bytes += chunk.length
        next(null, chunk)
      },
    })
    await pipeline(Readable.fromWeb(response.body as never), counted, createWriteStream(to))
    return { path, bytes, sha256: sum.digest('hex') }
  })
}
