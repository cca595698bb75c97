/** Teams, and roles of a workspace's own making: what they give and take, at every door. */
import { type Platform, startPlatform } from '@tidegate/test'
import { basic, peopleOf, type Who } from '@tidegate/test/people'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'

type Json = any

let platform: Platform
const { send, data, codeOf, first, make } = peopleOf(() => platform)
let admin: Who

beforeAll(async () => {
  platform = await startPlatform({ access: 'accounts' })
  admin = await first()
})
afterAll(() => platform?.stop())

async function newExperiment(who: Who, name: string, tags: Record<string, string> = {}): Promise<string> {
  const { status, json } = await send('POST', '/api/2.0/mlflow/experiments/create', {
    headers: who,
    body: { name, tags: Object.entries(tags).map(([key, value]) => ({ key, value })) },
  })
  expect(json).toMatchObject({ experiment_id: expect.any(String) })
  expect(status).toBe(200)
  return json.experiment_id
}
const reads = async (who: Who, experiment: string): Promise<number> =>
  (await send('GET', `/api/2.0/mlflow/experiments/get?experiment_id=${experiment}`, { headers: who })).status
const tags = async (who: Who, experiment: string): Promise<number> =>
  (
    await send('POST', '/api/2.0/mlflow/experiments/set-experiment-tag', {
      headers: who,
      body: { experiment_id: experiment, key: 'k', value: 'v' },
    })
  ).status
const lists = async (who: Who): Promise<string[]> => {
  const { json } = await send('POST', '/api/2.0/mlflow/experiments/search', { headers: who, body: { max_results: 100 } })
  return (json.experiments ?? []).map(({ name }: Json) => name)
}
const why = async (account: string, may: string, experiment?: string) =>
  (
    await data(
      admin,
      'query ($a: String!, $m: AbilityName!, $e: ID) { access(account: $a, may: $m, experiment: $e) { allowed because } }',
      {
        a: account,
        m: may,
        e: experiment,
      },
    )
  ).access

const makeTeam = (name: string, role: string | null = null) =>
  data(
    admin,
    'mutation ($name: String!, $role: Role) { createTeam(name: $name, role: $role) { team { id name role members { name } } } }',
    {
      name,
      role,
    },
  )
const join = (team: string, account: string) =>
  data(admin, 'mutation ($t: String!, $a: String!) { joinTeam(team: $t, account: $a) { team { members { name } } } }', {
    t: team,
    a: account,
  })
async function makeRole(name: string): Promise<string> {
  return (await data(admin, 'mutation ($name: String!) { createRole(name: $name) { role { id } } }', { name })).createRole.role.id
}
const addRule = (role: string, rule: Json) =>
  data(
    admin,
    `mutation ($role: ID!, $kind: SecurableKind!, $about: String, $tags: [TagConditionInput!], $stage: String, $alias: String, $isOwn: Boolean, $permission: Permission!) {
       addRule(role: $role, kind: $kind, about: $about, tags: $tags, stage: $stage, alias: $alias, isOwn: $isOwn, permission: $permission) { rule { id } }
     }`,
    { role, ...rule },
  )
const assign = (role: string, who: { account?: string; team?: string }) =>
  data(
    admin,
    'mutation ($role: ID!, $account: String, $team: String) { assignRole(role: $role, account: $account, team: $team) { role { teams accounts { name } } } }',
    {
      role,
      ...who,
    },
  )

