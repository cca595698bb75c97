/**
 * A new server becomes one for two teams, in Chromium and by its pages alone: the first admin comes in by the link of the start, makes a
 * workspace, five people of five roles, two teams, single sign-on and tokens; each signs in and sees what is theirs, and MLflow's client works by
 * each way in. `TIDEGATE_TEST_RECORD=folder` keeps a picture of each step.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type OidcServer, startOidc } from '../parts/oidc.ts'
import { basic, bearer, password, peopleOf } from '../people.ts'
import type { Platform } from '../platform.ts'
import { launch, openPage, python, signInAtProvider, startWithPages, violations } from './chromium.ts'

let browser: Browser
let platform: Platform
let lab: OidcServer
let admin: Page
const errors: string[][] = []
const { data } = peopleOf(() => platform)
/** What the browser itself says of an answer that is a refusal, and of the letters that the provider's own page lacks. */
const own = (all: string[]) => all.filter((text) => !/Failed to load resource.*(400|401|403|404|ERR_NAME_NOT_RESOLVED)/.test(text))

const people = { vi: 'Viewer', con: 'Contributor', enno: 'Engineer', apu: 'Approver', adele: 'Admin' } as const
type Name = keyof typeof people
const links = {} as Record<Name, string>
const pages = {} as Record<Name | 'sol', Page>
const tokens: Record<string, string> = {}

beforeAll(async () => {
  ;[browser, platform] = await Promise.all([launch(), startWithPages({ access: 'accounts', outboundHosts: ['localhost'] })])
  lab = await startOidc({
    host: 'localhost',
    redirectUri: `${platform.origin}/auth/sso/callback`,
    accounts: { sol: { name: 'Sol', groups: ['solar'] }, dan: { name: 'Dan', groups: ['kitchen'] } },
  })
})
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
  await lab?.stop()
})

const record = process.env.TIDEGATE_TEST_RECORD
let steps = 0
/** A step of the journey is done. */
async function step(page: Page, what: string): Promise<void> {
  steps++
  if (record) await page.screenshot({ path: join(record, `${String(steps).padStart(2, '0')} ${what}.png`) })
}

async function open(path: string): Promise<Page> {
  const { page, errors: seen } = await openPage(browser, platform.origin + path)
  errors.push(seen)
  return page
}

/** What a dialog shows once. */
async function shownIn(page: Page, name: string): Promise<string> {
  const dialog = page.getByRole('dialog', { name })
  const text = (await dialog.locator('code').textContent())!
  await dialog.getByRole('button', { name: 'I have it' }).click()
  return text
}

async function makeExperiment(name: string): Promise<void> {
  await data(basic('ada'), 'mutation ($name: String!) { createExperiment(input: { name: $name }) { experiment { id } } }', { name })
}

it('the first admin comes in by the link of the start, and makes a workspace', async () => {
  admin = await open(new URL(platform.firstLink!).pathname + new URL(platform.firstLink!).hash)
  await admin.getByLabel('Name').fill('ada')
  await admin.getByLabel('Password').fill(password)
  await admin.getByLabel('Once more').fill(password)
  await step(admin, 'the first admin')
  await admin.getByRole('button', { name: 'Make the account' }).click()
  await admin.getByRole('link', { name: 'ada', exact: true }).waitFor()
  // In the workspace that every server has, and that nobody else will be in.
  await makeExperiment('nobody elses')

  await admin.goto(`${platform.origin}/access?show=accounts`)
  await admin.getByLabel('Name of the new workspace').fill('energy')
  await admin.getByRole('button', { name: 'New workspace' }).click()
  await admin.getByRole('button', { name: 'Go to energy' }).click()
  await admin.getByRole('button', { name: 'Workspace energy: go to another' }).waitFor()
  await step(admin, 'a workspace')
})

it('invites five people, of five roles, by links', async () => {
  await admin.goto(`${platform.origin}/access?show=accounts`)
  for (const [name, role] of Object.entries(people)) {
    await admin.getByLabel('Name of the new account').fill(name)
    await admin.getByLabel('Role of the new account').selectOption(`${role} of energy`)
    await admin.getByRole('button', { name: 'New account' }).click()
    links[name as Name] = await shownIn(admin, `A link for ${name}`)
    await admin.getByRole('row', { name: new RegExp(`${name}.*invited`) }).waitFor()
  }
  await step(admin, 'five are invited')
})

