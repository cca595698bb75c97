/** The registry on MLflow's wire: models, versions, tags, stages, aliases, and what each of them refuses. */
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

let platform: Platform
let experiment: string
let run: string
let artifactUri: string
beforeAll(async () => {
  platform = await startPlatform()
  experiment = (await post('experiments/create', { name: 'registry' })).experiment_id
  const { info } = (await post('runs/create', { experiment_id: experiment })).run
  run = info.run_id
  artifactUri = info.artifact_uri
})
afterAll(() => platform?.stop())

const get = (path: string, input: object = {}) => platform.wire('GET', path, input as Record<string, unknown>)
const post = (path: string, input: object = {}) => platform.wire('POST', path, input as Record<string, unknown>)
const patch = (path: string, input: object = {}) => platform.wire('PATCH', path, input as Record<string, unknown>)
const remove = (path: string, input: object = {}) => platform.wire('DELETE', path, input as Record<string, unknown>)

let count = 0
let name: string
beforeEach(() => {
  name = `model ${++count}`
})
const make = async (called = name, more: object = {}) =>
  (await post('registered-models/create', { name: called, ...more })).registered_model
const version = async (called = name, more: object = {}) =>
  (await post('model-versions/create', { name: called, source: `${artifactUri}/model`, run_id: run, ...more })).model_version
const read = async (called = name) => (await get('registered-models/get', { name: called })).registered_model
const readVersion = async (number = '1', called = name) =>
  (await get('model-versions/get', { name: called, version: number })).model_version
const refusal = async (asked: Promise<unknown>) => {
  const { code, status, message } = await asked.then(
    () => ({ code: 'OK', status: 200, message: '' }),
    (error) => error,
  )
  return [status, code, message.replace(/ See the API docs.*/, '')]
}
const stagesOf = (versions: any[] | undefined) => (versions ?? []).map((it) => `${it.current_stage} ${it.version}`)