describe('a team', () => {
  it('gives its role to all of it, the higher of the two, and takes it with it', async () => {
    const solar = await make('solar-1')
    expect(await codeOf(solar, '{ members { role } }')).toBe('RESOURCE_DOES_NOT_EXIST')
    await makeTeam('solar', 'CONTRIBUTOR')
    expect((await join('solar', 'solar-1')).joinTeam.team.members).toEqual([{ name: 'solar-1' }])
    const mine = await newExperiment(solar, 'by-solar')
    expect((await why('solar-1', 'CREATE')).because).toBe(
      "solar-1 may make things in the workspace 'default': they are CONTRIBUTOR of the workspace 'default', by the team 'solar'.",
    )
    // Their own role is lower, and changes nothing.
    await data(admin, 'mutation { setMember(account: "solar-1", role: VIEWER) { member { role } } }')
    expect(await tags(solar, '0')).toBe(200)
    expect((await data(solar, '{ viewer { role workspaces { name } } }')).viewer).toEqual({
      role: 'CONTRIBUTOR',
      workspaces: [{ name: 'default' }],
    })
    await data(admin, 'mutation { updateTeam(team: "solar", role: null) { team { role } } }')
    expect(await tags(solar, '0')).toBe(403)
    // What they made is theirs still.
    expect(await tags(solar, mine)).toBe(200)
    await data(admin, 'mutation { deleteTeam(team: "solar") { name } }')
    expect((await data(admin, '{ teams { name } }')).teams).toEqual([])
  })

  it('is granted single things; who was granted them themselves has that instead', async () => {
    const [one, two] = [await make('grid-1', { default: 'VIEWER' }), await make('grid-2', { default: 'VIEWER' })]
    await makeTeam('grid')
    await join('grid', 'grid-1')
    await join('grid', 'grid-2')
    const experiment = await newExperiment(admin, 'grid-only')
    const grant = (who: object, permission: string | null) =>
      data(
        admin,
        'mutation ($e: ID!, $account: String, $team: String, $p: Permission) { setGrant(experiment: $e, account: $account, team: $team, permission: $p) { grant { team permission account { name } } } }',
        { e: experiment, p: permission, ...who },
      )
    expect((await grant({ team: 'grid' }, 'EDIT')).setGrant.grant).toEqual({ team: 'grid', permission: 'EDIT', account: null })
    await grant({ account: 'grid-2' }, 'READ')
    expect([await tags(one, experiment), await tags(two, experiment)]).toEqual([200, 403])
    expect((await why('grid-1', 'EDIT', experiment)).because).toContain("the team 'grid' was granted EDIT on it")
    expect(
      (await data(admin, 'query ($e: ID!) { grants(experiment: $e) { team permission account { name } } }', { e: experiment })).grants,
    ).toEqual([
      { team: 'grid', permission: 'EDIT', account: null },
      { team: null, permission: 'READ', account: { name: 'grid-2' } },
    ])
    await expect(grant({}, 'READ')).rejects.toThrow("Give 'account' or 'team': one of them.")
    await expect(grant({ team: 'none' }, 'READ')).rejects.toThrow("No team 'none' exists")
  })

  it('is changed by who manages the workspace only, and is of one workspace', async () => {
    const viewer = await make('looker', { default: 'VIEWER' })
    expect((await data(viewer, '{ teams { name members { name email } } }')).teams).toEqual([
      {
        name: 'grid',
        members: [
          { name: 'grid-1', email: null },
          { name: 'grid-2', email: null },
        ],
      },
    ])
    for (const mutation of [
      'createTeam(name: "x") { team { id } }',
      'joinTeam(team: "grid", account: "looker") { team { id } }',
      'leaveTeam(team: "grid", account: "grid-1") { team { id } }',
      'deleteTeam(team: "grid") { name }',
      'createRole(name: "x") { role { id } }',
    ])
      expect(await codeOf(viewer, `mutation { ${mutation} }`)).toBe('PERMISSION_DENIED')
    await data(admin, 'mutation { createWorkspace(name: "west") { workspace { id } } }')
    const west = { ...admin, 'x-tidegate-workspace': 'west' }
    expect((await data(west, '{ teams { name } }')).teams).toEqual([])
    expect(await codeOf(west, 'mutation { deleteTeam(team: "grid") { name } }')).toBe('RESOURCE_DOES_NOT_EXIST')
    await expect(makeTeam('grid')).rejects.toThrow("A team 'grid' exists already.")
  })
})

