/** Finding runs: the first page of 100, filtered and ordered, beside MLflow; pages through all; and 100 000 runs in ten experiments. */
import { type Bench, type Case, connected, newExperiment, sideBySide, timed } from '../bench.ts'
import { type Figure, quantile } from '../figures.ts'
import type { Connection } from '../http.ts'
import { countKeys, loadRuns } from '../load.sql.ts'
import type { Peer } from '../peers.ts'
import { questions, sizes } from './questions.ts'

const filter = "metrics.acc > 0.5 AND params.model = 'm3'"
const few = [
  ['filtered', { filter }],
  ['ordered by a metric', { order_by: ['metrics.acc DESC'] }],
  ['filtered and ordered', { filter, order_by: ['metrics.loss ASC'] }],
] as const

const filled = (peer: Peer, count: number, options = {}) =>
  connected(peer, async (connection) => {
    const experiment = await newExperiment(connection)
    await loadRuns(peer, experiment, count, options)
    return experiment
  })

const search = (connection: Connection, experiment_ids: string[], question: object) =>
  connection.send('POST', '/api/2.0/mlflow/runs/search', JSON.stringify({ experiment_ids, max_results: 100, ...question }))

/** Median milliseconds of a question. */
const ask = (peer: Peer, experiments: string[], question: object, times: number) =>
  connected(peer, (connection) =>
    timed(times, async () => {
      const answer = await search(connection, experiments, question)
      if (!answer.includes('next_page_token')) throw new Error(`${peer.name} found less than a page.`)
    }),
  )

/** The 95th percentile of its milliseconds. */
async function p95(times: number, work: () => Promise<unknown>): Promise<number> {
  const taken: number[] = []
  await timed(times, async () => {
    const start = performance.now()
    await work()
    taken.push(performance.now() - start)
  })
  return quantile(taken.slice(1), 0.95)
}

/** Milliseconds a run, of up to that many pages of 1 000, newest first. */
const perRun = (peer: Peer, experiments: string[], pages: number) =>
  connected(peer, async (connection) => {
    const start = performance.now()
    let runs = 0
    let token = ''
    for (let page = 0; page < pages && (page === 0 || token); page++) {
      const answer = await search(connection, experiments, { max_results: 1000, ...(token && { page_token: token }) })
      const { runs: found, next_page_token = '' } = JSON.parse(answer.toString()) as { runs: unknown[]; next_page_token?: string }
      runs += found.length
      token = next_page_token
    }
    return (performance.now() - start) / runs
  })

const completions = 'query ($text: String!) { completions(text: $text) { text uses low high } }'

export const searches: Case = {
  name: 'search',
  async run(bench: Bench) {
    const figures: Figure[] = []
    const experiments = { MLflow: await filled(bench.mlflow, 10_000), Tidegate: await filled(bench.tidegate, 10_000) }
    for (const [what, question] of few) {
      const found = await sideBySide(bench, bench.quick ? 1 : 3, (peer) =>
        ask(peer, [experiments[peer.name]], question, bench.quick ? 5 : 10),
      )
      figures.push({ what: `search 10 000 runs, ${what}`, unit: 'ms', ...found, wanted: { atMostOneIn: 10 } })
    }

    const ten: string[] = []
    for (const size of sizes) ten.push(await filled(bench.tidegate, size, { manyKeys: true }))
    await countKeys(bench.tidegate)
    const mlflow = await perRun(bench.mlflow, [experiments.MLflow], 5)
    const tidegate = await perRun(bench.tidegate, ten, bench.quick ? 20 : 100)
    figures.push({ what: '1 000 runs a page, for each run', unit: 'ms', mlflow, tidegate, wanted: { atMostOneIn: 10 } })
    bench.note('Of pages of 1 000 runs MLflow gave 5 of its 10 000, Tidegate all 100 (with --quick 20) of its 100 000.')
    for (const [what, question] of few) {
      const tidegate = await ask(bench.tidegate, ten, question, 20)
      figures.push({ what: `search 100 000 runs, ${what}`, unit: 'ms', tidegate, wanted: { atMost: 50 } })
    }
    await connected(bench.tidegate, async (connection) => {
      const times = bench.quick ? 20 : 60
      const first = await p95(times, () => search(connection, ten, {}))
      figures.push({ what: 'search 100 000 runs, first page, p95', unit: 'ms', tidegate: first, wanted: { atMost: 50 } })
      for (const { what, filter, order } of questions) {
        const question = { ...(filter && { filter }), ...(order && { order_by: [order] }) }
        const tidegate = await p95(times, () => search(connection, ten, question))
        figures.push({ what: `search 100 000 runs, ${what}, p95`, unit: 'ms', tidegate, wanted: { atMost: 100 } })
      }
      for (const text of ['', 'x7', 'metrics.l']) {
        const body = JSON.stringify({ query: completions, variables: { text } })
        const tidegate = await p95(times, () => connection.send('POST', '/graphql', body))
        figures.push({ what: `completions of "${text}" at 100 000 runs, p95`, unit: 'ms', tidegate, wanted: { atMost: 20 } })
      }
    })
    return figures
  },
}
