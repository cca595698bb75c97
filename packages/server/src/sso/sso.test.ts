/** Single sign-on from the first request to the session, at a real provider: who gets which account, and what groups give and take. */
import { type Platform, startPlatform } from '@tidegate/test'
import { type OidcServer, startOidc } from '@tidegate/test/oidc'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

type Json = any

let platform: Platform
let provider: OidcServer
let admin: string
const people: Record<string, Record<string, unknown>> = {}
const person = (name: string, claims: Record<string, unknown>) => {
  people[name] = claims
}

const send = (path: string, { cookie, body, headers = {} }: { cookie?: string; body?: unknown; headers?: Record<string, string> } = {}) =>
  fetch(platform.origin + path, {
    redirect: 'manual',
    headers: { ...(cookie && { cookie }), ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
  })
const cookieIn = (response: Response, name: string) =>
  response.headers
    .getSetCookie()
    .find((line) => line.startsWith(`${name}=`))
    ?.split(';')[0]

async function ask(cookie: string, query: string, variables: object = {}, workspace?: string): Promise<Json> {
  const headers = { accept: 'application/json', ...(workspace && { 'x-tidegate-workspace': workspace }) }
  const { data, errors } = (await (await send('/graphql', { cookie, body: { query, variables }, headers })).json()) as Json
  if (errors) throw Object.assign(new Error(errors[0].message), { code: errors[0].extensions.code })
  return data
}
const set = (input: object) =>
  ask(
    admin,
    'mutation ($input: SetSsoInput!) { setSso(input: $input) { sso { name issuer clientId groupsClaim enabled redirectUri rules { group workspace role } } } }',
    { input },
  )

/** The whole way; what the browser is left with. */
async function signIn(name: string | undefined, next = '') {
  const begun = await send(`/auth/sso/begin${next}`)
  if (begun.status !== 303) return { status: begun.status, answer: (await begun.json()) as Json }
  const back = await provider.signIn(begun.headers.get('location')!, name)
  const response = await send(back.pathname + back.search, { cookie: cookieIn(begun, 'tidegate_sso')! })
  const session = cookieIn(response, 'tidegate_session')
  const text = await response.text()
  return {
    status: response.status,
    location: response.headers.get('location'),
    session: session!,
    answer: text ? JSON.parse(text) : null,
    response,
  }
}
const membersOf = async (workspace: string) =>
  Object.fromEntries(
    (await ask(admin, '{ members { role account { name } } }', {}, workspace)).members.map((each: Json) => [each.account.name, each.role]),
  )

beforeAll(async () => {
  platform = await startPlatform({ access: 'accounts', outboundHosts: ['127.0.0.1'] })
  provider = await startOidc({ redirectUri: `${platform.origin}/auth/sso/callback`, accounts: people })
  const token = platform.firstLink!.split('#')[1]
  const first = await send('/auth/link/accept', { body: { token, name: 'root', password: 'a long tide rises' } })
  admin = cookieIn(first, 'tidegate_session')!
  for (const name of ['vision', 'nlp'])
    await ask(admin, 'mutation ($name: String!) { createWorkspace(name: $name) { workspace { id } } }', { name })
})
afterAll(async () => {
  await platform?.stop()
  await provider?.stop()
})

describe('setting it up', () => {
  it('is nothing that anybody meets before it is done', async () => {
    expect(await (await send('/auth/ways')).json()).toEqual({ password: true, reset: false, sso: null, providers: [] })
    expect(await signIn('ada')).toMatchObject({ status: 400, answer: { message: expect.stringContaining('not set up') } })
    expect((await ask(admin, '{ sso { name } }')).sso).toBeNull()
    await expect(ask(admin, 'mutation { testSso { ok } }')).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
  })

  it('says what is missing or wrong', async () => {
    const whole = { name: 'Lab', issuer: provider.issuer, clientId: 'tidegate', clientSecret: 'wrong' }
    for (const field of ['name', 'issuer', 'clientId'] as const)
      await expect(set({ ...whole, [field]: undefined })).rejects.toThrow(`Missing value for required parameter '${field}'`)
    await expect(set({ ...whole, clientSecret: undefined })).rejects.toThrow('a new issuer is not sent the secret of another')
    for (const issuer of ['https://169.254.169.254', 'https://10.0.0.8/realm', 'login.example.com', 'file:///etc/passwd'])
      await expect(set({ ...whole, issuer })).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' })
    await expect(set({ ...whole, rules: [{ group: 'a', workspace: 'nowhere', role: 'VIEWER' }] })).rejects.toThrow(
      "No workspace 'nowhere' exists",
    )
  })

  it('takes an admin, keeps the secret sealed and to itself, and is tested', async () => {
    const rules = [
      { group: 'vision', workspace: 'vision', role: 'CONTRIBUTOR' },
      { group: '/teams/nlp/*', workspace: 'nlp', role: 'VIEWER' },
      { group: 'leads', workspace: 'vision', role: 'APPROVER' },
    ]
    const { id, secret } = provider.client
    const { setSso } = await set({ name: 'Lab', issuer: provider.issuer, clientId: id, clientSecret: secret, rules })
    expect(setSso.sso).toEqual({
      name: 'Lab',
      issuer: provider.issuer,
      clientId: id,
      groupsClaim: 'groups',
      enabled: true,
      redirectUri: `${platform.origin}/auth/sso/callback`,
      rules,
    })
    const [row] = await platform.db.query<{ client_secret: string }>('SELECT client_secret FROM sso')
    expect(row!.client_secret).toMatch(/^sealed:/)
    // Another issuer is not handed the secret of this one.
    await expect(set({ issuer: 'https://evil.example' })).rejects.toThrow("parameter 'clientSecret'")
    expect((await set({ name: 'The lab' })).setSso.sso).toMatchObject({ name: 'The lab', rules })
    expect((await ask(admin, 'mutation { testSso { ok message } }')).testSso).toMatchObject({
      ok: true,
      message: expect.stringContaining('127.0.0.1'),
    })
    expect(await (await send('/auth/ways')).json()).toEqual({
      password: true,
      reset: false,
      sso: { name: 'The lab' },
      providers: [{ id: expect.any(String), name: 'The lab' }],
    })
    person('vic', { email: 'vic@example.com', email_verified: true, groups: ['leads'] })
    const { session } = await signIn('vic')
    for (const query of [
      '{ sso { issuer } }',
      'mutation { setSso(input: { name: "mine" }) { sso { name } } }',
      'mutation { testSso { ok } }',
      'mutation { deleteSso { deleted } }',
    ])
      await expect(ask(session!, query, {}, 'vision')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  })
})

describe('somebody who signs in', () => {
  it('gets an account with the roles of their groups, the highest of each workspace, and lands where they were going', async () => {
    person('ada', {
      name: 'Ada L.',
      email: 'Ada.L@example.com',
      email_verified: true,
      groups: ['vision', 'leads', '/teams/nlp/speech', 'other'],
    })
    const { status, location, session, response } = await signIn('ada', '?next=/experiments/0%3Ftab%3Druns')
    expect([status, location]).toEqual([303, '/experiments/0?tab=runs'])
    const line = response!.headers.getSetCookie().find((each) => each.startsWith('tidegate_session='))!
    for (const part of ['HttpOnly', 'SameSite=Lax', 'Path=/']) expect(line).toContain(part)
    // The attempt is over.
    expect(response!.headers.getSetCookie().find((each) => each.startsWith('tidegate_sso='))).toContain('Max-Age=0')
    expect((await ask(session!, '{ viewer { name } }', {}, 'vision')).viewer.name).toBe('ada.l')
    expect(await membersOf('vision')).toMatchObject({ 'ada.l': 'APPROVER' })
    expect(await membersOf('nlp')).toMatchObject({ 'ada.l': 'VIEWER' })
    await expect(ask(session!, '{ members { role } }', {}, 'default')).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
  })

  it('is led to no other site', async () => {
    for (const next of ['https://evil.example', '//evil.example', '/\\evil.example', 'javascript:alert(1)', '/ok\r\nset-cookie: a=b', '']) {
      expect([next, (await signIn('ada', `?next=${encodeURIComponent(next)}`)).location]).toEqual([next, '/'])
    }
  })

  it('has what their groups give now; what was given by hand stays', async () => {
    await ask(admin, 'mutation { setMember(account: "ada.l", role: ENGINEER) { member { role } } }', {}, 'default')
    people.ada!.groups = ['vision']
    const { session } = await signIn('ada')
    expect(await membersOf('vision')).toMatchObject({ 'ada.l': 'CONTRIBUTOR' })
    expect(await membersOf('nlp')).not.toHaveProperty('ada.l')
    expect(await membersOf('default')).toMatchObject({ 'ada.l': 'ENGINEER' })
    await expect(ask(session!, '{ members { role } }', {}, 'nlp')).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
    // A role that an admin has set is theirs to change.
    await ask(admin, 'mutation { setMember(account: "ada.l", role: VIEWER) { member { role } } }', {}, 'vision')
    people.ada!.groups = ['vision', 'leads']
    await signIn('ada')
    expect(await membersOf('vision')).toMatchObject({ 'ada.l': 'VIEWER' })
  })

  it('without a role here gets neither account nor session', async () => {
    person('eve', { name: 'Eve', email: 'eve@example.com', email_verified: true, groups: ['Vision', 'vision2', '/teams/nlp'] })
    const { status, session, answer } = await signIn('eve')
    expect([status, session, answer.error_code]).toEqual([403, undefined, 'PERMISSION_DENIED'])
    expect(await platform.db.query("SELECT FROM account WHERE name LIKE 'eve%'")).toEqual([])
  })

  it('whose groups give nothing any more loses what they gave, and does not get in', async () => {
    person('leo', { email: 'leo@example.com', groups: ['vision'] })
    const { session } = await signIn('leo')
    expect(await membersOf('vision')).toHaveProperty('leo')
    people.leo!.groups = []
    expect((await signIn('leo')).status).toBe(403)
    expect(await membersOf('vision')).not.toHaveProperty('leo')
    await expect(ask(session!, '{ members { role } }', {}, 'vision')).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
  })

  it('who is the last to manage a workspace goes on, and that is written down, until somebody else does', async () => {
    await ask(admin, 'mutation { createWorkspace(name: "lone") { workspace { id } } }')
    const { id } = (await ask(admin, '{ viewer { workspace { id } } }', {}, 'lone')).viewer.workspace
    const { rules } = (await ask(admin, '{ sso { rules { group workspace role } } }')).sso
    await set({
      rules: [...rules, { group: 'keepers', workspace: 'lone', role: 'ADMIN' }, { group: 'readers', workspace: 'lone', role: 'VIEWER' }],
    })
    person('max', { email: 'max@example.com', groups: ['keepers'] })
    person('nia', { email: 'nia@example.com', groups: ['keepers'] })
    await signIn('max')
    await signIn('nia')
    await ask(admin, 'mutation { removeMember(account: "root") { name } }', {}, 'lone')
    people.max!.groups = ['readers']
    await signIn('max')
    expect(await membersOf('lone')).toEqual({ max: 'VIEWER', nia: 'ADMIN' })
    people.nia!.groups = []
    expect((await signIn('nia')).status).toBe(303)
    expect(await membersOf('lone')).toEqual({ max: 'VIEWER', nia: 'ADMIN' })
    const { auditLog } = await ask(
      admin,
      '{ auditLog(operation: "member.keep-last") { entries { actor operation target detail } } }',
      {},
      'lone',
    )
    expect(auditLog.entries).toEqual([
      { actor: 'Tidegate', operation: 'member.keep-last', target: `Workspace ${id}`, detail: expect.stringContaining('"account":"nia"') },
    ])
    people.max!.groups = ['keepers']
    await signIn('max')
    expect((await signIn('nia')).status).toBe(403)
    expect(await membersOf('lone')).toEqual({ max: 'ADMIN' })
  })

  it('is the same account under another name and address, and no other under theirs', async () => {
    Object.assign(people.ada!, { name: 'Ada Byron', email: 'byron@example.com' })
    expect((await ask((await signIn('ada')).session!, '{ viewer { name } }', {}, 'vision')).viewer.name).toBe('ada.l')
    // Says to be Ada, and root.
    person('mal', { name: 'ada.l', email: 'root@example.com', email_verified: false, groups: ['vision'] })
    person('mal2', { preferred_username: 'root', groups: ['vision'] })
    expect((await ask((await signIn('mal')).session!, '{ viewer { name } }', {}, 'vision')).viewer.name).toBe('root-2')
    expect((await ask((await signIn('mal2')).session!, '{ viewer { name } }', {}, 'vision')).viewer.name).toBe('root-3')
  })

  it('takes over the account they were invited to only under an address that the provider vouches for', async () => {
    await ask(admin, 'mutation { createAccount(name: "grace", email: "Grace@example.com", isAdmin: false) { link } }')
    await ask(admin, 'mutation { setMember(account: "grace", role: ADMIN) { member { role } } }', {}, 'nlp')
    person('fake', { email: 'grace@example.com', email_verified: false, groups: ['vision'] })
    expect((await ask((await signIn('fake')).session!, '{ viewer { name } }', {}, 'vision')).viewer.name).toBe('grace-2')
    person('hopper', { email: 'grace@example.com', email_verified: true, groups: [] })
    expect((await ask((await signIn('hopper')).session!, '{ viewer { name } }', {}, 'nlp')).viewer.name).toBe('grace')
    // Once it is somebody's, nobody else comes by the same address.
    person('third', { email: 'grace@example.com', email_verified: true, groups: ['vision'] })
    expect((await ask((await signIn('third')).session!, '{ viewer { name } }', {}, 'vision')).viewer.name).toBe('grace-3')
  })

  it('whose account is disabled does not get in', async () => {
    const { accounts } = await ask(admin, '{ accounts { id name } }')
    const { id } = accounts.find(({ name }: Json) => name === 'ada.l')
    await ask(admin, 'mutation ($id: ID!) { updateAccount(id: $id, isDisabled: true) { account { id } } }', { id })
    const { status, session, answer } = await signIn('ada')
    expect([status, session, answer.message]).toEqual([403, undefined, expect.stringContaining('disabled')])
  })

  it('twice at once for the first time has one account', async () => {
    person('twin', { email: 'twin@example.com', groups: ['vision'] })
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => signIn('twin')))
    expect(outcomes.map(({ status }) => status)).toEqual([303, 303, 303, 303])
    expect(await platform.db.query("SELECT name FROM account WHERE name LIKE 'twin%'")).toEqual([{ name: 'twin' }])
  })
})

