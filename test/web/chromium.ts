/** A Chromium and a platform with the built pages, for the tests that use them as a person would. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type Browser, chromium as browsers, type Page, type Request } from 'playwright-core'
import { vi } from 'vitest'
import type { Platform } from '../platform.ts'
import { headlessChromium, mlflowPython } from '../prerequisites.mjs'

export const launch = (): Promise<Browser> =>
  browsers.launch({
    executablePath: process.env.TIDEGATE_TEST_CHROMIUM || headlessChromium(),
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })

const built = join(import.meta.dirname, '..', '..', 'apps', 'web', 'build')

/** A platform that serves the pages `pnpm test` has built. */
export const startWithPages = async (options: Parameters<typeof import('../platform.ts').startPlatform>[0] = {}): Promise<Platform> =>
  (await import('../platform.ts')).startPlatform({ pages: built, ...options })

/** The Python with MLflow's client. */
export const python = (): string => process.env.TIDEGATE_TEST_PYTHON || mlflowPython()

/**
 * A page whose errors fail the test: what it prints as one, and what it throws. Give the list to `expect(...).toEqual([])`. Nothing on it pulses,
 * slides or fades unless the test asks for that: to draw what runs takes a quarter of a core for as long as a page is open.
 */
export async function openPage(
  browser: Browser,
  url: string,
  options: Parameters<Browser['newPage']>[0] = {},
): Promise<{ page: Page; errors: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', ...options })
  // Sooner than a test's own end, so that a failure names what it waited for.
  page.setDefaultTimeout(12_000)
  watch(page)
  const errors: string[] = []
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  page.on('pageerror', (error) => errors.push(error.message))
  await page.goto(url)
  return { page, errors }
}

/** Signs in on a page that asks who one is. */
export async function signIn(page: Page, name: string, password: string): Promise<void> {
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor({ state: 'detached' })
}

/** Signs in at the provider of test/parts/oidc.ts, on its own page. */
export async function signInAtProvider(page: Page, name: string): Promise<void> {
  await page.locator('[name=login]').fill(name)
  await page.locator('[name=password]').fill('any')
  await page.locator('[type=submit]').click()
  await page.locator('[name=prompt][value=consent]').waitFor({ state: 'attached' })
  await page.locator('[type=submit]').click()
}

/** What a page waits for, and when that changed. */
const waits = new WeakMap<Page, { open: Set<Request>; since: number }>()

function watch(page: Page): void {
  const state = { open: new Set<Request>(), since: Date.now() }
  waits.set(page, state)
  const ended = (request: Request) => {
    state.open.delete(request)
    state.since = Date.now()
  }
  page.on('request', (request) => {
    state.open.add(request)
    state.since = Date.now()
  })
  page.on('requestfinished', ended)
  page.on('requestfailed', ended)
}

/** How long a page that waits for nothing more must have asked for nothing, ms. */
const quiet = 120

/** Waits until a page has what it asks for and shows it: no request is open, nothing fades or slides. */
export async function settled(page: Page): Promise<void> {
  const state = waits.get(page)!
  for (let since = -1; since !== state.since; ) {
    await vi.waitUntil(() => state.open.size === 0 && Date.now() - state.since >= quiet, { timeout: 12_000, interval: 20 })
    since = state.since
    // Drawn twice, so its scripts are through, and what they asked for is known.
    await page.evaluate(`(async () => {
      const moving = () => document.getAnimations().filter((each) => each.effect.getComputedTiming().endTime !== Infinity)
      await Promise.all(moving().map((each) => each.finished.catch(() => {})))
      for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame)
    })()`)
  }
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What of it can change when only the colours do. */
export const colours = ['color-contrast', 'link-in-text-block']

/** What axe finds wrong with the page as it stands, or with what is within one part of it, by WCAG 2.2 AA or by some of its rules. */
export async function violations(page: Page, within = 'html', rules?: readonly string[]): Promise<string[]> {
  if (!(await page.evaluate('typeof axe === "object"'))) await page.evaluate(axe)
  const found = (await page.evaluate(
    `axe.run(${JSON.stringify(within)}, {
      runOnly: ${JSON.stringify(rules ?? ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])},
      resultTypes: ["violations"],
      preload: false,
    })`,
  )) as {
    violations: Array<{ id: string; nodes: Array<{ html: string }> }>
  }
  return found.violations.map(({ id, nodes }) => `${id} at ${nodes[0]?.html.slice(0, 200)}`)
}

/** What is wrong with a page in both themes, wide and as on a telephone: what axe finds, and where it scrolls sideways. */
export async function seen(page: Page): Promise<string[]> {
  const found: string[] = []
  for (const [colorScheme, width] of [
    ['light', 1440],
    ['dark', 1440],
    ['light', 390],
    ['dark', 390],
  ] as const) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width, height: 900 })
    // What has gone halfway under the bar at the top would be too small to press.
    await page.evaluate('scrollTo(0, 0)')
    await settled(page)
    const rules = colorScheme === 'dark' ? colours : undefined
    for (const violation of await violations(page, 'html', rules)) found.push(`${colorScheme} ${width}: ${violation}`)
    const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
    if (Number(overflow) > 0) found.push(`${width}: scrolls sideways by ${overflow}`)
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize({ width: 1440, height: 900 })
  return found
}
