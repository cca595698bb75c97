/**
 * Checks that the server runs itself where a gate names them: what they are called, and what a gate asks of each. Always true: nobody but the
 * server reports one, and what it found counts only for a gate that asks for the same as then.
 */
import { z } from 'zod'
import { anyText, required } from '../fields.ts'
import type { Gate } from './policy.sql.ts'

export const prefix = 'tidegate/'
export const isBuiltIn = (check: string): boolean => check.startsWith(prefix)

export const builtIns = {
  'tidegate/signature': 'Callers of the version that stands there can call this one: it takes what they send and gives what they read.',
  'tidegate/metric': 'Metrics are within their bounds, and better than the champion’s by as much as the gate says.',
  'tidegate/card': 'The model card has headings, and something below each.',
  'tidegate/pickle': 'Loading its pickles imports nothing but what only makes data, or what the gate allows.',
  'tidegate/licences': 'Each data set of its run has a tag `license`, and one that is allowed.',
  'tidegate/evidence': 'What a reviewer looks at is there: the model card, the signature, an input example, the source run, its data sets.',
} as const
export type BuiltIn = keyof typeof builtIns
export const builtInNames = Object.keys(builtIns) as BuiltIn[]

/** What a version may have to show. */
export const evidenceKinds = ['CARD', 'SIGNATURE', 'INPUT_EXAMPLE', 'RUN', 'DATASET'] as const
export type EvidenceKind = (typeof evidenceKinds)[number]

/** What `tidegate/metric` asks of one metric. */
export interface MetricRule {
  key: string
  /** As it was measured on this data set; null: whatever on. */
  dataset: string | null
  min: number | null
  max: number | null
  /** Than the champion's, at least: 0 is as good. Null: it is not compared. */
  betterBy: number | null
  lowerIsBetter: boolean
}

export interface CheckParams {
  metrics: MetricRule[]
  /** Of the model card. */
  headings: string[]
  /** `module.name` that pickles may import besides; * for any part of a name, ** for names with dots. */
  imports: string[]
  /** Of data sets. */
  licences: string[]
  evidence: EvidenceKind[]
}

export const noParams: CheckParams = { metrics: [], headings: [], imports: [], licences: [], evidence: [] }

const most = { metrics: 20, headings: 50, imports: 200, licences: 100 }
const number = z.number().nullish()

/** As a policy is set. */
export const checkParams = z.object({
  metrics: z
    .array(
      z
        .object({
          key: required.max(250),
          dataset: anyText.max(500).nullish(),
          min: number,
          max: number,
          betterBy: z.number().min(0).nullish(),
          lowerIsBetter: z.boolean().nullish(),
        })
        .transform(
          ({ key, dataset, min, max, betterBy, lowerIsBetter }): MetricRule => ({
            ...{ key, dataset: dataset || null, min: min ?? null, max: max ?? null },
            ...{ betterBy: betterBy ?? null, lowerIsBetter: lowerIsBetter ?? false },
          }),
        ),
    )
    .max(most.metrics, `There are at most ${most.metrics} metrics.`)
    .nullish(),
  headings: z.array(required.max(250)).max(most.headings, `There are at most ${most.headings} headings.`).nullish(),
  imports: z
    .array(required.max(250).regex(/^[\p{L}\p{N}_*]+(\.[\p{L}\p{N}_*]+)+$/u, 'It is a name with its module, such as sklearn.metrics.*.'))
    .max(most.imports, `There are at most ${most.imports} imports.`)
    .nullish(),
  licences: z.array(required.max(250)).max(most.licences, `There are at most ${most.licences} licences.`).nullish(),
  evidence: z.array(z.enum(evidenceKinds)).nullish(),
})

export const paramsOf = (said: z.output<typeof checkParams> | null | undefined): CheckParams => ({
  metrics: said?.metrics ?? [],
  headings: [...new Set(said?.headings ?? [])],
  imports: [...new Set(said?.imports ?? [])],
  licences: [...new Set(said?.licences ?? [])],
  evidence: evidenceKinds.filter((kind) => said?.evidence?.includes(kind)),
})

/** Which of the params are whose. */
const owners: Record<keyof CheckParams, BuiltIn> = {
  metrics: 'tidegate/metric',
  headings: 'tidegate/card',
  imports: 'tidegate/pickle',
  licences: 'tidegate/licences',
  evidence: 'tidegate/evidence',
}
/** Those without which a check has something to look for all the same. */
const optional: ReadonlySet<keyof CheckParams> = new Set(['imports'])

/** What is wrong with what a gate asks of the server's checks, and with which field of it. */
export function paramsFault({ checks, params: said }: Pick<Gate, 'checks' | 'params'>): { field: string; message: string } | undefined {
  const params = { ...noParams, ...said }
  const unknown = checks.find((name) => isBuiltIn(name) && !(name in builtIns))
  if (unknown !== undefined) return { field: 'checks', message: `There is no check '${unknown}': there are ${builtInNames.join(', ')}.` }
  for (const [field, check] of Object.entries(owners) as Array<[keyof CheckParams, BuiltIn]>) {
    const isAsked = checks.includes(check)
    if (isAsked && params[field].length === 0 && !optional.has(field))
      return { field: `params.${field}`, message: `'${check}' looks for ${field}: say which.` }
    if (!isAsked && params[field].length > 0)
      return { field: 'checks', message: `The ${field} are for '${check}': name it among the checks.` }
  }
  for (const [i, { key, min, max, betterBy }] of params.metrics.entries()) {
    const at = `params.metrics[${i}]`
    if (min === null && max === null && betterBy === null)
      return { field: at, message: `Nothing is asked of '${key}': say min, max or betterBy.` }
    if (min !== null && max !== null && min > max) return { field: at, message: `'${key}' can't be at least ${min} and at most ${max}.` }
  }
  return undefined
}

/** What a gate asks of one check, as text: always the same for the same. The database keeps no order of fields. */
export function askedOf(name: string, { params: said }: Pick<Gate, 'params'>): string {
  const params = { ...noParams, ...said }
  switch (name as BuiltIn) {
    case 'tidegate/metric':
      return JSON.stringify(params.metrics.map((it) => [it.key, it.dataset, it.min, it.max, it.betterBy, it.lowerIsBetter]))
    case 'tidegate/card':
      return JSON.stringify(params.headings)
    case 'tidegate/pickle':
      return JSON.stringify(params.imports)
    case 'tidegate/licences':
      return JSON.stringify(params.licences)
    case 'tidegate/evidence':
      return JSON.stringify(params.evidence)
    default:
      return ''
  }
}
