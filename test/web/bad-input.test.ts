/** What nobody should log and somebody does, in Chromium: the pages show it as it is, run nothing of it, and stay usable. */
import { readFile } from 'node:fs/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Line, lineTo } from '../parts/line.ts'
import type { Platform } from '../platform.ts'
import { launch, openPage, settled, startWithPages } from './chromium.ts'

let browser: Browser
let platform: Platform
let line: Line

beforeAll(async () => {
  ;[browser, platform] = await Promise.all([launch(), startWithPages()])
  line = await lineTo(platform.origin)
})
afterAll(async () => {
  await browser?.close()
  line?.close()
  await platform?.stop()
})

const post = (path: string, input: Record<string, unknown>) => platform.wire('POST', path, input)
const newExperiment = async (name: string) => (await post('experiments/create', { name })).experiment_id as string
const newRun = async (experiment_id: string, run_name: string, more: Record<string, unknown> = {}) =>
  (await post('runs/create', { experiment_id, run_name, start_time: Date.now(), ...more })).run.info.run_id as string
async function put(experiment: string, run: string, path: string, body: string): Promise<void> {
  const url = `${platform.origin}/api/2.0/mlflow-artifacts/artifacts/${experiment}/${run}/artifacts/${path.split('/').map(encodeURIComponent).join('/')}`
  expect((await fetch(url, { method: 'PUT', body })).status).toBe(200)
}
const print = (runId: string, text: string) =>
  platform.graphql('mutation ($input: AppendLogInput!) { appendLog(input: $input) { total } }', { input: { runId, entries: [{ text }] } })
const overflow = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth)

