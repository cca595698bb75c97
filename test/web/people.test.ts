/**
 * Two teams and five roles are set up from the pages, in Chromium, while another admin looks on: what each may see and do follows at once, with a
 * role of the workspace's own making and a grant on one experiment.
 */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { basic, password, peopleOf } from '../people.ts'
import type { Platform } from '../platform.ts'
import { colours, launch, openPage, signIn, startWithPages, violations } from './chromium.ts'

let browser: Browser
let platform: Platform
let admin: Page
let other: Page
const errors: string[][] = []
const { data, make, first } = peopleOf(() => platform)
/** What the browser itself says of an answer that is a refusal. */
const own = (all: string[]) => all.filter((text) => !/Failed to load resource.*(400|401|403|404)/.test(text))

async function enter(name: string, path: string, options?: Parameters<typeof openPage>[2]): Promise<Page> {
  const { page, errors: seen } = await openPage(browser, `${platform.origin}${path}`, options)
  errors.push(seen)
  await signIn(page, name, password)
  return page
}

beforeAll(async () => {
  ;[browser, platform] = await Promise.all([launch(), startWithPages({ access: 'accounts' })])
  await first()
  for (const name of ['bob', 'cleo', 'dan', 'eve', 'finn']) await make(name)
  for (const [name, team] of [
    ['tides/secret', 'solar'],
    ['tides/open', 'forecasting'],
  ])
    await data(basic('ada'), 'mutation ($input: CreateExperimentInput!) { createExperiment(input: $input) { experiment { id } } }', {
      input: { name, tags: [{ key: 'team', value: team }] },
    })
  ;[admin, other] = await Promise.all([enter('ada', '/access'), enter('ada', '/access')])
})
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
})

it('five people have five roles, and another admin sees each as it is given', async () => {
  for (const [name, role] of [
    ['bob', 'Viewer'],
    ['cleo', 'Contributor'],
    ['dan', 'Engineer'],
    ['eve', 'Approver'],
  ] as const) {
    await admin.getByLabel('Name of an account').fill(name)
    await admin.getByLabel('Role', { exact: true }).selectOption(role)
    await admin.getByRole('button', { name: 'Add', exact: true }).click()
    await other.getByLabel(`Role of ${name}`).waitFor()
    expect(await other.getByLabel(`Role of ${name}`).inputValue()).toBe(role.toUpperCase())
  }
  await admin.getByRole('columnheader', { name: 'Viewer 1' }).waitFor()
  expect(await violations(admin)).toEqual([])
})

it('two teams: what one gives, all of its people have', async () => {
  await admin.getByRole('link', { name: 'Teams' }).click()
  await admin.getByText('There are no teams yet').waitFor()
  for (const [name, role] of [
    ['Forecasting', 'Engineer'],
    ['Solar', 'gives no role'],
  ] as const) {
    await admin.getByLabel('Name of the new team').fill(name)
    await admin.getByLabel('Role of the new team').selectOption(role)
    await admin.getByRole('button', { name: 'New team' }).click()
    await admin.getByRole('region', { name: `Team ${name}` }).waitFor()
  }
  for (const [team, name] of [
    ['Forecasting', 'finn'],
    ['Forecasting', 'bob'],
    ['Solar', 'cleo'],
  ] as const) {
    const card = admin.getByRole('region', { name: `Team ${team}` })
    await card.getByLabel(`Who joins ${team}`).fill(name)
    await card.getByRole('button', { name: 'Add' }).click()
    await card.getByRole('button', { name: `Take ${name} out of ${team}` }).waitFor()
  }
  await admin.getByLabel('Name of the new team').fill('Solar')
  await admin.getByRole('button', { name: 'New team' }).click()
  await admin.getByRole('alert').getByText("A team 'Solar' exists already.").waitFor()
  expect(await violations(admin)).toEqual([])
  await other.getByRole('row', { name: /finn Engineer by team Forecasting password/ }).waitFor()
  await other.getByLabel('Find by name or team').fill('solar')
  await other.getByRole('row', { name: /cleo/ }).waitFor()
  expect(await other.getByRole('row', { name: /finn/ }).count()).toBe(0)
})

it('a role of the workspace’s own takes what has a tag, live, from who looks at it', async () => {
  const cleo = await enter('cleo', '/experiments')
  await cleo.getByRole('link', { name: 'secret' }).first().waitFor()

  await admin.getByRole('link', { name: 'Custom roles' }).click()
  await admin.getByLabel('Name of the new role').fill('Not the secrets')
  await admin.getByRole('button', { name: 'New role' }).click()
  const card = admin.getByRole('region', { name: 'Role Not the secrets' })
  await card.getByLabel('May', { exact: true }).selectOption('not even see')
  await card.getByLabel('Which', { exact: true }).selectOption('those tagged')
  await card.getByLabel('Which those tagged').fill('solar')
  await card.getByRole('button', { name: 'Add rule' }).click()
  await card.getByRole('alert').getByText('Write each tag as key=value').waitFor()
  await card.getByLabel('Which those tagged').fill('team=solar')
  await card.getByRole('button', { name: 'Add rule' }).click()
  await card.getByRole('row', { name: /experiments team solar/ }).waitFor()
  await card.getByLabel('Who gets Not the secrets').fill('Solar')
  await card.getByRole('button', { name: 'Give' }).click()
  await card.getByRole('button', { name: 'Take Solar out of Not the secrets' }).waitFor()
  expect(await violations(admin)).toEqual([])

  await cleo.getByRole('link', { name: 'secret' }).first().waitFor({ state: 'detached' })
  await cleo.getByRole('link', { name: 'open' }).first().waitFor()
  await cleo.close()
})

