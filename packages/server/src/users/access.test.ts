/** Who gets in, and what they may do there: through GraphQL, MLflow's wire and the doors of files, as clients send it. */
import { type Platform, startPlatform } from '@tidegate/test'
import { basic, bearer, password, peopleOf, sessionOf, tokenOf, type Who } from '@tidegate/test/people'
import { GraphQLEnumType, GraphQLInputObjectType, type GraphQLInputType, GraphQLList, GraphQLNonNull, getNamedType } from 'graphql'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { letGo } from '../audit/retain.sql.ts'
import { buildSchema } from '../graphql.ts'
import { routes } from '../modules.ts'

type Json = any

let platform: Platform
let link: string

const { send, ask, data, codeOf, make } = peopleOf(() => platform)

beforeAll(async () => {
  platform = await startPlatform({ access: 'accounts' })
  link = platform.firstLink!
  const { status } = await send('POST', '/auth/link/accept', { body: { token: tokenOf(link), name: 'Ada', password } })
  expect(status).toBe(200)
  for (const name of ['north', 'south'])
    await data(basic('ada'), 'mutation ($name: String!) { createWorkspace(name: $name) { workspace { id } } }', { name })
})
afterAll(() => platform?.stop())

describe('nobody', () => {
  it('reaches nothing in GraphQL but who they are: each field of the schema says so', async () => {
    const schema = await buildSchema()
    const value = (type: GraphQLInputType): Json => {
      if (type instanceof GraphQLNonNull) return value(type.ofType)
      if (type instanceof GraphQLList) return [value(type.ofType)]
      if (type instanceof GraphQLEnumType) return type.getValues()[0]!.name
      if (type instanceof GraphQLInputObjectType)
        return Object.fromEntries(
          Object.values(type.getFields())
            .filter((field) => field.type instanceof GraphQLNonNull)
            .map((field) => [field.name, value(field.type)]),
        )
      return { Int: 1, Float: 1, Boolean: true, Timestamp: 1, Long: 1, Real: 1 }[getNamedType(type).name] ?? '1'
    }
    const outcomes: Record<string, string> = {}
    for (const [kind, root] of [
      ['query', schema.getQueryType()],
      ['mutation', schema.getMutationType()],
    ] as const) {
      for (const field of Object.values(root!.getFields())) {
        const given = field.args.filter((arg) => arg.type instanceof GraphQLNonNull)
        const declared = given.map((arg) => `$${arg.name}: ${arg.type}`).join(', ')
        const passed = given.map((arg) => `${arg.name}: $${arg.name}`).join(', ')
        const leaf = 'getFields' in getNamedType(field.type) ? '{ __typename }' : ''
        const document = `${kind} ${declared && `(${declared})`} { ${field.name}${passed && `(${passed})`} ${leaf} }`
        outcomes[field.name] = await codeOf({}, document, Object.fromEntries(given.map((arg) => [arg.name, value(arg.type)])))
      }
    }
    const reached = Object.entries(outcomes).filter(([, code]) => code !== 'UNAUTHENTICATED')
    // One of them wants to know which, before it asks anything.
    expect(Object.fromEntries(reached)).toEqual({ viewer: 'OK', server: 'OK', experiment: 'INVALID_PARAMETER_VALUE' })
    expect(Object.keys(outcomes).length).toBeGreaterThan(60)
  })

  it("reaches nothing on MLflow's wire: each route answers 401", async () => {
    const reached: string[] = []
    for (const { method, path } of routes) {
      const whole = path.startsWith('/') ? path : `/api/2.0/mlflow/${path}`
      const { status, json } = await send(method, whole.replace(/\{[^}]*\}/g, '1'), method === 'GET' ? {} : { body: {} })
      if (status !== 401 || json.error_code !== 'UNAUTHENTICATED') reached.push(`${method} ${path}: ${status} ${json.error_code}`)
    }
    expect(reached).toEqual([])
    expect((await send('GET', '/api/2.0/mlflow-artifacts/artifacts/0/x')).status).toBe(401)
    expect((await send('GET', '/get-artifact?run_id=1&path=x')).status).toBe(401)
    expect((await send('GET', '/health')).status).toBe(200)
  })

  it.each([
    ['a wrong password', basic('ada', 'wrong password')],
    ['no such account', basic('nobody')],
    ['a token that was never given', bearer('tg_0000')],
    ['a JWT without a signature', bearer('eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.')],
    ['an empty token', { authorization: 'Bearer  ' }],
    ['another scheme', { authorization: 'Digest x' }],
    ['half a pair', { authorization: `Basic ${Buffer.from('ada').toString('base64')}` }],
    ['no Base64', { authorization: 'Basic %%%' }],
    ['a cookie that was made up', { cookie: 'tidegate_session=made-up' }],
  ])('%s gets nowhere', async (_, who) => {
    const { status, json } = await send('GET', '/api/2.0/mlflow/experiments/get?experiment_id=0', { headers: who })
    expect([status, json.error_code]).toEqual([401, 'UNAUTHENTICATED'])
    // Neither says which of the two was wrong, nor repeats it.
    expect(JSON.stringify(json)).not.toMatch(/wrong password"|nobody|made-up/)
  })

  it('has to wait after ten wrong passwords, the right one too', async () => {
    await make('eve', { default: 'VIEWER' })
    // Another address is another matter; here all come from one.
    const codes: string[] = []
    for (let i = 0; i < 11; i++)
      codes.push((await send('POST', '/auth/sign-in', { body: { name: 'eve', password: `wrong ${i}` } })).json.error_code)
    expect(codes.slice(0, 9).every((code) => code === 'UNAUTHENTICATED')).toBe(true)
    expect(codes.at(-1)).toBe('RESOURCE_EXHAUSTED')
    expect((await send('POST', '/auth/sign-in', { body: { name: 'eve', password } })).status).toBe(429)
  })
})

