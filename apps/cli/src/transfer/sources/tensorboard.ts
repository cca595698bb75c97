/**
 * TensorBoard's event files: each folder that has some is a run, named as its path below the log folder. Scalars of every age become
 * metrics, hyperparameters params, texts and images files. What else there is (histograms, graphs, audio) stays in the event files,
 * which come along as they are.
 */
import { readdir, stat } from 'node:fs/promises'
import { basename, join, relative, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { Columns } from '../columns.ts'
import { fileAt, isFolder } from '../disk.ts'
import { Message } from '../formats/protobuf.ts'
import { readRecords } from '../formats/tfrecord.ts'
import { cleanName, Names, runIdOf } from '../name.ts'
import { type FileEntry, type OnFault, type Pair, type Run, type Source, type Status, TransferError } from '../record.ts'
import { numberOf, textsOf } from './tensor.ts'

const isEvents = (name: string) => name.includes('tfevents')

/** What is in a folder's files. */
interface Found {
  folder: string
  files: string[]
  points: Map<string, Columns>
  texts: FileEntry[]
}

/** Folders of event files below a folder, itself too. */
async function* foldersOf(folder: string): AsyncGenerator<{ folder: string; files: string[] }> {
  const entries = (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))
  const files = entries.filter((entry) => entry.isFile() && isEvents(entry.name)).map(({ name }) => join(folder, name))
  if (files.length) yield { folder, files }
  for (const entry of entries) if (entry.isDirectory()) yield* foldersOf(join(folder, entry.name))
}

/** 0 unknown, 1 success, 2 failure, 3 running, as the plugin numbers them. */
const statuses: Record<number, Status> = { 1: 'FINISHED', 2: 'FAILED', 3: 'RUNNING' }

export async function tensorboardSource(root: string, onFault: OnFault): Promise<Source> {
  if (!(await isFolder(root))) throw new TransferError(`There is no folder ${resolve(root)}.`)
  const known = new WeakMap<Run, Found>()

  async function readRun(folder: string, files: string[]): Promise<Run> {
    const path = relative(root, folder).split('\\').join('/')
    const id = runIdOf('tensorboard', basename(resolve(root)), path)
    const names = new Names()
    const found: Found = { folder, files, points: new Map(), texts: [] }
    const params = new Map<string, string>()
    /** The plugin of a tag: it is said with its first value only. */
    const plugins = new Map<string, string>()
    let first = Number.POSITIVE_INFINITY
    let last = 0
    let status: Status = 'FINISHED'

    const take = (event: Message, step: number, time: number) => {
      for (const value of event.message(5)?.messages(1) ?? []) {
        const tag = value.text(1) || value.text(7)
        const plugin = value.message(9)?.message(1)
        if (plugin?.text(1)) plugins.set(tag, plugin.text(1))
        const kind = plugins.get(tag)
        const tensor = value.message(8)
        const scalar = value.has(2) ? value.float(2) : kind === 'scalars' && tensor ? numberOf(tensor) : undefined
        if (scalar !== undefined) {
          let points = found.points.get(tag)
          if (!points) found.points.set(tag, (points = new Columns()))
          points.add(step, time, scalar)
        } else if (kind === 'text' && tensor) {
          found.texts.push(inMemory(`text/${cleanName(tag)}/${step}.txt`, Buffer.from(textsOf(tensor).map(String).join('\n'))))
        } else if (kind === 'images' && tensor) {
          // Width and height come first.
          for (const [i, image] of textsOf(tensor).slice(2).entries()) found.texts.push(inMemory(imagePath(tag, step, i), image))
        } else if (value.message(4)?.bytes(4)) {
          found.texts.push(inMemory(imagePath(tag, step, 0), value.message(4)!.bytes(4)!))
        } else if (plugin?.text(1) === 'hparams') {
          const data = new Message(plugin.bytes(2) ?? Buffer.alloc(0))
          for (const entry of data.message(3)?.messages(1) ?? []) params.set(names.of(entry.text(1)), parameterOf(entry.message(2)))
          if (data.has(4)) status = statuses[data.message(4)!.int(1)] ?? status
        }
      }
    }

    for (const file of files) {
      for await (const { offset, bytes } of readRecords(file, (at, message) => onFault({ file, at: `byte ${at}`, message, runs: [id] }))) {
        try {
          const event = new Message(bytes)
          const time = Math.max(0, Math.round((event.double(1) ?? 0) * 1000))
          first = Math.min(first, time)
          last = Math.max(last, time)
          take(event, event.int(2), time)
        } catch (error) {
          onFault({ file, at: `byte ${offset}`, message: `A record is no event: ${(error as Error).message}.`, runs: [id] })
        }
      }
    }
    const run: Run = {
      id,
      name: path || basename(resolve(root)),
      user: '',
      status,
      startedAt: Number.isFinite(first) ? first : 0,
      endedAt: last || undefined,
      deletedAt: undefined,
      params: [...params].map(([key, value]): Pair => ({ key, value })),
      tags: [
        { key: 'mlflow.runName', value: path || basename(resolve(root)) },
        { key: 'tensorboard.run', value: path || '.' },
      ],
      inputs: [],
    }
    known.set(run, found)
    return run
  }

  return {
    name: resolve(root),

    async *experiments() {
      yield { id: undefined, name: basename(resolve(root)), createdAt: undefined, updatedAt: undefined, deletedAt: undefined, tags: [] }
    },

    // One at a time: its points are held until they have gone.
    async *runs() {
      for await (const { folder, files } of foldersOf(root)) yield [await readRun(folder, files)]
    },

    async *points(runs) {
      for (const run of runs) {
        const names = new Names()
        for (const [tag, points] of known.get(run)!.points) yield { run: run.id, key: names.of(tag), ...points.points() }
      }
    },

    async *files(run) {
      const { files, texts } = known.get(run)!
      const seen = new Set<string>()
      for (const file of texts) {
        // Of two of one tag and step the first counts.
        if (!seen.has(file.path)) yield file
        seen.add(file.path)
      }
      for (const file of files) yield fileAt(file, `events/${basename(file)}`, (await stat(file)).size)
    },
  }
}

const imagePath = (tag: string, step: number, i: number) => `images/${cleanName(tag)}/${step}${i ? `-${i}` : ''}.png`

const inMemory = (path: string, body: Buffer): FileEntry => ({ path, bytes: body.length, open: async () => Readable.from([body]) })

/** google.protobuf.Value: a number, text or truth, as Python writes it. */
function parameterOf(value: Message | undefined): string {
  if (!value || value.has(1)) return ''
  const number = value.double(2)
  if (number !== undefined) return String(number)
  if (value.has(4)) return value.int(4) ? 'True' : 'False'
  return value.text(3)
}
