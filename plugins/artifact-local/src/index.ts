/**
 * Artifacts as plain files under one folder. A file is written to `.partial/` and renamed to its place when it is whole
 * and on the disk, so a reader never sees half a file and what was acknowledged outlives a power cut. Folders exist while
 * there is a file in them. Symbolic links are followed inside the root and never out of it.
 */
import { randomUUID } from 'node:crypto'
import { type BigIntStats, constants, type Dirent } from 'node:fs'
import { mkdir, open, readdir, realpath, rename, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { ArtifactStore, Entry, FileInfo } from '@tidegate/plugin'

export interface LocalOptions {
  /** Folder that holds every artifact, all of it on one file system. Created on the first write. */
  root: string
}

/** Read and written at once. Less costs throughput, more only memory. */
const chunk = 1024 * 1024
/** A partial that nothing was written to for so long is of a process that was killed. */
const abandonedAfter = 60 * 60 * 1000

/** Artifacts as plain files under one folder. */
export function localArtifacts(options: LocalOptions): ArtifactStore {
  const root = resolve(options.root)
  const partials = join(root, '.partial')
  let swept = 0
  /** Folders whose own names, up to the root, are known to be on the disk. */
  const synced = new Set<string>()

  function pathOf(key: string): string {
    if (/^\.partial(\/|$)/i.test(key)) throw new Error(`'.partial' is where ${root} keeps unfinished uploads: no artifact can be there`)
    return join(root, key)
  }

  /** Where a path really is, and whether that is inside the root; null where there is nothing. */
  async function find(path: string): Promise<{ path: string; inside: boolean } | null> {
    try {
      const [base, found] = await Promise.all([realpath(root), realpath(path)])
      return { path: found, inside: found === base || found.startsWith(base + sep) }
    } catch (error) {
      return missing(error)
    }
  }

  /** The same, where a symbolic link that leads out of the root leads to nothing. */
  async function real(path: string): Promise<string | null> {
    const found = await find(path)
    return found?.inside ? found.path : null
  }

  /** Moves a whole file to its place, with the folders it needs, so that it stays there. */
  async function settle(partial: string, target: string) {
    const folder = dirname(target)
    for (let tries = 1; ; tries++) {
      try {
        await mkdir(folder, { recursive: true })
        await rename(partial, target)
        break
      } catch (error) {
        // A deletion took the folder away in between.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || tries === 10) throw error
      }
    }
    let known = folder
    while (known !== root && !synced.has(known)) known = dirname(known)
    await syncFolders(folder, known)
    if (synced.size > 10_000) synced.clear()
    for (let each = folder; each !== known; each = dirname(each)) synced.add(each)
  }

  /** Removes folders that became empty, from `folder` up to the root. */
  async function prune(folder: string) {
    for (let each = folder; each.startsWith(root + sep); each = dirname(each)) {
      try {
        await rmdir(each)
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'ENOENT') continue
        // Not empty, or a link to a folder: both stay.
        return syncFolder(each)
      }
    }
    await syncFolder(root)
  }

  async function sweep() {
    swept = Date.now()
    for (const name of await readdir(partials)) {
      const path = join(partials, name)
      const info = await stat(path).catch(missing)
      if (info && info.mtimeMs < swept - abandonedAfter) await rm(path, { recursive: true, force: true })
    }
  }

  /** An entry of a listing; null for what is neither a file nor a folder of ours. */
  async function entryOf(folder: string, found: Dirent): Promise<Entry | null> {
    const { name } = found
    if (found.isDirectory()) return { name, size: null }
    const path = found.isSymbolicLink() ? await real(join(folder, name)) : join(folder, name)
    const info = path === null ? null : await stat(path).catch(missing)
    if (info?.isDirectory()) return { name, size: null }
    return info?.isFile() ? { name, size: info.size } : null
  }

  return {
    kind: 'artifact-store',
    name: 'local',
    root: `file://${root}`,

    async put(key, body, { signal } = {}) {
      const target = pathOf(key)
      const made = await mkdir(partials, { recursive: true })
      if (made) await syncFolders(root, dirname(made))
      // The nearest folder that exists decides: what is made below it is ours.
      for (let folder = dirname(target); ; folder = dirname(folder)) {
        const found = await find(folder)
        if (found?.inside) break
        if (found) throw new Error(`${folder} is a link that leads out of ${root}`)
      }
      if (Date.now() - swept > abandonedAfter) await sweep()
      const partial = join(partials, randomUUID())
      try {
        const file = await open(partial, 'wx')
        await pipeline(body, file.createWriteStream({ highWaterMark: chunk, flush: true }), { signal })
        await settle(partial, target)
      } catch (error) {
        await rm(partial, { force: true })
        throw error
      }
    },

    async stat(key) {
      const path = await real(pathOf(key))
      const info = path === null ? null : await stat(path, { bigint: true }).catch(missing)
      return info?.isFile() ? infoOf(info) : null
    },

    async get(key, { range, signal } = {}) {
      const path = await real(pathOf(key))
      // Not blocking: whoever opens a named pipe would wait for its writer.
      const file = path && (await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(missing))
      if (!file) return null
      const info = await file.stat({ bigint: true })
      if (info.isFile()) return { ...infoOf(info), body: file.createReadStream({ ...range, highWaterMark: chunk, signal }) }
      await file.close()
      return null
    },

    async list(prefix) {
      const folder = await real(pathOf(prefix))
      if (!folder) return []
      const found = (await readdir(folder, { withFileTypes: true }).catch(missing)) ?? []
      const ours = found.filter(({ name }) => prefix !== '' || name !== '.partial')
      const entries = await Promise.all(ours.map((each) => entryOf(folder, each)))
      return entries.filter((entry) => entry !== null).sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
    },

    async delete(prefix) {
      const path = pathOf(prefix)
      if (!(await real(dirname(path)))) return
      // Renamed first: a folder is gone at once and whole, however much is in it.
      const doomed = join(partials, randomUUID())
      await mkdir(partials, { recursive: true })
      try {
        await rename(path, doomed)
      } catch (error) {
        return void missing(error)
      }
      synced.clear()
      await prune(dirname(path))
      await rm(doomed, { recursive: true, force: true })
    },
  }
}

function infoOf({ size, mtimeNs, ino }: BigIntStats): FileInfo {
  return { size: Number(size), version: [mtimeNs, size, ino].map((each) => each.toString(36)).join('-') }
}

/** What isn't there is null; any other failure is thrown on. */
function missing(error: unknown): null {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP' || code === 'ENAMETOOLONG') return null
  throw error
}

/** Makes the names in a folder outlive a power cut. */
async function syncFolder(path: string) {
  const folder = await open(path).catch(missing)
  if (!folder) return
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** The same for the folders from `last` up to `first`, both included. */
async function syncFolders(last: string, first: string) {
  for (let each = last; each !== first; each = dirname(each)) await syncFolder(each)
  await syncFolder(first)
}
