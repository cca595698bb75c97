/** An export of ours as a source. What the manifest says of a table is held against it before it is believed. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Transform } from 'node:stream'
import { isFolder } from '../disk.ts'
import { digestOf, format, type Manifest, manifestName, partPath, type Table, version } from '../formats/folder.ts'
import { readTable } from '../formats/parquet.ts'
import { type Experiment, type Model, type OnFault, type Pair, type Run, type Source, type Status, TransferError } from '../record.ts'

interface RunRow {
  id: string
  experiment: string
  name: string
  user: string
  status: Status
  started_at: number
  ended_at: number | null
  deleted_at: number | null
}
type InputRow = {
  run: string
  name: string
  digest: string
  source_type: string
  source: string
  schema: string | null
  profile: string | null
  tags: string
}

interface ModelRow {
  id: string
  experiment: string
  name: string
  type: string
  status: Model['status']
  source_run: string
  created_at: number
  updated_at: number
  params: string
  tags: string
}

interface ModelPointRow {
  model: string
  run: string
  key: string
  step: number
  time: number
  value: number
  dataset_name: string | null
  dataset_digest: string | null
}

interface FileRow {
  run: string
  path: string
  bytes: number
  sha256: string
}

/** Parts whose files are remembered: a few more than are brought at a time. */
const partsRemembered = 8

function grouped<Key, Item>(items: Iterable<Item>, keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups
}

async function readManifest(folder: string): Promise<Manifest> {
  if (!(await isFolder(folder))) throw new TransferError(`There is no folder ${resolve(folder)}.`)
  const file = join(folder, manifestName)
  let manifest: Manifest
  try {
    manifest = JSON.parse(await readFile(file, 'utf8')) as Manifest
  } catch (error) {
    const why =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'it has no manifest.json, which is written last' : (error as Error).message
    throw new TransferError(`${resolve(folder)} is no whole export: ${why}. Export again.`)
  }
  if (manifest.format !== format || !Array.isArray(manifest.tables)) throw new TransferError(`${file} is of another format than ${format}.`)
  if (manifest.version > version)
    throw new TransferError(`${file} is of version ${manifest.version}, and this reads up to ${version}. Use a newer tidegate.`)
  return manifest
}

