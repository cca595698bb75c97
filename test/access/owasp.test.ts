/**
 * The ten that OWASP counts first among the risks of APIs (https://owasp.org/API-Security/editions/2023/en/0x11-t10/), one by one, on a server with
 * three workspaces. What is proved of one elsewhere is named there.
 */
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { type Platform, startPlatform } from '@tidegate/test'
import { peopleOf } from '@tidegate/test/people'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildSchema } from '../../packages/server/src/graphql.ts'
import { digestOf, hashPassword } from '../../packages/server/src/passwords.ts'
import { openPaths } from '../../packages/server/src/server-info.ts'
import { generator } from '../random.ts'
import { Fixed } from './draw.ts'
import { operationOn, rootFields } from './graphql-requests.ts'
import { type Ids, unknown, type World } from './ids.ts'
import { masked } from './inputs.ts'
import type { Asked } from './requests.ts'
import { callOn, transferOn, wireRoutes, wireTransfers } from './wire-requests.ts'
import { startWorlds, type Worlds } from './worlds.ts'

let worlds: Worlds
let north: World
let south: World
const { send } = peopleOf(() => worlds.platform)
const of = (world: World, column: string) => ({ ...world.people[column]!.headers, 'x-tidegate-workspace': world.workspace })
const ask = async (headers: Record<string, string>, query: string, variables: object = {}) =>
  (await send('POST', '/graphql', { headers, body: { query, variables } })).json
const codeOf = async (headers: Record<string, string>, query: string, variables: object = {}) =>
  (await ask(headers, query, variables)).errors?.[0]?.extensions?.code ?? 'OK'

beforeAll(async () => {
  worlds = await startWorlds({ logLevel: 'silent' as never })
  ;[north, south] = worlds.all as [World, World, World]
  await worlds.keep()
})
afterAll(() => worlds?.stop())

describe('API1 broken object level authorization', () => {
  async function said(it: Asked, at: Ids): Promise<string> {
    const response = await fetch(worlds.platform.origin + it.path, {
      method: it.method,
      headers: {
        ...of(north, 'admin'),
        ...(it.type && { 'content-type': it.type }),
        accept: it.door === 'subscription' ? 'text/event-stream' : 'application/json',
      },
      ...(it.body !== undefined && { body: it.body }),
      signal: AbortSignal.timeout(it.door === 'subscription' ? 4_000 : 20_000),
    })
    let text = ''
    try {
      for await (const chunk of response.body ?? []) {
        text += Buffer.from(chunk).toString()
        // Of a subscription to all of one's own something comes, and then nothing: the first event is enough.
        if (it.door === 'subscription' && /\n\nevent: next\ndata: .*\n\n/.test(text)) break
      }
    } catch (error) {
      // Of runs from now on nothing is heard, be they of an experiment that is not there: that is an answer too.
      if (it.door !== 'subscription' || (error as Error).name !== 'TimeoutError') throw error
    }
    const isRefused = response.status >= 400 || text.includes('"errors"')
    // What is done all the same holds new things, with numbers of their own.
    return `${response.status} ${isRefused ? masked(text.replaceAll(north.account, 'ACCOUNT'), at).replace(/\b\d{7}\b/g, 'N') : 'done'}`
  }

  async function faultsOf(make: (at: Ids) => Asked, changes: boolean): Promise<string[]> {
    const none = await said(make(unknown), unknown)
    if (changes && none.endsWith('done')) await worlds.restore()
    const foreign = await said(make(south), south)
    if (changes && foreign.endsWith('done')) await worlds.restore()
    return none === foreign ? [] : [`${make(south).what} says ${foreign.slice(0, 400)}\n  and of none ${none.slice(0, 400)}`]
  }

  it('on the wire: each route answers of a thing of another workspace what it answers of none, and nothing there has changed', async () => {
    const before = await worlds.sumOf(south)
    const faults: string[] = []
    for (const [i, route] of wireRoutes.entries())
      faults.push(...(await faultsOf((at) => callOn(route, new Fixed(i, north, at)), route.method !== 'GET')))
    for (const [i, transfer] of wireTransfers.entries())
      faults.push(...(await faultsOf((at) => transferOn(transfer, new Fixed(i, north, at)), !/GET|HEAD/.test(transfer.method))))
    expect(faults.join('\n')).toBe('')
    expect(await worlds.sumOf(south)).toBe(before)
  }, 120_000)

  it('in GraphQL: each query, mutation and subscription likewise', async () => {
    const before = await worlds.sumOf(south)
    const faults: string[] = []
    const schema = await buildSchema()
    for (const kind of ['query', 'mutation', 'subscription'] as const) {
      for (const [i, field] of rootFields(schema, kind).entries()) {
        // That an id of a run is taken is said to who brings their own: matrix.txt.
        if (/^import/.test(field.name)) continue
        faults.push(...(await faultsOf((at) => operationOn(kind, field, new Fixed(i, north, at)), kind === 'mutation')))
      }
    }
    expect(faults.join('\n')).toBe('')
    expect(await worlds.sumOf(south)).toBe(before)
  }, 120_000)
})