// The address had its share of wrong passwords: another server knows nothing of it.
describe('somebody', () => {
  beforeAll(async () => {
    await platform.stop()
    platform = await startPlatform({ access: 'accounts' })
    await send('POST', '/auth/link/accept', { body: { token: tokenOf(platform.firstLink!), name: 'Ada', password } })
    for (const name of ['north', 'south'])
      await data(basic('ada'), 'mutation ($name: String!) { createWorkspace(name: $name) { workspace { id } } }', { name })
  })

  it('becomes the first admin by a link that is good once', async () => {
    const again = await send('POST', '/auth/link/accept', { body: { token: tokenOf(platform.firstLink!), name: 'mallory', password } })
    expect([again.status, again.json.message]).toEqual([404, expect.stringContaining('This link is not good any more')])
    expect(await data(basic('ADA'), '{ viewer { name role isAdmin canManage } server { access } }')).toEqual({
      viewer: { name: 'ada', role: 'ADMIN', isAdmin: true, canManage: true },
      server: { access: 'ACCOUNTS' },
    })
  })

  it.each([
    ['short', /has 5 characters/],
    ['aaaaaaaaaaaa', /repeats a few characters/],
    ['gwen-is-here', /holds the name/],
  ])('does not take the password %s', async (word, fault) => {
    const name = 'gwen'
    const known = (await data(basic('ada'), '{ accounts { id name } }')).accounts.find((each: Json) => each.name === name)
    const { link } = known
      ? (await data(basic('ada'), 'mutation ($id: ID!) { resetPassword(id: $id) { link } }', { id: known.id })).resetPassword
      : (await data(basic('ada'), 'mutation { createAccount(name: "gwen") { link } }')).createAccount
    const { status, json } = await send('POST', '/auth/link/accept', { body: { token: tokenOf(link), password: word } })
    expect([status, json.message]).toEqual([400, expect.stringMatching(fault)])
    expect(json.message).not.toContain(word)
    // A password that was refused leaves the link good.
    expect((await send('POST', '/auth/link/read', { body: { token: tokenOf(link) } })).json).toEqual({ name, isNew: true })
  })

  it('signs in and out; the cookie is out of reach of scripts and other sites, and worth nothing afterwards', async () => {
    await make('bob', { default: 'CONTRIBUTOR' })
    const answer = await send('POST', '/auth/sign-in', { body: { name: 'Bob', password } })
    expect(answer.json).toEqual({ name: 'bob' })
    expect(answer.headers['set-cookie']).toEqual([
      expect.stringMatching(/^tidegate_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+$/),
    ])
    const session = sessionOf(answer)
    expect((await data(session, '{ viewer { name } }')).viewer.name).toBe('bob')
    await send('POST', '/auth/sign-out', { headers: session, body: {} })
    expect((await data(session, '{ viewer { name } }')).viewer).toBeNull()
  })

  it('changes the password, and whoever was signed in is out', async () => {
    const who = await make('cleo', { default: 'VIEWER' })
    const session = sessionOf(await send('POST', '/auth/sign-in', { body: { name: 'cleo', password } }))
    const change = 'mutation ($current: String!, $next: String!) { changePassword(current: $current, next: $next) { account { name } } }'
    expect(await codeOf(session, change, { current: 'not that one', next: 'another long tide' })).toBe('INVALID_PARAMETER_VALUE')
    await data(session, change, { current: password, next: 'another long tide' })
    expect((await data(session, '{ viewer { name } }')).viewer).toBeNull()
    expect(await codeOf(who, '{ tokens { id } }')).toBe('UNAUTHENTICATED')
    expect(await codeOf(basic('cleo', 'another long tide'), '{ tokens { id } }')).toBe('OK')
  })

  it('has tokens: shown once, of a scope, with an end, revoked at once', async () => {
    const who = await make('dan', { default: 'CONTRIBUTOR' })
    const create =
      'mutation ($scope: TokenScope, $expiresAt: Timestamp) { createToken(name: "ci", scope: $scope, expiresAt: $expiresAt) { secret token { id hint usedAt } } }'
    const { createToken: all } = await data(who, create)
    const { createToken: reads } = await data(who, create, { scope: 'READ' })
    const { createToken: brief } = await data(who, create, { expiresAt: Date.now() + 400 })
    expect(all.secret).toMatch(/^tg_[\w-]{43}$/)
    const listed = await data(bearer(all.secret), '{ tokens { id name hint scope usedAt } }')
    expect(JSON.stringify(listed)).not.toContain(all.secret.slice(10))
    expect(listed.tokens.map(({ scope }: Json) => scope)).toEqual(['ALL', 'READ', 'ALL'])
    const makes = (token: string) =>
      send('POST', '/api/2.0/mlflow/experiments/create', { headers: bearer(token), body: { name: `of ${token.slice(3, 12)}` } })
    expect((await makes(all.secret)).status).toBe(200)
    expect((await makes(reads.secret)).json.error_code).toBe('PERMISSION_DENIED')
    expect(
      (await send('POST', '/api/2.0/mlflow/experiments/search', { headers: bearer(reads.secret), body: { max_results: 5 } })).status,
    ).toBe(200)
    // As a password, for clients that have no place for a token.
    expect((await makes(all.secret)).json.error_code).toBe('RESOURCE_ALREADY_EXISTS')
    expect((await send('GET', '/api/2.0/mlflow/experiments/get?experiment_id=0', { headers: basic('dan', all.secret) })).status).toBe(200)
    await new Promise((resolve) => setTimeout(resolve, 450))
    expect((await makes(brief.secret)).status).toBe(401)
    await data(who, 'mutation ($id: ID!) { revokeToken(id: $id) { token { id } } }', { id: all.token.id })
    expect((await makes(all.secret)).status).toBe(401)
    // Another's is as unknown as none.
    const other = await make('erin', { default: 'ADMIN' })
    expect(await codeOf(other, 'mutation ($id: ID!) { revokeToken(id: $id) { token { id } } }', { id: reads.token.id })).toBe(
      'RESOURCE_DOES_NOT_EXIST',
    )
  })

  it('is out at once when the account is disabled; the last admin stays', async () => {
    const who = await make('finn', { default: 'ADMIN' })
    const { accounts } = await data(basic('ada'), '{ accounts { id name } }')
    const id = (name: string) => accounts.find((each: Json) => each.name === name).id
    const disable = 'mutation ($id: ID!) { updateAccount(id: $id, isDisabled: true) { account { disabledAt } } }'
    expect(await codeOf(who, disable, { id: id('ada') })).toBe('PERMISSION_DENIED')
    expect(await codeOf(who, '{ tokens { id } }')).toBe('OK')
    await data(basic('ada'), disable, { id: id('finn') })
    expect(await codeOf(who, '{ tokens { id } }')).toBe('UNAUTHENTICATED')
    await expect(data(basic('ada'), disable, { id: id('ada') })).rejects.toThrow('ada is the only one who manages the installation')
  })
})

