/** Ranges of axes as clauses of the filter, there and back. */
import { expect, it } from 'vitest'
import { toColumn } from '#lib/plots/columns.ts'
import { clauseOf, cutFilter, rangesOf, withRanges } from './brush-clauses.ts'

const loss = toColumn('metrics.`val/loss`', 'val/loss', [1, 2, 3])
const model = toColumn('params.model', 'model', ["o'hara", 'b', 'c'])
const infinite = Number.POSITIVE_INFINITY

it('read back what they wrote', () => {
  for (const ranges of [
    [{ from: -infinite, to: 2.45 }],
    [{ from: 0.1, to: infinite }],
    [{ from: 1e-7, to: 3 }],
    [
      { from: 1, to: 2 },
      { from: 5, to: infinite },
    ],
  ]) {
    const filter = withRanges("status = 'FINISHED'", loss, ranges)
    const { kept, rest } = cutFilter(filter, new Set([loss.ref]))
    expect(rest).toBe("status = 'FINISHED'")
    expect(rangesOf(loss, kept.get(loss.ref))).toEqual(ranges)
  }
  for (const ranges of [
    [{ from: 1.5, to: 2.5 }],
    [
      { from: -0.5, to: 0.5 },
      { from: 1.5, to: 2.5 },
    ],
  ]) {
    const { kept } = cutFilter(clauseOf(model, ranges), new Set([model.ref]))
    expect(rangesOf(model, kept.get(model.ref))).toEqual(ranges)
  }
  expect(clauseOf(model, [{ from: 0.5, to: 2.5 }])).toBe("params.model IN ('c', 'o''hara')")
})

it('are put in the place of what was there, and go with the last range', () => {
  const filter = 'metrics."val/loss" < 3 AND params.model = \'b\''
  expect(withRanges(filter, loss, [{ from: 1, to: infinite }])).toBe("metrics.`val/loss` >= 1 AND params.model = 'b'")
  expect(withRanges(filter, loss, [])).toBe("params.model = 'b'")
})

it('leave what says more than ranges to the filter', () => {
  for (const clause of [
    "params.model LIKE 'b%'",
    "metrics.`val/loss` > 1 OR params.model = 'b'",
    'metrics.`val/loss` IS NULL',
    "name ~ 'x = 1'",
  ])
    expect(cutFilter(clause, new Set([loss.ref, model.ref]))).toEqual({ kept: new Map(), rest: clause })
  expect(cutFilter('metrics.acc > 1', new Set([loss.ref])).rest).toBe('metrics.acc > 1')
})