describe('API2 broken authentication', () => {
  /** Almost what somebody has. */
  function* spoilt(secret: string, random = generator(5)): Generator<string> {
    for (let i = 0; i < 40; i++) {
      const at = random(secret.length)
      yield secret.slice(0, at)
      yield secret.slice(0, at) + String.fromCharCode(33 + random(90)) + secret.slice(at + 1)
      yield secret.slice(0, at) + secret.slice(at + 1)
      yield secret.slice(0, at) + random.pick(['%00', '/', '=', '.', "'", '"', ',', ';', '%', '*', 'é', '\t', ' ']) + secret.slice(at)
    }
    yield* [
      secret.toUpperCase(),
      secret.toLowerCase() === secret ? `${secret}x` : secret.toLowerCase(),
      secret + secret,
      `${secret}.`,
      `"${secret}"`,
    ]
    yield* ['null', 'undefined', 'true', '0', '[]', '{}', '*', '%', "' OR 1=1 --", 'tg_', 'tg_%', '../..', 'x'.repeat(7_000)]
    yield* [
      randomBytes(32).toString('base64url'),
      Buffer.from(digestOf(secret)).toString('hex'),
      Buffer.from(digestOf(secret)).toString('base64'),
    ]
  }

  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const now = Math.floor(Date.now() / 1000)
  const claims = { sub: 'root', name: 'root', aud: 'tidegate', iss: 'http://127.0.0.1:9/', exp: now + 600, isAdmin: true }
  const jwts = [
    `${part({ alg: 'none' })}.${part(claims)}.`,
    `${part({ alg: 'None', typ: 'JWT' })}.${part(claims)}.AAAA`,
    `${part({ alg: 'HS256' })}.${part(claims)}.${randomBytes(32).toString('base64url')}`,
    `${part({ alg: 'HS256', kid: '../../dev/null' })}.${part({ ...claims, aud: 'another' })}.${randomBytes(32).toString('base64url')}`,
    `${part({ alg: 'RS256', jku: 'http://127.0.0.1:9/' })}.${part({ ...claims, exp: now - 600 })}.${randomBytes(256).toString('base64url')}`,
  ]

  const sessionSecret = randomBytes(32).toString('base64url')
  beforeAll(async () => {
    const { prisma } = worlds.platform.db
    const { id } = await prisma.account.findUniqueOrThrow({ where: { name: north.people.admin!.name } })
    const at = BigInt(Date.now())
    const session = { accountId: id, createdAt: at, seenAt: at, agent: '' }
    await prisma.accountSession.create({ data: { ...session, digest: digestOf(sessionSecret), expiresAt: at + 600_000n } })
    await prisma.accountSession.create({ data: { ...session, digest: digestOf('a session of yesterday'), expiresAt: at - 1n } })
    const token = { accountId: id, name: 'old', hint: 'tg_', scope: 'ALL', createdAt: at }
    await prisma.accessToken.create({ data: { ...token, digest: digestOf('tg_of-yesterday'), expiresAt: at - 1n } })
    await worlds.keep()
  })

  /** Who the server takes a request for. Sent as bytes: what no client would send too. */
  async function nameOf(headers: Record<string, string>, path = '/graphql'): Promise<string | number> {
    const response = await fetch(worlds.platform.origin + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query: '{ viewer { name } }' }),
    }).catch((error: Error & { cause?: Error }) => error)
    // No such header can be sent at all.
    if (response instanceof Error) return 0
    const json = (await response.json()) as any
    return json.data?.viewer?.name ?? response.status
  }

  it('nobody gets in with what is almost a token or a session, with a token of another kind, or with one that has ended', async () => {
    const token = north.people.admin!.headers.authorization!.split(' ')[1]!
    expect(await nameOf({ authorization: `Bearer ${token}` })).toBe('admin-zznorthzz')
    expect(await nameOf({ cookie: `tidegate_session=${sessionSecret}` })).toBe('admin-zznorthzz')
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
    const tries: Array<Record<string, string>> = [
      ...[...spoilt(token), ...jwts, sessionSecret, 'tg_of-yesterday', String(digestOf(token))].map((each) => ({
        authorization: `Bearer ${each}`,
      })),
      ...[...spoilt(token)].map((each) => ({ authorization: basic(`root:tg_${each.replace(/^tg_/, '')}`) })).slice(0, 60),
      ...[...spoilt(sessionSecret), ...jwts, token, 'a session of yesterday'].map((each) => ({ cookie: `tidegate_session=${each}` })),
      ...[
        '',
        'Bearer',
        'Bearer ',
        'Basic',
        'Basic =',
        `Token ${token}`,
        `Bearer: ${token}`,
        `Session ${sessionSecret}`,
        token,
        `Digest username="root"`,
      ].map((authorization) => ({ authorization })),
      { cookie: `session=${sessionSecret}` },
      { cookie: `tidegate_session=; tidegate_session_=${sessionSecret}` },
      { 'x-forwarded-user': 'root' },
      { 'x-remote-user': 'root', 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1' },
      { 'x-api-key': token },
    ]
    const got: unknown[] = []
    for (const headers of tries) {
      const name = await nameOf(headers)
      // Space at either end is no part of a header.
      const isSame = Object.values(headers).some((value) => [`Bearer ${token}`, `tidegate_session=${sessionSecret}`].includes(value.trim()))
      if (typeof name === 'string' && !isSame) got.push([headers, name])
    }
    expect(got).toEqual([])
    expect(tries.length).toBeGreaterThan(400)
  }, 60_000)

  it('no secret is taken from a URL or a body, where logs and histories would keep it', async () => {
    const token = north.people.admin!.headers.authorization!.split(' ')[1]!
    for (const name of ['access_token', 'token', 'api_key', 'authorization', 'tidegate_session', 'session'])
      expect(await nameOf({}, `/graphql?${name}=${token}`)).toBe(200)
    const { status } = await send(
      'GET',
      `/api/2.0/mlflow/experiments/get?experiment_id=${north.experiment}&access_token=${token}&token=${token}`,
    )
    expect(status).toBe(401)
  })

  it('a name that is there and one that is not are refused in the same words', async () => {
    const words = await Promise.all(
      ['admin-zznorthzz', 'nobody-at-all'].map(async (name) => {
        const { status, json } = await send('POST', '/auth/sign-in', { body: { name, password: 'not this one' } })
        return [status, json]
      }),
    )
    expect(words[0]).toEqual(words[1])
  })

  // Tokens of a provider that are forged, of another audience, expired or sent again: oidc.test.ts and sso.test.ts. What is open then: open.test.ts.
})

