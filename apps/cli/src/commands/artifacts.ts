/** `tidegate artifacts`: files of runs, listed and copied both ways. A place in a run is written `run:ID/path`. */
import { readdir, stat } from 'node:fs/promises'
import { basename, join, posix, relative, sep } from 'node:path'
import { graphql, type ResultOf } from '@tidegate/client'
import { examples } from '../examples.ts'
import { exit, notFound, Stop, usage } from '../exit.ts'
import { forEach, runId } from '../found.ts'
import { bytes } from '../output.ts'
import type { Commands, Session } from '../session.ts'

const Level = graphql(`query Artifacts($id: ID!, $path: String!) { run(id: $id) { artifacts(path: $path) { path isDirectory size } } }`)
type Entry = NonNullable<ResultOf<typeof Level>['run']>['artifacts'][number]

interface Place {
  run: string
  /** Without slashes around it; '' is all. */
  path: string
}

/** Reads `run:ID/path`; undefined where it is a place on this machine. */
function placeOf(text: string): Place | undefined {
  if (!text.startsWith('run:')) return undefined
  const [id = '', ...path] = text.slice(4).split('/')
  return { run: runId(id), path: path.filter((part) => part !== '').join('/') }
}

async function level({ client, signal }: Session, { run, path }: Place): Promise<readonly Entry[]> {
  const answer = await client.query(Level, { id: run, path }, { signal })
  if (!answer.run) throw notFound(`There is no run ${run}.`)
  return answer.run.artifacts
}

/** What is at a place: a file, a folder, or nothing. */
async function lookUp(session: Session, place: Place): Promise<Entry | { isDirectory: true } | undefined> {
  if (place.path === '') return { isDirectory: true }
  const folder = posix.dirname(place.path)
  const beside = await level(session, { ...place, path: folder === '.' ? '' : folder })
  return beside.find(({ path }) => path === place.path)
}

const isFolder = (path: string) =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )

const absent = ({ run, path }: Place) =>
  notFound(`The run ${run} has no file or folder '${path}'. \`tidegate artifacts ls run:${run} --recursive\` lists them.`)

async function download(session: Session, from: Place, to: string, dryRun: boolean): Promise<Copied[]> {
  const { client, signal, out } = session
  const found = await lookUp(session, from)
  if (!found) throw absent(from)
  const into = /[/\\]$/.test(to) || (await isFolder(to))
  const target = !found.isDirectory && into ? join(to, basename(from.path)) : to
  if (found.isDirectory && !into && (await stat(to).catch(() => undefined)))
    throw usage(`'${to}' is a file, and a folder is copied: name a folder.`)
  if (dryRun) {
    const files = 'path' in found && !found.isDirectory ? [{ path: from.path, size: found.size ?? 0 }] : client.files(from.run, from.path)
    const copied: Copied[] = []
    for await (const { path, size } of files) {
      const local = found.isDirectory ? join(target, ...path.slice(from.path === '' ? 0 : from.path.length + 1).split('/')) : target
      copied.push({ from: `run:${from.run}/${path}`, to: local, size })
    }
    return copied
  }
  const bar = out.progress('bytes')
  try {
    const written = await client.save(from.run, from.path, target, {
      onProgress: (done, total = done) => bar.update(done, total, from.path),
      signal,
    })
    return Promise.all(
      written.map(async (file) => {
        const below = found.isDirectory ? relative(target, file).split(sep) : []
        const path = [from.path, ...below].filter(Boolean).join('/')
        return { from: `run:${from.run}/${path}`, to: join(target, ...below), size: (await stat(file)).size }
      }),
    )
  } finally {
    bar.stop()
  }
}

