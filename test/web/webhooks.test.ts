/** Webhooks on their page, in Chromium: made, tried, heard, given up, said again, turned off and deleted, while models change. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Platform } from '../platform.ts'
import { colours, launch, openPage, settled, startWithPages, violations } from './chromium.ts'

let browser: Browser
let platform: Platform
let receiver: Server
let url: string
/** What the receiver answers next; 200 where there is none left. */
const answers: number[] = []

beforeAll(async () => {
  receiver = createServer((req, res) => {
    req.resume().on('end', () => res.writeHead(answers.shift() ?? 200).end('noted'))
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`
  ;[browser, platform] = await Promise.all([launch(), startWithPages({ outboundHosts: ['127.0.0.1'] })])
})
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
  receiver.close()
})

it('a webhook is made and tried, and what it says is seen as it arrives', async () => {
  const { page, errors } = await openPage(browser, `${platform.origin}/models`)
  await page.getByRole('link', { name: 'Webhooks' }).click()
  await page.getByText('Nobody is told yet').waitFor()
  expect(await violations(page)).toEqual([])
  await page.getByRole('button', { name: 'New webhook' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'New webhook' })
  await dialog.getByLabel('URL').fill('http://10.0.0.1/')
  await dialog.getByLabel('MODEL_VERSION_CREATED').check()
  await dialog.getByRole('button', { name: 'Make it' }).click()
  await dialog.getByRole('alert').getByText('not an address on the public internet').waitFor()
  expect(await violations(page)).toEqual([])
  await dialog.getByLabel('URL').fill(url)
  await dialog.getByLabel('Name').fill('slack')
  await dialog.getByRole('button', { name: 'Make it' }).click()
  const panel = page.getByRole('region', { name: 'Webhook slack' })
  await panel.getByText('It had nothing to say yet.').waitFor()
  answers.push(418)
  await panel.getByRole('button', { name: 'Test' }).click()
  await panel.getByRole('status').getByText('The test answered 418').waitFor()

  answers.push(403)
  await platform.wire('POST', 'registered-models/create', { name: 'weir' })
  await platform.wire('POST', 'model-versions/create', { name: 'weir', source: 's3://models/weir' })
  const delivery = panel.getByRole('list', { name: 'What it was to say' }).getByRole('listitem')
  await delivery.getByText('given up').waitFor()
  await delivery.getByText('MODEL_VERSION_CREATED', { exact: true }).click()
  await delivery.getByText('"model_name": "weir"').waitFor()
  expect(await violations(page)).toEqual([])
  await page.emulateMedia({ colorScheme: 'dark' })
  await settled(page)
  expect(await violations(page, 'html', colours)).toEqual([])
  await delivery.getByRole('button', { name: 'Say it again' }).click()
  await delivery.getByText('arrived', { exact: true }).waitFor()
  await delivery.getByText('noted').waitFor()

  await panel.getByRole('button', { name: 'Turn off' }).click()
  await panel.getByRole('button', { name: 'Turn on' }).waitFor()
  await page.setViewportSize({ width: 390, height: 844 })
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
  await panel.getByRole('button', { name: 'Delete the webhook slack' }).click()
  await page.getByRole('dialog', { name: 'Delete the webhook slack?' }).getByRole('button', { name: 'Delete' }).click()
  await page.getByText('Nobody is told yet').waitFor()
  expect(errors).toEqual([])
})