describe('a role', () => {
  const people: Record<string, Who> = {}
  let experiment: string
  let run: string

  beforeAll(async () => {
    for (const role of ['VIEWER', 'CONTRIBUTOR', 'ENGINEER', 'APPROVER', 'ADMIN'])
      people[role] = { ...(await make(`${role.toLowerCase()}-1`, { north: role })), 'x-tidegate-workspace': 'north' }
    people.NONE = { ...(await make('stranger', { south: 'ADMIN' })), 'x-tidegate-workspace': 'north' }
    const wire = async (path: string, body: object) =>
      (await send('POST', `/api/2.0/mlflow/${path}`, { headers: people.ADMIN!, body })).json
    experiment = (await wire('experiments/create', { name: 'tides' })).experiment_id
    run = (await wire('runs/create', { experiment_id: experiment, start_time: 1 })).run.info.run_id
  })

  /** What each role gets: + passes, - is denied, . is not there. */
  const table: [what: string, outcomes: string, query: string][] = [
    // VIEWER, CONTRIBUTOR, ENGINEER, APPROVER, ADMIN, no member
    ['sees an experiment', '+++++.', 'query ($e: ID!) { experiment(id: $e) { id } }'],
    ['sees a run', '+++++.', 'query ($r: ID!) { run(id: $r) { id } }'],
    ['sees members', '+++++.', '{ members { role } }'],
    ['makes an experiment', '-++++.', 'mutation { createExperiment(input: { name: "ROLE" }) { experiment { id } } }'],
    ['tags a run', '-++++.', 'mutation ($r: ID!) { setTag(runId: $r, key: "k", value: "v") { run { id } } }'],
    ['writes a log', '-++++.', 'mutation ($r: ID!) { appendLog(input: { runId: $r, entries: [{ text: "x" }] }) { total } }'],
    ['restores a run', '-++++.', 'mutation ($r: ID!) { restoreRun(id: $r) { run { id } } }'],
    ['adds a member', '----+.', 'mutation { setMember(account: "viewer-1", role: VIEWER) { member { role } } }'],
    ['grants', '----+.', 'mutation ($e: ID!) { setGrant(experiment: $e, account: "viewer-1", permission: null) { grant { permission } } }'],
    ['makes a workspace', '-----.', 'mutation { createWorkspace(name: "own-ROLE") { workspace { id } } }'],
    ['makes an account', '-----.', 'mutation { createAccount(name: "new") { link } }'],
    ['sees accounts', '-----.', '{ accounts { id } }'],
  ]
  const sign: Record<string, string> = { OK: '+', PERMISSION_DENIED: '-', RESOURCE_DOES_NOT_EXIST: '.' }

  it.each(table)('%s: %s', async (_, outcomes, query) => {
    let found = ''
    for (const [role, who] of Object.entries(people)) {
      const document = query.replace('ROLE', role.toLowerCase())
      const variables = { ...(query.includes('$e') && { e: experiment }), ...(query.includes('$r') && { r: run }) }
      const answer = await ask(who, document, variables)
      const code =
        answer.errors?.[0]?.extensions?.code ?? (Object.values(answer.data ?? {}).includes(null) ? 'RESOURCE_DOES_NOT_EXIST' : 'OK')
      found += sign[code] ?? `(${code})`
    }
    expect(found).toBe(outcomes)
  })

  it('says of a workspace one is no member of what it says of none', async () => {
    const of = async (workspace: string) => {
      const { status, json } = await send('GET', '/api/2.0/mlflow/experiments/get?experiment_id=0', {
        headers: { ...people.NONE!, 'x-tidegate-workspace': workspace },
      })
      return [status, JSON.stringify(json).replaceAll(workspace, 'NAME')]
    }
    expect(await of('north')).toEqual(await of('nowhere'))
  })

  it('holds what is in another workspace to be unknown, through both doors', async () => {
    const south = { ...basic('stranger'), 'x-tidegate-workspace': 'south' }
    const none = '0'.repeat(32)
    const get = async (path: string) => {
      const { status, json } = await send('GET', path, { headers: south })
      return [
        status,
        JSON.stringify(json).replaceAll(run, 'ID').replaceAll(none, 'ID').replaceAll(`=${experiment}`, '=N').replaceAll('=4242', '=N'),
      ]
    }
    expect(await get(`/api/2.0/mlflow/runs/get?run_id=${run}`)).toEqual(await get(`/api/2.0/mlflow/runs/get?run_id=${none}`))
    expect(await get(`/api/2.0/mlflow/experiments/get?experiment_id=${experiment}`)).toEqual(
      await get('/api/2.0/mlflow/experiments/get?experiment_id=4242'),
    )
    expect(await get(`/api/2.0/mlflow/artifacts/list?run_id=${run}`)).toEqual(await get(`/api/2.0/mlflow/artifacts/list?run_id=${none}`))
    expect(
      await data(south, 'query ($r: ID!, $e: ID!) { run(id: $r) { id } experiment(id: $e) { id } }', { r: run, e: experiment }),
    ).toEqual({ run: null, experiment: null })
  })

  it('is outweighed by a grant on one experiment, either way, and an answer says why', async () => {
    const admin = people.ADMIN!
    const grant = (account: string, permission: string | null) =>
      data(
        admin,
        'mutation ($e: ID!, $account: String!, $permission: Permission) { setGrant(experiment: $e, account: $account, permission: $permission) { grant { permission } } }',
        {
          e: experiment,
          account,
          permission,
        },
      )
    const tag = 'mutation ($r: ID!) { setTag(runId: $r, key: "k", value: "v") { run { id } } }'
    const why = async (account: string, ability: string) =>
      (
        await data(
          admin,
          'query ($a: String!, $m: AbilityName!, $e: ID!) { access(account: $a, may: $m, experiment: $e) { allowed because } }',
          { a: account, m: ability, e: experiment },
        )
      ).access
    await grant('viewer-1', 'EDIT')
    expect(await codeOf(people.VIEWER!, tag, { r: run })).toBe('OK')
    expect(await why('viewer-1', 'EDIT')).toEqual({
      allowed: true,
      because: `viewer-1 may change experiment ${experiment}: they were granted EDIT on it, which goes before their role.`,
    })
    await grant('engineer-1', 'NO_PERMISSIONS')
    const engineer = people.ENGINEER!
    const hidden = [
      `/api/2.0/mlflow/runs/get?run_id=${run}`,
      `/api/2.0/mlflow/experiments/get?experiment_id=${experiment}`,
      `/api/2.0/mlflow/artifacts/list?run_id=${run}`,
      `/api/2.0/mlflow/metrics/get-history?run_id=${run}&metric_key=loss`,
    ]
    for (const path of hidden) {
      const masked = async (at: string) => {
        const { status, json } = await send('GET', at, { headers: engineer })
        return [at.split('?')[0], status, JSON.stringify(json).replace(/id=[0-9a-f]{32}|id=\d+/g, 'ID')]
      }
      expect(await masked(path)).toEqual(await masked(path.replace(run, '0'.repeat(32)).replace(/experiment_id=\d+/, 'experiment_id=4242')))
    }
    const { json: listed } = await send('POST', '/api/2.0/mlflow/experiments/search', { headers: engineer, body: { max_results: 100 } })
    expect(JSON.stringify(listed)).not.toContain('"tides"')
    const { json: found } = await send('POST', '/api/2.0/mlflow/runs/search', { headers: engineer, body: { experiment_ids: [experiment] } })
    expect(found.runs ?? []).toEqual([])
    expect((await data(engineer, '{ experiments { nodes { name } } }')).experiments.nodes.map(({ name }: Json) => name)).not.toContain(
      'tides',
    )
    expect((await why('engineer-1', 'READ')).allowed).toBe(false)
    await grant('engineer-1', null)
    expect(await codeOf(engineer, tag, { r: run })).toBe('OK')
    expect((await why('approver-1', 'MANAGE')).because).toBe(
      `approver-1 may not manage experiment ${experiment}: they are APPROVER of the workspace 'north'.`,
    )
  })

  it('is taken away at once, and the last admin of a workspace stays', async () => {
    const remove = 'mutation ($account: String!) { removeMember(account: $account) { name } }'
    expect(await codeOf(people.CONTRIBUTOR!, '{ members { role } }')).toBe('OK')
    await data(people.ADMIN!, remove, { account: 'contributor-1' })
    expect(await codeOf(people.CONTRIBUTOR!, '{ members { role } }')).toBe('RESOURCE_DOES_NOT_EXIST')
    await data({ ...basic('ada'), 'x-tidegate-workspace': 'north' }, remove, { account: 'ada' })
    await expect(data(people.ADMIN!, remove, { account: 'admin-1' })).rejects.toThrow(
      "Nobody would be left who manages the workspace 'north'",
    )
    // Who manages it by a team is one too.
    const [set, north] = [
      'mutation ($role: Role!) { setMember(account: "admin-1", role: $role) { __typename } }',
      { ...basic('ada'), 'x-tidegate-workspace': 'north' },
    ]
    await data(people.ADMIN!, 'mutation { createTeam(name: "keepers", role: ADMIN) { __typename } }')
    await data(people.ADMIN!, 'mutation { joinTeam(team: "keepers", account: "engineer-1") { __typename } }')
    await data(people.ADMIN!, set, { role: 'VIEWER' })
    await data(north, set, { role: 'ADMIN' })
    await data(north, 'mutation { deleteTeam(team: "keepers") { __typename } }')
  })
})

