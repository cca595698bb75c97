/** Several providers at once, real ones: what each gives and takes, identities that are linked, and who is signed out there too. */
import { type Platform, startPlatform } from '@tidegate/test'
import { type OidcServer, startOidc } from '@tidegate/test/oidc'
import { bearer, password, peopleOf, sessionOf, tokenOf, type Who } from '@tidegate/test/people'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

type Json = any

let platform: Platform
/** By the names of their buttons. */
const servers: Record<string, OidcServer> = {}
const ids: Record<string, string> = {}
/** Who is known at both. */
const people: Record<string, Record<string, unknown>> = {}
let root: Who

const { send, data, make } = peopleOf(() => platform)
const cookiesOf = (headers: Json): Record<string, string> =>
  Object.fromEntries([headers['set-cookie'] ?? []].flat().map((line: string) => line.split(';')[0]!.split(/=(.*)/s)))

const begin = (name: string) => send('GET', `/auth/sso/begin?provider=${ids[name]}`)
async function finish(begun: Json, name: string, person: string | undefined, who: Who = {}) {
  const url = begun.headers.location ?? begun.json.next
  const back = await servers[name]!.signIn(url, person)
  const cookie = [`tidegate_sso=${cookiesOf(begun.headers).tidegate_sso}`, who.cookie].filter(Boolean).join('; ')
  return send('GET', back.pathname + back.search, { headers: { cookie } })
}
const signIn = async (name: string, person: string) => finish(await begin(name), name, person)
/** Who comes in, signed in. */
const session = async (name: string, person: string): Promise<Who> => {
  const { tidegate_session } = cookiesOf((await signIn(name, person)).headers)
  return { cookie: `tidegate_session=${tidegate_session}` }
}
const beginLink = (who: Who, name: string) => send('POST', '/auth/sso/link', { headers: who, body: { provider: ids[name] } })
const link = async (who: Who, name: string, person: string) => finish(await beginLink(who, name), name, person, who)

const add = (input: object) =>
  data(root, 'mutation ($input: SetSsoInput!) { addSso(input: $input) { sso { id name adminGroups signsOut signedOutUri } } }', { input })
const set = (name: string, input: object) =>
  data(root, 'mutation ($input: SetSsoInput!) { setSso(input: $input) { sso { name } } }', { input: { id: ids[name], ...input } })
const nameOf = async (who: Who) => (await data(who, '{ viewer { name } }')).viewer?.name
const rolesIn = async (workspace: string) =>
  Object.fromEntries(
    (await data({ ...root, 'x-tidegate-workspace': workspace }, '{ members { role account { name } } }')).members.map((it: Json) => [
      it.account.name,
      it.role,
    ]),
  )
const account = async (name: string) =>
  (await data(root, '{ accounts { id name isAdmin } }')).accounts.find((each: Json) => each.name === name)

beforeAll(async () => {
  platform = await startPlatform({ access: 'accounts', outboundHosts: ['127.0.0.1'] })
  await send('POST', '/auth/link/accept', { body: { token: tokenOf(platform.firstLink!), name: 'ada', password } })
  root = sessionOf(await send('POST', '/auth/sign-in', { body: { name: 'ada', password } }))
  for (const name of ['vision', 'nlp'])
    await data(root, 'mutation ($name: String!) { createWorkspace(name: $name) { workspace { id } } }', { name })
  for (const name of ['Lab', 'Campus']) {
    servers[name] = await startOidc({
      redirectUri: `${platform.origin}/auth/sso/callback`,
      accounts: people,
      client: { post_logout_redirect_uris: [`${platform.origin}/`] },
    })
  }
})
afterAll(async () => {
  await platform?.stop()
  for (const each of Object.values(servers)) await each.stop()
})

const clientOf = (name: string) => {
  const { issuer, client } = servers[name]!
  return { name, issuer, clientId: client.id, clientSecret: client.secret }
}

