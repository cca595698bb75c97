/**
 * The newest alerts of the workspace, kept current by the server. The rail counts the unread, the page lists them, and a new one is
 * said as it comes, wherever the reader is. The shell starts it.
 */
import { type ApiError, graphql, live, type ResultOf } from '#lib/api.ts'
import { toast } from '#lib/toasts.svelte.ts'

/** What is kept of an alert. */
export const AlertFacts = graphql(`
  fragment AlertFacts on Alert {
    id
    rule
    ruleId
    message
    metric
    firedAt
    readAt
    run { id name status }
    experiment { id name }
    deliveries { sentAt status error ms }
  }
`)

const AlertsChanged = graphql(
  `
  subscription AlertsChanged {
    alertsChanged(first: 100) {
      unread
      nodes { ...AlertFacts }
      pageInfo { endCursor }
    }
  }
`,
  [AlertFacts],
)

export type Alert = ResultOf<typeof AlertFacts>

let list = $state.raw<readonly Alert[]>([])
let unread = $state(0)
let endCursor = $state<string | null>(null)
let state = $state<'loading' | 'ready' | 'error'>('loading')
let error = $state.raw<ApiError | undefined>()
/** The newest that was seen; undefined before the first answer, whose alerts are no news. */
let newest: number | undefined

export const alerts = {
  /** The newest hundred. */
  get list(): readonly Alert[] {
    return list
  },
  get unread(): number {
    return unread
  },
  /** Where older ones begin; null when there are none. */
  get endCursor(): string | null {
    return endCursor
  },
  get state(): 'loading' | 'ready' | 'error' {
    return state
  },
  get error(): ApiError | undefined {
    return error
  },
  /** Listens until the returned function is called. */
  listen(): () => void {
    return live(
      AlertsChanged,
      {},
      ({ alertsChanged }) => {
        const before = newest
        list = alertsChanged.nodes
        unread = alertsChanged.unread
        endCursor = alertsChanged.pageInfo.endCursor
        state = 'ready'
        newest = Math.max(before ?? 0, ...list.map(({ id }) => Number(id)))
        if (before === undefined) return
        const fresh = list.filter((alert) => Number(alert.id) > before && alert.readAt === null)
        const [first] = fresh
        if (!first) return
        const text = `${first.run?.name ?? first.experiment.name}: ${first.message}${fresh.length > 1 ? `, and ${fresh.length - 1} more` : ''}`
        toast(text, { kind: 'error', href: fresh.length === 1 && first.run ? `/runs/${first.run.id}` : '/alerts' })
      },
      (caught) => {
        if (state === 'ready') return
        state = 'error'
        error = caught
      },
    )
  },
}
