/**
 * When a rule fires, as plain functions of what it remembers and of new points. Always true: a condition that holds fires
 * once for each metric of each run, and again only after it has not held in between.
 */
import { z } from 'zod'
import { maxDouble } from '../fields.ts'

const finite = z.number().refine(Number.isFinite, 'It must be a finite number.')
const count = (most: number) => z.number().int().min(1).max(most)

/** Values are compared as they were logged; steps and counts are of points of one metric. Times are ms. */
export const condition = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('not-finite') }),
  z.object({
    kind: z.literal('threshold'),
    comparator: z.enum(['>', '>=', '<', '<=']),
    limit: finite,
    /** Points one after the other for which it must hold. */
    points: count(1_000_000).default(1),
  }),
  z.object({
    kind: z.literal('plateau'),
    goal: z.enum(['MIN', 'MAX']),
    /** A best value must be better than the one before by more than this. */
    delta: finite.refine((delta) => delta >= 0, 'It must not be negative.').default(0),
    /** Steps without a new best. */
    steps: count(Number.MAX_SAFE_INTEGER),
  }),
  z.object({
    kind: z.literal('silence'),
    after: count(30 * 24 * 60 * 60 * 1000).refine((ms) => ms >= 1000, 'It must be 1000 ms or more.'),
  }),
])
export type Condition = z.infer<typeof condition>

/** What is remembered of one metric of one run. */
export interface Memory {
  /** It has fired and still holds. */
  holds?: boolean
  /** threshold: points so far for which it held. */
  held?: number
  /** plateau: the best value, and at which step. */
  best?: number
  bestStep?: number
}

export interface Finding {
  step: number
  value: number
  message: string
}

export interface NewPoints {
  steps: readonly number[]
  values: readonly number[]
}

/** MLflow keeps the infinities as the greatest doubles. */
const isReal = (value: number) => Math.abs(value) < maxDouble

const compare = {
  '>': (a: number, b: number) => a > b,
  '>=': (a: number, b: number) => a >= b,
  '<': (a: number, b: number) => a < b,
  '<=': (a: number, b: number) => a <= b,
}

const words = { '>': 'over', '>=': 'at least', '<': 'under', '<=': 'at most' }

/** What new points of one metric, in the order of their steps, mean. `memory` is changed. The first finding is given. */
export function judge(condition: Condition, memory: Memory, metric: string, { steps, values }: NewPoints): Finding | undefined {
  let found: Finding | undefined
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i]!
    const value = values[i]!
    const message = judgeOne(condition, memory, step, value)
    if (message && !found) found = { step, value, message: `${metric} ${message}` }
  }
  return found
}

function judgeOne(condition: Condition, memory: Memory, step: number, value: number): string | undefined {
  if (condition.kind === 'not-finite') return once(memory, !isReal(value), () => `is ${shown(value)} at step ${step}`)
  if (condition.kind === 'threshold') {
    const { comparator, limit, points } = condition
    memory.held = compare[comparator](value, limit) ? (memory.held ?? 0) + 1 : 0
    const since = points > 1 ? `, for ${points} points` : ''
    return once(memory, memory.held >= points, () => `is ${shown(value)} at step ${step}: ${words[comparator]} ${shown(limit)}${since}`)
  }
  if (condition.kind === 'plateau') {
    if (!isReal(value)) return undefined
    const { goal, delta, steps } = condition
    const { best, bestStep = step } = memory
    const better = best === undefined || (goal === 'MIN' ? value < best - delta : value > best + delta)
    if (better) Object.assign(memory, { best: value, bestStep: step })
    const plain = !better && step - bestStep >= steps
    return once(memory, plain, () => `has not improved on ${shown(best!)} for ${step - bestStep} steps, since step ${bestStep}`)
  }
  return undefined
}

function once(memory: Memory, holds: boolean, message: () => string): string | undefined {
  const fires = holds && !memory.holds
  memory.holds = holds
  return fires ? message() : undefined
}

const shown = (value: number) =>
  value === maxDouble ? 'Infinity' : value === -maxDouble ? '-Infinity' : String(Number(value.toPrecision(6)))

/** A condition in words, for lists and notices. */
export function sentence(condition: Condition, metric: string | null): string {
  const what = metric ?? 'any metric'
  if (condition.kind === 'not-finite') return `${what} is NaN or infinite`
  if (condition.kind === 'threshold')
    return `${what} ${condition.comparator} ${condition.limit}${condition.points > 1 ? ` for ${condition.points} points` : ''}`
  if (condition.kind === 'plateau')
    return `${what} has no new ${condition.goal === 'MIN' ? 'least' : 'greatest'} value for ${condition.steps} steps${condition.delta ? `, by more than ${condition.delta}` : ''}`
  return `no point of ${what} for ${duration(condition.after)}`
}

/** ms in words: 90 000 is "1.5 min". */
export const duration = (ms: number) =>
  ms < 60_000 ? `${ms / 1000} s` : ms < 3_600_000 ? `${Number((ms / 60_000).toFixed(1))} min` : `${Number((ms / 3_600_000).toFixed(1))} h`
