/** Finding runs: the first page of 100, filtered and ordered. */
import { type Bench, type Case, connected, newExperiment, sideBySide, timed } from '../bench.ts'
import type { Figure } from '../figures.ts'
import { loadRuns } from '../load.sql.ts'
import type { Peer } from '../peers.ts'

const filter = "metrics.acc > 0.5 AND params.model = 'm3'"
const questions = [
  ['filtered', { filter }],
  ['ordered by a metric', { order_by: ['metrics.acc DESC'] }],
  ['filtered and ordered', { filter, order_by: ['metrics.loss ASC'] }],
] as const

const filled = (peer: Peer, count: number) =>
  connected(peer, async (connection) => {
    const experiment = await newExperiment(connection)
    await loadRuns(peer, experiment, count)
    return experiment
  })

/** Median milliseconds of a question. */
const ask = (peer: Peer, experiment: string, question: object, times: number) =>
  connected(peer, (connection) => {
    const body = JSON.stringify({ experiment_ids: [experiment], max_results: 100, ...question })
    return timed(times, async () => {
      const answer = await connection.send('POST', '/api/2.0/mlflow/runs/search', body)
      if (!answer.includes('next_page_token')) throw new Error(`${peer.name} found less than a page.`)
    })
  })

export const search: Case = {
  name: 'search',
  async run(bench: Bench) {
    const figures: Figure[] = []
    const experiments = { MLflow: await filled(bench.mlflow, 10_000), Tidegate: await filled(bench.tidegate, 10_000) }
    for (const [what, question] of questions) {
      const found = await sideBySide(bench, bench.quick ? 1 : 3, (peer) =>
        ask(peer, experiments[peer.name], question, bench.quick ? 5 : 10),
      )
      figures.push({ what: `search 10 000 runs, ${what}`, unit: 'ms', ...found, wanted: { atMostOneIn: 10 } })
    }
    const large = await filled(bench.tidegate, 100_000)
    for (const [what, question] of questions) {
      const tidegate = await ask(bench.tidegate, large, question, 20)
      figures.push({ what: `search 100 000 runs, ${what}`, unit: 'ms', tidegate, wanted: { atMost: 50 } })
    }
    return figures
  },
}
