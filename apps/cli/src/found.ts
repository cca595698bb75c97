/** Things by what people call them: experiments by name or id, runs by id; and lists as far as they are wanted. */
import type { Client, FoundExperiment } from '@tidegate/client'
import { InvalidArgumentError } from 'commander'
import { notFound, usage } from './exit.ts'

/** The experiment of a name or an id, of a name first. `deleted`: a deleted one goes before an active one of that name. */
export async function findExperiment(client: Client, which: string, { deleted = false } = {}): Promise<FoundExperiment> {
  if (deleted) {
    const quote = which.includes("'") ? '"' : "'"
    for await (const found of client.experiments({ filter: `name = ${quote}${which}${quote}`, lifecycle: 'DELETED' })) return found
  }
  const found = (await client.experiment({ name: which })) ?? (/^\d+$/.test(which) ? await client.experiment({ id: which }) : null)
  if (!found) throw notFound(`There is no experiment '${which}'. \`tidegate experiments list --all\` shows them.`)
  return found
}

/** A run's id, with or without `run:` before it. */
export function runId(text: string): string {
  const id = text.replace(/^run:/, '')
  if (!/^[0-9a-f]{32}$/.test(id))
    throw usage(`'${text}' is not a run's id: give 32 hexadecimal digits, as \`tidegate runs list\` shows them.`)
  return id
}

/** The first of a list. */
export async function* take<Item>(items: AsyncIterable<Item>, limit: number): AsyncGenerator<Item, void> {
  let count = 0
  for await (const item of items) {
    yield item
    if (++count >= limit) return
  }
}

/** All of a list. */
export async function allOf<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}

/** Reads a flag that is a count. */
export function countOf(text: string): number {
  if (text === 'all') return Number.POSITIVE_INFINITY
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('Give a whole number from 1 on, or "all".')
  return count
}

/** Does something to each, a few at a time. The first failure, or Ctrl-C, ends it when what is under way is done. */
export async function forEach<Item>(
  items: readonly Item[],
  signal: AbortSignal,
  work: (item: Item) => Promise<void>,
  lanes = 4,
): Promise<void> {
  const rest = items.values()
  let failed: unknown
  const lane = async () => {
    for (const item of rest) {
      if (failed || signal.aborted) return
      await work(item).catch((error) => (failed ??= error))
    }
  }
  await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, lane))
  if (failed) throw failed
  signal.throwIfAborted()
}