describe('API3 broken object property level authorization', () => {
  it('no answer holds a password, a token, a secret or a digest of one, whatever is asked for', async () => {
    const { prisma } = worlds.platform.db
    const hash = await hashPassword('a long tide rises')
    await prisma.account.update({ where: { name: 'viewer-zznorthzz' }, data: { password: hash } })
    const link = randomBytes(32).toString('base64url')
    const { id: accountId } = await prisma.account.findUniqueOrThrow({ where: { name: 'viewer-zznorthzz' } })
    await prisma.oneTimeLink.create({ data: { digest: digestOf(link), accountId, expiresAt: BigInt(Date.now() + 600_000) } })
    const rows = await worlds.platform.db.query<{ text: string }>(
      "SELECT encode(digest, 'hex') AS text FROM access_token UNION SELECT encode(digest, 'base64') FROM access_token UNION SELECT encode(digest, 'hex') FROM account_session UNION SELECT encode(digest, 'hex') FROM one_time_link",
    )
    const secrets = [hash, hash.slice(30), 'kept secret', 'argon2id', ...rows.map(({ text }) => text)]
    const schema = await buildSchema()
    const faults: string[] = []
    for (const field of rootFields(schema, 'query')) {
      for (let seed = 0; seed < 6; seed++) {
        const { body, document } = operationOn('query', field, new Fixed(seed, north, north))
        const { json } = await send('POST', '/graphql', {
          headers: { ...worlds.root.headers, 'x-tidegate-workspace': 'north' },
          body: JSON.parse(body!),
        })
        const text = JSON.stringify(json)
        faults.push(...secrets.filter((secret) => text.includes(secret)).map((secret) => `${document}: ${secret}`))
      }
    }
    expect(faults).toEqual([])
  }, 60_000)

  it('what a caller may not set is not taken from what they send', async () => {
    const contributor = of(north, 'contributor')
    const { prisma, query } = worlds.platform.db
    const { json } = await send('POST', '/api/2.0/mlflow/experiments/create', {
      headers: contributor,
      body: {
        ...{
          name: 'mine',
          id: 1,
          experiment_id: south.experiment,
          workspace: south.workspace,
          workspace_id: south.number,
          workspaceId: south.number,
        },
        ...{
          owner: 'root',
          creator: 'root',
          lifecycle_stage: 'deleted',
          deleted_at: 1,
          createdAt: 1,
          creation_time: 1,
          permission: 'MANAGE',
        },
      },
    })
    const [made] = await query<any>('SELECT * FROM experiment WHERE id = $1', [Number(json.experiment_id)])
    expect(made).toMatchObject({ workspace_id: north.number, deleted_at: null })
    expect(json.experiment_id).not.toBe(south.experiment)
    // GraphQL knows no field that it was not told of, and tokens are of oneself or of a service account of the workspace.
    const viewer = of(north, 'viewer')
    const grab = [
      'mutation { createToken(name: "t", accountId: 1) { secret } }',
      'mutation { createToken(name: "t", account: "root") { secret } }',
      'mutation { createRun(input: { experimentId: "1", name: "r", workspace: "south" }) { run { id } } }',
    ]
    for (const each of grab) expect(await codeOf(viewer, each)).toMatch(/MALFORMED_REQUEST|RESOURCE_DOES_NOT_EXIST/)
    const mine = await prisma.account.findUniqueOrThrow({ where: { name: 'viewer-zznorthzz' } })
    const rise = 'mutation ($id: ID!) { updateAccount(id: $id, isAdmin: true) { account { id } } }'
    expect(await codeOf(viewer, rise, { id: String(mine.id) })).toBe('PERMISSION_DENIED')
    for (const body of [{ name: 'viewer-zznorthzz', password: 'x', isAdmin: true, role: 'ADMIN' }])
      expect((await send('POST', '/auth/sign-in', { body })).status).toBe(401)
    expect(await prisma.account.findUniqueOrThrow({ where: { id: mine.id } })).toMatchObject({ isAdmin: false })
    await worlds.restore()
  })

  it('a token that only reads makes none that writes', async () => {
    expect(await codeOf(of(north, 'reader'), 'mutation { createToken(name: "t") { secret } }')).toBe('PERMISSION_DENIED')
  })
})