export async function folderSource(folder: string, onFault: OnFault): Promise<Source> {
  const manifest = await readManifest(folder)
  const known = new Map(manifest.tables.map((table) => [table.path, table]))
  const partsOf = (table: Table) =>
    [...known.keys()].filter((path) => path.startsWith(`${table}/`)).map((path) => Number(/\d+/.exec(path)![0]))
  const parts = partsOf('runs')
  const modelPartOf = new WeakMap<Model, number>()
  const modelFiles = new Map<number, Promise<Map<string, Array<FileRow & { model: string }>>>>()
  const partOf = new WeakMap<Run, number>()
  const runsOfParts = new Map<number, Run[]>()
  /** The files of parts that are being brought. */
  const files = new Map<number, Promise<Map<string, FileRow[]>>>()
  /** Which parts hold runs of an experiment. */
  let index: Map<string, number[]> | undefined

  /** A table's part in row groups. One that is not what the manifest says is told of, and nothing of it is believed. */
  async function* read<Row extends object>(path: string, runs: readonly Run[]): AsyncGenerator<Row[]> {
    const wanted = known.get(path)
    if (!wanted) return
    const file = join(folder, path)
    const damaged = (at: string, message: string) => onFault({ file, at, message, runs: runs.map(({ id }) => id) })
    try {
      if ((await digestOf(file)) !== wanted.sha256) {
        const { size } = await stat(file)
        return damaged(
          size < wanted.bytes ? `byte ${size}` : '',
          size < wanted.bytes ? `It ends there, and has ${wanted.bytes}.` : 'It is not what the manifest says: its digest is another.',
        )
      }
      yield* readTable<Row>(file)
    } catch (error) {
      damaged('', (error as Error).message)
    }
  }

  const all = async <Row extends object>(table: Table, part: number, runs: readonly Run[]): Promise<Row[]> => {
    const rows: Row[] = []
    for await (const group of read<Row>(partPath(table, part), runs)) for (const row of group) rows.push(row)
    return rows
  }

  return {
    name: resolve(folder),

    async *experiments() {
      type Row = { id: number; name: string; created_at: number; updated_at: number; deleted_at: number | null; tags: string }
      for await (const rows of read<Row>('experiments.parquet', [])) {
        for (const { id, name, created_at, updated_at, deleted_at, tags } of rows) {
          yield {
            id,
            name,
            createdAt: created_at,
            updatedAt: updated_at,
            deletedAt: deleted_at ?? undefined,
            tags: JSON.parse(tags) as Pair[],
          } satisfies Experiment
        }
      }
    },

    async *runs(experiment) {
      index ??= await indexOf()
      for (const part of index.get(experiment.name) ?? []) {
        const rows = (await all<RunRow>('runs', part, [])).filter((row) => row.experiment === experiment.name)
        const runs = rows.map(({ id, name, user, status, started_at, ended_at, deleted_at }): Run => {
          const times = { startedAt: started_at, endedAt: ended_at ?? undefined, deletedAt: deleted_at ?? undefined }
          return { id, name, user, status, ...times, params: [], tags: [], inputs: [] }
        })
        const byId = new Map(runs.map((run) => [run.id, run]))
        for (const run of runs) partOf.set(run, part)
        runsOfParts.set(part, runs)
        for (const table of ['params', 'tags'] as const) {
          for (const { run, key, value } of await all<Pair & { run: string }>(table, part, runs))
            byId.get(run)?.[table].push({ key, value })
        }
        for (const { run, tags, source_type, ...dataset } of await all<InputRow>('inputs', part, runs)) {
          byId.get(run)?.inputs.push({ dataset: { ...dataset, sourceType: source_type }, tags: JSON.parse(tags) as Pair[] })
        }
        for (const { run, model, output, step } of await all<{ run: string; model: string; output: number; step: number }>(
          'run_models',
          part,
          runs,
        )) {
          const of = byId.get(run)
          if (!of) continue
          of.models ??= { inputs: [], outputs: [] }
          if (output) of.models.outputs.push({ model, step })
          else of.models.inputs.push(model)
        }
        yield runs
      }
    },

    async *models(experiment) {
      for (const part of partsOf('models')) {
        const rows = (await all<ModelRow>('models', part, [])).filter((row) => row.experiment === experiment.name)
        if (!rows.length) continue
        const points = grouped(await all<ModelPointRow>('model_points', part, []), (row) => row.model)
        yield rows.map((row): Model => {
          const model: Model = {
            id: row.id,
            name: row.name,
            type: row.type,
            status: row.status,
            sourceRun: row.source_run,
            createdAt: row.created_at,
            updatedAt: row.updated_at,
            params: JSON.parse(row.params) as Pair[],
            tags: JSON.parse(row.tags) as Pair[],
            metrics: (points.get(row.id) ?? []).map(({ model: _, dataset_name, dataset_digest, ...point }) => ({
              ...point,
              datasetName: dataset_name,
              datasetDigest: dataset_digest,
            })),
          }
          modelPartOf.set(model, part)
          return model
        })
      }
    },

    async *modelFiles(model) {
      const part = modelPartOf.get(model)!
      let found = modelFiles.get(part)
      if (!found) {
        found = all<FileRow & { model: string }>('model_files', part, []).then((rows) => grouped(rows, (row) => row.model))
        modelFiles.set(part, found)
        if (modelFiles.size > partsRemembered) modelFiles.delete(modelFiles.keys().next().value!)
      }
      for (const { path, bytes, sha256 } of (await found).get(model.id) ?? []) {
        const file = join(folder, 'artifacts', 'models', model.id, ...path.split('/'))
        yield { path, bytes, open: async () => checked(file, sha256) }
      }
    },

    async *points(runs) {
      const wanted = new Set(runs.map(({ id }) => id))
      for (const [part, list] of grouped(runs, (run) => partOf.get(run)!)) {
        type Row = { run: string; key: string; step: number; time: number; value: number }
        for await (const rows of read<Row>(partPath('points', part), list)) {
          for (const [run, ofRun] of grouped(rows, (row) => row.run)) {
            if (!wanted.has(run)) continue
            for (const [key, points] of grouped(ofRun, (row) => row.key)) {
              yield {
                run,
                key,
                steps: points.map(({ step }) => step),
                times: points.map(({ time }) => time),
                values: points.map(({ value }) => value),
              }
            }
          }
        }
      }
    },

    async *files(run) {
      const part = partOf.get(run)!
      let found = files.get(part)
      if (!found) {
        // A damaged list is every run's matter.
        found = all<FileRow>('files', part, runsOfParts.get(part)!).then((rows) => grouped(rows, (row) => row.run))
        files.set(part, found)
        if (files.size > partsRemembered) files.delete(files.keys().next().value!)
      }
      for (const { path, bytes, sha256 } of (await found).get(run.id) ?? []) {
        const file = join(folder, 'artifacts', run.id, ...path.split('/'))
        yield { path, bytes, open: async () => checked(file, sha256) }
      }
    },
  }

  async function indexOf(): Promise<Map<string, number[]>> {
    const found = new Map<string, number[]>()
    for (const part of parts) {
      for (const name of new Set((await all<RunRow>('runs', part, [])).map(({ experiment }) => experiment))) {
        found.set(name, [...(found.get(name) ?? []), part])
      }
    }
    return found
  }
}

/** A file's bytes, which fail at their end where they are not those of the digest. */
function checked(file: string, sha256: string) {
  const sum = createHash('sha256')
  const body = new Transform({
    transform(chunk, _encoding, next) {
      sum.update(chunk)
      next(null, chunk)
    },
    flush(done) {
      const same = sum.digest('hex') === sha256
      done(same ? null : Object.assign(new Error(`${file} is not what the export says: its digest is another.`), { syscall: 'read' }))
    },
  })
  createReadStream(file)
    .on('error', (error) => body.destroy(error))
    .pipe(body)
  return body
}
