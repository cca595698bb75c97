/** Asking an MLflow server: its JSON, which is not always JSON, and its patience. */
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { TransferError } from '../record.ts'

/** How long a server that is away or over-burdened is waited for, ms. */
const patience = 60_000
const pause = 500

export class MlflowError extends Error {
  readonly status: number
  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}

export interface MlflowServer {
  readonly url: string
  /** A call by its whole path. Throws MlflowError for a refusal, TransferError where it can't be reached. */
  get<Answer>(path: string, query: Array<[string, string]>): Promise<Answer>
  post<Answer>(path: string, body: object): Promise<Answer>
  /** The bytes at a path. */
  open(path: string): Promise<Readable>
}

/** `url` may hold a user and a password; `token` is sent as a bearer's. */
export function mlflowServer(address: string, { token }: { token?: string | undefined } = {}): MlflowServer {
  const parsed = new URL(address)
  const { username, password } = parsed
  const headers: Record<string, string> = {}
  if (username)
    headers.authorization = `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`
  else if (token) headers.authorization = `Bearer ${token}`
  parsed.username = ''
  parsed.password = ''
  parsed.search = ''
  const url = parsed.href.replace(/\/+$/, '')

  async function ask(path: string, init: RequestInit = {}): Promise<Response> {
    const end = Date.now() + patience
    for (;;) {
      let problem: string
      let response: Response | undefined
      try {
        response = await fetch(url + path, { ...init, headers: { ...headers, ...(init.headers as Record<string, string>) } })
        if (response.ok) return response
        problem = `${url} answered ${response.status} to ${path.split('?')[0]}: ${messageOf(await response.text())}`
      } catch (error) {
        const { cause, message } = error as Error
        problem = `${url} could not be reached: ${cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : message}.`
      }
      const mayPass = response === undefined || response.status === 429 || response.status >= 502
      if (!mayPass && response) throw new MlflowError(problem, response.status)
      if (Date.now() > end) throw new TransferError(`${problem} What came is kept: import again to go on.`)
      await sleep(pause)
    }
  }

  return {
    url,
    async get<Answer>(path: string, query: Array<[string, string]>) {
      return read(await (await ask(`${path}?${new URLSearchParams(query)}`)).text(), path) as Answer
    },
    async post<Answer>(path: string, body: object) {
      const response = await ask(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
      return read(await response.text(), path) as Answer
    },
    async open(path) {
      return Readable.fromWeb((await ask(path)).body as never)
    },
  }
}

function messageOf(text: string): string {
  try {
    return String(JSON.parse(text).message)
  } catch {
    return text.slice(0, 200)
  }
}

/** Python writes NaN and Infinity as they are; no name of a metric holds a quote, so they stand only where a value does. */
function read(text: string, path: string): unknown {
  try {
    return JSON.parse(text.replace(/("value":\s*)(NaN|-?Infinity)/g, '$1"$2"'))
  } catch {
    throw new TransferError(`${path} was answered with something else than JSON: ${text.slice(0, 200)}. Is it an MLflow server's address?`)
  }
}
