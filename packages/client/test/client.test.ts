import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, afterEach, beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import { type Client, connect, graphql, type PointsBatch, type ResultOf, startRun } from '../src/index.ts'
import { startProxy, type TroubledProxy } from './proxy.ts'

let platform: Platform
let proxy: TroubledProxy
const clients: Client[] = []

beforeAll(async () => {
  platform = await startPlatform()
  proxy = await startProxy(platform.origin)
})
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
})
afterAll(async () => {
  await proxy.close()
  await platform.stop()
})

const open = (url = platform.origin) => {
  const client = connect({ url })
  clients.push(client)
  return client
}
const begin = (options = {}) => startRun('live', { url: platform.origin, flushEvery: 5, ...options })
const steps = (count: number) => Array.from({ length: count }, (_, i) => i)

/** Collects points until there are so many of a run; more of them than that would show. */
async function collect(batches: AsyncIterable<PointsBatch>, run: string, count: number): Promise<number[]> {
  const seen: number[] = []
  for await (const { points } of batches) {
    for (const series of points) if (series.run === run) seen.push(...series.steps)
    if (seen.length >= count) return seen
  }
  return seen
}

const RunName = graphql(`query RunName($id: ID!) { run(id: $id) { name status startedAt metrics { key value } } }`)
const Experiments = graphql(`query Experiments($first: Int) { experiments(first: $first) { nodes { name } } }`)
const Changed = graphql(`subscription Changed($experiments: [ID!]!, $after: String) {
  runsChanged(experiments: $experiments, after: $after) { runs { id name status } cursor }
}`)
const Steps = graphql(`subscription Steps($run: ID!) { points(runs: [{ run: $run }]) { points { steps } } }`)

