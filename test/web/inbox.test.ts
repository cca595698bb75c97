/** The inbox as people use it, in Chromium: what concerns them comes as it happens, by letter too, and letters end by one press without signing in. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type SmtpSink, startSmtp } from '../parts/smtp.ts'
import { basic, password, peopleOf } from '../people.ts'
import type { Platform } from '../platform.ts'
import { launch, openPage, signIn, startWithPages, violations } from './chromium.ts'

let browser: Browser
let sink: SmtpSink
let platform: Platform
let page: Page
let errors: string[]
const { data, make, first } = peopleOf(() => platform)
const as = (who: string, query: string) => data(basic(who), query)
const comment = (text: string) =>
  as('eve', `mutation { addVersionComment(name: "load-forecaster", version: 1, text: ${JSON.stringify(text)}) { comment { id } } }`)

beforeAll(async () => {
  ;[browser, sink] = await Promise.all([launch(), startSmtp()])
  platform = await startWithPages({ access: 'accounts', smtpUrl: sink.url, mailFrom: 'Tidegate <tide@gate.example>' })
  await first()
  await make('eve', { default: 'ENGINEER' })
  await make('amy', { default: 'APPROVER' })
  await platform.db.query("UPDATE account SET email = 'amy@example.com' WHERE name = 'amy'")
  await as('eve', 'mutation { createRegisteredModel(input: { name: "load-forecaster" }) { model { id } } }')
  await as(
    'eve',
    'mutation { createModelVersion(input: { name: "load-forecaster", source: "s3://bucket/model" }) { version { version } } }',
  )
  ;({ page, errors } = await openPage(browser, `${platform.origin}/inbox`))
  await signIn(page, 'amy', password)
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
  await sink?.stop()
})

it('teaches while it is empty, fills as things happen, and is worked through by keys', async () => {
  await page.getByText('What concerns you comes here').waitFor()
  expect(await violations(page)).toEqual([])
  await comment('Look at the weekends, @amy')
  await page.getByRole('link', { name: 'Unread: eve named you, on load-forecaster v1: “Look at the weekends, @amy”' }).waitFor()
  await page.getByRole('link', { name: 'Inbox, 1 unread' }).waitFor()
  await comment('And at the nights, @amy')
  await page.getByRole('link', { name: 'Inbox, 2 unread' }).waitFor()
  expect(await violations(page)).toEqual([])
  await page.keyboard.press('j')
  await page.keyboard.press('r')
  await page.getByRole('link', { name: 'Inbox, 1 unread' }).waitFor()
  await page.keyboard.press('u')
  await page.waitForURL(/show=unread/)
  await page.getByRole('link', { name: /the nights/ }).waitFor({ state: 'detached' })
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/models\/load-forecaster\/1/)
  await page.getByRole('link', { name: 'Inbox', exact: true }).waitFor()
})

it('a model is followed on its page, and what happens to it comes', async () => {
  await page.goto(`${platform.origin}/models/load-forecaster`)
  await page.getByLabel('What you are told of load-forecaster').selectOption('Following')
  expect(await violations(page)).toEqual([])
  for (;;) {
    const { registeredModel } = await as('amy', '{ registeredModel(name: "load-forecaster") { following } }')
    if (registeredModel.following === 'FOLLOWING') break
    await sleep(30)
  }
  await as(
    'eve',
    'mutation { createModelVersion(input: { name: "load-forecaster", source: "s3://bucket/model" }) { version { version } } }',
  )
  await page.getByRole('link', { name: 'Inbox, 1 unread' }).click()
  await page.getByRole('link', { name: /eve registered load-forecaster v2/ }).waitFor()
})

it('letters end by one press on the page of their link, by whoever is not signed in; on a telephone the inbox says so', async () => {
  for (;;) {
    await platform.db.query('UPDATE graphile_worker._private_jobs SET run_at = now() WHERE locked_at IS NULL')
    if (sink.letters.some(({ to }) => to === 'amy@example.com')) break
    await sleep(50)
  }
  const letter = sink.letters.find(({ to }) => to === 'amy@example.com')!
  const [link] = /\S+\/letters\/stop\?of=[\w.-]+/.exec(letter.text)!
  const stranger = await openPage(browser, link)
  await stranger.page.getByRole('button', { name: 'Send me no more letters' }).click()
  await stranger.page.getByRole('heading', { name: 'No more letters' }).waitFor()
  await stranger.page.close()
  await page.setViewportSize({ width: 390, height: 844 })
  await page.goto(`${platform.origin}/models/load-forecaster`)
  await page.getByLabel('What you are told of load-forecaster').selectOption('Muted')
  await page.goto(`${platform.origin}/inbox`)
  await page.getByLabel('Letters').waitFor()
  expect(await page.getByLabel('Letters').inputValue()).toBe('OFF')
  expect(await violations(page)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
  expect(errors.filter((text) => !/401/.test(text))).toEqual([])
})
