/** Logged models in GraphQL: what the wire can, it can. */
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let platform: Platform
let experiment: string
let run: string
beforeAll(async () => {
  platform = await startPlatform()
  experiment = (await platform.wire('POST', 'experiments/create', { name: 'graphs' })).experiment_id
  run = (await platform.wire('POST', 'runs/create', { experiment_id: experiment, run_name: 'maker' })).run.info.run_id
})
afterAll(() => platform?.stop())

const ask = (query: string, variables: object = {}) => platform.graphql(query, { experiment, run, ...variables })
const all = `id name type status experiment { name } sourceRunId sourceRun { name } params { key value } tags { key value } artifactUri createdAt updatedAt
  deletedAt can { edit delete } metrics { key value step time runId datasetName datasetDigest } artifacts { path size url isDirectory }`

const create = async (input: object = {}) =>
  (
    await ask(`mutation ($input: CreateLoggedModelInput!) { createLoggedModel(input: $input) { model { ${all} } } }`, {
      input: { experimentId: experiment, ...input },
    })
  ).createLoggedModel.model

describe('a logged model', () => {
  it('is begun, measured, finished, and shown with its run, its files and its newest metrics', async () => {
    const begun = await create({
      name: 'm',
      type: 'tree',
      sourceRunId: run,
      params: [{ key: 'C', value: '1' }],
      tags: [{ key: 'a', value: 'b' }],
    })
    expect(begun).toMatchObject({ name: 'm', type: 'tree', status: 'PENDING', sourceRunId: run, sourceRun: { name: 'maker' }, metrics: [] })
    const { id } = begun
    await ask(
      `mutation ($run: ID!, $id: ID!) {
        logBatch(input: { runId: $run, metrics: [
          { key: "acc", value: 0.5, step: 1, time: 1, modelId: $id, datasetName: "d", datasetDigest: "e" }
          { key: "acc", value: 0.75, step: 2, time: 2, modelId: $id, datasetName: "d", datasetDigest: "e" }
          { key: "acc", value: "NaN", step: 2, time: 2, modelId: $id }
        ] }) { run { id } }
        logOutputs(runId: $run, models: [{ modelId: $id, step: 2 }, { modelId: "elsewhere" }]) { run { id } }
        logInputs(input: { runId: $run, models: [$id] }) { run { id } }
        logLoggedModelParams(id: $id, params: [{ key: "D", value: "2" }]) { model { id } }
        setLoggedModelTags(id: $id, tags: [{ key: "c", value: "d" }]) { model { id } }
        deleteLoggedModelTag(id: $id, key: "a") { model { id } }
        finalizeLoggedModel(id: $id, status: READY) { model { status } }
      }`,
      { id },
    )
    const path = begun.artifactUri.slice('mlflow-artifacts:/'.length)
    await fetch(`${platform.origin}/api/2.0/mlflow-artifacts/artifacts/${path}/MLmodel`, { method: 'PUT', body: 'x' })
    const { loggedModel } = await ask(`query ($id: ID!) { loggedModel(id: $id) { ${all} } }`, { id })
    const on = { key: 'acc', step: 2, time: 2, runId: run }
    expect(loggedModel).toMatchObject({
      status: 'READY',
      params: [
        { key: 'C', value: '1' },
        { key: 'D', value: '2' },
      ],
      tags: [{ key: 'c', value: 'd' }],
      metrics: [
        { ...on, value: 'NaN', datasetName: null, datasetDigest: null },
        { ...on, value: 0.75, datasetName: 'd', datasetDigest: 'e' },
      ],
      deletedAt: null,
      can: { edit: true, delete: true },
    })
    const [file] = loggedModel.artifacts
    expect(file).toMatchObject({ path: 'MLmodel', size: 1, isDirectory: false })
    expect(await (await fetch(platform.origin + file.url)).text()).toBe('x')

    const found = await ask(`query ($run: ID!) { run(id: $run) {
      loggedModels { id } inputs { modelId step model { name } } outputs { modelId step model { name } } } }`)
    expect(found.run).toEqual({
      loggedModels: [{ id }],
      inputs: [{ modelId: id, step: null, model: { name: 'm' } }],
      outputs: [
        { modelId: id, step: 2, model: { name: 'm' } },
        { modelId: 'elsewhere', step: 0, model: null },
      ],
    })
  })

  it('is not made twice by an id of the client’s own, and is null once it is deleted', async () => {
    const id = `m-${'a'.repeat(32)}`
    expect([(await create({ id, name: 'first' })).name, (await create({ id, name: 'second' })).name]).toEqual(['first', 'first'])
    const gone = await ask('mutation ($id: ID!) { deleteLoggedModel(id: $id) { model { name deletedAt artifacts { path } } } }', { id })
    expect(gone.deleteLoggedModel.model).toEqual({ name: 'first', deletedAt: expect.any(Number), artifacts: [] })
    expect(await ask('query ($id: ID!) { loggedModel(id: $id) { id } }', { id })).toEqual({ loggedModel: null })
    await expect(create({ id })).rejects.toMatchObject({ code: 'RESOURCE_ALREADY_EXISTS' })
    await ask('mutation ($id: ID!) { restoreLoggedModel(id: $id) { id } }', { id })
    expect(await ask('query ($id: ID!) { loggedModel(id: $id) { name } }', { id })).toEqual({ loggedModel: { name: 'first' } })
  })

  it('is found by what it is and how well it did, a page at a time', async () => {
    for (const [name, value] of [
      ['worse', 1],
      ['better', 2],
    ] as const) {
      const { id } = await create({ name, tags: [{ key: 'found', value: 'yes' }] })
      await ask('mutation ($run: ID!, $m: MetricInput!) { logBatch(input: { runId: $run, metrics: [$m] }) { run { id } } }', {
        m: { key: 'score', value, step: 0, modelId: id, datasetName: 'd' },
      })
    }
    const search = async (more: object) =>
      (
        await ask(
          `query ($experiments: [ID!], $filter: String, $datasets: [ModelDataset!], $orderBy: [LoggedModelOrder!], $first: Int, $after: String) {
            searchLoggedModels(experiments: $experiments, filter: $filter, datasets: $datasets, orderBy: $orderBy, first: $first, after: $after) {
              nodes { name } pageInfo { endCursor hasNextPage } } }`,
          { experiments: [experiment], filter: "tags.found = 'yes'", ...more },
        )
      ).searchLoggedModels
    const names = async (more: object) => (await search(more)).nodes.map(({ name }: { name: string }) => name)
    expect(await names({})).toEqual(['better', 'worse'])
    expect(await names({ experiments: null, orderBy: [{ by: 'metrics.score', datasetName: 'd' }] })).toEqual(['worse', 'better'])
    expect(await names({ orderBy: [{ by: 'name', descending: true }] })).toEqual(['worse', 'better'])
    expect(await names({ filter: 'metrics.score > 1', datasets: [{ name: 'd' }] })).toEqual(['better'])
    const first = await search({ first: 1 })
    expect(first.pageInfo.hasNextPage).toBe(true)
    expect(await names({ first: 1, after: first.pageInfo.endCursor })).toEqual(['worse'])
    await expect(search({ filter: 'name >' })).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' })
  })
})