it('takes several, told apart by their names', async () => {
  const lab = await add({
    ...clientOf('Lab'),
    rules: [{ group: 'eyes', workspace: 'vision', role: 'CONTRIBUTOR' }],
    adminGroups: ['keepers', 'ops-*'],
  })
  const campus = await add({
    ...clientOf('Campus'),
    rules: [
      { group: 'staff', workspace: 'nlp', role: 'VIEWER' },
      { group: 'eyes', workspace: 'vision', role: 'APPROVER' },
    ],
  })
  expect(lab.addSso.sso).toMatchObject({ adminGroups: ['keepers', 'ops-*'], signsOut: false, signedOutUri: `${platform.origin}/` })
  for (const { sso } of [lab.addSso, campus.addSso]) ids[sso.name] = sso.id
  await expect(add({ ...clientOf('Lab'), name: 'CAMPUS' })).rejects.toThrow("Another provider is called 'CAMPUS'")
  await expect(set('Lab', { name: 'Campus' })).rejects.toThrow("Another provider is called 'Campus'")
  await expect(set('Lab', { adminGroups: ['*'] })).rejects.toThrow('not everybody manages the installation')
  expect((await send('GET', '/auth/ways')).json).toEqual({
    password: true,
    reset: false,
    sso: { name: 'Lab' },
    providers: [
      { id: ids.Lab, name: 'Lab' },
      { id: ids.Campus, name: 'Campus' },
    ],
  })
  expect((await data(root, '{ ssoProviders { name } }')).ssoProviders).toEqual([{ name: 'Lab' }, { name: 'Campus' }])
  for (const name of ['Lab', 'Campus'])
    expect((await data(root, 'mutation ($id: ID!) { testSso(id: $id) { ok } }', { id: ids[name] })).testSso).toEqual({ ok: true })
  await expect(data(root, 'mutation { testSso(id: "77") { ok } }')).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
  expect((await send('GET', '/auth/sso/begin?provider=77')).status).toBe(404)
})

it('knows the same name at another as another person', async () => {
  people.kim = { email: 'kim@example.com', email_verified: true, groups: ['staff', 'eyes'] }
  expect(await nameOf(await session('Lab', 'kim'))).toBe('kim')
  expect(await nameOf(await session('Campus', 'kim'))).toBe('kim-2')
  expect([await rolesIn('vision'), await rolesIn('nlp')]).toEqual([
    { ada: 'ADMIN', kim: 'CONTRIBUTOR', 'kim-2': 'APPROVER' },
    { ada: 'ADMIN', 'kim-2': 'VIEWER' },
  ])
})

it('takes no answer of one for what was begun at the other', async () => {
  const begun = await begin('Lab')
  const other = await begin('Campus')
  const back = await servers.Lab!.signIn(String(begun.headers.location), 'kim')
  const [attempt, next] = cookiesOf(begun.headers).tidegate_sso!.split('.')
  for (const cookie of [cookiesOf(other.headers).tidegate_sso, `${attempt}.${next}.${ids.Campus}.`, `${attempt}.${next}.77.`]) {
    const answer = await send('GET', back.pathname + back.search, { headers: { cookie: `tidegate_sso=${cookie}` } })
    expect([400, 401, 404]).toContain(answer.status)
    expect(cookiesOf(answer.headers)).not.toHaveProperty('tidegate_session')
  }
})

it('counts what fails: nobody tries an answer for ever', async () => {
  const cookie = `tidegate_sso=${cookiesOf((await begin('Lab')).headers).tidegate_sso}`
  const codes: string[] = []
  for (let i = 0; i < 11; i++)
    codes.push((await send('GET', `/auth/sso/callback?code=${i}&state=made-up`, { headers: { cookie } })).json.error_code)
  expect([...new Set(codes)]).toEqual(['UNAUTHENTICATED', 'RESOURCE_EXHAUSTED'])
  // Another sign-in is another matter.
  expect((await signIn('Lab', 'kim')).status).toBe(303)
})