describe('API4 unrestricted resource consumption', () => {
  it('what is too large, too deep, too wide, too many at once or too long is refused before it costs much', async () => {
    const admin = of(north, 'admin')
    const refusals: Record<string, unknown> = {}
    const wire = async (method: string, path: string, body?: unknown) =>
      (await send(method, path, { headers: admin, body })).json.error_code
    const base = '/api/2.0/mlflow'
    refusals.body = await wire('POST', `${base}/runs/create`, { experiment_id: north.experiment, run_name: 'x'.repeat(1_100_000) })
    refusals.metrics = await wire('POST', `${base}/runs/log-batch`, {
      run_id: north.run,
      metrics: Array.from({ length: 1_001 }, (_, step) => ({ key: 'm', value: 1, timestamp: 1, step })),
    })
    refusals.page = await wire('POST', `${base}/runs/search`, { experiment_ids: [north.experiment], max_results: 60_000 })
    refusals.models = await wire('GET', `${base}/registered-models/search?max_results=1000000`)
    refusals.runs = await wire('GET', `${base}/metrics/get-history-bulk-interval?metric_key=m&${'run_ids=x&'.repeat(200)}`)
    refusals.filter = await wire('POST', `${base}/runs/search`, { experiment_ids: [north.experiment], filter: `${'('.repeat(50_000)}` })
    const deep = `{ experiment(id: "1") { ${'runs { nodes { experiment { '.repeat(8)} id ${'} } }'.repeat(8)} } }`
    refusals.depth = await codeOf(admin, deep)
    refusals.aliases = await codeOf(admin, `{ ${Array.from({ length: 300 }, (_, i) => `a${i}: viewer { name }`).join(' ')} }`)
    refusals.cost = await codeOf(admin, '{ experiments(first: 1000) { nodes { runs(first: 1000) { nodes { params { key } } } } } }')
    const fragments = `query { ...f0 } ${Array.from({ length: 200 }, (_, i) => `fragment f${i} on Query { ...f${i + 1} ...f${i + 1} }`).join(' ')} fragment f200 on Query { viewer { name } }`
    refusals.fragments = await codeOf(admin, fragments)
    const batch = await send('POST', '/graphql', {
      headers: admin,
      body: Array.from({ length: 50 }, () => ({ query: '{ viewer { name } }' })),
    })
    refusals.batch = batch.status >= 400
    for (const [what, code] of Object.entries(refusals))
      expect([what, code === true || /TOO_LARGE|INVALID_PARAMETER|MALFORMED|BAD_REQUEST/.test(String(code)) ? 'refused' : code]).toEqual([
        what,
        'refused',
      ])
  })

  it('a pattern that would go on for ever is ended', async () => {
    const { json } = await send('POST', '/api/2.0/mlflow/runs/search', {
      headers: of(north, 'admin'),
      body: { experiment_ids: [north.experiment], filter: `tags.k RLIKE '${'(a+)+'.repeat(12)}$'` },
    })
    expect(json.error_code ?? 'answered').toMatch(/answered|INVALID_PARAMETER_VALUE|REQUEST_TOO_LARGE/)
  })

  it('a request that never comes whole holds nobody up', async () => {
    const { hostname, port } = new URL(worlds.platform.origin)
    const slow = Array.from({ length: 100 }, () => connect(Number(port), hostname).on('error', () => {}))
    for (const socket of slow) socket.write('POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n')
    expect((await send('GET', '/health')).status).toBe(200)
    expect(await codeOf(of(north, 'viewer'), '{ viewer { name } }')).toBe('OK')
    for (const socket of slow) socket.destroy()
  })
})

