/** Signing in at a real provider: whom it says somebody is, and everything that is not taken for its word. */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type OidcServer, type Signature, startOidc } from '@tidegate/test/oidc'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type OidcOptions, openOidc } from './oidc.ts'
import { openOutbound } from './outbound.ts'

const redirectUri = 'http://127.0.0.1:5000/sign-in/callback'
const accounts = {
  ada: { name: 'Ada L.', email: 'ada@example.com', email_verified: true, groups: ['vision', 'leads', 7], realm_access: { roles: ['lab'] } },
  bob: { preferred_username: 'bob', email: 'bob@example.com', groups: 'vision' },
  eve: { name: '  ' },
  max: { name: 'Max', _claim_names: { groups: 'src1' } },
}
const outbound = openOutbound(['127.0.0.1', 'localhost'])

let provider: OidcServer
beforeAll(async () => {
  provider = await startOidc({ redirectUri, accounts })
})
afterAll(() => provider.stop())
afterEach(() => {
  provider.bend = undefined
})

const open = (options: Partial<OidcOptions> = {}, at: OidcServer = provider) =>
  openOidc({ issuer: at.issuer, clientId: at.client.id, clientSecret: at.client.secret, redirectUri, ...options }, outbound)

/** Signs in from the first step to the last. */
async function signIn(account: string | undefined, options: Partial<OidcOptions> = {}, at: OidcServer = provider) {
  const oidc = open(options, at)
  const { url, attempt } = await oidc.begin()
  return oidc.finish((await at.signIn(url, account)).searchParams, attempt)
}

describe('who signs in', () => {
  it('is who the provider says, with the groups it says', async () => {
    expect(await signIn('ada')).toEqual({
      issuer: provider.issuer,
      subject: 'ada',
      email: 'ada@example.com',
      emailVerified: true,
      name: 'Ada L.',
      groups: ['vision', 'leads'],
      idToken: expect.stringMatching(/^\w+[.]/),
    })
  })

  it('has the name there is, and an address that is not taken for proved', async () => {
    expect(await signIn('bob')).toMatchObject({ name: 'bob', email: 'bob@example.com', emailVerified: false, groups: ['vision'] })
    expect(await signIn('eve')).toMatchObject({ name: 'eve', email: null, emailVerified: false, groups: [] })
  })

  it('has groups from another claim, by path, and none where there is none', async () => {
    expect((await signIn('ada', { groupsClaim: 'realm_access.roles' })).groups).toEqual(['lab'])
    expect((await signIn('ada', { groupsClaim: 'nothing.there' })).groups).toEqual([])
  })

  it('is not let in without groups that the provider has and does not send', async () => {
    await expect(signIn('max')).rejects.toMatchObject({ code: 'INVALID_STATE', message: expect.stringContaining('too many groups') })
  })

  it('is known from the token alone where that has everything, and where the provider knows no scope of groups', async () => {
    const whole = await startOidc({ redirectUri, accounts, wholeToken: true, groups: false })
    expect(await signIn('ada', {}, whole)).toMatchObject({ email: 'ada@example.com', groups: ['vision', 'leads'] })
    expect(whole.asked.get('/me')).toBeUndefined()
    await whole.stop()
  })
})

