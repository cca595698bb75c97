/** A version beside the one that it is measured against: their metrics by key, and what became of the signature. */
import { type Direction, guessDirection } from '#lib/direction.ts'
import type { Real } from '#lib/format.ts'
import type { Signature, Version } from '../../documents.ts'

type Measured = Pick<Version, 'run' | 'loggedModel'> | NonNullable<Version['model']['champion']>

export interface Compared {
  key: string
  value: Real | undefined
  other: Real | undefined
  /** Of the other's size; undefined where one of them is missing, or is no number. */
  change: number | undefined
  verdict: 'better' | 'worse' | 'same' | 'unknown'
  direction: Direction | undefined
}

/** What was measured: of the logged model, on its data set, and of its run, where the model has no such metric. */
export function metricsOf(measured: Measured | null | undefined): Map<string, Real> {
  const found = new Map<string, Real>()
  for (const { key, value } of measured?.run?.metrics ?? []) found.set(key, value)
  for (const { key, value, datasetName } of measured?.loggedModel?.metrics ?? []) {
    found.set(key, value)
    if (datasetName) found.set(`${key} on ${datasetName}`, value)
  }
  // On one data set alone it says the same twice.
  for (const { key, datasetName } of measured?.loggedModel?.metrics ?? []) {
    const sets = measured!.loggedModel!.metrics.filter((each) => each.key === key && each.datasetName)
    if (sets.length === 1 && datasetName) found.delete(`${key} on ${datasetName}`)
  }
  return found
}

const isNumber = (value: Real | undefined): value is number => typeof value === 'number' && Number.isFinite(value)

/** Those that both have first, each by name; metrics of the machine are none of a model. */
export function compare(mine: ReadonlyMap<string, Real>, others: ReadonlyMap<string, Real>): Compared[] {
  const keys = [...new Set([...mine.keys(), ...others.keys()])].filter((key) => !key.startsWith('system/'))
  const rows = keys.map((key): Compared => {
    const [value, other] = [mine.get(key), others.get(key)]
    const direction = guessDirection(key.replace(/ on .*/, ''))
    if (!isNumber(value) || !isNumber(other)) return { key, value, other, change: undefined, verdict: 'unknown', direction }
    const change = other === 0 ? (value === 0 ? 0 : undefined) : (value - other) / Math.abs(other)
    const verdict =
      value === other ? 'same' : direction === undefined ? 'unknown' : value > other === (direction === 'higher') ? 'better' : 'worse'
    return { key, value, other, change, verdict, direction }
  })
  const rank = ({ value, other }: Compared) => (value === undefined || other === undefined ? 1 : 0)
  return rows.sort((a, b) => rank(a) - rank(b) || (a.key < b.key ? -1 : 1))
}

type Field = Signature['inputs'][number]
export interface FieldDiff {
  field: Field
  /** What it is beside the other version. */
  state: 'same' | 'added' | 'removed' | 'changed'
  /** As it was in the other, where it has changed. */
  before: Field | undefined
}

export const typeOf = ({ type, shape }: Field): string => (shape ? `${type} [${shape.join(', ')}]` : type)

/** Without another each is as it is. */
export function diffFields(mine: readonly Field[], others: readonly Field[] | undefined): FieldDiff[] {
  if (!others) return mine.map((field) => ({ field, state: 'same', before: undefined }))
  const before = new Map(others.map((field) => [field.name, field]))
  const here = new Set(mine.map(({ name }) => name))
  return [
    ...mine.map((field): FieldDiff => {
      const was = before.get(field.name)
      if (!was) return { field, state: 'added', before: undefined }
      const isSame = typeOf(was) === typeOf(field) && was.isRequired === field.isRequired && was.default === field.default
      return { field, state: isSame ? 'same' : 'changed', before: isSame ? undefined : was }
    }),
    ...others.filter(({ name }) => !here.has(name)).map((field): FieldDiff => ({ field, state: 'removed', before: undefined })),
  ]
}
