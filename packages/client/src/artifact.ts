/** Files of runs and models, uploaded: each is written whole or not at all, and may be sent again. */
import { node } from './address.ts'
import { ApiError } from './api-error.ts'
import { exchange, readAnswer } from './exchange.ts'

/**
 * What a file holds: text, bytes, in Node a file on this machine, which is streamed, or a function that opens a stream: it is called
 * again where it must be sent again.
 */
export type ArtifactContent =
  | string
  | Blob
  | ArrayBuffer
  | Uint8Array<ArrayBuffer>
  | { file: string | URL }
  | (() => ReadableStream<Uint8Array<ArrayBuffer>>)

export interface TransferOptions {
  /** Told of bytes that are done, and of how many there are where that is known. */
  onProgress?: ((done: number, total: number | undefined) => void) | undefined
  signal?: AbortSignal | undefined
}

/** Asked for at run time, so that no bundler looks for Node's modules. */
async function openFile(path: string | URL): Promise<Blob> {
  const fs = node?.getBuiltinModule('node:fs')
  if (!fs) throw new TypeError(`The file '${path}' can't be opened in a browser: give its content, such as the File of an input.`)
  if (!(await fs.promises.stat(path)).isFile()) throw new TypeError(`'${path}' is not a file.`)
  return fs.openAsBlob(path)
}

/** The content as a Blob, or as a stream where its size isn't known. */
export async function opened(content: ArtifactContent): Promise<Blob | ReadableStream<Uint8Array<ArrayBuffer>>> {
  if (typeof content === 'function') return content()
  if (typeof content === 'object' && 'file' in content) return openFile(content.file)
  return content instanceof Blob ? content : new Blob([content])
}

function counted(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  total: number | undefined,
  onProgress: NonNullable<TransferOptions['onProgress']>,
) {
  let done = 0
  return stream.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        controller.enqueue(chunk)
        onProgress((done += chunk.byteLength), total)
      },
    }),
  )
}

/** A browser's fetch tells nothing of what it has sent. */
function sendByXhr(method: string, url: string, body: Blob, { onProgress, signal }: TransferOptions): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const Xhr = (globalThis as unknown as { XMLHttpRequest: new () => Xhr }).XMLHttpRequest
    const request = new Xhr()
    request.open(method, url)
    request.setRequestHeader('content-type', 'application/octet-stream')
    request.upload.onprogress = ({ loaded, total }) => onProgress?.(loaded, total)
    request.onload = () => {
      const { status, statusText, responseText } = request
      try {
        resolve(
          readAnswer(
            url,
            { ok: status >= 200 && status < 300, status, statusText },
            responseText,
            request.getResponseHeader('retry-after'),
          ),
        )
      } catch (error) {
        reject(error)
      }
    }
    request.onerror = () => reject(new ApiError('UNREACHABLE', `No answer from ${new URL(url).origin}.`))
    request.onabort = () => reject(signal?.reason)
    signal?.addEventListener('abort', () => request.abort(), { once: true })
    request.send(body)
  })
}

/** As much of XMLHttpRequest as is used; Node's types have none. */
interface Xhr {
  open(method: string, url: string): void
  setRequestHeader(name: string, value: string): void
  getResponseHeader(name: string): string | null
  send(body: Blob): void
  abort(): void
  upload: { onprogress: (event: { loaded: number; total: number }) => void }
  onload: () => void
  onerror: () => void
  onabort: () => void
  status: number
  statusText: string
  responseText: string
}

async function send(method: string, to: string, content: ArtifactContent, options: TransferOptions = {}): Promise<void> {
  const { onProgress, signal } = options
  signal?.throwIfAborted()
  let body = await opened(content)
  // Browsers stream requests over HTTP/2 only.
  if (!node && !(body instanceof Blob)) body = await new Response(body).blob()
  // That nothing is sent could be a mistake, as it is MLflow's pages': it is said that none is.
  const url = method === 'POST' && body instanceof Blob && body.size === 0 ? `${to}&size=0` : to
  if (onProgress && !node) return void (await sendByXhr(method, url, body as Blob, options))
  const total = body instanceof Blob ? body.size : undefined
  const bytes = onProgress ? counted(body instanceof Blob ? body.stream() : body, total, onProgress) : body
  const init = { method, headers: { 'content-type': 'application/octet-stream' }, body: bytes, signal: signal ?? null }
  // As long as it takes: how long depends on its size.
  await exchange(url, bytes instanceof Blob ? init : ({ ...init, duplex: 'half' } as RequestInit), Number.POSITIVE_INFINITY)
}

/** Writes a file of a run. */
export const upload = (origin: string, runId: string, path: string, content: ArtifactContent, options?: TransferOptions): Promise<void> =>
  send('POST', `${origin}/ajax-api/2.0/mlflow/upload-artifact?${new URLSearchParams({ run_uuid: runId, path })}`, content, options)

/** Writes a file at a place below `mlflow-artifacts:/`. */
export const putFile = (origin: string, path: string, content: ArtifactContent): Promise<void> =>
  send('PUT', `${origin}/api/2.0/mlflow-artifacts/artifacts/${path.split('/').map(encodeURIComponent).join('/')}`, content)
