/**
 * A filter over all runs at once, made of the sets of its comparisons. Which of two shapes a part of it has is seen in
 * its own form:
 * - sets, where it is of values only: INTERSECT for AND, UNION for OR, and the result is joined to the runs;
 * - hashed sub-plans, `r.id IN (...)` inside a condition on the run `r`, where it has attributes or NOT.
 */
import { attributeProbe, condition, type KeysOf, type Put, set } from './compare.sql.ts'
import type { Comparison, Filter } from './filter.ts'

/** The filter without what can be said without looking: a key that is nowhere makes its comparison false. */
export function simplified(filter: Filter, keysOf: KeysOf): Filter | boolean {
  if (filter.type === 'comparison') {
    const { kind } = filter.column
    const isValue = kind === 'metric' || kind === 'param' || kind === 'tag'
    return isValue && !keysOf(filter.column).length ? filter.comparator === 'IS NULL' : filter
  }
  if (filter.type === 'not') {
    const of = simplified(filter.of, keysOf)
    return typeof of === 'boolean' ? !of : { type: 'not', of }
  }
  // In AND a true one says nothing and a false one says all; in OR the other way round.
  const all = filter.type === 'or'
  const of: Filter[] = []
  for (const each of filter.of) {
    const left = simplified(each, keysOf)
    if (left === all) return all
    if (typeof left !== 'boolean') of.push(left)
  }
  return of.length ? (of.length === 1 ? of[0]! : { type: filter.type, of }) : !all
}

/** True where it is of values only, and asks for what runs have. */
const isSets = (filter: Filter): boolean =>
  filter.type === 'comparison'
    ? filter.column.kind !== 'attribute' && filter.comparator !== 'IS NULL'
    : filter.type !== 'not' && filter.of.every(isSets)

/** What a filter asks: runs in all of the sets `within`, where `rows`, conditions on `r`, hold. */
export interface Sets {
  within: string[]
  rows: string[]
}

/** `experiments` is the parameter that holds those searched. */
export function sets(filter: Filter, keysOf: KeysOf, experiments: string, put: Put): Sets {
  const found: Sets = { within: [], rows: [] }
  const joined = (filter: Filter): string =>
    filter.type === 'comparison'
      ? set(filter, keysOf, experiments, put)
      : (filter as { of: Filter[] }).of.map((each) => `(${joined(each)})`).join(filter.type === 'and' ? ' INTERSECT ' : ' UNION ')
  const leaf = (it: Comparison) =>
    it.column.kind === 'attribute'
      ? attributeProbe(it, put)
      : `r.id ${it.comparator === 'IS NULL' ? 'NOT IN' : 'IN'} (${set(it, keysOf, experiments, put)})`
  const parts = (filter: Filter): Filter[] => (filter.type === 'and' ? filter.of.flatMap(parts) : [filter])
  for (const part of parts(filter)) {
    if (isSets(part)) found.within.push(joined(part))
    else found.rows.push(condition(part, leaf))
  }
  return found
}
