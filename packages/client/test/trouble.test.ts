/** A server that can't be reached well: nothing is lost, nothing is there twice. */
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { type ApiError, startRun } from '../src/index.ts'
import { startProxy, type Trouble, type TroubledProxy } from './proxy.ts'

let platform: Platform
let proxy: TroubledProxy

beforeAll(async () => {
  platform = await startPlatform()
  proxy = await startProxy(platform.origin)
})
afterEach(() => {
  proxy.trouble = () => undefined
})
afterAll(async () => {
  await proxy.close()
  await platform.stop()
})

const history = async (id: string, key: string): Promise<Array<{ value: number; step: number }>> =>
  (await platform.wire('GET', 'metrics/get-history', { run_id: id, metric_key: key })).metrics ?? []
const steps = (count: number) => Array.from({ length: count }, (_, i) => i)

/** The same troubles in the same order each time. */
function cycle(...troubles: Trouble[]): () => Trouble {
  let i = 0
  return () => troubles[i++ % troubles.length]
}

it('answers that are lost after the server has done it make no second run, experiment or point', async () => {
  const seen = new Set<string>()
  // The first answer to each request is lost.
  proxy.trouble = (path, body) => {
    const again = seen.has(path + body)
    seen.add(path + body)
    return again ? undefined : 'drop'
  }
  const run = await startRun('lost answers', { url: proxy.origin, name: 'only', params: { lr: 0.1 }, tags: { a: 1 } })
  for (const step of steps(2500)) run.log({ loss: step / 3 })
  await run.logArtifact('a.txt', 'once')
  await run.finish()

  expect((await history(run.id, 'loss')).map(({ step }) => step)).toEqual(steps(2500))
  const { runs } = await platform.wire('POST', 'runs/search', { experiment_ids: [run.experimentId] })
  expect(runs).toHaveLength(1)
  expect(runs[0].info.status).toBe('FINISHED')
  expect(runs[0].data.params).toEqual([{ key: 'lr', value: '0.1' }])
})

it('whatever happens to a request, all points arrive once and in order', async () => {
  proxy.trouble = cycle('drop', undefined, 'busy', 'refuse', undefined, 'cut', undefined, 'drop', 'drop', undefined)
  const runs = await Promise.all(steps(3).map((i) => startRun('flaky', { url: proxy.origin, name: `run ${i}`, flushEvery: 10 })))
  proxy.requests.length = 0
  for (const round of steps(12)) {
    for (const run of runs) for (const i of steps(300)) run.log({ loss: round * 300 + i, other: -i }, round * 300 + i)
    await new Promise((resolve) => setTimeout(resolve, 15))
  }
  await Promise.all(runs.map((run) => run.finish()))
  for (const run of runs) {
    for (const key of ['loss', 'other']) expect((await history(run.id, key)).map(({ step }) => step)).toEqual(steps(3600))
    expect((await history(run.id, 'loss')).map(({ value }) => value)).toEqual(steps(3600))
    const { info } = (await platform.wire('GET', 'runs/get', { run_id: run.id })).run
    expect(info.status).toBe('FINISHED')
  }
  const { runs: found } = await platform.wire('POST', 'runs/search', { experiment_ids: [runs[0]!.experimentId] })
  expect(found).toHaveLength(3)
})

it('a server that is away for a while misses nothing; a flush meanwhile rejects and keeps what waits', async () => {
  const run = await startRun('away', { url: proxy.origin, giveUpAfter: 300 })
  await proxy.close()
  for (const step of steps(1200)) run.log({ loss: step })
  const error: ApiError = await run.flush().catch((reason) => reason)
  expect(error).toMatchObject({ code: 'UNREACHABLE', status: 0 })
  expect(error.message).toContain('1200 entries wait, and are sent when it is back.')
  await expect(run.finish()).rejects.toMatchObject({ code: 'UNREACHABLE' })
  await expect(run.logArtifact.bind(run, 'a', 'b')).toThrow(/is finished/)
  await proxy.reopen()
  await run.finish()
  expect((await history(run.id, 'loss')).map(({ step }) => step)).toEqual(steps(1200))
})

it('a server that is away for long fills the buffer to its bound, and says so', async () => {
  const run = await startRun('full', { url: proxy.origin, maxWaiting: 1000 })
  proxy.trouble = () => 'refuse'
  for (const _ of steps(500)) run.log({ a: 1, b: 2 })
  await expect.poll(() => proxy.requests.at(-1)).toContain('log-batch')
  await new Promise((resolve) => setTimeout(resolve, 50))
  let error: unknown
  try {
    run.log({ a: 1 })
  } catch (reason) {
    error = reason
  }
  expect(error).toMatchObject({ name: 'ApiError', code: 'BUFFER_FULL' })
  expect((error as Error).message).toMatch(/^1000 entries wait to be sent, and maxWaiting is 1000\. .*does not answer: .* answered 503/)
  proxy.trouble = () => undefined
  await run.flush()
  run.log({ a: 1 })
  await run.finish()
  expect((await history(run.id, 'a')).map(({ step }) => step)).toEqual(steps(501))
})

it('an address where nothing listens is said when the run starts, and a refusal is never sent again', async () => {
  const gone = await startProxy(platform.origin)
  await gone.close()
  await expect(startRun('x', { url: gone.origin, giveUpAfter: 200 })).rejects.toMatchObject({
    code: 'UNREACHABLE',
    message: expect.stringMatching(
      /could not be reached for 200 ms\. The last try: No answer from http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED/,
    ),
  })
  const run = await startRun('refused', { url: proxy.origin })
  await platform.wire('POST', 'runs/delete', { run_id: run.id })
  proxy.requests.length = 0
  run.log({ a: 1 })
  await expect(run.flush()).rejects.toMatchObject({
    code: 'INVALID_PARAMETER_VALUE',
    status: 400,
    message: expect.stringContaining('active'),
  })
  expect(proxy.requests).toEqual(['POST /api/2.0/mlflow/runs/log-batch'])
  await platform.wire('POST', 'runs/restore', { run_id: run.id })
  await run.finish()
})
