/** The checks that the server runs itself, in words. */
import { formatNumber } from '#lib/format.ts'
import type { Gate } from './documents.ts'

export type Evidence = Gate['params']['evidence'][number]
export type Metric = Gate['params']['metrics'][number]

/** What each asks, where it is chosen. */
export const ownChecks = {
  'tidegate/signature': 'callers of the version that stands there can call it',
  'tidegate/metric': 'metrics are as good as asked',
  'tidegate/card': 'the model card has headings',
  'tidegate/pickle': 'its pickles only make data',
  'tidegate/licences': 'its data sets are under licences that are allowed',
  'tidegate/evidence': 'what reviewers look at is there',
} as const
export type OwnCheck = keyof typeof ownChecks

export const isOwn = (check: string): boolean => check.startsWith('tidegate/')

export const evidence: Record<Evidence, string> = {
  CARD: 'model card',
  SIGNATURE: 'signature',
  INPUT_EXAMPLE: 'input example',
  RUN: 'source run',
  DATASET: 'data set',
}

/** The lists of names that they ask for. */
export const ownLists = {
  'tidegate/card': { field: 'headings', text: 'Headings of the model card', placeholder: 'Intended use' },
  'tidegate/pickle': { field: 'imports', text: 'What pickles may import besides', placeholder: 'mylib.Scaler, mylib.**' },
  'tidegate/licences': { field: 'licences', text: 'Licences, as the tag license of a data set', placeholder: 'MIT' },
} as const

export function tellMetric({ key, dataset, min, max, betterBy, lowerIsBetter }: Metric): string {
  const bounds = [
    ...(min === null ? [] : [`at least ${formatNumber(min)}`]),
    ...(max === null ? [] : [`at most ${formatNumber(max)}`]),
    ...(betterBy === null
      ? []
      : [
          betterBy === 0
            ? 'no worse than the champion’s'
            : `${formatNumber(betterBy)} ${lowerIsBetter ? 'less' : 'more'} than the champion’s`,
        ]),
  ]
  return `${key}${dataset ? ` on ${dataset}` : ''} ${bounds.join(' and ') || 'measured'}`
}

/** What a gate asks of them, each as a clause. */
export function tellOwn({ checks, params }: Gate): string[] {
  const clauses: Record<OwnCheck, () => string[]> = {
    'tidegate/signature': () => ['its signature fits what stands there'],
    'tidegate/metric': () => params.metrics.map(tellMetric),
    'tidegate/card': () => [`a model card with ${params.headings.join(', ')}`],
    'tidegate/pickle': () => [`pickles that only make data${params.imports.length ? `, or import ${params.imports.join(', ')}` : ''}`],
    'tidegate/evidence': () => [`with ${params.evidence.map((kind) => evidence[kind]).join(', ')}`],
    'tidegate/licences': () => [`data sets under ${params.licences.join(', ')}`],
  }
  return checks.flatMap((check) => clauses[check as OwnCheck]?.() ?? [])
}
