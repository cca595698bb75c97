/** The registry in GraphQL: what the wire can, it can; what belongs together is reached by walking; and it is followed as it changes. */
import { type Platform, startPlatform } from '@tidegate/test'
import { type Client, createClient } from 'graphql-ws'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { parseManifest } from './manifest.ts'

let platform: Platform
let client: Client
let run: string
let artifactUri: string
const mlmodel = `artifact_path: model
flavors:
  python_function:
    loader_module: mlflow.sklearn
    python_version: 3.11.7
  sklearn:
    pickled_model: model.pkl
    sklearn_version: 1.5.2
mlflow_version: 3.17.2
model_size_bytes: 4096
signature:
  inputs: '[{"type": "double", "name": "load", "required": true}, {"type": "array", "items": {"type": "string"}, "name": "tags", "required": false}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 3]}}]'
  params: '[{"name": "level", "type": "double", "default": 0.5, "shape": null}]'
`

beforeAll(async () => {
  platform = await startPlatform()
  client = createClient({ url: `${platform.origin.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket })
  const { experiment_id } = await platform.wire('POST', 'experiments/create', { name: 'registry' })
  const { info } = (await platform.wire('POST', 'runs/create', { experiment_id, run_name: 'maker' })).run
  run = info.run_id
  artifactUri = info.artifact_uri
  const path = artifactUri.slice('mlflow-artifacts:/'.length)
  for (const [file, body] of [
    ['model/MLmodel', mlmodel],
    ['model/data/weights', 'xyz'],
  ])
    await fetch(`${platform.origin}/api/2.0/mlflow-artifacts/artifacts/${path}/${file}`, { method: 'PUT', body: body! })
})
afterAll(async () => {
  await client?.dispose()
  await platform?.stop()
})

let count = 0
let name: string
beforeEach(() => {
  name = `model ${++count}`
})
const ask = (query: string, variables: object = {}) => platform.graphql(query, { name, run, ...variables })
const make = (called = name) =>
  ask('mutation ($name: String!) { createRegisteredModel(input: { name: $name }) { model { id } } }', { name: called })
const version = async (called = name) =>
  (
    await ask(
      `mutation ($name: String!, $run: ID!, $source: String!) {
        createModelVersion(input: { name: $name, source: $source, runId: $run }) { version { version } } }`,
      { name: called, source: `runs:/${run}/model` },
    )
  ).createModelVersion.version.version
const stage = (number: number, to: string, archiveExisting = false) =>
  ask(
    `mutation ($name: String!, $number: Int!, $to: String!, $archiveExisting: Boolean) {
      transitionModelVersionStage(input: { name: $name, version: $number, stage: $to, archiveExisting: $archiveExisting }) { version { stage } } }`,
    { number, to, archiveExisting },
  )

describe('a registered model', () => {
  it('is made, said of what it is, renamed and deleted', async () => {
    const made =
      await ask(`mutation ($name: String!) { createRegisteredModel(input: { name: $name, description: "*it*", tags: [{ key: "b", value: "2" }, { key: "a", value: "1" }] }) {
      model { id name description owner tags { key value } isPrompt stages aliases { alias } versionCount latestVersions { id } champion { id } createdAt updatedAt can { edit delete } } } }`)
    const { model } = made.createRegisteredModel
    expect(model).toEqual({
      id: expect.any(String),
      name,
      description: '*it*',
      owner: expect.any(String),
      tags: [
        { key: 'a', value: '1' },
        { key: 'b', value: '2' },
      ],
      isPrompt: false,
      stages: ['None', 'Staging', 'Production', 'Archived'],
      aliases: [],
      versionCount: 0,
      latestVersions: [],
      champion: null,
      createdAt: expect.any(Number),
      updatedAt: model.createdAt,
      can: { edit: true, delete: true },
    })
    const newName = `${name} renamed`
    const changed = await ask(
      `mutation ($name: String!, $newName: String!) {
        describeRegisteredModel(name: $name, description: "better") { model { description } }
        setRegisteredModelTag(name: $name, key: "c", value: "3") { model { id } }
        deleteRegisteredModelTag(name: $name, key: "a") { model { tags { key } } }
        renameRegisteredModel(name: $name, newName: $newName) { model { id name } }
      }`,
      { newName },
    )
    expect(changed).toMatchObject({
      describeRegisteredModel: { model: { description: 'better' } },
      deleteRegisteredModelTag: { model: { tags: [{ key: 'b' }, { key: 'c' }] } },
      renameRegisteredModel: { model: { id: model.id, name: newName } },
    })
    const gone = await ask('mutation ($newName: String!) { deleteRegisteredModel(name: $newName) { name } }', { newName })
    expect(gone.deleteRegisteredModel).toEqual({ name: newName })
    expect(await ask('query ($newName: String!) { registeredModel(name: $newName) { id } }', { newName })).toEqual({
      registeredModel: null,
    })
  })

  it('is refused with a code where its name is taken, or is none', async () => {
    await make()
    await expect(make()).rejects.toMatchObject({ code: 'RESOURCE_ALREADY_EXISTS' })
    await expect(make('a/b')).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' })
  })

  it('has versions in stages, aliases, and one that the others are measured against', async () => {
    await make()
    for (let i = 0; i < 3; i++) await version()
    await stage(1, 'production')
    await stage(2, 'Staging')
    const query = `query ($name: String!) { registeredModel(name: $name) { versionCount aliases { alias version } champion { version }
      latestVersions { version stage } version(version: 2) { version stage } none: version(version: 9) { id }
      versions(first: 2) { total nodes { version } pageInfo { hasNextPage endCursor } } staged: versions(filter: "stage != 'None'") { nodes { version aliases } } } }`
    expect((await ask(query)).registeredModel).toMatchObject({
      versionCount: 3,
      champion: { version: 1 },
      latestVersions: [
        { version: 3, stage: 'None' },
        { version: 2, stage: 'Staging' },
        { version: 1, stage: 'Production' },
      ],
      version: { version: 2, stage: 'Staging' },
      none: null,
      versions: { total: 3, nodes: [{ version: 3 }, { version: 2 }], pageInfo: { hasNextPage: true } },
      staged: { nodes: [{ version: 2 }, { version: 1 }] },
    })
    await ask('mutation ($name: String!) { setModelAlias(name: $name, alias: "champion", version: 3) { version { aliases } } }')
    expect((await ask(query)).registeredModel).toMatchObject({ champion: { version: 3 }, aliases: [{ alias: 'champion', version: 3 }] })
    await stage(2, 'Production', true)
    const { registeredModel } = await ask(
      'query ($name: String!) { registeredModel(name: $name) { version(version: 1) { stage } latest: version(alias: "latest") { version } } }',
    )
    expect(registeredModel).toEqual({ version: { stage: 'Archived' }, latest: { version: 3 } })
    const taken = await ask(
      'mutation ($name: String!) { deleteModelAlias(name: $name, alias: "champion") { model { aliases { alias } } } }',
    )
    expect(taken.deleteModelAlias.model.aliases).toEqual([])
  })
})

describe('a version', () => {
  it('says what it was made of, and has its files and what MLmodel says of it', async () => {
    await make()
    const made = await version()
    const { modelVersion } = await ask(
      `query ($name: String!, $made: Int!) { modelVersion(name: $name, version: $made) {
        name version stage status source location runId run { name experiment { name } } loggedModel { id } model { name } createdBy
        artifacts { path isDirectory size url } below: artifacts(path: "data") { path size }
        manifest { fault mlflowVersion size flavors { name version } signature {
          inputs { name type shape isRequired default } outputs { name type shape } params { name type isRequired default } } } } }`,
      { made },
    )
    expect(modelVersion).toMatchObject({
      name,
      version: 1,
      stage: 'None',
      status: 'READY',
      source: `runs:/${run}/model`,
      runId: run,
      run: { name: 'maker', experiment: { name: 'registry' } },
      loggedModel: null,
      model: { name },
      artifacts: [
        { path: 'MLmodel', isDirectory: false, size: mlmodel.length },
        { path: 'data', isDirectory: true, size: null, url: null },
      ],
      below: [{ path: 'data/weights', size: 3 }],
      manifest: {
        fault: null,
        mlflowVersion: '3.17.2',
        size: 4096,
        flavors: [
          { name: 'pyfunc', version: null },
          { name: 'sklearn', version: '1.5.2' },
        ],
        signature: {
          inputs: [
            { name: 'load', type: 'double', shape: null, isRequired: true, default: null },
            { name: 'tags', type: 'array(string)', isRequired: false },
          ],
          outputs: [{ name: '', type: 'float64', shape: [-1, 3] }],
          params: [{ name: 'level', type: 'double', isRequired: false, default: '0.5' }],
        },
      },
    })
    expect(await (await fetch(platform.origin + modelVersion.artifacts[0].url)).text()).toBe(mlmodel)
  })

  it('is described, tagged and deleted, and its run knows it', async () => {
    await make()
    await version()
    const changed = await ask(`mutation ($name: String!) {
      describeModelVersion(name: $name, version: 1, description: "# Card") { version { description } }
      setModelVersionTag(name: $name, version: 1, key: "a", value: "1") { version { tags { key value } } }
      gone: deleteModelVersionTag(name: $name, version: 1, key: "a") { version { tags { key } } } }`)
    expect(changed).toEqual({
      describeModelVersion: { version: { description: '# Card' } },
      setModelVersionTag: { version: { tags: [{ key: 'a', value: '1' }] } },
      gone: { version: { tags: [] } },
    })
    const known = await ask('query ($run: ID!) { run(id: $run) { modelVersions { name version } } }')
    expect(known.run.modelVersions[0]).toEqual({ name, version: 1 })
    const { deleteModelVersion } = await ask('mutation ($name: String!) { deleteModelVersion(name: $name, version: 1) { name version } }')
    expect(deleteModelVersion).toEqual({ name, version: 1 })
    expect(await ask('query ($name: String!) { modelVersion(name: $name, version: 1) { id } }')).toEqual({ modelVersion: null })
  })

  it('of another store has no files here', async () => {
    await make()
    const made = await ask(`mutation ($name: String!) { createModelVersion(input: { name: $name, source: "s3://bucket/model" }) {
      version { runId run { id } manifest { fault } artifacts { path } } } }`)
    expect(made.createModelVersion.version).toEqual({ runId: null, run: null, manifest: null, artifacts: [] })
  })
})

describe('an MLmodel', () => {
  it.each([
    ['- a list', 'It is not YAML with fields.'],
    ['a: [', "It can't be read:"],
    ["signature:\n  inputs: '{}'", 'a part of its signature is no list'],
    ["signature:\n  inputs: 'no JSON'", "It can't be read:"],
    ['a: &a [x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c]', "It can't be read:"],
  ])('that is none says why: %j', (text, why) => {
    expect(parseManifest(text)).toMatchObject({ flavors: [], signature: null, fault: expect.stringContaining(why) })
  })

  it('of nested columns spells their types out', () => {
    const inputs = [
      { name: 'o', type: 'object', properties: { a: { type: 'long' }, b: { type: 'map', values: { type: 'double' }, required: false } } },
    ]
    expect(parseManifest(JSON.stringify({ signature: { inputs: JSON.stringify(inputs) } })).signature?.inputs[0]?.type).toBe(
      '{ a: long, b?: map(double) }',
    )
  })
})

describe('a search', () => {
  it('finds models and versions in the filter language, in pages', async () => {
    const team = `team ${name}`
    for (const letter of ['a', 'b', 'c']) {
      await make(`${team} ${letter}`)
      await version(`${team} ${letter}`)
    }
    const filter = `name LIKE '${team}%' AND NOT name = '${team} b'`
    const query = `query ($filter: String, $first: Int, $after: String) {
      registeredModels(filter: $filter, orderBy: ["name DESC"], first: $first, after: $after) { total nodes { name latestVersions { version } } pageInfo { endCursor } }
      modelVersions(filter: $filter, orderBy: ["name ASC"]) { total nodes { name version } } }`
    const first = await ask(query, { filter, first: 1 })
    expect(first).toMatchObject({
      registeredModels: { total: 2, nodes: [{ name: `${team} c`, latestVersions: [{ version: 1 }] }] },
      modelVersions: {
        total: 2,
        nodes: [
          { name: `${team} a`, version: 1 },
          { name: `${team} c`, version: 1 },
        ],
      },
    })
    const rest = await ask(query, { filter, first: 1, after: first.registeredModels.pageInfo.endCursor })
    expect(rest.registeredModels).toMatchObject({ nodes: [{ name: `${team} a` }], pageInfo: { endCursor: null } })
    await expect(ask(query, { filter: 'color = 1' })).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' })
  })
})

describe('following', () => {
  const follow = (query: string) => client.iterate<any>({ query, variables: { name } })
  /** The first event that is as wanted. */
  async function until(events: AsyncIterableIterator<any>, wanted: (data: any) => boolean) {
    for (;;) {
      const { value, done } = await events.next()
      if (done) throw new Error('it ended before')
      if (value.errors) throw new Error(value.errors[0].message)
      if (wanted(value.data)) return value.data
    }
  }

  it('the list tells of models that are made', async () => {
    const events = follow('subscription { registeredModelsChanged(first: 1000) { nodes { name } } }')
    await events.next()
    await make()
    const data = await until(events, (it) => it.registeredModelsChanged.nodes.some((model: any) => model.name === name))
    expect(data).toBeTruthy()
    await events.return?.()
  })

  it('a model tells of its versions, is followed by its new name, and says that it is gone', async () => {
    await make()
    const events = follow(
      'subscription ($name: String!) { registeredModelChanged(name: $name) { model { name versionCount aliases { alias } } } }',
    )
    expect((await events.next()).value.data.registeredModelChanged.model).toEqual({ name, versionCount: 0, aliases: [] })
    await version()
    await ask('mutation ($name: String!) { setModelAlias(name: $name, alias: "best", version: 1) { version { id } } }')
    await until(events, ({ registeredModelChanged: { model } }) => model.versionCount === 1 && model.aliases.length === 1)
    const newName = `${name} new`
    await ask('mutation ($name: String!, $newName: String!) { renameRegisteredModel(name: $name, newName: $newName) { model { id } } }', {
      newName,
    })
    await until(events, ({ registeredModelChanged: { model } }) => model.name === newName)
    await ask('mutation ($newName: String!) { deleteRegisteredModel(name: $newName) { name } }', { newName })
    await until(events, ({ registeredModelChanged: { model } }) => model === null)
    expect((await events.next()).done).toBe(true)
  })

  it('a version tells of its stage, and that it is gone', async () => {
    await make()
    await version()
    const events = follow('subscription ($name: String!) { modelVersionChanged(name: $name, version: 1) { version { stage } } }')
    expect((await events.next()).value.data.modelVersionChanged.version).toEqual({ stage: 'None' })
    await stage(1, 'Staging')
    await until(events, ({ modelVersionChanged: { version } }) => version.stage === 'Staging')
    await ask('mutation ($name: String!) { deleteModelVersion(name: $name, version: 1) { version } }')
    await until(events, ({ modelVersionChanged: { version } }) => version === null)
    expect((await events.next()).done).toBe(true)
  })

  it('what is not there is refused', async () => {
    const events = follow('subscription ($name: String!) { registeredModelChanged(name: $name) { model { name } } }')
    await expect(events.next()).rejects.toEqual([expect.objectContaining({ extensions: { code: 'RESOURCE_DOES_NOT_EXIST' } })])
  })
})
