/** What happened to models: written with what it tells of, never changed, in a chain that tells where it was touched. */
import { type Platform, startPlatform } from '@tidegate/test'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { hashOf } from './activity.ts'

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform()
})
afterAll(() => platform?.stop())

const post = (path: string, input: object) => platform.wire('POST', path, input as Record<string, unknown>)
const remove = (path: string, input: object) => platform.wire('DELETE', path, input as Record<string, unknown>)
let count = 0
let name: string
beforeEach(async () => {
  name = `model ${++count}`
  await post('registered-models/create', { name })
})
const version = () => post('model-versions/create', { name, source: 's3://bucket/model' })
const stage = (number: string, to: string, archive_existing_versions = false) =>
  post('model-versions/transition-stage', { name, version: number, stage: to, archive_existing_versions })
const told = async (of = name) =>
  (
    await platform.graphql(
      'query ($of: String!) { registeredModel(name: $of) { activity { nodes { kind model version from to data actor } } } }',
      { of },
    )
  ).registeredModel.activity.nodes
    .map(({ kind, version, from, to, data }: any) => [kind, version, from, to, ...(data === '{}' ? [] : [JSON.parse(data)])])
    .reverse()

describe('an activity', () => {
  it('is written of each thing that is done to a model', async () => {
    const on = { name }
    await platform.wire('PATCH', 'registered-models/update', { ...on, description: 'text' })
    await post('registered-models/set-tag', { ...on, key: 'a', value: '1' })
    await post('registered-models/set-tag', { ...on, key: 'a', value: '2' })
    await remove('registered-models/delete-tag', { ...on, key: 'a' })
    await remove('registered-models/delete-tag', { ...on, key: 'none' })
    await post('registered-models/rename', { ...on, new_name: `${name} b` })
    const all = await told(`${name} b`)
    expect(all).toEqual([
      ['MODEL_CREATED', null, null, name, { tags: {}, description: '' }],
      ['MODEL_DESCRIBED', null, '', 'text'],
      ['MODEL_TAG_SET', null, null, '1', { key: 'a' }],
      ['MODEL_TAG_SET', null, '1', '2', { key: 'a' }],
      ['MODEL_TAG_DELETED', null, '2', null, { key: 'a' }],
      ['MODEL_RENAMED', null, name, `${name} b`],
    ])
  })

  it('is written of each thing that is done to a version, and of what goes along with it', async () => {
    for (let i = 0; i < 2; i++) await version()
    const on = { name, version: '2' }
    await stage('1', 'Production')
    await stage('2', 'Production', true)
    await platform.wire('PATCH', 'model-versions/update', { ...on, description: 'card' })
    await post('model-versions/set-tag', { ...on, key: 'a', value: '1' })
    await remove('model-versions/delete-tag', { ...on, key: 'a' })
    await post('registered-models/alias', { name, alias: 'best', version: '1' })
    await post('registered-models/alias', { name, alias: 'best', version: '2' })
    await remove('registered-models/alias', { name, alias: 'best' })
    await remove('registered-models/alias', { name, alias: 'best' })
    await remove('model-versions/delete', { name, version: '1' })
    expect((await told()).slice(3)).toEqual([
      ['STAGE_CHANGED', 1, 'None', 'Production'],
      ['STAGE_CHANGED', 2, 'None', 'Production'],
      ['STAGE_CHANGED_ALONG', 1, 'Production', 'Archived', { by: 2 }],
      ['VERSION_DESCRIBED', 2, '', 'card'],
      ['VERSION_TAG_SET', 2, null, '1', { key: 'a' }],
      ['VERSION_TAG_DELETED', 2, '1', null, { key: 'a' }],
      ['ALIAS_SET', 1, null, '1', { alias: 'best' }],
      ['ALIAS_SET', 2, '1', '2', { alias: 'best' }],
      ['ALIAS_DELETED', 2, '2', null, { alias: 'best' }],
      ['VERSION_DELETED', 1, 'Archived', null],
    ])
    const { modelVersion } = await platform.graphql(
      'query ($name: String!) { modelVersion(name: $name, version: 2) { activity(first: 2) { nodes { kind version } pageInfo { endCursor } } } }',
      { name },
    )
    expect(modelVersion.activity).toEqual({
      nodes: [
        { kind: 'ALIAS_DELETED', version: 2 },
        { kind: 'ALIAS_SET', version: 2 },
      ],
      pageInfo: { endCursor: expect.any(String) },
    })
  })

  it('stays when its model is deleted', async () => {
    await version()
    await remove('registered-models/delete', { name })
    const { modelActivity } = await platform.graphql('{ modelActivity(first: 3) { nodes { kind model version } } }')
    expect(modelActivity.nodes).toEqual([
      { kind: 'MODEL_DELETED', model: name, version: null },
      { kind: 'VERSION_DELETED', model: name, version: 1 },
      { kind: 'VERSION_CREATED', model: name, version: 1 },
    ])
  })

  it('is followed as it happens, each once, from a cursor', async () => {
    const client = createClient({ url: `${platform.origin.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket })
    const query = `subscription ($after: String) { modelActivity(model: ${JSON.stringify(name)}, after: $after) { activities { kind } cursor } }`
    const events = client.iterate<any>({ query })
    const first = (await events.next()).value.data.modelActivity
    expect(first.activities).toEqual([])
    await version()
    const second = (await events.next()).value.data.modelActivity
    expect(second.activities).toEqual([{ kind: 'VERSION_CREATED' }])
    await events.return?.()
    const again = client.iterate<any>({ query, variables: { after: first.cursor } })
    expect((await again.next()).value.data.modelActivity).toEqual(second)
    await client.dispose()
  })
})

describe('which versions were in a stage', () => {
  it('is told of any time, of deleted versions too', async () => {
    const at: number[] = []
    const moment = async () => {
      const [row] = await platform.db.query('SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now, pg_sleep(0.01)')
      at.push((row as { now: number }).now)
    }
    for (let i = 0; i < 2; i++) await version()
    await moment()
    await stage('1', 'Production')
    await moment()
    await stage('2', 'Production', true)
    await moment()
    await remove('model-versions/delete', { name, version: '1' })
    await remove('model-versions/delete', { name, version: '2' })
    const { registeredModel } = await platform.graphql(
      `query ($name: String!) { registeredModel(name: $name) { ${[...at, null]
        .map((time, i) => `at${i}: stageHistory(stage: "Production"${time === null ? '' : `, at: ${time}`}) { version }`)
        .join(' ')} } }`,
      { name },
    )
    expect(registeredModel).toEqual({ at0: [], at1: [{ version: 1 }], at2: [{ version: 2 }], at3: [] })
  })
})

describe('the chain', () => {
  const links = async () => (await platform.graphql('{ activityChain { links { seq line hash } endSeq endHash } }')).activityChain
  const isWhole = async () => {
    const chain = await links()
    let hash = ''
    return chain.links.every((link: any, i: number) => {
      hash = hashOf(hash, link.line)
      return link.seq === i + 1 && link.hash === hash
    })
  }

  it('holds whatever is done at once, on several servers', async () => {
    const other = await platform.another()
    const send = (origin: string, path: string, input: object) =>
      fetch(`${origin}/api/2.0/mlflow/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(input),
      })
    await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        send(i % 2 ? other.origin : platform.origin, 'registered-models/set-tag', { name, key: `k${i % 5}`, value: String(i) }),
      ),
    )
    const chain = await links()
    expect(chain.endSeq).toBe(chain.links.length)
    expect(chain.endHash).toBe(chain.links.at(-1).hash)
    expect(await isWhole()).toBe(true)
    expect((await told()).length).toBe(41)
  })

  it('is not changed by anyone, and tells where the rules of the database were gone round', async () => {
    for (const statement of ["UPDATE activity SET actor = 'x'", 'DELETE FROM activity', 'TRUNCATE activity'])
      await expect(platform.db.query(statement)).rejects.toThrow('append-only')
    await platform.db.query('ALTER TABLE activity DISABLE TRIGGER activity_kept')
    await platform.db.query("UPDATE activity SET to_value = 'Staging' WHERE kind = 'STAGE_CHANGED' AND to_value = 'Production'")
    await platform.db.query('ALTER TABLE activity ENABLE TRIGGER activity_kept')
    expect(await isWhole()).toBe(false)
  })
})

