/** Groups beside a plain evaluation of the same runs; and each group's own filter finds its runs and no other. */
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let platform: Platform
let experiment: string

let seed = 7
const random = (n: number) => Math.floor(((seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32) * n)
const pick = <T>(list: readonly T[]): T => list[random(list.length)]!

const texts = ['', 'a', "it's", 'say "x"', `both ' and " (.*)$ \\`, 'é', '%', '_', `long ${'x'.repeat(1200)}`]
const reals = [0, 1, 2.5, -3, Number.NaN, Number.POSITIVE_INFINITY, 1e-9]

interface Plain {
  params: Record<string, string>
  tags: Record<string, string>
  metrics: Record<string, number>
  user: string
  status: string
  sets: string[]
}
const runs: Plain[] = []
const pairs = (values: Record<string, string>) => Object.entries(values).map(([key, value]) => ({ key, value }))
const wired = (value: number) => (Number.isNaN(value) ? 'NaN' : value === Number.POSITIVE_INFINITY ? 'Infinity' : value)

beforeAll(async () => {
  platform = await startPlatform()
  experiment = (await platform.wire('POST', 'experiments/create', { name: 'groups' })).experiment_id
  for (let i = 0; i < 90; i++) {
    const run: Plain = { params: {}, tags: {}, metrics: {}, user: pick(['ann', 'bob', '']), status: 'RUNNING', sets: [] }
    if (random(4)) run.params.model = pick(texts)
    if (random(3)) run.params['my key'] = pick(['x', 'y'])
    if (random(3)) run.tags.team = pick(texts.slice(0, 4))
    for (const key of ['loss', 'val/acc']) if (random(4)) run.metrics[key] = random(3) ? random(100) / 4 : pick(reals)
    run.sets = ['one', 'two'].filter(() => random(3) === 0)
    const created = await platform.wire('POST', 'runs/create', {
      experiment_id: experiment,
      user_id: run.user,
      start_time: 1 + i,
      tags: pairs(run.tags),
    })
    const run_id = created.run.info.run_id
    await platform.wire('POST', 'runs/log-batch', {
      run_id,
      params: pairs(run.params),
      metrics: Object.entries(run.metrics).map(([key, value]) => ({ key, value: wired(value), timestamp: 1, step: 0 })),
    })
    if (run.sets.length > 0)
      await platform.wire('POST', 'runs/log-inputs', {
        run_id,
        datasets: run.sets.map((name) => ({ dataset: { name, digest: 'd', source_type: 'local', source: '{}' } })),
      })
    // Half of them stay live: their values are in another index.
    if (random(2)) {
      run.status = 'FINISHED'
      await platform.wire('POST', 'runs/update', { run_id, status: 'FINISHED', end_time: 100 })
    }
    runs.push(run)
  }
})
afterAll(() => platform?.stop())

const query = `query ($experiment: ID!, $filter: String, $by: [String!]!, $metrics: [String!], $orderBy: RunGroupOrder, $first: Int, $after: String) {
  runGroups(experiments: [$experiment], filter: $filter, by: $by, metrics: $metrics, orderBy: $orderBy, first: $first, after: $after) {
    groups { values filter count metrics { ref count min max mean median sd } }
    total { value exact }
    pageInfo { hasNextPage endCursor }
  }
}`
const ask = (variables: object) => platform.graphql(query, { experiment, first: 500, ...variables })

type Key = (run: Plain) => Array<string | null>
const keys: Record<string, Key> = {
  'params.model': (run) => [run.params.model ?? null],
  'params.`my key`': (run) => [run.params['my key'] ?? null],
  'tags.team': (run) => [run.tags.team ?? null],
  'attributes.status': (run) => [run.status],
  'attributes.user_id': (run) => [run.user || null],
  'dataset.name': (run) => (run.sets.length > 0 ? run.sets : [null]),
  'params.nowhere': () => [null],
}

function plainly(by: string[]): Map<string, Plain[]> {
  const groups = new Map<string, Plain[]>()
  for (const run of runs) {
    const places = by.reduce<Array<Array<string | null>>>(
      (all, ref) => all.flatMap((place) => keys[ref]!(run).map((value) => [...place, value])),
      [[]],
    )
    for (const place of places) groups.set(JSON.stringify(place), [...(groups.get(JSON.stringify(place)) ?? []), run])
  }
  return groups
}

function figuresOf(values: number[]) {
  const finite = values.filter(Number.isFinite).sort((a, b) => a - b)
  const n = finite.length
  if (n === 0) return { count: 0, min: null, max: null, mean: null, median: null, sd: null }
  const mean = finite.reduce((sum, value) => sum + value, 0) / n
  const close = (value: number) => expect.closeTo(value, 8)
  return {
    count: n,
    min: finite[0],
    max: finite.at(-1),
    mean: close(mean),
    median: close((finite[(n - 1) >> 1]! + finite[n >> 1]!) / 2),
    sd: n < 2 ? null : close(Math.sqrt(finite.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1))),
  }
}