describe('a sign-in', () => {
  it('asks for a code, with PKCE, a nonce and a state, each time others', async () => {
    const oidc = open()
    const [one, two] = [new URL((await oidc.begin()).url).searchParams, new URL((await oidc.begin()).url).searchParams]
    expect(Object.fromEntries(one)).toMatchObject({
      response_type: 'code',
      client_id: 'tidegate',
      redirect_uri: redirectUri,
      scope: 'openid profile email groups',
      code_challenge_method: 'S256',
    })
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(one.get(name)!.length).toBeGreaterThanOrEqual(43)
      expect(one.get(name)).not.toBe(two.get(name))
    }
  })

  it('that was given up says so', async () => {
    await expect(signIn(undefined)).rejects.toMatchObject({ code: 'UNAUTHENTICATED', message: expect.stringContaining('told not to') })
  })

  it('is finished by the browser that began it, and soon', async () => {
    const oidc = open()
    const [mine, theirs] = [await oidc.begin(), await oidc.begin()]
    const { searchParams: back } = await provider.signIn(mine.url, 'ada')
    const bent = (change: object) =>
      Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(mine.attempt, 'base64url').toString()), ...change })).toString('base64url')
    for (const attempt of [theirs.attempt, '', 'nonsense', 'e30', bent({ state: undefined }), bent({ at: 'now' })]) {
      await expect(oidc.finish(back, attempt)).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
        message: expect.stringContaining('this browser'),
      })
    }
    await expect(oidc.finish(back, bent({ at: Date.now() - 11 * 60_000 }))).rejects.toThrow('ten minutes ago')
    await expect(oidc.finish(new URLSearchParams(), mine.attempt)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect((await oidc.finish(back, mine.attempt)).subject).toBe('ada')
    await expect(oidc.finish(back, mine.attempt)).rejects.toThrow('invalid_grant')
  })

  it('takes no code that was given to another', async () => {
    const oidc = open()
    const [mine, theirs] = [await oidc.begin(), await oidc.begin()]
    const { searchParams: stolen } = await provider.signIn(theirs.url, 'ada')
    stolen.set('state', new URL(mine.url).searchParams.get('state')!)
    await expect(oidc.finish(stolen, mine.attempt)).rejects.toThrow('invalid_grant')
  })

  it('takes no answer of another provider', async () => {
    const oidc = open()
    const { url, attempt } = await oidc.begin()
    const { searchParams: back } = await provider.signIn(url, 'ada')
    back.set('iss', 'https://evil.example')
    await expect(oidc.finish(back, attempt)).rejects.toMatchObject({ code: 'UNAUTHENTICATED', message: expect.stringContaining('iss') })
  })

  it('says that the server is not known to the provider', async () => {
    await expect(signIn('ada', { clientSecret: 'wrong' })).rejects.toMatchObject({
      code: 'INVALID_STATE',
      message: expect.stringContaining('invalid_client'),
    })
  })
})

describe('a token', () => {
  const now = () => Math.floor(Date.now() / 1000)
  const forged: Array<[string, () => Record<string, unknown>, Signature]> = [
    ['that nobody signed', () => ({ sub: 'root' }), 'none'],
    ['that another key signed', () => ({ sub: 'root' }), 'another'],
    ['signed with the client’s secret', () => ({ sub: 'root' }), 'secret'],
    ['signed with the public key as if it were a secret', () => ({ sub: 'root' }), 'public'],
    ['for another server', () => ({ aud: 'another' }), 'own'],
    ['for another server too, handed on by it', () => ({ aud: ['another', 'tidegate'], azp: 'another' }), 'own'],
    ['of another provider', () => ({ iss: 'https://evil.example' }), 'own'],
    ['that is no longer valid', () => ({ exp: now() - 120 }), 'own'],
    ['without an end', () => ({ exp: undefined }), 'own'],
    ['of the future', () => ({ nbf: now() + 600 }), 'own'],
    ['of another attempt', () => ({ nonce: 'replayed' }), 'own'],
    ['of no attempt', () => ({ nonce: undefined }), 'own'],
    ['of nobody', () => ({ sub: undefined }), 'own'],
    ['of somebody else than who is asked about', () => ({ sub: 'root' }), 'own'],
  ]

  it.each(forged)('%s is refused', async (_, claims, by) => {
    provider.bend = (token) => provider.forge(token, claims(), by)
    await expect(signIn('ada')).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.stringMatching(/answer is not taken.*Begin again/),
    })
  })

  it('that is cut, garbled or missing is refused', async () => {
    for (const bend of [
      (token: string) => token.slice(0, -4),
      (token: string) => token.replace('.', '.A'),
      (token: string) => token.split('.').slice(0, 2).join('.'),
      () => 'nonsense',
      () => '',
    ]) {
      provider.bend = bend
      await expect(signIn('ada')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    }
  })

  it('signed anew as it was is taken: it is the change that is refused', async () => {
    provider.bend = (token) => provider.forge(token, {})
    expect((await signIn('ada')).subject).toBe('ada')
  })
})

