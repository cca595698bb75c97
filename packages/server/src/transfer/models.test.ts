import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, expect, it } from 'vitest'

let platform: Platform
let experiment: string
let run: string

beforeAll(async () => {
  platform = await startPlatform()
  experiment = (await platform.wire('POST', 'experiments/create', { name: 'models' })).experiment_id
  run = (await platform.wire('POST', 'runs/create', { experiment_id: experiment, start_time: 1 })).run.info.run_id
})
afterAll(() => platform?.stop())

const id = (digit: string) => `m-${digit.repeat(32)}`
const model = (digit: string, more: object = {}) => ({
  id: id(digit),
  name: 'net',
  status: 'READY',
  createdAt: 5,
  updatedAt: 7,
  params: [{ key: 'depth', value: '4' }],
  tags: [{ key: 'team', value: 'a' }],
  ...more,
})
const send = async (input: object, experimentId = experiment) =>
  (
    await platform.graphql('mutation ($input: ImportModelsInput!) { importModels(input: $input) { held lost } }', {
      input: { experimentId, ...input },
    })
  ).importModels
const get = async (digit: string) => (await platform.wire('GET', `logged-models/${id(digit)}`)).model

it('makes a model as it was, and sent again nothing doubles', async () => {
  const point = (step: number, value: number | string) => ({
    run,
    key: 'acc',
    value,
    time: 10 + step,
    step,
    datasetName: 'd',
    datasetDigest: 'x',
  })
  const input = {
    models: [model('a', { metrics: [point(0, 0.5), point(1, 'NaN')] })],
    links: [
      { run, model: id('a'), output: true, step: 3 },
      { run, model: id('b'), output: false },
    ],
  }
  expect(await send(input)).toEqual({ held: [], lost: 0 })
  const first = await get('a')
  expect(first.info).toMatchObject({ name: 'net', status: 'LOGGED_MODEL_READY', creation_timestamp_ms: 5, last_updated_timestamp_ms: 7 })
  expect(first.data.metrics.map(({ step, value }: any) => [step, value])).toEqual([
    [0, 0.5],
    [1, 'NaN'],
  ])
  expect(await send(input)).toEqual({ held: [], lost: 0 })
  expect(await get('a')).toEqual(first)
  const { run: found } = await platform.wire('GET', 'runs/get', { run_id: run })
  expect(found.outputs.model_outputs).toEqual([{ model_id: id('a'), step: 3 }])
  expect(found.inputs.model_inputs).toEqual([{ model_id: id('b') }])
})

it('adds what a model here lacks, and changes nothing that it has', async () => {
  await send({ models: [model('c', { status: 'PENDING' })] })
  await send({
    models: [
      model('c', {
        name: 'other',
        params: [
          { key: 'depth', value: '9' },
          { key: 'width', value: '2' },
        ],
        tags: [],
      }),
    ],
  })
  const found = await get('c')
  expect(found.info).toMatchObject({ name: 'net', status: 'LOGGED_MODEL_READY', tags: [{ key: 'team', value: 'a' }] })
  expect(Object.fromEntries(found.data.params.map(({ key, value }: any) => [key, value]))).toEqual({ depth: '4', width: '2' })
})

it('leaves a model of another experiment alone, and counts values whose run is not here', async () => {
  await send({ models: [model('d')] })
  const other = (await platform.wire('POST', 'experiments/create', { name: 'other' })).experiment_id
  const lost = { run: 'f'.repeat(32), key: 'acc', value: 1, time: 1, step: 0 }
  expect(await send({ models: [model('d', { metrics: [{ ...lost, run }] }), model('e', { metrics: [lost] })] }, other)).toEqual({
    held: [id('d')],
    lost: 2,
  })
  expect((await get('d')).info.experiment_id).toBe(experiment)
  // A link to a run of another experiment is not this one's to say.
  await send({ links: [{ run, model: id('e'), output: false }] }, other)
  expect((await platform.wire('GET', 'runs/get', { run_id: run })).run.inputs.model_inputs).toEqual([{ model_id: id('b') }])
})

it.each([
  [{ models: [model('a', { id: 'm-1' })] }, 'hexadecimal'],
  [{ models: Array(201).fill(model('a')) }, '200 models'],
  [
    { models: [model('a', { metrics: Array(20_001).fill({ run: 'f'.repeat(32), key: 'k', value: 1, time: 1, step: 0 }) })] },
    '20000 points',
  ],
  [{ links: [{ run: 'x', model: id('a'), output: true }] }, 'hexadecimal'],
])('refuses what no model is, and writes nothing of it', async (input, message) => {
  await expect(send(input)).rejects.toThrow(message)
})

it('refuses a deleted experiment', async () => {
  const gone = (await platform.wire('POST', 'experiments/create', { name: 'gone' })).experiment_id
  await platform.wire('POST', 'experiments/delete', { experiment_id: gone })
  await expect(send({ models: [model('9')] }, gone)).rejects.toThrow('active')
})
