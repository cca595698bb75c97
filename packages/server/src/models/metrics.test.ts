/** Metrics that name a model and a data set: kept with the model, while the run's own points are what they would be without. */
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let platform: Platform
let experiment: string
beforeAll(async () => {
  platform = await startPlatform()
  experiment = (await platform.wire('POST', 'experiments/create', { name: 'measured' })).experiment_id
})
afterAll(() => platform?.stop())

const newRun = async () => (await platform.wire('POST', 'runs/create', { experiment_id: experiment })).run.info.run_id as string
const newModel = async () => (await platform.wire('POST', 'logged-models', { experiment_id: experiment })).model.info.model_id as string
const metricsOf = async (model: string) => (await platform.wire('GET', `logged-models/${model}`)).model.data.metrics
const dataset = { dataset_name: 'train', dataset_digest: 'abc' }

describe('a metric that names a model', () => {
  it('is kept with the model and with the run, from a batch and by itself', async () => {
    const [run_id, model_id] = [await newRun(), await newModel()]
    await platform.wire('POST', 'runs/log-batch', {
      run_id,
      metrics: [
        { key: 'acc', value: 0.5, timestamp: 1, step: 1, model_id, ...dataset },
        { key: 'acc', value: 'NaN', timestamp: 2, step: 2, model_id },
        { key: 'loss', value: 3, timestamp: 2, step: 2 },
      ],
      tags: [{ key: 'a', value: 'b' }],
    })
    await platform.wire('POST', 'runs/log-metric', { run_id, key: 'f1', value: 0.7, timestamp: 3, step: 3, model_id, ...dataset })
    expect(await metricsOf(model_id)).toEqual([
      { key: 'acc', value: 0.5, timestamp: 1, step: 1, ...dataset, model_id, run_id },
      { key: 'acc', value: 'NaN', timestamp: 2, step: 2, model_id, run_id },
      { key: 'f1', value: 0.7, timestamp: 3, step: 3, ...dataset, model_id, run_id },
    ])
    const history = await platform.wire('GET', 'metrics/get-history', { run_id, metric_key: 'acc' })
    expect(history.metrics).toEqual([
      { key: 'acc', value: 0.5, timestamp: 1, step: 1 },
      { key: 'acc', value: 'NaN', timestamp: 2, step: 2 },
    ])
    const { data } = (await platform.wire('GET', 'runs/get', { run_id })).run
    expect(data.metrics.map(({ key }: { key: string }) => key)).toEqual(['acc', 'f1', 'loss'])
  })

  it('is one however often it comes, and another on another data set or by another run', async () => {
    const [run_id, other, model_id] = [await newRun(), await newRun(), await newModel()]
    const metric = { key: 'acc', value: 0.5, timestamp: 1, step: 0, model_id }
    const sends = [
      { run_id, metrics: [metric, metric] },
      { run_id, metrics: [metric] },
      { run_id, metrics: [{ ...metric, dataset_name: 'a' }] },
      { run_id: other, metrics: [metric] },
    ]
    for (const send of sends) await platform.wire('POST', 'runs/log-batch', send)
    expect(await metricsOf(model_id)).toHaveLength(3)
    expect((await platform.wire('GET', 'metrics/get-history', { run_id, metric_key: 'acc' })).metrics).toHaveLength(1)
  })

  it('is all kept when many write at once', async () => {
    const [model_id, ...runs] = [await newModel(), await newRun(), await newRun(), await newRun()]
    await Promise.all(
      runs.flatMap((run_id) =>
        Array.from({ length: 10 }, (_, i) =>
          platform.wire('POST', 'runs/log-batch', {
            run_id,
            metrics: ['b', 'a', 'c'].map((key) => ({ key, value: i, timestamp: i, step: i, model_id, ...dataset })),
          }),
        ),
      ),
    )
    expect(await metricsOf(model_id)).toHaveLength(90)
  })

  it('is refused with all beside it where the model is unknown or the run is deleted', async () => {
    const [run_id, model_id] = [await newRun(), await newModel()]
    const metric = { key: 'acc', value: 0.5, timestamp: 1, step: 0 }
    for (const [path, input] of [
      ['runs/log-batch', { run_id, metrics: [metric, { ...metric, model_id: 'm-none' }], params: [{ key: 'a', value: 'b' }] }],
      [
        'runs/log-batch',
        {
          run_id,
          metrics: [
            { ...metric, model_id },
            { ...metric, model_id: 'm-none' },
          ],
        },
      ],
      ['runs/log-metric', { run_id, ...metric, model_id: 'm-none' }],
    ] as const) {
      await expect(platform.wire('POST', path, input)).rejects.toMatchObject({
        status: 404,
        message: "Logged model with ID 'm-none' not found.",
      })
    }
    expect((await platform.wire('GET', 'runs/get', { run_id })).run.data).not.toHaveProperty('metrics')
    await platform.wire('POST', 'runs/delete', { run_id })
    await expect(platform.wire('POST', 'runs/log-metric', { run_id, ...metric, model_id })).rejects.toMatchObject({ status: 400 })
    expect(await metricsOf(model_id)).toBeUndefined()
  })

  it('has names that are text and not too long', async () => {
    const [run_id, model_id] = [await newRun(), await newModel()]
    const metric = { key: 'acc', value: 0.5, timestamp: 1, step: 0 }
    for (const [field, fields] of [
      ['model_id', { model_id: 5 }],
      ['dataset_name', { model_id, dataset_name: {} }],
      ['dataset_name', { model_id, dataset_name: 'x'.repeat(501) }],
      ['dataset_digest', { model_id, dataset_digest: '\0' }],
    ] as const) {
      await expect(platform.wire('POST', 'runs/log-batch', { run_id, metrics: [metric, { ...metric, ...fields }] })).rejects.toMatchObject({
        status: 400,
        message: expect.stringContaining(`for parameter 'metrics[1].${field}' supplied`),
      })
      await expect(platform.wire('POST', 'runs/log-metric', { run_id, ...metric, ...fields })).rejects.toMatchObject({
        message: expect.stringContaining(`for parameter '${field}' supplied`),
      })
    }
    // As long as they may be, of the widest letters.
    const widest = { key: '𝕏'.repeat(125), model_id, dataset_name: '😀'.repeat(250), dataset_digest: '😀'.repeat(18) }
    await platform.wire('POST', 'runs/log-batch', { run_id, metrics: [{ ...metric, ...widest }] })
    expect(await metricsOf(model_id)).toMatchObject([widest])
  })

  it('is of its run alone where it names no model', async () => {
    const [run_id, model_id] = [await newRun(), await newModel()]
    await platform.wire('POST', 'runs/log-batch', { run_id, metrics: [{ key: 'acc', value: 1, timestamp: 1, step: 1, model_id }] })
    const rows = async () => (await platform.db.query<{ n: number }>('SELECT count(*)::int AS n FROM logged_model_point'))[0]!.n
    const before = await rows()
    await platform.wire('POST', 'runs/log-batch', { run_id, metrics: [{ key: 'acc', value: 2, timestamp: 2, step: 2, ...dataset }] })
    await platform.wire('POST', 'runs/log-batch', { run_id, metrics: [{ key: 'acc', value: 3, timestamp: 3, step: 3, model_id: '' }] })
    expect(await rows()).toBe(before)
  })
})
