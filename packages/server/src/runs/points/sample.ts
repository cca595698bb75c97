/**
 * MLflow's sampling of a metric for its charts: exact points at even ranks. A chunk that no other point lies in counts by
 * its number of points, and of its values only the chosen ones are read.
 */
import type { Database, Sql } from '@tidegate/db'
import { arranged, ends, read } from './chart.ts'
import { unpackChunk, unpackPlaces, unpackValue, valuesIn } from './codec.ts'
import { bytesOf, type LineRow, oneSnapshot, type Piece, readPieces } from './read.sql.ts'
import type { Sample, SampleRange } from './shape.ts'

/** With fewer points than this for each that is wanted the chunks are read whole. */
const fewer = 64

/** The first point of each of `max` groups of equal size, and the last of all in place of the last. */
export async function readSamples(db: Database, runs: readonly number[], key: number, range: SampleRange): Promise<Sample[]> {
  const samples: Sample[] = []
  for (const run of runs) samples.push(await db.tx((sql) => sampleOfRun(sql, run, key, range)))
  return samples
}

async function sampleOfRun(sql: Sql, run: number, key: number, range: SampleRange): Promise<Sample> {
  const { from, to } = ends(range)
  const readOf = async (whole: number) => (await read(sql, [run], [key], 'id', from, to, whole)).get(run)!.keys.get(key)!
  const [, found] = await Promise.all([oneSnapshot(sql), readOf(range.max * fewer)])
  // Points between those of a chunk: only together can they be counted.
  const parts = arranged(found, 'step') ?? (await readOf(Number.MAX_SAFE_INTEGER)).points

  const sizes = parts.map((part) => ('kind' in part ? part.n : part.steps.length))
  const sample: Sample = { run, steps: [], times: [], values: [] }
  const put = (place: number, step: number, time: number, value: number) => {
    sample.steps[place] = step
    sample.times[place] = time
    sample.values[place] = value
  }
  const chosen = new Map<LineRow, Chosen>()
  let part = 0
  let before = 0
  for (const [place, rank] of sampleOf(
    sizes.reduce((sum, size) => sum + size, 0),
    range.max,
  ).entries()) {
    while (rank >= before + sizes[part]!) before += sizes[part++]!
    const it = parts[part]!
    const at = rank - before
    if ('kind' in it) {
      put(place, 0, 0, 0)
      const of = chosen.get(it)
      if (of) of.at.push(at)
      else chosen.set(it, { place, at: [at] })
    } else put(place, it.steps[at]!, it.times[at]!, it.values[at]!)
  }

  const wanted = [...chosen].map(([chunk, { at }]) => piecesOf(chunk, at))
  const bytes = wanted.length ? await readPieces(sql, wanted.flat()) : []
  let next = 0
  for (const [chunk, { place, at }] of chosen) {
    const rest = bytes[next++]!
    const whole = wanted.shift()!.length === 1 ? unpackChunk(rest) : undefined
    const { steps, times } = whole ?? unpackPlaces(rest, chunk.n)
    for (const [i, each] of at.entries())
      put(place + i, steps[each]!, times[each]!, whole ? whole.values[each]! : unpackValue(bytes[next++]!))
  }
  return sample
}

/** Points of one chunk that are wanted, and the place in the sample of the first. */
interface Chosen {
  place: number
  at: number[]
}

/** What follows a chunk's values, and each of those values; or all of a chunk that is packed in the old way. */
function piecesOf({ sub, n }: LineRow, at: readonly number[]): Piece[] {
  const [id = '', head = ''] = sub!.split(' ')
  const rest = 2 ** 30
  const values = valuesIn(bytesOf(head), n)
  if (!values) return [{ id, start: 0, size: rest }]
  const { start, size } = values
  return [{ id, start: start + n * size, size: rest }, ...at.map((each) => ({ id, start: start + each * size, size }))]
}

/** Which of n points MLflow's ntile(max) picks. */
export function sampleOf(n: number, max: number): number[] {
  const groups = Math.min(n, max)
  if (!groups) return []
  const size = Math.floor(n / max)
  const larger = n % max
  const firsts = Array.from({ length: groups }, (_, i) => i * size + Math.min(i, larger))
  firsts[groups - 1] = n - 1
  return firsts
}
