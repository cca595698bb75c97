/** Mail as people meet it: an admin tries it, sends links by it, and others come in by what they were sent. At a real mail server. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type SmtpSink, startSmtp } from '../parts/smtp.ts'
import type { Platform } from '../platform.ts'
import { launch, openPage, startWithPages, violations } from './chromium.ts'

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
  await signIn(admin, 'ada')
})
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
  await sink?.stop()
})

async function signIn(page: Page, name: string): Promise<void> {
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('link', { name, exact: true }).waitFor()
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
