/** Gates on aliases, whom a gate lets through, and what becomes of approvals whose givers may no more. */
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { peopleOf, type Who } from '../../../../test/people.ts'

let platform: Platform
const { send, data, first, make } = peopleOf(() => platform)
let ada: Who, eve: Who, amy: Who, abe: Who, vi: Who

beforeAll(async () => {
  platform = await startPlatform({ access: 'accounts' })
  ada = await first()
  eve = await make('eve', { default: 'ENGINEER' })
  amy = await make('amy', { default: 'APPROVER' })
  abe = await make('abe', { default: 'APPROVER' })
  vi = await make('vi', { default: 'VIEWER' })
}, 60_000)
afterAll(() => platform?.stop())

let count = 0
let name: string
const wire = (who: Who, method: string, path: string, body: object) => send(method, `/api/2.0/mlflow/${path}`, { headers: who, body })
beforeEach(async () => {
  name = `model ${++count}`
  await wire(eve, 'POST', 'registered-models/create', { name })
  for (let i = 0; i < 2; i++) await wire(eve, 'POST', 'model-versions/create', { name, source: 's3://bucket/model' })
})

const setPolicy = (gates: object[] | null) =>
  data(ada, 'mutation ($input: SetRegistryPolicyInput!) { setRegistryPolicy(input: $input) { policy { gates { stage } } } }', {
    input: { model: name, gates },
  })
const facts = 'id from to state approvals { by } can { approve whyNot }'
const request = async (who: Who, stage: string, version = 2) =>
  (
    await data(who, `mutation ($input: RequestTransitionInput!) { requestTransition(input: $input) { request { ${facts} } } }`, {
      input: { name, version, stage },
    })
  ).requestTransition.request
const approve = async (who: Who, id: string) =>
  (await data(who, `mutation ($id: ID!) { approveTransition(request: $id) { request { ${facts} } } }`, { id })).approveTransition.request
const look = async (who: Who, id: string) =>
  (await data(who, `query ($id: ID!) { transitionRequest(id: $id) { ${facts} } }`, { id })).transitionRequest
const aliases = async () =>
  (await data(vi, 'query ($name: String!) { registeredModel(name: $name) { aliases { alias version } } }', { name })).registeredModel
    .aliases
const setAlias = (who: Who, alias: string, version: number) =>
  wire(who, 'POST', 'registered-models/alias', { name, alias, version: String(version) })
const activity = async (kind: string) =>
  (
    await data(vi, 'query ($name: String!) { registeredModel(name: $name) { activity { nodes { kind actor from to data } } } }', { name })
  ).registeredModel.activity.nodes.filter((it: any) => it.kind === kind)

describe('a gate on aliases', () => {
  it('is passed by a request, and by nothing else', async () => {
    expect((await setAlias(eve, 'champion', 1)).status).toBe(200)
    await setPolicy([{ stage: '@champ*', approvals: 2 }])
    for (const who of [eve, ada]) {
      const direct = await setAlias(who, 'champion', 2)
      expect(direct).toMatchObject({ status: 403, json: { error_code: 'PERMISSION_DENIED' } })
      expect(direct.json.message).toContain("'@champion' has a gate: ask for the transition, and 2 approvals open it.")
    }
    expect((await wire(eve, 'DELETE', 'registered-models/alias', { name, alias: 'champion' })).status).toBe(403)
    expect((await setAlias(eve, 'Champ', 2)).status).toBe(403)
    expect((await setAlias(eve, 'candidate', 2)).status).toBe(200)
    // What is so already is no move.
    expect((await setAlias(eve, 'champion', 1)).status).toBe(200)

    const { id } = await request(eve, '@champion')
    expect(await approve(amy, id)).toMatchObject({ to: '@champion', from: 'None', state: 'OPEN' })
    expect(await aliases()).toContainEqual({ alias: 'champion', version: 1 })
    expect(await approve(abe, id)).toMatchObject({ state: 'APPROVED' })
    expect(await aliases()).toContainEqual({ alias: 'champion', version: 2 })
    expect((await activity('ALIAS_SET'))[0]).toMatchObject({ actor: 'abe', from: '1', to: '2' })
  })

  it('that names it goes before a pattern, and an alias without one is asked for of who may set it', async () => {
    await setPolicy([{ stage: '@*', approvals: 3 }, { stage: '@shadow' }])
    const { id } = await request(eve, '@shadow')
    expect(await approve(amy, id)).toMatchObject({ state: 'APPROVED' })
    await setPolicy([])
    const free = await request(vi, '@blue')
    expect((await approve(eve, free.id)).state).toBe('APPROVED')
    expect(await aliases()).toEqual([
      { alias: 'blue', version: 2 },
      { alias: 'shadow', version: 2 },
    ])
  })

  it('closes what asks for what is so by then, and leaves what asks for a stage', async () => {
    await setPolicy([{ stage: '@champion' }])
    const [first, same, other, stage] = [
      await request(eve, '@champion'),
      await request(vi, '@champion'),
      await request(eve, '@champion', 1),
      await request(eve, 'Production'),
    ]
    await approve(amy, first.id)
    expect((await look(eve, same.id)).state).toBe('SUPERSEDED')
    expect((await look(eve, other.id)).state).toBe('OPEN')
    expect((await look(eve, stage.id)).state).toBe('OPEN')
    await wire(eve, 'POST', 'model-versions/transition-stage', { name, version: '1', stage: 'Staging' })
    expect((await look(eve, other.id)).state).toBe('OPEN')
  })

  it.each([
    ['@', 'is no alias'],
    ['@a b', 'is no alias'],
    ['@a/b', 'is no alias'],
  ])('of %j is refused', async (stage, why) => {
    await expect(setPolicy([{ stage }])).rejects.toThrow(why)
  })

  it.each([
    ['@latest', 'reserved'],
    ['@v3', 'reserved'],
    ['@a b', 'Invalid alias name'],
    ['@', 'cannot be empty'],
  ])('cannot be asked for %j', async (stage, why) => {
    await expect(request(eve, stage)).rejects.toThrow(why === 'cannot be empty' ? /./ : why)
  })

  it('that is so already cannot be asked for', async () => {
    await setAlias(eve, 'champion', 2)
    await expect(request(eve, '@champion')).rejects.toThrow("Version 2 is in '@champion' already.")
  })
})

