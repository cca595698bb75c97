/**
 * Runs and models as the palette finds them: at once among those this page has seen, and then, a moment after the last letter, on the server.
 * What was found is seen from then on. The newest of both are asked for when the palette opens.
 */
import { SvelteMap } from 'svelte/reactivity'
import { type ApiError, graphql, query, type ResultOf, toApiError } from '#lib/api.ts'
import { bestMatches, nameFilter } from '#lib/palette-match.ts'

const FindRuns = graphql(`
  query FindRuns($filter: String, $first: Int!) {
    searchRuns(filter: $filter, first: $first) {
      nodes { id name status startedAt endedAt user experiment { id name } }
      total { value exact }
    }
  }
`)

const FindModels = graphql(`
  query FindModels($filter: String, $first: Int!) {
    searchLoggedModels(filter: $filter, first: $first) {
      nodes { id name status type createdAt sourceRunId experiment { id name } }
    }
  }
`)

export type FoundRun = ResultOf<typeof FindRuns>['searchRuns']['nodes'][number]
export type FoundModel = ResultOf<typeof FindModels>['searchLoggedModels']['nodes'][number]
type Total = ResultOf<typeof FindRuns>['searchRuns']['total']

const newest = 100
const most = 8
/** A question is asked when the last letter is this old, ms. */
const pause = 80
/** The newest are asked for again after this long, ms. */
const stale = 10_000
/** Of each kind, in memory. */
const kept = 2_000

const runs = new SvelteMap<string, FoundRun>()
const models = new SvelteMap<string, FoundModel>()
let loadedAt = Number.NEGATIVE_INFINITY

function keep<Item extends { id: string }>(into: SvelteMap<string, Item>, items: readonly Item[]): void {
  for (const item of items) into.set(item.id, item)
  for (const id of into.keys()) {
    if (into.size <= kept) break
    into.delete(id)
  }
}

async function loadNewest(): Promise<void> {
  if (performance.now() - loadedAt < stale) return
  loadedAt = performance.now()
  const [newRuns, newModels] = await Promise.allSettled([
    query(FindRuns, { filter: null, first: newest }),
    query(FindModels, { filter: null, first: newest }),
  ])
  if (newRuns.status === 'fulfilled') keep(runs, newRuns.value.searchRuns.nodes)
  if (newModels.status === 'fulfilled') keep(models, newModels.value.searchLoggedModels.nodes)
}

const latest = <Item>(items: Iterable<Item>, at: (item: Item) => number | null) => [...items].sort((a, b) => (at(b) ?? 0) - (at(a) ?? 0))
const matching = <Item extends { name: string }>(items: readonly Item[], text: string): Item[] =>
  text === '' ? items.slice(0, most) : bestMatches(items, ({ name }) => name, text, most)
/** Those at hand first, so that nothing under the cursor moves when the others come. */
const joined = <Item extends { id: string }>(near: readonly Item[], far: readonly Item[]): Item[] => [
  ...near,
  ...far.filter(({ id }) => !near.some((other) => other.id === id)),
]

/** Called while a component is set up. */
export function openIndex(read: () => { text: string; wantsRuns: boolean; wantsModels: boolean }) {
  let found = $state.raw<{ text: string; runs: readonly FoundRun[]; models: readonly FoundModel[]; total: Total | undefined } | undefined>()
  let error = $state.raw<ApiError | undefined>()

  void loadNewest()

  $effect(() => {
    const { text, wantsRuns, wantsModels } = read()
    if (!wantsRuns && !wantsModels) return
    const stop = new AbortController()
    const variables = { filter: text === '' ? null : nameFilter(text), first: most }
    const timer = setTimeout(async () => {
      try {
        const [someRuns, someModels] = await Promise.all([
          wantsRuns ? query(FindRuns, variables, { signal: stop.signal }) : undefined,
          wantsModels
            ? query(
                FindModels,
                { ...variables, filter: variables.filter?.replace('attributes.run_name', 'name') ?? null },
                { signal: stop.signal },
              )
            : undefined,
        ])
        const { nodes = [], total } = someRuns?.searchRuns ?? {}
        const far = someModels?.searchLoggedModels.nodes ?? []
        found = { text, runs: nodes, models: far, total }
        error = undefined
      } catch (caught) {
        if (!stop.signal.aborted) error = toApiError(caught)
      }
    }, pause)
    return () => {
      clearTimeout(timer)
      stop.abort()
      // Seen from now on; not before, for that would move what is on screen.
      if (found) {
        keep(runs, found.runs)
        keep(models, found.models)
      }
    }
  })

  const near = $derived.by(() => {
    const { text, wantsRuns, wantsModels } = read()
    return {
      runs: wantsRuns
        ? matching(
            latest(runs.values(), ({ startedAt }) => startedAt),
            text,
          )
        : [],
      models: wantsModels
        ? matching(
            latest(models.values(), ({ createdAt }) => createdAt),
            text,
          )
        : [],
    }
  })
  const far = $derived(found && found.text === read().text ? found : undefined)

  return {
    get runs(): readonly FoundRun[] {
      return joined(near.runs, read().wantsRuns ? (far?.runs ?? []) : [])
    },
    get models(): readonly FoundModel[] {
      return joined(near.models, read().wantsModels ? (far?.models ?? []) : [])
    },
    /** How many runs there are on the server; undefined until it has said. */
    get total(): Total | undefined {
      return far?.total
    },
    get error(): ApiError | undefined {
      return error
    },
  }
}
