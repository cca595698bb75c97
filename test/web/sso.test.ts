/**
 * Single sign-on in a real browser: set up from the page, at two real providers, with their own pages, their cookies and redirects across
 * sites; an account that is linked with both; and who is signed out there too.
 */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type OidcServer, startOidc } from '../parts/oidc.ts'
import type { Platform } from '../platform.ts'
import { launch, openPage, signIn, signInAtProvider, startWithPages, violations } from './chromium.ts'

let browser: Browser
let platform: Platform
let lab: OidcServer
let campus: OidcServer
let admin: Page
let cleo: Page
let errors: string[]

const password = 'the tide rises twice'
/** What the browser itself says of an answer that is a refusal, and of the letters that the providers' own pages lack. */
const own = (all: string[]) => all.filter((text) => !/Failed to load resource.*(400|401|403|404|ERR_NAME_NOT_RESOLVED)/.test(text))

beforeAll(async () => {
  ;[browser, platform] = await Promise.all([launch(), startWithPages({ access: 'accounts', outboundHosts: ['127.0.0.1', 'localhost'] })])
  const redirectUri = `${platform.origin}/auth/sso/callback`
  const client = { post_logout_redirect_uris: [`${platform.origin}/`] }
  const accounts = {
    cleo: { name: 'Cleo', email: 'cleo@example.com', email_verified: true, groups: ['roofs'] },
    dan: { name: 'Dan', groups: [] },
    olu: { name: 'Olu', groups: ['keepers'] },
  }
  // Another site than the platform's, and the same.
  lab = await startOidc({ host: 'localhost', redirectUri, accounts, client })
  campus = await startOidc({ host: '127.0.0.1', redirectUri, accounts, client })
  const token = platform.firstLink!.split('#')[1]
  const body = JSON.stringify({ token, name: 'ada', password })
  await fetch(`${platform.origin}/auth/link/accept`, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
  ;({ page: admin, errors } = await openPage(browser, `${platform.origin}/access?show=sign-in`))
  await signIn(admin, 'ada', password)
})
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
  await Promise.all([lab?.stop(), campus?.stop()])
})

/** The provider's own pages: who, and that they agree. */
it('is set up and tested from the page: two providers, with what their groups stand for', async () => {
  await admin.getByText(`${platform.origin}/auth/sso/callback`).waitFor()
  const fill = async (name: string, { issuer, client }: OidcServer) => {
    await admin.getByLabel('The button says').fill(name)
    await admin.getByLabel('Issuer').fill(issuer)
    await admin.getByLabel('Client id').fill(client.id)
    await admin.getByLabel('Client secret').fill(client.secret)
    await admin.getByLabel('Group 1', { exact: true }).fill('roofs')
  }
  await fill('Lab', lab)
  await admin.getByLabel('Role of group 1').selectOption('Engineer')
  await admin.getByRole('button', { name: 'Group of admins' }).click()
  await admin.getByLabel('Group of admins 1', { exact: true }).fill('keepers')
  await admin.getByLabel('Signing out here signs out there too').check()
  expect(await violations(admin)).toEqual([])
  await admin.getByRole('button', { name: 'Keep' }).click()
  await admin.getByRole('button', { name: 'Test Lab' }).click()
  await admin.getByRole('status').getByText('The provider answers; people sign in at localhost').waitFor()

  await admin.getByRole('button', { name: 'Another' }).click()
  await fill('lab', campus)
  await admin.getByRole('button', { name: 'Keep' }).click()
  await admin.getByRole('alert').getByText("Another provider is called 'lab'").waitFor()
  await admin.getByLabel('The button says').fill('Campus')
  await admin.getByRole('button', { name: 'Keep' }).click()
  await admin.getByRole('row', { name: /Campus.*in use/ }).waitFor()
  await admin.getByRole('button', { name: 'Test Campus' }).click()
  await admin.getByRole('status').getByText('people sign in at 127.0.0.1').waitFor()
  expect(await violations(admin)).toEqual([])
  expect(own(errors)).toEqual([])
})

