/** Lists that come in pages. */
import { InvalidArgumentError } from 'commander'

interface Page<Item> {
  nodes: readonly Item[]
  pageInfo: { endCursor: string | null }
}

/** At most `limit` items, asked for in pages of `most`. */
export async function* pagesOf<Item>(
  limit: number,
  most: number,
  ask: (first: number, after: string | null) => Promise<Page<Item>>,
): AsyncGenerator<Item, void> {
  let after: string | null = null
  for (let left = limit; left > 0; ) {
    const { nodes, pageInfo }: Page<Item> = await ask(Math.min(left, most), after)
    yield* nodes
    left -= nodes.length
    after = pageInfo.endCursor
    if (!after) return
  }
}

/** Reads a flag that is a count; `all` is no limit. */
export function countOf(text: string): number {
  if (text === 'all') return Number.POSITIVE_INFINITY
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('Give a whole number from 1 on, or "all".')
  return count
}
