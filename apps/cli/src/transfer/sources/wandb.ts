/**
 * Weights & Biases, as it lies on a disk: the folders of runs (`run-…`, `offline-run-…`), each with its transaction log (`.wandb`)
 * and its files; and histories that were exported as CSV or JSON lines, a file a run. A project is an experiment.
 */
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, extname, join, resolve } from 'node:path'
import { parse } from 'yaml'
import { Columns } from '../columns.ts'
import { fileAt, filesBelow, isFile, isFolder } from '../disk.ts'
import { Message, timeOf } from '../formats/protobuf.ts'
import { readLog } from '../formats/wandb-log.ts'
import { Names, runIdOf } from '../name.ts'
import { type OnFault, type Pair, type Run, type Source, TransferError } from '../record.ts'
import { flat, readHistory } from './wandb-history.ts'

interface Found {
  run: Run
  points: Map<string, Columns>
  folder: string | undefined
  /** Files beside the run's own. */
  more: string[]
}

const noProject = 'wandb'

/** The project of a run stands at the beginning of its log. */
async function projectOf(place: string): Promise<string> {
  const log = isRunFolder(basename(place)) ? (await readdir(place)).find((name) => name.endsWith('.wandb')) : undefined
  if (!log) return noProject
  try {
    // What is damaged is told of when it is read for good.
    for await (const { bytes } of readLog(join(place, log), () => {})) {
      const run = new Message(bytes).message(17)
      if (run) return run.text(3) || noProject
    }
  } catch {
    // The same.
  }
  return noProject
}

const isRunFolder = (name: string) => /^(offline-)?run-\d{8}_\d{6}-.+$/.test(name)

