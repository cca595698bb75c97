/**
 * The one door to the server. Every document is typed against `packages/client/schema.graphql`. Nothing is cached: each call asks the
 * server, and a page that wants to show its last answer meanwhile keeps it.
 */
import type { DocumentNode } from '@0no-co/graphql.web'
import { initGraphQLTada, type TadaDocumentNode } from 'gql.tada'
import { socket } from '#lib/connection.svelte.ts'
import type { Real } from '#lib/format.ts'
import type { introspection } from '../../.svelte-kit/graphql-env'

/** Writes a typed document: ``graphql(`query Runs { … }`)``. Name every operation. */
export const graphql = /* @__PURE__ */ initGraphQLTada<{
  introspection: introspection
  disableMasking: true
  scalars: { Timestamp: number; Long: number; Real: Real; Cell: number | string | null; Doubles: string }
}>()

export type { FragmentOf, ResultOf, VariablesOf } from 'gql.tada'

/** What went wrong with a request, in words for the reader. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** One of the server's codes, such as RESOURCE_DOES_NOT_EXIST; UNREACHABLE when no answer came. */
  readonly code: string
  /** Finds the request in the server's log. */
  readonly requestId: string | undefined
  /** The input that it is about, where the server says. */
  readonly field: string | undefined

  constructor(code: string, message: string, requestId?: string, field?: string) {
    super(message)
    this.code = code
    this.requestId = requestId
    this.field = field
  }
}

interface GraphQLFailure {
  message: string
  extensions?: Record<string, unknown>
}

interface Answer<Result> {
  data?: Result | null
  errors?: readonly GraphQLFailure[]
}

const listeners = new Set<() => void>()
/** Heard when a request is refused because nobody is signed in any more. */
export const signedOut = {
  listen: (heard: () => void) => void listeners.add(heard),
}

function failure(error: GraphQLFailure, requestId: string | undefined): ApiError {
  const { code, requestId: own, field } = error.extensions ?? {}
  if (code === 'UNAUTHENTICATED') for (const heard of listeners) heard()
  return new ApiError(
    typeof code === 'string' ? code : 'INTERNAL_ERROR',
    error.message,
    typeof own === 'string' ? own : requestId,
    typeof field === 'string' ? field : undefined,
  )
}

/** What the build leaves of a document: documents.ts. While developing it is a DocumentNode. */
interface Built {
  name: string
  id: string
}

/** False once the server does not know one: it is newer or older than this page. */
let known = true

const isBuilt = (document: object): document is Built => !import.meta.env.DEV && 'id' in document
const idOf = (document: object): string | undefined => (known && isBuilt(document) ? document.id : undefined)
const isUnknownDocument = (failure: GraphQLFailure): boolean => failure.extensions?.field === 'documentId'

/** The texts of all documents, for a server that does not know their digests. */
export const loadTexts = () => import('virtual:document-texts')

async function textOf(document: object): Promise<string> {
  if (isBuilt(document)) {
    const texts = await loadTexts().catch(() => {
      throw new ApiError('PAGE_ERROR', 'The page is of another version than the server. Reload it.')
    })
    return texts.default[document.name]!
  }
  return (await import('@0no-co/graphql.web')).print(document as DocumentNode)
}

async function ask<Result, Variables>(
  document: TadaDocumentNode<Result, Variables>,
  variables: Variables,
  signal: AbortSignal | undefined,
): Promise<Result> {
  const documentId = idOf(document)
  const asked = documentId ? { documentId } : { query: await textOf(document) }
  let response: Response
  try {
    response = await fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json, application/json' },
      body: JSON.stringify({ ...asked, variables }),
      signal: signal ?? null,
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new ApiError('UNREACHABLE', 'The server did not answer.')
  }
  const requestId = response.headers.get('x-request-id') ?? undefined
  let answer: Answer<Result>
  try {
    answer = (await response.json()) as Answer<Result>
  } catch (error) {
    if (signal?.aborted) throw error
    throw new ApiError(`HTTP_${response.status}`, `The server answered ${response.status} without a result.`, requestId)
  }
  const first = answer.errors?.[0]
  if (first !== undefined && documentId && isUnknownDocument(first)) {
    known = false
    return ask(document, variables, signal)
  }
  if (first !== undefined) throw failure(first, requestId)
  if (answer.data === undefined || answer.data === null) {
    throw new ApiError(`HTTP_${response.status}`, `The server answered ${response.status} without a result.`, requestId)
  }
  return answer.data
}

/** Asks once. Throws ApiError; an aborted signal rejects with its AbortError. */
export function query<Result, Variables>(
  document: TadaDocumentNode<Result, Variables>,
  variables: Variables,
  options: { signal?: AbortSignal } = {},
): Promise<Result> {
  return ask(document, variables, options.signal)
}

/** Changes something. Throws ApiError; never sent twice. */
export function mutate<Result, Variables>(document: TadaDocumentNode<Result, Variables>, variables: Variables): Promise<Result> {
  return ask(document, variables, undefined)
}

/** What a caught error says: an ApiError as it is, anything else as a failure of the page. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  return new ApiError('PAGE_ERROR', error instanceof Error ? error.message : String(error))
}

/**
 * Listens until the returned function is called. The line comes back by itself when it is lost, and asks again with the variables of
 * that moment: give a function that reads your newest cursor, and what came meanwhile arrives first. A refusal (a GraphQL error) goes
 * to `onError` and ends the listening.
 */
export function live<Result, Variables>(
  document: TadaDocumentNode<Result, Variables>,
  variables: Variables | (() => Variables),
  onData: (data: Result) => void,
  onError?: (error: ApiError) => void,
): () => void {
  let stopped = false
  let dispose: () => void = () => {}
  let pause: ReturnType<typeof setTimeout> | undefined

  const listen = async () => {
    const id = idOf(document)
    const payload = {
      // A WebSocket's message has a text, be it empty.
      query: id ? '' : await textOf(document),
      extensions: id ? { persistedQuery: { version: 1, sha256Hash: id } } : undefined,
      // Read each time the subscription is sent, which is also after each lost connection.
      get variables() {
        return (typeof variables === 'function' ? (variables as () => Variables)() : variables) as Record<string, unknown>
      },
    }
    if (stopped) return
    dispose = socket().subscribe<Result>(payload, {
      next: (answer) => {
        if (stopped) return
        const first = answer.errors?.[0]
        if (first !== undefined) onError?.(failure(first as GraphQLFailure, undefined))
        else if (answer.data) onData(answer.data)
      },
      error: (error) => {
        if (stopped) return
        const first = Array.isArray(error) ? (error[0] as GraphQLFailure) : undefined
        if (first && isUnknownDocument(first) && id) {
          known = false
          return begin()
        }
        onError?.(first ? failure(first, undefined) : new ApiError('UNREACHABLE', 'Live updates ended.'))
      },
      // The server ended it without a refusal, as it does when it stops: listen again.
      complete: () => {
        if (!stopped) pause = setTimeout(begin, 1_000)
      },
    })
  }
  const begin = () => void listen().catch((error: unknown) => onError?.(toApiError(error)))
  begin()
  return () => {
    stopped = true
    clearTimeout(pause)
    dispose()
  }
}
