/** How the order of the table changes by a press on a heading. */
import { columnTitle, parseRef } from './columns.ts'
import type { Order } from './view.ts'

/** A metric begins with its lowest, which most are best at; a time with the newest. */
const begins = (ref: string): boolean => ref === 'attributes.start_time'

/**
 * First one way, then the other, then not at all. `isAdded`: the other columns that it is sorted by stay, and a new one comes behind them;
 * else it is sorted by this one alone.
 */
export function nextOrder(order: readonly Order[], ref: string, isAdded: boolean): Order[] {
  const now = order.find(({ by }) => by === ref)
  const next: Order | undefined =
    now === undefined || (!isAdded && order.length > 1)
      ? { by: ref, descending: begins(ref) }
      : now.descending === begins(ref)
        ? { by: ref, descending: !now.descending }
        : undefined
  if (!isAdded) return next ? [next] : []
  if (now === undefined) return [...order, next!]
  return order.flatMap((term) => (term.by === ref ? (next ?? []) : term))
}

/** In words: `val/loss, ascending`. */
export function orderTitle({ by, descending }: Order): string {
  const column = parseRef(by)
  const title = by === 'attributes.run_name' ? 'name' : column ? columnTitle(column) : by
  return `${title}, ${descending ? 'descending' : 'ascending'}`
}
