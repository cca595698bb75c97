/** Requests and what is made of their answers; and how one is sent again until it is answered. */
import { ApiError } from './api-error.ts'

/** How long one request may take, ms, where it carries no file. */
const patience = 30_000
/** Between tries of one request, ms: doubled each time, from the first to the last. */
const firstPause = 100
const lastPause = 5_000
/** A server that asks for more is asked again anyhow, ms. */
const longestAdvice = 60_000
/** A fault of the server may pass, but what always fails must not be sent for ever. */
const triesAfterFault = 10

/** What to wait before the next try, ms, where the server said so. */
const advice = new WeakMap<ApiError, number>()

/** One request, as far as the answer's head. Throws ApiError where there is none; an abort as it is. */
export async function ask(url: string, init: RequestInit, timeout = patience): Promise<Response> {
  const late = timeout < Number.POSITIVE_INFINITY ? [AbortSignal.timeout(timeout)] : []
  const signals = [...late, ...(init.signal ? [init.signal] : [])]
  try {
    return await fetch(url, { ...init, signal: signals.length ? AbortSignal.any(signals) : null })
  } catch (error) {
    throw init.signal?.aborted ? error : unanswered(url, error)
  }
}

export const unanswered = (url: string, error: unknown) =>
  new ApiError('UNREACHABLE', `No answer from ${new URL(url).origin}: ${reason(error)}`, { cause: error })

/** One request and its answer's JSON. Throws ApiError where there is no answer or a refusal; an abort as it is. */
export async function exchange(url: string, init: RequestInit, timeout = patience): Promise<unknown> {
  const response = await ask(url, init, timeout)
  const text = await response.text().catch((error) => {
    throw init.signal?.aborted ? error : unanswered(url, error)
  })
  return readAnswer(url, response, text, response.headers.get('retry-after'))
}

/** What an answer's body says; throws ApiError where it is a refusal, or not the server's. */
export function readAnswer(
  url: string,
  { ok, status, statusText }: Pick<Response, 'ok' | 'status' | 'statusText'>,
  text: string,
  retryAfter: string | null,
): unknown {
  const body = readBody(text)
  // GraphQL's refusals have their own shape, whatever the status.
  if (body && (ok || Array.isArray(body.errors))) return body
  const { error_code: code, message } = body ?? {}
  const error = new ApiError(
    // A success without its answer came from something in between, or was cut.
    typeof code === 'string' ? code : ok ? 'UNREACHABLE' : 'HTTP_ERROR',
    typeof message === 'string' ? message : `${url} answered ${status} ${statusText}: ${text.slice(0, 200)}`,
    { status },
  )
  const wait = Number(retryAfter)
  if (wait > 0) advice.set(error, Math.min(wait * 1000, longestAdvice))
  throw error
}

/** Node hides why a request failed one level down. */
const reason = (error: unknown) => {
  const { cause, message } = error as Error
  return cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : message
}

function readBody(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** One of MLflow's calls, by its path below /api/2.0/mlflow/. */
export function callWire(origin: string, method: 'GET' | 'POST' | 'PATCH', path: string, input: object): Promise<unknown> {
  const url = `${origin}/api/2.0/mlflow/${path}`
  if (method === 'GET') return exchange(`${url}?${new URLSearchParams(input as Record<string, string>)}`, {})
  return exchange(url, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(input) })
}

/** Whether the same request may do better later. */
function mayPass(error: unknown, tries: number): error is ApiError {
  if (!(error instanceof ApiError)) return false
  const { code, status } = error
  if (status === 500) return tries < triesAfterFault
  return code === 'UNREACHABLE' || status === 429 || (status >= 502 && status <= 504)
}

/**
 * Tries until there is an answer that settles it. Only for what may be sent twice. `pause` waits, or throws to give up: it
 * is told the ms to wait and what failed.
 */
export async function persist<T>(attempt: () => Promise<T>, pause: (ms: number, error: ApiError) => Promise<void>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      if (!mayPass(error, tries)) throw error
      const longest = Math.min(lastPause, firstPause * 2 ** (tries - 1))
      await pause(advice.get(error) ?? longest * (0.5 + Math.random() / 2), error)
    }
  }
}

/** A `pause` that gives up after `ms` in all. */
export function patienceOf(ms: number): (wait: number, error: ApiError) => Promise<void> {
  const end = Date.now() + ms
  return async (wait, error) => {
    if (Date.now() + wait > end) throw unreached(ms, error)
    await new Promise((resolve) => setTimeout(resolve, wait))
  }
}

/** The error of giving up after `ms`. */
export const unreached = (ms: number, last: ApiError, note = '') =>
  new ApiError(
    'UNREACHABLE',
    `The server could not be reached for ${ms < 1000 ? `${ms} ms` : `${Math.round(ms / 1000)} s`}. ${note}The last try: ${last.message}`,
    {
      status: last.status,
      cause: last,
    },
  )
