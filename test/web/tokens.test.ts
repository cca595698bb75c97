/** Keys of programs and places of people, in Chromium: tokens that are made, renewed and end; service accounts; workspaces renamed, put away, taken back. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { bearer, password, peopleOf } from '../people.ts'
import type { Platform } from '../platform.ts'
import { launch, openPage, signIn, startWithPages, violations } from './chromium.ts'

let browser: Browser
let platform: Platform
let page: Page
let errors: string[]

const { first, data, send } = peopleOf(() => platform)
/** What the browser itself says of an answer that is a refusal. */
const own = (all: string[]) => all.filter((text) => !/Failed to load resource.*(400|401|403|404)/.test(text))
const whoIs = async (secret: string) => (await data(bearer(secret), '{ viewer { name role workspace { name } } }')).viewer

beforeAll(async () => {
  ;[browser, platform] = await Promise.all([launch(), startWithPages({ access: 'accounts' })])
  const root = await first()
  await data(root, 'mutation { createWorkspace(name: "solar") { workspace { id } } }')
  ;({ page, errors } = await openPage(browser, `${platform.origin}/access?show=tokens`))
  await signIn(page, 'ada', password)
})
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
})

/** What a dialog shows once. */
async function secretIn(dialog: string): Promise<string> {
  const shown = page.getByRole('dialog', { name: dialog })
  const secret = (await shown.locator('code').textContent())!
  await shown.getByRole('button', { name: 'I have it' }).click()
  return secret
}

it('a token is made for some work in one place, and renewed while the old one is good', async () => {
  await page.getByLabel('What it is for').fill('nightly')
  await page.getByLabel('What it may').selectOption('log runs')
  await page.getByLabel('Where it is good').selectOption('in solar')
  await page.getByLabel('Good for').selectOption('30 days')
  await page.getByRole('button', { name: 'New token' }).click()
  const secret = await secretIn('Your new token')
  expect(await whoIs(secret)).toEqual({ name: 'ada', role: 'ADMIN', workspace: { name: 'solar' } })
  await page.getByRole('row', { name: /nightly.*log runs in solar/ }).waitFor()
  expect(await violations(page)).toEqual([])

  // Near its end the page says so.
  await platform.db.query(
    "UPDATE access_token SET expires_at = expires_at - 28::bigint * 86400000, created_at = created_at - 28::bigint * 86400000 WHERE name = 'nightly'",
  )
  await page.reload()
  await page.getByText('nightly expires within a week: renew it').waitFor()
  await page.getByRole('button', { name: 'Renew nightly' }).click()
  const dialog = page.getByRole('dialog', { name: 'Renew nightly' })
  await dialog.getByLabel('How long the old one stays good').selectOption('for an hour')
  expect(await violations(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Renew' }).click()
  const next = await secretIn('Your new token')
  expect([(await whoIs(secret)).name, (await whoIs(next)).name]).toEqual(['ada', 'ada'])
  await page.getByRole('row', { name: /nightly.*renewed.*in 1 hour/ }).waitFor()
  expect(await page.getByText('expires within a week').count()).toBe(0)
  await page.getByRole('button', { name: 'Revoke nightly, which was renewed' }).click()
  await page.getByText('nightly is refused from now on').waitFor()
  expect((await send('GET', '/api/2.0/mlflow/experiments/get?experiment_id=0', { headers: bearer(secret) })).status).toBe(401)
  expect(await violations(page)).toEqual([])
})

it('a service account is made, gets a token, another role, and goes with it', async () => {
  await page.goto(`${platform.origin}/access?show=workspace`)
  await page.getByLabel('Name of the new service account').fill('CI')
  await page.getByLabel('What the new service account is for').fill('the training at night')
  await page.getByRole('button', { name: 'New service account' }).click()
  await page.getByRole('heading', { name: 'Tokens of ci@default' }).waitFor()
  await page.getByLabel('What it is for', { exact: true }).fill('GitHub')
  await page.getByRole('button', { name: 'New token' }).click()
  const secret = await secretIn('A new token for ci@default')
  expect(await whoIs(secret)).toEqual({ name: 'ci@default', role: 'CONTRIBUTOR', workspace: { name: 'default' } })
  await page.getByLabel('Role of ci@default').selectOption('Engineer')
  await page.getByText('ci@default is Engineer now').waitFor()
  await page.getByRole('button', { name: '1 token of ci@default' }).waitFor()
  expect(await violations(page)).toEqual([])
  await page.getByRole('link', { name: 'Members' }).click()
  await page.getByRole('row', { name: /ci@default service.*token/ }).waitFor()
  await page.getByRole('link', { name: 'Workspace', exact: true }).click()
  await page.getByRole('button', { name: 'Disable ci@default' }).click()
  await page.getByRole('button', { name: 'Enable ci@default' }).waitFor()
  await page.getByRole('button', { name: 'Delete ci@default' }).click()
  await page.getByText('No programs yet').waitFor()
  expect((await send('GET', '/api/2.0/mlflow/experiments/get?experiment_id=0', { headers: bearer(secret) })).status).toBe(401)
})

it('a workspace is renamed, put away, and taken back', async () => {
  await page.goto(`${platform.origin}/access?show=accounts`)
  await page.getByRole('button', { name: 'Rename solar' }).click()
  await page.getByLabel('Another name for solar').fill('default')
  await page.getByRole('button', { name: 'Keep' }).click()
  await page.getByRole('alert').getByText("Workspace 'default' already exists").waitFor()
  await page.getByLabel('Another name for solar').fill('roofs')
  await page.getByRole('button', { name: 'Keep' }).click()
  await page.getByText('solar is called roofs now').waitFor()
  await page.getByRole('button', { name: 'Archive roofs' }).click()
  await page.getByRole('row', { name: /roofs.*archived/ }).waitFor()
  expect(await violations(page)).toEqual([])
  await page.reload()
  await page.getByRole('button', { name: 'Restore roofs' }).click()
  await page.getByRole('button', { name: 'Go to roofs' }).click()
  await page.getByRole('button', { name: 'Workspace roofs: go to another' }).waitFor()

  // Who manages one names it themselves, and goes on in it.
  await page.goto(`${platform.origin}/access?show=workspace`)
  await page.getByLabel('Name', { exact: true }).fill('far-roofs')
  await page.getByLabel('For', { exact: true }).fill('The roofs')
  await page.getByRole('button', { name: 'Keep' }).click()
  await page.getByRole('button', { name: 'Workspace far-roofs: go to another' }).waitFor()
  expect(own(errors)).toEqual([])
})