it('a name of ten thousand characters, from right to left or of emoji breaks no page', async () => {
  const experiment = await newExperiment('names')
  const long = `long ${'x'.repeat(9_995)}`
  const hebrew = 'שלום \u202e עולם'
  const emoji = '🧪🏳️‍🌈 émile\u0301'
  const ids: string[] = []
  for (const name of [long, hebrew, emoji]) {
    ids.push(await newRun(experiment, name))
    await post('runs/log-metric', { run_id: ids.at(-1), key: 'loss', value: ids.length, timestamp: 1, step: 1 })
  }
  const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${experiment}`)
  await page.getByRole('link', { name: hebrew, exact: true }).waitFor()
  const heights = await page.getByRole('row').evaluateAll((rows) => rows.slice(1).map((row) => row.getBoundingClientRect().height))
  expect(new Set(heights)).toEqual(new Set([30]))
  for (const [path, name] of [
    [`/experiments/${experiment}`, emoji],
    [`/experiments/${experiment}?peek=${ids[0]}`, emoji],
    [`/runs/${ids[0]}`, 'long xxx'],
    [`/compare?runs=${ids.join(',')}`, emoji],
    [`/compare?runs=${ids.join(',')}&tab=charts`, 'long xxx'],
    [`/experiments/${experiment}/overview`, emoji],
  ] as const)
    for (const width of [1440, 390]) {
      await page.setViewportSize({ width, height: 900 })
      if (width === 1440) await page.goto(platform.origin + path)
      await page
        .getByRole('main')
        .getByText(name)
        .locator('visible=true')
        .first()
        .waitFor()
        .catch(() => {
          throw new Error(`${path} does not show it at ${width}`)
        })
      await settled(page)
      expect([path, width, await overflow(page)]).toEqual([path, width, 0])
    }
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.goto(`${platform.origin}/runs/${ids[0]}`)
  const title = page.getByRole('heading', { level: 1 })
  await title.waitFor()
  expect((await title.boundingBox())!.height).toBeLessThan(40)
  // The whole of it is what is changed.
  await title.getByRole('button').click()
  expect(await page.getByLabel('Name of the run').inputValue()).toBe(long)
  expect(errors).toEqual([])
  await page.close()
}, 60_000)

it('HTML in whatever has a name or a value is shown as text, and nothing of it runs', async () => {
  const html = `<img src=x onerror="window.pwned=1"><script>window.pwned=2</script>`
  const inAttribute = `"'><svg onload="window.pwned=3">`
  const experiment = await newExperiment(`html ${html}`)
  const child = await newRun(experiment, `child ${inAttribute}`)
  const run = await newRun(experiment, html, {
    user_id: html.slice(0, 60),
    tags: [
      { key: 'team', value: html },
      {
        key: 'mlflow.note.content',
        value: `${html}\n\n[press](javascript:window.pwned=4) ![x](javascript:window.pwned=5)\n\n<a href="javascript:window.pwned=6">raw</a>`,
      },
      { key: 'mlflow.source.name', value: html },
      { key: 'mlflow.source.git.commit', value: html },
      { key: 'mlflow.source.git.branch', value: html },
      { key: 'mlflow.source.git.repoURL', value: 'javascript:window.pwned=7' },
      { key: 'tidegate.command', value: html },
    ],
  })
  await post('runs/log-batch', {
    run_id: run,
    params: [{ key: 'lr', value: html }],
    metrics: [{ key: 'loss', value: 1, timestamp: 1, step: 1 }],
  })
  await post('runs/log-batch', {
    run_id: child,
    params: [{ key: 'lr', value: inAttribute }],
    metrics: [{ key: 'loss', value: 2, timestamp: 1, step: 1 }],
  })
  await post('runs/log-inputs', {
    run_id: run,
    datasets: [
      {
        dataset: { name: html, digest: '<b>d</b>', source_type: html.slice(0, 20), source: html, schema: html, profile: html },
        tags: [{ key: 'mlflow.data.context', value: html }],
      },
    ],
  })
  await post('logged-models', { experiment_id: experiment, name: 'forest', model_type: html, source_run_id: run })
  await post('registered-models/create', { name: 'html', description: html, tags: [{ key: 'owner', value: html }] })
  await post('model-versions/create', {
    name: 'html',
    source: `mlflow-artifacts:/${experiment}/${run}/artifacts/m`,
    run_id: run,
    description: html,
    tags: [{ key: 'k', value: html }],
  })
  const evil = `<img src=x onerror=window.pwned=8>.txt`
  await put(experiment, run, evil, html)
  await put(
    experiment,
    run,
    'evil.svg',
    '<svg xmlns="http://www.w3.org/2000/svg" onload="window.pwned=9"><script>window.pwned=9</script><rect width="9" height="9"/></svg>',
  )
  await put(experiment, run, 'table.csv', `a,${inAttribute.replaceAll('"', '""').replace(/^/, '"')}"\n"${html.replaceAll('"', '""')}",1\n`)
  await put(experiment, run, 'logged.json', JSON.stringify({ columns: [html], data: [[html]] }))
  await put(experiment, run, 'tree.json', JSON.stringify({ [html]: [html] }))
  await put(experiment, run, 'note.md', `${html}\n\n[press](javascript:window.pwned=10)`)
  await put(experiment, run, 'a.patch', `diff --git a/${html} b/${html}\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-${html}\n+${inAttribute}\n`)
  await put(
    experiment,
    run,
    'n.ipynb',
    JSON.stringify({
      nbformat: 4,
      metadata: {},
      cells: [
        { cell_type: 'markdown', metadata: {}, source: html },
        {
          cell_type: 'code',
          metadata: {},
          source: html,
          outputs: [
            { output_type: 'display_data', metadata: {}, data: { 'text/html': html, 'image/svg+xml': '<svg onload="window.pwned=11"/>' } },
          ],
        },
      ],
    }),
  )
  await print(run, `${html}\n\u001b[31m${inAttribute}\u001b[0m`)

  const { page, errors } = await openPage(browser, 'about:blank')
  const ran: string[] = []
  page.on('dialog', (dialog) => {
    ran.push(dialog.message())
    void dialog.dismiss()
  })
  const files = [evil, 'evil.svg', 'table.csv', 'logged.json', 'tree.json', 'note.md', 'a.patch', 'n.ipynb']
  /** The address, and what of the above must stand there. */
  const places: Array<[string, string]> = [
    [`/experiments/${experiment}?col=params.lr&col=tags.team`, '<img src=x onerror'],
    [`/experiments/${experiment}?by=params.lr`, '<img src=x onerror'],
    [`/experiments/${experiment}?peek=${run}`, '<img src=x onerror'],
    [`/experiments/${experiment}?q=${encodeURIComponent(`tags.team = '${html.replaceAll("'", '')}'`)}`, '<img src=x'],
    [`/experiments/${experiment}?chart=${encodeURIComponent('parallel|a=params.lr|a=metrics.loss')}`, '<img src=x onerror'],
    [`/experiments/${experiment}/overview`, '<img src=x onerror'],
    ['/experiments', '<img src=x onerror'],
    ...['', '?tab=charts', '?tab=models', '?tab=media', '?tab=logs', '?tab=code', '?tab=notes'].map((tab): [string, string] => [
      `/runs/${run}${tab}`,
      '<img src=x onerror',
    ]),
    ...files.map((path): [string, string] => [`/runs/${run}?tab=artifacts&path=${encodeURIComponent(path)}`, '<img src=x onerror']),
    ...['', '&tab=charts', '&tab=files', '&tab=media', '&tab=overview'].map((tab): [string, string] => [
      `/compare?runs=${run},${child}${tab}`,
      '<img src=x onerror',
    ]),
    ['/models/html', '<img src=x onerror'],
    ['/models/html/1', '<img src=x onerror'],
  ]
  for (const [path, shown] of places) {
    await page.goto(platform.origin + path)
    await page
      .locator('body')
      .getByText(shown)
      .locator('visible=true')
      .first()
      .waitFor({ timeout: 8_000 })
      .catch(() => {
        throw new Error(`${path} does not show ${shown}`)
      })
    await settled(page)
    const found = await page.evaluate(() => ({
      pwned: (window as { pwned?: number }).pwned,
      // A text in Markdown may have pictures, without what they would do.
      made: document.querySelectorAll('img[src="x"]:not(.md *), svg[onload], [onerror], a[href^="javascript:" i]').length,
    }))
    expect([path, found]).toEqual([path, { pwned: undefined, made: 0 }])
  }
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: 'Search or jump' }).waitFor()
  await page.keyboard.type('<img src')
  await page.getByRole('option').filter({ hasText: '<img src=x' }).first().waitFor()
  await settled(page)
  expect(await page.evaluate('window.pwned')).toBeUndefined()
  expect(ran).toEqual([])
  expect(errors.filter((text) => !/Content Security Policy|404/.test(text))).toEqual([])
  await page.close()
}, 120_000)

