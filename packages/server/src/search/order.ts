/** MLflow's order_by: one column and ASC or DESC in each clause. */
import { invalid } from '../errors.ts'
import { type Column, columnOf, type Grammar } from './column.ts'
import { tokens } from './tokens.ts'

export interface Order {
  column: Column
  /** @default false */
  descending?: boolean
}

/** The orders of an order_by. No column may come twice. Throws INVALID_PARAMETER_VALUE. */
export function parseOrderBy(clauses: readonly string[], grammar: Grammar = 'runs'): Order[] {
  const seen = new Set<string>()
  return clauses.map((clause) => {
    const [name, direction, ...more] = tokens(clause).slice(0, -1)
    if (clause.includes('\0') || name?.kind !== 'identifier' || more.length || (direction && direction.kind !== 'identifier'))
      throw invalid(`Invalid order_by clause '${clause}'. Could not be parsed.`, 'order_by')
    const way = direction?.text.toLowerCase() ?? 'asc'
    if (way !== 'asc' && way !== 'desc') throw invalid(`Invalid ordering key in order_by clause '${clause}'.`, 'order_by')
    const column = columnOf(name.text, grammar)
    if (column.kind === 'dataset') throw invalid(`Invalid identifier type '${column.kind}'`, 'order_by')
    if (grammar === 'experiments' && column.kind !== 'attribute') throw invalid(`Invalid order_by entity: ${column.kind}`, 'order_by')
    const id = `${column.kind}.${column.key}`
    if (seen.has(id)) throw invalid(`\`order_by\` contains duplicate fields: [${clauses.map((it) => `'${it}'`).join(', ')}]`, 'order_by')
    seen.add(id)
    return { column, descending: way === 'desc' }
  })
}