describe('whose groups there manage the installation', () => {
  const manages = async (name: string) =>
    (await platform.db.query<{ is_admin: boolean }>(`SELECT is_admin FROM account WHERE name = '${name}'`))[0]!.is_admin
  const update = async (who: Who, name: string, input: object) =>
    data(who, 'mutation ($id: ID!, $isAdmin: Boolean) { updateAccount(id: $id, isAdmin: $isAdmin) { account { id } } }', {
      id: (await account(name)).id,
      ...input,
    })

  it('does so for as long as they are in one of them; what was given by hand stays', async () => {
    people.lou = { email: 'lou@example.com', groups: ['ops-night'] }
    people.pim = { email: 'pim@example.com', groups: ['ops-night'] }
    expect((await data(await session('Lab', 'lou'), '{ viewer { isAdmin } }')).viewer.isAdmin).toBe(true)
    // At the other provider the group stands for nothing.
    expect((await signIn('Campus', 'pim')).status).toBe(403)
    people.lou.groups = []
    expect((await signIn('Lab', 'lou')).status).toBe(403)
    expect(await manages('lou')).toBe(false)
    people.lou.groups = ['keepers']
    await signIn('Lab', 'lou')
    await update(root, 'lou', { isAdmin: true })
    people.lou.groups = []
    expect((await signIn('Lab', 'lou')).status).toBe(303)
    expect(await manages('lou')).toBe(true)
    await update(root, 'lou', { isAdmin: false })
    expect((await signIn('Lab', 'lou')).status).toBe(403)
  })

  it('goes on doing so where nobody else would', async () => {
    people.lou!.groups = ['keepers']
    const lou = await session('Lab', 'lou')
    await update(lou, 'ada', { isAdmin: false })
    people.lou!.groups = []
    expect((await signIn('Lab', 'lou')).status).toBe(303)
    expect(await manages('lou')).toBe(true)
    await platform.db.query("UPDATE account SET is_admin = true WHERE name = 'ada'")
    await signIn('Lab', 'lou')
    expect(await manages('lou')).toBe(false)
    root = sessionOf(await send('POST', '/auth/sign-in', { body: { name: 'ada', password } }))
    expect(await manages('ada')).toBe(true)
  })
})

describe('an identity', () => {
  let bob: Who
  const identities = async (who: Who) => (await data(who, '{ identities { id name provider } }')).identities
  const unlink = (who: Who, id: string) => data(who, 'mutation ($id: ID!) { unlinkIdentity(id: $id) { id } }', { id })

  beforeAll(async () => {
    await make('bob', { default: 'VIEWER' })
    bob = sessionOf(await send('POST', '/auth/sign-in', { body: { name: 'bob', password } }))
    people.robert = { email: 'robert@example.com', groups: ['eyes'] }
  })

  it('is linked by who is signed in: from then on it is the same account, with what the groups there give', async () => {
    const answer = await link(bob, 'Lab', 'robert')
    expect([answer.status, answer.headers.location]).toEqual([303, '/access?show=you'])
    // Who was signed in stays so: nobody else's session begins.
    expect(cookiesOf(answer.headers)).not.toHaveProperty('tidegate_session')
    expect(await nameOf(await session('Lab', 'robert'))).toBe('bob')
    expect((await rolesIn('vision')).bob).toBe('CONTRIBUTOR')
    expect((await rolesIn('default')).bob).toBe('VIEWER')
    await link(bob, 'Campus', 'robert')
    expect(await nameOf(await session('Campus', 'robert'))).toBe('bob')
    // The highest of what both give.
    expect((await rolesIn('vision')).bob).toBe('APPROVER')
    expect(await identities(bob)).toEqual([
      { id: expect.any(String), name: 'robert@example.com', provider: 'Lab' },
      { id: expect.any(String), name: 'robert@example.com', provider: 'Campus' },
    ])
  })

  it('is of one account, and is linked by nobody for another', async () => {
    await make('mallory', { default: 'VIEWER' })
    const mallory = sessionOf(await send('POST', '/auth/sign-in', { body: { name: 'mallory', password } }))
    const taken = await link(mallory, 'Lab', 'robert')
    expect([taken.status, taken.json.message]).toEqual([400, expect.stringContaining('is linked with another account')])
    expect(taken.json.message).not.toContain('bob')
    // Begun by one, brought back by another, or by nobody: as when somebody is made to follow a link.
    people.mal = { email: 'mal@example.com', groups: [] }
    expect((await finish(await beginLink(mallory, 'Lab'), 'Lab', 'mal', bob)).status).toBe(401)
    expect((await finish(await beginLink(mallory, 'Lab'), 'Lab', 'mal')).status).toBe(401)
    expect(await identities(mallory)).toEqual([])
    expect((await beginLink({}, 'Lab')).status).toBe(401)
    const { createToken } = await data(bob, 'mutation { createToken(name: "ci") { secret } }')
    const byToken = await beginLink(bearer(createToken.secret), 'Lab')
    expect([byToken.status, byToken.json.message]).toEqual([403, expect.stringContaining('This takes a browser')])
    await expect(unlink(mallory, (await identities(bob))[0].id)).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
  })

  it('whose groups changed is followed when it comes, and what the other gives stays', async () => {
    const claims = people.robert!
    people.robert = { ...claims, groups: [] }
    await signIn('Campus', 'robert')
    expect((await rolesIn('vision')).bob).toBe('CONTRIBUTOR')
    people.robert = { ...claims, groups: ['staff', 'eyes'] }
    await signIn('Campus', 'robert')
    expect([(await rolesIn('vision')).bob, (await rolesIn('nlp')).bob]).toEqual(['APPROVER', 'VIEWER'])
  })

  it('is unlinked, and what only its groups gave goes; the only way in stays', async () => {
    const [lab, campus] = await identities(bob)
    expect((await unlink(bob, campus.id)).unlinkIdentity).toEqual({ id: campus.id })
    expect([(await rolesIn('vision')).bob, (await rolesIn('nlp')).bob]).toEqual(['CONTRIBUTOR', undefined])
    await unlink(bob, lab.id)
    expect((await rolesIn('vision')).bob).toBeUndefined()
    expect((await rolesIn('default')).bob).toBe('VIEWER')
    expect(await nameOf(await session('Lab', 'robert'))).toBe('robert')
    const robert = await session('Lab', 'robert')
    await expect(unlink(robert, (await identities(robert))[0].id)).rejects.toThrow('This is your only way in')
  })
})

