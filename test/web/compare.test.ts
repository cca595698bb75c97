/** Runs beside each other, in Chromium: what differs, from which baseline, live; curves; files line by line. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Platform } from '../platform.ts'
import { launch, openPage, startWithPages, violations } from './chromium.ts'

let browser: Browser
let platform: Platform
let experiment: string
let ids: string[]

const pairs = (values: Record<string, string>) => Object.entries(values).map(([key, value]) => ({ key, value }))

/** Makes a run that has what is given; it stays live. */
async function make(
  name: string,
  params: Record<string, string>,
  metrics: Record<string, number>,
  tags: Record<string, string> = {},
): Promise<string> {
  const { run } = await platform.wire('POST', 'runs/create', {
    experiment_id: experiment,
    run_name: name,
    start_time: Date.now(),
    tags: pairs(tags),
  })
  const id = run.info.run_id as string
  await platform.wire('POST', 'runs/log-batch', {
    run_id: id,
    params: pairs(params),
    metrics: Object.entries(metrics).flatMap(([key, value]) =>
      [0, 1, 2].map((step) => ({ key, value: value + 2 - step, timestamp: step, step })),
    ),
  })
  return id
}

const upload = async (run: string, path: string, text: string) => {
  const answer = await fetch(`${platform.origin}/api/2.0/mlflow-artifacts/artifacts/${experiment}/${run}/artifacts/${path}`, {
    method: 'PUT',
    body: text,
  })
  expect(answer.status).toBe(200)
}

beforeAll(async () => {
  ;[browser, platform] = await Promise.all([launch(), startWithPages()])
  experiment = (await platform.wire('POST', 'experiments/create', { name: 'forecast' })).experiment_id
  ids = [
    await make('calm-osprey', { lr: '0.1', seed: '1' }, { 'val/loss': 2, acc: 0.8, alike: 1 }, { 'mlflow.source.git.commit': 'a41f9c2' }),
    await make('amber-heron', { lr: '0.2', seed: '1' }, { 'val/loss': 4, acc: 0.7, alike: 1 }, { 'mlflow.source.git.commit': '7be0d13' }),
    await make('<img src=x onerror=alert(1)>', { lr: '0.1', seed: '1', extra: '<b>bold</b>' }, { 'val/loss': 1, alike: 1 }),
  ]
})
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
})

const compare = (query = '') => `${platform.origin}/compare?runs=${ids.join(',')}${query}`

it('shows only what differs, signed from the baseline, which another run becomes by a click', async () => {
  const { page, errors } = await openPage(browser, compare())
  const table = page.getByRole('table', { name: 'Differences' })
  const row = (key: string) => table.getByRole('row').filter({ has: page.getByRole('rowheader', { name: key, exact: false }) })
  await row('val/loss').getByText('+100 %').waitFor()
  await row('val/loss').getByText('−50 %, better').waitFor()
  await row('acc').getByText('−0.1, worse').waitFor()
  expect(await row('alike').count()).toBe(0)
  expect(await row('seed').count()).toBe(0)
  await row('commit').getByText('7be0d13').waitFor()
  // What a run is called and holds is text, whatever it looks like.
  await table.getByRole('link', { name: '<img src=x onerror=alert(1)>' }).waitFor()
  await row('extra').getByText('<b>bold</b>').waitFor()
  expect(await violations(page)).toEqual([])

  await table.getByRole('columnheader').filter({ hasText: 'amber-heron' }).getByRole('button', { name: 'make baseline' }).click()
  await row('val/loss').getByText('−75 %, better').waitFor()
  expect(new URL(page.url()).searchParams.get('base')).toBe(ids[1])
  // Less is better, until it is said to be otherwise.
  await row('val/loss').getByRole('button', { name: 'lower is better' }).click()
  await row('val/loss').getByText('−75 %, worse').waitFor()
  await row('val/loss').getByRole('button', { name: 'higher is better' }).click()
  await row('val/loss').getByRole('button', { name: 'neither way is better' }).click()

  await page.keyboard.press('d')
  await row('seed').waitFor()
  expect(new URL(page.url()).searchParams.get('rows')).toBe('all')
  expect(await violations(page)).toEqual([])
  expect(errors).toEqual([])
  await page.close()
})

