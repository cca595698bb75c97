/** Files on this machine as a source gives them. */
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileEntry } from './record.ts'

/** All files below a folder, by name, with links followed; nothing where there is none. */
export async function* filesBelow(folder: string, prefix = ''): AsyncGenerator<FileEntry> {
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
    throw error
  })
  for (const name of entries.sort()) {
    const full = join(folder, name)
    // A link to nothing is no file.
    const found = await stat(full).catch(() => undefined)
    if (found?.isDirectory()) yield* filesBelow(full, `${prefix}${name}/`)
    else if (found?.isFile()) yield fileAt(full, `${prefix}${name}`, found.size)
  }
}

export const fileAt = (full: string, path: string, bytes: number): FileEntry => ({ path, bytes, open: async () => createReadStream(full) })

export const isFolder = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined))?.isDirectory() ?? false
export const isFile = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined))?.isFile() ?? false
