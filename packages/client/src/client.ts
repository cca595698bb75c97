/** Asking the server and following it live: everything of its GraphQL API, with typed documents. */
import { print } from '@0no-co/graphql.web'
import type { Client as Socket } from 'graphql-ws'
import { addressOf } from './address.ts'
import { ApiError } from './api-error.ts'
import { type ArtifactContent, type TransferOptions, upload } from './artifact.ts'
import { graphql, type ResultOf, type TypedDocument } from './documents.ts'
import { type Download, type DownloadOptions, download, filesOf, type RunFile } from './download.ts'
import { exchange } from './exchange.ts'
import { type Host, inNode } from './host.ts'
import { type Failure, failure, listen, openSocket, type WebSocketConstructor } from './live.ts'
import type { ReplayOptions, ReplayReport } from './replay.ts'
import { allPages, type FoundRun, findRuns, type Page, type Row, type RunSearch, type RunValuesWanted, readTable } from './search.ts'

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

export interface ChangesOptions {
  /** Ids of experiments. */
  experiments: readonly string[]
  /** `start`: all runs there are, then what changes. `now`: what changes. Or the cursor of an earlier batch. @default 'now' */
  from?: 'start' | 'now' | (string & {})
  signal?: AbortSignal
}

export type ChangesBatch = ResultOf<typeof Changes>['runsChanged']

export interface ColumnSearch {
  /** Ids of experiments. */
  experiments: readonly string[]
  /** Only names that hold this, whatever their case. */
  search?: string
  /** @default all */
  kinds?: ReadonlyArray<'METRIC' | 'PARAM' | 'TAG'>
}

export type FoundColumn = ResultOf<typeof Columns>['columns']['nodes'][number]

export interface ExperimentSearch {
  /** MLflow's filter of experiments. */
  filter?: string
  /** @default ACTIVE */
  lifecycle?: 'ACTIVE' | 'DELETED' | 'ALL'
  /** Such as `['name ASC']`. @default changed last first */
  orderBy?: readonly string[]
  /** Experiments asked for at a time. @default 200 */
  pageSize?: number
}

export type FoundExperiment = ResultOf<typeof experimentFields>

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
  /**
   * New and changed runs of experiments, as they come; metric points are no change. After a lost connection it goes on where it was:
   * nothing is missed, a run may come twice.
   * @throws as `subscribe`
   */
  changes(options: ChangesOptions): AsyncIterableIterator<ChangesBatch>
  /**
   * Runs that match, page by page: `for await (const run of client.searchRuns({ filter: 'metrics.loss < 0.1' }))`.
   * @throws ApiError where the filter is wrong
   */
  searchRuns(search?: RunSearch & RunValuesWanted): AsyncIterableIterator<FoundRun>
  /**
   * The same as a table, for many runs and few columns: `client.table({ columns: ['metrics.loss', 'params.lr'] })` yields
   * `{ id, 'metrics.loss': number | null, 'params.lr': string | null }`.
   */
  table<const Columns extends string>(search: RunSearch & { columns: readonly Columns[] }): AsyncIterableIterator<Row<Columns>>
  /** The names of metrics, params and tags in use. */
  columns(search: ColumnSearch): AsyncIterableIterator<FoundColumn>
  /** Experiments, changed last first: `for await (const { id, name } of client.experiments({ filter: "name LIKE 'mnist%'" }))`. */
  experiments(search?: ExperimentSearch): AsyncIterableIterator<FoundExperiment>
  /** The experiment of an id or a name; null where there is none. */
  experiment(which: { id: string } | { name: string }): Promise<FoundExperiment | null>
  /** @throws ApiError RESOURCE_ALREADY_EXISTS where the name is taken */
  createExperiment(name: string, options?: { tags?: Readonly<Record<string, string>>; artifactLocation?: string }): Promise<FoundExperiment>
  /**
   * All nodes of any list of the schema: `client.all((after) => client.query(Mine, { after }).then(({ experiments }) => experiments))`.
   */
  all<Node>(page: (after: string | null) => Promise<Page<Node>>): AsyncIterableIterator<Node>
  /** All files of a run, or of one of its folders. */
  files(run: string, path?: string): AsyncIterableIterator<RunFile>
  /**
   * A file of a run, or some of its bytes: `await (await client.download(run, 'notes/a.md')).text()`. A connection that is cut is
   * opened again where it was.
   * @throws ApiError RESOURCE_DOES_NOT_EXIST; RESOURCE_CONFLICT where the file is replaced while it is read
   */
  download(run: string, path: string, options?: DownloadOptions): Promise<Download>
  /**
   * Node: writes a file of a run, or a folder of its files, to this machine; '' is all. What an earlier try left half done is gone on with.
   * @returns the files that were written
   * @throws as `download`; the file system's errors
   */
  save(run: string, path: string, target: string | URL, options?: TransferOptions): Promise<string[]>
  /** Writes a file of a run, in place of one of that path: whole, or not at all. */
  upload(run: string, path: string, content: ArtifactContent, options?: TransferOptions): Promise<void>
  /**
   * Node: sends what runs left in a spool while the server was away. Safe to repeat, to kill half-way, and to do twice at once: nothing
   * doubles. What can't be sent is told in the report, and stays in the folder.
   * @throws the signal's reason; the file system's errors
   */
  replay(options?: ReplayOptions): Promise<ReplayReport>
  /** Ends what is subscribed to. */
  close(): void
}

