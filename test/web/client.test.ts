/** The client in a browser: bundled without anything of Node's, it logs a run and follows it from a page. */
import { join } from 'node:path'
import { type Browser, chromium as browsers } from 'playwright-core'
import { build, type Rolldown } from 'vite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Platform, startPlatform } from '../platform.ts'
import { chromium } from '../prerequisites.mjs'

const entry = join(import.meta.dirname, '..', '..', 'packages', 'client', 'src', 'index.ts')

let platform: Platform
let browser: Browser
let chunk: Rolldown.OutputChunk

beforeAll(async () => {
  const [built, started] = await Promise.all([
    build({ configFile: false, logLevel: 'error', build: { write: false, lib: { entry, formats: ['es'] }, minify: true } }),
    startPlatform(),
  ])
  platform = started
  chunk = (built as Rolldown.RolldownOutput[])[0]!.output[0]
  browser = await browsers.launch({
    executablePath: process.env.TIDEGATE_TEST_CHROMIUM || chromium(),
    args: ['--no-sandbox', '--disable-gpu'],
  })
})
afterAll(async () => {
  await browser?.close()
  await platform.stop()
})

it('takes nothing of Node with it', () => {
  expect(chunk.imports).toEqual([])
  expect(chunk.dynamicImports).toEqual([])
  expect(chunk.moduleIds.filter((id) => /^node:|browser-external/.test(id))).toEqual([])
})

it('logs a run from a page, with a file, and follows its points', async () => {
  const page = await browser.newPage()
  await page.route('**/client.js', (route) => route.fulfill({ contentType: 'text/javascript', body: chunk.code }))
  // A page that the server itself gave: Chromium lets no other open a WebSocket to loopback.
  await page.goto(`${platform.origin}/health`)
  const outcome = await page.evaluate(`(async () => {
    const { startRun, connect } = await import('/client.js')
    const run = await startRun('from a page', { params: { lr: 0.1 } })
    for (let i = 0; i < 1500; i++) run.log({ loss: 1 / (i + 1) })
    await run.logArtifact('note.txt', new File(['hello'], 'note.txt'))
    const refused = await run.logArtifact('x', { file: 'x' }).catch((error) => error.message)
    await run.finish()
    const steps = []
    for await (const { points } of connect().points({ runs: [run.id] })) {
      for (const series of points) steps.push(...series.steps)
      if (steps.length >= 1500) break
    }
    return { url: run.url, count: steps.length, last: steps.at(-1), refused }
  })()`)
  expect(outcome).toEqual({
    url: expect.stringMatching(`^${platform.origin}/runs/[0-9a-f]{32}$`),
    count: 1500,
    last: 1499,
    refused: "The file 'x' can't be opened in a browser: give its content, such as the File of an input.",
  })
  const { experiment } = await platform.graphql('{ experiment(name: "from a page") { runCount liveCount } }')
  expect(experiment).toEqual({ runCount: 1, liveCount: 0 })
})
