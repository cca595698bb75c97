/**
 * How points are packed into bytes: a column after the other, each in the shortest of a few forms. A million points of
 * float64 noise take 10 to 11 bytes each, and some 8 ms to unpack.
 *
 * Integers: a start and a stride; or a start and zigzag varint differences below 2^30; or 8 bytes each, as doubles,
 * which hold every safe integer. Values: float32 where that loses nothing, as with PyTorch's losses; else float64.
 * Little-endian, as every machine that Node is released for but s390x.
 */
import { type Columns, columnsOf } from './columns.ts'

const version = 1
/** Of chunks whose values come before their steps, so that one point can be read without the rest. */
const valuesFirst = 2
const stride = 0
const differences = 1
const raw = 2
const single = 0
const double = 1
const bound = 2 ** 30

let scratch = Buffer.allocUnsafe(1 << 16)
let view = new DataView(scratch.buffer, scratch.byteOffset, scratch.length)
let at = 0

/** Starts a new buffer. The scratch is shared: nothing may wait between this and `finish`. */
function begin(most: number, as = version) {
  if (scratch.length < most) {
    scratch = Buffer.allocUnsafe(most * 2)
    view = new DataView(scratch.buffer, scratch.byteOffset, scratch.length)
  }
  at = 0
  scratch[at++] = as
}

const finish = () => Buffer.from(scratch.subarray(0, at))

function putVarint(value: number) {
  let rest = value >>> 0
  while (rest > 127) {
    scratch[at++] = (rest & 127) | 128
    rest >>>= 7
  }
  scratch[at++] = rest
}

function putDouble(value: number) {
  view.setFloat64(at, value, true)
  at += 8
}

function putRaw(column: Float64Array | Float32Array) {
  scratch.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), at)
  at += column.byteLength
}

function integerForm(column: Float64Array): number {
  const step = column.length > 1 ? column[1]! - column[0]! : 0
  let regular = Math.abs(step) < bound
  for (let i = 1; i < column.length; i++) {
    const difference = column[i]! - column[i - 1]!
    if (Math.abs(difference) >= bound) return raw
    if (difference !== step) regular = false
  }
  return regular ? stride : differences
}

function putIntegers(column: Float64Array) {
  const form = integerForm(column)
  scratch[at++] = form
  if (form === raw) return putRaw(column)
  putDouble(column[0] ?? 0)
  if (form === stride) return putDouble(column.length > 1 ? column[1]! - column[0]! : 0)
  for (let i = 1; i < column.length; i++) {
    const difference = column[i]! - column[i - 1]!
    putVarint((difference << 1) ^ (difference >> 31))
  }
}

function putValues(column: Float64Array) {
  let exact = true
  for (let i = 0; i < column.length && exact; i++) {
    const value = column[i]!
    exact = Math.fround(value) === value || Number.isNaN(value)
  }
  scratch[at++] = exact ? single : double
  putRaw(exact ? new Float32Array(column) : column)
}

/** Where unpacking is. */
interface Reader {
  bytes: Buffer
  at: number
}

function open(bytes: Buffer, newest = version): Reader {
  if (!(bytes[0]! >= version && bytes[0]! <= newest))
    throw new Error(`Points are packed in version ${bytes[0]}, and this server reads version ${newest}.`)
  return { bytes, at: 1 }
}

function takeVarint(reader: Reader): number {
  const { bytes } = reader
  let byte = bytes[reader.at++]!
  if (byte < 128) return byte
  let value = byte & 127
  for (let shift = 7; ; shift += 7) {
    byte = bytes[reader.at++]!
    value |= (byte & 127) << shift
    if (byte < 128) return value >>> 0
  }
}

function takeDouble(reader: Reader): number {
  const value = reader.bytes.readDoubleLE(reader.at)
  reader.at += 8
  return value
}

/** A copy, because typed arrays can't begin at every byte. */
function takeRaw(reader: Reader, length: number): ArrayBuffer {
  const { bytes, at } = reader
  reader.at += length
  return bytes.buffer.slice(bytes.byteOffset + at, bytes.byteOffset + at + length) as ArrayBuffer
}

function takeIntegers(reader: Reader, n: number): Float64Array {
  const form = reader.bytes[reader.at++]!
  if (form === raw) return new Float64Array(takeRaw(reader, n * 8))
  const column = new Float64Array(n)
  let value = takeDouble(reader)
  if (form === stride) {
    const step = takeDouble(reader)
    for (let i = 0; i < n; i++) column[i] = value + i * step
    return column
  }
  if (n > 0) column[0] = value
  // As `takeVarint`, here where the time goes: a chart of fifty runs takes a million of them.
  const { bytes } = reader
  let { at } = reader
  for (let i = 1; i < n; i++) {
    let byte = bytes[at++]!
    let zigzag = byte
    if (byte >= 128) {
      zigzag &= 127
      for (let shift = 7; ; shift += 7) {
        byte = bytes[at++]!
        zigzag |= (byte & 127) << shift
        if (byte < 128) break
      }
    }
    value += (zigzag >>> 1) ^ -(zigzag & 1)
    column[i] = value
  }
  reader.at = at
  return column
}

function takeValues(reader: Reader, n: number): Float64Array {
  const form = reader.bytes[reader.at++]!
  return form === single ? new Float64Array(new Float32Array(takeRaw(reader, n * 4))) : new Float64Array(takeRaw(reader, n * 8))
}

/** Points of several metrics: those of keys[0] first, counts[0] of them, and so on. Keys ascend. */
export interface Batch {
  keys: readonly number[]
  counts: readonly number[]
  steps: Float64Array
  times: Float64Array
  values: Float64Array
}