const Cursors = graphql(`query Cursors($ids: [ID!]!) { runs(ids: $ids) { id cursor } }`)
const Points = graphql(`subscription Points($runs: [RunCursor!]!, $keys: [String!]) {
  points(runs: $runs, keys: $keys) { points { run key steps times values } cursors { run cursor } }
}`)

const ChangeCursor = graphql(`query ChangeCursor($id: ID!) { experiment(id: $id) { cursor } }`)
const Changes = graphql(`subscription Changes($experiments: [ID!]!, $after: String) {
  runsChanged(experiments: $experiments, after: $after) {
    runs { id name status user parentId startedAt endedAt deletedAt experiment { id } }
    cursor
  }
}`)
const Columns = graphql(`query Columns($experiments: [ID!]!, $search: String, $kinds: [ColumnKind!], $after: String) {
  columns(experiments: $experiments, search: $search, kinds: $kinds, after: $after) { nodes { ref kind key } pageInfo { hasNextPage endCursor } }
}`)
const experimentFields = graphql(
  `fragment ExperimentFields on Experiment { id name artifactLocation createdAt updatedAt deletedAt runCount liveCount tags { key value } }`,
)
const Experiments = graphql(
  `query Experiments($filter: String, $lifecycle: Lifecycle, $orderBy: [String!], $first: Int, $after: String) {
    experiments(filter: $filter, lifecycle: $lifecycle, orderBy: $orderBy, first: $first, after: $after) {
      nodes { ...ExperimentFields } pageInfo { hasNextPage endCursor }
    }
  }`,
  [experimentFields],
)
const Experiment = graphql(`query Experiment($id: ID, $name: String) { experiment(id: $id, name: $name) { ...ExperimentFields } }`, [
  experimentFields,
])
const CreateExperiment = graphql(
  `mutation CreateExperiment($input: CreateExperimentInput!) { createExperiment(input: $input) { experiment { ...ExperimentFields } } }`,
  [experimentFields],
)

const texts = new WeakMap<object, string>()
function textOf(document: TypedDocument<unknown, never> | string): string {
  if (typeof document === 'string') return document
  let text = texts.get(document)
  if (text === undefined) texts.set(document, (text = print(document)))
  return text
}

/** `connect` with what Node can do, or without. */
export const connectOn =
  (host?: Host) =>
  (options: ConnectOptions = {}) =>
    openClient(host, options)

function openClient(host: Host | undefined, options: ConnectOptions): Client {
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

    changes({ experiments, from = 'now', signal }) {
      let after: string | null = from === 'now' ? null : from === 'start' ? '0' : from
      const newest = async () => {
        // Else what changes before the first answer would be missed by a connection that is lost then.
        if (after === null)
          after = (await client.query(ChangeCursor, { id: experiments[0] ?? '' }, signal && { signal })).experiment?.cursor ?? null
      }
      return listen(socket, {
        query: textOf(Changes),
        prepare: newest,
        variables: () => ({ experiments: [...experiments], after }),
        take: ({ runsChanged }: ResultOf<typeof Changes>): ChangesBatch => {
          after = runsChanged.cursor
          return runsChanged
        },
        signal: until(signal),
      })
    },

    searchRuns: (search = {}) => findRuns(client, search),
    table: (search) => readTable(client, search),
    columns: ({ experiments, search, kinds }) =>
      allPages(
        async (after) =>
          (await client.query(Columns, { experiments: [...experiments], search, kinds: kinds && [...kinds], after })).columns,
      ),
    experiments: ({ filter, lifecycle, orderBy, pageSize = 200 } = {}) =>
      allPages(
        async (after) =>
          (await client.query(Experiments, { filter, lifecycle, orderBy: orderBy && [...orderBy], first: pageSize, after })).experiments,
      ),
    experiment: async (which) => (await client.query(Experiment, which)).experiment,
    async createExperiment(name, { tags = {}, artifactLocation } = {}) {
      const input = { name, artifactLocation, tags: Object.entries(tags).map(([key, value]) => ({ key, value })) }
      return (await client.query(CreateExperiment, { input })).createExperiment.experiment
    },
    all: allPages,

    files: (run, path = '') => filesOf(url, run, path),
    download: (run, path, options) => download(url, run, path, options),
    save: async (run, path, target, options = {}) => inNode(host, 'save').save(url, run, path, target, options),
    upload: (run, path, content, options) => upload(url, run, path, content, options),
    replay: async (options = {}) => inNode(host, 'A spool').replay(url, options),

    close() {
      leaving.abort()
      void opened?.dispose()
    },
  }
  return client
}