describe('groups of runs', () => {
  const choices = [
    ['params.model'],
    ['params.`my key`', 'attributes.status'],
    ['tags.team'],
    ['attributes.user_id'],
    ['dataset.name'],
    ['dataset.name', 'params.model', 'attributes.user_id'],
    ['params.nowhere'],
  ]
  it.each(choices.map((by) => [by.join(', '), by] as const))('by %s are those of a plain evaluation', async (_, by) => {
    const { runGroups } = await ask({ by, metrics: ['metrics.loss', 'metrics.val/acc', 'metrics.none'] })
    const wanted = plainly([...by])
    expect(runGroups.total).toEqual({ value: wanted.size, exact: true })
    const found = new Map(runGroups.groups.map((group: any) => [JSON.stringify(group.values), group]))
    expect([...found.keys()].sort()).toEqual([...wanted.keys()].sort())
    for (const [key, members] of wanted) {
      const group: any = found.get(key)
      expect(group.count).toBe(members.length)
      for (const [i, metric] of ['loss', 'val/acc', 'none'].entries())
        expect(group.metrics[i]).toEqual({
          ref: `metrics.${metric}`,
          ...figuresOf(members.map((run) => run.metrics[metric] ?? Number.NaN)),
        })
    }
    const counts = runGroups.groups.map((group: any) => group.count)
    expect(counts).toEqual(counts.toSorted((a: number, b: number) => b - a))
  })

  it.each(choices.map((by) => [by.join(', '), by] as const))('by %s: the filter of each finds as many as it counts', async (_, by) => {
    const { runGroups } = await ask({ by, filter: "attributes.status = 'FINISHED'" })
    for (const { filter, count } of runGroups.groups) {
      const { searchRuns } = await platform.graphql(
        'query ($experiment: ID!, $filter: String!) { searchRuns(experiments: [$experiment], filter: $filter, first: 200) { nodes { id } } }',
        { experiment, filter: `attributes.status = 'FINISHED' AND ${filter}` },
      )
      expect([filter, searchRuns.nodes.length]).toEqual([filter, count])
    }
  })

  it('come in the order of a figure, those without it last, page by page', async () => {
    const orderBy = { by: 'metrics.loss', figure: 'MIN', descending: false }
    const all = (await ask({ by: ['params.model', 'tags.team'], metrics: ['metrics.loss'], orderBy })).runGroups
    const mins = all.groups.map((group: any) => group.metrics[0].min)
    const numbers = mins.filter((min: number | null) => min !== null)
    expect(mins).toEqual([...numbers.toSorted((a: number, b: number) => a - b), ...Array(mins.length - numbers.length).fill(null)])
    const pages: unknown[] = []
    let after: string | null = null
    do {
      const { runGroups }: any = await ask({ by: ['params.model', 'tags.team'], metrics: ['metrics.loss'], orderBy, first: 7, after })
      pages.push(...runGroups.groups)
      after = runGroups.pageInfo.hasNextPage ? runGroups.pageInfo.endCursor : null
    } while (after !== null)
    expect(pages).toEqual(all.groups)
  })

  it.each([
    [{ by: [] }, 'at least one'],
    [{ by: ['metrics.loss'] }, "'metrics.loss' is none"],
    [{ by: Array(7).fill('params.a') }, 'At most 6'],
    [{ by: ['params.model'], metrics: ['params.model'] }, "'params.model' is none"],
    [{ by: ['params.model'], orderBy: { by: 'metrics.other' } }, 'neither grouped by'],
    [{ by: ['params.model'], after: 'x' }, 'no cursor'],
    [{ by: ['params.model'], filter: 'params.' }, ''],
  ])('refuse %j', async (variables, message) => {
    const error = await ask(variables).then(
      () => undefined,
      (error: Error & { extensions?: Record<string, unknown> }) => error,
    )
    expect(error?.message).toContain(message)
  })
})
