/**
 * Pages that are left open. One shows a hundred runs that log ten points a second each: how much of its main thread that takes, and
 * whether its memory grows. A thousand more look at an experiment where nothing happens: how much they ask.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import WebSocket from 'ws'
import { type Bench, type Case, connected, newExperiment, newRun } from '../bench.ts'
import { launch, open, type Timed } from '../browser.ts'
import type { Figure } from '../figures.ts'
import type { Connection } from '../http.ts'

const liveRuns = 100
const pointsPerSecond = 10
const tabs = 1_000
/** How long the tabs are left alone, s. */
const quiet = 60

/** Logs to every run, once a second its ten points, until it is told to stop. Answers how many points a second each run got. */
export function train(connection: Connection, runs: readonly string[]): () => Promise<number> {
  let isOver = false
  const start = performance.now()
  let step = 0
  const done = (async () => {
    for (; !isOver; step += pointsPerSecond) {
      const second = performance.now()
      for (const run of runs) {
        const metrics = Array.from({ length: pointsPerSecond }, (_, i) => ({
          key: 'loss',
          value: Math.exp(-(step + i) / 500) + Math.random() / 20,
          timestamp: Date.now(),
          step: step + i,
        }))
        await connection.call('runs/log-batch', { run_id: run, metrics })
      }
      await sleep(Math.max(0, 1000 - (performance.now() - second)))
    }
  })()
  return async () => {
    isOver = true
    await done
    return (step / (performance.now() - start)) * 1000
  }
}

/** MiB of the page's heap that are in use once all garbage is gone. */
async function heap({ cdp }: Timed): Promise<number> {
  await cdp.send('HeapProfiler.collectGarbage')
  const { usedSize } = await cdp.send('Runtime.getHeapUsage')
  return usedSize / 1024 ** 2
}

async function live({ tidegate, note }: Bench, browser: Awaited<ReturnType<typeof launch>>, minutes: number): Promise<Figure[]> {
  return connected(tidegate, async (connection) => {
    const experiment = await newExperiment(connection)
    const runs: string[] = []
    for (let i = 0; i < liveRuns; i++) runs.push(await newRun(connection, experiment))
    const stop = train(connection, runs)
    const timed = await open(browser, `${tidegate.origin}/experiments/${experiment}`)
    await timed.untilDrawn(async () => {}, 10, 0)
    await sleep(10_000)
    const before = await heap(timed)
    const start = performance.now()
    const busy = await timed.busy(() => sleep(minutes * 60_000))
    const share = (busy / (performance.now() - start)) * 100
    const after = await heap(timed)
    const rate = await stop()
    for (const run of runs) await connection.call('runs/update', { run_id: run, status: 'FINISHED', end_time: Date.now() })
    await timed.close()
    note(`The open page was watched for ${minutes} min; its ${liveRuns} runs got ${rate.toFixed(1)} points a second each.`)
    return [
      { what: 'page of 100 live runs: main thread in use', unit: '%', tidegate: share, wanted: { atMost: 40 } },
      { what: 'page of 100 live runs: heap at first', unit: 'MiB', tidegate: before },
      { what: `page of 100 live runs: heap ${minutes} min later`, unit: 'MiB', tidegate: after, wanted: { atMost: before * 1.15 + 2 } },
    ]
  })
}

/** Transactions that were committed in the database so far. */
async function commits({ tidegate }: Bench): Promise<number> {
  const [row] = await tidegate.sql<{ n: number }>('SELECT sum(xact_commit)::float8 AS n FROM pg_stat_database')
  return row!.n
}

/** What a tab's socket says, so that a thousand others can say it. */
async function idle(bench: Bench, browser: Awaited<ReturnType<typeof launch>>): Promise<Figure[]> {
  const { tidegate } = bench
  const experiment = await connected(tidegate, async (connection) => {
    const experiment = await newExperiment(connection)
    const run = await newRun(connection, experiment)
    await connection.call('runs/update', { run_id: run, status: 'FINISHED', end_time: Date.now() })
    return experiment
  })
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  const page = await context.newPage()
  const said: string[] = []
  let asked = 0
  page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => said.push(String(payload))))
  page.on('request', () => asked++)
  await page.goto(`${tidegate.origin}/experiments/${experiment}`)
  await page.locator('[role=row][data-run]').first().waitFor()
  await sleep(5000)
  const opening = said.filter((text) => /"type":"(connection_init|subscribe)"/.test(text))

  const rest = async () => {
    const before = await commits(bench)
    await sleep(quiet * 1000)
    return (await commits(bench)) - before
  }
  asked = 0
  const alone = await rest()
  const askedByPage = asked
  const sockets: WebSocket[] = []
  try {
    for (let i = 0; i < tabs; i++) {
      const socket = new WebSocket(`${tidegate.origin.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { origin: tidegate.origin })
      sockets.push(socket)
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject)
        socket.on('message', (data) => {
          const { type } = JSON.parse(String(data)) as { type: string }
          if (type === 'ping') socket.send('{"type":"pong"}')
          if (type !== 'connection_ack') return
          for (const text of opening.slice(1)) socket.send(text)
          resolve()
        })
        socket.once('open', () => socket.send(opening[0]!))
      })
    }
    await sleep(5000)
    const together = await rest()
    bench.note(
      `Each idle tab holds ${opening.length - 1} subscriptions; with one tab the database committed ${alone} transactions in ${quiet} s, with ${tabs + 1} ${together}.`,
    )
    return [
      { what: 'an idle tab: requests a minute', unit: '', tidegate: askedByPage, wanted: { atMost: 0 } },
      {
        what: '1 000 idle tabs: transactions a minute they add',
        unit: '',
        tidegate: Math.max(0, together - alone),
        // The database works for itself too, so that two minutes of rest are never quite alike.
        wanted: { atMost: 60 },
      },
    ]
  } finally {
    for (const socket of sockets) socket.terminate()
    await context.close()
  }
}

const watch = (name: string, minutes: (bench: Bench) => number, hasTabs: boolean): Case => ({
  name,
  async run(bench) {
    const browser = await launch()
    try {
      return [...(await live(bench, browser, minutes(bench))), ...(hasTabs ? await idle(bench, browser) : [])]
    } finally {
      await browser.close()
    }
  },
})

export const watching = watch('watching', ({ quick }) => (quick ? 0.5 : 2), true)
/** Only when it is named. */
export const halfAnHour = watch('watching-30', ({ quick }) => (quick ? 5 : 30), false)
