/** Asking the server and following it live: everything of its GraphQL API, with typed documents. */
import { print } from 'graphql'
import type { Client as Socket } from 'graphql-ws'
import { addressOf } from './address.ts'
import { ApiError } from './api-error.ts'
import { graphql, type ResultOf, type TypedDocument } from './documents.ts'
import { exchange } from './exchange.ts'
import { type Failure, failure, listen, openSocket, type WebSocketConstructor } from './live.ts'

export interface ConnectOptions {
  /** @default in Node TIDEGATE_URL, else MLFLOW_TRACKING_URI, else http://127.0.0.1:5000; in a browser where the page is from */
  url?: string | URL
  /** For Node before 22, which has none: `ws`'s. @default the global one */
  webSocket?: WebSocketConstructor
}

export interface AskOptions {
  signal?: AbortSignal
}

/** Variables may be left out where none is required. */
export type Asking<Variables> =
  Partial<Variables> extends Variables ? [variables?: Variables, options?: AskOptions] : [variables: Variables, options?: AskOptions]

export interface PointsOptions {
  /** Ids of runs, at most 200. */
  runs: readonly string[]
  /** Names of metrics. @default all */
  keys?: readonly string[]
  /**
   * `start`: all there is, then what comes. `now`: what comes. Or the cursors of an earlier batch, run by run, to go on from there;
   * a run that is not among them comes from its start. @default 'start'
   */
  from?: 'start' | 'now' | Readonly<Record<string, string>>
  signal?: AbortSignal
}

/** Points of one metric of one run as columns of equal length. */
export interface NewPoints {
  run: string
  key: string
  steps: number[]
  /** ms since 1970 */
  times: number[]
  /** NaN is one too; infinities are kept by the server as ±Number.MAX_VALUE. */
  values: number[]
}

export interface PointsBatch {
  points: NewPoints[]
  /** Where each run now is: give it as `from` to go on later. */
  cursors: Record<string, string>
}

export interface Client {
  /** The server's address. */
  readonly url: string
  /**
   * Asks once; also for mutations. Never sends again by itself.
   * @throws ApiError the server's first error; UNREACHABLE. An abort rejects with the signal's reason
   */
  query<Result, Variables>(document: TypedDocument<Result, Variables> | string, ...asking: Asking<Variables>): Promise<Result>
  /**
   * Follows a subscription: `for await (const { runsChanged } of client.subscribe(document, variables))`. Leaving the loop or
   * aborting ends it. After a lost connection it is asked again with the same variables: what came meanwhile is missed,
   * unless the variables are a function that gives the newest cursor.
   * @throws ApiError the server's refusal; UNREACHABLE where it never answered. TypeError where there is no WebSocket
   */
  subscribe<Result, Variables>(
    document: TypedDocument<Result, Variables> | string,
    variables?: Variables | (() => Variables),
    options?: AskOptions,
  ): AsyncIterableIterator<Result>
  /**
   * Points of runs, as they come. Each point comes exactly once, in batches at most ten times a second, whatever happens to the connection.
   * @throws as `subscribe`; RESOURCE_DOES_NOT_EXIST where there is no such run
   */
  points(options: PointsOptions): AsyncIterableIterator<PointsBatch>
  /** Ends what is subscribed to. */
  close(): void
}

const Cursors = graphql(`query Cursors($ids: [ID!]!) { runs(ids: $ids) { id cursor } }`)
const Points = graphql(`subscription Points($runs: [RunCursor!]!, $keys: [String!]) {
  points(runs: $runs, keys: $keys) { points { run key steps times values } cursors { run cursor } }
}`)

const texts = new WeakMap<object, string>()
function textOf(document: TypedDocument<unknown, never> | string): string {
  if (typeof document === 'string') return document
  let text = texts.get(document)
  if (text === undefined) texts.set(document, (text = print(document)))
  return text
}

/** Opens a client. Nothing is sent until something is asked. Throws a TypeError where the address is none. */
export function connect(options: ConnectOptions = {}): Client {
  const url = addressOf(options.url)
  const leaving = new AbortController()
  let opened: Socket | undefined
  const socket = () => (opened ??= openSocket(url, options.webSocket))
  const until = (signal?: AbortSignal) => (signal ? AbortSignal.any([signal, leaving.signal]) : leaving.signal)

  const client: Client = {
    url,
    async query<Result, Variables>(
      document: TypedDocument<Result, Variables> | string,
      ...[variables, { signal } = {}]: Asking<Variables>
    ) {
      const answer = (await exchange(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify({ query: textOf(document), variables }),
        signal: signal ?? null,
      })) as { data?: Result; errors?: Failure[] }
      if (answer.errors?.length) throw failure(answer.errors, 200)
      return answer.data as Result
    },

    subscribe<Result, Variables>(
      document: TypedDocument<Result, Variables> | string,
      variables?: Variables | (() => Variables),
      { signal }: AskOptions = {},
    ) {
      const newest = () => (typeof variables === 'function' ? (variables as () => Variables)() : variables) as Record<string, unknown>
      return listen(socket, { query: textOf(document), variables: newest, take: (answer: Result) => answer, signal: until(signal) })
    },

    points({ runs, keys, from = 'start', signal }) {
      const cursors = new Map(runs.map((run): [string, string] => [run, (typeof from === 'object' && from[run]) || '0']))
      const toNow = async () => {
        const found = await client.query(Cursors, { ids: [...runs] }, signal && { signal })
        found.runs.forEach((run, i) => {
          if (!run) throw new ApiError('RESOURCE_DOES_NOT_EXIST', `Run with id=${runs[i]} not found`, { field: 'runs', status: 200 })
          cursors.set(run.id, run.cursor)
        })
      }
      return listen(socket, {
        query: textOf(Points),
        prepare: from === 'now' ? toNow : undefined,
        variables: () => ({ runs: [...cursors].map(([run, after]) => ({ run, after })), keys }),
        // The cursors move when a batch comes: a connection lost before it is read must not bring it again.
        take: ({ points: { points, cursors: moved } }: ResultOf<typeof Points>): PointsBatch => {
          for (const { run, cursor } of moved) cursors.set(run, cursor)
          return {
            points: points.map((series) => ({ ...series, values: series.values.map(Number) })),
            cursors: Object.fromEntries(moved.map(({ run, cursor }) => [run, cursor])),
          }
        },
        signal: until(signal),
      })
    },

    close() {
      leaving.abort()
      void opened?.dispose()
    },
  }
  return client
}