it('a table of a million rows shows its beginning, says how much that is, and is downloaded whole', async () => {
  const experiment = await newExperiment('a million rows')
  const run = await newRun(experiment, 'tabled')
  const rows = Array.from({ length: 1_000_000 }, (_, i) => i)
  const csv = `step,word\n${rows.map((i) => `${i},w${i}`).join('\n')}\n`
  const json = `{"columns":["step","word"],"data":[${rows.map((i) => `[${i},"w]${i}"]`).join(',')}]}`
  await put(experiment, run, 'big.csv', csv)
  await put(experiment, run, 'big.json', json)
  const { page, errors } = await openPage(browser, `${platform.origin}/runs/${run}?tab=artifacts&path=big.csv`)
  for (const [name, size] of [
    ['big.csv', csv.length],
    ['big.json', json.length],
  ] as const) {
    await page.getByRole('treeitem', { name }).click()
    await page.getByText(/the first [\d\s]+ rows/).waitFor()
    await page.getByText(`The beginning of ${(size / 1e6).toPrecision(3)} MB`).waitFor()
    await page.getByRole('columnheader', { name: 'word' }).waitFor()
    await page.getByRole('button', { name: 'Rows after' }).click()
    await page.getByText(/201–400 of/).waitFor()
    await page.getByRole('cell', { name: name === 'big.csv' ? 'w399' : 'w]399', exact: true }).waitFor()
    // A page of rows is in the document, not all that were read.
    expect(await page.locator('tbody tr').count()).toBe(200)
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download all' }).click()])
    expect((await readFile(await download.path())).byteLength).toBe(size)
  }
  // Its folder is listed again with the run's end, and who reads further down is left where they are.
  const listed = page.waitForResponse(async (response) => (await response.text().catch(() => '')).includes('"artifacts":['))
  await post('runs/update', { run_id: run, status: 'FINISHED', end_time: Date.now() })
  await listed
  await settled(page)
  await page.getByText(/201–400 of/).waitFor()
  await page.goto(`${platform.origin}/runs/${run}?tab=media`)
  await page.getByText(/1–200 of/).waitFor()
  expect(errors).toEqual([])
  await page.close()
}, 60_000)

