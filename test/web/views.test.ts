/** Saved views, in Chromium: kept, shared, changed, opened by themselves, carried to another experiment; and back is back to the pixel. */
import { readFile } from 'node:fs/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Platform } from '../platform.ts'
import { launch, openPage, startWithPages, violations } from './chromium.ts'

let browser: Browser
let platform: Platform

const experimentOf = async (name: string, runs: number): Promise<string> => {
  const { experiment_id } = await platform.wire('POST', 'experiments/create', { name })
  for (let i = 0; i < runs; i++) {
    const { run } = await platform.wire('POST', 'runs/create', { experiment_id, run_name: `run-${i}`, start_time: 1_750_000_000_000 + i })
    const params = [
      { key: 'model', value: i % 3 === 0 ? 'mlp' : 'cnn' },
      ...(name === 'forecast' ? [{ key: 'depth', value: String(i) }] : []),
    ]
    await platform.wire('POST', 'runs/log-batch', { run_id: run.info.run_id, params })
  }
  return experiment_id
}

const tabs = (page: Page) => page.getByRole('navigation', { name: 'Saved views' })
const run = (page: Page, name: string) => page.getByRole('rowheader').getByRole('link', { name, exact: true })
const filter = async (page: Page, text: string) => {
  await page.keyboard.press('/')
  await page.keyboard.insertText(text)
  await page.keyboard.press('Enter')
}

beforeAll(async () => {
  ;[browser, platform] = await Promise.all([launch(), startWithPages()])
})
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
})

it('keeps what the page shows, says when it was changed, and saves or resets it', async () => {
  const experiment = await experimentOf('forecast', 9)
  const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${experiment}`)
  await run(page, 'run-8').waitFor()
  await filter(page, "params.model = 'mlp'")
  await expect.poll(() => run(page, 'run-8').count()).toBe(0)
  await page.getByRole('button', { name: 'Save view' }).click()
  const dialog = page.getByRole('dialog', { name: 'Save this view' })
  await dialog.getByLabel('Name').fill('<b>Dense</b> ones')
  await dialog.getByRole('button', { name: 'Save view' }).click()
  // Its name is text, and beside it stands how many runs it has.
  const tab = tabs(page).getByRole('link', { name: '<b>Dense</b> ones 3' })
  await tab.waitFor()
  await expect.poll(() => tab.getAttribute('aria-current')).toBe('page')
  expect(await violations(page)).toEqual([])

  await page.getByRole('columnheader').getByRole('button', { name: 'depth' }).click()
  await tabs(page).getByText('changed').waitFor()
  await tabs(page).getByRole('link', { name: 'Reset' }).click()
  await expect.poll(() => tabs(page).getByText('changed').count()).toBe(0)
  await page.getByRole('columnheader').getByRole('button', { name: 'depth' }).click()
  await tabs(page).getByRole('button', { name: 'Save', exact: true }).click()
  await expect.poll(() => tabs(page).getByText('changed').count()).toBe(0)
  await tabs(page).getByRole('link', { name: 'All runs' }).click()
  await run(page, 'run-8').waitFor()
  await page.keyboard.press('1')
  await expect.poll(() => page.locator('[data-run] [role=rowheader] a').allTextContents()).toEqual(['run-0', 'run-3', 'run-6'])
  expect(errors).toEqual([])
  await page.close()
})

it('is shared and opens the experiment, until it is deleted, which can be undone', async () => {
  const experiment = await experimentOf('shared', 6)
  const { page, errors } = await openPage(
    browser,
    `${platform.origin}/experiments/${experiment}?q=${encodeURIComponent("params.model = 'mlp'")}`,
  )
  await run(page, 'run-3').waitFor()
  await tabs(page).getByRole('button', { name: 'Add a view' }).click()
  await page.getByRole('menuitem', { name: 'Save this view' }).click()
  const dialog = page.getByRole('dialog', { name: 'Save this view' })
  await dialog.getByLabel('Name').fill('first')
  await dialog.getByLabel('Open the experiment with it').check()
  await dialog.getByRole('button', { name: 'Save view' }).click()
  await tabs(page).getByText('Shared by').waitFor()

  await page.goto(`${platform.origin}/experiments/${experiment}`)
  await expect.poll(() => new URL(page.url()).searchParams.get('q')).toBe("params.model = 'mlp'")
  await tabs(page).getByRole('link', { name: 'All runs' }).click()
  await run(page, 'run-5').waitFor()
  await tabs(page)
    .getByRole('link', { name: /^first/ })
    .click()
  await tabs(page).getByRole('button', { name: 'What to do with the view first' }).click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await expect
    .poll(() =>
      tabs(page)
        .getByRole('link', { name: /^first/ })
        .count(),
    )
    .toBe(0)
  await page.getByRole('button', { name: 'Undo' }).click()
  await tabs(page)
    .getByRole('link', { name: /^first/ })
    .waitFor()
  expect(errors).toEqual([])
  await page.close()
})

it('goes to another experiment as a file, which says what is not there', async () => {
  const [from, to] = [await experimentOf('from', 3), await experimentOf('to', 3)]
  const query = `q=${encodeURIComponent("params.model = 'mlp'")}&col=params.model&col=params.depth`
  await platform.graphql(
    'mutation ($e: ID!, $q: String!) { createSavedView(experiment: $e, name: "carried", query: $q) { view { id } } }',
    { e: from, q: query },
  )
  const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${from}`)
  await tabs(page)
    .getByRole('link', { name: /^carried/ })
    .click({ button: 'right' })
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: 'Export as a file' }).click()])
  expect(download.suggestedFilename()).toBe('carried.view.json')
  const file = await readFile(await download.path(), 'utf8')
  expect(JSON.parse(file)).toEqual({ tidegateView: 1, name: 'carried', query })

  await page.goto(`${platform.origin}/experiments/${to}`)
  const picker = page.getByLabel('File of a view')
  await picker.setInputFiles({ name: 'other.json', mimeType: 'application/json', buffer: Buffer.from('{"a":1}') })
  await page.getByText('other.json is no saved view').waitFor()
  await picker.setInputFiles({ name: 'carried.view.json', mimeType: 'application/json', buffer: Buffer.from(file) })
  await page.getByText('This experiment has not: params.depth').waitFor()
  await tabs(page).getByRole('link', { name: 'carried 1', exact: true }).waitFor()
  expect(errors).toEqual([])
  await page.close()
})

it('comes back to where it was, to the pixel', async () => {
  const experiment = await experimentOf('long', 120)
  const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${experiment}`)
  await run(page, 'run-119').waitFor()
  const top = () => page.getByRole('grid').evaluate((grid) => grid.scrollTop)
  await page.getByRole('grid').evaluate((grid) => grid.scrollTo(0, 1_234))
  await run(page, 'run-70').click()
  await page.getByRole('heading', { name: 'run-70' }).waitFor()
  await page.goBack()
  await expect.poll(top).toBe(1_234)
  await page.getByRole('columnheader').getByRole('button', { name: 'model' }).click()
  await expect.poll(top).toBe(0)
  await page.goBack()
  await expect.poll(top).toBe(1_234)
  expect(errors).toEqual([])
  await page.close()
})