describe("a role of the workspace's own making", () => {
  it('gives what its rules say to who is no member otherwise, and nothing else', async () => {
    const [open, shut] = [await newExperiment(admin, 'opened'), await newExperiment(admin, 'shut')]
    const guest = await make('guest')
    const role = await makeRole('guests')
    await addRule(role, { kind: 'EXPERIMENT', about: open, permission: 'EDIT' })
    expect(await reads(guest, open)).toBe(404)
    await assign(role, { account: 'guest' })
    expect([await reads(guest, open), await tags(guest, open), await reads(guest, shut)]).toEqual([200, 200, 404])
    expect(await lists(guest)).toEqual(['opened'])
    expect((await send('POST', '/api/2.0/mlflow/experiments/create', { headers: guest, body: { name: 'x' } })).status).toBe(403)
    expect((await why('guest', 'EDIT', open)).because).toBe(`guest may change experiment ${open}: the role 'guests' says so.`)
    await data(admin, 'mutation ($r: ID!) { unassignRole(role: $r, account: "guest") { role { id } } }', { r: role })
    expect(await reads(guest, open)).toBe(404)
  })

  it('takes what has a tag, whatever else gives it, as soon as it has it', async () => {
    const experiment = await newExperiment(admin, 'patients')
    const clerk = await make('clerk', { default: 'CONTRIBUTOR' })
    const role = await makeRole('no-pii')
    await addRule(role, { kind: 'EXPERIMENT', tags: [{ key: 'pii', value: 'yes' }], permission: 'NO_PERMISSIONS' })
    await makeTeam('clerks')
    await join('clerks', 'clerk')
    expect((await assign(role, { team: 'clerks' })).assignRole.role).toEqual({ teams: ['clerks'], accounts: [] })
    expect(await lists(clerk)).toContain('patients')
    const tag = (value: string) =>
      send('POST', '/api/2.0/mlflow/experiments/set-experiment-tag', {
        headers: admin,
        body: { experiment_id: experiment, key: 'pii', value },
      })
    await tag('yes')
    expect([await reads(clerk, experiment), (await lists(clerk)).includes('patients')]).toEqual([404, false])
    // A grant does not bring it back.
    await data(admin, 'mutation ($e: ID!) { setGrant(experiment: $e, account: "clerk", permission: MANAGE) { grant { permission } } }', {
      e: experiment,
    })
    expect(await reads(clerk, experiment)).toBe(404)
    expect(await why('clerk', 'READ', experiment)).toEqual({
      allowed: false,
      because: `clerk may not see experiment ${experiment}: the role 'no-pii' takes it, whatever else they were given.`,
    })
    await tag('no')
    expect(await reads(clerk, experiment)).toBe(200)
    // Who manages the workspace loses nothing by it.
    await tag('yes')
    await assign(role, { account: 'ada' })
    expect(await reads(admin, experiment)).toBe(200)
    expect(await newExperiment(clerk, 'own-pii', { pii: 'yes' })).toMatch(/^\d+$/)
    expect(await lists(clerk)).not.toContain('own-pii')
  })

  it('asks of models for a stage, an alias, or that its holder made them, as soon as that is so', async () => {
    const wire = async (who: Who, path: string, body: object) =>
      expect((await send('POST', `/api/2.0/mlflow/${path}`, { headers: who, body })).json).not.toHaveProperty('error_code')
    const engineer = await make('engineer', { default: 'ENGINEER' })
    for (const [who, name] of [
      [admin, 'weir'],
      [admin, 'sluice'],
      [engineer, 'gauge'],
    ] as const) {
      await wire(who, 'registered-models/create', { name })
      await wire(who, 'model-versions/create', { name, source: 's3://models/m' })
    }
    const seen = async (who: Who) =>
      (await data(who, '{ registeredModels { nodes { name } } }')).registeredModels.nodes.map(({ name }: Json) => name).sort()
    const auditor = await make('auditor')
    const role = await makeRole('auditors')
    await addRule(role, { kind: 'REGISTERED_MODEL', stage: 'Production', permission: 'READ' })
    await addRule(role, { kind: 'REGISTERED_MODEL', alias: 'champion', permission: 'READ' })
    await assign(role, { account: 'auditor' })
    expect(await seen(auditor)).toEqual([])
    await wire(admin, 'model-versions/transition-stage', {
      name: 'weir',
      version: '1',
      stage: 'Production',
      archive_existing_versions: false,
    })
    await wire(admin, 'registered-models/alias', { name: 'sluice', alias: 'champion', version: '1' })
    expect(await seen(auditor)).toEqual(['sluice', 'weir'])
    await wire(admin, 'model-versions/transition-stage', {
      name: 'weir',
      version: '1',
      stage: 'Archived',
      archive_existing_versions: false,
    })
    expect(await seen(auditor)).toEqual(['sluice'])
    await send('DELETE', '/api/2.0/mlflow/model-versions/delete', { headers: admin, body: { name: 'sluice', version: '1' } })
    expect(await seen(auditor)).toEqual([])

    const makers = await makeRole('own-models')
    await addRule(makers, { kind: 'REGISTERED_MODEL', isOwn: true, permission: 'NO_PERMISSIONS' })
    await assign(makers, { account: 'engineer' })
    expect(await seen(engineer)).toEqual(['sluice', 'weir'])
    await expect(addRule(makers, { kind: 'EXPERIMENT', isOwn: true, permission: 'EDIT' })).rejects.toThrow('Only rules on models ask')
    await expect(addRule(makers, { kind: 'REGISTERED_MODEL', about: 'weir', stage: 'Staging', permission: 'EDIT' })).rejects.toThrow(
      'not both',
    )
  })

  it('of the workspace lets people in to make things, which are theirs, or lets them manage it', async () => {
    const maker = await make('maker')
    const role = await makeRole('makers')
    const { addRule: added } = await addRule(role, { kind: 'WORKSPACE', permission: 'USE' })
    await assign(role, { account: 'maker' })
    const mine = await newExperiment(maker, 'made')
    expect([await tags(maker, mine), await reads(maker, '0'), await tags(maker, '0')]).toEqual([200, 200, 403])
    expect((await data(maker, 'query ($e: ID!) { grants(experiment: $e) { permission account { name } } }', { e: mine })).grants).toEqual([
      { permission: 'MANAGE', account: { name: 'maker' } },
    ])
    await data(admin, 'mutation ($r: ID!) { updateRule(rule: $r, permission: MANAGE) { rule { permission } } }', { r: added.rule.id })
    expect((await data(maker, '{ viewer { role canManage } }')).viewer).toEqual({ role: 'ADMIN', canManage: true })
    await data(admin, 'mutation ($r: ID!) { removeRule(rule: $r) { role { rules { id } } } }', { r: added.rule.id })
    // What they made is what is left.
    expect(await lists(maker)).toEqual(['made'])
  })

  it('is refused where it would mean nothing, and is not there for another workspace', async () => {
    const role = await makeRole('odd')
    await expect(addRule(role, { kind: 'WORKSPACE', permission: 'READ' })).rejects.toThrow('On the workspace a rule gives USE')
    await expect(addRule(role, { kind: 'EXPERIMENT', about: '4242', permission: 'READ' })).rejects.toThrow(
      'No Experiment with id=4242 exists',
    )
    await expect(addRule(role, { kind: 'EXPERIMENT', about: '0', tags: [{ key: 'a', value: 'b' }], permission: 'READ' })).rejects.toThrow(
      'not both',
    )
    await expect(makeRole('odd')).rejects.toThrow("A role 'odd' exists already.")
    const owner = { ...(await make('west-1', { west: 'ADMIN' })), 'x-tidegate-workspace': 'west' }
    const remove = 'mutation ($r: ID!) { deleteRole(role: $r) { id } }'
    expect(await codeOf(owner, remove, { r: role })).toBe('RESOURCE_DOES_NOT_EXIST')
    expect((await data(owner, '{ roles { name } }')).roles).toEqual([])
    await data(admin, remove, { r: role })
    expect((await data(admin, '{ roles { name } }')).roles.map(({ name }: Json) => name)).not.toContain('odd')
  })
})