/** Folders of runs, and exported histories, at a place or below it. */
async function* placesOf(path: string, depth = 3): AsyncGenerator<string> {
  if (await isFile(path)) return yield path
  if (isRunFolder(basename(path))) return yield path
  const entries = (await readdir(path, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const entry of entries) {
    const full = join(path, entry.name)
    // A link such as `latest-run` leads to what is there anyhow.
    if (entry.isDirectory() && depth > 0) yield* placesOf(full, depth - 1)
    else if (entry.isFile() && /\.(csv|jsonl)$/.test(entry.name)) yield full
  }
}

export async function wandbSource(root: string, onFault: OnFault): Promise<Source> {
  if (!(await isFolder(root)) && !(await isFile(root))) throw new TransferError(`There is no ${resolve(root)}.`)
  const known = new WeakMap<Run, Found>()
  /** Runs by project: which project a run is of stands in its log. */
  const projects = new Map<string, string[]>()

  const read = (place: string) => (isRunFolder(basename(place)) ? readFolder(place) : readExport(place))

  async function readFolder(folder: string): Promise<Found> {
    const log = (await readdir(folder)).find((name) => name.endsWith('.wandb'))
    const id = /-([^-]+)$/.exec(basename(folder))![1]!
    const config: Record<string, unknown> = {}
    const summary: Record<string, unknown> = {}
    const found = newFound(id, folder)
    const { run } = found
    const names = new Names()
    if (log) {
      const file = join(folder, log)
      for await (const { offset, bytes } of readLog(file, (at, message) => onFault({ file, at: `byte ${at}`, message, runs: [run.id] }))) {
        try {
          takeRecord(new Message(bytes), found, config, summary, names)
        } catch (error) {
          onFault({ file, at: `byte ${offset}`, message: `A record can't be read: ${(error as Error).message}.`, runs: [run.id] })
        }
      }
    }
    // What W&B writes beside its log, for a run that has none or whose log was cut.
    for (const [name, into] of [
      ['config.yaml', config],
      ['wandb-summary.json', summary],
    ] as const) {
      const file = join(folder, 'files', name)
      if (!(await isFile(file))) continue
      try {
        for (const [key, value] of Object.entries((parse(await readFile(file, 'utf8')) ?? {}) as Record<string, unknown>)) {
          if (key in into || key === 'wandb_version') continue
          into[key] = name === 'config.yaml' && typeof value === 'object' && value !== null && 'value' in value ? value.value : value
        }
      } catch (error) {
        onFault({ file, at: '', message: (error as Error).message.split('\n')[0]!, runs: [run.id] })
      }
    }
    const params = new Names()
    for (const [key, value] of flat(config)) if (!key.startsWith('_wandb')) run.params.push({ key: params.of(key), value: textOf(value) })
    // A summary that is no point of the history is the last that is known of it.
    for (const [key, value] of flat(summary)) {
      if (key.startsWith('_') || found.points.has(names.of(key))) continue
      if (typeof value === 'number') pointsOf(found, names.of(key)).add(0, run.endedAt ?? run.startedAt, value)
      else if (typeof value === 'string') run.tags.push({ key: `wandb.summary.${key}`.slice(0, 250), value })
    }
    return found
  }

  async function readExport(file: string): Promise<Found> {
    const name = basename(file, extname(file))
    const found = newFound(name, undefined)
    found.more.push(file)
    const names = new Names()
    await readHistory(
      file,
      (row, at) => takeRow(found, row, names, at),
      (at, message) => onFault({ file, at, message, runs: [found.run.id] }),
    )
    return found
  }

  return {
    name: resolve(root),

    async *experiments() {
      for await (const place of placesOf(root)) {
        const project = await projectOf(place)
        projects.set(project, [...(projects.get(project) ?? []), place])
      }
      for (const name of projects.keys())
        yield { id: undefined, name, createdAt: undefined, updatedAt: undefined, deletedAt: undefined, tags: [] }
    },

    async *runs({ name }) {
      for (const place of projects.get(name) ?? []) {
        const found = await read(place)
        known.set(found.run, found)
        yield [found.run]
      }
    },

    async *points(runs) {
      for (const run of runs) for (const [key, points] of known.get(run)!.points) yield { run: run.id, key, ...points.points() }
    },

    async *files(run) {
      const { folder, more } = known.get(run)!
      if (folder) {
        yield* filesBelow(join(folder, 'files'))
        for (const name of (await readdir(folder)).filter((each) => each.endsWith('.wandb'))) more.push(join(folder, name))
      }
      for (const file of more) yield fileAt(file, basename(file), (await stat(file)).size)
    },
  }
}

function newFound(id: string, folder: string | undefined): Found {
  const run: Run = {
    id: runIdOf('wandb', id),
    name: id,
    user: '',
    status: 'FINISHED',
    startedAt: 0,
    endedAt: undefined,
    deletedAt: undefined,
    params: [],
    tags: [{ key: 'wandb.run_id', value: id }],
    inputs: [],
  }
  return { run, points: new Map(), folder, more: [] }
}

function pointsOf({ points }: Found, key: string): Columns {
  let found = points.get(key)
  if (!found) points.set(key, (found = new Columns()))
  return found
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
const keyOf = (item: Message): string => item.texts(2).join('.') || item.text(1)

/** A record of the log, by the number of its kind. */
function takeRecord(record: Message, found: Found, config: Record<string, unknown>, summary: Record<string, unknown>, names: Names): void {
  const { run } = found
  const items = (message: Message | undefined, field: number) =>
    (message?.messages(field) ?? []).map((item): [string, unknown] => [keyOf(item), jsonOf(item.text(16))])
  if (record.has(2)) {
    const history = record.message(2)!
    const row: Record<string, unknown> = Object.fromEntries(items(history, 1))
    row._step ??= history.message(2)?.int(1)
    takeRow(found, row, names)
  } else if (record.has(3)) {
    for (const [key, value] of items(record.message(3), 1)) summary[key] = value
  } else if (record.has(5)) {
    for (const [key, value] of items(record.message(5), 1)) config[key] = value
  } else if (record.has(17)) {
    const given = record.message(17)!
    run.name = given.text(8) || run.name
    run.startedAt = timeOf(given.message(17)) ?? run.startedAt
    for (const [key, value] of items(given.message(4), 1)) config[key] = value
    const labels = given.texts(10)
    run.tags.push(
      { key: 'mlflow.runName', value: run.name },
      ...(given.text(2) ? [{ key: 'wandb.entity', value: given.text(2) }] : []),
      ...(given.text(6) ? [{ key: 'wandb.group', value: given.text(6) }] : []),
      ...(given.text(7) ? [{ key: 'wandb.job_type', value: given.text(7) }] : []),
      ...(given.text(9) ? [{ key: 'mlflow.note.content', value: given.text(9) }] : []),
      ...labels.map((label): Pair => ({ key: `wandb.tag.${label}`.slice(0, 250), value: '' })),
    )
  } else if (record.has(7)) {
    const stats = record.message(7)!
    const time = timeOf(stats.message(2)) ?? 0
    for (const [key, value] of (stats.messages(3) ?? []).map((item): [string, unknown] => [item.text(1), jsonOf(item.text(16))])) {
      const points = pointsOf(found, names.of(`system/${key}`))
      if (typeof value === 'number') points.add(points.length, time, value)
    }
  } else if (record.has(18)) {
    run.status = record.message(18)!.int(1) === 0 ? 'FINISHED' : 'FAILED'
    run.endedAt = run.startedAt + record.message(18)!.int(2) * 1000
  }
}

/** W&B writes NaN and Infinity as Python does. */
function jsonOf(text: string): unknown {
  if (/^-?(NaN|Infinity)$/.test(text)) return Number(text)
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const words: Record<string, number> = { NaN: Number.NaN, Infinity: Number.POSITIVE_INFINITY, '-Infinity': Number.NEGATIVE_INFINITY }

/** A row of the history: numbers are points; media and texts are in the files. */
function takeRow(found: Found, row: Record<string, unknown>, names: Names, line = 0): void {
  const step = Number(row._step ?? line)
  const seconds = Number(row._timestamp ?? 0)
  const time = Math.max(0, Math.round(seconds * 1000))
  for (const [key, raw] of flat(row)) {
    if (key.startsWith('_')) continue
    const value = typeof raw === 'string' && raw in words ? words[raw] : typeof raw === 'boolean' ? Number(raw) : raw
    if (typeof value === 'number') pointsOf(found, names.of(key)).add(Number.isSafeInteger(step) ? step : line, time, value)
  }
}