async function upload(session: Session, from: string, to: string, dryRun: boolean): Promise<Copied[]> {
  const { client, signal, out } = session
  const place = placeOf(to)!
  const found = await stat(from).catch(() => {
    throw notFound(`There is no file or folder '${from}'.`)
  })
  await level(session, { ...place, path: '' })
  const existing = await lookUp(session, place)
  const files: Array<{ file: string; path: string; size: number }> = []
  if (found.isDirectory()) {
    for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath, entry.name)
      const { size, isFile } = await stat(file).then((it) => ({ size: it.size, isFile: it.isFile() }))
      if (isFile) files.push({ file, path: posix.join(place.path, ...relative(from, file).split(sep)), size })
    }
    files.sort((a, b) => (a.path < b.path ? -1 : 1))
    if (existing && !existing.isDirectory) throw usage(`'${place.path}' is a file there, and a folder is copied.`)
  } else {
    const into = to.endsWith('/') || existing?.isDirectory
    files.push({ file: from, path: into ? posix.join(place.path, basename(from)) : place.path, size: found.size })
  }
  const copied = files.map(({ file, path, size }) => ({ from: file, to: `run:${place.run}/${path}`, size }))
  if (dryRun) return copied
  const total = files.reduce((sum, { size }) => sum + size, 0)
  const sent = new Map<string, number>()
  const bar = out.progress('bytes')
  try {
    await forEach(files, signal, async ({ file, path }) => {
      const onProgress = (done: number) => {
        sent.set(path, done)
        bar.update(
          [...sent.values()].reduce((sum, each) => sum + each, 0),
          total,
          path,
        )
      }
      await client.upload(place.run, path, { file }, { onProgress, signal })
    })
  } finally {
    bar.stop()
  }
  return copied
}

interface Copied {
  from: string
  to: string
  /** Bytes. */
  size: number
}

export default ((program, act) => {
  const group = program.command('artifacts').description('files of runs: ls, cp')

  const ls = group
    .command('ls')
    .alias('list')
    .argument('<place>', 'run:ID, or run:ID/path')
    .description('the files of a run, or of one of its folders')
    .option('-r, --recursive', 'with all that is in folders')
  examples(
    ls,
    'artifacts ls run:0123456789abcdef0123456789abcdef',
    'artifacts ls run:0123456789abcdef0123456789abcdef/plots --recursive',
  ).action(
    act(async (session, text: string, { recursive }: { recursive?: boolean }) => {
      const { out, client } = session
      const place = placeOf(text.startsWith('run:') ? text : `run:${text}`)!
      const found = await lookUp(session, place)
      if (!found) throw absent(place)
      const entries: AsyncIterable<Entry> | readonly Entry[] = !found.isDirectory
        ? [found as Entry]
        : recursive
          ? (async function* () {
              await level(session, place)
              for await (const { path, size } of client.files(place.run, place.path)) yield { path, size, isDirectory: false }
            })()
          : await level(session, place)
      await out.list<Entry>(entries, {
        id: ({ path }) => path,
        none: 'No files.',
        columns: [
          { title: 'PATH', of: ({ path, isDirectory }) => (isDirectory ? `${path}/` : path) },
          { title: 'SIZE', of: ({ size }) => (size === null ? '' : bytes(size)), right: true },
        ],
      })
    }),
  )

  const cp = group
    .command('cp')
    .argument('<from>', 'run:ID/path, or a file or folder here')
    .argument('<to>', 'a file or folder here, or run:ID/path')
    .description('copies a file, or what is in a folder; what was cut short is gone on with when it is said again')
    .option('--dry-run', 'only say what it would do')
  examples(
    cp,
    'artifacts cp run:0123456789abcdef0123456789abcdef/model ./model',
    'artifacts cp plots run:0123456789abcdef0123456789abcdef/plots',
    'artifacts cp notes.md run:0123456789abcdef0123456789abcdef/',
  ).action(
    act(async (session, from: string, to: string, { dryRun = false }: { dryRun?: boolean }) => {
      const source = placeOf(from)
      const target = placeOf(to)
      if (source && target) throw usage('Both places are in runs: copy to this machine first, then from it.')
      if (!source && !target) throw usage('Neither place is in a run: write one as run:ID/path.')
      const copied = source ? await download(session, source, to, dryRun) : await upload(session, from, to, dryRun)
      if (!copied.length) throw new Stop(exit.notFound, 'There is no file to copy.')
      await session.out.list(copied, {
        id: (each) => each.to,
        none: '',
        columns: [
          { title: dryRun ? 'WOULD COPY' : 'COPIED', of: (each) => each.from },
          { title: 'TO', of: (each) => each.to },
          { title: 'SIZE', of: ({ size }) => bytes(size), right: true },
        ],
      })
    }),
  )
}) satisfies Commands