/** A row of the tail. */
export function packBatch({ keys, counts, steps, times, values }: Batch): Buffer {
  begin(64 + keys.length * 10 + steps.length * 24)
  putVarint(keys.length)
  let last = 0
  for (let i = 0; i < keys.length; i++) {
    putVarint(keys[i]! - last)
    putVarint(counts[i]!)
    last = keys[i]!
  }
  putIntegers(steps)
  putIntegers(times)
  putValues(values)
  return finish()
}

/** The points of a tail row by key; only those of the wanted keys, if given. All get this seq. */
export function unpackBatch(bytes: Buffer, seq: number, wanted?: ReadonlySet<number>): Map<number, Columns> {
  const reader = open(bytes)
  const size = takeVarint(reader)
  const found: Array<[key: number, from: number, to: number]> = []
  let key = 0
  let n = 0
  for (let i = 0; i < size; i++) {
    key += takeVarint(reader)
    const count = takeVarint(reader)
    if (!wanted || wanted.has(key)) found.push([key, n, n + count])
    n += count
  }
  const points = new Map<number, Columns>()
  if (!found.length) return points
  const steps = takeIntegers(reader, n)
  const times = takeIntegers(reader, n)
  const values = takeValues(reader, n)
  const seqs = new Float64Array(n).fill(seq)
  for (const [key, from, to] of found) {
    points.set(key, {
      steps: steps.subarray(from, to),
      times: times.subarray(from, to),
      values: values.subarray(from, to),
      seqs: seqs.subarray(from, to),
    })
  }
  return points
}

/** A chunk's points. */
export function packChunk({ steps, times, values, seqs }: Columns): Buffer {
  begin(64 + steps.length * 32, valuesFirst)
  putVarint(steps.length)
  putValues(values)
  putIntegers(steps)
  putIntegers(times)
  putIntegers(seqs)
  return finish()
}

/** In place of seqs that nobody looks at. */
const noSeqs = new Float64Array(4096)

/** Whoever draws needs no seqs: where `withSeqs` is false they may be 0. */
export function unpackChunk(bytes: Buffer, withSeqs = true): Columns {
  const reader = open(bytes, valuesFirst)
  const n = takeVarint(reader)
  if (!n) return columnsOf(0)
  if (bytes[0] === valuesFirst) {
    const values = takeValues(reader, n)
    const [steps, times] = [takeIntegers(reader, n), takeIntegers(reader, n)]
    return { values, steps, times, seqs: withSeqs || n > noSeqs.length ? takeIntegers(reader, n) : noSeqs.subarray(0, n) }
  }
  const steps = takeIntegers(reader, n)
  const times = takeIntegers(reader, n)
  const seqs = takeIntegers(reader, n)
  return { steps, times, seqs, values: takeValues(reader, n) }
}

/** Where in a chunk of n points the values begin, and the bytes of each; undefined where they are not first. `head`: 4 bytes. */
export function valuesIn(head: Buffer, n: number): { start: number; size: number } | undefined {
  const form = n < 128 ? 2 : 3
  return head[0] === valuesFirst ? { start: form + 1, size: head[form] === single ? 4 : 8 } : undefined
}

export const unpackValue = (bytes: Buffer): number => (bytes.length === 4 ? bytes.readFloatLE(0) : bytes.readDoubleLE(0))

/** What comes after the values of a chunk of n points. */
export function unpackPlaces(bytes: Buffer, n: number): Pick<Columns, 'steps' | 'times'> {
  const reader = { bytes, at: 0 }
  return { steps: takeIntegers(reader, n), times: takeIntegers(reader, n) }
}

/** Points a summary stands for. */
export const summarySize = 64

/** Every 64 points of a chunk in short: the last one, and the least and greatest value, NaN only where all are. */
export interface Summaries {
  counts: Float64Array
  steps: Float64Array
  times: Float64Array
  min: Float64Array
  max: Float64Array
  last: Float64Array
}

export function summarise({ steps, times, values }: Columns): Summaries {
  const n = Math.ceil(steps.length / summarySize)
  const column = () => new Float64Array(n)
  const out: Summaries = { counts: column(), steps: column(), times: column(), min: column(), max: column(), last: column() }
  for (let group = 0; group < n; group++) {
    const from = group * summarySize
    const to = Math.min(from + summarySize, steps.length)
    let min = Number.NaN
    let max = Number.NaN
    for (let i = from; i < to; i++) {
      const value = values[i]!
      if (Number.isNaN(value)) continue
      // False with a NaN on the left: the first value is taken.
      if (!(min <= value)) min = value
      if (!(max >= value)) max = value
    }
    out.counts[group] = to - from
    out.steps[group] = steps[to - 1]!
    out.times[group] = times[to - 1]!
    out.min[group] = min
    out.max[group] = max
    out.last[group] = values[to - 1]!
  }
  return out
}

export function packSummaries({ steps, times, min, max, last }: Summaries): Buffer {
  begin(64 + steps.length * 48)
  putVarint(steps.length)
  putIntegers(steps)
  putIntegers(times)
  putValues(min)
  putValues(max)
  putValues(last)
  return finish()
}

/** The summaries of a chunk of `size` points. */
export function unpackSummaries(bytes: Buffer, size: number): Summaries {
  const reader = open(bytes)
  const n = takeVarint(reader)
  const counts = new Float64Array(n).fill(summarySize)
  if (n) counts[n - 1] = size - (n - 1) * summarySize
  const steps = takeIntegers(reader, n)
  const times = takeIntegers(reader, n)
  return { counts, steps, times, min: takeValues(reader, n), max: takeValues(reader, n), last: takeValues(reader, n) }
}
