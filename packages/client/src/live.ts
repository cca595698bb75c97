/**
 * Subscriptions over one WebSocket, opened when the first begins and closed when the last ends. A lost connection comes back by itself,
 * with longer pauses, and each subscription is asked for again with the variables of that moment.
 */
import { createClient, type FormattedExecutionResult, type Client as Socket } from 'graphql-ws'
import { ApiError } from './api-error.ts'

/** A server that never answered is given up after so many tries; one that did is waited for without end. */
const triesAtFirst = 4
/** Pauses between tries, ms. */
const firstPause = 200
const lastPause = 5_000
/** A connection that says nothing for so long is asked, and given up when it stays silent for half of that again, ms. */
const silence = 10_000

/** An implementation of the WHATWG WebSocket. */
export type WebSocketConstructor = new (url: string, protocols?: string | string[]) => object

export function openSocket(origin: string, webSocketImpl: WebSocketConstructor | undefined): Socket {
  if (!webSocketImpl && !('WebSocket' in globalThis)) {
    throw new TypeError(
      "There is no WebSocket here, as Node has since 22. Give one: connect({ webSocket: (await import('ws')).WebSocket }).",
    )
  }
  let connected = false
  let tries = 0
  let dead: ReturnType<typeof setTimeout> | undefined
  const socket = createClient({
    url: `${origin.replace(/^http/, 'ws')}/graphql`,
    ...(webSocketImpl && { webSocketImpl }),
    keepAlive: silence,
    connectionAckWaitTimeout: silence,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => connected || ++tries < triesAtFirst,
    retryWait: (retries) =>
      new Promise((resolve) => setTimeout(resolve, Math.min(lastPause, firstPause * 2 ** retries) * (0.5 + Math.random() / 2))),
    on: {
      connected: () => {
        connected = true
      },
      ping: (received) => {
        if (!received) dead = setTimeout(() => socket.terminate(), silence / 2)
      },
      pong: (received) => {
        if (received) clearTimeout(dead)
      },
      closed: () => clearTimeout(dead),
    },
  })
  return socket
}

export interface Failure {
  message: string
  extensions?: Record<string, unknown> | undefined
}

/** The first of an answer's errors. */
export function failure([error]: readonly Failure[], status = 0): ApiError {
  const { code, field } = error?.extensions ?? {}
  return new ApiError(typeof code === 'string' ? code : 'INTERNAL_ERROR', error?.message ?? 'The server gave no reason.', {
    status,
    ...(typeof field === 'string' && { field }),
  })
}

/** A connection that is not tried again: a CloseEvent, or why none could be opened. */
function lost(cause: unknown): ApiError {
  const { code, reason, message } = cause as { code?: number; reason?: string; message?: string }
  const why = [code, reason || message].filter(Boolean).join(' ')
  return new ApiError('UNREACHABLE', `The live connection ${why ? `ended: ${why}` : 'could not be made'}.`, { cause })
}

export interface Listening<Answer, Result> {
  query: string
  /** Awaited before it is asked for. */
  prepare?: (() => Promise<void>) | undefined
  /** Read each time it is asked for, also after a lost connection. */
  variables: () => Record<string, unknown>
  /** What is made of an answer, when it comes and not when it is read. */
  take: (answer: Answer) => Result
  signal?: AbortSignal | undefined
}

/**
 * What a subscription yields, until its reader leaves, the signal aborts (which ends it without an error) or the server ends it.
 * Throws ApiError where the server refuses. Begins with the first `next()`.
 */
export function listen<Answer, Result>(
  socket: () => Socket,
  { query, prepare, variables, take, signal }: Listening<Answer, Result>,
): AsyncIterableIterator<Result> {
  const arrived: Result[] = []
  let ended = false
  let error: ApiError | undefined
  let wake = () => {}
  let dispose = () => {}

  const end = (reason?: ApiError) => {
    if (ended) return
    ended = true
    error = reason
    dispose()
    signal?.removeEventListener('abort', leave)
    wake()
  }
  const leave = () => {
    arrived.length = 0
    end()
  }

  async function begin() {
    if (signal?.aborted) return end()
    signal?.addEventListener('abort', leave)
    await prepare?.()
    if (ended) return
    dispose = socket().subscribe<Answer>(
      {
        query,
        get variables() {
          return variables()
        },
      },
      {
        next({ data, errors }: FormattedExecutionResult<Answer, unknown>) {
          if (ended) return
          if (errors?.length) return end(failure(errors as readonly Failure[]))
          arrived.push(take(data as Answer))
          wake()
        },
        error: (reason) => end(Array.isArray(reason) ? failure(reason) : lost(reason)),
        complete: () => end(),
      },
    )
  }

  async function* read(): AsyncGenerator<Result, void> {
    try {
      await begin()
      for (;;) {
        while (arrived.length) yield arrived.shift()!
        if (error) throw error
        if (ended) return
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    } finally {
      leave()
    }
  }
  const reader = read()
  return {
    next: () => reader.next(),
    // A generator's own return() would wait for the next answer, which may never come.
    return() {
      leave()
      return reader.return() as Promise<IteratorResult<Result>>
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
