/**
 * How the fields of inputs are read: what is accepted, what is made of it, and MLflow's sentences for what is refused.
 * Limits and wording: mlflow/utils/validation.py.
 */
import { posix } from 'node:path'
import { z } from 'zod'
import { invalid, show } from './errors.ts'

/** Length limits, in characters. */
export const limits = {
  key: 250,
  paramValue: 6000,
  tagValue: 8000,
  experimentName: 500,
  experimentTagValue: 20_000,
  datasetName: 500,
  datasetDigest: 36,
  datasetSource: 65_535,
  datasetSchema: 1_048_575,
  datasetProfile: 16_777_215,
  inputTagKey: 255,
  inputTagValue: 500,
  metricsPerBatch: 1000,
  paramsPerBatch: 100,
  tagsPerBatch: 100,
  entitiesPerBatch: 1000,
  searchResults: 50_000,
} as const

/** The greatest double: what MLflow keeps an infinity as. */
export const maxDouble = Number.MAX_VALUE

type Issue = { addIssue(issue: { code: 'custom'; message: string; params?: Record<string, unknown>; path?: PropertyKey[] }): void }
/** A refusal whose message is whole already. */
const plain = (context: Issue, message: string) => {
  context.addIssue({ code: 'custom', message, params: { plain: true } })
  return z.NEVER
}

/** Text as the database can keep it: it would refuse a NUL, and a lone surrogate would come back as another character. */
export const anyText = z
  .string()
  .refine((text) => !text.includes('\0') && text.isWellFormed(), 'Text may not hold a NUL character or half of a surrogate pair.')
/** Text that must be there and not be empty. */
export const required = anyText.min(1)
/** Text that may be absent: null and undefined are alike. */
export const text = anyText.nullish().transform((value) => value ?? undefined)
/** Text that is cut at `max` characters without a word, as MLflow does. */
export const cutText = (max: number) => anyText.nullish().transform((value) => cut(value ?? '', max))
/** By whole characters, which may have two UTF-16 units. */
const cut = (value: string, max: number) => (value.length > max ? Array.from(value).slice(0, max).join('') : value)
/** Text of at most `max` characters. */
export const limitedText = (name: string, max: number) =>
  text.transform((value, context) =>
    value && value.length > max ? plain(context, `'${name}' exceeds the maximum length of ${max} characters`) : value,
  )

const notWhole = 'It must be a whole number, between -(2^53-1) and 2^53-1.'
/** A 64-bit integer of the wire: a number or a string of digits. Past 2^53 it is refused, because JSON would change it. */
export const int64 = z
  .union([z.number(), z.string().regex(/^-?\d+$/, notWhole)], { error: notWhole })
  .transform(Number)
  .refine(Number.isSafeInteger, notWhole)
/** The same, where null and undefined mean that it is absent. */
export const optionalInt64 = int64.nullish().transform((value) => value ?? undefined)

/** Throws unless an experiment's id is a number; one that was never given out is -1, which nothing has. */
export function experimentNumber(id: string): number {
  if (!/^[-+]?\d+$/.test(id)) throw invalid(`Invalid experiment ID '${id}'. Experiment ID must be a valid integer.`)
  const number = Number(id)
  return number >= 0 && number < 2 ** 31 ? number : -1
}

const names = /^[/\p{L}\p{N}_.\- :]*$/u

/** Why a metric, param or tag can't have this name; undefined where it can. */
export function nameFault(name: string): string | undefined {
  if (!names.test(name)) {
    return 'Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).'
  }
  const path = posix.normalize(name).replace(/(.)\/$/, '$1')
  if (path !== name || path === '.' || path.startsWith('..') || path.startsWith('/')) {
    return `Names may be treated as files in certain cases, and must not resolve to other names when treated as such. This name would resolve to '${path}'`
  }
  return undefined
}

