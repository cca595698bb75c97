/** From point to pixel: how long after a point is sent it reaches a hundred subscribers, and the eyes of who looks at the run's page. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, createClient } from 'graphql-ws'
import { chromium as browsers } from 'playwright-core'
import WebSocket from 'ws'
import { chromium } from '../../prerequisites.mjs'
import { type Bench, type Case, connected, newRun } from '../bench.ts'
import { type Figure, quantile } from '../figures.ts'

const subscribers = 100
const document = `subscription ($run: ID!) { points(runs: [{ run: $run }]) { points { steps } } }`

interface Answer {
  points: { points: Array<{ steps: number[] }> }
}

/** Milliseconds by the clock that the browser has too. */
const now = () => performance.timeOrigin + performance.now()

/** Follows a run from as many connections as asked. `seen` is told every step that reaches each of them. */
function follow(origin: string, run: string, count: number, seen: (step: number) => void): () => Promise<void> {
  const clients: Client[] = []
  for (let i = 0; i < count; i++) {
    const client = createClient({ url: `${origin.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0 })
    clients.push(client)
    client.subscribe<Answer>(
      { query: document, variables: { run } },
      {
        next: ({ data }) => {
          for (const { steps } of data?.points.points ?? []) for (const step of steps) seen(step)
        },
        // What doesn't arrive is missed below.
        error: () => {},
        complete: () => {},
      },
    )
  }
  return async () => {
    await Promise.all(clients.map((client) => client.dispose()))
  }
}

/** Puts into the page what notes when a value is first painted. Values are whole numbers, shown with or without separators. */
function watchPage() {
  const painted: Record<number, number> = {}
  Object.assign(globalThis, { painted })
  const look = () => {
    const text = globalThis.document.body.textContent.replaceAll(/(?<=\d)[\s,.'](?=\d{3})/g, '')
    for (const [value] of text.matchAll(/7\d{3}/g)) {
      if (painted[Number(value)]) continue
      painted[Number(value)] = -1
      // The task after the frame's callbacks runs when the frame is out.
      requestAnimationFrame(() => setTimeout(() => (painted[Number(value)] = performance.timeOrigin + performance.now())))
    }
  }
  new MutationObserver(look).observe(globalThis.document.body, { childList: true, characterData: true, subtree: true })
}

/** Shows the run in a browser. Resolves to what answers when each value was painted, and what closes it. */
async function show(origin: string, run: string) {
  const browser = await browsers.launch({
    executablePath: chromium(),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
  const page = await browser.newPage()
  await page.goto(`${origin}/runs/${run}`)
  await page.evaluate(watchPage)
  return {
    painted: () => page.evaluate(() => (globalThis as unknown as { painted: Record<number, number> }).painted),
    close: () => browser.close(),
  }
}

export const live: Case = {
  name: 'live',
  run: (bench: Bench) =>
    connected(bench.tidegate, async (connection) => {
      const { origin } = bench.tidegate
      const run = await newRun(connection)
      const log = (step: number) =>
        connection.call('runs/log-metric', { run_id: run, key: 'loss', value: 7000 + step, timestamp: Date.now(), step })
      await log(0)

      const sent = new Map<number, number>()
      const reached: number[] = []
      const arrived = new Map<number, number>()
      const leave = follow(origin, run, subscribers, (step) => {
        reached.push(now() - sent.get(step)!)
        arrived.set(step, (arrived.get(step) ?? 0) + 1)
      })
      const page = await show(origin, run)
      try {
        // The first points find out that all are listening.
        let step = 1
        for (const end = now() + 20_000; now() < end && arrived.get(step - 1) !== subscribers; step++) {
          sent.set(step, now())
          await log(step)
          await sleep(300)
        }
        await sleep(1000)
        reached.length = 0
        const first = step
        const last = first + (bench.quick ? 30 : 100)
        for (; step < last; step++) {
          sent.set(step, now())
          await log(step)
          await sleep(150 + Math.random() * 200)
        }
        await sleep(1000)
        const painted = await page.painted()
        const seen = Array.from(
          { length: last - first },
          (_, i) => (painted[7000 + first + i] ?? Number.NaN) - sent.get(first + i)!,
        ).filter((ms) => ms > 0)
        if (reached.length !== subscribers * (last - first))
          throw new Error(`${reached.length} of ${subscribers * (last - first)} points reached a subscriber.`)
        const figures: Figure[] = [
          { what: `point to ${subscribers} subscribers, p50`, unit: 'ms', tidegate: quantile(reached, 0.5) },
          { what: `point to ${subscribers} subscribers, p95`, unit: 'ms', tidegate: quantile(reached, 0.95), wanted: { atMost: 250 } },
        ]
        if (seen.length === 0) bench.note('The page painted none of the points.')
        else {
          bench.note(`Of ${last - first} points 150 to 350 ms apart the page painted ${seen.length}.`)
          figures.push({ what: 'point to pixel, p50, beside them', unit: 'ms', tidegate: quantile(seen, 0.5) })
          figures.push({ what: 'point to pixel, p95, beside them', unit: 'ms', tidegate: quantile(seen, 0.95), wanted: { atMost: 250 } })
        }
        return figures
      } finally {
        await page.close()
        await leave()
      }
    }),
}
