/** Asking with the client's own words: lists page by page, tables, experiments, and changes as they come. */
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, afterEach, beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import { type Client, connect, type EnumOf, graphql, startRun } from '../src/index.ts'
import { startProxy, type TroubledProxy } from './proxy.ts'

let platform: Platform
let proxy: TroubledProxy
let client: Client
let experiment: string

const count = 57

beforeAll(async () => {
  platform = await startPlatform()
  proxy = await startProxy(platform.origin)
  client = connect({ url: proxy.origin })
  const runs = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      startRun('asked', { url: platform.origin, name: `run ${i}`, params: { i, kind: i % 2 ? 'odd' : 'even' }, tags: { team: 'tide' } }),
    ),
  )
  for (const [i, run] of runs.entries()) {
    run.log({ loss: i, ...(i === 3 && { odd: Number.NaN }) })
    await run.finish()
  }
  experiment = runs[0]!.experimentId
})
afterEach(() => {
  proxy.trouble = () => undefined
})
afterAll(async () => {
  client.close()
  await proxy.close()
  await platform.stop()
})

async function all<T>(from: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const each of from) found.push(each)
  return found
}

describe('runs', () => {
  it('come page by page, each once, in the order asked for, with what was asked for', async () => {
    const found = await all(
      client.searchRuns({
        experiments: [experiment],
        orderBy: [{ by: 'metrics.loss', descending: true }],
        pageSize: 10,
        metrics: ['loss'],
      }),
    )
    expect(found.map(({ metrics }) => metrics)).toEqual(Array.from({ length: count }, (_, i) => ({ loss: count - 1 - i })))
    expect(found[0]).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      name: 'run 56',
      status: 'FINISHED',
      user: expect.any(String),
      experimentId: experiment,
      parentId: null,
      startedAt: expect.any(Number),
      endedAt: expect.any(Number),
      deletedAt: null,
      metrics: { loss: 56 },
      params: { i: '56', kind: 'even' },
      tags: {},
    })
    expectTypeOf(found[0]!.status).toEqualTypeOf<EnumOf<'RunStatus'>>()
    const [nan] = await all(client.searchRuns({ filter: "attributes.run_name = 'run 3'", params: false, tags: ['team'] }))
    expect(nan).toMatchObject({ metrics: { loss: 3, odd: Number.NaN }, params: {}, tags: { team: 'tide' } })
  })

  it('are not asked for beyond what is read', async () => {
    proxy.requests.length = 0
    for await (const _ of client.searchRuns({ experiments: [experiment], pageSize: 5 })) break
    expect(proxy.requests.length).toBeLessThanOrEqual(2)
  })

  it('are refused where the filter is wrong, and can be given up', async () => {
    await expect(all(client.searchRuns({ filter: 'metrics.loss <' }))).rejects.toMatchObject({
      name: 'ApiError',
      code: 'INVALID_PARAMETER_VALUE',
    })
    await expect(all(client.searchRuns({ signal: AbortSignal.abort(new Error('enough')) }))).rejects.toThrow('enough')
  })

  it('are a table, whose cells have the types of their columns', async () => {
    const columns = ['attributes.run_name', 'metrics.loss', 'metrics.odd', 'params.kind'] as const
    const rows = await all(client.table({ experiments: [experiment], columns, pageSize: 20, orderBy: [{ by: 'metrics.loss' }] }))
    expect(rows).toHaveLength(count)
    expect(rows[3]).toEqual({
      id: expect.any(String),
      'attributes.run_name': 'run 3',
      'metrics.loss': 3,
      'metrics.odd': Number.NaN,
      'params.kind': 'odd',
    })
    expect(rows[4]!['metrics.odd']).toBe(null)
    expectTypeOf(rows[0]!['metrics.loss']).toEqualTypeOf<number | null>()
    expectTypeOf(rows[0]!['params.kind']).toEqualTypeOf<string | null>()
    // @ts-expect-error it is no column
    expect(rows[0]!['metrics.absent']).toBe(undefined)
  })

  it('have names of what they logged', async () => {
    const found = await all(client.columns({ experiments: [experiment], kinds: ['METRIC', 'PARAM'] }))
    expect(found.map(({ ref }) => ref).sort()).toEqual(['metrics.loss', 'metrics.odd', 'params.i', 'params.kind'])
  })
})

describe('experiments', () => {
  it('are made, found by name and id, and listed page by page', async () => {
    const made = await client.createExperiment('made here', { tags: { team: 'tide' } })
    expect(made).toMatchObject({ name: 'made here', runCount: 0, tags: [{ key: 'team', value: 'tide' }] })
    expect(await client.experiment({ name: 'made here' })).toEqual(made)
    expect(await client.experiment({ id: made.id })).toEqual(made)
    expect(await client.experiment({ name: 'absent' })).toBe(null)
    await expect(client.createExperiment('made here')).rejects.toMatchObject({
      code: 'RESOURCE_ALREADY_EXISTS',
      field: expect.stringContaining('name'),
    })
    for (let i = 0; i < 7; i++) await client.createExperiment(`one of seven, ${i}`)
    const seven = await all(client.experiments({ filter: "name LIKE 'one of seven%'", orderBy: ['name DESC'], pageSize: 3 }))
    expect(seven.map(({ name }) => name.at(-1))).toEqual(['6', '5', '4', '3', '2', '1', '0'])
  })

  it('and any other list of the schema are all there', async () => {
    const Names = graphql(
      `query Names($after: String) { experiments(first: 2, after: $after) { nodes { name } pageInfo { hasNextPage endCursor } } }`,
    )
    const names = await all(client.all(async (after) => (await client.query(Names, { after })).experiments))
    expect(names.length).toBeGreaterThan(8)
    expect(new Set(names.map(({ name }) => name)).size).toBe(names.length)
  })
})

describe('changes', () => {
  it('come from the start, from now on, and from a cursor', async () => {
    const seen = new Set<string>()
    let cursor = ''
    for await (const batch of client.changes({ experiments: [experiment], from: 'start' })) {
      for (const { name } of batch.runs) seen.add(name)
      cursor = batch.cursor
      if (seen.size === count) break
    }
    const changes = client.changes({ experiments: [experiment] })
    const waiting = changes.next()
    const run = await startRun({ experimentId: experiment, url: platform.origin, name: 'later' })
    const names = ((await waiting).value as { runs: Array<{ name: string }> }).runs.map(({ name }) => name)
    await changes.return!()
    expect(names).toContain('later')
    for await (const { runs } of client.changes({ experiments: [experiment], from: cursor }))
      if (runs.some(({ id }) => id === run.id)) break
    await run.finish()
  })

  it('are not missed though the connection is cut again and again', async () => {
    const wanted = new Set<string>()
    const seen = new Set<string>()
    const following = (async () => {
      for await (const { runs } of client.changes({ experiments: [experiment] })) {
        for (const { name, status } of runs) if (status === 'FINISHED') seen.add(name)
        if (seen.has('cut 19') && [...wanted].every((name) => seen.has(name))) return
      }
    })()
    await new Promise((resolve) => setTimeout(resolve, 300))
    for (let i = 0; i < 20; i++) {
      const name = `cut ${i}`
      wanted.add(name)
      const run = await startRun({ experimentId: experiment, url: platform.origin, name })
      await run.finish()
      if (i % 4 === 1) proxy.cutAll()
      await new Promise((resolve) => setTimeout(resolve, 40))
    }
    await following
    expect([...wanted].filter((name) => !seen.has(name))).toEqual([])
  })
})
