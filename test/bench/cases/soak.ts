/**
 * Minutes of steady load, each with readers beside it: a thousand runs at ten points a second each, then eight writers on one
 * run. What counts is that nothing is lost, that no transaction waited in a circle, and how long readers wait meanwhile.
 * Ten minutes each, so it runs only when it is named: `pnpm bench soak`.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Bench, type Case, newExperiment, newRun } from '../bench.ts'
import { type Figure, median, quantile } from '../figures.ts'
import { type Connection, connect } from '../http.ts'

const runsAtOnce = 1_000
const pointsPerSecond = 10
const writersOfOne = 8
const connections = 32
const minutes = (bench: Bench) => (bench.quick ? 1 : 10)

/** What a page asks, one after the other, a few times a second. */
async function read(origin: string, experiment: string, runs: string[], until: () => boolean): Promise<Map<string, number[]>> {
  const connection = connect(origin)
  const taken = new Map<string, number[]>()
  const graphql = (query: string, variables: object) => connection.send('POST', '/graphql', JSON.stringify({ query, variables }))
  const questions: Record<string, (run: string) => Promise<unknown>> = {
    search: () =>
      connection.call('runs/search', {
        experiment_ids: [experiment],
        filter: 'metrics.loss > 0.5',
        order_by: ['metrics.loss DESC'],
        max_results: 100,
      }),
    run: (run) => connection.send('GET', `/api/2.0/mlflow/runs/get?run_id=${run}`),
    history: (run) => connection.send('GET', `/api/2.0/mlflow/metrics/get-history?run_id=${run}&metric_key=loss&max_results=1000`),
    chart: (run) => graphql('query ($id: ID!) { run(id: $id) { series(keys: ["loss"], buckets: 500) { steps last } } }', { id: run }),
  }
  const names = Object.keys(questions)
  try {
    for (let i = 0; !until(); i++) {
      const name = names[i % names.length]!
      const start = performance.now()
      await questions[name]!(runs[(i * 7) % runs.length]!)
      taken.set(name, [...(taken.get(name) ?? []), performance.now() - start])
      await sleep(100)
    }
  } finally {
    connection.close()
  }
  return taken
}

/** Points of a run's metric, counted through the API. */
async function countPoints(connection: Connection, run: string): Promise<number> {
  let count = 0
  for (let token = ''; ; ) {
    const path = `/api/2.0/mlflow/metrics/get-history?run_id=${run}&metric_key=loss&max_results=25000${token && `&page_token=${token}`}`
    const page = JSON.parse((await connection.send('GET', path)).toString()) as { metrics?: unknown[]; next_page_token?: string }
    count += page.metrics?.length ?? 0
    if (!page.next_page_token) return count
    token = encodeURIComponent(page.next_page_token)
  }
}

/**
 * `send(i)` is called `perSecond` times a second in all, spread evenly over the connections, as far as answers come in time.
 * Resolves to how many were acknowledged.
 */
async function steadily(
  origin: string,
  perSecond: number,
  seconds: number,
  send: (connection: Connection, i: number) => Promise<unknown>,
): Promise<number> {
  const begin = performance.now()
  let next = 0
  let answered = 0
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const connection = connect(origin)
      try {
        for (;;) {
          const i = next++
          if (i >= perSecond * seconds) return
          const wait = begin + (i / perSecond) * 1000 - performance.now()
          if (wait > 0) await sleep(wait)
          // What can't be sent in time is given up at the end, not sent late.
          else if (performance.now() - begin > seconds * 1000) return
          await send(connection, i)
          answered++
        }
      } finally {
        connection.close()
      }
    }),
  )
  return answered
}

interface Load {
  what: string
  runs: number
  perSecond: number
  /** The body of request i, which goes to `run`, and how many points it holds. */
  request(run: string, i: number): { body: string; points: number }
}

async function soak(bench: Bench, { what, runs: count, perSecond, request }: Load): Promise<Figure[]> {
  const { origin } = bench.tidegate
  const setUp = connect(origin)
  const deadlocks = async () =>
    (await bench.tidegate.sql<{ n: number }>('SELECT deadlocks::int AS n FROM pg_stat_database WHERE datname = current_database()'))[0]!.n
  try {
    const experiment = await newExperiment(setUp)
    const runs: string[] = []
    for (let i = 0; i < count; i++) runs.push(await newRun(setUp, experiment))
    const before = await deadlocks()
    const acknowledged = new Map<string, number>()
    let over = false
    const waits: number[] = []
    const reading = read(origin, experiment, runs, () => over)
    const answered = await steadily(origin, perSecond, minutes(bench) * 60, async (connection, i) => {
      const run = runs[i % count]!
      const { body, points } = request(run, i)
      const start = performance.now()
      await connection.send('POST', '/api/2.0/mlflow/runs/log-batch', body)
      waits.push(performance.now() - start)
      acknowledged.set(run, (acknowledged.get(run) ?? 0) + points)
    }).finally(() => (over = true))
    const byQuestion = await reading
    const taken = [...byQuestion.values()].flat()
    const shown = [...byQuestion].map(
      ([name, list]) => `${name} ${quantile(list, 0.5).toFixed(0)} and ${quantile(list, 0.95).toFixed(0)} ms`,
    )
    let lost = 0
    for (const run of runs) lost += (acknowledged.get(run) ?? 0) - (await countPoints(setUp, run))
    const wanted = perSecond * minutes(bench) * 60
    bench.note(
      `${what}, ${minutes(bench)} min: ${answered} of ${wanted} requests were sent in time and acknowledged, their median ${median(waits).toFixed(1)} ms, p95 ${quantile(waits, 0.95).toFixed(1)} ms; ${taken.length} questions were asked beside them, p50 and p95 of each: ${shown.join(', ')}.`,
    )
    return [
      { what: `${what}: points lost or doubled`, unit: '', tidegate: Math.abs(lost), wanted: { atMost: 0 } },
      { what: `${what}: deadlocks`, unit: '', tidegate: (await deadlocks()) - before, wanted: { atMost: 0 } },
      { what: `${what}: a reader waits, p50`, unit: 'ms', tidegate: median(taken) },
      { what: `${what}: a reader waits, p95`, unit: 'ms', tidegate: quantile(taken, 0.95), wanted: { atMost: 200 } },
    ]
  } finally {
    setUp.close()
  }
}

const now = 1_750_000_000_000
const metrics = (from: number, count: number) =>
  Array.from({ length: count }, (_, k) => ({
    key: 'loss',
    value: 1 / (1 + from + k) + 0.5,
    timestamp: now + (from + k) * 100,
    step: from + k,
  }))

const manyRuns: Load = {
  what: `${runsAtOnce} runs, ${pointsPerSecond} points/s each`,
  runs: runsAtOnce,
  perSecond: runsAtOnce,
  request(run, i) {
    const second = Math.floor(i / runsAtOnce)
    return { body: JSON.stringify({ run_id: run, metrics: metrics(second * pointsPerSecond, pointsPerSecond) }), points: pointsPerSecond }
  },
}

const oneRun: Load = {
  what: `${writersOfOne} writers on one run, 100 points/s each`,
  runs: 1,
  perSecond: writersOfOne * 10,
  request: (run, i) => ({ body: JSON.stringify({ run_id: run, metrics: metrics(i * 10, 10) }), points: 10 }),
}

export const soaks: Case = {
  name: 'soak',
  run: async (bench) => [...(await soak(bench, manyRuns)), ...(await soak(bench, oneRun))],
}
