import { describe, expect, it } from 'vitest'
import { randomFrom } from './brute-force.ts'
import { packBatch, packChunk, packSummaries, summarise, unpackBatch, unpackChunk, unpackSummaries } from './codec.ts'
import { ascends, type Columns, columnsOf, combine, compareValues, ordered, pick } from './columns.ts'
import { check, pack } from './pack.ts'

const { MAX_SAFE_INTEGER: most, MIN_SAFE_INTEGER: least } = Number

/** Columns of integers of every shape that is packed differently. */
function integers(random: () => number, n: number): Float64Array {
  const shapes: Array<(i: number) => number> = [
    () => 0,
    (i) => i,
    (i) => 1_760_000_000_000 + i * 13,
    (i) => -i * 3,
    () => Math.floor(random() * 1_000) - 500,
    (i) => 1_760_000_000_000 + i * 10 + Math.floor(random() * 5),
    () => Math.floor((random() - 0.5) * 2 ** 31),
    () => Math.round((random() - 0.5) * 2 * most),
    () => [most, least, 0, -1, 2 ** 30, -(2 ** 30), 2 ** 31, 2 ** 53 - 2][Math.floor(random() * 8)]!,
    (i) => least + i * (2 ** 30 - 1),
  ]
  return new Float64Array(n)
    .map((_, i) => i)
    .map(shapes[Math.floor(random() * shapes.length)]!)
    .map((value) => value + 0)
}

function values(random: () => number, n: number): Float64Array {
  const odd = [Number.NaN, 0, Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, 1 / 3, 1e-45, 2 ** 128]
  const shapes: Array<() => number> = [
    random,
    () => Math.fround(random()),
    () => odd[Math.floor(random() * odd.length)]!,
    () => Number.NaN,
    () => Math.floor(random() * 10),
  ]
  return new Float64Array(n).map(shapes[Math.floor(random() * shapes.length)]!)
}

const randomColumns = (random: () => number, n: number): Columns => ({
  steps: integers(random, n),
  times: integers(random, n),
  seqs: integers(random, n),
  values: values(random, n),
})

describe('packing', () => {
  it('gives back every chunk as it was', () => {
    const random = randomFrom(7)
    for (let round = 0; round < 400; round++) {
      const points = randomColumns(random, Math.floor(random() ** 3 * 300))
      expect(unpackChunk(packChunk(points))).toEqual(points)
    }
  })

  it('gives back every row of the tail, whole or by key', () => {
    const random = randomFrom(8)
    for (let round = 0; round < 300; round++) {
      const keys = [...new Set(integers(random, Math.floor(random() * 20)).map((key) => Math.abs(key) % 2 ** 31))].sort((a, b) => a - b)
      const counts = keys.map(() => 1 + Math.floor(random() * 5))
      const n = counts.reduce((sum, count) => sum + count, 0)
      const { steps, times, values } = randomColumns(random, n)
      const bytes = packBatch({ keys, counts, steps, times, values })
      const wanted = new Set(keys.filter(() => random() < 0.5))
      for (const only of [undefined, wanted]) {
        const found = unpackBatch(bytes, 42, only)
        expect([...found.keys()]).toEqual(keys.filter((key) => !only || only.has(key)))
        let at = 0
        keys.forEach((key, i) => {
          const to = at + counts[i]!
          const points = {
            steps: steps.slice(at, to),
            times: times.slice(at, to),
            values: values.slice(at, to),
            seqs: new Float64Array(counts[i]!).fill(42),
          }
          if (!only || only.has(key)) expect(found.get(key)).toEqual(points)
          at = to
        })
      }
    }
  })

  it('is small: a regular step costs nothing, PyTorch losses four bytes', () => {
    const n = 4_096
    const points = {
      steps: new Float64Array(n).map((_, i) => i),
      times: new Float64Array(n).map((_, i) => 1_760_000_000_000 + i * 20),
      seqs: new Float64Array(n),
      values: new Float64Array(n).map(() => Math.fround(Math.random())),
    }
    expect(packChunk(points).length).toBeLessThan(n * 4 + 100)
  })

  it('sums up every 64 points, leaving NaN out of least and greatest', () => {
    const random = randomFrom(9)
    for (const n of [1, 63, 64, 65, 1_000]) {
      const points = randomColumns(random, n)
      const sums = unpackSummaries(packSummaries(summarise(points)), n)
      expect(sums).toEqual(summarise(points))
      sums.counts.forEach((count, i) => {
        const part = [...points.values.subarray(i * 64, i * 64 + 64)]
        const numbers = part.filter((value) => !Number.isNaN(value))
        expect(count).toBe(part.length)
        expect(sums.min[i]).toBe(numbers.length ? Math.min(...numbers) : Number.NaN)
        expect(sums.max[i]).toBe(numbers.length ? Math.max(...numbers) : Number.NaN)
        expect(sums.last[i]).toBe(part.at(-1))
      })
    }
  })

  it('refuses bytes of another version', () => {
    expect(() => unpackChunk(Buffer.from([9, 0]))).toThrow('version 9')
  })
})