const keyCalled = (what: string) =>
  z.string().superRefine((name, context) => {
    if (name === '') return void context.addIssue({ code: 'too_small', minimum: 1, origin: 'string', inclusive: true, input: name })
    const fault = nameFault(name)
    if (fault) context.addIssue({ code: 'custom', message: fault })
    else if (name.length > limits.key) plain(context, `'${what}' exceeds the maximum length of ${limits.key} characters`)
  })
/** The name of a tag. */
export const key = keyCalled('key')
/** The name of a param. */
export const paramKey = keyCalled('Param key')

/** A metric's value as the wire has it: a number, a numeric string, a boolean. Infinities become the greatest doubles. */
export function readValue(raw: unknown): number | undefined {
  let value: number
  if (typeof raw === 'number') value = raw
  else if (typeof raw === 'boolean') value = Number(raw)
  else if (typeof raw === 'string' && raw.trim() !== '') {
    value = Number(raw)
    if (Number.isNaN(value) && raw !== 'NaN') return undefined
  } else return undefined
  if (value === Number.POSITIVE_INFINITY) return maxDouble
  if (value === Number.NEGATIVE_INFINITY) return -maxDouble
  return value
}

/** Metric points by columns, as they are stored: one request's, in its order. */
export interface MetricColumns {
  keys: string[]
  values: number[]
  /** ms since 1970 */
  times: number[]
  steps: number[]
  /** Of those that name a logged model. */
  links?: MetricLink[]
}

/** That a metric was measured of a model, and on which data set: '' where none was said. */
export interface MetricLink {
  /** Its place in the columns. */
  at: number
  model: string
  datasetName: string
  datasetDigest: string
}

function wholeNumber(raw: unknown): number | undefined {
  const value = typeof raw === 'string' && /^-?\d+$/.test(raw) ? Number(raw) : raw
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined
}

/** Names seen and found right: a training loop sends the same few for ever. */
const goodNames = new Set<string>()

const missing = 'missing'

/** Refuses a metric, or one of its fields. `at` is its place in a list. */
function refuseMetric(context: Issue, at: number | undefined, message: string, field?: string, value?: unknown): false {
  const path = [...(at === undefined ? [] : [at]), ...(field === undefined ? [] : [field])]
  context.addIssue({ code: 'custom', message, path, params: message === missing ? { missing } : value === undefined ? {} : { value } })
  return false
}

/** Adds a metric to the columns, or refuses it. By hand and not by zod: this is the hottest loop of the server. */
function addMetric(columns: MetricColumns, raw: unknown, context: Issue, at?: number): boolean {
  const metric = raw as Record<string, unknown> | null
  if (typeof metric !== 'object' || metric === null) {
    return refuseMetric(context, at, 'It must be an object with key, value, timestamp and step.')
  }
  const { key: name } = metric
  if (name === undefined || name === null || name === '') return refuseMetric(context, at, missing, 'key')
  if (typeof name !== 'string') return refuseMetric(context, at, 'It must be text.', 'key')
  if (!goodNames.has(name)) {
    const fault = nameFault(name)
    // MLflow calls it by its name here, and not by the field it came in.
    if (fault) return refuseMetric(context, at, fault, 'name', name)
    if (name.length > limits.key) {
      plain(context, `'Metric name' exceeds the maximum length of ${limits.key} characters`)
      return false
    }
    if (goodNames.size > 50_000) goodNames.clear()
    goodNames.add(name)
  }
  if (metric.value === undefined || metric.value === null || metric.value === '') return refuseMetric(context, at, missing, 'value')
  const value = readValue(metric.value)
  if (value === undefined) return refuseMetric(context, at, 'Please specify value as a valid double (64-bit floating point)', 'value')
  if (metric.timestamp === undefined || metric.timestamp === null) return refuseMetric(context, at, missing, 'timestamp')
  const time = wholeNumber(metric.timestamp)
  if (time === undefined || time < 0) {
    const message = `metric '${name}' (value=${value}). Timestamp must be a nonnegative long (64-bit integer)`
    return refuseMetric(context, at, message, 'timestamp')
  }
  const step = wholeNumber(metric.step ?? 0)
  if (step === undefined) {
    const message = `metric '${name}' (value=${value}). Step must be a valid long (64-bit integer). ${notWhole}`
    return refuseMetric(context, at, message, 'step')
  }
  columns.keys.push(name)
  columns.values.push(value)
  columns.times.push(time)
  columns.steps.push(step)
  const model = metric.model_id ?? metric.modelId ?? ''
  return model === '' || addLink(columns, model, metric, context, at)
}

