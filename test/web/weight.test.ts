/** What is loaded at first, and what later. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { weights } from '../../apps/web/weight.ts'
import type { Platform } from '../platform.ts'
import { launch, openPage, startWithPages } from './chromium.ts'

let browser: Browser
let platform: Platform

beforeAll(async () => {
  ;[browser, platform] = await Promise.all([launch(), startWithPages()])
  await platform.wire('POST', 'runs/create', { experiment_id: '0', run_name: 'first', start_time: Date.now() })
})
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
})

/** Scripts that a page asks for from now on come when the answer is called. */
async function holdScripts(page: Page): Promise<() => void> {
  let arrive = () => {}
  const held = new Promise<void>((resolve) => (arrive = resolve))
  await page.route('**/*.js', async (route) => {
    await held
    await route.continue()
  })
  return () => arrive()
}

it('no page waits for more than 120 kB of JavaScript', () => {
  const all = weights()
  expect([...all.keys()]).toContain('/experiments/[id]')
  expect([...all].filter(([, kB]) => kB > 120)).toEqual([])
})

it('what a page waits for is named with it, so that it comes with it', async () => {
  const response = await fetch(`${platform.origin}/experiments/0`)
  const files = [...(response.headers.get('link') ?? '').matchAll(/<([^>]+)>; rel=(modulepreload|preload; as=style)/g)].map(
    ([, file]) => file!,
  )
  expect(files.some((file) => file.includes('/nodes/'))).toBe(true)
  for (const file of files) expect((await fetch(platform.origin + file)).headers.get('cache-control')).toContain('immutable')
  expect((await fetch(`${platform.origin}/no/such/page`)).headers.get('link')).toBeNull()
})

it('a dialog that is still on its way has the keys, and what is typed meanwhile', async () => {
  const { page, errors } = await openPage(browser, `${platform.origin}/experiments/0`)
  await page.getByRole('rowheader').getByRole('link', { name: 'first' }).waitFor()
  const arrive = await holdScripts(page)
  await page.keyboard.press('Control+k')
  await page.keyboard.type('jx')
  arrive()
  await vi.waitFor(async () => expect(await page.getByRole('combobox', { name: 'Search or jump' }).inputValue()).toBe('jx'), 12_000)
  expect(await page.locator('[role=row][aria-selected=true]').count()).toBe(0)
  expect(errors).toEqual([])
  await page.close()
})

it('a line that is ended while the palette is on its way is taken', async () => {
  const { page, errors } = await openPage(browser, `${platform.origin}/experiments`)
  await page.getByRole('link', { name: 'Default' }).first().waitFor()
  const arrive = await holdScripts(page)
  await page.keyboard.press('Control+k')
  await page.keyboard.type('defau')
  await page.keyboard.press('Enter')
  arrive()
  await page.waitForURL('**/experiments/0')
  expect(errors).toEqual([])
  await page.close()
})

it('what the page could not load is said', async () => {
  const { page } = await openPage(browser, `${platform.origin}/experiments/0`)
  await page.getByRole('rowheader').getByRole('link', { name: 'first' }).waitFor()
  await page.route('**/*.js', (route) => route.abort())
  await page.keyboard.press('Control+k')
  await page.getByRole('alert').filter({ hasText: 'could not load all of itself' }).waitFor()
  await page.close()
})
