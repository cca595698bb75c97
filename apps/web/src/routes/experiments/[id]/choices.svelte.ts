/** What the chooser of columns lists: those shown, then all there are by kind, or what was looked for; and which of the shown say nothing. */
import { untrack } from 'svelte'
import { query } from '#lib/api.ts'
import { bestMatches } from '#lib/palette-match.ts'
import { attributeColumns, type Column, columnRef, columnTitle, isOwnTag, type Kind } from './columns.ts'
import { CompareColumns, FindKeys } from './documents.ts'
import type { KnownKeys } from './known-keys.svelte.ts'
import type { Layout } from './layout.svelte.ts'

interface Read {
  experiment: string
  filter: string
  layout: Layout
  keys: KnownKeys
  /** What is looked for. */
  text: string
}

/** A line of the list. */
export type Choice = { title: string; count: number } | { column: Column; isShown: boolean; isMovable: boolean }

const titles: Record<Kind, string> = { metric: 'Metrics', param: 'Params', tag: 'Tags', attribute: 'Run' }
/** Columns that the server compares at once. */
const mostCompared = 200
/** A text is looked for on the server when no letter came for so long, ms. */
const pause = 200

/** Called while a component is set up. */
export function openChoices(read: () => Read) {
  let found = $state.raw<readonly Column[]>([])
  let dull = $state.raw<ReadonlySet<string>>(new Set())

  // What is not among the keys that are known is looked for.
  $effect(() => {
    const { experiment, keys, text } = read()
    if (!keys.hasMore || text === '') return
    const stop = new AbortController()
    const timer = setTimeout(async () => {
      try {
        const { columns } = await query(FindKeys, { experiment, search: text }, { signal: stop.signal })
        found = columns.nodes.map(({ kind, key }) => {
          const small = kind.toLowerCase() as Kind
          return { ref: columnRef(small, key), kind: small, key }
        })
      } catch {
        // Those that are known are listed all the same.
      }
    }, pause)
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  })

  // Once, for what was shown when it was opened: what is chosen now is wanted.
  $effect(() => {
    const { experiment, filter, layout } = untrack(read)
    const columns = layout.columns.filter(({ kind }) => kind !== 'attribute').map(({ ref }) => ref)
    const stop = new AbortController()
    if (columns.length > 0)
      query(CompareColumns, { experiment, filter: filter || null, columns: columns.slice(0, mostCompared) }, { signal: stop.signal }).then(
        ({ compareColumns }) => (dull = new Set(compareColumns.filter(({ variety }) => variety !== 'VARIES').map(({ ref }) => ref))),
        () => {},
      )
    return () => stop.abort()
  })

  const list = $derived.by((): Choice[] => {
    const { layout, keys, text } = read()
    const shown = new Set(layout.columns.map(({ ref }) => ref))
    const known = new Set<string>()
    const all = [...attributeColumns, ...keys.all, ...(text === '' ? [] : found)].filter((column) => {
      if (known.has(column.ref)) return false
      known.add(column.ref)
      return text !== '' || (!shown.has(column.ref) && !isOwnTag(column))
    })
    const matching = bestMatches(all, (column) => `${columnTitle(column)} ${column.kind}`, text, Number.POSITIVE_INFINITY)
    const choices: Choice[] = []
    const group = (title: string, columns: readonly Column[], isMovable: boolean) => {
      if (columns.length === 0) return
      choices.push({ title, count: columns.length })
      for (const column of columns) choices.push({ column, isShown: shown.has(column.ref), isMovable })
    }
    if (text === '') group('Shown', layout.columns, true)
    for (const kind of ['metric', 'param', 'tag', 'attribute'] as const)
      group(
        titles[kind],
        matching.filter((column) => column.kind === kind),
        false,
      )
    return choices
  })
  const dullShown = $derived(read().layout.columns.filter(({ ref }) => dull.has(ref)))

  return {
    get list() {
      return list
    },
    /** Shown, and empty or the same in all runs that pass. */
    get dull() {
      return dullShown
    },
    isDull: (ref: string): boolean => dull.has(ref),
  }
}
