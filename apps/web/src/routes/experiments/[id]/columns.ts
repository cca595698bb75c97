/** Columns of the table of runs: how they are written, which ones a new view shows, and how a key becomes a heading. */

export type Kind = 'metric' | 'param' | 'tag' | 'attribute'

export interface Column {
  /** As the filter language writes it: metrics.loss, params.`my key`, attributes.start_time. It names the column in the URL. */
  ref: string
  kind: Kind
  key: string
}

export type Cell = string | number | null

const prefixes: Record<Kind, string> = { metric: 'metrics', param: 'params', tag: 'tags', attribute: 'attributes' }
const kinds = Object.fromEntries(Object.entries(prefixes).map(([kind, prefix]) => [prefix, kind as Kind]))
const plain = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/

/** How a column is written, quoted where its key needs it. */
export function columnRef(kind: Kind, key: string): string {
  if (plain.test(key)) return `${prefixes[kind]}.${key}`
  const quote = key.includes('`') ? '"' : '`'
  return `${prefixes[kind]}.${quote}${key}${quote}`
}

/** Columns of the keys that an experiment has, by kind. */
export const columnsOf = (names: Record<'metric' | 'param' | 'tag', readonly string[]>): Column[] =>
  (['metric', 'param', 'tag'] as const).flatMap((kind) => names[kind].map((key) => ({ ref: columnRef(kind, key), kind, key })))

/** Undefined for what is no column. */
export function parseRef(ref: string): Column | undefined {
  const dot = ref.indexOf('.')
  const kind = kinds[ref.slice(0, dot)]
  if (kind === undefined) return undefined
  const written = ref.slice(dot + 1)
  const quoted = /^(["`])(.+)\1$/s.exec(written)
  const key = quoted?.[2] ?? written
  return key === '' ? undefined : { ref: columnRef(kind, key), kind, key }
}

/** The tag that nests runs. */
export const parentRef = columnRef('tag', 'mlflow.parentRunId')

const attributeTitles: Record<string, string> = {
  start_time: 'Started',
  duration: 'Duration',
  user_id: 'User',
  run_id: 'Run ID',
  status: 'Status',
}

/** Attributes a table may show. */
export const attributeColumns: readonly Column[] = ['start_time', 'duration', 'user_id', 'run_id'].map((key) => ({
  ref: columnRef('attribute', key),
  kind: 'attribute',
  key,
}))

/** The heading of a column. */
export function columnTitle({ kind, key }: Column): string {
  return kind === 'attribute' ? (attributeTitles[key] ?? key) : key
}

/** Tags that MLflow and we write for ourselves. */
export const isOwnTag = ({ kind, key }: Column): boolean => kind === 'tag' && key.startsWith('mlflow.')

const mostMetrics = 4
const mostParams = 6

/** What people look at first: the loss of data the model has not seen, then other measures of it, then the rest. */
function metricRank(key: string): number {
  if (key.startsWith('system/')) return 5
  const unseen = /(^|[^a-z])(val|valid|validation|test|eval|holdout)([^a-z]|$)/i.test(key)
  const loss = /loss/i.test(key)
  if (unseen) return loss ? 0 : 1
  return loss ? 2 : 3
}

/**
 * The columns of a view that names none: up to 4 metrics, the most telling first, up to 6 params, then duration, user and start. Those in
 * `previous` keep their place, and what came since stands behind them.
 */
export function defaultColumns(keys: readonly Column[], previous: readonly Column[] = []): Column[] {
  const known = new Set(previous.map(({ ref }) => ref))
  const metrics = keys.filter(({ kind, key }) => kind === 'metric' && metricRank(key) < 5)
  metrics.sort((a, b) => metricRank(a.key) - metricRank(b.key))
  const params = keys.filter(({ kind }) => kind === 'param')
  const grown = (kind: Kind, all: readonly Column[], most: number) =>
    [...previous.filter((column) => column.kind === kind), ...all.filter(({ ref }) => !known.has(ref))].slice(0, most)
  const [started, duration, user] = attributeColumns
  return [...grown('metric', metrics, mostMetrics), ...grown('param', params, mostParams), duration!, user!, started!]
}

/** Width of a column in px: numbers are narrow, a long heading gets room up to a limit. */
export function columnWidth(column: Column): number {
  const fixed: Record<string, number> = { start_time: 112, duration: 96, user_id: 110, run_id: 250 }
  if (column.kind === 'attribute') return fixed[column.key] ?? 110
  const needed = Math.ceil(columnTitle(column).length * 6.4) + 30
  return Math.min(190, Math.max(column.kind === 'metric' ? 84 : 76, needed))
}

/** True where a param's text is a number, so that it is set as one. */
export const isNumeric = (text: string): boolean => text !== '' && Number.isFinite(Number(text))

/**
 * Charts stand in sections by what comes before the first slash of their key, in the order of names, system last. The section of `first`
 * stands before them, and it is the first in it.
 */
export function toSections(keys: readonly string[], first?: string): { name: string; keys: string[] }[] {
  const nameOf = (key: string) => key.slice(0, Math.max(0, key.indexOf('/')))
  const sections = new Map<string, string[]>()
  for (const key of first !== undefined && keys.includes(first) ? new Set([first, ...keys]) : keys) {
    const section = sections.get(nameOf(key))
    if (section) section.push(key)
    else sections.set(nameOf(key), [key])
  }
  const rank = (name: string) => (first !== undefined && name === nameOf(first) ? 0 : name === 'system' ? 2 : 1)
  return [...sections]
    .map(([name, keys]) => ({ name, keys }))
    .sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}
