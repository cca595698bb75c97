/** Alerts as people use them, in Chromium: a rule is made in the page, a run goes wrong, and it is said wherever the reader is. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Platform } from '../platform.ts'
import { launch, openPage, startWithPages, violations } from './chromium.ts'

let browser: Browser
let platform: Platform

beforeAll(async () => {
  ;[browser, platform] = await Promise.all([launch(), startWithPages()])
})
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
})

it('a rule made in the page finds what goes wrong, and says so wherever the reader is', async () => {
  const experiment = (await platform.wire('POST', 'experiments/create', { name: 'forecast' })).experiment_id
  const { page, errors } = await openPage(browser, `${platform.origin}/alerts`)
  await page.getByText('Let Tidegate watch while you don’t').waitFor()
  expect(await violations(page)).toEqual([])

  await page.getByRole('button', { name: 'Make the first rule' }).click()
  const dialog = page.getByRole('dialog', { name: 'New rule' })
  await dialog.getByLabel('Experiment').selectOption('forecast')
  await dialog.getByText('Past a limit').click()
  await dialog.getByLabel('Metric').fill('loss')
  await dialog.getByRole('spinbutton', { name: 'Limit' }).fill('2')
  await dialog.getByLabel('Call a URL').fill('http://192.168.0.1/hook')
  await dialog.getByRole('button', { name: 'Start watching' }).click()
  // What the server refuses stands in the form, and what was typed stays.
  await dialog.getByText("The URL can't be called").waitFor()
  expect(await dialog.getByLabel('Metric').inputValue()).toBe('loss')
  expect(await violations(page)).toEqual([])
  await dialog.getByLabel('Call a URL').fill('')
  await dialog.getByRole('button', { name: 'Start watching' }).click()
  await page.getByRole('cell', { name: 'loss > 2' }).waitFor()
  expect(await violations(page)).toEqual([])

  await page.goto(`${platform.origin}/experiments/${experiment}`)
  await page.getByRole('link', { name: 'Alerts', exact: true }).first().waitFor()
  const { run } = await platform.wire('POST', 'runs/create', { experiment_id: experiment, run_name: 'calm-osprey', start_time: Date.now() })
  await page.waitForTimeout(500)
  await platform.wire('POST', 'runs/log-metric', { run_id: run.info.run_id, key: 'loss', value: 3.5, timestamp: 1, step: 4 })
  await page.getByText('calm-osprey: loss is 3.5 at step 4: over 2').waitFor()
  await page.getByRole('link', { name: 'Alerts 1 unread' }).click()
  await page.getByRole('listitem').filter({ hasText: 'loss is 3.5 at step 4: over 2' }).waitFor()
  expect(await violations(page)).toEqual([])

  await page.getByRole('button', { name: 'Mark all as read' }).click()
  await page.getByRole('link', { name: 'Alerts', exact: true }).first().waitFor()
  await page.getByRole('link', { name: 'calm-osprey' }).last().click()
  await page.getByRole('heading', { name: 'calm-osprey' }).waitFor()
  expect(errors.filter((error) => !error.includes('400'))).toEqual([])
  await page.close()
})

it('rules are paused, tried again and deleted by their row, on a telephone too', async () => {
  const { page, errors } = await openPage(browser, `${platform.origin}/alerts?show=rules`, {
    viewport: { width: 390, height: 844 },
    colorScheme: 'dark',
  })
  await page.getByRole('button', { name: /^Pause / }).click()
  await page.getByText('paused', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByRole('button', { name: /^Pause / }).waitFor()
  expect(await violations(page)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
  await page.getByRole('button', { name: /^Delete / }).click()
  await page.getByText('No rules yet').waitFor()
  expect(errors).toEqual([])
  await page.close()
})