describe('a query', () => {
  it('answers by its document, typed by the schema', async () => {
    const run = await begin({ name: 'asked' })
    run.log({ loss: Number.NaN })
    await run.finish()
    const { run: found } = await open().query(RunName, { id: run.id })
    expect(found).toMatchObject({ name: 'asked', status: 'FINISHED', metrics: [{ key: 'loss', value: 'NaN' }] })
    expectTypeOf(found).toEqualTypeOf<ResultOf<typeof RunName>['run']>()
    expectTypeOf(found!.status).toEqualTypeOf<'RUNNING' | 'SCHEDULED' | 'FINISHED' | 'FAILED' | 'KILLED'>()
    expectTypeOf(found!.startedAt).toEqualTypeOf<number>()
    // @ts-expect-error the id is required
    await expect(open().query(RunName, {})).rejects.toMatchObject({ name: 'ApiError' })
    expect((await open().query(Experiments)).experiments.nodes.length).toBeGreaterThan(0)
    expect(await open().query<{ viewer: { name: string } }, object>('{ viewer { name } }')).toMatchObject({ viewer: {} })
  })

  it('is refused with the code, the field and the sentence of the server', async () => {
    const Batch = graphql(`mutation Batch($input: LogBatchInput!) { logBatch(input: $input) { run { id } } }`)
    const run = await begin()
    await expect(
      open().query(Batch, {
        input: {
          runId: run.id,
          metrics: [
            { key: 'a', value: 1 },
            { key: '../b', value: 1 },
          ],
        },
      }),
    ).rejects.toMatchObject({
      name: 'ApiError',
      code: 'INVALID_PARAMETER_VALUE',
      field: expect.stringContaining('metrics[1]'),
      status: 200,
    })
    await expect(open().query('{ nothing }')).rejects.toMatchObject({ message: expect.stringContaining('nothing') })
    await expect(open().query('{')).rejects.toMatchObject({ name: 'ApiError' })
    await run.finish()
  })

  it('says when nobody answers, and can be given up', async () => {
    const gone = await startProxy(platform.origin)
    await gone.close()
    await expect(open(gone.origin).query(Experiments)).rejects.toMatchObject({ code: 'UNREACHABLE', status: 0 })
    await expect(open().query(Experiments, {}, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
  })

  it('goes to an address, or says why it can not', () => {
    expect(connect({ url: 'http://localhost:1/' }).url).toBe('http://localhost:1')
    expect(connect().url).toMatch(/^http:/)
    for (const url of ['localhost:5000', 'file:./mlruns', 'ws://x', 'x']) {
      expect(() => connect({ url }), url).toThrow(`url is '${url}': give the server's address, such as http://127.0.0.1:5000.`)
    }
  })
})

describe('a subscription', () => {
  it('yields what happens until its reader leaves', async () => {
    const before = await begin({ name: 'before' })
    const changes = open().subscribe(Changed, { experiments: [before.experimentId], after: '0' })
    const names = new Set<string>()
    let after: Awaited<ReturnType<typeof begin>> | undefined
    for await (const { runsChanged } of changes) {
      for (const run of runsChanged.runs) names.add(run.name)
      after ??= await begin({ name: 'after' })
      if (names.has('after')) break
    }
    expect(names).toContain('before')
    expect(await changes.next()).toEqual({ done: true, value: undefined })
    await Promise.all([before.finish(), after!.finish()])
  })

  it('ends when it is aborted, when its client closes, and when its reader returns while it waits', async () => {
    const run = await begin()
    const abort = new AbortController()
    const client = open()
    const variables = { run: run.id }
    const aborted = client.subscribe(Steps, variables, { signal: abort.signal })
    const closed = client.subscribe(Steps, variables)
    const returned = client.subscribe(Steps, variables)
    const waiting = [aborted.next(), closed.next(), returned.next()]
    await new Promise((resolve) => setTimeout(resolve, 100))
    abort.abort()
    expect(await waiting[0]).toMatchObject({ done: true })
    await returned.return!()
    expect(await waiting[2]).toMatchObject({ done: true })
    client.close()
    expect(await waiting[1]).toMatchObject({ done: true })
    await run.finish()
  })

  it('is refused with the code of the server', async () => {
    await expect(
      open()
        .subscribe(Changed, { experiments: ['a'] })
        .next(),
    ).rejects.toMatchObject({ name: 'ApiError', code: 'INVALID_PARAMETER_VALUE' })
    await expect(open().subscribe('subscription { nothing }').next()).rejects.toMatchObject({ name: 'ApiError' })
  })

  it('says when nobody ever answered', async () => {
    const gone = await startProxy(platform.origin)
    await gone.close()
    await expect(
      open(gone.origin)
        .subscribe(Changed, { experiments: ['0'] })
        .next(),
    ).rejects.toMatchObject({ code: 'UNREACHABLE' })
  })
})

describe('points', () => {
  it('come from the start or from now on, as numbers, of the metrics that are asked for', async () => {
    const run = await begin()
    run.log({ loss: 1, other: 1 })
    run.log({ loss: Number.NaN, other: 2 })
    await run.flush()
    const client = open()
    const [first] = await take(client.points({ runs: [run.id], keys: ['loss'] }), 1)
    expect(first!.points).toMatchObject([{ run: run.id, key: 'loss', steps: [0, 1], values: [1, Number.NaN] }])

    const now = client.points({ runs: [run.id], keys: ['loss'], from: 'now' })
    const later = now.next()
    await new Promise((resolve) => setTimeout(resolve, 200))
    run.log({ loss: 3 })
    expect((await later).value.points).toMatchObject([{ steps: [2], values: [3] }])
    await now.return!()

    run.log({ loss: 4, other: 4 })
    await run.flush()
    const [rest] = await take(client.points({ runs: [run.id], from: first!.cursors }), 1)
    expect(rest!.points.find(({ key }) => key === 'loss')).toMatchObject({ steps: [2, 3] })
    await run.finish()
  })

  it('of a run that is not there are refused', async () => {
    const runs = ['0'.repeat(32)]
    for (const from of ['start', 'now'] as const) {
      await expect(open().points({ runs, from }).next()).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
    }
  })

  it('come exactly once, though the connection is cut again and again', async () => {
    const run = await begin()
    const count = 3000
    const got = collect(open(proxy.origin).points({ runs: [run.id] }), run.id, count)
    for (let i = 0; i < count; i++) {
      run.log({ loss: i }, i)
      if (i % 30 === 0) await new Promise((resolve) => setTimeout(resolve, 12))
      if (i % 400 === 399) proxy.cutAll()
    }
    await run.finish()
    expect(await got).toEqual(steps(count))
  })

  it('go on from another server when theirs stops', async () => {
    const second = await platform.another()
    const between = await startProxy(second.origin)
    const run = await begin()
    const got = collect(open(between.origin).points({ runs: [run.id], from: 'start' }), run.id, 200)
    for (const i of steps(100)) run.log({ loss: i }, i)
    await run.flush()
    await new Promise((resolve) => setTimeout(resolve, 300))
    between.target = platform.origin
    await second.close()
    for (const i of steps(100)) run.log({ loss: i }, 100 + i)
    await run.finish()
    expect(await got).toEqual(steps(200))
    await between.close()
  })
})

/** The first of what is yielded. */
async function take<T>(from: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = []
  for await (const each of from) if (taken.push(each) === count) break
  return taken
}