it('whom a gate lets through goes without asking, and that is written down', async () => {
  await setPolicy([{ stage: 'Production', approvals: 2, passers: { accounts: ['amy'] } }])
  const move = (who: Who) => wire(who, 'POST', 'model-versions/transition-stage', { name, version: '1', stage: 'Production' })
  expect((await move(abe)).status).toBe(403)
  expect((await move(amy)).status).toBe(200)
  expect((await activity('STAGE_CHANGED'))[0]).toMatchObject({ actor: 'amy', to: 'Production', data: JSON.stringify({ unasked: true }) })
})

it('a gate says to each what they may do before it', async () => {
  await setPolicy([
    { stage: 'Staging', approvals: 1 },
    { stage: 'Production', approvals: 2, passers: { accounts: ['amy'] }, requesters: { role: 'ENGINEER' } },
  ])
  const ways = async (who: Who) =>
    (await data(who, 'query ($name: String!) { registeredModel(name: $name) { gates { forYou } } }', { name })).registeredModel.gates.map(
      ({ forYou }: { forYou: string }) => forYou,
    )
  expect(await ways(amy)).toEqual(['ASK', 'PASS'])
  expect(await ways(eve)).toEqual(['ASK', 'ASK'])
  expect(await ways(vi)).toEqual(['ASK', 'NONE'])
})

it('a gate that asks for less opens what waits for nothing more', async () => {
  await setPolicy([{ stage: 'Production', approvals: 2 }])
  const { id } = await request(eve, 'Production')
  await approve(amy, id)
  await setPolicy([{ stage: 'Production', approvals: 1 }])
  expect((await look(eve, id)).state).toBe('APPROVED')
  expect((await activity('STAGE_CHANGED'))[0]).toMatchObject({ actor: 'ada', to: 'Production' })
})

describe('an approval', () => {
  it('counts for as long as who gave it may give it', async () => {
    await setPolicy([{ stage: 'Production', approvals: 2 }])
    const { id } = await request(eve, 'Production')
    expect((await approve(amy, id)).approvals).toEqual([{ by: 'amy' }])
    const give = (role: string) =>
      data(ada, 'mutation ($role: Role!) { setMember(account: "amy", role: $role) { member { role } } }', { role })
    await give('VIEWER')
    expect((await look(eve, id)).approvals).toEqual([])
    expect(await approve(abe, id)).toMatchObject({ state: 'OPEN', approvals: [{ by: 'abe' }] })
    await give('APPROVER')
    expect((await look(eve, id)).approvals).toEqual([{ by: 'amy' }, { by: 'abe' }])
    // Nothing moves by itself: one of them says so again.
    expect((await approve(abe, id)).state).toBe('APPROVED')
  })

  it('of a team is one also when the team is called otherwise', async () => {
    await data(ada, 'mutation { createTeam(name: "risk") { team { name } } }')
    await data(ada, 'mutation { addToTeam(team: "risk", account: "vi") { team { name } } }').catch(() =>
      data(ada, 'mutation { joinTeam(team: "risk", account: "vi") { team { name } } }'),
    )
    await setPolicy([{ stage: 'Production', approvers: { teams: ['risk'] } }])
    const { id } = await request(eve, 'Production')
    await data(ada, 'mutation { updateTeam(team: "risk", name: "model risk") { team { name } } }')
    expect((await look(vi, id)).can).toEqual({ approve: true, whyNot: null })
    expect((await approve(vi, id)).state).toBe('APPROVED')
  })
})
