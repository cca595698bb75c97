/**
 * One file, read as its kind needs it: text whole or its beginning, Parquet by the pages that are looked at, and what the browser shows by
 * itself not at all. Nothing a file holds is run in this page; HTML is shown in a frame the server shuts in.
 */
import { ApiError, toApiError } from '#lib/api.ts'
import { formatBytes, formatCount } from '#lib/format.ts'
import type { File } from './files.svelte.ts'
import { beginning, type Content, contentOf, isTextual, isTooLarge, type Kind, kindOf, mostText } from './preview.ts'

/** A table whose rows come when they are looked at. */
export interface Pages {
  columns: readonly string[]
  total: number
  read(from: number, to: number): Promise<readonly (readonly string[])[]>
}

/** How it is looked at, where there is a choice. */
export type Way = 'table' | 'tree' | 'page' | 'diff' | 'text'

const words: Record<Way, string> = { table: 'Table', tree: 'Tree', page: 'Page', diff: 'Diff', text: 'Text' }

export function refused(response: Response): ApiError {
  return new ApiError(
    `HTTP_${response.status}`,
    `The server answered ${response.status}.`,
    response.headers.get('x-request-id') ?? undefined,
  )
}

async function readText(url: string, size: number, signal: AbortSignal): Promise<{ text: string; isCut: boolean }> {
  const isCut = size > mostText
  const response = await fetch(url, { signal, headers: isCut ? { range: `bytes=0-${beginning - 1}` } : {} })
  if (!response.ok) throw refused(response)
  const text = await response.text()
  // A line that is cut says something else than it would whole.
  return { text: isCut && text.includes('\n') ? text.slice(0, text.lastIndexOf('\n')) : text, isCut }
}

/** Called while a component is set up. */
export function openFile(file: () => File) {
  let content = $state.raw<Content | undefined>()
  let pages = $state.raw<Pages | undefined>()
  let error = $state.raw<ApiError | undefined>()
  let isCut = $state(false)
  let natural = $state.raw<{ width: number; height: number } | undefined>()
  let chosen = $state<Way | undefined>()
  let tries = $state(0)

  // Apart from the file: a folder that is listed again has another object of the same file, which is no reason to read it anew.
  const path = $derived(file().path)
  const url = $derived(file().url!)
  const size = $derived(file().size ?? 0)
  const kind = $derived<Kind>(kindOf(path))
  const ways = $derived<Way[]>(
    kind === 'patch'
      ? ['diff', 'text']
      : kind === 'html' || kind === 'markdown'
        ? ['page', 'text']
        : kind === 'notebook'
          ? content?.json === undefined
            ? ['text']
            : ['page', 'text']
          : content?.table
            ? ['table', 'text']
            : content?.json !== undefined
              ? ['tree', 'text']
              : pages
                ? ['table']
                : ['text'],
  )
  const rows = $derived(pages && `${isCut ? 'the first ' : ''}${formatCount(pages.total)} ${pages.total === 1 ? 'row' : 'rows'}`)

  $effect(() => {
    void tries
    content = pages = error = natural = undefined
    isCut = false
    const [at, bytes, of, how] = [url, size, path, kind]
    const gone = new AbortController()
    const failed = (caught: unknown) => {
      if (!gone.signal.aborted) error = toApiError(caught)
    }
    if (how === 'parquet') {
      import('./parquet.ts')
        .then(({ openParquet }) => openParquet(at, bytes))
        .then((opened) => {
          if (!gone.signal.aborted) pages = opened
        }, failed)
    } else if (isTextual(how)) {
      readText(at, bytes, gone.signal)
        .then((read) => {
          const found = contentOf(how, of, read.text)
          const { table } = found
          isCut = read.isCut
          content = found
          pages = table && {
            columns: table.columns,
            total: table.rows.length,
            read: async (from, to) => table.rows.slice(from, to),
          }
        })
        .catch(failed)
    }
    return () => gone.abort()
  })

  return {
    get file() {
      return file()
    },
    get url() {
      return url
    },
    get kind() {
      return kind
    },
    /** Undefined while it loads, and for what is no text. */
    get content() {
      return content
    },
    get pages() {
      return pages
    },
    get error() {
      return error
    },
    /** The browser could not show it. */
    fail(message: string) {
      error = new ApiError('FILE', message)
    },
    retry() {
      tries++
    },
    /** It is longer than what is shown. */
    get isCut() {
      return isCut
    },
    get isTooLarge() {
      return isTooLarge(kind, size)
    },
    /** An image was loaded: its size, pixels. */
    measure(image: HTMLImageElement) {
      natural = { width: image.naturalWidth, height: image.naturalHeight }
    },
    get ways() {
      return ways.map((value) => ({ value, text: words[value] }))
    },
    get way(): Way {
      return chosen && ways.includes(chosen) ? chosen : ways[0]!
    },
    set way(next: Way) {
      chosen = next
    },
    /** What is known of it: bytes, pixels, rows. */
    get facts() {
      return [formatBytes(file().size), natural && `${formatCount(natural.width)} × ${formatCount(natural.height)}`, rows]
        .filter(Boolean)
        .join(' · ')
    },
  }
}

export type OpenFile = ReturnType<typeof openFile>
