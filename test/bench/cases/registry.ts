/**
 * The registry: finding models and versions among 10 000 of ten versions each, beside MLflow; making versions; the board of 500 models in
 * Chromium, beside MLflow's page of models, which shows 25 of them; and where everything stood at a time.
 */
import type { Browser } from 'playwright-core'
import { type Bench, type Case, clientsPerSecond, connected, sideBySide, timed } from '../bench.ts'
import { launch, open } from '../browser.ts'
import { type Figure, median } from '../figures.ts'
import type { Peer } from '../peers.ts'
import { loadModels, since, unloadModels } from '../registry.sql.ts'

const [models, each] = [10_000, 10]

const questions = [
  ['models: first page of 100', 'registered-models/search', {}],
  ['models: by a part of the name', 'registered-models/search', { filter: "name ILIKE '%77%'" }],
  [
    'models: by a tag, last changed first',
    'registered-models/search',
    { filter: "tags.team = 'vision'", order_by: 'last_updated_timestamp DESC' },
  ],
  ['versions: of one model', 'model-versions/search', { filter: "name = 'model-5000'" }],
  ['versions: by a tag', 'model-versions/search', { filter: "tags.approved = 'yes'" }],
  ['versions: first page of 100', 'model-versions/search', {}],
] as const

const ask = (peer: Peer, path: string, question: Record<string, string>, times: number) =>
  connected(peer, (connection) => {
    const words = new URLSearchParams({ max_results: '100', ...question })
    return timed(times, async () => {
      const answer = await connection.send('GET', `/api/2.0/mlflow/${path}?${words}`)
      if (!answer.includes('model-')) throw new Error(`${peer.name} found nothing.`)
    })
  })

const asking = (peer: Peer, query: string, variables: object, times: number) =>
  connected(peer, (connection) => {
    const body = JSON.stringify({ query, variables })
    return timed(times, async () => {
      const answer = await connection.send('POST', '/graphql', body)
      if (!answer.includes('"model-')) throw new Error(answer.toString().slice(0, 300))
    })
  })

/** Versions that so many clients make a second, each of a model of its own. */
const making = (peer: Peer, clients: number, seconds: number): Promise<number> =>
  clientsPerSecond(peer, { clients, seconds }, async (connection, i) => {
    const name = `made-${Date.now()}-${i}`
    await connection.call('registered-models/create', { name })
    return () => connection.call('model-versions/create', { name, source: 's3://models/made' })
  })

/** From the address to what is to be seen of so many models: the rows of the window, and all of them. */
async function drawn(browser: Browser, peer: Peer, rows: number): Promise<{ seen: number; all: number }> {
  const [path, row] = peer.name === 'MLflow' ? ['/#/models', 'a[href*="/models/"]'] : [`/models?rows=${rows}`, '.board tbody tr']
  const timed = await open(browser, `${peer.origin}${path}`)
  const count = `document.querySelectorAll(${JSON.stringify(row)}).length`
  try {
    const seen = await timed.since(`${count} >= ${Math.min(rows, 25)}`)
    return { seen, all: await timed.since(`${count} >= ${rows}`) }
  } finally {
    await timed.close()
  }
}

const moment = 'query ($at: Timestamp!) { registryAt(at: $at, first: 1000) { name stages { version stage since by } } }'

export const registry: Case = {
  name: 'registry',
  async run(bench: Bench) {
    const figures: Figure[] = []
    const rounds = bench.quick ? 1 : 3
    for (const peer of [bench.mlflow, bench.tidegate]) await loadModels(peer, models, each)
    for (const [what, path, question] of questions) {
      const found = await sideBySide(bench, rounds, (peer) => ask(peer, path, question, bench.quick ? 5 : 10))
      figures.push({ what: `registry of 10 000 × 10, ${what}`, unit: 'ms', ...found, wanted: { atMost: 50 } })
    }
    const at = since + 50_000_000
    const then = await asking(bench.tidegate, moment, { at }, bench.quick ? 5 : 10)
    figures.push({ what: 'registry of 10 000 × 10, 1 000 models as they stood', unit: 'ms', tidegate: then })
    for (const [clients, who] of [
      [1, 'one client'],
      [8, 'eight clients'],
    ] as const) {
      const made = await sideBySide(bench, rounds, (peer) => making(peer, clients, bench.quick ? 3 : 6))
      figures.push({ what: `versions made by ${who}`, unit: '/s', ...made, wanted: { atLeastTimes: 10 } })
    }

    for (const peer of [bench.mlflow, bench.tidegate]) {
      await unloadModels(peer)
      await loadModels(peer, 500, each)
    }
    const browser = await launch()
    try {
      const [theirs, ours]: Array<Awaited<ReturnType<typeof drawn>>>[] = [[], []]
      for (let i = 0; i < (bench.quick ? 2 : 5); i++) {
        theirs!.push(await drawn(browser, bench.mlflow, 25))
        ours!.push(await drawn(browser, bench.tidegate, 500))
      }
      const of = (each: Array<{ seen: number; all: number }>, what: 'seen' | 'all') => median(each.map((times) => times[what]))
      figures.push(
        {
          what: 'board of 500 models, cold',
          unit: 'ms',
          mlflow: of(theirs!, 'seen'),
          tidegate: of(ours!, 'seen'),
          wanted: { atMost: 1000 },
        },
        { what: 'board of 500 models, to the last row', unit: 'ms', tidegate: of(ours!, 'all') },
      )
      bench.note(
        'Board: Tidegate has all 500 models with what stands in each stage and draws those in the window first, MLflow a page of 25.',
      )
    } finally {
      await browser.close()
    }
    for (const peer of [bench.mlflow, bench.tidegate]) await unloadModels(peer)
    return figures
  },
}