it('makes two teams, and what one of them gives', async () => {
  await admin.goto(`${platform.origin}/access?show=teams`)
  for (const [team, members] of Object.entries({ Forecasting: ['con', 'enno'], Solar: ['vi', 'apu'] })) {
    await admin.getByLabel('Name of the new team').fill(team)
    await admin.getByRole('button', { name: 'New team' }).click()
    const card = admin.getByRole('region', { name: `Team ${team}` })
    for (const name of members) {
      await card.getByLabel(`Who joins ${team}`).fill(name)
      await card.getByRole('button', { name: 'Add' }).click()
      await card.getByRole('button', { name: `Take ${name} out of ${team}` }).waitFor()
    }
  }
  expect(await violations(admin)).toEqual([])
  await step(admin, 'two teams')
})

it('sets up single sign-on, tries it, and says what a group stands for', async () => {
  await admin.goto(`${platform.origin}/access?show=sign-in`)
  await admin.getByLabel('The button says').fill('Lab')
  await admin.getByLabel('Issuer').fill(lab.issuer)
  await admin.getByLabel('Client id').fill(lab.client.id)
  await admin.getByLabel('Client secret').fill(lab.client.secret)
  await admin.getByLabel('Group 1', { exact: true }).fill('solar')
  await admin.getByLabel('Workspace of group 1').selectOption('energy')
  await admin.getByLabel('Role of group 1').selectOption('Contributor')
  await step(admin, 'single sign-on')
  await admin.getByRole('button', { name: 'Keep' }).click()
  await admin.getByRole('button', { name: 'Test Lab' }).click()
  await admin.getByRole('status').getByText('The provider answers; people sign in at localhost').waitFor()
  await step(admin, 'the provider answers')
})

it('makes a program with a token of its own', async () => {
  await admin.goto(`${platform.origin}/access?show=workspace`)
  await admin.getByLabel('Name of the new service account').fill('nightly')
  await admin.getByLabel('What the new service account is for').fill('the training at night')
  await admin.getByRole('button', { name: 'New service account' }).click()
  for (const [what, key] of [
    ['scheduler', 'service'],
    ['lost', 'revoked'],
  ] as const) {
    await admin.getByLabel('What it is for', { exact: true }).fill(what)
    await admin.getByRole('button', { name: 'New token' }).click()
    tokens[key] = await shownIn(admin, 'A new token for nightly@energy')
  }
  await admin.getByRole('button', { name: 'Revoke lost' }).click()
  await admin.getByText('lost is refused from now on').waitFor()
  await step(admin, 'a program')
})

it('everybody sets a password by their link, and sees what is theirs to see and do', async () => {
  for (const [name, role] of Object.entries(people) as Array<[Name, string]>) {
    const page = (pages[name] = await open(new URL(links[name]).pathname + new URL(links[name]).hash))
    await page.getByRole('heading', { name: `Welcome, ${name}` }).waitFor()
    await page.getByLabel('Password').fill(password)
    await page.getByLabel('Once more').fill(password)
    await page.getByRole('button', { name: 'Set the password' }).click()
    await page.getByRole('complementary', { name: 'Workspace' }).getByText('energy').waitFor()
    await page.goto(`${platform.origin}/access`)
    if (role === 'Admin') await page.getByRole('button', { name: 'Add', exact: true }).waitFor()
    else await page.getByText(`You are ${role}: you can read this page, not change it.`).waitFor()
    expect((await data(basic(name), '{ viewer { workspaces { name } } experiments { nodes { name } } }')).viewer.workspaces).toEqual([
      { name: 'energy' },
    ])
    await step(page, `${name} is ${role}`)
  }
})

it('who comes by single sign-on has what their group stands for, and who has none stays out', async () => {
  const signIn = async (name: string) => {
    const page = await open('/experiments')
    await page.getByRole('link', { name: 'Lab' }).click()
    await signInAtProvider(page, name)
    return page
  }
  const dan = await signIn('dan')
  await dan.getByRole('alert').getByText('none of the groups at the provider stands for one').waitFor()
  await dan.close()
  pages.sol = await signIn('sol')
  await pages.sol.getByRole('complementary', { name: 'Workspace' }).getByText('energy').waitFor()
  await pages.sol.goto(`${platform.origin}/access`)
  await pages.sol.getByText('You are Contributor: you can read this page, not change it.').waitFor()
  await step(pages.sol, 'sol came by single sign-on')
})