describe('API5 broken function level authorization', () => {
  it('what is for admins is not reached by spelling its path or its method otherwise', async () => {
    const body = { username: 'made-by-viewer', password: 'a long tide rises' }
    const path = '/api/2.0/mlflow/users/create'
    const spellings = [
      path,
      '/ajax-api/2.0/mlflow/users/create',
      '/api/2.0/preview/mlflow/users/create',
      `/${path}`,
      `${path}/`,
      `${path}?`,
      `${path}%20`,
      `${path};x`,
      path.replace('users', 'Users'),
      path.replace('users', '%75sers'),
      path.replace('/users', '/runs/../users'),
      path.replace('/users', '/runs/%2e%2e/users'),
      path.replace('/users', '\\users'),
      path.toUpperCase(),
    ]
    for (const spelling of spellings) {
      const disguises: Array<Record<string, string>> = [
        {},
        { 'x-http-method-override': 'POST' },
        { 'x-original-url': path, 'x-rewrite-url': path },
      ]
      for (const headers of disguises)
        for (const method of ['POST', 'PUT', 'PATCH']) {
          const { status } = await send(method, spelling, { headers: { ...of(north, 'viewer'), ...headers }, body })
          expect([method, spelling, status >= 400]).toEqual([method, spelling, true])
        }
    }
    expect(await worlds.platform.db.prisma.account.count({ where: { name: 'made-by-viewer' } })).toBe(0)
  })

  it('a GET changes nothing in GraphQL', async () => {
    const query = encodeURIComponent('mutation { createToken(name: "t") { secret } }')
    const { status, json } = await send('GET', `/graphql?query=${query}`, { headers: of(north, 'admin') })
    expect([status >= 400, json.data?.createToken]).toEqual([true, undefined])
  })

  // Every operation for every role: matrix.test.ts.
})

