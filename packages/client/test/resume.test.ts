/** Runs that go on, are nested, and log more than numbers: data sets, models, what the machine does. */
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunOptions, resumeRun, startRun } from '../src/index.ts'
import { startProxy, type TroubledProxy } from './proxy.ts'

let platform: Platform
let proxy: TroubledProxy

beforeAll(async () => {
  platform = await startPlatform()
  proxy = await startProxy(platform.origin)
})
afterAll(async () => {
  await proxy.close()
  await platform.stop()
})

const start = (experiment: string, options: RunOptions = {}) => startRun(experiment, { url: platform.origin, ...options })
const read = async (id: string) => (await platform.wire('GET', 'runs/get', { run_id: id })).run
const stepsOf = async (id: string, key: string) =>
  ((await platform.wire('GET', 'metrics/get-history', { run_id: id, metric_key: key })).metrics ?? []).map(({ step }: any) => step)
const asObject = (list: Array<{ key: string; value: string }> = []) => Object.fromEntries(list.map(({ key, value }) => [key, value]))

describe('a run that goes on', () => {
  it('is running again, counts its steps on, and knows its params', async () => {
    const first = await start('resumed', { params: { lr: 0.1 }, name: 'one' })
    first.log({ a: 1, b: 1 }, 7)
    first.log({ a: 2 })
    await first.finish('FAILED')
    const again = await resumeRun(first.id, { url: platform.origin })
    expect(again).toMatchObject({ id: first.id, name: 'one', experimentId: first.experimentId })
    expect((await read(first.id)).info.status).toBe('RUNNING')
    again.log({ a: 3, b: 2, c: 1 })
    again.logParams({ lr: '0.1', depth: 3 })
    expect(() => again.logParams({ lr: 0.2 })).toThrow("param 'lr' is '0.1' and can't become '0.2'")
    await again.finish()
    expect(await stepsOf(first.id, 'a')).toEqual([7, 8, 9])
    expect(await stepsOf(first.id, 'b')).toEqual([7, 8])
    expect(await stepsOf(first.id, 'c')).toEqual([0])
    expect((await read(first.id)).info.status).toBe('FINISHED')
  })

  it('is refused where there is none, or it is deleted, with the way out', async () => {
    await expect(resumeRun('0'.repeat(32), { url: platform.origin })).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
    const run = await start('resumed')
    await run.finish()
    await platform.wire('POST', 'runs/delete', { run_id: run.id })
    await expect(resumeRun(run.id, { url: platform.origin })).rejects.toMatchObject({
      code: 'INVALID_STATE',
      message: expect.stringMatching(/is deleted\. Restore it, or start another\./),
    })
  })

  it('by a key is one run of its experiment, whoever says it first, though answers are lost', async () => {
    const seen = new Set<string>()
    proxy.trouble = (path, body) => {
      const again = seen.has(path + body)
      seen.add(path + body)
      return again ? undefined : 'drop'
    }
    const runs = await Promise.all(
      Array.from({ length: 6 }, () => start('keyed', { url: proxy.origin, autoresume: 'job', tags: { team: 'tide' } })),
    )
    proxy.trouble = () => undefined
    expect(new Set(runs.map(({ id }) => id)).size).toBe(1)
    for (const [i, run] of runs.entries()) run.log({ a: i }, i)
    await Promise.all(runs.map((run) => run.finish()))
    const elsewhere = await start('keyed, elsewhere', { autoresume: 'job' })
    expect(elsewhere.id).not.toBe(runs[0]!.id)
    await elsewhere.finish()
    const again = await start('keyed', { autoresume: 'job', tags: { team: 'other' } })
    again.log({ a: 6 })
    await again.finish()
    expect(again.id).toBe(runs[0]!.id)
    expect(await stepsOf(again.id, 'a')).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(asObject((await read(again.id)).data.tags)).toMatchObject({ team: 'other' })
  })

  it('with other params is refused, and says that it failed', async () => {
    const first = await start('conflict', { autoresume: 'job', params: { lr: 0.1 } })
    await first.finish()
    await expect(start('conflict', { autoresume: 'job', params: { lr: 0.2 } })).rejects.toThrow(
      "param 'lr' is '0.1' and can't become '0.2'",
    )
    expect((await read(first.id)).info.status).toBe('FAILED')
    await expect(start('conflict', { autoresume: '' })).rejects.toThrow("autoresume is '': give a key of your own")
  })
})