describe('the registry at a time', () => {
  const now = async () => {
    // A moment that nothing else happens in.
    await new Promise((resolve) => setTimeout(resolve, 5))
    const at = Date.now()
    await new Promise((resolve) => setTimeout(resolve, 5))
    return at
  }
  it('is as it stood then, with what was deleted or renamed since and by who had done it', async () => {
    await version()
    await version()
    await stage('1', 'Production')
    await post('registered-models/alias', { name, alias: 'champion', version: '1' })
    const then = await now()
    await stage('2', 'Production', true)
    await post('registered-models/alias', { name, alias: 'champion', version: '2' })
    await remove('model-versions/delete', { name, version: '1' })
    await post('registered-models/rename', { name, new_name: `${name} now` })
    const at = async (time: number) =>
      (
        await platform.graphql(
          'query ($time: Timestamp!) { registryAt(at: $time, first: 1000) { name stages { version stage by since } aliases { alias version } } }',
          { time },
        )
      ).registryAt.filter((it: any) => it.name.startsWith(name))
    const [before] = await at(then)
    expect(before).toMatchObject({ name, aliases: [{ alias: 'champion', version: 1 }] })
    expect(before.stages.map(({ version, stage }: any) => [version, stage])).toEqual([
      [2, 'None'],
      [1, 'Production'],
    ])
    expect(before.stages[1].since).toBeLessThanOrEqual(then)
    const [after] = await at(Date.now())
    expect(after).toMatchObject({ name: `${name} now`, stages: [{ version: 2, stage: 'Production' }] })
    const { registeredModel } = await platform.graphql(
      'query ($name: String!, $then: Timestamp!) { registeredModel(name: $name) { moment(at: $then) { name stages { version } } } }',
      { name: `${name} now`, then },
    )
    expect(registeredModel.moment).toEqual({ name, stages: [{ version: 2 }, { version: 1 }] })
    await remove('registered-models/delete', { name: `${name} now` })
    expect(await at(Date.now())).toEqual([])
    expect(await at(then)).toHaveLength(1)
  })
})