describe('API6 unrestricted access to sensitive business flows', () => {
  it('passwords can be guessed ten times a name and a hundred times an address, by all doors together', async () => {
    const word = (password: string) => ({ authorization: `Basic ${Buffer.from(`engineer-zznorthzz:${password}`).toString('base64')}` })
    const statuses = new Set<number>()
    for (let i = 0; i < 12; i++) {
      const { status } =
        i % 2
          ? await send('POST', '/auth/sign-in', { body: { name: 'engineer-zznorthzz', password: `guess ${i}` } })
          : await send('GET', '/api/2.0/mlflow/experiments/search?max_results=1', { headers: word(`guess ${i}`) })
      statuses.add(status)
    }
    expect([...statuses].sort()).toEqual([401, 429])
  })

  it('whoever guesses links of invitations finds none, and learns nothing', async () => {
    const words = new Set<string>()
    for (let i = 0; i < 30; i++) {
      const { json } = await send('POST', '/auth/link/read', { body: { token: randomBytes(32).toString('base64url') } })
      words.add(JSON.stringify(json))
    }
    expect(words.size).toBe(1)
  })
})

describe('API7 server side request forgery', () => {
  let inside: Platform
  beforeAll(async () => {
    inside = await startPlatform()
  })
  afterAll(() => inside?.stop())

  it('nothing calls into the network behind the server, however its address is written', async () => {
    const { experiment_id: experimentId } = await inside.wire('POST', 'experiments/create', { name: 'reaching' })
    const urls = [
      ...['http://127.0.0.1/', 'http://localhost/', 'http://[::1]/', 'http://0.0.0.0/', 'http://0/', 'http://127.1/', 'http://2130706433/'],
      ...[
        'http://0x7f000001/',
        'http://0177.0.0.1/',
        'http://[::ffff:127.0.0.1]/',
        'http://[::ffff:7f00:1]/',
        'http://10.0.0.1/',
        'http://172.16.0.1/',
      ],
      ...[
        'http://192.168.1.1/',
        'http://169.254.169.254/latest/meta-data/',
        'http://[fe80::1]/',
        'http://[fd00:ec2::254]/',
        'http://100.64.0.1/',
      ],
      ...[
        'http://user:word@127.0.0.1/',
        'http://127.0.0.1:5432/',
        'http://127.0.0.1.:80/',
        'http://①②⑦.⓪.⓪.①/',
        'http://[64:ff9b::7f00:1]/',
      ],
      ...[
        'file:///etc/passwd',
        'ftp://127.0.0.1/',
        'gopher://127.0.0.1:6379/_',
        'dict://127.0.0.1/',
        'data:text/plain,x',
        'javascript:alert(1)',
        '//127.0.0.1/',
      ],
    ]
    const taken: string[] = []
    for (const url of urls) {
      const make = inside.graphql('mutation ($input: CreateAlertRuleInput!) { createAlertRule(input: $input) { rule { id } } }', {
        input: { experimentId, name: `to ${url}`, condition: { kind: 'NOT_FINITE' }, url },
      })
      await make.then(
        () => taken.push(url),
        (error) => expect([url, error.code]).toEqual([url, 'INVALID_PARAMETER_VALUE']),
      )
    }
    expect(taken).toEqual([])
  })

  it('no file of the server, and no host, is read because a model or an experiment says it is there', async () => {
    const { experiment_id } = await inside.wire('POST', 'experiments/create', { name: 'pointing' })
    const { run } = await inside.wire('POST', 'runs/create', { experiment_id, start_time: 1 })
    await inside.wire('POST', 'registered-models/create', { name: 'm' })
    for (const source of [
      '/etc',
      'file:///etc',
      '../../etc',
      `mlflow-artifacts:/${experiment_id}/../../etc`,
      'http://127.0.0.1/api/2.0/mlflow-artifacts/artifacts/1',
    ])
      await expect(inside.wire('POST', 'model-versions/create', { name: 'm', source, run_id: run.info.run_id })).rejects.toMatchObject({
        code: 'INVALID_PARAMETER_VALUE',
      })
    for (const [i, artifact_location] of ['http://127.0.0.1:9/x', 'ftp://127.0.0.1/x', 'file:///etc', '/etc'].entries()) {
      const made = await inside.wire('POST', 'experiments/create', { name: `at ${i}`, artifact_location }).catch(() => undefined)
      if (!made) continue
      const { run } = await inside.wire('POST', 'runs/create', { experiment_id: made.experiment_id, start_time: 1 })
      const response = await fetch(`${inside.origin}/get-artifact?run_id=${run.info.run_id}&path=passwd`)
      expect([artifact_location, response.status >= 400]).toEqual([artifact_location, true])
    }
  })

  // Names that lead inside only when they are looked up, and redirects: outbound in oidc.test.ts and alerts.test.ts.
})

