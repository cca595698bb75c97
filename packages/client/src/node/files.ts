/** Files of this machine: those that are uploaded, and those that are written from a run's. */
import fs from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { ApiError } from '../api-error.ts'
import type { ArtifactContent, TransferOptions } from '../artifact.ts'
import { download, etagOf, fileOf, filesOf, type RunFile } from '../download.ts'

const pathOf = (path: string | URL) => (path instanceof URL ? fileURLToPath(path) : path)

/** All files below a folder, sorted, with `/` between folders. Links are followed to files, not to folders. */
export async function filesIn(folder: string | URL): Promise<Array<[string, ArtifactContent]>> {
  const root = pathOf(folder)
  const found: Array<[string, ArtifactContent]> = []
  for (const entry of await fs.promises.readdir(root, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name)
    const isFile = entry.isFile() || (entry.isSymbolicLink() && (await fs.promises.stat(file)).isFile())
    if (isFile) found.push([relative(root, file).split(sep).join('/'), { file }])
  }
  return found.sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Files that are downloaded at a time. */
const lanes = 4

/**
 * Writes a file, or all below a folder. Each is written beside and then renamed, so it is whole or not there; what a killed process
 * left is gone on with, where the file on the server is still the same one.
 */
export async function save(
  origin: string,
  runId: string,
  path: string,
  target: string | URL,
  { onProgress, signal }: TransferOptions,
): Promise<string[]> {
  const to = resolve(pathOf(target))
  const single = path === '' ? undefined : await fileOf(origin, runId, path)
  const files: Array<RunFile & { to: string }> = []
  if (single) files.push({ ...single, to })
  else {
    for await (const file of filesOf(origin, runId, path, signal)) {
      const at = resolve(to, path === '' ? file.path : file.path.slice(path.length + 1))
      if (!at.startsWith(to + sep))
        throw new ApiError('INVALID_PARAMETER_VALUE', `'${file.path}' would be written outside of ${to}.`, { field: 'path' })
      files.push({ ...file, to: at })
    }
    if (!files.length && path !== '')
      throw new ApiError('RESOURCE_DOES_NOT_EXIST', `The run ${runId} has no file and no folder '${path}'.`, { field: 'path' })
  }
  const total = files.reduce((sum, { size }) => sum + size, 0)
  let done = 0
  const report = (bytes: number) => onProgress?.((done += bytes), total)
  const rest = files.values()
  let failure: { error: unknown } | undefined
  const lane = async () => {
    for (const file of rest) {
      if (failure) return
      await saveOne(origin, runId, file, report, signal).catch((error) => (failure ??= { error }))
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  if (failure) throw failure.error
  return files.map(({ to }) => to)
}

async function saveOne(
  origin: string,
  runId: string,
  { path, size, to }: RunFile & { to: string },
  report: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const etag = await etagOf(origin, runId, path, signal)
  await fs.promises.mkdir(dirname(to), { recursive: true })
  // Named after the version that it is a part of: of another it is no use.
  const part = `${to}.${etag.replace(/[^\w-]/g, '').slice(-40)}.part`
  const have = await fs.promises.stat(part).then(
    ({ size }) => size,
    () => 0,
  )
  report(have)
  const counted = async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      yield chunk
      report(chunk.byteLength)
    }
  }
  if (have === 0 || have < size) {
    const { stream } = await download(origin, runId, path, { start: have, etag, signal })
    const file = fs.createWriteStream(part, { flags: 'a', flush: true })
    await pipeline(Readable.fromWeb(stream as never), counted, file).catch((error) => {
      // What ends a pipe hides why.
      throw signal?.aborted ? signal.reason : error
    })
  }
  await fs.promises.rename(part, to)
  const isOlder = (name: string) => name.startsWith(`${basename(to)}.`) && name.endsWith('.part')
  for (const name of (await fs.promises.readdir(dirname(to))).filter(isOlder)) await fs.promises.rm(join(dirname(to), name))
}
