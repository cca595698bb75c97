/** A real OpenID Connect provider on loopback, whose token can be bent on its way out; and a person who signs in there. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeJwt, exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import Provider, { type ClientMetadata, type Configuration } from 'oidc-provider'

export interface Account {
  [claim: string]: unknown
}

export interface OidcServer {
  issuer: string
  client: { id: string; secret: string }
  /** What is done to each ID token before it leaves; undefined: nothing. */
  bend: ((idToken: string) => string | Promise<string>) | undefined
  /** The token with other claims, signed as `by` says: by the provider's own key, by another of the same id, by none … */
  forge(idToken: string, claims: JWTPayload, by?: Signature): Promise<string>
  /** How often each of its paths was asked. */
  asked: Map<string, number>
  /**
   * What a browser does after it was sent to `url`: signs in as `account`, consents, follows. Returns where it was sent back
   * to. With `account` undefined the person gives up.
   */
  signIn(url: string, account: string | undefined): Promise<URL>
  stop(): Promise<void>
}

export type Signature = 'own' | 'another' | 'none' | 'secret' | 'public'

export interface OidcServerOptions {
  redirectUri: string
  /** By which it is reached: localhost is another site than 127.0.0.1. @default '127.0.0.1' */
  host?: string
  /** Claims by the name that is typed in. */
  accounts: Record<string, Account>
  /** Claims in the ID token itself, not only for who asks again. @default false */
  wholeToken?: boolean
  /** The scope `groups` is known. @default true */
  groups?: boolean
  client?: Partial<ClientMetadata>
}

export async function startOidc({
  redirectUri,
  host = '127.0.0.1',
  accounts,
  wholeToken = false,
  groups = true,
  client = {},
}: OidcServerOptions): Promise<OidcServer> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  const keyId = 'tide'
  const credentials = { id: 'tidegate', secret: 'a secret of the client, long enough for HS256' }
  const asked = new Map<string, number>()
  let handle: ReturnType<Provider['callback']>
  const http = createServer((req, res) => {
    const path = new URL(req.url ?? '/', 'http://localhost').pathname
    asked.set(path, (asked.get(path) ?? 0) + 1)
    void handle(req, res)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const issuer = `http://${host}:${(http.address() as AddressInfo).port}`
  const configuration: Configuration = {
    clients: [{ client_id: credentials.id, client_secret: credentials.secret, redirect_uris: [redirectUri], ...client }],
    findAccount: (_, id) => (accounts[id] ? { accountId: id, claims: async () => ({ sub: id, ...accounts[id] }) } : undefined),
    claims: {
      openid: ['sub', '_claim_names', 'realm_access', ...(groups ? [] : ['groups'])],
      email: ['email', 'email_verified'],
      profile: ['name', 'preferred_username'],
      ...(groups && { groups: ['groups'] }),
    },
    scopes: ['openid', ...(groups ? ['groups'] : [])],
    conformIdTokenClaims: !wholeToken,
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: keyId, alg: 'RS256', use: 'sig' }] },
    cookies: { keys: ['of no consequence'] },
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600, AuthorizationCode: 60 },
  }
  const provider = new Provider(issuer, configuration)
  const server: OidcServer = {
    issuer,
    client: credentials,
    bend: undefined,
    asked,
    async forge(idToken, claims, by = 'own') {
      const payload = { ...decodeJwt(idToken), ...claims }
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
      if (by === 'none') return `${part({ alg: 'none' })}.${part(payload)}.`
      const keys = {
        own: privateKey,
        another: (await generateKeyPair('RS256')).privateKey,
        secret: Buffer.from(credentials.secret),
        public: Buffer.from(await exportSPKI(publicKey)),
      }
      const alg = by === 'secret' || by === 'public' ? 'HS256' : 'RS256'
      return new SignJWT(payload).setProtectedHeader({ alg, kid: keyId }).sign(keys[by])
    },
    signIn: (url, account) => walk(url, account, redirectUri),
    async stop() {
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
  provider.use(async (ctx, next) => {
    await next()
    const body = ctx.body as { id_token?: string } | undefined
    if (ctx.path === '/token' && server.bend && body?.id_token) ctx.body = { ...body, id_token: await server.bend(body.id_token) }
  })
  handle = provider.callback()
  return server
}

/** A browser, as far as it takes: cookies, redirects and the provider's two forms. */
async function walk(start: string, account: string | undefined, end: string): Promise<URL> {
  const cookies = new Map<string, string>()
  const go = async (url: string, form?: Record<string, string>): Promise<Response> => {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    })
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (name) cookies.set(name, value ?? '')
    }
    return response
  }
  let [url, form]: [string, Record<string, string> | undefined] = [start, undefined]
  for (let step = 0; step < 12; step++) {
    const response = await go(url, form)
    form = undefined
    const location = response.headers.get('location')
    if (location) {
      url = new URL(location, url).href
      if (url.startsWith(end)) return new URL(url)
      continue
    }
    const page = await response.text()
    const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1]
    if (!prompt) throw new Error(`The provider shows ${response.status}: ${page.replace(/<[^>]*>/g, ' ').slice(0, 500)}`)
    if (account === undefined) url = `${url}/abort`
    else form = prompt === 'login' ? { prompt, login: account, password: 'any' } : { prompt }
  }
  throw new Error('The provider goes round in circles')
}