describe('a provider', () => {
  async function pretend(answer: (issuer: string) => RequestListener): Promise<{ issuer: string; stop(): void }> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('request', answer(issuer))
    return {
      issuer,
      stop() {
        server.closeAllConnections()
        server.close()
      },
    }
  }
  const document = (issuer: string, more: object = {}) => ({
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    ...more,
  })
  const json =
    (value: unknown): RequestListener =>
    (_, res) =>
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))

  it('is spoken to over TLS, unless it is on this machine', async () => {
    for (const issuer of ['http://login.example.com', 'ftp://login.example.com', 'login.example.com', '']) {
      await expect(open({ issuer }).begin()).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE', field: 'issuer' })
    }
  })

  it('is not inside the network behind the server, unless the operator has named it', async () => {
    for (const issuer of ['https://169.254.169.254', 'https://10.0.0.1', 'https://[::1]', 'https://metadata.internal', 'https://vault']) {
      await expect(open({ issuer }).begin()).rejects.toMatchObject({
        code: 'INVALID_PARAMETER_VALUE',
        message: expect.stringContaining('--outbound-hosts'),
      })
    }
    const closed = openOidc({ issuer: provider.issuer, clientId: 'a', clientSecret: 'b', redirectUri }, openOutbound([]))
    await expect(closed.begin()).rejects.toThrow('--outbound-hosts')
  })

  it('leads nowhere inside it either', async () => {
    let inside = 0
    const vault = await pretend(() => (_, res) => {
      inside++
      res.end('{}')
    })
    const secretPlace = vault.issuer.replace('127.0.0.1', '127.0.0.2')
    const hostile = await pretend((issuer) => json(document(issuer, { token_endpoint: `${secretPlace}/token` })))
    const oidc = open({ issuer: hostile.issuer })
    const { url, attempt } = await oidc.begin()
    const back = new URLSearchParams({ code: 'any', state: new URL(url).searchParams.get('state')! })
    await expect(oidc.finish(back, attempt)).rejects.toThrow('not an address on the public internet')
    expect(inside).toBe(0)
    // Nor by a redirect, which is not followed.
    const turning = await pretend(() => (_, res) => res.writeHead(302, { location: vault.issuer }).end())
    await expect(open({ issuer: turning.issuer }).begin()).rejects.toMatchObject({ code: 'TEMPORARILY_UNAVAILABLE' })
    expect(inside).toBe(0)
    for (const each of [vault, hostile, turning]) each.stop()
  })

  it('that is none, or another than it says, is told apart from one that is there', async () => {
    const answers: Array<(issuer: string) => RequestListener> = [
      () => json({}),
      () => json([]),
      () => (_, res) => res.writeHead(500).end('<h1>no</h1>'),
      () => (_, res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<h1>hello</h1>'),
      () => json(document('https://evil.example')),
      () => (_, res) => res.writeHead(200, { 'content-type': 'application/json' }).end(`"${'x'.repeat(2 * 1024 * 1024)}"`),
    ]
    for (const answer of answers) {
      const other = await pretend(answer)
      await expect(open({ issuer: other.issuer }).begin()).rejects.toMatchObject({
        code: 'TEMPORARILY_UNAVAILABLE',
        message: expect.stringContaining(`The provider at ${other.issuer}/ can't be used: `),
      })
      other.stop()
    }
  })

  it('that was away is found when it is back', async () => {
    let up = false
    const other = await pretend((issuer) => (req, res) => (up ? json(document(issuer))(req, res) : void res.destroy()))
    const oidc = open({ issuer: other.issuer })
    await expect(oidc.begin()).rejects.toMatchObject({ code: 'TEMPORARILY_UNAVAILABLE' })
    up = true
    expect((await oidc.begin()).url).toContain(`${other.issuer}/auth?`)
    other.stop()
  })
})
