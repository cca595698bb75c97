/**
 * Two people come into a new server, in Chromium: the first admin by the link that the start printed, the other by a link from the first.
 * And MLflow's Python client signs in each way it can.
 */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Platform } from '../platform.ts'
import { launch, openPage, python, startWithPages, violations } from './chromium.ts'

let browser: Browser
let platform: Platform
let admin: Page
let errors: string[]
let invitation: string
let token: string

beforeAll(async () => {
  ;[browser, platform] = await Promise.all([launch(), startWithPages({ access: 'accounts' })])
})
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
})

const password = 'the tide rises twice'
/** What the browser itself says of an answer that is a refusal. */
const own = (all: string[]) => all.filter((text) => !/Failed to load resource.*(400|401|403|404|429)/.test(text))

it('makes the first admin by the link of the start, and asks everybody else who they are', async () => {
  const { page: stranger, errors: seen } = await openPage(browser, `${platform.origin}/experiments`)
  await stranger.getByRole('heading', { name: 'Sign in' }).waitFor()
  expect(await violations(stranger)).toEqual([])
  await stranger.getByLabel('Name').fill('ada')
  await stranger.getByLabel('Password', { exact: true }).fill('not that one')
  await stranger.getByRole('button', { name: 'Sign in' }).click()
  await stranger.getByRole('alert').getByText('The name or the password is wrong.').waitFor()
  expect(own(seen)).toEqual([])
  await stranger.close()

  ;({ page: admin, errors } = await openPage(browser, platform.firstLink!))
  await admin.getByRole('heading', { name: 'Be the first admin' }).waitFor()
  // What makes one an admin stays in no history.
  expect(admin.url()).toBe(`${platform.origin}/link`)
  expect(await violations(admin)).toEqual([])
  await admin.getByLabel('Name').fill('Ada')
  await admin.getByLabel('Password').fill(password)
  await admin.getByLabel('Once more').fill('another')
  await admin.getByRole('button', { name: 'Make the account' }).click()
  await admin.getByText('The two passwords differ.').waitFor()
  await admin.getByLabel('Once more').fill(password)
  await admin.getByRole('button', { name: 'Make the account' }).click()
  await admin.getByRole('link', { name: 'Access' }).waitFor()
  await admin.getByRole('link', { name: 'ada', exact: true }).waitFor()
})

