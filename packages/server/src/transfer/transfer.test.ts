import { type Platform, startPlatform } from '@tidegate/test'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPoints } from '../runs/points/points.ts'
import { PointsDigest } from './digest.ts'

let platform: Platform
let experiment: string

beforeAll(async () => {
  platform = await startPlatform()
  experiment = (await importExperiment({ name: 'moved' })).experiment.id
})
afterAll(() => platform?.stop())

let ids = 0
const newId = () => (ids++).toString(16).padStart(32, 'e')

const importExperiment = async (input: object) =>
  (
    await platform.graphql(
      `mutation ($input: ImportExperimentInput!) { importExperiment(input: $input) { made experiment { id name createdAt artifactLocation tags { key value } } } }`,
      { input },
    )
  ).importExperiment
const importRuns = async (runs: object[], experimentId = experiment) =>
  (
    await platform.graphql(`mutation ($input: ImportRunsInput!) { importRuns(input: $input) { runs { id state } } }`, {
      input: { experimentId, runs },
    })
  ).importRuns.runs
const importPoints = async (series: object[], experimentId = experiment) =>
  (
    await platform.graphql(`mutation ($input: ImportPointsInput!) { importPoints(input: $input) { count } }`, {
      input: { experimentId, series },
    })
  ).importPoints.count
const finish = async (runs: object[]) =>
  (
    await platform.graphql(
      `mutation ($input: FinishImportInput!) { finishImport(input: $input) { runs { id done found { params tags inputs points digest } } } }`,
      { input: { experimentId: experiment, runs } },
    )
  ).finishImport.runs
const states = async (ids: string[]) =>
  (await platform.graphql(`query ($ids: [ID!]!) { importStates(ids: $ids) { id state } }`, { ids })).importStates.map(
    ({ state }: { state: string }) => state,
  )
const read = async (id: string) =>
  (
    await platform.graphql(
      `query ($id: ID!) { run(id: $id) { id name user status startedAt endedAt deletedAt parentId artifactUri params { key value } tags { key value } metrics { key value step time }
        datasets { dataset { name digest } tags { key value } } } }`,
      { id },
    )
  ).run

const plain = (id: string, more: object = {}) => ({ id, name: `n-${id.slice(-4)}`, status: 'FINISHED', ...more })
const line = { steps: [0, 1, 2], times: [10, 20, 30], values: [0.5, 'NaN', -0] }
const nothing = { params: 0, tags: 0, inputs: 0, points: 0, digest: new PointsDigest().toString() }
function digestOf(series: Array<{ key: string; steps: number[]; times: number[]; values: unknown[] }>): string {
  const digest = new PointsDigest()
  for (const { key, steps, times, values } of series) digest.add(key, { steps, times, values: values.map(Number) })
  return digest.toString()
}

