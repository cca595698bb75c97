/** Logged models over MLflow's wire: what `log_model` asks, in its order. */
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let platform: Platform
let experiment: string
let run: string
beforeAll(async () => {
  platform = await startPlatform()
  experiment = (await platform.wire('POST', 'experiments/create', { name: 'models' })).experiment_id
  run = (await platform.wire('POST', 'runs/create', { experiment_id: experiment })).run.info.run_id
})
afterAll(() => platform?.stop())

/** A call with the model's id in the path. */
async function ask(method: string, path: string, input?: unknown) {
  const body = input === undefined ? null : JSON.stringify(input)
  const response = await fetch(`${platform.origin}/api/2.0/mlflow/logged-models/${path}`, {
    method,
    body,
    headers: { 'content-type': 'application/json' },
  })
  return { status: response.status, body: (await response.json()) as any }
}

const create = async (input: object = {}) =>
  (await platform.wire('POST', 'logged-models', { experiment_id: experiment, name: 'model', source_run_id: run, ...input })).model

describe('a logged model', () => {
  it('begins pending, takes files, params and a link to its run, and ends ready', async () => {
    const { info, data } = await create({ params: [{ key: 'C', value: '1' }], tags: [{ key: 'team', value: 'tides' }] })
    expect(info).toEqual({
      model_id: expect.stringMatching(/^m-[0-9a-f]{32}$/),
      experiment_id: experiment,
      name: 'model',
      creation_timestamp_ms: expect.any(Number),
      last_updated_timestamp_ms: info.creation_timestamp_ms,
      artifact_uri: `mlflow-artifacts:/${experiment}/models/${info.model_id}/artifacts`,
      status: 'LOGGED_MODEL_PENDING',
      model_type: '',
      source_run_id: run,
      tags: [{ key: 'team', value: 'tides' }],
    })
    expect(data).toEqual({ params: [{ key: 'C', value: '1' }] })

    expect(
      await platform.wire('POST', 'runs/outputs', { run_id: run, models: [{ model_id: info.model_id, step: 3 }, { model_id: 'm-none' }] }),
    ).toEqual({})
    const file = `${platform.origin}/api/2.0/mlflow-artifacts/artifacts/${info.artifact_uri.slice('mlflow-artifacts:/'.length)}/MLmodel`
    expect((await fetch(file, { method: 'PUT', body: 'flavors: {}' })).status).toBe(200)
    const more = [
      { key: 'C', value: '2' },
      { key: 'D', value: '3' },
    ]
    expect(await ask('POST', `${info.model_id}/params`, { model_id: info.model_id, params: more })).toEqual({ status: 200, body: {} })
    const ready = await ask('PATCH', info.model_id, { model_id: info.model_id, status: 'LOGGED_MODEL_READY' })
    expect(ready.body.model.info.status).toBe('LOGGED_MODEL_READY')
    const found = (await ask('GET', info.model_id)).body.model
    expect(found).toEqual(ready.body.model)
    expect(found.data.params).toEqual([
      { key: 'C', value: '1' },
      { key: 'D', value: '3' },
    ])
  })

  it('is found by its experiment and name, the newest first, by pages', async () => {
    const ids = [await create({ name: 'same' }), await create({ name: 'same' })].map(({ info }) => info.model_id)
    const search = (input: object) => platform.wire('POST', 'logged-models/search', { experiment_ids: [experiment], ...input })
    const first = await search({ filter: "name = 'same'", max_results: 1 })
    const second = await search({ filter: "name = 'same'", max_results: 1, page_token: first.next_page_token })
    expect([...first.models, ...second.models].map(({ info }) => info.model_id)).toEqual(ids.reverse())
    expect(second).not.toHaveProperty('next_page_token')
    expect(await search({ filter: "name = 'none'" })).toEqual({})
    await expect(search({ filter: "name LIKE 's%'" })).rejects.toMatchObject({ code: 'NOT_IMPLEMENTED' })
  })

  it('has a name made up where none was given, and none that would be a path', async () => {
    expect((await create({ name: undefined })).info.name).toMatch(/^\w+-\w+-\d+$/)
    await expect(create({ name: 'a/b' })).rejects.toMatchObject({
      code: 'INVALID_PARAMETER_VALUE',
      message: expect.stringContaining("Invalid model name ('a/b')"),
    })
  })

  it('is refused in MLflow’s words', async () => {
    await expect(create({ experiment_id: '4242' })).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
    await expect(create({ experiment_id: undefined })).rejects.toMatchObject({
      message: expect.stringContaining("Missing value for required parameter 'experiment_id'"),
    })
    await expect(platform.wire('POST', 'runs/outputs', { run_id: run })).rejects.toMatchObject({
      message: expect.stringContaining("required parameter 'models'"),
    })
    expect(await ask('GET', 'm-none')).toMatchObject({ status: 404, body: { message: "Logged model with ID 'm-none' not found." } })
    const { info } = await create()
    expect(await ask('PATCH', info.model_id, { status: 'DONE' })).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining("parameter 'status'") },
    })
    for (const path of [`${info.model_id}/artifacts/directories`, `${info.model_id}/`]) {
      expect(await ask('GET', path)).toMatchObject({ status: 404, body: { error_code: 'ENDPOINT_NOT_FOUND' } })
    }
  })
})
