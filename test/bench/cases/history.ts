/** A run with a million points: reading them all, a chart of them, and what they take on disk. Loaded once for all three. */
import { setTimeout as sleep } from 'node:timers/promises'
import { address, batch } from '../batches.ts'
import { type Bench, type Case, connected, newRun, sideBySide, timed } from '../bench.ts'
import { bytesOfPoints, loadPoints, unmerged } from '../load.sql.ts'
import type { Peer } from '../peers.ts'

const million = 1_000_000
/** What the Python client asks for at a time. */
const page = 25_000

interface Long {
  run: Record<Peer['name'], string>
  /** Bytes it takes in the tables of points. */
  bytes: Record<Peer['name'], number>
}

let long: Promise<Long> | undefined

/** Tidegate is sent it in batches of 1 000; MLflow's is put into its tables. */
async function load(bench: Bench): Promise<Long> {
  const before = { MLflow: await bytesOfPoints(bench.mlflow), Tidegate: await bytesOfPoints(bench.tidegate) }
  const mlflow = await connected(bench.mlflow, (connection) => newRun(connection))
  await loadPoints(bench.mlflow, mlflow, million)
  const tidegate = await connected(bench.tidegate, async (connection) => {
    const run = await newRun(connection)
    for (let first = 0; first < million; first += 1000) {
      await connection.send('POST', '/api/2.0/mlflow/runs/log-batch', address(batch(1, first, 1000), run))
    }
    return run
  })
  // The last of them leave the tail when the run has been quiet for half a minute.
  const patience = bench.quick ? 20_000 : 60_000
  const start = performance.now()
  let left = million
  while ((left = await unmerged(bench.tidegate, tidegate)) > 0 && performance.now() - start < patience) await sleep(250)
  bench.note(
    `Before the disk was measured Tidegate had merged ${left ? `all but ${left} of ` : ''}a million points ${((performance.now() - start) / 1000).toFixed(1)} s after the last of them was sent.`,
  )
  return {
    run: { MLflow: mlflow, Tidegate: tidegate },
    bytes: {
      MLflow: (await bytesOfPoints(bench.mlflow)) - before.MLflow,
      Tidegate: (await bytesOfPoints(bench.tidegate)) - before.Tidegate,
    },
  }
}

const theLongRun = (bench: Bench) => (long ??= load(bench))

/** Seconds to read all the points of a run in pages, one after the other. `pages`: only so many of them, spread evenly, and the time of all estimated. */
const readAll = (peer: Peer, run: string, pages: number) =>
  connected(peer, async (connection) => {
    const all = million / page
    const answers: Buffer[] = []
    let token = ''
    const start = performance.now()
    for (let i = 0; i < pages; i++) {
      // MLflow's token is the place to go on from.
      if (pages < all && i > 0) token = Buffer.from(JSON.stringify({ offset: Math.floor((i * all) / pages) * page })).toString('base64')
      const query = new URLSearchParams({
        run_id: run,
        run_uuid: run,
        metric_key: 'loss',
        max_results: String(page),
        ...(token && { page_token: token }),
      })
      const answer = await connection.send('GET', `/api/2.0/mlflow/metrics/get-history?${query}`)
      answers.push(answer)
      token =
        /"next_page_token":\s*"([^"]*)"/.exec(answer.subarray(-500).toString())?.[1] ??
        /"next_page_token":\s*"([^"]*)"/.exec(answer.subarray(0, 500).toString())?.[1] ??
        ''
    }
    const seconds = ((performance.now() - start) / 1000) * (all / pages)
    const points = answers.reduce((sum, answer) => sum + answer.toString('latin1').split('"step"').length - 1, 0)
    if (points !== page * pages || (pages === all && token)) throw new Error(`${peer.name} gave ${points} points in ${pages} pages.`)
    return seconds
  })

const history: Case = {
  name: 'history',
  async run(bench) {
    const { run } = await theLongRun(bench)
    const all = million / page
    const pages = bench.quick ? 4 : all
    if (bench.quick) bench.note(`MLflow's time for a million points is estimated from ${pages} pages of ${all}.`)
    const mlflow = await readAll(bench.mlflow, run.MLflow, pages)
    const tidegate = (await timed(3, () => readAll(bench.tidegate, run.Tidegate, all))) / 1000
    return [{ what: 'read a million points, 25 000 a page', unit: 's', mlflow, tidegate, wanted: { atMostOneIn: 30 } }]
  },
}

/** What a page asks for, which shows peaks that a sample leaves out. */
const series = `query ($run: ID!) { run(id: $run) { series(keys: ["loss"], buckets: 320) { steps min max last } } }`

const chart: Case = {
  name: 'chart',
  async run(bench) {
    const { run } = await theLongRun(bench)
    const rounds = bench.quick ? 1 : 3
    const sampled = await sideBySide(bench, rounds, (peer) =>
      connected(peer, (connection) => {
        const query = new URLSearchParams({ run_ids: run[peer.name], metric_key: 'loss', max_results: '320' })
        return timed(peer.name === 'MLflow' ? 3 : 20, () =>
          connection.send('GET', `/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?${query}`),
        )
      }),
    )
    const body = JSON.stringify({ query: series, variables: { run: run.Tidegate } })
    const drawn = await connected(bench.tidegate, (connection) => timed(20 * rounds, () => connection.send('POST', '/graphql', body)))
    return [
      { what: '320 chart points out of a million, as MLflow samples', unit: 'ms', ...sampled, wanted: { atMostOneIn: 50 } },
      {
        what: '320 min, max and last out of a million, as our pages ask',
        unit: 'ms',
        mlflow: sampled.mlflow,
        tidegate: drawn,
        wanted: { atMostOneIn: 50 },
      },
    ]
  },
}

const disk: Case = {
  name: 'disk',
  async run(bench) {
    const { bytes } = await theLongRun(bench)
    const figure = { mlflow: bytes.MLflow / 1024 ** 2, tidegate: bytes.Tidegate / 1024 ** 2 }
    return [{ what: 'on disk, a million points of one metric', unit: 'MiB', ...figure, wanted: { atMostOneIn: 8 } }]
  },
}

/** The disk first: what other cases write moves its figure. */
export const histories = [disk, history, chart]