it('what is open ends when the right is withdrawn, and goes on where only something else changed', async () => {
  const owner = { ...basic('ada'), 'x-tidegate-workspace': 'south' }
  const listener = { ...(await make('listener', { south: 'VIEWER' })), 'x-tidegate-workspace': 'south' }
  const { json } = await send('POST', '/api/2.0/mlflow/experiments/create', { headers: owner, body: { name: 'heard' } })
  const closed: number[] = []
  const heard: string[] = []
  const open = (headers: Who) =>
    new Promise<WebSocket>((resolve) => {
      const socket = new WebSocket(`${platform.origin.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers })
      socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init' })))
      socket.on('close', (code) => closed.push(code))
      socket.on('message', (data) => {
        const message = JSON.parse(String(data))
        if (message.type === 'connection_ack') {
          const query = 'subscription ($e: [ID!]!) { runsChanged(experiments: $e) { runs { id } } }'
          socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query, variables: { e: [json.experiment_id] } } }))
          resolve(socket)
        } else if (message.type === 'next') heard.push(JSON.stringify(message.payload))
      })
    })
  const [mine] = [await open(owner), await open(listener)]
  await vi.waitFor(
    async () => {
      await send('POST', '/api/2.0/mlflow/runs/create', { headers: owner, body: { experiment_id: json.experiment_id, start_time: 1 } })
      expect(heard.length).toBeGreaterThanOrEqual(2)
    },
    { timeout: 5_000, interval: 200 },
  )
  await data(owner, 'mutation { removeMember(account: "listener") { name } }')
  await vi.waitFor(() => expect(closed).toEqual([4499]), { timeout: 5_000 })
  expect(mine.readyState).toBe(WebSocket.OPEN)
  mine.close()
})

it('writes down what was changed and what was refused, without secrets, and nothing can be taken back', async () => {
  const admin = { ...basic('ada'), 'x-tidegate-workspace': 'south' }
  const { json } = await send('POST', '/api/2.0/mlflow/experiments/create', { headers: admin, body: { name: 'audited' } })
  const { run } = (await send('POST', '/api/2.0/mlflow/runs/create', { headers: admin, body: { experiment_id: json.experiment_id } })).json
  await send('POST', '/api/2.0/mlflow/runs/log-metric', {
    headers: admin,
    body: { run_id: run.info.run_id, key: 'loss', value: 1, timestamp: 1 },
  })
  await send('POST', '/auth/sign-in', { body: { name: 'ada', password: 'my secret word' } })
  const viewer = { ...(await make('watcher', { south: 'VIEWER' })), 'x-tidegate-workspace': 'south' }
  expect(await codeOf(viewer, 'mutation ($e: ID!) { deleteExperiment(id: $e) { experiment { id } } }', { e: json.experiment_id })).toBe(
    'PERMISSION_DENIED',
  )

  const entries = async (args: string, who: Who = admin) =>
    (await data(who, `{ auditLog(${args}) { next entries { actor operation target outcome through detail } } }`)).auditLog.entries
  const found = await entries('first: 10')
  expect(found.slice(0, 3)).toMatchObject([
    {
      actor: 'watcher',
      operation: 'experiment.delete',
      target: `Experiment ${json.experiment_id}`,
      outcome: 'PERMISSION_DENIED',
      through: 'PASSWORD',
    },
    { actor: 'ada', operation: 'member.set', outcome: 'OK' },
    { actor: 'ada', operation: 'run.create', outcome: 'OK' },
  ])
  // Points are the run's own.
  expect(found.map(({ operation }: Json) => operation)).not.toContain('run.log-metric')
  expect(await entries('first: 5, refused: true, search: "EXPERIMENT.del"')).toHaveLength(1)
  const all = await entries('first: 1000, everywhere: true')
  expect(all.find(({ outcome, operation }: Json) => operation === 'account.sign-in' && outcome === 'UNAUTHENTICATED')).toMatchObject({
    actor: 'ada',
    detail: expect.stringContaining('"password":"…"'),
  })
  expect(JSON.stringify(all)).not.toMatch(/my secret word|the long tide|a long tide/)
  expect(await codeOf(viewer, '{ auditLog { next } }')).toBe('PERMISSION_DENIED')
  await expect(platform.db.query("UPDATE audit SET actor = 'nobody'")).rejects.toThrow('append-only')
  await expect(platform.db.query('DELETE FROM audit')).rejects.toThrow('append-only')
  expect(await letGo(platform.db, Date.now() - 1_000_000)).toBe(0)
  expect(await letGo(platform.db, Date.now() + 1_000)).toBeGreaterThan(10)
})

it('writes down what was so before and is after: of roles, grants, accounts and names', async () => {
  const admin = { ...basic('ada'), 'x-tidegate-workspace': 'south' }
  await make('risen', { south: 'VIEWER' })
  const role = 'mutation { setMember(account: "risen", role: ENGINEER) { member { role } } }'
  await data(admin, role)
  const { json } = await send('POST', '/api/2.0/mlflow/experiments/create', { headers: admin, body: { name: 'once' } })
  const e = json.experiment_id
  const grant = 'mutation ($e: ID!, $p: Permission) { setGrant(experiment: $e, account: "risen", permission: $p) { grant { permission } } }'
  await data(admin, grant, { e, p: 'READ' })
  await data(admin, grant, { e, p: 'MANAGE' })
  await data(admin, grant, { e, p: null })
  await data(admin, 'mutation ($e: ID!) { updateExperiment(input: { id: $e, name: "since" }) { experiment { name } } }', { e })
  // It changes nothing.
  await data(admin, role)
  const { auditLog } = await data(admin, '{ auditLog(first: 7) { keptDays entries { operation before after } } }')
  expect(auditLog.keptDays).toBe(400)
  const said = (it: Json) => [it.operation, ...[it.before, it.after].map((text) => (text === null ? null : JSON.parse(text)))]
  expect(auditLog.entries.map(said)).toEqual([
    ['member.set', null, null],
    ['experiment.rename', { name: 'once' }, { name: 'since' }],
    ['grant.set', { permission: 'MANAGE' }, { permission: null }],
    ['grant.set', { permission: 'READ' }, { permission: 'MANAGE' }],
    ['grant.set', { permission: null }, { permission: 'READ' }],
    ['experiment.create', null, null],
    ['member.set', { role: 'VIEWER' }, { role: 'ENGINEER' }],
  ])
  const found = await data(admin, '{ auditLog(first: 7, search: "since") { entries { operation } } }')
  expect(found.auditLog.entries[0]).toEqual({ operation: 'experiment.rename' })
})

it('behind TLS its links and its cookie are of that address', async () => {
  await platform.stop()
  platform = await startPlatform({ access: 'accounts', publicUrl: 'https://tides.example.org' })
  expect(platform.firstLink).toMatch(/^https:\/\/tides\.example\.org\/link#/)
  const { headers } = await send('POST', '/auth/link/accept', { body: { token: tokenOf(platform.firstLink!), name: 'ada', password } })
  expect(String(headers['set-cookie'])).toContain('; Secure')
})
