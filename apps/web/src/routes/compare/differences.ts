/** Where runs differ: rows of what they hold, one value a run, and what a value is beside the baseline's. Linear in what there is. */
import type { Direction } from '#lib/direction.ts'
import { formatExact, formatNumber, missing, type Real } from '#lib/format.ts'
import { formatTook, isTurned } from '#lib/took.ts'
import type { ComparedRun } from './documents.ts'

export type Section = 'Metrics' | 'Parameters' | 'Tags' | 'Code and data' | 'Facts'
/** A metric's value, or a text. */
export type Value = Real | string | null

export interface Row {
  section: Section
  key: string
  /** One a run, in the order of the runs; null where it has none. */
  values: readonly Value[]
  /** As shown: numbers as the pages write them. */
  texts: readonly string[]
  differs: boolean
}

/** The tags of MLflow's that say which code ran, by what they are called here. */
const codeTags: Record<string, string> = {
  'mlflow.source.git.commit': 'commit',
  'mlflow.source.git.branch': 'branch',
  'mlflow.source.git.repoURL': 'repository',
  'mlflow.source.name': 'source',
  'mlflow.source.type': 'source type',
  'mlflow.project.entryPoint': 'entry point',
}
const contextTag = 'mlflow.data.context'

type Held = Map<string, Value>

/** What a run says under each heading. */
function facts(run: ComparedRun): Record<Exclude<Section, 'Metrics' | 'Parameters' | 'Tags'>, Held> {
  const code: Held = new Map()
  for (const { key, value } of run.tags) if (codeTags[key]) code.set(codeTags[key], value)
  const used = new Map<string, string[]>()
  for (const { dataset, tags } of run.datasets) {
    const context = tags.find(({ key }) => key === contextTag)?.value
    const name = context ? `data set, ${context}` : 'data set'
    used.set(name, [...(used.get(name) ?? []), `${dataset.name} ${dataset.digest}`])
  }
  for (const [name, sets] of used) code.set(name, sets.sort().join(', '))
  return {
    'Code and data': code,
    Facts: new Map<string, Value>([
      ['experiment', run.experiment.name],
      ['status', run.status.toLowerCase()],
      ['user', run.user || null],
      ['started', formatExact(run.startedAt).replace(/ UTC$/, '') || null],
      ['duration', run.startedAt && run.endedAt ? (isTurned(run) ? 'ended before it started' : formatTook(run, 0)) : null],
    ]),
  }
}

const pairs = (entries: readonly { key: string; value: Value }[]): Held => new Map(entries.map(({ key, value }) => [key, value]))

/** One value's text. */
export function textOf(value: Value): string {
  if (value === null) return missing
  return typeof value === 'number' ? formatNumber(value) : value
}

/** All rows, section by section, keys in the order of their names; facts in their own. */
export function rowsOf(runs: readonly ComparedRun[]): Row[] {
  const others = runs.map(facts)
  const sections: [Section, Held[]][] = [
    ['Metrics', runs.map((run) => pairs(run.metrics))],
    ['Parameters', runs.map((run) => pairs(run.params))],
    ['Code and data', others.map((each) => each['Code and data'])],
    ['Tags', runs.map((run) => pairs(run.tags.filter(({ key }) => !key.startsWith('mlflow.'))))],
    ['Facts', others.map((each) => each.Facts)],
  ]
  return sections.flatMap(([section, held]) => {
    const keys = [...new Set(held.flatMap((each) => [...each.keys()]))]
    if (section !== 'Facts') keys.sort()
    return keys.map((key): Row => {
      const values = held.map((each) => each.get(key) ?? null)
      // A metric says NaN in words; a param that does is a text like any other.
      return { section, key, values, texts: values.map(textOf), differs: values.some((value) => value !== values[0]) }
    })
  })
}

/** Where a metric's best value stands; empty where that cannot be said. */
export function bestOf(values: readonly Value[], direction: Direction | undefined): ReadonlySet<number> {
  const numbers = values.filter((value) => typeof value === 'number')
  if (direction === undefined || numbers.length < 2) return new Set()
  const best = direction === 'lower' ? Math.min(...numbers) : Math.max(...numbers)
  return new Set([...values.keys()].filter((i) => values[i] === best))
}

export interface Change {
  text: string
  /** Undefined where nobody knows which way is better, or nothing changed. */
  isBetter: boolean | undefined
}

/**
 * What changed from the baseline's value: in per cent of it, or as a difference where both are shares of one, or the baseline is 0.
 * Undefined where one of them is no number.
 */
export function changeOf(value: Value, base: Value, direction: Direction | undefined): Change | undefined {
  if (typeof value !== 'number' || typeof base !== 'number') return undefined
  const by = value - base
  if (by === 0) return { text: '0', isBetter: undefined }
  const isShare = direction === 'higher' && value >= 0 && value <= 1 && base >= 0 && base <= 1
  const percent = (by / Math.abs(base)) * 100
  const size = Math.abs(isShare || base === 0 ? by : percent)
  const digits = isShare || base === 0 ? formatNumber(size, 2) : formatNumber(size, size >= 100 ? 3 : 2)
  return {
    text: `${by > 0 ? '+' : '−'}${digits}${isShare || base === 0 ? '' : ' %'}`,
    isBetter: direction === undefined ? undefined : direction === 'lower' ? by < 0 : by > 0,
  }
}

export type Format = 'Markdown' | 'CSV'

/** The rows as text for elsewhere, with a column for each run. */
export function copyOf(rows: readonly Row[], names: readonly string[], format: Format): string {
  if (format === 'CSV') {
    const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
    // As logged, not as shown.
    const line = (cells: readonly string[]) => cells.map(cell).join(',')
    return [['section', 'key', ...names], ...rows.map((row) => [row.section, row.key, ...row.values.map((value) => String(value ?? ''))])]
      .map(line)
      .join('\r\n')
  }
  const cell = (text: string) =>
    text
      .replaceAll('\\', '\\\\')
      .replaceAll('|', '\\|')
      .replaceAll(/[\r\n]+/g, ' ')
      .replaceAll('<', '&lt;')
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`
  return [line(['', ...names]), `|${'---|'.repeat(names.length + 1)}`, ...rows.map((row) => line([row.key, ...row.texts]))].join('\n')
}
