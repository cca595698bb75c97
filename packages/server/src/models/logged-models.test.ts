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
      { key: 'C', value: '1' },
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
    expect(await ask('GET', `${info.model_id}/`)).toMatchObject({ status: 404, body: { error_code: 'ENDPOINT_NOT_FOUND' } })
    expect(await ask('PUT', info.model_id)).toMatchObject({ status: 405 })
    expect(await ask('GET', '%zz')).toMatchObject({ status: 400, body: { message: expect.stringContaining("'%zz'") } })
  })

  it('keeps the params it has: a changed one is refused, and nothing beside it is kept', async () => {
    const { info } = await create({ params: [{ key: 'C', value: '1' }] })
    const params = [
      { key: 'D', value: '3' },
      { key: 'C', value: '2' },
    ]
    expect(await ask('POST', `${info.model_id}/params`, { params })).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining("{'key': 'C', 'old_value': '1', 'new_value': '2'}") },
    })
    expect((await ask('GET', info.model_id)).body.model.data.params).toEqual([{ key: 'C', value: '1' }])
  })

  it('has tags that are set, changed and removed, also those of odd names', async () => {
    const { info } = await create({ tags: [{ key: 'a', value: '1' }] })
    const tags = [
      { key: 'a', value: '2' },
      { key: 'b/c d', value: 'x' },
      { key: '__proto__', value: 'y' },
    ]
    expect(await ask('PATCH', `${info.model_id}/tags`, { tags })).toEqual({ status: 200, body: {} })
    const tagsNow = async () => (await ask('GET', info.model_id)).body.model.info.tags
    expect(await tagsNow()).toEqual(expect.arrayContaining(tags))
    expect(await ask('DELETE', `${info.model_id}/tags/b/c%20d`)).toEqual({ status: 200, body: {} })
    expect(await ask('DELETE', `${info.model_id}/tags/__proto__`, {})).toEqual({ status: 200, body: {} })
    expect(await tagsNow()).toEqual([{ key: 'a', value: '2' }])
    expect(await ask('DELETE', `${info.model_id}/tags/none`)).toMatchObject({
      status: 404,
      body: { message: `No tag with key 'none' found for model with ID '${info.model_id}'.` },
    })
  })

  it('is found no more once it is deleted, takes no changes, and keeps all it has', async () => {
    const { info } = await create()
    const path = info.artifact_uri.slice('mlflow-artifacts:/'.length)
    const file = `${platform.origin}/api/2.0/mlflow-artifacts/artifacts/${path}/MLmodel`
    expect((await fetch(file, { method: 'PUT', body: 'a' })).status).toBe(200)
    expect(await ask('DELETE', info.model_id, { model_id: info.model_id })).toEqual({ status: 200, body: {} })
    const gone = { status: 404, body: { message: `Logged model with ID '${info.model_id}' not found.` } }
    expect(await ask('GET', info.model_id)).toMatchObject(gone)
    expect(await ask('DELETE', info.model_id)).toMatchObject(gone)
    expect(await ask('PATCH', info.model_id, { status: 2 })).toMatchObject(gone)
    expect(await ask('PATCH', `${info.model_id}/tags`, { tags: [{ key: 'a', value: 'b' }] })).toMatchObject(gone)
    expect(await ask('POST', `${info.model_id}/params`, { params: [{ key: 'a', value: 'b' }] })).toMatchObject(gone)
    expect(await ask('GET', `${info.model_id}/artifacts/directories`)).toMatchObject(gone)
    expect(await ask('GET', `${info.model_id}?allow_deleted=true`)).toMatchObject({
      status: 200,
      body: { model: { info: { name: 'model' } } },
    })
    const put = await fetch(file, { method: 'PUT', body: 'b' })
    expect({ status: put.status, body: await put.json() }).toMatchObject({
      status: 400,
      body: { message: `The model ${info.model_id} must be in the 'active' state. Current state is deleted.` },
    })
    expect(await (await fetch(file)).text()).toBe('a')
  })

  it('shows its files a level at a time and gives them out', async () => {
    const { info } = await create()
    const path = info.artifact_uri.slice('mlflow-artifacts:/'.length)
    for (const [name, body] of [
      ['MLmodel', 'flavors: {}'],
      ['data/model.pkl', 'bytes'],
    ] as const)
      await fetch(`${platform.origin}/api/2.0/mlflow-artifacts/artifacts/${path}/${name}`, { method: 'PUT', body })
    expect((await ask('GET', `${info.model_id}/artifacts/directories`)).body).toEqual({
      root_uri: info.artifact_uri,
      files: [
        { path: 'MLmodel', is_dir: false, file_size: 11 },
        { path: 'data', is_dir: true },
      ],
    })
    const below = await ask('GET', `${info.model_id}/artifacts/directories?artifact_directory_path=data`)
    expect(below.body.files).toEqual([{ path: 'data/model.pkl', is_dir: false, file_size: 5 }])
    const files = `${platform.origin}/ajax-api/2.0/mlflow/logged-models/${info.model_id}/artifacts/files`
    const file = await fetch(`${files}?artifact_file_path=data/model.pkl`)
    expect([await file.text(), file.headers.get('content-disposition')]).toEqual(['bytes', expect.stringContaining('attachment')])
    for (const [query, status, code] of [
      ['', 400, 'BAD_REQUEST'],
      ['?artifact_file_path=none', 404, 'RESOURCE_DOES_NOT_EXIST'],
      ['?artifact_file_path=../../MLmodel', 400, 'INVALID_PARAMETER_VALUE'],
    ] as const) {
      const refused = await fetch(`${files}${query}`)
      expect([refused.status, ((await refused.json()) as any).error_code]).toEqual([status, code])
    }
  })
})

