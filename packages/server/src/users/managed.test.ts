/** A workspace keeps somebody who manages it, whatever becomes of accounts; and who may do what is told for every ability. */
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { peopleOf, type Who } from '../../../../test/people.ts'
import { actions } from '../access.ts'

let platform: Platform
const { send, data, first, make } = peopleOf(() => platform)
let ada: Who

beforeAll(async () => {
  platform = await startPlatform({ access: 'accounts' })
  ada = await first()
  for (const name of ['north', 'south'])
    await data(ada, 'mutation ($name: String!) { createWorkspace(name: $name) { workspace { id } } }', { name })
}, 60_000)
afterAll(() => platform?.stop())

const north = () => ({ ...ada, 'x-tidegate-workspace': 'north' })
const leave = (workspace: string) =>
  data({ ...ada, 'x-tidegate-workspace': workspace }, 'mutation { removeMember(account: "ada") { name } }')
const idOf = async (name: string) =>
  (await data(ada, '{ accounts { id name } }')).accounts.find((each: { name: string }) => each.name === name).id
const disable = async (name: string, force?: boolean) =>
  data(ada, 'mutation ($id: ID!, $force: Boolean) { updateAccount(id: $id, isDisabled: true, force: $force) { account { disabledAt } } }', {
    ...{ id: await idOf(name), force },
  })
const remove = (username: string, more: object = {}) =>
  send('DELETE', '/api/2.0/mlflow/users/delete', { headers: ada, body: { username, ...more } })

describe('the account of the only one who manages a workspace', () => {
  it('is not disabled, unless it is forced', async () => {
    await make('finn', { north: 'ADMIN', south: 'ADMIN' })
    expect((await disable('finn')).updateAccount.account.disabledAt).not.toBeNull()
    await make('gus', { north: 'ADMIN', south: 'ADMIN' })
    await leave('north')
    await leave('south')
    await expect(disable('gus')).rejects.toMatchObject({
      code: 'INVALID_PARAMETER_VALUE',
      message: "gus is the only one who manages the workspaces 'north', 'south'. Make somebody else an admin there first, or force it.",
    })
    // Who manages it by a team is one too.
    await make('hal', { north: 'VIEWER' })
    await data(north(), 'mutation { createTeam(name: "keepers", role: ADMIN) { __typename } }')
    await data(north(), 'mutation { joinTeam(team: "keepers", account: "hal") { __typename } }')
    await expect(disable('gus')).rejects.toThrow("manages the workspace 'south'")
    expect((await disable('gus', true)).updateAccount.account.disabledAt).not.toBeNull()
    // Whoever manages the installation still manages it.
    await data({ ...ada, 'x-tidegate-workspace': 'south' }, 'mutation { setMember(account: "hal", role: VIEWER) { member { role } } }')
  })

  it('is not deleted either', async () => {
    expect(await remove('hal')).toMatchObject({ status: 400, json: { message: expect.stringContaining("manages the workspace 'north'") } })
    expect((await remove('hal', { force: true })).status).toBe(200)
    await make('ida', { north: 'VIEWER' })
    expect((await remove('ida')).status).toBe(200)
  })
})

describe('May they?', () => {
  it('is answered for all that somebody may do, of one model and of all', async () => {
    await make('ed', { default: 'ENGINEER' })
    await make('vi', { default: 'VIEWER' })
    await send('POST', '/api/2.0/mlflow/registered-models/create', { headers: ada, body: { name: 'load' } })
    const may = async (account: string, action: string, more: object = {}) =>
      (
        await data(
          ada,
          'query ($account: String!, $may: AbilityName!, $model: String, $experiment: ID) { access(account: $account, may: $may, model: $model, experiment: $experiment) { allowed because } }',
          { account, may: action.toUpperCase(), ...more },
        )
      ).access
    const all = async (account: string, more: object = {}) => {
      const found: string[] = []
      for (const action of actions)
        if (!(action === 'create' && 'model' in more) && (await may(account, action, more)).allowed) found.push(action)
      return found
    }
    expect(await all('ed')).toEqual(['read', 'create', 'review', 'move', 'rename'])
    expect(await all('ed', { model: 'load' })).toEqual(['read', 'review', 'edit', 'move', 'rename', 'delete'])
    expect(await all('vi', { model: 'load' })).toEqual(['read', 'review'])
    expect(await may('vi', 'move')).toEqual({
      allowed: false,
      because: "vi may not move versions of models in the workspace 'default': they are VIEWER of the workspace 'default'.",
    })
    expect((await may('ed', 'rename', { model: 'load' })).because).toBe(
      "ed may rename the model 'load': they are ENGINEER of the workspace 'default'.",
    )
    await expect(may('ed', 'move', { experiment: '0' })).rejects.toThrow('Only registered models are there to move')
  })
})
