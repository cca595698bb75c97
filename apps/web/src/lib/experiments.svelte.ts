/**
 * All experiments that are not deleted, by name, kept current by the server. The rail, the palette and the list page read this one copy.
 * The shell starts it; values change in place, and a new experiment takes its place in the order of names.
 */
import { type ApiError, graphql, live, query, type ResultOf, toApiError } from '#lib/api.ts'
import { compareNames } from '#lib/tree.ts'

/** What is kept of an experiment. */
export const ExperimentFacts = graphql(`
  fragment ExperimentFacts on Experiment {
    id
    name
    artifactLocation
    createdAt
    updatedAt
    deletedAt
    runCount
    liveCount
    lastActivityAt
    lastUser
    tags { key value }
    can { edit delete manage }
  }
`)

const Experiments = graphql(
  `
  query Experiments($after: String) {
    experiments(first: 200, after: $after) {
      nodes { ...ExperimentFacts }
      pageInfo { hasNextPage endCursor }
    }
  }
`,
  [ExperimentFacts],
)

const ExperimentsChanged = graphql(
  `
  subscription ExperimentsChanged {
    experimentsChanged { begins experiments { ...ExperimentFacts } }
  }
`,
  [ExperimentFacts],
)

export type Experiment = ResultOf<typeof ExperimentFacts>

let byId = $state.raw<ReadonlyMap<string, Experiment>>(new Map())
let state = $state<'loading' | 'ready' | 'error'>('loading')
let error = $state.raw<ApiError | undefined>()

const list = $derived([...byId.values()].sort(compareNames))
const liveCount = $derived(list.reduce((sum, experiment) => sum + experiment.liveCount, 0))

export const experiments = {
  get list(): readonly Experiment[] {
    return list
  },
  /** `error` only while there is nothing to show. */
  get state(): 'loading' | 'ready' | 'error' {
    return state
  },
  get error(): ApiError | undefined {
    return error
  },
  /** Runs that are RUNNING now, in all of them. */
  get liveCount(): number {
    return liveCount
  },
  byId(id: string): Experiment | undefined {
    return byId.get(id)
  },
  /** Puts in what a mutation answered, before the server's own word of it. */
  apply,
  load,
  /** Listens for changes until the returned function is called. */
  listen(): () => void {
    return live(ExperimentsChanged, {}, ({ experimentsChanged: { begins, experiments } }) => {
      if (!begins) apply(experiments)
      // What changed between a read of the list and this moment was told to nobody. Of not so many all are here.
      else if (experiments.length < atBeginning) adopt(experiments)
      else void load()
    })
  },
}

/** As many come when listening begins: the server's usual number. */
const atBeginning = 200

/** These are all there are. */
function adopt(all: readonly Experiment[]): void {
  loads++
  isLoading = false
  byId = new Map(all.map((experiment) => [experiment.id, experiment]))
  state = 'ready'
  error = undefined
}

/** What came while a list is being read, which may have it as it was. */
let late: Experiment[] = []
let loads = 0
let isLoading = false

function apply(changed: readonly Experiment[]): void {
  if (isLoading) late.push(...changed)
  const next = new Map(byId)
  for (const experiment of changed) {
    if (experiment.deletedAt === null) next.set(experiment.id, experiment)
    else next.delete(experiment.id)
  }
  byId = next
}

/** Asks for all of them again: at the start, and when the line was lost. What is on screen stays meanwhile. */
async function load(): Promise<void> {
  const mine = ++loads
  late = []
  isLoading = true
  try {
    const all = new Map<string, Experiment>()
    let after: string | null = null
    do {
      const page: ResultOf<typeof Experiments> = await query(Experiments, { after })
      for (const experiment of page.experiments.nodes) all.set(experiment.id, experiment)
      after = page.experiments.pageInfo.hasNextPage ? page.experiments.pageInfo.endCursor : null
    } while (after !== null)
    if (mine !== loads) return
    byId = all
    isLoading = false
    apply(late)
    state = 'ready'
    error = undefined
  } catch (caught) {
    if (mine !== loads) return
    isLoading = false
    if (state === 'ready') return
    state = 'error'
    error = toApiError(caught)
  }
}

export const CreateExperiment = graphql(
  `
  mutation CreateExperiment($input: CreateExperimentInput!) {
    createExperiment(input: $input) { experiment { ...ExperimentFacts } }
  }
`,
  [ExperimentFacts],
)