describe('what a run logs besides', () => {
  it('are data sets, known once, with what they were used for', async () => {
    const run = await start('inputs')
    await run.logInputs(
      { name: 'mnist', digest: 'd1', source: 'https://example.org/mnist.csv', context: 'training', schema: { columns: 2 } },
      { name: 'folder', digest: 'd2', source: './data', profile: '{"rows":3}', tags: { split: 'test' } },
    )
    await run.logInputs({ name: 'mnist', digest: 'd1', source: 'https://example.org/mnist.csv', context: 'evaluation' })
    await expect(run.logInputs({ name: '', digest: 'x', source: 'x' })).rejects.toThrow(
      "A data set's name is \"\": give text, such as 'mnist'.",
    )
    await expect(run.logInputs({ name: 'x', digest: 'x', source: undefined })).rejects.toThrow("The source of data set 'x' is undefined")
    await run.finish()
    const { dataset_inputs } = (await read(run.id)).inputs
    dataset_inputs.sort((a: any, b: any) => (a.dataset.digest < b.dataset.digest ? -1 : 1))
    expect(dataset_inputs).toMatchObject([
      {
        dataset: {
          name: 'mnist',
          digest: 'd1',
          source_type: 'http',
          source: '{"url":"https://example.org/mnist.csv"}',
          schema: '{"columns":2}',
        },
      },
      {
        dataset: { name: 'folder', source_type: 'local', source: '{"uri":"./data"}', profile: '{"rows":3}' },
        tags: [{ key: 'split', value: 'test' }],
      },
    ])
  })

  it('are models, made once though answers are lost, with files, params and tags, linked to their run', async () => {
    const run = await start('models')
    const sent = await startRun({ parent: run, url: proxy.origin })
    const seen = new Set<string>()
    proxy.trouble = (path, body) => {
      const again = seen.has(path + body)
      seen.add(path + body)
      return again ? undefined : 'drop'
    }
    const id = await sent.logModel('net', {
      type: 'onnx',
      step: 3,
      params: { layers: 2 },
      tags: { stage: 'draft' },
      files: { MLmodel: 'flavors: {}', 'data/w.bin': 'w' },
    })
    proxy.trouble = () => undefined
    await sent.finish()
    await run.finish()
    const { models } = await platform.wire('POST', 'logged-models/search', { experiment_ids: [run.experimentId] })
    expect(models).toHaveLength(1)
    expect(models[0].info).toMatchObject({
      model_id: id,
      name: 'net',
      model_type: 'onnx',
      source_run_id: sent.id,
      status: 'LOGGED_MODEL_READY',
    })
    expect(asObject(models[0].data.params)).toEqual({ layers: '2' })
    const path = `${models[0].info.artifact_uri.replace('mlflow-artifacts:/', '')}/data/w.bin`
    expect(await (await fetch(`${platform.origin}/api/2.0/mlflow-artifacts/artifacts/${path}`)).text()).toBe('w')
    await expect((await resumeRun(sent.id, { url: platform.origin })).logModel('a/b')).rejects.toMatchObject({
      code: 'INVALID_PARAMETER_VALUE',
    })
    const other = await start('models, other')
    await other.finish()
    await expect(
      platform.wire('POST', 'logged-models', { experiment_id: other.experimentId, model_id: id, name: 'net' }),
    ).rejects.toMatchObject({
      code: 'RESOURCE_ALREADY_EXISTS',
    })
  })

  it('are runs nested in it, logged as it is', async () => {
    const parent = await start('nested', { flushEvery: 5 })
    const child = await startRun({ parent, name: 'child' })
    const grandchild = await startRun({ parent: child })
    for (const run of [grandchild, child, parent]) await run.finish()
    const { run } = await platform.graphql('query ($id: ID!) { run(id: $id) { children { nodes { id children { nodes { id } } } } } }', {
      id: parent.id,
    })
    expect(run.children.nodes).toEqual([{ id: child.id, children: { nodes: [{ id: grandchild.id }] } }])
  })

  it('is what the machine does, under the names of MLflow, only where it is asked for', async () => {
    const silent = await start('machine')
    const run = await start('machine', { systemMetrics: 100 })
    await expect.poll(() => stepsOf(run.id, 'system/cpu_utilization_percentage'), { timeout: 15_000 }).toContain(2)
    await run.finish()
    const after = await stepsOf(run.id, 'system/cpu_utilization_percentage')
    await silent.finish()
    const measured = new Map<string, number>((await read(run.id)).data.metrics.map(({ key, value }: any) => [key, value]))
    // As MLflow's Python client names them.
    expect([...measured.keys()].sort()).toEqual([
      'system/cpu_utilization_percentage',
      'system/disk_available_megabytes',
      'system/disk_usage_megabytes',
      'system/disk_usage_percentage',
      ...(process.platform === 'linux' ? ['system/network_receive_megabytes', 'system/network_transmit_megabytes'] : []),
      'system/system_memory_usage_megabytes',
      'system/system_memory_usage_percentage',
    ])
    for (const [key, value] of measured) {
      expect(value, key).toBeGreaterThanOrEqual(0)
      if (key.endsWith('percentage')) expect(value, key).toBeLessThanOrEqual(100)
    }
    expect(measured.get('system/system_memory_usage_megabytes')).toBeGreaterThan(10)
    expect((await read(silent.id)).data.metrics).toBe(undefined)
    expect(await stepsOf(run.id, 'system/cpu_utilization_percentage')).toEqual(after)
    await expect(start('machine', { systemMetrics: 5 })).rejects.toThrow(
      'systemMetrics is 5: give true, or the ms between two measurements',
    )
  })
})
