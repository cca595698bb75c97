/** Tokens and service accounts: what each is good for, where, until when, and whose; and workspaces that are put away and taken back. */
import { type Platform, startPlatform } from '@tidegate/test'
import { basic, bearer, peopleOf, type Who } from '@tidegate/test/people'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

type Json = any

let platform: Platform
let ada: Who
let nora: Who
const { send, data, codeOf, make, first } = peopleOf(() => platform)

const at = (who: Who, workspace: string): Who => ({ ...who, 'x-tidegate-workspace': workspace })
const create = async (who: Who, given: object): Promise<{ secret: string; token: Json }> =>
  (
    await data(
      who,
      `mutation ($account: String, $name: String!, $scope: TokenScope, $workspace: String, $expiresAt: Timestamp) {
        createToken(account: $account, name: $name, scope: $scope, workspace: $workspace, expiresAt: $expiresAt) {
          secret token { id scope workspace expiresAt }
        }
      }`,
      { name: 'a token', ...given },
    )
  ).createToken
const renew = async (who: Who, given: object): Promise<{ secret: string; token: Json }> =>
  (
    await data(
      who,
      `mutation ($account: String, $id: ID!, $expiresAt: Timestamp, $overlap: Long) {
        renewToken(account: $account, id: $id, expiresAt: $expiresAt, overlap: $overlap) { secret token { id name scope workspace expiresAt } }
      }`,
      given,
    )
  ).renewToken
const isGood = async (secret: string) =>
  (await send('GET', '/api/2.0/mlflow/experiments/get?experiment_id=0', { headers: bearer(secret) })).status !== 401

beforeAll(async () => {
  platform = await startPlatform({ access: 'accounts' })
  ada = await first()
  for (const name of ['north', 'south'])
    await data(ada, 'mutation ($name: String!) { createWorkspace(name: $name) { workspace { id } } }', { name })
  nora = await make('nora', { north: 'ADMIN', south: 'VIEWER' })
})
afterAll(() => platform?.stop())

describe('a token', () => {
  it('is good for what its scope says, and never for more than its account', async () => {
    const wire = async (secret: string, path: string, body: object) =>
      (await send('POST', `/api/2.0/mlflow/${path}`, { headers: at(bearer(secret), 'north'), body })).json
    const asked = async (secret: string) => {
      const name = `of ${secret.slice(3, 12)}`
      const outcomes: Record<string, boolean> = {}
      const did = (what: string, { error_code }: Json) => (outcomes[what] = error_code === undefined)
      did('sees', await wire(secret, 'experiments/search', { max_results: 1 }))
      const experiment = await wire(secret, 'experiments/create', { name })
      did('makes', experiment)
      const run = await wire(secret, 'runs/create', { experiment_id: experiment.experiment_id ?? '0', start_time: 1 })
      did(
        'logs',
        run.error_code ? run : await wire(secret, 'runs/log-metric', { run_id: run.run.info.run_id, key: 'm', value: 1, timestamp: 1 }),
      )
      did('deletes', await wire(secret, 'experiments/delete', { experiment_id: experiment.experiment_id ?? '0' }))
      const model = name.replace('of ', 'model-')
      did('registers', await wire(secret, 'registered-models/create', { name: model }))
      did(
        'deletes models',
        (await send('DELETE', '/api/2.0/mlflow/registered-models/delete', { headers: at(bearer(secret), 'north'), body: { name: model } }))
          .json,
      )
      outcomes['adds members'] =
        (await codeOf(at(bearer(secret), 'north'), 'mutation { setMember(account: "nora", role: ADMIN) { member { role } } }')) === 'OK'
      outcomes['makes tokens'] = (await codeOf(at(bearer(secret), 'north'), 'mutation { createToken(name: "more") { secret } }')) === 'OK'
      return Object.keys(outcomes).filter((what) => outcomes[what])
    }
    const of = async (scope: string) => {
      const made = await create(nora, { scope })
      expect(made.token.scope).toBe(scope)
      return asked(made.secret)
    }
    expect(await of('READ')).toEqual(['sees'])
    expect(await of('RUNS')).toEqual(['sees', 'makes', 'logs'])
    expect(await of('MODELS')).toEqual(['sees', 'makes', 'logs', 'registers'])
    expect(await of('ALL')).toEqual(['sees', 'makes', 'logs', 'deletes', 'registers', 'deletes models', 'adds members', 'makes tokens'])
    const vic = await make('vic', { north: 'VIEWER' })
    expect(await asked((await create(vic, { scope: 'MODELS' })).secret)).toEqual(['sees'])
  })

  it('of one workspace knows of no other, and makes no token that does, whoever made it', async () => {
    const { secret, token } = await create(ada, { workspace: 'north' })
    expect(token.workspace).toBe('north')
    const it = bearer(secret)
    const whole = '{ viewer { workspace { name } workspaces { name } role isAdmin canManage } }'
    const viewer = { workspace: { name: 'north' }, workspaces: [{ name: 'north' }], role: 'ADMIN', isAdmin: false, canManage: true }
    expect((await data(it, whole)).viewer).toEqual(viewer)
    expect((await data({ ...it, cookie: 'tidegate_workspace=south' }, whole)).viewer).toEqual(viewer)
    expect(await codeOf(at(it, 'south'), whole)).toBe('RESOURCE_DOES_NOT_EXIST')
    expect(await codeOf(it, '{ accounts { name } }')).toBe('PERMISSION_DENIED')
    expect(await codeOf(it, 'mutation { createToken(name: "wide") { secret } }')).toBe('PERMISSION_DENIED')
    expect(await codeOf(it, 'mutation { createWorkspace(name: "east") { workspace { id } } }')).toBe('PERMISSION_DENIED')
    await expect(create(nora, { workspace: 'default' })).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
    expect(await isGood(secret)).toBe(true)
  })

  it('is renewed: the one before is good for a while yet, and is then gone', async () => {
    const day = 24 * 3600_000
    const old = await create(nora, { name: 'nightly', scope: 'RUNS', workspace: 'north', expiresAt: Date.now() + 5 * day })
    const made = await renew(nora, { id: old.token.id })
    expect(made.token).toMatchObject({ name: 'nightly', scope: 'RUNS', workspace: 'north' })
    expect(Math.round((made.token.expiresAt - Date.now()) / day)).toBe(5)
    expect([await isGood(old.secret), await isGood(made.secret)]).toEqual([true, true])
    const listed = (await data(nora, '{ tokens { id isRenewed expiresAt usedAt } }')).tokens.find(({ id }: Json) => id === old.token.id)
    expect([listed.isRenewed, Math.round((listed.expiresAt - Date.now()) / 3600_000)]).toEqual([true, 24])
    expect(listed.usedAt).toEqual(expect.any(Number))
    await expect(renew(nora, { id: old.token.id })).rejects.toThrow('was renewed already')

    const last = await renew(nora, { id: made.token.id, overlap: 0, expiresAt: Date.now() + day })
    await expect.poll(() => isGood(made.secret)).toBe(false)
    expect(await isGood(last.secret)).toBe(true)
    await create(nora, { name: 'another' })
    const ids = (await data(nora, '{ tokens { id } }')).tokens.map(({ id }: Json) => id)
    expect([ids.includes(made.token.id), ids.includes(last.token.id)]).toEqual([false, true])
    await expect(renew(nora, { id: last.token.id, overlap: 31 * day })).rejects.toThrow('at most 30 days')
    await expect(renew(ada, { id: last.token.id })).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
  })
})

