/**
 * Waits for the first run there is, and for its first metric. Experiments, runs and points only ring; what is there is read again. Where
 * a run was there before, the newest that starts from now on is taken.
 */
import { graphql, live, query, type ResultOf } from '#lib/api.ts'
import { connection } from '#lib/connection.svelte.ts'
import { experiments } from '#lib/experiments.svelte.ts'

const NewestRun = graphql(`
  query NewestRun {
    searchRuns(first: 1) {
      nodes { id name status startedAt cursor experiment { id name } metrics { key } }
    }
  }
`)

const AnyRunsChanged = graphql(`
  subscription AnyRunsChanged($experiments: [ID!]!, $after: String) {
    runsChanged(experiments: $experiments, after: $after) { runs { id } cursor }
  }
`)

const FirstPoints = graphql(`
  subscription FirstPoints($run: ID!, $after: String) {
    points(runs: [{ run: $run, after: $after }]) { points { key } cursors { cursor } }
  }
`)

type Run = ResultOf<typeof NewestRun>['searchRuns']['nodes'][number]

/** Called while a component is set up. */
export function awaitFirstRun() {
  let newest = $state.raw<Run | undefined>()
  let before = $state<string | undefined | null>(null)
  const run = $derived(newest && newest.id !== before ? newest : undefined)
  const ids = $derived(experiments.list.map((experiment) => experiment.id).join(' '))
  const followed = $derived(run?.id)

  async function look(): Promise<void> {
    try {
      const found = (await query(NewestRun, {})).searchRuns.nodes[0]
      // What was there when the page opened is not what the reader is about to make.
      if (before === null) before = found?.id
      if (found?.id !== newest?.id || found?.status !== newest?.status || found?.metrics.length !== newest?.metrics.length) newest = found
    } catch {
      // The stale note says that the server is away; the next bell or the line's return asks again.
    }
  }

  $effect(() => {
    void connection.returns
    void look()
  })
  $effect(() => {
    if (ids === '') return
    let after: string | null = null
    const all = ids.split(' ')
    // An experiment that came just now may have its run already.
    void look()
    return live(
      AnyRunsChanged,
      () => ({ experiments: all, after }),
      ({ runsChanged }) => {
        after = runsChanged.cursor
        void look()
      },
    )
  })
  $effect(() => {
    if (followed === undefined) return
    let after: string | null = null
    let had = 0
    return live(
      FirstPoints,
      () => ({ run: followed, after }),
      ({ points }) => {
        after = points.cursors[0]?.cursor ?? after
        const keys = new Set(points.points.map((each) => each.key)).size
        if (keys > had || newest?.metrics.length === 0) void look()
        had = Math.max(had, keys)
      },
    )
  })

  return {
    /** Undefined until a run starts. */
    get run() {
      return run
    },
  }
}
