/** Tables of runs: what every run has, and metrics, params and tags by name. */
import type { FoundRun } from '@tidegate/client'
import { usage } from './exit.ts'
import { duration, type ListOf, number, type Output, time } from './output.ts'

export interface RunColumn {
  /** As it was asked for. */
  ref: string
  kind: 'metrics' | 'params' | 'tags'
  key: string
}

const kinds: Record<string, RunColumn['kind']> = {
  metric: 'metrics',
  metrics: 'metrics',
  param: 'params',
  params: 'params',
  tag: 'tags',
  tags: 'tags',
}

/** Reads `metrics.loss,params.lr`, as the filter language writes them. A name with a comma stands in backticks. */
export function columnsOf(text: string, before: RunColumn[] = []): RunColumn[] {
  const refs = text.match(/(?:`[^`]*`|[^,`])+/g) ?? []
  return [
    ...before,
    ...refs.map((each) => {
      const ref = each.trim()
      const [, kind = '', quoted, bare] = /^(\w+)\.(?:`([^`]+)`|(.+))$/.exec(ref) ?? []
      if (!kinds[kind]) throw usage(`'${ref}' is not a column: write metrics.NAME, params.NAME or tags.NAME.`)
      return { ref, kind: kinds[kind], key: (quoted ?? bare)! }
    }),
  ]
}

/** What `searchRuns` must bring for these columns. */
export function wantedOf(columns: readonly RunColumn[]): Record<RunColumn['kind'], string[] | false> {
  const keys = (kind: RunColumn['kind']) => {
    const some = columns.filter((column) => column.kind === kind).map(({ key }) => key)
    return some.length ? some : (false as const)
  }
  return { metrics: keys('metrics'), params: keys('params'), tags: keys('tags') }
}

const paint: Record<FoundRun['status'], 'green' | 'red' | 'yellow' | 'cyan' | 'dim'> = {
  FINISHED: 'green',
  FAILED: 'red',
  KILLED: 'yellow',
  RUNNING: 'cyan',
  SCHEDULED: 'dim',
}

export const statusText = ({ colour }: Output, status: FoundRun['status']) => colour[paint[status]](status)

export const took = ({ startedAt, endedAt }: Pick<FoundRun, 'startedAt' | 'endedAt'>) =>
  startedAt && endedAt ? duration(endedAt - startedAt) : ''

export function runList(out: Output, columns: readonly RunColumn[], { deleted = false } = {}): ListOf<FoundRun> {
  return {
    id: ({ id }) => id,
    none: 'No runs.',
    columns: [
      { title: 'ID', of: ({ id }) => id },
      { title: 'NAME', of: ({ name }) => name },
      { title: 'STATUS', of: ({ status }) => status, paint: ({ status }) => statusText(out, status) },
      { title: 'STARTED', of: ({ startedAt }) => time(startedAt) },
      { title: 'TOOK', of: took, right: true },
      ...(deleted ? [{ title: 'DELETED', of: ({ deletedAt }: FoundRun) => time(deletedAt) }] : []),
      ...columns.map(({ ref, kind, key }) => ({
        title: ref,
        right: kind === 'metrics',
        of: (run: FoundRun) => {
          const value = run[kind][key]
          return typeof value === 'number' ? number(value) : (value ?? '')
        },
      })),
    ],
  }
}
