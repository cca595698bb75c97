/** A Chromium and a platform with the built pages, for the tests that use them as a person would. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type Browser, chromium as browsers, type Page } from 'playwright-core'
import type { Platform } from '../platform.ts'
import { chromium, mlflowPython } from '../prerequisites.mjs'

export const launch = (): Promise<Browser> =>
  browsers.launch({
    executablePath: process.env.TIDEGATE_TEST_CHROMIUM || chromium(),
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

/** A page whose errors fail the test: what it prints as one, and what it throws. Give the list to `expect(...).toEqual([])`. */
export async function openPage(
  browser: Browser,
  url: string,
  options: Parameters<Browser['newPage']>[0] = {},
): Promise<{ page: Page; errors: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, ...options })
  // Sooner than a test's own end, so that a failure names what it waited for.
  page.setDefaultTimeout(12_000)
  const errors: string[] = []
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  page.on('pageerror', (error) => errors.push(error.message))
  await page.goto(url)
  return { page, errors }
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe finds wrong with the page as it stands, or with what is within one part of it, by WCAG 2.2 AA. */
export async function violations(page: Page, within = 'html'): Promise<string[]> {
  await page.evaluate(axe)
  const found = (await page.evaluate(
    `axe.run(${JSON.stringify(within)}, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] })`,
  )) as {
    violations: Array<{ id: string; nodes: Array<{ html: string }> }>
  }
  return found.violations.map(({ id, nodes }) => `${id} at ${nodes[0]?.html.slice(0, 200)}`)
}