/** Notes which model and data set the metric just added is of. */
function addLink(columns: MetricColumns, model: unknown, metric: Record<string, unknown>, context: Issue, at?: number): boolean {
  const link = {
    at: columns.keys.length - 1,
    model,
    datasetName: metric.dataset_name ?? metric.datasetName ?? '',
    datasetDigest: metric.dataset_digest ?? metric.datasetDigest ?? '',
  }
  for (const [name, field, longest] of [
    ['model', 'modelId', limits.key],
    ['datasetName', 'datasetName', limits.datasetName],
    ['datasetDigest', 'datasetDigest', limits.datasetDigest],
  ] as const) {
    const value = link[name]
    if (!anyText.max(longest).safeParse(value).success) {
      return refuseMetric(context, at, `It must be text of at most ${longest} characters.`, field, value)
    }
  }
  columns.links ??= []
  columns.links.push(link as MetricLink)
  return true
}

const noColumns = (): MetricColumns => ({ keys: [], values: [], times: [], steps: [] })

/** A list of metrics into columns. */
export const metrics = z
  .unknown()
  .optional()
  .transform((raw, context): MetricColumns => {
    const columns = noColumns()
    if (raw === undefined || raw === null) return columns
    if (!Array.isArray(raw)) {
      context.addIssue({ code: 'custom', message: 'It must be a list.' })
      return z.NEVER
    }
    for (let i = 0; i < raw.length; i++) if (!addMetric(columns, raw[i], context, i)) return z.NEVER
    return columns
  })

/** One metric, whose fields are the input's own, into columns. Refuses by the context. */
export function readMetric(raw: unknown, context: Issue): MetricColumns {
  const columns = noColumns()
  return addMetric(columns, raw, context) ? columns : z.NEVER
}

/** At most `max` of something in one request, in MLflow's words. */
export function checkCount(what: string, max: number, count: number): void {
  if (count <= max) return
  throw invalid(
    `A batch logging request can contain at most ${max} ${what}. Got ${count} ${what}. Please split up ${what} across multiple requests and try again.`,
    what,
  )
}

/** `max_results` of a search. */
export function checkPage(value: number, max: number = limits.searchResults): void {
  if (value > max)
    throw invalid(`Invalid value ${show(value)} for parameter 'max_results' supplied. It must be at most ${max}`, 'max_results')
  if (value < 1)
    throw invalid(`Invalid value ${show(value)} for parameter 'max_results' supplied. It must be a positive integer.`, 'max_results')
}

const views = {
  '': 'ACTIVE',
  '1': 'ACTIVE',
  ACTIVE_ONLY: 'ACTIVE',
  '2': 'DELETED',
  DELETED_ONLY: 'DELETED',
  '3': 'ALL',
  ALL: 'ALL',
} as const

const isScalar = (value: unknown) => typeof value === 'string' || typeof value === 'number'

const statuses = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED']

/** MLflow's statuses, by number or name; what is none of them is left for the operation to refuse. */
export const statusOf = (value: unknown): unknown => statuses[Number(isScalar(value) ? value : 0) - 1] ?? value

/** MLflow's view types, by number or name. */
export function lifecycleOf(value: unknown, field = 'view_type'): 'ACTIVE' | 'DELETED' | 'ALL' {
  const name = isScalar(value ?? '') ? String(value ?? '') : 'none'
  const found = Object.hasOwn(views, name) && views[name as keyof typeof views]
  if (!found)
    throw invalid(`Invalid value ${show(value)} for parameter '${field}' supplied: it is one of ACTIVE_ONLY, DELETED_ONLY, ALL.`, field)
  return found
}
