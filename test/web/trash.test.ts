/** The trash as people use it, in Chromium: deleted, looked at, restored, emptied, and how long things stay. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
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

const post = (path: string, input: object) => platform.wire('POST', path, input as Record<string, unknown>)

async function createRun(experiment_id: string, run_name: string, bytes: number): Promise<string> {
  const { run } = await post('runs/create', { experiment_id, run_name, start_time: Date.now() })
  const run_id = run.info.run_id as string
  const metrics = Array.from({ length: 200 }, (_, step) => ({ key: 'loss', value: 1 / (step + 1), timestamp: step, step }))
  await post('runs/log-batch', { run_id, metrics })
  const path = `${experiment_id}/${run_id}/artifacts/weights.bin`
  await fetch(`${platform.origin}/api/2.0/mlflow-artifacts/artifacts/${path}`, { method: 'PUT', body: 'x'.repeat(bytes) })
  return run_id
}

const row = (page: Page, name: string) => page.getByRole('row').filter({ hasText: name })

it('what is deleted waits there with what it frees, comes back whole, or goes for good', async () => {
  const experiment = (await post('experiments/create', { name: 'solar/nowcast' })).experiment_id as string
  const [heron, osprey] = [await createRun(experiment, 'amber-heron', 3_000_000), await createRun(experiment, 'calm-osprey', 40_000)]
  const { page, errors } = await openPage(browser, `${platform.origin}/trash`)
  await page.getByText('The trash is empty').waitFor()
  await page.getByText('for 30 days, whole').waitFor()
  expect(await violations(page)).toEqual([])

  // It is filled while one looks, and what it frees is counted.
  await post('runs/delete', { run_id: heron })
  await row(page, 'amber-heron').getByText('3 MB').waitFor()
  await post('runs/delete', { run_id: osprey })
  await row(page, 'calm-osprey').getByText('in solar/nowcast').waitFor()
  await page.getByRole('button', { name: 'Empty: free 3.05 MB' }).waitFor()
  expect(await violations(page)).toEqual([])

  // With the keys: the cursor, restored, and that taken back.
  await page.keyboard.press('j')
  await page.keyboard.press('u')
  await page.getByText('calm-osprey restored').waitFor()
  expect(await row(page, 'calm-osprey').count()).toBe(0)
  await page.getByRole('button', { name: 'Undo' }).click()
  await row(page, 'calm-osprey').waitFor()

  await page.getByRole('button', { name: 'Purge amber-heron' }).click()
  const dialog = page.getByRole('dialog', { name: 'Purge amber-heron?' })
  await dialog.getByText('1 run goes for good').waitFor()
  expect(await violations(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('button', { name: 'Purge amber-heron' }).click()
  await dialog.getByRole('button', { name: 'Free 3 MB' }).click()
  await page.getByText('1 run purged. 3 MB will be free in a moment.').waitFor()
  expect(await row(page, 'amber-heron').count()).toBe(0)
  while (existsSync(join(platform.folder, experiment, heron))) await page.waitForTimeout(50)
  await expect(platform.wire('GET', 'runs/get', { run_id: heron })).rejects.toMatchObject({ status: 404 })

  await page.getByRole('button', { name: /^Empty: free/ }).click()
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Free / })
    .click()
  await page.getByText('The trash is empty').waitFor()
  expect(errors).toEqual([])
  await page.close()
}, 60_000)

it('how long things stay is said and set, on a telephone in the dark too, and what would go is asked about', async () => {
  const experiment = (await post('experiments/create', { name: 'meter-ocr' })).experiment_id as string
  await createRun(experiment, 'brisk-heron', 1_000)
  await post('experiments/delete', { experiment_id: experiment })
  await platform.db.query("UPDATE experiment SET deleted_at = deleted_at - 86400000 * 10::bigint WHERE name = 'meter-ocr'")
  await platform.db.query("UPDATE run SET deleted_at = deleted_at - 86400000 * 10::bigint WHERE name = 'brisk-heron'")
  await platform.db.query('UPDATE workspace SET trash_since = 0, trash_emptied_at = NULL')
  const phone = { viewport: { width: 390, height: 844 }, colorScheme: 'dark' } as const
  const { page, errors } = await openPage(browser, `${platform.origin}/trash`, phone)
  await row(page, 'meter-ocr').getByText('with 1 run').waitFor()
  await row(page, 'meter-ocr').getByText('stays 20 days').waitFor()
  await page.getByRole('button', { name: /^Empty: free \d/ }).waitFor()
  expect(await violations(page)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)

  const stays = page.getByLabel('Deleted things stay')
  await stays.selectOption('until purged')
  await row(page, 'meter-ocr').getByText('stays for good').waitFor()
  await stays.selectOption('7 days')
  const dialog = page.getByRole('dialog', { name: 'Keep deleted things 7 days?' })
  await dialog.getByText('1 experiment and 1 run go for good').waitFor()
  expect(await violations(page)).toEqual([])
  await dialog.getByRole('button', { name: /^Keep 7 days, free / }).click()
  await page.getByText('The trash is empty').waitFor()
  expect((await post('experiments/create', { name: 'meter-ocr' })).experiment_id).not.toBe(experiment)
  expect(errors).toEqual([])
  await page.close()
})

it('is a jump away, and says so where it is unreachable', async () => {
  const { page, errors } = await openPage(browser, `${platform.origin}/experiments`)
  await page.getByRole('link', { name: 'Trash' }).click()
  await page.getByText('The trash is empty').waitFor()
  await page.keyboard.press('g')
  await page.keyboard.press('r')
  await page.getByRole('link', { name: 'meter-ocr' }).first().waitFor()
  await page.keyboard.press('g')
  await page.keyboard.press('t')
  await page.getByText('The trash is empty').waitFor()
  expect(errors).toEqual([])
  await page.close()
})