it('a person goes to the provider, signs in, agrees, and comes back signed in where they were going', async () => {
  ;({ page: cleo } = await openPage(browser, `${platform.origin}/access`))
  await cleo.getByRole('link', { name: 'Campus' }).waitFor()
  expect(await violations(cleo)).toEqual([])
  await cleo.getByRole('link', { name: 'Lab' }).click()
  expect(new URL(cleo.url()).origin).toBe(lab.issuer)
  await signInAtProvider(cleo, 'cleo')
  await cleo.getByText('You are Engineer: you can read this page').waitFor()
  expect(cleo.url()).toBe(`${platform.origin}/access`)
  const cookies = await cleo.context().cookies(platform.origin)
  expect(cookies.map(({ name, httpOnly, sameSite }) => ({ name, httpOnly, sameSite }))).toEqual([
    { name: 'tidegate_session', httpOnly: true, sameSite: 'Lax' },
  ])
  expect(await cleo.evaluate('document.cookie')).toBe('')
})

it('who has no role there is told so, and whose groups manage the installation does', async () => {
  const { page, errors: seen } = await openPage(browser, platform.origin)
  await page.getByRole('link', { name: 'Lab' }).click()
  await signInAtProvider(page, 'dan')
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.getByRole('alert').getByText('none of the groups at the provider stands for one').waitFor()
  expect(await violations(page)).toEqual([])
  await page.context().clearCookies()
  await page.goto(`${platform.origin}/access?show=accounts`)
  await page.getByRole('link', { name: 'Lab' }).click()
  await signInAtProvider(page, 'olu')
  expect(await page.getByRole('checkbox', { name: 'olu manages the installation' }).isChecked()).toBe(true)
  expect(own(seen)).toEqual([])
  await page.close()
})

it('links itself at another provider, and is the same by either', async () => {
  await cleo.goto(`${platform.origin}/access?show=you`)
  await cleo.getByRole('row', { name: /cleo@example\.com Lab/ }).waitFor()
  await cleo.getByRole('button', { name: 'Link yourself at Campus' }).click()
  await signInAtProvider(cleo, 'cleo')
  await cleo.getByRole('row', { name: /cleo@example\.com Campus/ }).waitFor()
  expect(cleo.url()).toBe(`${platform.origin}/access?show=you`)
  expect(await violations(cleo)).toEqual([])

  // Out, here and where the session began; the other provider knows them still.
  await cleo.getByRole('button', { name: 'Sign out' }).click()
  await cleo.waitForURL(`${lab.issuer}/**`)
  await cleo.getByRole('button', { name: /Yes, sign me out/ }).click()
  await cleo.getByRole('heading', { name: 'Sign in' }).waitFor()
  await cleo.getByRole('link', { name: 'Campus' }).click()
  await cleo.getByRole('link', { name: 'cleo', exact: true }).waitFor()

  await cleo.goto(`${platform.origin}/access?show=you`)
  await cleo.getByRole('button', { name: 'Unlink cleo@example.com at Lab' }).click()
  await cleo.getByText('cleo@example.com at Lab is not you here any more').waitFor()
  await cleo.getByRole('button', { name: 'Unlink cleo@example.com at Campus' }).click()
  await cleo.getByRole('alert').getByText('This is your only way in').waitFor()
  expect(await violations(cleo)).toEqual([])
  await cleo.close()
})

it('is taken away: the button is gone', async () => {
  await admin.getByRole('button', { name: 'Set up Campus' }).click()
  await admin.getByRole('button', { name: 'Take away' }).click()
  await admin.getByText('Nobody signs in at Campus any more.').waitFor()
  const { page } = await openPage(browser, platform.origin)
  await page.getByRole('link', { name: 'Lab' }).waitFor()
  expect(await page.getByRole('link', { name: 'Campus' }).count()).toBe(0)
  await page.close()
})
