/** Files of runs, read. A connection that is cut is opened again where it was; a file that was replaced meanwhile is an error, not a mixture. */
import { ApiError } from './api-error.ts'
import { ask, callWire, patienceOf, persist, readAnswer, unanswered } from './exchange.ts'

export interface RunFile {
  /** Below the run's artifacts, with `/` between folders. */
  path: string
  /** Bytes. */
  size: number
}

export interface DownloadOptions {
  /** The first byte, from 0. @default 0 */
  start?: number | undefined
  /** The last byte, inclusive. @default the file's last */
  end?: number | undefined
  /** Told of bytes that came, and of how many there are. */
  onProgress?: ((done: number, total: number) => void) | undefined
  signal?: AbortSignal | undefined
}

/** A file of a run, or a part of it, on its way. Read it once, by one of these. */
export interface Download {
  /** Bytes of the whole file. */
  size: number
  /** Says which version of the file it is. */
  etag: string
  stream: ReadableStream<Uint8Array<ArrayBuffer>>
  bytes(): Promise<Uint8Array<ArrayBuffer>>
  text(): Promise<string>
}

/** How long a server that is away is waited for, and a connection that brings nothing, ms. */
const patience = 60_000
const silence = 30_000

const urlOf = (origin: string, runId: string, path: string) => `${origin}/get-artifact?${new URLSearchParams({ run_id: runId, path })}`

interface WireFile {
  path: string
  is_dir?: boolean
  file_size?: number
}

async function list(origin: string, runId: string, path: string): Promise<WireFile[]> {
  const query = { run_id: runId, ...(path && { path }) }
  const { files } = (await persist(() => callWire(origin, 'GET', 'artifacts/list', query), patienceOf(patience))) as { files?: WireFile[] }
  return files ?? []
}

/** The file of a path; undefined where there is a folder, or nothing. */
export async function fileOf(origin: string, runId: string, path: string): Promise<RunFile | undefined> {
  const folder = path.split('/').slice(0, -1).join('/')
  const found = (await list(origin, runId, folder)).find((file) => file.path === path && !file.is_dir)
  return found && { path, size: Number(found.file_size ?? 0) }
}

/** All files below a folder of a run, folder by folder. */
export async function* filesOf(origin: string, runId: string, path: string, signal?: AbortSignal): AsyncGenerator<RunFile, void> {
  for (const file of await list(origin, runId, path)) {
    signal?.throwIfAborted()
    if (file.is_dir) yield* filesOf(origin, runId, file.path, signal)
    else yield { path: file.path, size: Number(file.file_size ?? 0) }
  }
}

interface Part {
  at: number
  end: number | undefined
  /** Of the version that is meant; undefined: any. */
  etag: string | undefined
}

async function open(url: string, { at, end, etag }: Part, signal: AbortSignal | null, method = 'GET'): Promise<Response> {
  const ranged = at > 0 || end !== undefined
  const headers: Record<string, string> = {
    ...(ranged && { range: `bytes=${at}-${end ?? ''}` }),
    ...(ranged && etag && { 'if-range': etag }),
  }
  // How long its body takes depends on its size.
  const response = await ask(url, { method, headers, signal }, method === 'HEAD' ? undefined : Number.POSITIVE_INFINITY)
  if (response.status === 416) {
    throw new ApiError(
      'INVALID_PARAMETER_VALUE',
      `The file has ${response.headers.get('content-range')?.split('/')[1]} bytes: there is nothing from ${at} on.`,
      {
        field: 'start',
        status: 416,
      },
    )
  }
  if (!response.ok) readAnswer(url, response, await response.text(), response.headers.get('retry-after'))
  const { headers: answered } = response
  const changed = etag !== undefined && answered.get('etag') !== etag
  if (changed || (ranged && response.status !== 206)) {
    await response.body?.cancel()
    const why = changed ? 'was replaced while it was read. Read it again.' : 'is not given in parts.'
    throw new ApiError('RESOURCE_CONFLICT', `The file ${new URL(url).searchParams.get('path')} ${why}`, { status: response.status })
  }
  return response
}

/** The version of a file. */
export async function etagOf(origin: string, runId: string, path: string, signal?: AbortSignal): Promise<string> {
  const url = urlOf(origin, runId, path)
  const none = { at: 0, end: undefined, etag: undefined }
  return (await persist(() => open(url, none, signal ?? null, 'HEAD'), patienceOf(patience))).headers.get('etag') ?? ''
}

/** Opens a file, or a part of it. Throws ApiError where there is none. */
export async function download(
  origin: string,
  runId: string,
  path: string,
  { start = 0, end, onProgress, signal, etag: wanted }: DownloadOptions & { etag?: string } = {},
): Promise<Download> {
  const url = urlOf(origin, runId, path)
  /** Ends a connection that is given up; not the download. */
  let connection = new AbortController()
  const connect = (at: number, etag: string | undefined) =>
    persist(async () => {
      connection = new AbortController()
      const late = setTimeout(() => connection.abort(), silence)
      try {
        return await open(url, { at, end, etag }, signal ? AbortSignal.any([signal, connection.signal]) : connection.signal)
      } catch (error) {
        throw error instanceof ApiError || signal?.aborted ? error : unanswered(url, error)
      } finally {
        clearTimeout(late)
      }
    }, patienceOf(patience))

  const first = await connect(start, wanted)
  const etag = first.headers.get('etag') ?? ''
  const size = Number(first.headers.get('content-range')?.split('/')[1] ?? first.headers.get('content-length') ?? 0)
  const stop = Math.min(end ?? size - 1, size - 1) + 1
  let at = start
  let reader = first.body?.getReader()

  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        for (;;) {
          const late = setTimeout(() => connection.abort(), silence)
          try {
            const { value } = (await reader?.read()) ?? {}
            if (value) {
              at += value.byteLength
              onProgress?.(at - start, stop - start)
              controller.enqueue(value)
              if (at < stop) return
            }
            if (at >= stop) return controller.close()
            throw unanswered(url, new Error('the connection ended'))
          } catch (error) {
            if (signal?.aborted) throw error
            reader = (await connect(at, etag)).body?.getReader()
          } finally {
            clearTimeout(late)
          }
        }
      },
      cancel: (reason) => reader?.cancel(reason),
    },
    { highWaterMark: 0 },
  )
  return {
    size,
    etag,
    stream,
    bytes: async () => new Uint8Array(await new Response(stream).arrayBuffer()),
    text: () => new Response(stream).text(),
  }
}