it('a metric of NaN only, steps that go backwards and clocks that jump are drawn and told as far as they make sense', async () => {
  const experiment = await newExperiment('jumps')
  const now = Date.now()
  const day = 86_400_000
  const odd = await newRun(experiment, 'odd')
  await post('runs/log-batch', {
    run_id: odd,
    metrics: [
      ...Array.from({ length: 5 }, (_, step) => ({ key: 'nothing', value: 'NaN', timestamp: now + step, step })),
      ...Array.from({ length: 11 }, (_, i) => ({ key: 'backwards', value: i, timestamp: now + i, step: 5 - i })),
      // A day ahead, back in 1970, and a clock that counts in microseconds.
      ...[now, now + day, 1, now * 1_000].map((timestamp, step) => ({ key: 'jumping', value: step, timestamp, step })),
    ],
  })
  const turned = await newRun(experiment, 'turned', { start_time: now })
  await post('runs/update', { run_id: turned, status: 'FINISHED', end_time: now - day })
  const ahead = await newRun(experiment, 'ahead', { start_time: now + 3 * 3_600_000 })
  const far = await newRun(experiment, 'far', { start_time: 8.9e15 })
  await post('runs/update', { run_id: far, status: 'FINISHED', end_time: 8.9e15 + 5_000 })

  const { page, errors } = await openPage(
    browser,
    `${platform.origin}/experiments/${experiment}?col=attributes.start_time&col=attributes.duration&col=metrics.nothing`,
  )
  const row = (name: string) => page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) })
  await row('ahead').getByText('in 3 h').waitFor()
  await row('ahead').getByText('0 ms').waitFor()
  await row('turned').getByTitle('By its clock it ended before it started').waitFor()
  await row('far').getByText('no date').waitFor()
  await row('far').getByText('5 s').waitFor()
  await row('odd').getByText('NaN').first().waitFor()
  for (const x of ['time', 'relative', 'step']) {
    await page.goto(`${platform.origin}/runs/${odd}?tab=charts${x === 'step' ? '' : `&axis=${x}`}`)
    await page.getByRole('figure', { name: 'nothing' }).getByText(/NaN/).first().waitFor({ state: 'attached' })
    await page
      .getByRole('figure', { name: 'jumping' })
      .getByText(/4 points/)
      .waitFor({ state: 'attached' })
    await settled(page)
  }
  await page
    .getByRole('figure', { name: 'backwards' })
    .getByText(/11 points from step −5 to step 5, first 10, last 0/)
    .waitFor({ state: 'attached' })
  for (const [id, said] of [
    [turned, 'ended before it started'],
    [ahead, 'started in 3 h'],
    [far, 'started no date'],
  ] as const) {
    await page.goto(`${platform.origin}/runs/${id}`)
    await page.getByText(said).first().waitFor()
  }
  await page.goto(`${platform.origin}/compare?runs=${[turned, far, odd].join(',')}`)
  await page.getByText('ended before it started').first().waitFor()
  await page.goto(`${platform.origin}/experiments/${experiment}/overview`)
  await page.getByRole('main').getByText('turned').waitFor()
  expect(errors).toEqual([])
  await page.close()
}, 60_000)

