/** The table of test/access/levels.ts on the pages, in Chromium: what one may not do with a model is not offered to them, and what one may do is. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { columns, isRole, type Right, signOf } from '../access/levels.ts'
import { peopleOf, sessionOf, type Who } from '../people.ts'
import type { Platform } from '../platform.ts'
import { launch, openPage, settled, startWithPages } from './chromium.ts'

let browser: Browser
let platform: Platform
let ada: Who
const { send, data, first, make } = peopleOf(() => platform)
const password = 'a long tide rises'
const seeing = columns.filter((column) => column !== 'NO_PERMISSIONS')
const whose = (column: string) => column.toLowerCase().replaceAll('_', '-')

beforeAll(async () => {
  ;[browser, platform] = await Promise.all([launch(), startWithPages({ access: 'accounts' })])
  ada = await first()
  for (const column of seeing) await make(whose(column), isRole(column) ? { default: column } : {})
  await data(ada, 'mutation { createRegisteredModel(input: { name: "load" }) { model { id } } }')
  // Of the first it is asked for Production, of the second for Staging.
  for (let i = 0; i < 2; i++)
    await data(ada, 'mutation { createModelVersion(input: { name: "load", source: "s3://models/load" }) { version { id } } }')
  await data(ada, 'mutation { setModelAlias(name: "load", alias: "champion", version: 1) { version { id } } }')
  for (const [version, stage] of [
    [1, 'Production'],
    [2, 'Staging'],
  ])
    await data(ada, 'mutation ($input: RequestTransitionInput!) { requestTransition(input: $input) { request { id } } }', {
      input: { name: 'load', version, stage },
    })
  for (const column of seeing)
    if (!isRole(column))
      await data(
        ada,
        'mutation ($who: String!, $permission: Permission) { setGrant(model: "load", account: $who, permission: $permission) { grant { permission } } }',
        { who: whose(column), permission: column },
      )
})
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
})

/** Which of the rights a page offers something for. */
async function offered(page: Page, on: Array<[Right, string]>): Promise<Record<string, boolean>> {
  const found: Record<string, boolean> = {}
  for (const [right, button] of on)
    found[right] = (await page.getByRole('button', { name: button, exact: true }).filter({ visible: true }).count()) > 0
  return found
}
const wanted = (column: string, on: Array<[Right, string]>) =>
  Object.fromEntries(on.map(([right]) => [right, signOf(right, column) === '+']))

/** What a version's page says can be done to bring it into each of two stages. */
async function ways(page: Page): Promise<Record<string, boolean>> {
  await page.getByRole('button', { name: 'Move to …' }).click()
  const dialog = page.getByRole('dialog')
  const moves: Record<string, boolean> = {}
  for (const stage of ['Staging', 'Production']) {
    await dialog.getByRole('combobox').selectOption(stage)
    const button = dialog.getByRole('button', { name: new RegExp(`^(Move to|Ask for) ${stage}$`) })
    moves[stage] = (await button.textContent())!.startsWith('Move')
  }
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  return moves
}

const onModel: Array<[Right, string]> = [
  ['change descriptions and tags', 'Add a tag'],
  ['rename it', 'Rename'],
  ['delete a version, delete it', 'Delete'],
  ['say who may do what with it', 'Access'],
]
const onVersion: Array<[Right, string]> = [
  ['change descriptions and tags', 'Add a tag'],
  ['set an alias, take it away', 'Add an alias'],
  ['delete a version, delete it', 'Delete'],
]

it.each(seeing)('who holds %s is offered what they may do, and nothing else', async (column) => {
  const { headers } = await send('POST', '/auth/sign-in', { body: { name: whose(column), password } })
  const [name, value] = sessionOf({ headers } as Parameters<typeof sessionOf>[0]).cookie!.split('=')
  const { page, errors } = await openPage(browser, 'about:blank')
  await page.context().addCookies([{ name: name!, value: value!, url: platform.origin }])

  await page.goto(`${platform.origin}/models/load`)
  await page.getByRole('region', { name: 'Tags' }).waitFor()
  await settled(page)
  expect(await offered(page, onModel)).toEqual(wanted(column, onModel))

  for (const [version, stage] of [
    [1, 'Production'],
    [2, 'Staging'],
  ] as const) {
    await page.goto(`${platform.origin}/models/load/${version}`)
    await page.getByRole('region', { name: 'Tags' }).waitFor()
    await settled(page)
    expect(await offered(page, onVersion)).toEqual(wanted(column, onVersion))
    const decides: Array<[Right, string]> = [
      [`decide what was asked for from None to ${stage}`, 'Approve'],
      ['take back what another asked for', 'Take it back'],
    ]
    expect(await offered(page, decides)).toEqual(wanted(column, decides))
    // Who may not says to whom it is open.
    if (signOf(decides[0]![0], column) === '-')
      await page.getByText('Who may move the version themselves may approve: you may not.').waitFor()
  }
  expect(await ways(page)).toEqual({
    Staging: signOf('move a version from None to Staging', column) === '+',
    Production: signOf('move a version from None to Production', column) === '+',
  })
  expect(errors).toEqual([])
  await page.context().close()
})
