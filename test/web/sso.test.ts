/** Single sign-on in a real browser: its cookies, its redirects across sites, and the provider's own pages. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type OidcServer, startOidc } from '../parts/oidc.ts'
import { type Platform, startPlatform } from '../platform.ts'
import { launch } from './chromium.ts'

let browser: Browser
let platform: Platform
let provider: OidcServer

beforeAll(async () => {
  ;[browser, platform] = await Promise.all([launch(), startPlatform({ access: 'accounts', outboundHosts: ['127.0.0.1', 'localhost'] })])
  const redirectUri = `${platform.origin}/auth/sso/callback`
  provider = await startOidc({ host: 'localhost', redirectUri, accounts: { ada: { email: 'ada@example.com', groups: ['vision'] } } })
  const send = (path: string, body: object, headers: Record<string, string> = {}) =>
    fetch(platform.origin + path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    })
  const token = platform.firstLink!.split('#')[1]
  const first = await send('/auth/link/accept', { token, name: 'root', password: 'a long tide rises' })
  const input = {
    name: 'Lab',
    issuer: provider.issuer,
    clientId: provider.client.id,
    clientSecret: provider.client.secret,
    rules: [{ group: 'vision', workspace: 'default', role: 'CONTRIBUTOR' }],
  }
  const query = 'mutation ($input: SetSsoInput!) { setSso(input: $input) { sso { name } } }'
  const cookie = first.headers.getSetCookie()[0]!.split(';')[0]!
  expect(await (await send('/graphql', { query, variables: { input } }, { cookie })).json()).not.toHaveProperty('errors')
})
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
  await provider?.stop()
})

it('a person goes to the provider, signs in, agrees, and comes back signed in where they were going', async () => {
  const page = await browser.newPage()
  // As from a page of ours; what follows goes through two other pages, of another site.
  await page.goto(`${platform.origin}/health`)
  const who = () =>
    page.evaluate(`fetch('/graphql', { method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ viewer { name } }' }) }).then((r) => r.json()).then((r) => r.data?.viewer?.name || 'nobody')`)
  expect(await who()).toBe('nobody')
  await page.goto(`${platform.origin}/auth/sso/begin?next=/version`)
  expect(new URL(page.url()).origin).toBe(provider.issuer)
  await page.locator('[name=login]').fill('ada')
  await page.locator('[name=password]').fill('any')
  await page.locator('[type=submit]').click()
  await page.locator('[type=submit]').click()
  await page.waitForURL(`${platform.origin}/version`)
  expect(await who()).toBe('ada')
  const cookies = await page.context().cookies(platform.origin)
  expect(cookies.map(({ name, httpOnly, sameSite }) => ({ name, httpOnly, sameSite }))).toEqual([
    { name: 'tidegate_session', httpOnly: true, sameSite: 'Lax' },
  ])
  expect(await page.evaluate('document.cookie')).toBe('')
  await page.close()
})