describe('signing out', () => {
  it('ends the session at the provider too, where that is set up', async () => {
    const plain = await session('Lab', 'kim')
    expect((await send('POST', '/auth/sign-out', { headers: plain, body: {} })).json).toEqual({ next: null })
    await set('Lab', { signsOut: true })
    const kim = await session('Lab', 'kim')
    const [kept] = await platform.db.query<{ id_token: string }>('SELECT id_token FROM sso_session')
    expect(kept!.id_token).toMatch(/^sealed:/)
    const { json } = await send('POST', '/auth/sign-out', { headers: kim, body: {} })
    expect(await nameOf(kim)).toBeUndefined()
    const next = new URL(json.next)
    expect([next.origin, next.searchParams.get('post_logout_redirect_uri')]).toEqual([servers.Lab!.issuer, `${platform.origin}/`])
    // The provider takes it: it knows whom it is about, and that they are to come back here.
    const page = await fetch(next)
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('session/end/confirm')])
    expect(await platform.db.query('SELECT FROM sso_session')).toEqual([])
  })

  it('is done here although the provider is away', async () => {
    const kim = await session('Lab', 'kim')
    await platform.db.query("UPDATE sso SET issuer = 'http://127.0.0.1:9', updated_at = updated_at + 1 WHERE name = 'Lab'")
    expect((await send('POST', '/auth/sign-out', { headers: kim, body: {} })).json).toEqual({ next: null })
    expect(await nameOf(kim)).toBeUndefined()
    await platform.db.query(`UPDATE sso SET issuer = '${servers.Lab!.issuer}', updated_at = updated_at + 1 WHERE name = 'Lab'`)
  })
})

it('leaves what its groups gave when it is taken away, as if it was given by hand', async () => {
  await signIn('Lab', 'kim')
  await data(root, 'mutation ($id: ID!) { deleteSso(id: $id) { deleted } }', { id: ids.Lab })
  expect((await rolesIn('vision')).kim).toBe('CONTRIBUTOR')
  expect((await send('GET', '/auth/ways')).json.providers).toEqual([{ id: ids.Campus, name: 'Campus' }])
  expect((await begin('Lab')).status).toBe(404)
  // Its people are known by issuer and subject, should it come back.
  const { addSso } = await add({ ...clientOf('Lab'), rules: [{ group: 'eyes', workspace: 'vision', role: 'VIEWER' }] })
  ids.Lab = addSso.sso.id
  expect(await nameOf(await session('Lab', 'kim'))).toBe('kim')
  expect((await rolesIn('vision')).kim).toBe('CONTRIBUTOR')
})