describe('a service account', () => {
  const make = (who: Who, given: object) =>
    data(
      at(who, 'north'),
      `mutation ($name: String!, $about: String, $role: Role) {
        createServiceAccount(name: $name, about: $about, role: $role) { service { name about role } }
      }`,
      given,
    )
  const listed = async (who: Who) =>
    (await data(at(who, 'north'), '{ serviceAccounts { name about role disabledAt tokens { id name usedAt } } }')).serviceAccounts

  it('is made by the admins of a workspace, and is in that one only', async () => {
    expect((await make(nora, { name: 'CI', about: 'the nightly training', role: 'ENGINEER' })).createServiceAccount.service).toEqual({
      name: 'ci@north',
      about: 'the nightly training',
      role: 'ENGINEER',
    })
    await expect(make(nora, { name: 'ci' })).rejects.toMatchObject({ code: 'RESOURCE_ALREADY_EXISTS' })
    await expect(make(nora, { name: 'ci@south' })).rejects.toThrow("'name' may hold no @")
    expect(await codeOf(at(nora, 'south'), '{ serviceAccounts { name } }')).toBe('PERMISSION_DENIED')
    // Elsewhere it is not there, by any door.
    const add = 'mutation { setMember(account: "ci@north", role: VIEWER) { member { role } } }'
    expect(await codeOf(at(ada, 'south'), add)).toBe('RESOURCE_DOES_NOT_EXIST')
    expect(await codeOf(at(ada, 'north'), add.replace('VIEWER', 'ENGINEER'))).toBe('OK')
    expect((await data(at(nora, 'north'), '{ members { account { name isService signsIn } } }')).members).toContainEqual({
      account: { name: 'ci@north', isService: true, signsIn: ['TOKEN'] },
    })
  })

  it('has tokens, and no other way in; they are its admins’ to make, renew and revoke', async () => {
    const { secret, token } = await create(at(nora, 'north'), { account: 'ci@north', scope: 'RUNS' })
    expect((await data(bearer(secret), '{ viewer { name role workspace { name } workspaces { name } } }')).viewer).toEqual({
      name: 'ci@north',
      role: 'ENGINEER',
      workspace: { name: 'north' },
      workspaces: [{ name: 'north' }],
    })
    const [service] = await listed(nora)
    expect(service.tokens).toEqual([{ id: token.id, name: 'a token', usedAt: expect.any(Number) }])
    // Nobody's own list, and nobody else's to touch.
    expect((await data(nora, '{ tokens { id } }')).tokens.map(({ id }: Json) => id)).not.toContain(token.id)
    const revoke = 'mutation ($account: String, $id: ID!) { revokeToken(account: $account, id: $id) { token { id } } }'
    expect(await codeOf(at(nora, 'north'), revoke, { id: token.id })).toBe('RESOURCE_DOES_NOT_EXIST')
    expect(await codeOf(at(nora, 'south'), revoke, { account: 'ci@north', id: token.id })).toBe('RESOURCE_DOES_NOT_EXIST')
    const renewed = await renew(at(ada, 'north'), { account: 'ci@north', id: token.id })
    expect(await isGood(renewed.secret)).toBe(true)
    expect(await codeOf(at(nora, 'north'), revoke, { account: 'ci@north', id: renewed.token.id })).toBe('OK')
    expect(await isGood(renewed.secret)).toBe(false)

    const id = (await data(ada, '{ accounts { id name } }')).accounts.find(({ name }: Json) => name === 'ci@north').id
    for (const mutation of [
      'resetPassword(id: $id) { link }',
      'withdrawInvitation(id: $id) { account { id } }',
      'updateAccount(id: $id, isAdmin: true) { account { id } }',
      'updateAccount(id: $id, email: "ci@example.com") { account { id } }',
    ])
      await expect(data(ada, `mutation ($id: ID!) { ${mutation} }`, { id })).rejects.toThrow("'ci@north' is a service account")
    expect((await send('POST', '/auth/sign-in', { body: { name: 'ci@north', password: '' } })).status).not.toBe(200)
  })

  it('outlives who made it, keeps no workspace without a person, and goes with its tokens', async () => {
    const { secret } = await create(at(nora, 'north'), { account: 'ci@north' })
    await data(at(ada, 'north'), 'mutation { setMember(account: "ci@north", role: ADMIN) { member { role } } }')
    await data(at(ada, 'north'), 'mutation { removeMember(account: "ada") { name } }')
    await expect(data(at(ada, 'north'), 'mutation { removeMember(account: "nora") { name } }')).rejects.toThrow(
      'Nobody would be left who manages',
    )
    const update = 'mutation ($off: Boolean) { updateServiceAccount(account: "ci@north", isDisabled: $off) { service { disabledAt } } }'
    await data(at(nora, 'north'), update, { off: true })
    expect(await isGood(secret)).toBe(false)
    await data(at(nora, 'north'), update, { off: false })
    expect(await isGood(secret)).toBe(true)
    expect(await codeOf(at(nora, 'south'), 'mutation { deleteServiceAccount(account: "ci@north") { name } }')).toBe(
      'RESOURCE_DOES_NOT_EXIST',
    )
    await data(at(nora, 'north'), 'mutation { deleteServiceAccount(account: "ci@north") { name } }')
    expect(await isGood(secret)).toBe(false)
    expect(await listed(nora)).toEqual([])
  })
})