it('changes in place when a run logs more', async () => {
  const { page, errors } = await openPage(browser, compare())
  const cell = page
    .getByRole('row')
    .filter({ has: page.getByRole('rowheader', { name: 'val/loss' }) })
    .getByRole('cell')
    .first()
  await cell.getByText('2', { exact: true }).waitFor()
  await page.waitForTimeout(300)
  await platform.wire('POST', 'runs/log-metric', { run_id: ids[0], key: 'val/loss', value: 1.5, timestamp: 9, step: 9 })
  await cell.getByText('1.5', { exact: true }).waitFor()
  expect(errors).toEqual([])
  await page.close()
})

it('leaves a run out and brings it back, finds another, and says which is not there', async () => {
  const { page, errors } = await openPage(browser, `${platform.origin}/compare?runs=${ids[0]},${'0'.repeat(32)}`)
  await page.getByText('There is no run 00000000').waitFor()
  await page.getByRole('button', { name: 'Leave out', exact: true }).click()
  await page.getByText('One run differs from nothing').waitFor()
  await page.keyboard.press('a')
  const dialog = page.getByRole('dialog', { name: 'Add a run' })
  await dialog.getByLabel('Name of a run').fill('amber')
  await dialog.getByRole('button', { name: 'amber-heron' }).click()
  await page.getByRole('columnheader').filter({ hasText: 'amber-heron' }).hover()
  await page.getByRole('button', { name: 'Leave out amber-heron' }).click()
  await page.getByText('One run differs from nothing').waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByRole('columnheader').filter({ hasText: 'amber-heron' }).waitFor()
  // Each was a step of the browser's history.
  await page.goBack()
  await page.getByText('One run differs from nothing').waitFor()
  expect(errors).toEqual([])
  await page.close()
})

it('draws the curves of all, and holds two runs’ files beside each other line by line', async () => {
  await upload(ids[0]!, 'env/requirements.txt', 'mlflow==3.1\nnumpy==2.0\nscipy==1.0\n')
  await upload(ids[1]!, 'env/requirements.txt', 'mlflow==3.1\nnumpy==2.3\nscipy==1.0\n')
  await upload(ids[1]!, 'notes.md', '<script>alert(1)</script>\n')
  const { page, errors } = await openPage(browser, compare())
  await page.getByText('Charts', { exact: true }).click()
  await page.getByRole('figure', { name: 'val/loss' }).locator('canvas').first().waitFor()
  await page.getByText('Files', { exact: true }).click()
  const files = page.getByRole('region', { name: 'Files' })
  await files.getByLabel('Against').selectOption({ label: 'amber-heron' })
  await files.getByRole('button', { name: 'notes.md' }).click()
  await page.getByText('<script>alert(1)</script>').waitFor()
  await files.getByRole('button', { name: 'env/requirements.txt' }).click()
  await page.getByRole('cell', { name: 'numpy==2.0' }).waitFor()
  await page.getByRole('cell', { name: 'numpy==2.3' }).waitFor()
  expect(await violations(page)).toEqual([])
  await page.setViewportSize({ width: 390, height: 844 })
  expect(await violations(page)).toEqual([])
  expect(errors).toEqual([])
  await page.close()
})