it('makes an account, whose link is shown once, and a workspace', async () => {
  await admin.goto(`${platform.origin}/access?show=accounts`)
  await admin.getByLabel('Name of the new account').fill('Bob')
  await admin.getByLabel('Role of the new account').selectOption('no member')
  await admin.getByRole('button', { name: 'New account' }).click()
  const dialog = admin.getByRole('dialog', { name: 'A link for bob' })
  invitation = (await dialog.locator('code').textContent())!
  expect(invitation).toMatch(/\/link#[\w-]{43}$/)
  expect(await violations(admin)).toEqual([])
  await dialog.getByRole('button', { name: 'I have it' }).click()
  await admin.getByRole('row', { name: /bob.*invited/ }).waitFor()
  await admin.getByLabel('Name of the new workspace').fill('Solar!')
  await admin.getByRole('button', { name: 'New workspace' }).click()
  await admin.getByRole('alert').getByText("'name' may hold lower-case letters").waitFor()
  await admin.getByLabel('Name of the new workspace').fill('solar')
  await admin.getByRole('button', { name: 'New workspace' }).click()
  await admin.getByRole('row', { name: /solar/ }).waitFor()
  await admin.getByRole('button', { name: 'Go to solar' }).click()
  await admin.getByRole('button', { name: 'Workspace solar: go to another' }).waitFor()
  await admin.goto(`${platform.origin}/access`)
  await admin.getByLabel('Name of an account').fill('bob')
  await admin.getByLabel('Role', { exact: true }).selectOption('Viewer')
  await admin.getByRole('button', { name: 'Add' }).click()
  await admin.getByRole('row', { name: /bob/ }).waitFor()
  expect(await violations(admin)).toEqual([])
})

it('lets the other in as what they are: what they may not do is locked, and says what it takes', async () => {
  const { page, errors: seen } = await openPage(browser, invitation)
  await page.getByRole('heading', { name: 'Welcome, bob' }).waitFor()
  await page.getByLabel('Password').fill(password)
  await page.getByLabel('Once more').fill(password)
  await page.getByRole('button', { name: 'Set the password' }).click()
  // A member of solar, and of nothing else: that is where they are.
  await page.getByRole('complementary', { name: 'Workspace' }).getByText('solar').waitFor()
  await page.getByRole('link', { name: 'Access' }).click()
  await page.getByText('You are Viewer: you can read this page, not change it.').waitFor()
  expect(await page.getByRole('button', { name: 'Add' }).count()).toBe(0)
  expect(await violations(page)).toEqual([])
  expect(own(seen)).toEqual([])

  // A role that changes holds at once, also for what is open.
  await admin.getByLabel('Role of bob').selectOption('Contributor')
  await admin.getByText('bob is Contributor now').waitFor()
  await page.goto(`${platform.origin}/access?show=tokens`)
  await page.getByLabel('What it is for').fill('notebook')
  await page.getByRole('button', { name: 'New token' }).click()
  const dialog = page.getByRole('dialog', { name: 'Your new token' })
  token = (await dialog.locator('code').textContent())!
  expect(token).toMatch(/^tg_[\w-]{43}$/)
  await dialog.getByRole('button', { name: 'I have it' }).click()
  await page.getByRole('row', { name: /notebook/ }).waitFor()
  expect(await violations(page)).toEqual([])
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.close()
})

it('answers why somebody may do something', async () => {
  await admin.getByLabel('Who').fill('bob')
  await admin.getByLabel('What', { exact: true }).selectOption('manage')
  await admin.getByRole('button', { name: 'Ask' }).click()
  await admin.getByText("bob may not manage the workspace 'solar': they are CONTRIBUTOR of the workspace 'solar'.").waitFor()
  expect(own(errors)).toEqual([])
})

it('shows who changed what, and what was refused', async () => {
  await admin.getByRole('link', { name: 'Audit log' }).click()
  await admin
    .getByRole('row', { name: /ada member\.set/ })
    .first()
    .waitFor()
  await admin.getByLabel('Everywhere').check()
  await admin.getByLabel('Only what was refused').check()
  await admin.getByRole('row', { name: /ada account\.sign-in.*unauthenticated/ }).waitFor()
  expect(await violations(admin)).toEqual([])
  const [download] = await Promise.all([admin.waitForEvent('download'), admin.getByRole('button', { name: 'CSV' }).click()])
  const text = await readFile(await download.path(), 'utf8')
  expect(text).toContain('account.sign-in')
  expect(text).not.toContain('not that one')
})

it("MLflow's Python client signs in by token and by name, and chooses its workspace", async () => {
  const script = `
import mlflow, sys
mlflow.set_workspace("solar")
mlflow.set_experiment("from python")
with mlflow.start_run() as run:
    mlflow.log_metric("loss", 0.5)
    mlflow.log_text("hello", "a.txt")
print(mlflow.artifacts.load_text(run.info.artifact_uri + "/a.txt"), mlflow.get_run(run.info.run_id).data.metrics)
`
  const run = (env: Record<string, string>) =>
    promisify(execFile)(python(), ['-c', script], {
      env: {
        PATH: process.env.PATH!,
        HOME: process.env.HOME!,
        MLFLOW_TRACKING_URI: platform.origin,
        MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0',
        ...env,
      },
    })
  const ways: Array<Record<string, string>> = [
    { MLFLOW_TRACKING_TOKEN: token },
    { MLFLOW_TRACKING_USERNAME: 'bob', MLFLOW_TRACKING_PASSWORD: password },
    { MLFLOW_TRACKING_USERNAME: 'bob', MLFLOW_TRACKING_PASSWORD: token },
  ]
  for (const env of ways) expect((await run(env)).stdout).toContain("hello {'loss': 0.5}")
  await expect(run({})).rejects.toThrow(/UNAUTHENTICATED|not signed in|401/)
  await expect(run({ MLFLOW_TRACKING_TOKEN: token.replace(/.$/, '!') })).rejects.toThrow(/token is not known here|UNAUTHENTICATED|401/)
}, 120_000)

it('shows what others logged in the workspace, live, and goes when the session ends elsewhere', async () => {
  await admin.goto(`${platform.origin}/experiments`)
  await admin
    .getByRole('link', { name: /from python/ })
    .first()
    .waitFor()
  await admin.evaluate("fetch('/auth/sign-out', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })")
  // By itself, with the line that is ended.
  await admin.getByRole('heading', { name: 'Sign in' }).waitFor()
})
