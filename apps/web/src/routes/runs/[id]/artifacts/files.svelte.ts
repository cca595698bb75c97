/** Files of a run or a model as a tree: each folder is asked for when it is opened, and again by `refresh` while it is open. */
import { type ApiError, type ResultOf, toApiError } from '#lib/api.ts'
import type { Artifacts } from '../documents.ts'

export type File = NonNullable<ResultOf<typeof Artifacts>['run']>['artifacts'][number]

interface Folder {
  files: readonly File[] | undefined
  error: ApiError | undefined
}

export interface Row {
  file: File
  depth: number
  isOpen: boolean
  /** Why an open folder shows nothing below it. */
  state: 'loading' | 'empty' | 'error' | undefined
}

const byName = new Intl.Collator('en', { numeric: true })

/** A file's name without its folders. */
export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** The folders a path lies in, outermost first. */
export function foldersOf(path: string): string[] {
  const parts = path.split('/')
  return parts.slice(0, -1).map((_, i) => parts.slice(0, i + 1).join('/'))
}

export class Files {
  /** One level below a path. */
  readonly #ask: (path: string) => Promise<readonly File[]>
  #folders = $state.raw<ReadonlyMap<string, Folder>>(new Map())
  #open = $state.raw<ReadonlySet<string>>(new Set())

  constructor(ask: (path: string) => Promise<readonly File[]>) {
    this.#ask = ask
  }

  /** Undefined until the answer is there. */
  get top(): readonly File[] | undefined {
    return this.#folders.get('')?.files
  }

  /** Why the top did not load. */
  get error(): ApiError | undefined {
    return this.#folders.get('')?.error
  }

  /** What is on screen, from top to bottom. */
  get rows(): Row[] {
    const rows: Row[] = []
    const walk = (path: string, depth: number) => {
      for (const file of this.#folders.get(path)?.files ?? []) {
        const isOpen = file.isDirectory && this.#open.has(file.path)
        const folder = isOpen ? this.#folders.get(file.path) : undefined
        const state = !isOpen
          ? undefined
          : folder?.error
            ? 'error'
            : folder?.files === undefined
              ? 'loading'
              : folder.files.length === 0
                ? 'empty'
                : undefined
        rows.push({ file, depth, isOpen, state })
        if (isOpen) walk(file.path, depth + 1)
      }
    }
    walk('', 0)
    return rows
  }

  /** A file that is known, by its path. */
  find(path: string): File | undefined {
    const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : ''
    return this.#folders.get(folder)?.files?.find((file) => file.path === path)
  }

  /** What a folder holds, without opening it. */
  async peek(path: string): Promise<readonly File[]> {
    await this.load(path)
    return this.#folders.get(path)?.files ?? []
  }

  /** Asks for a folder; folders come before files. */
  async load(path = ''): Promise<void> {
    try {
      const files = [...(await this.#ask(path))].sort(
        (a, b) => Number(b.isDirectory) - Number(a.isDirectory) || byName.compare(a.path, b.path),
      )
      this.#set(path, { files, error: undefined })
    } catch (caught) {
      this.#set(path, { files: this.#folders.get(path)?.files, error: toApiError(caught) })
    }
  }

  /** Opens a folder, or all that lead to a file. */
  async reveal(path: string): Promise<void> {
    for (const folder of foldersOf(path)) if (!this.#open.has(folder)) await this.toggle(folder)
  }

  async toggle(path: string): Promise<void> {
    const open = new Set(this.#open)
    if (open.delete(path)) this.#open = open
    else {
      this.#open = open.add(path)
      await this.load(path)
    }
  }

  /** Looks again at all that is shown. */
  async refresh(): Promise<void> {
    await Promise.all(['', ...this.#open].map((path) => this.load(path)))
  }

  #set(path: string, folder: Folder): void {
    this.#folders = new Map(this.#folders).set(path, folder)
  }
}