it('people make tokens for their programs', async () => {
  for (const [page, key] of [
    [pages.con, 'personal'],
    [pages.sol, 'of single sign-on'],
    [pages.vi, 'of a viewer'],
  ] as const) {
    await page.goto(`${platform.origin}/access?show=tokens`)
    await page.getByLabel('What it is for').fill('notebook')
    await page.getByRole('button', { name: 'New token' }).click()
    tokens[key] = await shownIn(page, 'Your new token')
    await page.getByRole('row', { name: /notebook/ }).waitFor()
  }
  await step(pages.con, 'a token')
})

it("MLflow's client works by each way to sign in, and is refused by each that is none", async () => {
  const ways: Array<[string, Record<string, string>, string]> = [
    ['name and password', { MLFLOW_TRACKING_USERNAME: 'enno', MLFLOW_TRACKING_PASSWORD: password }, 'hello, 0.5'],
    ['a token', { MLFLOW_TRACKING_TOKEN: tokens.personal! }, 'hello, 0.5'],
    ['a token as the password', { MLFLOW_TRACKING_USERNAME: 'con', MLFLOW_TRACKING_PASSWORD: tokens.personal! }, 'hello, 0.5'],
    ['who came by single sign-on', { MLFLOW_TRACKING_TOKEN: tokens['of single sign-on']! }, 'hello, 0.5'],
    ['a program', { MLFLOW_TRACKING_TOKEN: tokens.service! }, 'hello, 0.5'],
    ['who may only look', { MLFLOW_TRACKING_TOKEN: tokens['of a viewer']! }, 'PERMISSION_DENIED'],
    ['nobody', {}, 'UNAUTHENTICATED'],
    ['a wrong password', { MLFLOW_TRACKING_USERNAME: 'enno', MLFLOW_TRACKING_PASSWORD: 'not that one' }, 'UNAUTHENTICATED'],
    ['a token that is none', { MLFLOW_TRACKING_TOKEN: `tg_${'x'.repeat(43)}` }, 'UNAUTHENTICATED'],
    ['a token that was revoked', { MLFLOW_TRACKING_TOKEN: tokens.revoked! }, 'UNAUTHENTICATED'],
  ]
  const asked = ways.map(([as, env]) => ({ as, env, experiment: 'from python' }))
  const { stdout } = await promisify(execFile)(python(), [join(import.meta.dirname, 'access-journey.py'), JSON.stringify(asked)], {
    env: {
      PATH: process.env.PATH!,
      HOME: process.env.HOME!,
      MLFLOW_TRACKING_URI: platform.origin,
      MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0',
    },
  })
  const said = stdout.split('\n').filter((line) => /^[^:]+: (hello|[A-Z_]+$)/.test(line))
  expect(said).toEqual(ways.map(([as, , outcome]) => `${as}: ${outcome}`))
}, 120_000)

it('what they logged is there for the workspace, and for nobody else', async () => {
  await pages.vi.goto(`${platform.origin}/experiments`)
  await pages.vi.getByRole('link', { name: 'from python' }).first().waitFor()
  expect(await pages.vi.getByRole('link', { name: 'nobody elses' }).count()).toBe(0)
  await step(pages.vi, 'what vi sees')
  const others = '{ experiments { nodes { name } } }'
  expect(JSON.stringify(await data({ ...basic('ada'), 'x-tidegate-workspace': 'default' }, others))).not.toContain('from python')
  expect(JSON.stringify(await data(bearer(tokens.service!), others))).not.toContain('nobody elses')
})

it('a right that is withdrawn ends what is open by it, and the page has nothing of it left', async () => {
  // Beside the page's own, one whose end can be read.
  const ended = pages.vi.evaluate(async () => {
    const answer = await fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: 'subscription { experimentsChanged { __typename } }' }),
    })
    return answer.text()
  })
  await admin.goto(`${platform.origin}/access?show=teams`)
  await admin.getByRole('button', { name: 'Take vi out of Solar' }).click()
  await admin.goto(`${platform.origin}/access`)
  await admin.getByRole('button', { name: 'Remove vi' }).click()
  expect(await ended).toContain('Your rights have changed')
  await pages.vi.getByRole('link', { name: 'from python' }).first().waitFor({ state: 'detached' })
  await step(pages.vi, 'vi is no member any more')
  await admin.goto(`${platform.origin}/access?show=audit`)
  await admin
    .getByRole('row', { name: /ada member\.remove/ })
    .first()
    .waitFor()
  await step(admin, 'the audit log')
  expect(own(errors.flat())).toEqual([])
})