describe('a way back', () => {
  it('is for the browser that set out, and once', async () => {
    person('kim', { email: 'kim@example.com', groups: ['vision'] })
    const begun = await send('/auth/sso/begin')
    const back = await provider.signIn(begun.headers.get('location')!, 'kim')
    const path = back.pathname + back.search
    const other = cookieIn(await send('/auth/sso/begin'), 'tidegate_sso')!
    for (const cookie of [undefined, other, 'tidegate_sso=', 'tidegate_sso=x.y', 'tidegate_sso=%ff.%ff']) {
      const answer = await send(path, cookie ? { cookie } : {})
      expect([cookie, answer.status, cookieIn(answer, 'tidegate_session')]).toEqual([cookie, 401, undefined])
    }
    const cookie = cookieIn(begun, 'tidegate_sso')!
    expect((await send(path, { cookie })).status).toBe(303)
    expect((await send(path, { cookie })).status).toBe(401)
    expect((await send('/auth/sso/callback', { cookie })).status).toBe(401)
  })

  it('of one who gave up, or of a provider that refuses the client, says so', async () => {
    expect(await signIn(undefined)).toMatchObject({ status: 401, answer: { message: expect.stringContaining('told not to sign you in') } })
    await set({ clientSecret: 'wrong' })
    expect(await signIn('vic')).toMatchObject({ answer: { message: expect.stringContaining('invalid_client') } })
    await set({ clientSecret: provider.client.secret })
    expect((await signIn('vic')).status).toBe(303)
  })

  it('leads a person to the page for signing in, which says why it was refused', async () => {
    const answer = await send('/auth/sso/callback?code=a&state=b', { headers: { accept: 'text/html,*/*' } })
    expect([answer.status, cookieIn(answer, 'tidegate_session')]).toEqual([303, undefined])
    expect(answer.headers.get('location')).toBe('/')
    expect(decodeURIComponent(answer.headers.getSetCookie().join('\n'))).toContain(
      'tidegate_refused=This sign-in was not begun in this browser',
    )
  })
})