it('a grant on one experiment goes before the role, and is taken back', async () => {
  const bob = await enter('bob', '/access')
  await bob.getByText('You are Engineer: you can read this page').waitFor()
  expect(await bob.getByRole('button', { name: 'Add', exact: true }).count()).toBe(0)
  await bob.getByRole('link', { name: 'Teams' }).click()
  await bob.getByRole('region', { name: 'Team Forecasting' }).getByText('finn').waitFor()
  expect(await bob.getByRole('button', { name: /Take .* out/ }).count()).toBe(0)
  await bob.close()

  await admin.goto(`${platform.origin}/experiments`)
  await admin.getByRole('link', { name: 'open' }).first().click()
  await admin.waitForURL(/experiments\/\d+/)
  await admin.goto(`${admin.url().replace(/[?#].*/, '')}/overview`)
  await admin.getByRole('button', { name: 'Access' }).click()
  const dialog = admin.getByRole('dialog', { name: 'Access to tides/open' })
  await dialog.getByText('Everybody has what their role gives.').waitFor()
  await dialog.getByLabel('Who').fill('nobody-like-that')
  await dialog.getByRole('button', { name: 'Grant' }).click()
  await dialog.getByRole('alert').waitFor()
  await dialog.getByLabel('Who').fill('Solar')
  await dialog.getByLabel('May', { exact: true }).selectOption('may see it')
  await dialog.getByRole('button', { name: 'Grant' }).click()
  await dialog.getByLabel('What Solar may').waitFor()
  expect(await violations(admin)).toEqual([])
  const answer = 'query ($id: String!) { access(account: $id, may: EDIT, experiment: "2") { allowed because } }'
  expect((await data(basic('ada'), answer, { id: 'cleo' })).access).toMatchObject({ allowed: false })
  await dialog.getByRole('button', { name: 'Take back what Solar was granted' }).click()
  await dialog.getByText('Everybody has what their role gives.').waitFor()
  expect((await data(basic('ada'), answer, { id: 'cleo' })).access).toMatchObject({ allowed: true })
  await dialog.getByRole('button', { name: 'Done' }).click()

  // Of a registered model too.
  await data(basic('ada'), 'mutation { createRegisteredModel(input: { name: "weir" }) { __typename } }')
  await admin.goto(`${platform.origin}/models/weir`)
  await admin.getByRole('button', { name: 'Access' }).click()
  const ofModel = admin.getByRole('dialog', { name: 'Access to weir' })
  await ofModel.getByLabel('Who').fill('bob')
  await ofModel.getByLabel('May', { exact: true }).selectOption('may not even see it')
  await ofModel.getByRole('button', { name: 'Grant' }).click()
  await ofModel.getByLabel('What bob may').waitFor()
  expect((await data(basic('bob'), '{ registeredModels { nodes { name } } }')).registeredModels.nodes).toEqual([])
})

it('a team goes with what it was given, once one has said so; on a telephone, in the dark', async () => {
  const phone = await enter('ada', '/access?show=teams', { viewport: { width: 390, height: 844 }, colorScheme: 'dark' })
  expect(await phone.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
  expect(await violations(phone)).toEqual([])
  await phone.getByRole('button', { name: 'Delete the team Solar' }).click()
  const dialog = phone.getByRole('dialog', { name: 'Delete the team Solar?' })
  expect(await violations(phone, 'dialog', colours)).toEqual([])
  await dialog.getByText('Not the secrets').waitFor()
  await dialog.getByRole('button', { name: 'Delete' }).click()
  await phone.getByRole('region', { name: 'Team Solar' }).waitFor({ state: 'detached' })
  for (const show of ['roles', 'members']) {
    await phone.goto(`${platform.origin}/access?show=${show}`)
    await phone.getByRole('heading', { name: show === 'roles' ? 'Not the secrets' : 'Members' }).waitFor()
    expect(await phone.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    expect(await violations(phone)).toEqual([])
  }
  expect(own(errors.flat())).toEqual([])
})

it('who is in no workspace is told so, and is in as soon as somebody takes them in', async () => {
  await make('gus')
  const gus = await enter('gus', '/experiments')
  await gus.getByRole('heading', { name: 'You are in no workspace' }).waitFor()
  expect(await violations(gus)).toEqual([])
  await data(basic('ada'), 'mutation { setMember(account: "gus", role: VIEWER) { member { role } } }')
  await gus.getByRole('button', { name: 'Look again' }).click()
  await gus.getByRole('main').getByRole('link', { name: 'Default' }).waitFor()
  await gus.close()
}, 60_000)