it('what is open stays open when more is given, and ends when something is taken', async () => {
  const who = await make('open-1', { default: 'CONTRIBUTOR' })
  const closed: number[] = []
  const socket = await new Promise<WebSocket>((resolve) => {
    const made = new WebSocket(`${platform.origin.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers: basic('open-1') })
    made.on('open', () => made.send(JSON.stringify({ type: 'connection_init' })))
    made.on('close', (code) => closed.push(code))
    made.on('message', () => resolve(made))
  })
  const mine = await newExperiment(who, 'opened-by-me')
  await makeTeam('late')
  await join('late', 'open-1')
  await data(admin, 'mutation ($e: ID!) { setGrant(experiment: $e, team: "late", permission: EDIT) { grant { permission } } }', { e: '0' })
  await new Promise((resolve) => setTimeout(resolve, 600))
  expect([closed, socket.readyState]).toEqual([[], WebSocket.OPEN])
  await data(admin, 'mutation ($e: ID!) { setGrant(experiment: $e, account: "open-1", permission: null) { grant { permission } } }', {
    e: mine,
  })
  await vi.waitFor(() => expect(closed).toEqual([4499]), { timeout: 5_000 })
})

it('nobody leaves a workspace without anybody who manages it: by a team, its role, or a role of its own making', async () => {
  await data(admin, 'mutation { createWorkspace(name: "lone") { workspace { id } } }')
  const lone = { ...admin, 'x-tidegate-workspace': 'lone' }
  await make('keeper')
  const away = 'mutation { removeMember(account: "ada") { name } }'
  const nobody = "Nobody would be left who manages the workspace 'lone'"
  // By a team alone.
  await data(lone, 'mutation { createTeam(name: "keepers", role: ADMIN) { team { id } } }')
  await expect(data(lone, away)).rejects.toThrow(nobody)
  await data(lone, 'mutation { joinTeam(team: "keepers", account: "keeper") { team { id } } }')
  await data(lone, away)
  for (const taking of [
    'leaveTeam(team: "keepers", account: "keeper") { team { id } }',
    'updateTeam(team: "keepers", role: VIEWER) { team { id } }',
    'updateTeam(team: "keepers", role: null) { team { id } }',
    'deleteTeam(team: "keepers") { name }',
  ])
    await expect(data(lone, `mutation { ${taking} }`), taking).rejects.toThrow(nobody)
  expect((await data(lone, '{ teams { name role members { name } } }')).teams).toEqual([
    { name: 'keepers', role: 'ADMIN', members: [{ name: 'keeper' }] },
  ])
  // By a role of the workspace's own making, in place of the team's.
  const { id: role } = (await data(lone, 'mutation { createRole(name: "owners") { role { id } } }')).createRole.role
  const add = 'mutation ($role: ID!) { addRule(role: $role, kind: WORKSPACE, permission: MANAGE) { rule { id } } }'
  const { id: rule } = (await data(lone, add, { role })).addRule.rule
  await data(lone, 'mutation ($role: ID!) { assignRole(role: $role, team: "keepers") { role { id } } }', { role })
  await data(lone, 'mutation { updateTeam(team: "keepers", role: null) { team { id } } }')
  for (const [taking, variables] of [
    ['($id: ID!) { removeRule(rule: $id) { role { id } } }', { id: rule }],
    ['($id: ID!) { updateRule(rule: $id, permission: USE) { rule { id } } }', { id: rule }],
    ['($id: ID!) { unassignRole(role: $id, team: "keepers") { role { id } } }', { id: role }],
    ['($id: ID!) { deleteRole(role: $id) { id } }', { id: role }],
    ['{ leaveTeam(team: "keepers", account: "keeper") { team { id } } }', {}],
  ] as const)
    await expect(data(lone, `mutation ${taking}`, variables), taking).rejects.toThrow(nobody)
  // Of two who would leave at once, one stays.
  await make('other')
  await data(lone, 'mutation { joinTeam(team: "keepers", account: "other") { team { id } } }')
  const leave = 'mutation ($who: String!) { leaveTeam(team: "keepers", account: $who) { team { id } } }'
  const left = await Promise.allSettled(['keeper', 'other'].map((who) => data(lone, leave, { who })))
  expect(left.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
})
