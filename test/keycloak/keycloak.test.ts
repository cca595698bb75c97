/** Single sign-on at a real Keycloak, in Chromium: its own pages, its groups by path and roles of its realm, and sessions that end there too. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Keycloak, password, startKeycloak } from '../parts/keycloak.ts'
import { peopleOf, type Who } from '../people.ts'
import type { Platform } from '../platform.ts'
import { launch, openPage, startWithPages } from '../web/chromium.ts'

let browser: Browser
let platform: Platform
let keycloak: Keycloak
let root: Who
let page: Page

const { first, data } = peopleOf(() => platform)

beforeAll(async () => {
  ;[browser, platform] = await Promise.all([launch(), startWithPages({ access: 'accounts', outboundHosts: ['127.0.0.1'] })])
  root = await first()
  keycloak = await startKeycloak({
    origin: platform.origin,
    groups: ['/teams/vision', '/keepers'],
    users: {
      cleo: { email: 'cleo@example.com', groups: ['/teams/vision'], roles: ['approvers'] },
      dan: { email: 'dan@example.com', groups: [] },
    },
  })
  const { id, secret } = keycloak.client
  await set({
    name: 'Keycloak',
    issuer: keycloak.issuer,
    clientId: id,
    clientSecret: secret,
    rules: [
      { group: '/teams/*', workspace: 'default', role: 'ENGINEER' },
      { group: 'approvers', workspace: 'default', role: 'APPROVER' },
    ],
    adminGroups: ['/keepers'],
    signsOut: true,
  })
  ;({ page } = await openPage(browser, platform.origin))
})
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
  await keycloak?.stop()
})

const set = (input: object) => data(root, 'mutation ($input: SetSsoInput!) { setSso(input: $input) { sso { name } } }', { input })
const roleOf = async (name: string): Promise<string | undefined> =>
  (await data(root, '{ members { role account { name } } }')).members.find((each: any) => each.account.name === name)?.role

async function signIn(who: string): Promise<void> {
  await page.getByRole('link', { name: 'Keycloak' }).click()
  await page.locator('#username').fill(who)
  await page.locator('#password').fill(password)
  await page.locator('#kc-login').click()
}
/** Keycloak knows from the token whom it is about, so it asks nothing. */
async function signOut(): Promise<void> {
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  expect(new URL(page.url()).origin).toBe(platform.origin)
}

it('is found, and says where people are signed out', async () => {
  expect((await data(root, 'mutation { testSso { ok message } }')).testSso).toMatchObject({ ok: true })
})

it('somebody comes in with the role of their group, which is a path there, and goes out there too', async () => {
  await signIn('cleo')
  await page.getByRole('link', { name: 'cleo', exact: true }).waitFor()
  expect(await roleOf('cleo')).toBe('ENGINEER')
  await signOut()
  // Keycloak asks who it is: its session is over.
  await signIn('cleo')
  await page.getByRole('link', { name: 'cleo', exact: true }).waitFor()
  await signOut()
})

it('somebody without a group does not get in, and does with one; a group makes admins', async () => {
  await signIn('dan')
  await page.getByRole('alert').getByText('none of the groups at the provider stands for one').waitFor()
  await keycloak.putIn('dan', ['/keepers'])
  // Keycloak knows them still.
  await page.getByRole('link', { name: 'Keycloak' }).click()
  await page.getByRole('link', { name: 'dan', exact: true }).waitFor()
  expect(await page.evaluate(ask('{ viewer { isAdmin } }'))).toEqual({ viewer: { isAdmin: true } })
  await signOut()
})

it('follows who left a group, and takes roles of the realm in place of groups', async () => {
  await keycloak.putIn('cleo', [])
  await signIn('cleo')
  await page.getByRole('alert').getByText('none of the groups at the provider stands for one').waitFor()
  expect(await roleOf('cleo')).toBeUndefined()
  await set({ groupsClaim: 'realm_access.roles' })
  await page.getByRole('link', { name: 'Keycloak' }).click()
  await page.getByRole('link', { name: 'cleo', exact: true }).waitFor()
  expect(await roleOf('cleo')).toBe('APPROVER')
  await signOut()
})

it('says so where Keycloak refuses the secret of the client', async () => {
  await keycloak.renewSecret()
  await signIn('cleo')
  await page.getByRole('alert').getByText("The provider refuses this server's client id or secret").waitFor()
})

const ask = (query: string) => `fetch('/graphql', { method: 'POST', headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ query: ${JSON.stringify(query)} }) }).then((r) => r.json()).then((r) => r.data)`