describe('API8 security misconfiguration', () => {
  it('every kind of answer says what it is, lets nobody else read it, and tells nothing of what runs here', async () => {
    const kinds = [
      '/health',
      '/version',
      '/api/2.0/mlflow/nothing',
      '/graphql',
      '/get-artifact?run_id=x&path=y',
      '/nothing',
      '/%ff',
      '/../../etc/passwd',
    ]
    for (const path of kinds) {
      for (const method of ['GET', 'POST', 'OPTIONS', 'HEAD', 'DELETE']) {
        const { headers, json } = await send(method, path, { headers: { ...of(north, 'viewer') } })
        expect([path, method, headers['x-powered-by'], headers.server, headers['access-control-allow-origin']]).toEqual([
          path,
          method,
          ...Array(3).fill(undefined),
        ])
        expect([path, method, /\n\s+at |node_modules|\.ts:\d/.test(JSON.stringify(json))]).toEqual([path, method, false])
        if (path !== '/health' && path !== '/version')
          expect([path, method, headers['x-content-type-options']]).toEqual([path, method, 'nosniff'])
      }
    }
  })

  it('methods that no door has are refused, and GraphiQL is not there', async () => {
    for (const method of ['TRACE', 'PROPFIND', 'SEARCH'])
      expect((await send(method, '/api/2.0/mlflow/experiments/search')).status).toBeGreaterThanOrEqual(400)
    const { json } = await send('GET', '/graphql', { headers: { ...of(north, 'viewer'), accept: 'text/html' } })
    expect(String(JSON.stringify(json))).not.toMatch(/graphiql/i)
  })

  // Other sites, other hosts, cookies: sites.test.ts.
})

