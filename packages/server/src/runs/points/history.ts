/**
 * One metric's points as MLflow gives them: by time, step and value, a page at a time. All pages show the moment of the
 * first: points with a later seq are left out. Works for any times; where they ascend, a page reads what it answers.
 */
import type { Sql } from '@tidegate/db'
import { invalid, show } from '../../errors.ts'
import { unpackBatch, unpackChunk } from './codec.ts'
import { type Columns, combine, compareValues, listOf, pick } from './columns.ts'
import { bytesOf, readHistory } from './read.sql.ts'
import type { HistoryOptions, HistoryPage } from './shape.ts'

interface Point {
  time: number
  step: number
  value: number
}

/** The last point of a page, and the run's seq at the first. */
interface Place extends Point {
  seq: number
}

const chunkPoints = 4_096

export async function readHistoryPage(sql: Sql, run: number, key: number, { limit, after }: HistoryOptions): Promise<HistoryPage> {
  const place = after ? placeOf(after) : undefined
  const wanted = new Set([key])
  for (let chunks = Math.min(2 ** 31 - 2, Math.ceil(limit / chunkPoints) + 2); ; chunks = Math.min(2 ** 31 - 2, chunks * 4)) {
    const rows = await readHistory(sql, run, key, place?.time ?? Number.MIN_SAFE_INTEGER, place?.step ?? Number.MIN_SAFE_INTEGER, chunks)
    if (!rows.length) return { steps: [], times: [], values: [], next: null }
    const seq = place?.seq ?? rows[0]!.head
    const parts: Columns[] = []
    let bound: Point | undefined
    for (const row of rows) {
      if (row.data === null) bound = row
      else if (row.seq === null) parts.push(unpackChunk(bytesOf(row.data)))
      else if (row.seq <= seq) parts.push(unpackBatch(bytesOf(row.data), row.seq, wanted).get(key) ?? nothing)
    }
    const all = combine(parts, 'time')
    const shown = pick(all, (i) => all.seqs[i]! <= seq)
    const from = place ? firstAt(shown, place, true) : 0
    // What is at or past the first unread chunk may have others of that chunk before it.
    const to = bound ? firstAt(shown, bound, false) : shown.steps.length
    if (to - from < limit && bound) continue

    const end = Math.min(to, from + limit)
    const more = end < to || bound !== undefined
    const last = end - 1
    return {
      steps: listOf(shown.steps.subarray(from, end)),
      times: listOf(shown.times.subarray(from, end)),
      values: listOf(shown.values.subarray(from, end)),
      next: more ? tokenOf({ time: shown.times[last]!, step: shown.steps[last]!, value: shown.values[last]!, seq }) : null,
    }
  }
}

const nothing: Columns = { steps: new Float64Array(0), times: new Float64Array(0), values: new Float64Array(0), seqs: new Float64Array(0) }

/** Where the points at (or, with `past`, after) that one begin. */
function firstAt({ steps, times, values }: Columns, point: Point, past: boolean): number {
  let low = 0
  let high = steps.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const order = times[middle]! - point.time || steps[middle]! - point.step || compareValues(values[middle]!, point.value)
    if (order < 0 || (past && order === 0)) low = middle + 1
    else high = middle
  }
  return low
}

function tokenOf({ time, step, value, seq }: Place): string {
  const bytes = Buffer.allocUnsafe(32)
  bytes.writeDoubleLE(time, 0)
  bytes.writeDoubleLE(step, 8)
  bytes.writeDoubleLE(value, 16)
  bytes.writeDoubleLE(seq, 24)
  return bytes.toString('base64url')
}

function placeOf(token: string): Place {
  const bytes = Buffer.from(token, 'base64url')
  if (bytes.length === 32) {
    const place = { time: bytes.readDoubleLE(0), step: bytes.readDoubleLE(8), value: bytes.readDoubleLE(16), seq: bytes.readDoubleLE(24) }
    if (Number.isSafeInteger(place.time) && Number.isSafeInteger(place.step) && Number.isSafeInteger(place.seq)) return place
  }
  throw invalid(`Invalid page token ${show(token)}. Give the next_page_token of the page before.`, 'page_token')
}