describe('an import', () => {
  it('makes runs as they were, under their ids', async () => {
    const parent = newId()
    const id = newId()
    const dataset = { name: 'd', digest: 'x1', sourceType: 'local', source: '{}', schema: null, profile: null }
    const runs = [
      plain(parent),
      plain(id, {
        user: 'ada',
        status: 'KILLED',
        startedAt: 5,
        endedAt: 9,
        params: [{ key: 'lr', value: '0.1' }],
        tags: [
          { key: 'mlflow.parentRunId', value: parent },
          { key: 'odd key!', value: 'v' },
        ],
        inputs: [{ dataset, tags: [{ key: 'mlflow.data.context', value: 'train' }] }],
      }),
    ]
    expect(await importRuns(runs)).toEqual([
      { id: parent, state: 'STARTED' },
      { id, state: 'STARTED' },
    ])
    await importPoints([{ run: id, key: 'loss', ...line }])
    expect(await read(id)).toEqual({
      id,
      name: `n-${id.slice(-4)}`,
      user: 'ada',
      status: 'KILLED',
      startedAt: 5,
      endedAt: 9,
      deletedAt: null,
      parentId: parent,
      artifactUri: `mlflow-artifacts:/${experiment}/${id}/artifacts`,
      params: [{ key: 'lr', value: '0.1' }],
      tags: [
        { key: 'mlflow.parentRunId', value: parent },
        { key: 'odd key!', value: 'v' },
      ],
      metrics: [{ key: 'loss', value: 0, step: 2, time: 30 }],
      datasets: [{ dataset: { name: 'd', digest: 'x1' }, tags: [{ key: 'mlflow.data.context', value: 'train' }] }],
    })
    expect((await platform.wire('GET', 'runs/get', { run_id: id })).run.info).toMatchObject({ status: 'KILLED', end_time: 9 })
  })

  it('can be sent again at any point, and doubles nothing', async () => {
    const id = newId()
    const run = plain(id, { params: [{ key: 'a', value: '1' }], tags: [{ key: 't', value: '1' }] })
    await importRuns([{ ...run, status: 'RUNNING', tags: [{ key: 't', value: '0' }] }])
    await importPoints([{ run: id, key: 'loss', steps: [0], times: [10], values: [0.5] }])
    expect(await states([id])).toEqual(['STARTED'])
    await importRuns([run, run])
    await importPoints([{ run: id, key: 'loss', ...line }])
    await importPoints([
      { run: id, key: 'loss', ...line },
      { run: id, key: 'acc', ...line },
    ])
    const digest = digestOf([
      { key: 'acc', ...line },
      { key: 'loss', ...line },
    ])
    const wanted = { params: 1, tags: 1, inputs: 0, points: 6, digest }
    expect(await finish([{ id, ...wanted }])).toEqual([{ id, done: true, found: wanted }])
    expect(await read(id)).toMatchObject({ status: 'FINISHED', tags: [{ key: 't', value: '1' }] })
    expect(await states([id, newId()])).toEqual(['DONE', 'FREE'])
  })

  it('is not done while anything is missing or another', async () => {
    const id = newId()
    await importRuns([plain(id)])
    await importPoints([{ run: id, key: 'loss', ...line }])
    const digest = digestOf([{ key: 'loss', ...line }])
    const right = { ...nothing, points: 3, digest }
    for (const wrong of [
      { params: 1 },
      { tags: 1 },
      { inputs: 1 },
      { points: 4 },
      { digest: digestOf([{ key: 'loss', ...line, values: [0.5, 'NaN', 1e-9] }]) },
      { digest: digestOf([{ key: 'Loss', ...line }]) },
    ]) {
      expect(await finish([{ id, ...right, ...wrong }])).toEqual([{ id, done: false, found: right }])
    }
    expect(await finish([{ id, ...right }])).toMatchObject([{ done: true }])
  })

  it('counts points that were merged meanwhile the same', async () => {
    const id = newId()
    await importRuns([plain(id)])
    const series = ['a', 'b'].map((key) => ({
      key,
      steps: Array.from({ length: 20_000 }, (_, i) => i),
      times: Array.from({ length: 20_000 }, (_, i) => 1000 + i),
      values: Array.from({ length: 20_000 }, (_, i) => Math.sin(i)),
    }))
    for (const each of series) await importPoints([{ run: id, ...each }])
    const [{ run }] = (await platform.db.query<{ run: number }>('SELECT id AS run FROM run WHERE uuid = $1', [id])) as [{ run: number }]
    await openPoints(platform.db, pino({ level: 'silent' })).merge(run)
    expect(await platform.db.query('SELECT FROM point_chunk WHERE run_id = $1', [run])).not.toEqual([])
    expect(await finish([{ id, ...nothing, points: 40_000, digest: digestOf(series) }])).toMatchObject([{ done: true }])
  })

  it('leaves alone what was logged here and what is done', async () => {
    const { run } = await platform.wire('POST', 'runs/create', { experiment_id: experiment, run_name: 'mine' })
    const here = run.info.run_id
    const done = newId()
    await importRuns([plain(done)])
    await finish([{ id: done, ...nothing }])
    expect(await importRuns([plain(here), plain(done, { name: 'other' })])).toEqual([
      { id: here, state: 'HELD' },
      { id: done, state: 'DONE' },
    ])
    expect(await read(here)).toMatchObject({ name: 'mine' })
    expect(await read(done)).toMatchObject({ name: `n-${done.slice(-4)}` })
    for (const id of [here, done]) {
      await expect(importPoints([{ run: id, key: 'loss', ...line }])).rejects.toMatchObject({
        code: 'INVALID_PARAMETER_VALUE',
        message: expect.stringContaining(id),
      })
      await expect(finish([{ id, ...nothing }])).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' })
    }
    // In another experiment an id is another run's as well.
    const { experiment: other } = await importExperiment({ name: 'elsewhere' })
    const begun = newId()
    await importRuns([plain(begun)])
    expect(await importRuns([plain(begun)], other.id)).toEqual([{ id: begun, state: 'HELD' }])
  })

  it('deletes what was deleted, when it is whole', async () => {
    const id = newId()
    await importRuns([plain(id)])
    await importPoints([{ run: id, key: 'loss', ...line }])
    await finish([{ id, ...nothing, points: 3, digest: digestOf([{ key: 'loss', ...line }]), deletedAt: 77 }])
    expect(await read(id)).toMatchObject({ deletedAt: 77 })
    await expect(platform.wire('POST', 'runs/log-metric', { run_id: id, key: 'x', value: 1, timestamp: 1 })).rejects.toMatchObject({
      code: 'INVALID_PARAMETER_VALUE',
    })
    const { experiment: gone } = await importExperiment({ name: 'gone' })
    await platform.graphql(`mutation ($id: ID!) { finishExperiment(id: $id, deletedAt: 88) { deletedAt } }`, { id: gone.id })
    await expect(importRuns([plain(newId())], gone.id)).rejects.toMatchObject({ message: expect.stringContaining('deleted') })
  })

  it('keeps the number of an experiment where it is free, and new ones come after it', async () => {
    const tags = [{ key: 'team', value: 'vision' }]
    const made = await importExperiment({ name: 'numbered', id: 4711, createdAt: 5, tags })
    expect(made).toMatchObject({ made: true, experiment: { id: '4711', createdAt: 5, artifactLocation: 'mlflow-artifacts:/4711', tags } })
    expect(await importExperiment({ name: 'numbered', id: 12 })).toMatchObject({ made: false, experiment: { id: '4711', tags } })
    const taken = await importExperiment({ name: 'second', id: 4711 })
    expect(Number(taken.experiment.id)).toBeGreaterThan(4711)
    const large = await importExperiment({ name: 'of a file store', id: 123_456_789_012_345 })
    expect(Number(large.experiment.id)).toBe(Number(taken.experiment.id) + 1)
    await importExperiment({ name: 'low', id: 4000 })
    const { experiment_id } = await platform.wire('POST', 'experiments/create', { name: 'next' })
    expect(Number(experiment_id)).toBe(Number(large.experiment.id) + 1)
  })

  it('refuses what is no history', async () => {
    const id = newId()
    const refused = (work: Promise<unknown>, message: string) =>
      expect(work).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE', message: expect.stringContaining(message) })
    await refused(importRuns([plain('abc')]), '32 hexadecimal digits')
    await refused(importRuns([plain(id, { params: [{ key: '', value: '1' }] })]), 'runs[0].params[0].key')
    await importRuns([plain(id)])
    await refused(importPoints([{ run: id, key: 'loss', steps: [1], times: [1, 2], values: [1] }]), 'equally long')
    await refused(importPoints([{ run: id, key: '/loss', steps: [1], times: [1], values: [1] }]), 'Names may be treated as files')
    await refused(importPoints([{ run: id, key: 'loss', steps: [1], times: [-1], values: [1] }]), 'ms since 1970')
    expect((await read(id)).metrics).toEqual([])
  })
})