describe('API9 improper inventory management', () => {
  it('what answers without asking who it is, is known', () => {
    expect([...openPaths.keys()].sort()).toEqual(['/ajax-api/3.0/mlflow/server-info', '/api/3.0/mlflow/server-info', '/health', '/version'])
  })

  it('nothing else is there: no older version, no page for debugging, no file of the sources', async () => {
    const paths = [
      ...[
        '/api',
        '/api/',
        '/api/1.2/mlflow/experiments/list',
        '/api/1.0/mlflow/users/create',
        '/api/3.0/mlflow/experiments/search',
        '/api/v1/users',
      ],
      ...[
        '/metrics',
        '/debug',
        '/debug/pprof',
        '/admin',
        '/actuator/env',
        '/swagger.json',
        '/openapi.json',
        '/graphiql',
        '/playground',
        '/console',
      ],
      ...[
        '/.env',
        '/.git/config',
        '/package.json',
        '/server.ts',
        '/node_modules/pg/package.json',
        '/secret-keys',
        '/.tidegate/secret-keys',
        '/backup.sql',
      ],
    ]
    const found: unknown[] = []
    for (const path of paths) {
      const { status } = await send('GET', path, { headers: of(north, 'admin') })
      if (status < 400) found.push([path, status])
    }
    expect(found).toEqual([])
  })

  it('old spellings of the wire ask for the same rights', async () => {
    for (const base of ['/api/2.0/mlflow', '/ajax-api/2.0/mlflow', '/api/2.0/preview/mlflow'])
      expect((await send('GET', `${base}/experiments/get?experiment_id=${north.experiment}`)).status).toBe(401)
  })
})

describe('API10 unsafe consumption of APIs', () => {
  it('what a provider answers is read so far and no further, and believed only where it is what it must be', async () => {
    let asked = 0
    const answers: Record<string, () => string | Iterable<string>> = {
      endless: () => Array.from({ length: 64 }, () => ' '.repeat(1024 * 1024)),
      garbage: () => '<html>not JSON</html>',
      other: () =>
        JSON.stringify({
          issuer: 'https://elsewhere.example',
          authorization_endpoint: 'javascript:alert(1)',
          jwks_uri: 'file:///etc/passwd',
        }),
      empty: () => '{}',
    }
    let kind = 'endless'
    const provider = createServer((_req, res) => {
      asked++
      res.writeHead(200, { 'content-type': 'application/json' })
      const text = answers[kind]!()
      for (const piece of typeof text === 'string' ? [text] : text) res.write(piece)
      res.end()
    })
    await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
    const issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`
    const set = 'mutation ($input: SetSsoInput!) { addSso(input: $input) { sso { id } } }'
    for (kind of Object.keys(answers)) {
      const input = { name: kind, issuer: `${issuer}/${kind}`, clientId: 'tidegate', clientSecret: 's', enabled: true }
      const made = await ask(worlds.root.headers, set, { input })
      const id = made.data?.addSso?.sso?.id
      const { headers, json } = await send('GET', `/auth/sso/begin?provider=${id}`)
      expect([kind, /^http/.test(String(headers.location ?? '')) && !String(headers.location).startsWith(worlds.platform.origin)]).toEqual([
        kind,
        false,
      ])
      expect([kind, /javascript:|etc\/passwd/.test(JSON.stringify([headers.location, json]))]).toEqual([kind, false])
    }
    expect(asked).toBeGreaterThan(0)
    provider.closeAllConnections()
    provider.close()
    await worlds.restore()
  })
})
