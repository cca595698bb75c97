/** The client in a browser: bundled without anything of Node's, it logs a run, asks, follows and downloads from a page. */
import { type Browser, chromium as browsers, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Size, sizeOf } from '../../packages/client/size.ts'
import { type Platform, startPlatform } from '../platform.ts'
import { headlessChromium } from '../prerequisites.mjs'

let platform: Platform
let browser: Browser
let bundle: Size

beforeAll(async () => {
  ;[bundle, platform] = await Promise.all([sizeOf('browser', 'all'), startPlatform()])
  browser = await browsers.launch({
    executablePath: process.env.TIDEGATE_TEST_CHROMIUM || headlessChromium(),
    args: ['--no-sandbox', '--disable-gpu'],
  })
})
afterAll(async () => {
  await browser?.close()
  await platform.stop()
})

/** A page that the server itself gave: Chromium lets no other open a WebSocket to loopback. */
async function open(): Promise<Page> {
  const page = await browser.newPage()
  await page.route('**/client.js', (route) => route.fulfill({ contentType: 'text/javascript', body: bundle.code }))
  await page.goto(`${platform.origin}/health`)
  return page
}

it('takes nothing of Node with it, and of a part no more than that part', async () => {
  expect(bundle.imports).toEqual([])
  expect(bundle.modules.filter((id) => /node:|browser-external|src\/node\//.test(id))).toEqual([])
  const [logging, asking, documents] = await Promise.all(
    (['logging', 'asking', 'documents'] as const).map((part) => sizeOf('browser', part)),
  )
  expect(logging!.modules.filter((id) => /graphql|live\.ts|search\.ts/.test(id))).toEqual([])
  expect(asking!.modules.filter((id) => /outbox\.ts|run\.ts/.test(id))).toEqual([])
  expect(documents!.modules.filter((id) => /client\.ts|exchange\.ts/.test(id))).toEqual([])
  const inNode = await sizeOf('node', 'all')
  expect(inNode.imports.filter((id) => !id.startsWith('node:'))).toEqual([])
})

it('logs a run from a page, with a file, and follows its points', async () => {
  const page = await open()
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

it('finds runs, goes on with one, sends files with progress and reads them back, and follows what changes', async () => {
  const page = await open()
  const outcome = await page.evaluate(`(async () => {
    const { startRun, resumeRun, connect } = await import('/client.js')
    const first = await startRun('asked from a page', { params: { lr: 0.1 }, autoresume: 'tab' })
    first.log({ loss: 1 })
    await first.finish()
    const client = connect()
    const changes = client.changes({ experiments: [first.experimentId] })
    const waiting = changes.next()
    const again = await startRun('asked from a page', { autoresume: 'tab' })
    again.log({ loss: 0.5 })
    const progress = []
    const large = new Uint8Array(3_000_000).map((_, i) => i * 7)
    await again.logArtifact('large.bin', large, { onProgress: (done, total) => progress.push([done, total]) })
    await again.logArtifacts('folder', { 'a.txt': 'a', 'deep/b.txt': new Blob(['b']) })
    await again.logInputs({ name: 'pixels', digest: 'd1', source: { canvas: 1 } })
    await again.finish()
    const { runs } = (await waiting).value
    await changes.return()
    const found = []
    for await (const run of client.searchRuns({ experiments: [first.experimentId], filter: "params.lr = '0.1'" })) found.push([run.id === first.id, run.metrics, run.params])
    const files = []
    for await (const { path, size } of client.files(first.id)) files.push([path, size])
    const part = await (await client.download(first.id, 'large.bin', { start: 1, end: 4 })).bytes()
    const whole = await (await client.download(first.id, 'large.bin')).bytes()
    const refusals = []
    for (const attempt of [
      () => startRun('x', { spool: 'folder' }),
      () => startRun('x', { systemMetrics: true }),
      () => client.replay(),
      () => client.save(first.id, '', 'here'),
    ]) refusals.push(await attempt().catch((error) => error.message))
    const resumed = await resumeRun(first.id)
    resumed.log({ loss: 0.25 })
    await resumed.finish()
    return {
      same: again.id === first.id, found, files, part: [...part], whole: whole.every((byte, i) => byte === large[i]) && whole.length,
      last: progress.at(-1), changed: runs.map(({ id }) => id === first.id), refusals,
    }
  })()`)
  expect(outcome).toEqual({
    same: true,
    found: [[true, { loss: 0.5 }, { lr: '0.1' }]],
    files: [
      ['folder/a.txt', 1],
      ['folder/deep/b.txt', 1],
      ['large.bin', 3_000_000],
    ],
    part: [7, 14, 21, 28],
    whole: 3_000_000,
    last: [3_000_000, 3_000_000],
    changed: [true],
    refusals: [
      "A spool is for Node: a browser can't do that.",
      "systemMetrics is for Node: a browser can't do that.",
      "A spool is for Node: a browser can't do that.",
      "save is for Node: a browser can't do that.",
    ],
  })
  const { experiment } = await platform.graphql('{ experiment(name: "asked from a page") { runCount liveCount } }')
  expect(experiment).toEqual({ runCount: 1, liveCount: 0 })
})