describe('a registered model', () => {
  it('is made bare, and says nothing that it has not', async () => {
    expect(await make()).toEqual({
      name,
      creation_timestamp: expect.any(Number),
      last_updated_timestamp: expect.any(Number),
      user_id: expect.any(String),
    })
  })

  it('is made with tags, of which the last of a key counts, and a description', async () => {
    const tags = [
      { key: 'b', value: '1' },
      { key: 'a', value: 'x' },
      { key: 'b', value: '2' },
    ]
    expect(await make(name, { tags, description: 'About *it*' })).toMatchObject({
      description: 'About *it*',
      tags: [
        { key: 'a', value: 'x' },
        { key: 'b', value: '2' },
      ],
    })
  })

  it('has its name for itself in its workspace', async () => {
    await make()
    expect(await refusal(make())).toEqual([400, 'RESOURCE_ALREADY_EXISTS', `Registered Model (name=${name}) already exists.`])
    const [status, code, message] = await refusal(make(name, { tags: [{ key: 'mlflow.prompt.is_prompt', value: 'true' }] }))
    expect([status, code]).toEqual([400, 'RESOURCE_ALREADY_EXISTS'])
    expect(message).toContain('already taken by a registered model')
  })

  it.each([
    ['', "Missing value for required parameter 'name'."],
    ['  ', "Missing value for required parameter 'name'."],
    ['a/b', "Invalid model name 'a/b'. Names cannot contain '/' or ':'."],
    ['a:b', "Invalid model name 'a:b'. Names cannot contain '/' or ':'."],
    ['..', `Invalid value ".." for parameter 'name' supplied: Names may be treated as files in certain cases`],
    ['n'.repeat(257), "'name' exceeds the maximum length of 256 characters."],
  ])('is not called %j', async (bad, words) => {
    const [status, code, message] = await refusal(make(bad))
    expect([status, code]).toEqual([400, 'INVALID_PARAMETER_VALUE'])
    expect(message).toContain(words)
  })

  it('is renamed with its versions, tags and aliases, unless the name is taken', async () => {
    await make(name, { tags: [{ key: 'a', value: '1' }] })
    await version()
    await post('registered-models/alias', { name, alias: 'champion', version: '1' })
    const fresh = `${name} anew`
    expect((await post('registered-models/rename', { name, new_name: fresh })).registered_model).toMatchObject({
      name: fresh,
      tags: [{ key: 'a', value: '1' }],
      aliases: [{ alias: 'champion', version: '1' }],
      latest_versions: [{ name: fresh, version: '1', aliases: ['champion'] }],
    })
    expect(await refusal(read())).toEqual([404, 'RESOURCE_DOES_NOT_EXIST', `Registered Model with name=${name} not found`])
    await make()
    expect(await refusal(post('registered-models/rename', { name, new_name: fresh }))).toEqual([
      400,
      'RESOURCE_ALREADY_EXISTS',
      `Registered Model (name=${fresh}) already exists.`,
    ])
    expect((await refusal(post('registered-models/rename', { name, new_name: ' ' })))[2]).toBe(
      "Missing value for required parameter 'new_name'.",
    )
  })

  it('is described anew, and not at all', async () => {
    await make()
    expect((await patch('registered-models/update', { name, description: 'now' })).registered_model.description).toBe('now')
    expect((await patch('registered-models/update', { name })).registered_model.description).toBeUndefined()
  })

  it('has tags set, replaced and deleted, where one that is not there is none to miss', async () => {
    await make()
    for (const value of ['1', '2']) expect(await post('registered-models/set-tag', { name, key: 'a', value })).toEqual({})
    await post('registered-models/set-tag', { name, key: 'b' })
    expect((await read()).tags).toEqual([
      { key: 'a', value: '2' },
      { key: 'b', value: '' },
    ])
    for (const key of ['a', 'b', 'none']) expect(await remove('registered-models/delete-tag', { name, key })).toEqual({})
    expect((await read()).tags).toBeUndefined()
    expect((await refusal(post('registered-models/set-tag', { name, key: 'k'.repeat(251), value: '' })))[2]).toContain("'key' exceeds")
    expect((await refusal(post('registered-models/set-tag', { name, key: 'k', value: 'v'.repeat(100_001) })))[2]).toContain(
      "'value' exceeds the maximum length of 100000 characters",
    )
    await post('registered-models/set-tag', { name, key: 'long', value: 'v'.repeat(100_000) })
  })

  it('is gone when it is deleted, with its versions and what was granted on it; its name begins anew', async () => {
    await make()
    await version()
    expect(await remove('registered-models/delete', { name })).toEqual({})
    expect((await refusal(readVersion()))[0]).toBe(404)
    expect((await refusal(remove('registered-models/delete', { name })))[0]).toBe(404)
    await make()
    expect((await version()).version).toBe('1')
  })

  it('is unknown to everything that is asked of it where there is none', async () => {
    const asked = [
      get('registered-models/get', { name }),
      patch('registered-models/update', { name }),
      post('registered-models/rename', { name, new_name: 'x' }),
      post('registered-models/set-tag', { name, key: 'a', value: '' }),
      remove('registered-models/delete-tag', { name, key: 'a' }),
      get('registered-models/get-latest-versions', { name }),
      get('registered-models/alias', { name, alias: 'a' }),
      remove('registered-models/alias', { name, alias: 'a' }),
      post('model-versions/create', { name, source: 's3://bucket/path' }),
    ]
    for (const each of await Promise.all(asked.map(refusal))) expect(each.slice(0, 2)).toEqual([404, 'RESOURCE_DOES_NOT_EXIST'])
  })
})

