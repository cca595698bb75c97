/**
 * What neptune-exporter leaves: a folder a project with Parquet files of runs (a row for every value, of every type), and files beside
 * them. A project is an experiment, an attribute what it comes nearest to.
 */
import { stat } from 'node:fs/promises'
import { dirname, extname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { Columns } from '../columns.ts'
import { fileAt, filesBelow, isFolder } from '../disk.ts'
import { readTable } from '../formats/parquet.ts'
import { cleanName, Names, runIdOf } from '../name.ts'
import { type FileEntry, type OnFault, type Run, type Source, TransferError } from '../record.ts'

/** A row as it is written: one of the values, by the attribute's type. */
interface Row {
  project_id: string
  run_id: string
  attribute_path: string
  attribute_type: string
  step: number | null
  timestamp: number | null
  int_value: number | null
  float_value: number | null
  string_value: string | null
  bool_value: boolean | null
  datetime_value: number | null
  string_set_value: string[] | null
  file_value: { path: string } | null
}

export interface NeptuneOptions {
  /** The folder of --files-path. @default `files` beside the data */
  files?: string | undefined
}

interface Found {
  points: Map<string, Columns>
  /** Steps of series that are no whole numbers, by metric: they have up to six digits. */
  fractions: Map<string, number>
  texts: Map<string, string[]>
  files: Array<{ path: string; from: string }>
}

const partOf = (file: string) => Number(/part_(\d+)\.parquet$/.exec(file)?.[1] ?? 0)

export async function neptuneSource(root: string, onFault: OnFault, { files }: NeptuneOptions = {}): Promise<Source> {
  if (!(await isFolder(root))) throw new TransferError(`There is no folder ${resolve(root)}.`)
  const data = (await isFolder(join(root, 'data'))) ? join(root, 'data') : root
  const filesRoot = files ?? ((await isFolder(join(root, 'files'))) ? join(root, 'files') : join(dirname(resolve(root)), 'files'))
  const known = new WeakMap<Run, Found>()
  /** Files of each run, by project. */
  const projects = new Map<string, Map<string, string[]>>()

  async function findProjects() {
    for await (const { path } of filesBelow(data)) {
      if (extname(path) !== '.parquet') continue
      const file = join(data, path)
      // What the files are called was made safe for a disk: what things are called is in them.
      try {
        const { value } = await readTable<Row>(file, ['project_id', 'run_id']).next()
        const row = value?.[0] as Row | undefined
        if (!row) continue
        const runs = projects.get(row.project_id) ?? new Map<string, string[]>()
        projects.set(row.project_id, runs)
        runs.set(
          row.run_id,
          [...(runs.get(row.run_id) ?? []), file].sort((a, b) => partOf(a) - partOf(b)),
        )
      } catch (error) {
        onFault({ file, at: '', message: (error as Error).message })
      }
    }
  }

  async function readRun(project: string, id: string, parts: string[]): Promise<Run> {
    const found: Found = { points: new Map(), fractions: new Map(), texts: new Map(), files: [] }
    const names = new Names()
    const params = new Map<string, string>()
    const tags = new Map<string, string>([['neptune.run_id', id]])
    const run: Run = {
      id: runIdOf('neptune', project, id),
      name: id,
      user: '',
      status: 'FINISHED',
      startedAt: 0,
      endedAt: undefined,
      deletedAt: undefined,
      params: [],
      tags: [],
      inputs: [],
    }
    for (const file of parts) {
      try {
        for await (const rows of readTable<Row>(file)) for (const row of rows) take(row)
      } catch (error) {
        onFault({ file, at: '', message: (error as Error).message, runs: [run.id] })
      }
    }
    tags.set('mlflow.runName', run.name)
    run.params = [...params].map(([key, value]) => ({ key, value }))
    run.tags = [...tags].map(([key, value]) => ({ key, value }))
    known.set(run, found)
    return run

    function take(row: Row) {
      const { attribute_path: path, attribute_type: type, step, timestamp } = row
      if (type === 'float_series') {
        const key = names.of(path)
        let points = found.points.get(key)
        if (!points) found.points.set(key, (points = new Columns()))
        points.add(step ?? points.length, timestamp ?? 0, row.float_value ?? Number.NaN)
        for (let digits = found.fractions.get(key) ?? 0; ; digits++) {
          found.fractions.set(key, digits)
          if (digits === 6 || Math.abs((step ?? 0) * 10 ** digits - Math.round((step ?? 0) * 10 ** digits)) < 1e-7) break
        }
      } else if (type === 'string_series' || type === 'histogram_series') {
        const name = `${type === 'string_series' ? 'text' : 'histograms'}/${cleanName(path)}.jsonl`
        const value = row.string_value ?? (row as { histogram_value?: unknown }).histogram_value ?? null
        found.texts.set(name, [...(found.texts.get(name) ?? []), JSON.stringify({ step, time: timestamp, value })])
      } else if (type === 'file' || type === 'file_series') {
        const from = row.file_value?.path
        if (from)
          found.files.push({ path: type === 'file' ? cleanName(path) + extname(from) : `${cleanName(path)}/${step}${extname(from)}`, from })
      } else if (type === 'string_set') {
        for (const each of row.string_set_value ?? [])
          tags.set(`neptune.${path === 'sys/tags' ? 'tag' : cleanName(path)}.${each}`.slice(0, 250), '')
      } else {
        const value = row.int_value ?? row.float_value ?? row.bool_value ?? row.string_value ?? row.datetime_value
        if (value !== null && value !== undefined) takeValue(path, value)
      }
    }

    function takeValue(path: string, value: string | number | boolean) {
      if (path === 'sys/creation_time') run.startedAt = Number(value)
      else if (path === 'sys/modification_time') run.endedAt = Number(value)
      else if (path === 'sys/owner') run.user = String(value)
      else if (path === 'sys/name' && value) run.name = String(value)
      else if (path === 'sys/failed') run.status = value ? 'FAILED' : 'FINISHED'
      else if (path === 'sys/description') tags.set('mlflow.note.content', String(value))
      else if (path.startsWith('sys/')) tags.set(`neptune.${path}`.slice(0, 250), String(value))
      else params.set(names.of(path), String(value))
    }
  }

  return {
    name: resolve(root),

    async *experiments() {
      await findProjects()
      for (const name of projects.keys())
        yield { id: undefined, name, createdAt: undefined, updatedAt: undefined, deletedAt: undefined, tags: [] }
    },

    // One at a time: its points are held until they have gone.
    async *runs({ name }) {
      for (const [id, parts] of projects.get(name)!) yield [await readRun(name, id, parts)]
    },

    async *points(runs) {
      for (const run of runs) {
        const { points, fractions } = known.get(run)!
        for (const [key, columns] of points) {
          const { steps, times, values } = columns.points()
          // Steps are whole here: 0.5 and 1 become 5 and 10.
          const scale = 10 ** fractions.get(key)!
          yield { run: run.id, key, steps: scale === 1 ? steps : steps.map((step) => Math.round(step * scale)), times, values }
        }
      }
    },

    async *files(run) {
      const { texts, files } = known.get(run)!
      for (const [path, lines] of texts) {
        const body = Buffer.from(`${lines.join('\n')}\n`)
        yield { path, bytes: body.length, open: async () => Readable.from([body]) } satisfies FileEntry
      }
      for (const { path, from } of files) {
        const full = join(filesRoot, from)
        if (await isFolder(full)) for await (const file of filesBelow(full)) yield { ...file, path: `${path}/${file.path}` }
        else {
          const found = await stat(full).catch(() => undefined)
          if (found) yield fileAt(full, path, found.size)
          else onFault({ file: full, at: '', message: 'It is not there. Say with --files where the exporter put them.', runs: [run.id] })
        }
      }
    },
  }
}