describe('order', () => {
  it('sorts points, each once with its lowest seq', () => {
    const random = randomFrom(10)
    for (let round = 0; round < 200; round++) {
      const parts = Array.from({ length: Math.floor(random() * 5) }, () => {
        const points = columnsOf(Math.floor(random() * 60))
        points.steps.forEach((_, i) => {
          points.steps[i] = Math.floor(random() * 6)
          points.times[i] = Math.floor(random() * 3)
          points.values[i] = [0, 1, Number.NaN, -1][Math.floor(random() * 4)]!
          points.seqs[i] = Math.floor(random() * 9)
        })
        return points
      })
      for (const order of ['step', 'time'] as const) {
        const rows = parts.flatMap(({ steps, times, values, seqs }) =>
          [...steps].map((step, i) => [step, times[i]!, values[i]!, seqs[i]!] as const),
        )
        rows.sort(
          (a, b) =>
            (order === 'step' ? a[0] - b[0] || a[1] - b[1] : a[1] - b[1] || a[0] - b[0]) || compareValues(a[2], b[2]) || a[3] - b[3],
        )
        const expected = rows.filter((row, i) => i === 0 || ![0, 1, 2].every((c) => Object.is(row[c], rows[i - 1]![c])))
        const { steps, times, values, seqs } = combine(parts, order)
        expect([...steps].map((step, i) => [step, times[i], values[i], seqs[i]])).toEqual(expected)
      }
    }
  })

  it('leaves alone what ascends, and picks by a test', () => {
    const points = {
      steps: Float64Array.of(1, 2, 3),
      times: Float64Array.of(0, 0, 0),
      values: Float64Array.of(0, 0, 0),
      seqs: Float64Array.of(1, 5, 2),
    }
    expect(ordered(points)).toBe(points)
    expect(ascends(points)).toBe(true)
    expect(pick(points, () => true)).toBe(points)
    expect([...pick(points, (i) => points.seqs[i]! > 1).steps]).toEqual([2, 3])
  })
})

describe('a request', () => {
  const columns = { keys: [2, 1, 2, 2], steps: [5, -0, 5, 4], times: [1, 1, 1, 1], values: [-0, Number.NaN, 0, 1] }

  it('becomes one row, the same for the same points in any order', () => {
    const row = pack(3, [columns])
    expect(row).toMatchObject({ run: 3, n: 3, from: 0, to: 5 })
    expect(row.tops).toEqual({
      keys: [1, 2],
      steps: [0, 5],
      times: [1, 1],
      values: [Number.NaN, 0],
      leastSteps: [0, 4],
      leastTimes: [1, 1],
    })
    const backwards = { keys: [2, 2, 1], steps: [4, 5, 0], times: [1, 1, 1], values: [1, 0, Number.NaN] }
    expect(pack(3, [backwards]).digest).toEqual(row.digest)
    expect(pack(3, [{ ...backwards, values: [1, 2, Number.NaN] }]).digest).not.toEqual(row.digest)
  })

  it('is refused where it cannot be stored exactly', () => {
    expect(() => check(columns)).not.toThrow()
    expect(() => check({ ...columns, steps: [1, 2, 3, 2 ** 53] })).toThrow(RangeError)
    expect(() => check({ ...columns, times: [1, 2, 3, 0.5] })).toThrow(RangeError)
    expect(() => check({ ...columns, keys: [1, 2, 3] })).toThrow(RangeError)
    expect(() => check({ ...columns, values: [1, 2, 3, undefined as unknown as number] })).toThrow(RangeError)
  })
})
