/** What a filter may go on with, as GraphQL gives it. */
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { staleCatalogues } from './catalogue.sql.ts'
import { refreshCatalogues } from './catalogue.ts'

let platform: Platform
let experiment: string
let other: string

const query = `query ($e: [ID!], $t: String, $c: String, $n: Int) {
  completions(experiments: $e, text: $t, column: $c, first: $n) { text kind uses low high } }`
const complete = async (t?: string, c?: string, e = [experiment], n?: number) =>
  (await platform.graphql(query, { e, t, c, n })).completions as Array<{
    text: string
    kind: string
    uses: number
    low: number
    high: number
  }>
const texts = async (...asked: Parameters<typeof complete>) => (await complete(...asked)).map(({ text }) => text)
const refresh = () => refreshCatalogues.run({ db: platform.db } as never, {}, new AbortController().signal)

async function newRun(experiment_id: string, i: number) {
  const { run } = await platform.wire('POST', 'runs/create', {
    experiment_id,
    run_name: `run-${i}`,
    user_id: i < 2 ? 'ann' : 'bob',
    start_time: 1,
  })
  const metrics = [{ key: 'loss', value: i, timestamp: 1, step: 0 }]
  if (i === 0) metrics.push({ key: 'val/loss', value: 0.5, timestamp: 1, step: 0 })
  await platform.wire('POST', 'runs/log-batch', {
    run_id: run.info.run_id,
    metrics,
    params: [{ key: 'lr', value: String(10 ** -i) }],
    tags: i < 3 ? [{ key: 'team', value: i < 2 ? 'vision' : "it's" }] : [],
  })
  return run.info.run_id as string
}

beforeAll(async () => {
  // The test's own refresh, and no worker's.
  platform = await startPlatform({ jobs: [] })
  experiment = (await platform.wire('POST', 'experiments/create', { name: 'completed' })).experiment_id
  other = (await platform.wire('POST', 'experiments/create', { name: 'other' })).experiment_id
  for (let i = 0; i < 4; i++) await newRun(experiment, i)
  await newRun(other, 9)
  await refresh()
})
afterAll(() => platform?.stop())

it('offers columns, the most used first, with the range of their numbers', async () => {
  expect(await complete('loss')).toEqual([
    { text: 'metrics.loss', kind: 'METRIC', uses: 4, low: 0, high: 3 },
    { text: 'metrics.`val/loss`', kind: 'METRIC', uses: 1, low: 0.5, high: 0.5 },
  ])
  expect(await complete('params.')).toEqual([{ text: 'params.lr', kind: 'PARAM', uses: 4, low: 0.001, high: 1 }])
  expect(await texts('', undefined, [experiment], 4)).toEqual(['metrics.loss', 'params.lr', 'name', 'status'])
  expect(await texts('sta')).toEqual(['status', 'started'])
  expect(await texts('PAR')).toEqual(['params.lr'])
})

it('adds up several experiments', async () => {
  expect(await complete('metrics.loss', undefined, [experiment, other], 1)).toMatchObject([
    { text: 'metrics.loss', uses: 5, low: 0, high: 9 },
  ])
})

it('offers the values of a column, the most frequent first, in their quotes', async () => {
  expect(await complete('', 'tags.team')).toMatchObject([
    { text: "'vision'", kind: 'VALUE', uses: 2 },
    { text: '"it\'s"', kind: 'VALUE', uses: 1 },
  ])
  expect(await texts("'VI", 'tags.team')).toEqual(["'vision'"])
  expect(await texts('', 'user')).toEqual(["'ann'", "'bob'"])
  expect(await texts('', 'attributes.status')).toEqual(["'RUNNING'"])
  expect(await texts('', 'metrics.loss')).toEqual([])
  await expect(complete('', 'nothing.x')).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' })
})

it('is made anew when a run has changed, and not otherwise', async () => {
  expect(await staleCatalogues(platform.db, Date.now() + 3_600_000)).toEqual([])
  await newRun(experiment, 5)
  expect(await complete('params.')).toMatchObject([{ uses: 4 }])
  expect(await staleCatalogues(platform.db, Date.now() + 3_600_000)).toEqual([Number(experiment)])
  await platform.db.query('UPDATE catalogue SET made_at = 0')
  await refresh()
  expect(await complete('params.')).toMatchObject([{ uses: 5, low: 0.00001, high: 1 }])
})
