/**
 * What is logged, checked when it is: a batch is all or nothing, so one bad value must not get into it. Names follow MLflow's rules
 * (mlflow/utils/validation.py), and so do the limits of a batch.
 */

/** One thing to send. `bytes` is the most that it can take as JSON. */
export type Entry = { bytes: number } & (
  | { kind: 'metrics'; value: { key: string; value: number | string; timestamp: number; step: number } }
  | { kind: 'params' | 'tags'; value: KeyValue }
)

export interface KeyValue {
  key: string
  value: string
}

/** Metrics by name. NaN and the infinities are values too. */
export type Metrics = Readonly<Record<string, number>>
/** Params and tags by name; what is not text is written as JSON writes it. */
export type Values = Readonly<Record<string, unknown>>

const limits = { metrics: 1000, params: 100, tags: 100, entries: 1000, bytes: 1_000_000 }
/** Characters of a value; longer ones are cut, as MLflow's server does. */
const longestValue = { params: 6000, tags: 8000 }
const longestName = 250

const show = (value: unknown) =>
  typeof value === 'bigint'
    ? `${value}n`
    : typeof value === 'string'
      ? `'${value.slice(0, 80)}'`
      : typeof value === 'function'
        ? 'a function'
        : String(value)

function checkName(kind: string, name: string): void {
  const fault =
    name === ''
      ? 'it is empty'
      : name.length > longestName
        ? `it has more than ${longestName} characters`
        : !/^[/\p{L}\p{N}_.\- :]*$/u.test(name)
          ? 'it may hold letters, digits, _ - . : / and spaces only'
          : name.startsWith('..') || name.split('/').some((segment) => segment === '' || segment === '.' || segment === '..')
            ? 'as a path it would lead elsewhere'
            : undefined
  if (fault) throw new TypeError(`${kind} '${name.slice(0, 300)}': the name can't be used, ${fault}.`)
}

/** Names seen and found right: a loop logs the same few for ever. */
const goodNames = new Set<string>()

/** Throws a TypeError that names the metric, where it is not a number or its name can't be used. */
export function metricEntry(key: string, value: unknown, step: number, timestamp: number): Entry {
  if (typeof value !== 'number') throw new TypeError(`metric '${key}' is ${show(value)}, a ${typeof value}: give a number.`)
  if (!goodNames.has(key)) {
    checkName('metric', key)
    if (goodNames.size > 10_000) goodNames.clear()
    goodNames.add(key)
  }
  // Names hold nothing that JSON escapes: a character of theirs is 3 bytes at most.
  return {
    kind: 'metrics',
    bytes: key.length * 3 + 120,
    value: { key, value: Number.isFinite(value) ? value : String(value), timestamp, step },
  }
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  try {
    return JSON.stringify(value)
  } catch {
    // It holds itself, or a BigInt.
    return undefined
  }
}

/** Throws a TypeError that names the param or tag, where it has no value or its name can't be used. */
export function valueEntry(kind: 'params' | 'tags', key: string, given: unknown): Entry {
  const what = kind === 'params' ? 'param' : 'tag'
  checkName(what, key)
  const text = textOf(given)
  if (text === undefined) throw new TypeError(`${what} '${key}' is ${show(given)}: give text, a number, a boolean, or what JSON can write.`)
  if (text.includes('\0')) throw new TypeError(`${what} '${key}' holds a NUL character.`)
  const value = text.slice(0, longestValue[kind])
  return { kind, bytes: (key.length + value.length) * 6 + 40, value: { key, value } }
}

/** A whole number, or a sentence that says what it is instead. */
export function checkWhole(what: string, value: unknown): asserts value is number {
  if (Number.isSafeInteger(value)) return
  const hint = typeof value === 'bigint' ? ` Write Number(${value}n).` : ''
  throw new TypeError(`${what} is ${show(value)}: give a whole number between -(2^53-1) and 2^53-1.${hint}`)
}

/** What one request has room for. */
export class Room {
  readonly #count = { metrics: 0, params: 0, tags: 0 }
  #bytes = 0
  #length = 0

  /** Takes an entry, if it fits; the first one always does. */
  take({ kind, bytes }: Entry): boolean {
    if (this.#length > 0 && this.#bytes + bytes > limits.bytes) return false
    if (this.#length === limits.entries || this.#count[kind] === limits[kind]) return false
    this.#bytes += bytes
    this.#length++
    this.#count[kind]++
    return true
  }
}

/** How many of the first entries fit into one request, beside what is in the room already; at least one. */
export function batchLength(entries: readonly Entry[], room = new Room()): number {
  let length = 0
  while (length < entries.length && (room.take(entries[length]!) || length === 0)) length++
  return length
}

/** The entries in as many lists as requests, in order; each has room for one more. */
export function inBatches(entries: readonly Entry[], oneMore: Entry): Entry[][] {
  const batches: Entry[][] = []
  for (let rest = entries; rest.length; ) {
    const room = new Room()
    room.take(oneMore)
    const length = batchLength(rest, room)
    batches.push(rest.slice(0, length))
    rest = rest.slice(length)
  }
  return batches
}

/** As many entries as a batch can hold: sooner than the clock, one is sent. */
export const fullBatch = limits.entries

/** The body of log-batch. */
export function batchBody(runId: string, batch: readonly Entry[]) {
  const of = (kind: Entry['kind']) => batch.filter((entry) => entry.kind === kind).map(({ value }) => value)
  return { run_id: runId, metrics: of('metrics'), params: of('params'), tags: of('tags') }
}
