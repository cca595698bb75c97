/** Who may do what with registered models, by role and by what was granted on one: on MLflow's wire, as clients ask. */
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  type Actor,
  abilityOf,
  type Grant,
  may,
  modelLevels,
  type Permission,
  permissions,
  type Rule,
  reachOf,
  roles,
  type Standing,
} from '../access.ts'

let platform: Platform
const password = 'a long tide rises'
const people: Record<string, Record<string, string>> = {}
const basic = (name: string) => ({ authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` })

async function send(who: string, method: string, path: string, input: object = {}): Promise<{ status: number; body: any }> {
  const url = new URL(path.startsWith('/') ? path : `/api/2.0/mlflow/${path}`, platform.origin)
  if (method === 'GET') for (const [key, value] of Object.entries(input)) url.searchParams.append(key, String(value))
  const body = method === 'GET' ? {} : { body: JSON.stringify(input) }
  const response = await fetch(url, { method, headers: { 'content-type': 'application/json', ...people[who] }, ...body })
  return { status: response.status, body: await response.json() }
}
const ask = async (who: string, query: string, variables: object = {}) => {
  const { body } = await send(who, 'POST', '/graphql', { query, variables })
  if (body.errors) throw new Error(body.errors[0].message)
  return body.data
}
const accept = (link: string, more: object = {}) =>
  fetch(`${platform.origin}/auth/link/accept`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token: link.split('#')[1], password, ...more }),
  })

async function make(name: string, role?: string) {
  const { createAccount } = await ask('ada', 'mutation ($name: String!) { createAccount(name: $name) { link } }', { name })
  await accept(createAccount.link)
  if (role)
    await ask('ada', 'mutation ($name: String!, $role: Role!) { setMember(account: $name, role: $role) { member { role } } }', {
      name,
      role,
    })
  people[name] = basic(name)
}
const grant = (name: string, model: string, permission: string | null) =>
  ask(
    'ada',
    'mutation ($name: String!, $model: String, $permission: Permission) { setGrant(model: $model, account: $name, permission: $permission) { grant { permission } } }',
    { name, model, permission },
  )

beforeAll(async () => {
  platform = await startPlatform({ access: 'accounts' })
  await accept(platform.firstLink!, { name: 'ada' })
  people.ada = basic('ada')
  for (const role of roles) await make(role.toLowerCase(), role)
  await make('stranger')
  for (const name of ['open', 'secret']) {
    await send('ada', 'POST', 'registered-models/create', { name })
    await send('ada', 'POST', 'model-versions/create', { name, source: 's3://bucket/model' })
  }
})
afterAll(() => platform?.stop())

describe('a role', () => {
  const input = { name: 'open', version: '1', key: 'k', value: 'v', alias: 'a', stage: 'Staging' }
  /** What each role gets: + passes, - is denied, . is not there. In the order VIEWER, CONTRIBUTOR, ENGINEER, APPROVER, ADMIN, no member. */
  it.each([
    ['GET', 'registered-models/get', '+++++.', {}],
    ['GET', 'registered-models/get-latest-versions', '+++++.', {}],
    ['GET', 'model-versions/get', '+++++.', {}],
    ['GET', 'model-versions/get-download-uri', '+++++.', {}],
    ['GET', 'registered-models/search', '+++++.', {}],
    ['GET', 'model-versions/search', '+++++.', {}],
    ['POST', 'registered-models/create', '--+++.', { name: 'new' }],
    ['PATCH', 'registered-models/update', '--+++.', {}],
    ['POST', 'registered-models/rename', '--+++.', { new_name: 'open' }],
    ['POST', 'registered-models/set-tag', '--+++.', {}],
    ['DELETE', 'registered-models/delete-tag', '--+++.', {}],
    ['POST', 'model-versions/create', '--+++.', { source: 's3://bucket/model' }],
    ['PATCH', 'model-versions/update', '--+++.', {}],
    ['POST', 'model-versions/set-tag', '--+++.', {}],
    ['DELETE', 'model-versions/delete-tag', '--+++.', {}],
    ['POST', 'model-versions/transition-stage', '--+++.', {}],
    ['POST', 'registered-models/alias', '--+++.', {}],
    ['GET', 'registered-models/alias', '+++++.', {}],
    ['DELETE', 'registered-models/alias', '--+++.', { alias: 'none' }],
    ['DELETE', 'model-versions/delete', '--+++.', {}],
    ['DELETE', 'registered-models/delete', '--+++.', {}],
  ])('%s %s: %s', async (method, path, outcomes, more) => {
    let found = ''
    for (const who of [...roles.map((role) => role.toLowerCase()), 'stranger']) {
      // Each has a model of their own to delete, or makes one.
      const own = `${path.endsWith('delete') ? 'delete' : 'make'} ${method} ${path.replace('/', ' ')} ${who}`
      if (path.endsWith('/delete')) {
        await send('ada', 'POST', 'registered-models/create', { name: own })
        await send('ada', 'POST', 'model-versions/create', { name: own, source: 's3://bucket/model' })
      }
      const name = path.endsWith('/delete') || path === 'registered-models/create' ? own : 'open'
      const { status, body } = await send(who, method, path, path.endsWith('/search') ? {} : { ...input, ...more, name })
      found += status === 200 ? '+' : body.error_code === 'PERMISSION_DENIED' ? '-' : status === 404 ? '.' : `(${status} ${body.message})`
    }
    expect(found).toBe(outcomes)
  })
})

describe('what is granted on one model', () => {
  const names = async (who: string) =>
    ((await send(who, 'GET', 'registered-models/search', { filter: "name IN ('open', 'secret')" })).body.registered_models ?? []).map(
      (it: any) => it.name,
    )
  const versions = async (who: string) =>
    ((await send(who, 'GET', 'model-versions/search', { filter: "name = 'secret'" })).body.model_versions ?? []).length

  it('hides it from searches, counts and every door, as if it were not there', async () => {
    expect(await names('engineer')).toEqual(['open', 'secret'])
    await grant('engineer', 'secret', 'NO_PERMISSIONS')
    expect(await names('engineer')).toEqual(['open'])
    expect(await versions('engineer')).toBe(0)
    const hidden = await send('engineer', 'GET', 'registered-models/get', { name: 'secret' })
    const none = await send('engineer', 'GET', 'registered-models/get', { name: 'no such' })
    expect([hidden.status, hidden.body.message.replace('secret', 'X')]).toEqual([none.status, none.body.message.replace('no such', 'X')])
    expect((await send('engineer', 'GET', 'model-versions/get', { name: 'secret', version: '1' })).body.message).toBe(
      'Model Version (name=secret, version=1) not found',
    )
    const copy = await send('engineer', 'POST', 'model-versions/create', { name: 'open', source: 'models:/secret/1' })
    expect([copy.status, copy.body.message]).toEqual([404, 'Registered Model with name=secret not found'])
    await grant('engineer', 'secret', null)
    expect(await names('engineer')).toEqual(['open', 'secret'])
  })

  it('takes from a role, and gives more than it', async () => {
    const tag = (who: string) => send(who, 'POST', 'registered-models/set-tag', { name: 'secret', key: 'k', value: 'v' })
    await grant('engineer', 'secret', 'READ')
    await grant('viewer', 'secret', 'EDIT')
    expect([(await tag('engineer')).status, (await tag('viewer')).status]).toEqual([403, 200])
    expect((await send('viewer', 'DELETE', 'registered-models/delete', { name: 'secret' })).status).toBe(403)
  })

  it('opens it, and nothing else, to who is no member', async () => {
    await grant('stranger', 'secret', 'READ')
    expect(await names('stranger')).toEqual(['secret'])
    expect((await send('stranger', 'GET', 'registered-models/get', { name: 'open' })).status).toBe(404)
    const { grants } = await ask('ada', '{ grants(model: "secret") { account { name } permission } }')
    expect(grants).toContainEqual({ account: { name: 'stranger' }, permission: 'READ' })
    const { access } = await ask('ada', '{ access(account: "stranger", may: READ, model: "secret") { allowed because } }')
    expect(access).toEqual({
      allowed: true,
      because: expect.stringContaining("stranger may see the model 'secret': they were granted READ on it"),
    })
  })

  it('is of who makes it: they manage it', async () => {
    await send('engineer', 'POST', 'registered-models/create', { name: 'own' })
    const { grants } = await ask('engineer', '{ grants(model: "own") { account { name } permission } }')
    expect(grants).toEqual([{ account: { name: 'engineer' }, permission: 'MANAGE' }])
  })

  it('may be said by tags, in a role of the workspace: with the tags it comes and goes', async () => {
    await make('guest')
    const { createRole } = await ask('ada', 'mutation { createRole(name: "risk") { role { id } } }')
    const { id } = createRole.role
    await ask(
      'ada',
      'mutation ($id: ID!) { addRule(role: $id, kind: REGISTERED_MODEL, permission: READ, tags: [{ key: "team", value: "risk" }]) { rule { id } } }',
      { id },
    )
    await ask('ada', 'mutation ($id: ID!) { assignRole(role: $id, account: "guest") { role { id } } }', { id })
    expect(await names('guest')).toEqual([])
    await send('ada', 'POST', 'registered-models/set-tag', { name: 'open', key: 'team', value: 'risk' })
    await vi.waitFor(async () => expect(await names('guest')).toEqual(['open']), 10_000)
    await send('ada', 'DELETE', 'registered-models/delete-tag', { name: 'open', key: 'team' })
    await vi.waitFor(async () => expect(await names('guest')).toEqual([]), 10_000)
  })

  it('ends with it: another of its name begins with none', async () => {
    await send('ada', 'DELETE', 'registered-models/delete', { name: 'secret' })
    await send('ada', 'POST', 'registered-models/create', { name: 'secret' })
    expect((await send('viewer', 'POST', 'registered-models/set-tag', { name: 'secret', key: 'k', value: 'v' })).status).toBe(403)
    expect((await ask('ada', '{ grants(model: "secret") { permission } }')).grants).toEqual([])
  })
})

it.each(['Experiment', 'RegisteredModel'] as const)(
  'a statement reaches exactly what the rules allow to read of %s, whoever asks',
  (kind) => {
    const actor: Actor = { name: 'x', kind: 'ACCOUNT', id: 1 }
    // To read, all levels of models are as one.
    const levels = (Object.keys(permissions) as Permission[]).filter((level) => !modelLevels.includes(level) || level === 'MANAGE_STAGING')
    const grants: Grant[][] = [[], ...levels.map((permission) => [{ kind, id: 1, permission }])]
    const rules: Rule[] = [undefined, [1], [2, 3]].flatMap((ids) =>
      (['Workspace', 'Experiment', 'RegisteredModel'] as const).flatMap((about) =>
        levels.map((permission) => ({ kind: about, ids, permission, via: '' })),
      ),
    )
    const pairs = [[], ...rules.map((rule) => [rule]), ...rules.flatMap((one) => rules.map((other) => [one, other]))]
    const wrong: unknown[] = []
    for (const role of [undefined, 'VIEWER', 'ADMIN'] as const)
      for (const isSystemAdmin of [false, true])
        for (const granted of grants)
          for (const its of pairs) {
            const standing: Standing = { role, isSystemAdmin, grants: granted, rules: its, isReadOnly: false }
            const ability = abilityOf(actor, 7, standing)
            const reach = reachOf(standing, kind)
            for (const id of [1, 2, 4]) {
              const reached = 'only' in reach ? reach.only.includes(id) : !reach.but.includes(id)
              if (reached !== may(ability, 'read', { kind, id, workspaceId: 7 })) wrong.push({ standing, id, reached })
            }
          }
    expect(wrong.slice(0, 3)).toEqual([])
  },
)

it('who may not read the run that a version is of, may not register it', async () => {
  const { experiment_id } = (await send('ada', 'POST', 'experiments/create', { name: 'closed' })).body
  const { info } = (await send('ada', 'POST', 'runs/create', { experiment_id })).body.run
  await ask(
    'ada',
    'mutation ($id: ID!) { setGrant(experiment: $id, account: "engineer", permission: NO_PERMISSIONS) { grant { permission } } }',
    {
      id: experiment_id,
    },
  )
  const register = { name: 'open', source: `${info.artifact_uri}/model`, run_id: info.run_id }
  const { status, body } = await send('engineer', 'POST', 'model-versions/create', register)
  expect([status, body.error_code]).toEqual([400, 'INVALID_PARAMETER_VALUE'])
  expect((await send('ada', 'POST', 'model-versions/create', register)).status).toBe(200)
  // They see the version, and nothing of what it is of.
  const { modelVersions } = await ask(
    'engineer',
    `{ modelVersions(filter: "name = 'open' AND run_id = '${info.run_id}'") { nodes { runId run { id } artifacts { path } manifest { fault } } } }`,
  )
  expect(modelVersions.nodes).toEqual([{ runId: info.run_id, run: null, artifacts: [], manifest: null }])
})
