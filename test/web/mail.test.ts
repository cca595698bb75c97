/** Mail as people meet it: an admin tries it, sends links by it, and others come in by what they were sent. At a real mail server. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Received, type SmtpSink, startSmtp } from '../parts/smtp.ts'
import type { Platform } from '../platform.ts'
import { launch, openPage, signIn, startWithPages, violations } from './chromium.ts'

let browser: Browser
let sink: SmtpSink
let platform: Platform
let admin: Page
let errors: string[]

const password = 'the tide rises twice'

beforeAll(async () => {
  ;[browser, sink] = await Promise.all([launch(), startSmtp()])
  platform = await startWithPages({ access: 'accounts', smtpUrl: sink.url, mailFrom: 'Tidegate <tide@gate.example>' })
  const token = platform.firstLink!.split('#')[1]
  const body = JSON.stringify({ token, name: 'ada', password })
  await fetch(`${platform.origin}/auth/link/accept`, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
  ;({ page: admin, errors } = await openPage(browser, platform.origin))
  await signIn(admin, 'ada', password)
})
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
  await sink?.stop()
})

async function letters(to: string, count: number): Promise<Received[]> {
  for (;;) {
    const all = sink.letters.filter((each) => each.to === to)
    if (all.length >= count) return all
    await sleep(30)
  }
}
const linkIn = ({ text }: Received) => /\S+\/link#[\w-]{43}/.exec(text)![0]

async function setPassword(page: Page): Promise<void> {
  await page.getByLabel('Password').fill(password)
  await page.getByLabel('Once more').fill(password)
  await page.getByRole('button', { name: 'Set the password' }).click()
}

it('says what the mail server answers to a test', async () => {
  await admin.goto(`${platform.origin}/access?show=accounts`)
  await admin.getByText('from Tidegate <tide@gate.example>, by 127.0.0.1').waitFor()
  await admin.getByLabel('Address to try mail with').fill('ada@example.com')
  await admin.getByRole('button', { name: 'Send a test' }).click()
  await admin.getByRole('status').getByText('127.0.0.1 took it, for ada@example.com.').waitFor()
  expect(sink.letters.at(-1)).toMatchObject({ to: 'ada@example.com', subject: 'Mail from Tidegate arrives' })
  sink.behave = () => 'refuse'
  await admin.getByRole('button', { name: 'Send a test' }).click()
  await admin.getByRole('status').getByText('No such mailbox here').waitFor()
  sink.behave = () => 'take'
  expect(await violations(admin)).toEqual([])
  expect(errors).toEqual([])
})

it('invites by e-mail: the link is good once, is sent again, says how long it is good, and is taken back', async () => {
  await admin.getByLabel('Name of the new account').fill('bob')
  await admin.getByLabel('E-mail of the new account').fill('bob@example.com')
  await admin.getByRole('button', { name: 'New account' }).click()
  await admin.getByText('A link is on its way to bob@example.com').waitFor()
  await admin.getByRole('row', { name: /bob bob@example\.com.*invited, 3 days left/ }).waitFor()
  await admin.getByRole('row', { name: /bob@example\.com Come to Tidegate.*sent/ }).waitFor()
  await admin.getByRole('button', { name: 'Resend to bob' }).click()
  await admin
    .getByRole('row', { name: /bob@example\.com Come to Tidegate/ })
    .nth(1)
    .waitFor()
  const [first, second] = await letters('bob@example.com', 2)
  expect(await violations(admin)).toEqual([])

  await admin.getByLabel('Name of the new account').fill('mallory')
  await admin.getByLabel('E-mail of the new account').fill('mallory@example.com')
  await admin.getByRole('button', { name: 'New account' }).click()
  await admin.getByRole('button', { name: 'Withdraw the invitation of mallory' }).click()
  await admin.getByText('mallory is not invited any more').waitFor()
  await admin.getByRole('row', { name: /mallory.*invited/ }).waitFor({ state: 'detached' })

  // Of the two that were sent the last is good, and of the one that was taken back none is.
  const [withdrawn] = await letters('mallory@example.com', 1)
  const { page } = await openPage(browser, linkIn(first!))
  for (const link of [linkIn(first!), linkIn(withdrawn!)]) {
    await page.goto('about:blank')
    await page.goto(link)
    await page.getByRole('heading', { name: 'This link is not good' }).waitFor()
  }
  await page.goto('about:blank')
  await page.goto(linkIn(second!))
  await page.getByRole('heading', { name: 'Welcome, bob' }).waitFor()
  await setPassword(page)
  await page.getByRole('link', { name: 'bob', exact: true }).waitFor()
  await page.close()
  await admin.reload()
  await admin.getByRole('row', { name: /bob bob@example\.com.*in use/ }).waitFor()
})

it('sends who forgot the password a link, and says the same to who has no account', async () => {
  const { page, errors: seen } = await openPage(browser, platform.origin)
  const same = 'If there is such an account, a letter with a link is on its way'
  for (const name of ['nobody', 'bob@example.com']) {
    await page.getByRole('button', { name: 'Forgot your password?' }).waitFor()
    await page.getByRole('button', { name: 'Forgot your password?' }).click()
    await page.getByLabel('Name or e-mail').fill(name)
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Send a link' }).click()
    await page.getByRole('status').getByText(same).waitFor()
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Sign in' }).click()
  }
  const [, , letter] = await letters('bob@example.com', 3)
  await page.goto('about:blank')
  await page.goto(linkIn(letter!))
  await page.getByRole('heading', { name: 'A new password for bob' }).waitFor()
  await setPassword(page)
  await page.getByRole('link', { name: 'bob', exact: true }).waitFor()
  expect(seen).toEqual([])
  await page.close()
})