describe('a version', () => {
  it('has the next number and says what it is made of', async () => {
    await make()
    expect(await version(name, { run_link: 'http://x', description: 'first', tags: [{ key: 'a', value: '1' }] })).toEqual({
      name,
      version: '1',
      creation_timestamp: expect.any(Number),
      last_updated_timestamp: expect.any(Number),
      user_id: expect.any(String),
      current_stage: 'None',
      description: 'first',
      source: `${artifactUri}/model`,
      run_id: run,
      run_link: 'http://x',
      status: 'READY',
      tags: [{ key: 'a', value: '1' }],
    })
    expect(await post('model-versions/create', { name, source: 's3://bucket/path' })).toMatchObject({
      model_version: { version: '2', description: '', run_id: '', run_link: '', source: 's3://bucket/path' },
    })
  })

  it('is numbered once when many come at the same instant', async () => {
    await make()
    const made = await Promise.all(Array.from({ length: 20 }, () => version()))
    expect(made.map((it) => Number(it.version)).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
  })

  it('that is deleted is gone, and its number is given to no other, not even the highest', async () => {
    await make()
    await version()
    await version()
    await post('registered-models/alias', { name, alias: 'best', version: '2' })
    expect(await remove('model-versions/delete', { name, version: '2' })).toEqual({})
    expect(await refusal(readVersion('2'))).toEqual([404, 'RESOURCE_DOES_NOT_EXIST', `Model Version (name=${name}, version=2) not found`])
    expect((await read()).aliases).toBeUndefined()
    expect((await version()).version).toBe('3')
  })

  it('is asked for by a whole number', async () => {
    await make()
    expect((await refusal(readVersion('one')))[2]).toBe("Parameter 'version' must be an integer, got 'one'.")
    expect((await refusal(readVersion('7')))[0]).toBe(404)
    expect((await refusal(readVersion('99999999999999')))[0]).toBe(404)
    expect((await refusal(get('model-versions/get', { name })))[2]).toBe("Missing value for required parameter 'version'.")
  })

  it('is described, and tagged', async () => {
    await make()
    await version()
    expect((await patch('model-versions/update', { name, version: '1', description: 'good' })).model_version.description).toBe('good')
    await post('model-versions/set-tag', { name, version: '1', key: 'k', value: 'v' })
    expect((await readVersion()).tags).toEqual([{ key: 'k', value: 'v' }])
    for (const key of ['k', 'none']) expect(await remove('model-versions/delete-tag', { name, version: '1', key })).toEqual({})
    expect((await readVersion()).tags).toBeUndefined()
  })
})

describe('a source', () => {
  const start = (source: string, more: object = {}) => post('model-versions/create', { name, source, ...more })
  const logged = async (more: object = {}) =>
    (await post('logged-models', { experiment_id: experiment, source_run_id: run, ...more })).model.info

  it.each([
    ['/etc/passwd', 'To use a local path'],
    ['file:///etc', 'To use a local path'],
    ['mlflow-artifacts:/1/../../x', 'an absolute path must be provided'],
    ['s3://bucket', 'an absolute path must be provided'],
    ['s3://bucket/a/%2e%2e/b', 'an absolute path must be provided'],
    ['https://host/a/..%252fb', 'an absolute path must be provided'],
    ['runs:/ffffffffffffffffffffffffffffffff/model', 'The run_id request parameter must identify'],
    ['mlflow-artifacts:/1/other/artifacts', 'The run_id request parameter must identify'],
    ['http://host/api/2.0/mlflow-artifacts/artifacts/1/x', 'The run_id request parameter must identify'],
    ['models:/m-00000000000000000000000000000000', 'The model_id request parameter must identify'],
    ['models:/', 'The model_id request parameter must identify'],
    ['models://elsewhere/m/1', 'must use the active model registry'],
  ])('is not %s', async (source, words) => {
    await make()
    const [status, code, message] = await refusal(start(source, { run_id: run }))
    expect([status, code]).toEqual([400, 'INVALID_PARAMETER_VALUE'])
    expect(message).toContain(words)
  })

  it('is a folder of the run that is named', async () => {
    await make()
    expect((await start(`runs:/${run}/model`, { run_id: run })).model_version.run_id).toBe(run)
    expect((await start(`${artifactUri}/model`, { run_id: run })).model_version.source).toBe(`${artifactUri}/model`)
    expect(await get('model-versions/get-download-uri', { name, version: '1' })).toEqual({ artifact_uri: `runs:/${run}/model` })
  })

  it('is a logged model, which gives its run and is told so', async () => {
    await make()
    const model = await logged()
    const made = (await start(`models:/${model.model_id}`, { model_id: model.model_id })).model_version
    expect(made).toMatchObject({ source: `models:/${model.model_id}`, run_id: run })
    expect(await get('model-versions/get-download-uri', { name, version: '1' })).toEqual({ artifact_uri: model.artifact_uri })
    const { tags } = (await get(`logged-models/${model.model_id}`)).model.info
    expect(tags).toEqual([{ key: 'mlflow.modelVersions', value: JSON.stringify([{ name, version: 1 }]) }])
    const other = await logged()
    expect((await refusal(start(`models:/${model.model_id}`, { model_id: other.model_id })))[1]).toBe('INVALID_PARAMETER_VALUE')
    expect((await refusal(start(`models:/${model.model_id}`, { model_id: `m-${'0'.repeat(32)}` })))[1]).toBe('INVALID_PARAMETER_VALUE')
    expect((await refusal(start('s3://b/x', { model_id: `m-${'0'.repeat(32)}` })))[1]).toBe('RESOURCE_DOES_NOT_EXIST')
  })

  it('is another version, whose files, run and logged model the copy has, whatever becomes of the first', async () => {
    await make()
    const model = await logged()
    await start(`models:/${model.model_id}`, { model_id: model.model_id })
    await post('registered-models/alias', { name, alias: 'good', version: '1' })
    await post('model-versions/transition-stage', { name, version: '1', stage: 'staging' })
    const copy = `${name} copy`
    await make(copy)
    for (const way of ['/1', '@good', '/Staging', '/latest'])
      expect((await post('model-versions/create', { name: copy, source: `models:/${name}${way}` })).model_version).toMatchObject({
        source: `models:/${name}/1`,
        run_id: run,
      })
    await remove('registered-models/delete', { name })
    expect(await get('model-versions/get-download-uri', { name: copy, version: '4' })).toEqual({ artifact_uri: model.artifact_uri })
    expect((await refusal(post('model-versions/create', { name: copy, source: `models:/${name}/1` })))[0]).toBe(404)
    const [, code] = await refusal(post('model-versions/create', { name: copy, source: `models:/${copy}/1`, run_id: 'other' }))
    expect(code).toBe('INVALID_PARAMETER_VALUE')
  })

  it('gives its files out under the version', async () => {
    await make()
    const model = await logged()
    const send = (path: string, body: string) =>
      fetch(`${platform.origin}/api/2.0/mlflow-artifacts/artifacts/${path}`, { method: 'PUT', body })
    await send(`${model.artifact_uri.replace('mlflow-artifacts:/', '')}/MLmodel`, 'of the model')
    await send(`${artifactUri.replace('mlflow-artifacts:/', '')}/model/MLmodel`, 'of the run')
    await start(`models:/${model.model_id}`, { model_id: model.model_id })
    await start(`runs:/${run}/model`, { run_id: run })
    await start(`${artifactUri}/model`, { run_id: run })
    await start('s3://bucket/elsewhere')
    const file = async (number: number, path = 'MLmodel') => {
      const response = await fetch(
        `${platform.origin}/model-versions/get-artifact?${new URLSearchParams({ name, version: String(number), path })}`,
      )
      return [response.status, response.headers.get('content-disposition')?.slice(0, 10), await response.text()]
    }
    expect(await file(1)).toEqual([200, 'attachment', 'of the model'])
    for (const number of [2, 3]) expect(await file(number)).toEqual([200, 'attachment', 'of the run'])
    for (const [number, path] of [
      [4, 'MLmodel'],
      [5, 'MLmodel'],
      [1, 'none'],
    ] as const)
      expect((await file(number, path))[0]).toBe(404)
    expect((await file(1, '../../x'))[0]).toBe(400)
  })
})

describe('a stage', () => {
  const move = (number: string, stage: string, archive = false) =>
    post('model-versions/transition-stage', { name, version: number, stage, archive_existing_versions: archive })

  it('is taken in any case and stored in one', async () => {
    await make()
    await version()
    for (const [said, stored] of Object.entries({ STAGING: 'Staging', production: 'Production', archived: 'Archived', none: 'None' }))
      expect((await move('1', said)).model_version.current_stage).toBe(stored)
    expect(await refusal(move('1', 'best'))).toEqual([
      400,
      'INVALID_PARAMETER_VALUE',
      'Invalid Model Version stage: best. Value must be one of None, Staging, Production, Archived.',
    ])
  })

  it('sends the others out where that is asked, and only where versions are used from it', async () => {
    await make()
    for (const number of ['1', '2', '3']) {
      await version()
      await move(number, 'Production')
    }
    await move('3', 'Production', true)
    expect(stagesOf((await read()).latest_versions)).toEqual(['Archived 2', 'Production 3'])
    const [status, , message] = await refusal(move('3', 'Archived', true))
    expect([status, message]).toEqual([
      400,
      expect.stringContaining("cannot archive existing model versions because 'Archived' is not an Active stage"),
    ])
  })

  it('holds one version when all ask to be the only one at the same instant', async () => {
    await make()
    for (let i = 0; i < 8; i++) await version()
    await Promise.all(Array.from({ length: 8 }, (_, i) => move(String(i + 1), 'Production', true)))
    const found = await get('model-versions/search', { filter: `name = '${name}' AND stage = 'Production'` })
    expect(found.model_versions).toHaveLength(1)
  })

  it('has its latest versions, by GET and by POST', async () => {
    await make()
    for (const stage of ['None', 'Staging', 'Staging', 'Production', 'None']) await move((await version()).version, stage)
    for (const ask of [get, post]) {
      expect(stagesOf((await ask('registered-models/get-latest-versions', { name })).model_versions)).toEqual([
        'None 5',
        'Staging 3',
        'Production 4',
      ])
      expect(stagesOf((await ask('registered-models/get-latest-versions', { name, stages: ['staging'] })).model_versions)).toEqual([
        'Staging 3',
      ])
      expect(await ask('registered-models/get-latest-versions', { name, stages: ['Archived'] })).toEqual({})
      expect((await refusal(ask('registered-models/get-latest-versions', { name, stages: ['x'] })))[0]).toBe(400)
    }
  })
})

describe('an alias', () => {
  const set = (alias: string, number = '1') => post('registered-models/alias', { name, alias, version: number })
  const by = async (alias: string) => (await get('registered-models/alias', { name, alias })).model_version

  it('stands for one version, moves, and is taken away', async () => {
    await make()
    await version()
    await version()
    expect(await set('champion')).toEqual({})
    expect((await by('champion')).version).toBe('1')
    await set('champion', '2')
    await set('also', '2')
    expect((await by('champion')).aliases).toEqual(['also', 'champion'])
    expect((await read()).aliases).toEqual([
      { alias: 'also', version: '2' },
      { alias: 'champion', version: '2' },
    ])
    for (const _ of [1, 2]) expect(await remove('registered-models/alias', { name, alias: 'champion' })).toEqual({})
    expect(await refusal(by('champion'))).toEqual([400, 'INVALID_PARAMETER_VALUE', 'Registered model alias champion not found.'])
    expect((await refusal(set('champion', '9')))[0]).toBe(404)
  })

  it('called latest is the highest version, and can not be set', async () => {
    await make()
    expect((await refusal(by('latest')))[0]).toBe(404)
    await version()
    await version()
    await post('model-versions/transition-stage', { name, version: '1', stage: 'Production' })
    expect((await by('latest')).version).toBe('2')
    expect((await refusal(set('Latest')))[2]).toContain("'latest' alias name (case insensitive) is reserved.")
    expect((await refusal(set('v12')))[2]).toContain("Version alias name 'v12' is reserved.")
    expect((await refusal(set('a b')))[2]).toContain("Invalid alias name: 'a b'. Names may only contain")
    expect((await refusal(set('a'.repeat(256))))[2]).toContain("'Registered model alias name' exceeds the maximum length of 255 characters")
  })
})
