/** Subscriptions of many people at once, over graphql-ws and Server-Sent Events, and what comes by them. */
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'

interface Following {
  headers: Record<string, string>
  document?: string
}

export interface Open<It> {
  /** Until nothing more comes of what was there at the start. */
  quiet(): Promise<void>
  /** Closes all. What those at rest have heard since it was quiet. */
  end(): Promise<Array<[It, string]>>
}

/** Events come ten times a second at most, and some twice a second, ms. */
const settled = 600

export async function follow<It extends Following>(
  origin: string,
  them: It[],
  { isResting, heard }: { isResting(it: It): boolean; heard(it: It, text: string): void },
): Promise<Open<It>> {
  let last = Date.now()
  let isQuiet = false
  const late: Array<[It, string]> = []
  const stops: Array<() => void | Promise<void>> = []
  const begun = new Set<It>()
  function hear(it: It, text: string): void {
    last = Date.now()
    heard(it, text)
    // The state at the start may come late where much goes on.
    const isFirst = !begun.has(it) && !/runsChanged|points|logLines/.test(it.document ?? '')
    begun.add(it)
    // That it ended is no news of others.
    if (isQuiet && isResting(it) && !isFirst && !/"errors":/.test(text)) late.push([it, text])
  }

  for (const [i, it] of them.entries()) {
    const { 'content-type': _, accept: __, ...headers } = it.headers
    if (i % 3 === 2) {
      const gone = new AbortController()
      const reading = (async () => {
        const response = await fetch(`${origin}/graphql`, {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json', accept: 'text/event-stream' },
          body: JSON.stringify({ query: it.document }),
          signal: gone.signal,
        })
        const decoder = new TextDecoder()
        let text = ''
        for await (const chunk of response.body!) {
          text += decoder.decode(chunk, { stream: true })
          const events = text.split('\n\n')
          text = events.pop()!
          for (const event of events) if (event.includes('data:{') || event.includes('data: {')) hear(it, event)
        }
        if (text) hear(it, text)
      })().catch(() => {})
      stops.push(async () => {
        gone.abort()
        await reading
      })
      continue
    }
    const socket = createClient({
      url: `${origin.replace('http', 'ws')}/graphql`,
      webSocketImpl: class extends WebSocket {
        constructor(url: string, protocols: string) {
          super(url, protocols, { headers })
        }
      },
      retryAttempts: 0,
    })
    socket.subscribe(
      { query: it.document! },
      {
        next: (value) => hear(it, JSON.stringify(value)),
        error: (error) => hear(it, JSON.stringify({ errors: error instanceof Error ? error.message : error })),
        complete: () => {},
      },
    )
    stops.push(() => void socket.dispose())
  }

  const pause = () => new Promise((resolve) => setTimeout(resolve, 50))
  const untilQuiet = async () => {
    while (Date.now() - last < settled) await pause()
  }
  return {
    async quiet() {
      await untilQuiet()
      isQuiet = true
    },
    async end() {
      await untilQuiet()
      await Promise.all(stops.map((stop) => stop()))
      return late
    },
  }
}