describe('a workspace', () => {
  it('is put away, seen by who manages the installation only, and taken back with all it has', async () => {
    const { secret } = await create(ada, { workspace: 'south' })
    await data(ada, 'mutation { archiveWorkspace(workspace: "south") { workspace { archivedAt } } }')
    expect((await data(ada, '{ archivedWorkspaces { name archivedAt } }')).archivedWorkspaces).toEqual([
      { name: 'south', archivedAt: expect.any(Number) },
    ])
    expect(await codeOf(at(nora, 'north'), '{ archivedWorkspaces { name } }')).toBe('PERMISSION_DENIED')
    const get = { headers: bearer(secret) }
    expect((await send('GET', '/api/2.0/mlflow/experiments/search?max_results=1', get)).status).toBe(404)
    await data(ada, 'mutation { restoreWorkspace(workspace: "south") { workspace { archivedAt } } }')
    expect((await data(ada, '{ archivedWorkspaces { name } }')).archivedWorkspaces).toEqual([])
    expect((await send('POST', '/api/2.0/mlflow/experiments/search', { ...get, body: { max_results: 1 } })).status).toBe(200)
  })

  it('has another name, and its tokens with it', async () => {
    const { secret } = await create(nora, { workspace: 'north' })
    expect(await codeOf(at(nora, 'south'), 'mutation { updateWorkspace(workspace: "south", name: "mine") { workspace { name } } }')).toBe(
      'PERMISSION_DENIED',
    )
    await data(
      at(nora, 'north'),
      'mutation { updateWorkspace(workspace: "north", name: "far-north", description: "ice") { workspace { name } } }',
    )
    expect((await data(bearer(secret), '{ viewer { workspace { name } } }')).viewer.workspace.name).toBe('far-north')
    expect(await codeOf(at(basic('nora'), 'north'), '{ viewer { name } }')).toBe('RESOURCE_DOES_NOT_EXIST')
  })
})