describe('an export', () => {
  it('says of a run that was purged that there is none, as all that reads points does', async () => {
    const get = (path: string) => async () => (await fetch(`${platform.origin}/ajax-api/2.0/mlflow/metrics/${path}`)).status
    const readers = (run: string) => [
      () =>
        platform.graphql('query ($run: ID!) { pointsAfter(runs: [{ run: $run }]) { cursors { run } } }', { run }).then(
          () => 200,
          (error: Error) => error.message.includes(`Run with id=${run} not found`) && 404,
        ),
      get(`get-history-bulk?run_id=${run}&metric_key=none`),
      get(`get-history-bulk-interval?run_ids=${run}&metric_key=none`),
    ]
    for (let i = 0; i < readers('').length; i++) {
      const { run_id } = (await platform.wire('POST', 'runs/create', { experiment_id: '0' })).run.info
      const read = readers(run_id)[i]!
      expect(await read()).toBe(200)
      // By the database itself: nothing tells the server that what it knows is true no more.
      await platform.db.query('DELETE FROM run WHERE uuid = $1', [run_id])
      expect(await read()).toBe(404)
    }
  })

  it('reads every point once, a bounded amount at a time', async () => {
    const runs = [newId(), newId()]
    await importRuns(runs.map((id) => plain(id)))
    const steps = Array.from({ length: 30_000 }, (_, i) => i)
    for (const run of runs)
      for (const part of [0, 1, 2]) {
        await importPoints([{ run, key: 'loss', steps: steps.map((i) => i * 3 + part), times: steps, values: steps }])
      }
    const digests = new Map(runs.map((run) => [run, new PointsDigest()]))
    let cursors: Array<{ run: string; after: string | null }> = runs.map((run) => ({ run, after: null }))
    let turns = 0
    for (let more = true; more; turns++) {
      const { pointsAfter } = await platform.graphql(
        `query ($runs: [RunCursor!]!) { pointsAfter(runs: $runs) { more cursors { run cursor } points { run key steps times values } } }`,
        { runs: cursors },
      )
      for (const { run, key, ...columns } of pointsAfter.points) digests.get(run)!.add(key, columns)
      cursors = pointsAfter.cursors.map(({ run, cursor }: { run: string; cursor: string }) => ({ run, after: cursor }))
      more = pointsAfter.more
    }
    expect(turns).toBeGreaterThan(1)
    const wanted = digestOf([0, 1, 2].map((part) => ({ key: 'loss', steps: steps.map((i) => i * 3 + part), times: steps, values: steps })))
    for (const digest of digests.values()) expect([digest.count, String(digest)]).toEqual([90_000, wanted])
  })
})
