/** Lists of the server as async iterators: pages are asked for as they are read, and the next one while this one is. */
import type { Client } from './client.ts'
import { graphql } from './documents.ts'

/** A page of a list, as every connection of the schema has it. */
export interface Page<Node> {
  nodes: readonly Node[]
  pageInfo: { hasNextPage: boolean; endCursor: string | null }
}

/** Runs to be found. */
export interface RunSearch {
  /** Ids of experiments. @default all that you may see */
  experiments?: readonly string[]
  /** In the filter language: `metrics.loss < 0.1 and params.model = 'cnn'`. @default all */
  filter?: string
  /** Such as `[{ by: 'metrics.loss' }]`. Ties: newest first. */
  orderBy?: ReadonlyArray<{ by: string; descending?: boolean }>
  lifecycle?: 'ACTIVE' | 'DELETED' | 'ALL'
  /** Runs asked for at a time. @default 200 */
  pageSize?: number
  signal?: AbortSignal
}

/** What of each run is wanted. Of each kind: all, none, or some by name. */
export interface RunValuesWanted {
  /** @default all */
  metrics?: boolean | readonly string[]
  /** @default all */
  params?: boolean | readonly string[]
  /** @default none */
  tags?: boolean | readonly string[]
}

/** A run that was found. */
export interface FoundRun {
  id: string
  name: string
  status: 'RUNNING' | 'SCHEDULED' | 'FINISHED' | 'FAILED' | 'KILLED'
  user: string
  experimentId: string
  parentId: string | null
  /** ms since 1970 */
  startedAt: number
  endedAt: number | null
  deletedAt: number | null
  /** The newest value of each. */
  metrics: Record<string, number>
  params: Record<string, string>
  tags: Record<string, string>
}

/** A row of a table of runs. Metrics are numbers, params and tags text; null where the run has none. */
export type Row<Columns extends string> = { id: string } & { [Column in Columns]: CellOf<Column> }
type CellOf<Column extends string> = Column extends `metrics.${string}` | `metric.${string}`
  ? number | null
  : Column extends `${'param' | 'params' | 'tag' | 'tags'}.${string}`
    ? string | null
    : string | number | null

const Runs =
  graphql(`query Runs($experiments: [ID!], $filter: String, $orderBy: [RunOrder!], $lifecycle: Lifecycle, $first: Int, $after: String,
  $withMetrics: Boolean!, $metrics: [String!], $withParams: Boolean!, $params: [String!], $withTags: Boolean!, $tags: [String!]) {
  searchRuns(experiments: $experiments, filter: $filter, orderBy: $orderBy, lifecycle: $lifecycle, first: $first, after: $after) {
    nodes {
      id name status user parentId startedAt endedAt deletedAt experiment { id }
      metrics(keys: $metrics) @include(if: $withMetrics) { key value }
      params(keys: $params) @include(if: $withParams) { key value }
      tags(keys: $tags) @include(if: $withTags) { key value }
    }
    pageInfo { hasNextPage endCursor }
  }
}`)
const Table =
  graphql(`query Table($experiments: [ID!], $filter: String, $orderBy: [RunOrder!], $lifecycle: Lifecycle, $first: Int, $after: String, $columns: [String!]!) {
  runTable(experiments: $experiments, filter: $filter, orderBy: $orderBy, lifecycle: $lifecycle, first: $first, after: $after, columns: $columns) {
    runs { id }
    columns { values }
    pageInfo { hasNextPage endCursor }
  }
}`)

type Asker = Pick<Client, 'query'>
type Asked = { signal?: AbortSignal }

const search = ({ experiments, filter, orderBy, lifecycle, pageSize = 200 }: RunSearch) => ({
  experiments: experiments && [...experiments],
  filter,
  orderBy: orderBy?.map(({ by, descending = false }) => ({ by, descending })),
  lifecycle,
  first: pageSize,
})

const chosen = (wanted: boolean | readonly string[]) => (typeof wanted === 'boolean' ? null : [...wanted])
const byKey = <Value>(list: ReadonlyArray<{ key: string; value: Value }> = []) =>
  Object.fromEntries(list.map(({ key, value }) => [key, value]))

export async function* findRuns(client: Asker, wanted: RunSearch & RunValuesWanted): AsyncGenerator<FoundRun, void> {
  const { metrics = true, params = true, tags = false, signal } = wanted
  const variables = {
    ...search(wanted),
    withMetrics: metrics !== false,
    metrics: chosen(metrics),
    withParams: params !== false,
    params: chosen(params),
    withTags: tags !== false,
    tags: chosen(tags),
  }
  const asked: Asked = signal ? { signal } : {}
  for await (const run of allPages(async (after) => (await client.query(Runs, { ...variables, after }, asked)).searchRuns)) {
    const { experiment, metrics = [], params = [], tags = [], ...rest } = run
    const numbers = metrics.map(({ key, value }) => ({ key, value: Number(value) }))
    yield { ...rest, experimentId: experiment.id, metrics: byKey(numbers), params: byKey(params), tags: byKey(tags) }
  }
}

export async function* readTable<const Columns extends string>(
  client: Asker,
  wanted: RunSearch & { columns: readonly Columns[] },
): AsyncGenerator<Row<Columns>, void> {
  const columns = [...wanted.columns]
  const numeric = columns.map((column) => /^metrics?\./.test(column))
  const asked: Asked = wanted.signal ? { signal: wanted.signal } : {}
  const page = async (after: string | null): Promise<Page<Row<Columns>>> => {
    const { runTable } = await client.query(Table, { ...search(wanted), columns, after }, asked)
    const nodes = runTable.runs.map(({ id }, row) => {
      const cells = columns.map((column, i): [string, unknown] => {
        const cell = runTable.columns[i]!.values[row] ?? null
        return [column, numeric[i] && cell !== null ? Number(cell) : cell]
      })
      return { id, ...Object.fromEntries(cells) } as Row<Columns>
    })
    return { nodes, pageInfo: runTable.pageInfo }
  }
  yield* allPages(page)
}

/** The nodes of all pages. The next page is on its way while one is read; leaving the loop ends the asking. */
export async function* allPages<Node>(page: (after: string | null) => Promise<Page<Node>>): AsyncGenerator<Node, void> {
  let next: Promise<Page<Node>> | undefined = page(null)
  while (next) {
    const { nodes, pageInfo }: Page<Node> = await next
    next = pageInfo.hasNextPage && pageInfo.endCursor !== null ? page(pageInfo.endCursor) : undefined
    // Its failure is told when it is read, and to nobody where it is not.
    next?.catch(() => {})
    yield* nodes
  }
}
