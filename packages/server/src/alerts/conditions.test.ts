import { describe, expect, it } from 'vitest'
import { condition, judge, type Memory, sentence } from './conditions.ts'

/** Messages of what fires when these values come one by one at steps 0, 1, 2, … */
function fired(raw: unknown, values: number[], stepSize = 1): Array<[number, string]> {
  const parsed = condition.parse(raw)
  const memory: Memory = {}
  return values.flatMap((value, i) => {
    const found = judge(parsed, memory, 'loss', { steps: [i * stepSize], values: [value] })
    return found ? [[i, found.message] as [number, string]] : []
  })
}

describe('a condition', () => {
  it('finds NaN and the infinities, once until a finite value comes', () => {
    expect(fired({ kind: 'not-finite' }, [1, Number.NaN, Number.NaN, 2, Number.MAX_VALUE, -Number.MAX_VALUE])).toEqual([
      [1, 'loss is NaN at step 1'],
      [4, 'loss is Infinity at step 4'],
    ])
  })

  it('finds a value past a limit, and again after it has come back', () => {
    expect(fired({ kind: 'threshold', comparator: '>', limit: 2 }, [1, 2, 3, 4, 1, 5])).toEqual([
      [2, 'loss is 3 at step 2: over 2'],
      [5, 'loss is 5 at step 5: over 2'],
    ])
    expect(fired({ kind: 'threshold', comparator: '<=', limit: 0.5 }, [0.5])).toEqual([[0, 'loss is 0.5 at step 0: at most 0.5']])
  })

  it('waits for as many points as it was told to', () => {
    expect(fired({ kind: 'threshold', comparator: '>=', limit: 2, points: 3 }, [2, 2, 1, 2, 2, 2, 2])).toEqual([
      [5, 'loss is 2 at step 5: at least 2, for 3 points'],
    ])
  })

  it('never takes NaN for a value past a limit', () => {
    for (const comparator of ['>', '<', '>=', '<=']) expect(fired({ kind: 'threshold', comparator, limit: 0 }, [Number.NaN])).toEqual([])
  })

  it('finds a plateau, counted in steps and not in points', () => {
    expect(fired({ kind: 'plateau', goal: 'MIN', steps: 30 }, [5, 4, 4, 4.5, 4, 3, 3, 3, 3], 10)).toEqual([
      [4, 'loss has not improved on 4 for 30 steps, since step 10'],
      [8, 'loss has not improved on 3 for 30 steps, since step 50'],
    ])
  })

  it('takes no small improvement for one', () => {
    expect(fired({ kind: 'plateau', goal: 'MAX', steps: 2, delta: 0.5 }, [1, 1.2, 1.4, 2]).map(([i]) => i)).toEqual([2])
  })

  it('is refused where it makes no sense', () => {
    for (const bad of [
      { kind: 'threshold', comparator: '=', limit: 1 },
      { kind: 'threshold', comparator: '>', limit: Number.NaN },
      { kind: 'plateau', goal: 'MIN', steps: 0 },
      { kind: 'plateau', goal: 'MIN', steps: 1, delta: -1 },
      { kind: 'silence', after: 10 },
      { kind: 'else' },
    ]) {
      expect(condition.safeParse(bad).success, JSON.stringify(bad)).toBe(false)
    }
  })

  it('can be said in words', () => {
    expect(sentence(condition.parse({ kind: 'silence', after: 90_000 }), null)).toBe('no point of any metric for 1.5 min')
    expect(sentence(condition.parse({ kind: 'threshold', comparator: '>', limit: 2, points: 3 }), 'loss')).toBe('loss > 2 for 3 points')
  })
})