describe('the models of a run', () => {
  const newRun = async () => (await platform.wire('POST', 'runs/create', { experiment_id: experiment })).run.info.run_id as string

  it('are those it used and those it made, in the order they were linked, whatever their ids', async () => {
    const run_id = await newRun()
    const { model_id } = (await create()).info
    await platform.wire('POST', 'runs/log-inputs', { run_id, models: [{ model_id }, { model_id: 'elsewhere' }, { model_id }] })
    await platform.wire('POST', 'runs/outputs', { run_id, models: [{ model_id, step: 7 }] })
    await platform.wire('POST', 'runs/outputs', {
      run_id,
      models: [
        { model_id, step: 7 },
        { model_id, step: 3 },
      ],
    })
    const linked = {
      inputs: { model_inputs: [{ model_id }, { model_id: 'elsewhere' }] },
      outputs: {
        model_outputs: [
          { model_id, step: 7 },
          { model_id, step: 3 },
        ],
      },
    }
    expect((await platform.wire('GET', 'runs/get', { run_id })).run).toMatchObject(linked)
    const found = await platform.wire('POST', 'runs/search', { experiment_ids: [experiment], filter: `run_id = '${run_id}'` })
    expect(found.runs[0]).toMatchObject(linked)
  })

  it('are not added to once it is deleted', async () => {
    const run_id = await newRun()
    await platform.wire('POST', 'runs/delete', { run_id })
    for (const [path, models] of [
      ['runs/outputs', [{ model_id: 'm', step: 1 }]],
      ['runs/log-inputs', [{ model_id: 'm' }]],
    ] as const) {
      await expect(platform.wire('POST', path, { run_id, models })).rejects.toMatchObject({
        message: `The run ${run_id} must be in the 'active' state. Current state is deleted.`,
      })
    }
    expect((await platform.wire('GET', 'runs/get', { run_id })).run.outputs).toEqual({})
  })

  it('stay when it goes', async () => {
    const run_id = await newRun()
    const { model_id } = (await create({ source_run_id: run_id })).info
    await platform.wire('POST', 'runs/delete', { run_id })
    expect((await ask('GET', model_id)).status).toBe(200)
  })

  it('that older clients describe are a list in a tag, without their configs', async () => {
    const run_id = await newRun()
    const describe = (artifact_path: string, more = {}) => ({
      artifact_path,
      run_id,
      utc_time_created: 'now',
      flavors: { f: { v: 1 } },
      ...more,
    })
    for (const model of [
      describe('a', { model_uuid: 'u', signature: 'dropped' }),
      describe('b', { flavors: { f: { v: 1, config: { secret: 1 } } } }),
    ])
      await platform.wire('POST', 'runs/log-model', { run_id, model_json: JSON.stringify(model) })
    const { tags } = (await platform.wire('GET', 'runs/get', { run_id })).run.data
    const history = tags.find(({ key }: { key: string }) => key === 'mlflow.log-model.history')
    expect(JSON.parse(history.value)).toEqual([describe('a', { model_uuid: 'u' }), describe('b')])
    for (const [model_json, words] of [
      [undefined, "Missing value for required parameter 'model_json'"],
      ['{', 'is not a valid JSON.'],
      ['{"flavors": {}, "run_id": "x"}', "Model json is missing mandatory fields: {'artifact_path', 'utc_time_created'}"],
    ]) {
      await expect(platform.wire('POST', 'runs/log-model', { run_id, model_json })).rejects.toMatchObject({
        status: 400,
        message: expect.stringContaining(words!),
      })
    }
  })
})