it('a line that is lost for an hour is said to be, and afterwards all that was missed is there without loading anew', async () => {
  const experiment = await newExperiment('an hour')
  const run = await newRun(experiment, 'watched')
  const log = (from: number, to: number) =>
    post('runs/log-batch', {
      run_id: run,
      metrics: Array.from({ length: to - from }, (_, i) => ({
        key: 'loss',
        value: 1 / (from + i + 1),
        timestamp: Date.now(),
        step: from + i,
      })),
    })
  await log(0, 10)
  await print(run, 'line before')
  const open = async (path: string) => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
    const page = await context.newPage()
    page.setDefaultTimeout(12_000)
    await page.clock.install()
    await page.goto(line.origin + path)
    await page.evaluate('window.stays = true')
    return page
  }
  const [list, one, logs, files] = await Promise.all([
    open(`/experiments/${experiment}`),
    open(`/runs/${run}`),
    open(`/runs/${run}?tab=logs`),
    open(`/runs/${run}?tab=artifacts`),
  ])
  const pages = [list, one, logs, files]
  await list.getByRole('link', { name: 'watched' }).waitFor()
  await one.getByRole('figure', { name: 'loss' }).getByText('10 points').waitFor({ state: 'attached' })
  await logs.getByText('line before').waitFor()
  await files.getByText('No files yet').first().waitFor()
  line.cut()
  for (const page of pages) {
    await page.clock.fastForward(10_000)
    await page.getByText('Live updates paused since').waitFor()
    await page.clock.fastForward('01:00:00')
  }
  for (let from = 10; from < 1_510; from += 500) await log(from, from + 500)
  await print(run, 'line after')
  await put(experiment, run, 'late.txt', 'late')
  await post('runs/set-tag', { run_id: run, key: 'team', value: 'late tides' })
  const fresh = await newRun(experiment, 'made meanwhile')
  await post('runs/log-metric', { run_id: fresh, key: 'other', value: 3, timestamp: 1, step: 1 })
  await post('runs/update', { run_id: run, status: 'FINISHED', end_time: Date.now() })
  // What stood there still does.
  await one.getByRole('figure', { name: 'loss' }).getByText('10 points').waitFor({ state: 'attached' })
  line.mend()
  for (const page of pages) {
    await page.clock.fastForward(20_000)
    await page.getByText('Live updates paused since').waitFor({ state: 'detached' })
  }
  await list.getByRole('button', { name: /1 new run/ }).click()
  await list.getByRole('link', { name: 'made meanwhile' }).waitFor()
  await list.getByRole('row').filter({ hasText: 'watched' }).getByText('Finished').waitFor()
  // Where it is small two points are one.
  await list
    .getByRole('figure', { name: 'loss' })
    .getByText(/to step 1\u2009509, .* last 6.623e-4/)
    .waitFor({ state: 'attached' })
  await list.getByRole('figure', { name: 'other' }).waitFor()
  await one.getByRole('figure', { name: 'loss' }).getByText('1\u2009510 points').waitFor({ state: 'attached' })
  await one.getByRole('main').getByText('Finished').first().waitFor()
  await one.getByText('late tides').waitFor()
  await logs.getByText('line after').waitFor()
  await files.getByRole('treeitem', { name: 'late.txt' }).waitFor()
  for (const page of pages) {
    expect(await page.evaluate('window.stays')).toBe(true)
    await page.context().close()
  }
}, 60_000)
