/** Writing: batches, single points, whole runs, and the same again. */

import { address, batch } from '../batches.ts'
import { type Bench, type Case, clientsPerSecond, connected, newRun, sideBySide } from '../bench.ts'
import { type Figure, median } from '../figures.ts'
import type { Connection } from '../http.ts'
import type { Peer } from '../peers.ts'

const since = 1_750_000_000_000
const rounds = (bench: Bench) => (bench.quick ? 1 : 3)
const seconds = (bench: Bench) => (bench.quick ? 2 : 3)

/** Calls a second with that many clients, each on a connection and a run of its own, after a moment to warm up. */
const rate = (
  peer: Peer,
  bench: Bench,
  clients: number,
  makeClient: (connection: Connection, run: string, i: number) => () => Promise<unknown>,
) =>
  clientsPerSecond(peer, { clients, seconds: seconds(bench), warm: 0.5 }, async (connection, i) =>
    makeClient(connection, await newRun(connection), i),
  )

/** Batches of one client: when they are used up, they go to the next run. */
const perRun = 100

const logBatch: Case = {
  name: 'log-batch',
  async run(bench) {
    const figures: Figure[] = []
    for (const [keys, shape] of [
      [1, '1 key × 1 000'],
      [10, '10 keys × 100'],
    ] as const) {
      const pools = Array.from({ length: 4 }, () => Array.from({ length: perRun }, (_, i) => batch(keys, (i * 1000) / keys, 1000 / keys)))
      for (const clients of [1, 4]) {
        const found = await sideBySide(bench, rounds(bench), async (peer) => {
          const calls = await rate(peer, bench, clients, (connection, first, client) => {
            let run = first
            let sent = 0
            return async () => {
              if (sent === perRun) {
                run = await newRun(connection)
                sent = 0
              }
              await connection.send('POST', '/api/2.0/mlflow/runs/log-batch', address(pools[client]![sent++]!, run))
            }
          })
          return calls * 1000
        })
        figures.push({
          what: `log-batch, ${shape}, ${clients} client${clients > 1 ? 's' : ''}`,
          unit: 'points/s',
          ...found,
          wanted: { atLeastTimes: 40 },
        })
      }
    }
    return figures
  },
}

const point = (run: string, step: number) =>
  `{"run_id":"${run}","key":"loss","value":${Math.random()},"timestamp":${since + step * 1000},"step":${step}}`

const logMetric: Case = {
  name: 'log-metric',
  async run(bench) {
    const figures: Figure[] = []
    for (const clients of [1, 8]) {
      const found = await sideBySide(bench, rounds(bench), (peer) =>
        rate(peer, bench, clients, (connection, run) => {
          let step = 0
          return () => connection.send('POST', '/api/2.0/mlflow/runs/log-metric', point(run, step++))
        }),
      )
      figures.push({
        what: `log_metric, ${clients} client${clients > 1 ? 's' : ''}`,
        unit: 'req/s',
        ...found,
        wanted: { atLeastTimes: 25 },
      })
    }
    return figures
  },
}

/** What a short training does: eight requests. */
async function wholeRun(connection: Connection) {
  const run = await newRun(connection)
  await connection.call('runs/log-batch', {
    run_id: run,
    params: Array.from({ length: 20 }, (_, i) => ({ key: `param-${i}`, value: String(Math.random()) })),
    metrics: Array.from({ length: 10 }, (_, i) => ({ key: `metric-${i}`, value: Math.random(), timestamp: since, step: 0 })),
    tags: Array.from({ length: 3 }, (_, i) => ({ key: `tag-${i}`, value: 'some text' })),
  })
  for (let step = 1; step <= 5; step++) await connection.send('POST', '/api/2.0/mlflow/runs/log-metric', point(run, step))
  await connection.call('runs/update', { run_id: run, status: 'FINISHED', end_time: since + 1000 })
}

const wholeRuns: Case = {
  name: 'whole-runs',
  async run(bench) {
    const figures: Figure[] = []
    for (const clients of [1, 4]) {
      const found = await sideBySide(bench, rounds(bench), (peer) => rate(peer, bench, clients, (connection) => () => wholeRun(connection)))
      const what = `whole runs (20 params, 15 points, 3 tags), ${clients} client${clients > 1 ? 's' : ''}`
      figures.push({ what, unit: 'runs/s', ...found, wanted: { atLeastTimes: 10 } })
    }
    return figures
  },
}

const resend: Case = {
  name: 'resend',
  async run(bench) {
    const shown: string[] = []
    const found = await sideBySide(bench, 1, (peer) =>
      connected(peer, async (connection) => {
        const run = await newRun(connection)
        const first: number[] = []
        const again: number[] = []
        const times = (bench.quick ? 10 : 30) * (peer.name === 'MLflow' ? 1 : 5)
        for (let i = -5; i < times; i++) {
          const body = address(batch(10, (i + 5) * 100, 100), run)
          const start = performance.now()
          await connection.send('POST', '/api/2.0/mlflow/runs/log-batch', body)
          const between = performance.now()
          await connection.send('POST', '/api/2.0/mlflow/runs/log-batch', body)
          if (i < 0) continue
          first.push(between - start)
          again.push(performance.now() - between)
        }
        shown.push(`${peer.name} ${median(first).toFixed(1)} and ${median(again).toFixed(1)} ms`)
        return median(again) / median(first)
      }),
    )
    bench.note(`Sending 1 000 points, and again: ${shown.join(', ')}.`)
    return [{ what: 'the same 1 000 points again, to the first time', unit: '×', ...found, wanted: { atMost: 1 } }]
  },
}

export const writing = [logBatch, logMetric, wholeRuns, resend]