it('is in the audit log: who came in, who was refused and why, and no secret', async () => {
  const query = '{ auditLog(everywhere: true, first: 1000) { entries { actor operation outcome detail } } }'
  const { entries } = (await ask(admin, query)).auditLog
  const found = (operation: string) => entries.filter((each: Json) => each.operation === operation)
  expect(found('account.sign-in-sso')).toContainEqual(expect.objectContaining({ actor: 'vic', outcome: 'OK' }))
  expect(found('account.sign-in-sso')).toContainEqual(expect.objectContaining({ actor: 'eve@example.com', outcome: 'PERMISSION_DENIED' }))
  expect(found('account.sign-in-sso')).toContainEqual(expect.objectContaining({ actor: '', outcome: 'UNAUTHENTICATED' }))
  expect(found('sso.set')[0]).toMatchObject({ actor: 'root', outcome: 'OK' })
  // Nobody fills it by setting out.
  expect(found('sso.begin')).toEqual([])
  expect(JSON.stringify(entries)).not.toContain(provider.client.secret)
  for (const { detail } of found('account.sign-in-sso')) expect(JSON.parse(detail)).toMatchObject({ query: {}, attemptSecret: '…' })
})

it('is turned off and taken away, and accounts stay', async () => {
  await set({ enabled: false })
  expect(await (await send('/auth/ways')).json()).toEqual({ password: true, reset: false, sso: null, providers: [] })
  expect((await signIn('vic')).status).toBe(400)
  await ask(admin, 'mutation { deleteSso { deleted } }')
  expect((await ask(admin, '{ sso { name } }')).sso).toBeNull()
  expect(await membersOf('vision')).toHaveProperty('vic')
})

it('an open server has none', async () => {
  const open = await startPlatform()
  expect(await (await fetch(`${open.origin}/auth/ways`)).json()).toEqual({ password: false, reset: false, sso: null, providers: [] })
  expect((await fetch(`${open.origin}/auth/sso/begin`)).status).toBe(400)
  await open.stop()
})