it('is reached from the list of runs by x and c, and teaches who comes with nothing', async () => {
  const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${experiment}`)
  await page.getByRole('rowheader').getByRole('link', { name: 'calm-osprey' }).waitFor()
  for (const key of ['j', 'x', 'j', 'x', 'c']) await page.keyboard.press(key)
  await page.getByRole('table', { name: 'Differences' }).waitFor()
  expect(new URL(page.url()).searchParams.get('runs')!.split(',')).toHaveLength(2)
  await page.goto(`${platform.origin}/compare`)
  await page.getByText('Nothing to compare yet').waitFor()
  expect(await violations(page)).toEqual([])
  expect(errors).toEqual([])
  await page.close()
})

it('keeps a hundred runs of two thousand keys in few elements', async () => {
  const many: string[] = []
  for (let i = 0; i < 100; i++) many.push(await make(`run-${i}`, { seed: String(i) }, { loss: i }))
  await platform.wire('POST', 'runs/log-batch', {
    run_id: many[0],
    metrics: Array.from({ length: 1_000 }, (_, i) => ({ key: `m${i}`, value: i, timestamp: 0, step: 0 })),
  })
  const { page, errors } = await openPage(browser, `${platform.origin}/compare?runs=${many.join(',')}`)
  await page.getByRole('columnheader').filter({ hasText: 'run-0' }).first().waitFor()
  expect(await page.getByRole('cell').count()).toBeLessThan(800)
  await page.getByRole('table', { name: 'Differences' }).evaluate((table) => table.scrollTo(table.scrollWidth, table.scrollHeight))
  await page.getByRole('columnheader').filter({ hasText: 'run-99' }).waitFor()
  await page.getByRole('table', { name: 'Differences' }).getByRole('rowheader', { name: 'seed' }).waitFor()
  expect(errors).toEqual([])
  await page.close()
})

it('shows the runs among all of their experiment, in their colours, above where they differ', async () => {
  await make('rapid-weir', { lr: '0.4', seed: '2' }, { 'val/loss': 3, acc: 0.6 })
  const { page, errors } = await openPage(browser, compare('&tab=overview'))
  await page.getByRole('region', { name: 'Parallel coordinates' }).waitFor()
  await page.getByRole('region', { name: 'Scatter' }).waitFor()
  await page.getByText('All runs of forecast, 3 of them in their colours').waitFor()
  await page.getByRole('table', { name: 'Differences' }).getByRole('rowheader', { name: 'lr' }).waitFor()
  expect(await violations(page)).toEqual([])
  await page.getByLabel('Only differences').uncheck()
  await page.getByRole('table', { name: 'Differences' }).getByRole('rowheader', { name: 'seed' }).waitFor()
  expect(errors).toEqual([])
  await page.close()
})

it('shows media side by side at one step, and what a run has none of', async () => {
  for (const step of [1, 2]) {
    await upload(ids[0]!, `samples/step-${step}.txt`, `osprey at ${step}`)
    await upload(ids[1]!, `samples/step-${step}.txt`, `heron at ${step}`)
  }
  const { page, errors } = await openPage(browser, compare('&tab=media'))
  const panel = page.getByRole('region', { name: 'samples/step-*.txt' })
  await panel.getByText('osprey at 2').waitFor()
  await panel.getByText('heron at 2').waitFor()
  await panel.getByText('none', { exact: true }).waitFor()
  await panel.getByRole('slider').focus()
  await page.keyboard.press('Home')
  await panel.getByText('osprey at 1').waitFor()
  await panel.getByText('heron at 1').waitFor()
  await expect.poll(() => new URL(page.url()).searchParams.get('step')).toBe('1')
  expect(await violations(page)).toEqual([])
  expect(errors).toEqual([])
  await page.close()
})

it('moves a column by drag and by keys; the baseline stays', async () => {
  const { page, errors } = await openPage(browser, compare())
  const heads = () => page.getByRole('columnheader').getByRole('link').allTextContents()
  const column = (name: string) => page.getByRole('columnheader').filter({ has: page.getByRole('link', { name }) })
  await column('amber-heron').waitFor()
  await column('amber-heron').dragTo(column('calm-osprey'))
  await expect.poll(heads).toEqual(['amber-heron', 'calm-osprey', '<img src=x onerror=alert(1)>'])
  await column('calm-osprey').getByText('baseline', { exact: true }).waitFor()
  await page.getByRole('link', { name: 'calm-osprey' }).focus()
  await page.keyboard.press('Shift+ArrowRight')
  await expect.poll(heads).toEqual(['amber-heron', '<img src=x onerror=alert(1)>', 'calm-osprey'])
  expect(errors).toEqual([])
  await page.close()
})
