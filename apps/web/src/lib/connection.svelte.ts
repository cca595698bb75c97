/**
 * The one WebSocket of the page. It opens with the first subscription, comes back by itself with growing waits, and says how it is:
 * `stale` only once it has been lost for five seconds, so that a blink of the network shows nothing.
 */
import { type Client, createClient } from 'graphql-ws'

const staleAfter = 5_000
const longestWait = 15_000

let state = $state<'live' | 'connecting' | 'stale'>('connecting')
let since = $state(Date.now())
let returns = $state(0)
let timer: ReturnType<typeof setTimeout> | undefined
let wake: (() => void) | undefined

function lost(): void {
  if (timer !== undefined) return
  state = 'connecting'
  since = Date.now()
  timer = setTimeout(() => {
    state = 'stale'
  }, staleAfter)
}

function found(): void {
  clearTimeout(timer)
  timer = undefined
  state = 'live'
  since = Date.now()
}

/** As the server closes it when what somebody may has changed, or what they signed in by has ended. */
const rightsChanged = 4499
const listeners = new Set<() => void>()
/** Heard when the server has ended the line so: what is on the page may not be theirs to see any more. */
export const lineEnded = {
  listen: (heard: () => void) => void listeners.add(heard),
}

export const connection = {
  get state(): 'live' | 'connecting' | 'stale' {
    return state
  },
  /** When this state began, in ms since 1970. `stale` counts from when the line was lost. */
  get since(): number {
    return since
  },
  /** Grows each time a lost line is back: read it in an effect to fetch again what has no cursor to go on from. */
  get returns(): number {
    return returns
  },
  /** Tries now instead of waiting for the next turn. */
  retry(): void {
    wake?.()
  },
}

/** Waits half a second, doubled with each try up to 15 s, give or take a quarter, or until someone asks for it. */
async function wait(tries: number): Promise<void> {
  const ms = Math.min(longestWait, 500 * 2 ** Math.min(tries, 10)) * (0.75 + Math.random() / 2)
  await new Promise<void>((resolve) => {
    const turn = setTimeout(resolve, ms)
    wake = () => {
      clearTimeout(turn)
      resolve()
    }
  })
  wake = undefined
}

let client: Client | undefined

/** The socket's client, made at first use. */
export function socket(): Client {
  if (client !== undefined) return client
  lost()
  addEventListener('online', connection.retry)
  client = createClient({
    url: `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}/graphql`,
    lazyCloseTimeout: 10_000,
    connectionAckWaitTimeout: 10_000,
    keepAlive: 10_000,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
    retryWait: wait,
    on: {
      connected: (_socket, _payload, wasRetry) => {
        found()
        if (wasRetry) returns++
      },
      // 1000 is our own closing when nobody listens any more: nothing is lost then.
      closed: (event) => {
        const { code } = event as CloseEvent
        if (code !== 1000) lost()
        if (code === rightsChanged) for (const heard of listeners) heard()
      },
    },
  })
  return client
}
