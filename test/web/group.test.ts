/** Runs in groups, in Chromium: figures of each, its runs when it is opened, by mouse and by keys. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Platform } from '../platform.ts'
import { launch, openPage, startWithPages, violations } from './chromium.ts'

let browser: Browser
let platform: Platform
let experiment: string

const losses: Record<string, number[]> = { pinball: Array.from({ length: 13 }, (_, i) => 2 + i / 10), huber: [1, 3], mse: [Number.NaN] }

async function make(name: string, params: Record<string, string>, loss?: number): Promise<string> {
  const { run } = await platform.wire('POST', 'runs/create', { experiment_id: experiment, run_name: name, start_time: Date.now() })
  const run_id = run.info.run_id as string
  await platform.wire('POST', 'runs/log-batch', {
    run_id,
    params: Object.entries(params).map(([key, value]) => ({ key, value })),
    metrics: loss === undefined ? [] : [{ key: 'val/loss', value: Number.isNaN(loss) ? 'NaN' : loss, timestamp: 1, step: 0 }],
  })
  await platform.wire('POST', 'runs/update', { run_id, status: 'FINISHED', end_time: Date.now() })
  return run_id
}

beforeAll(async () => {
  ;[browser, platform] = await Promise.all([launch(), startWithPages()])
  experiment = (await platform.wire('POST', 'experiments/create', { name: 'forecast' })).experiment_id
  for (const [loss_fn, values] of Object.entries(losses))
    for (const [i, value] of values.entries()) await make(`${loss_fn}-${i}`, { loss_fn, seed: String(i % 2) }, value)
  await make('bare', {})
})
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
})

const group = (page: Page, text: string) =>
  page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: text }).and(page.locator('.gn')) })
const run = (page: Page, name: string) => page.getByRole('rowheader').getByRole('link', { name, exact: true })

it('shows each group with its figures, and its runs when it is opened, more of them when asked', async () => {
  const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${experiment}`)
  await run(page, 'bare').waitFor()
  await page.getByRole('button', { name: 'Group' }).click()
  const chooser = page.getByRole('dialog', { name: 'Group by' })
  await chooser.getByLabel('Find what to group by').fill('loss')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Escape')
  // The largest is open, with its first ten.
  const pinball = group(page, 'pinball')
  await pinball.getByText('13 runs').waitFor()
  await pinball.getByText('mean 2.6').waitFor()
  await page.getByText('3 more in this group').waitFor()
  expect(await page.locator('[data-run]:has([role=rowheader] a)').count()).toBe(10)
  await page.getByText('3 more in this group').click()
  await run(page, 'pinball-0').waitFor()
  expect(await page.getByText('more in this group').count()).toBe(0)
  await group(page, 'huber').getByText('2 runs').waitFor()
  await group(page, 'mse').getByText('no values').waitFor()
  await group(page, 'none').getByText('1 run', { exact: true }).waitFor()
  expect(await violations(page)).toEqual([])

  await group(page, 'huber').click()
  await run(page, 'huber-1').waitFor()
  await pinball.click()
  await expect.poll(() => run(page, 'pinball-3').count()).toBe(0)
  // The address holds all of it.
  await page.reload()
  await run(page, 'huber-1').waitFor()
  expect(await run(page, 'pinball-3').count()).toBe(0)
  expect(errors).toEqual([])
  await page.close()
})

it('is walked by keys, sorted by the best of each, and grouped by two', async () => {
  const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${experiment}?by=params.loss_fn&open=`)
  await group(page, 'pinball').waitFor()
  expect(await page.locator('[data-run]:has([role=rowheader] a)').count()).toBe(0)
  await page.keyboard.press('j')
  await page.keyboard.press('j')
  await page.keyboard.press('ArrowRight')
  await run(page, 'huber-1').waitFor()
  await page.keyboard.press('j')
  await page.keyboard.press('x')
  await page.getByRole('region', { name: 'Selected runs' }).getByText('1 selected').waitFor()
  await page.keyboard.press('k')
  await page.keyboard.press('ArrowLeft')
  await expect.poll(() => run(page, 'huber-1').count()).toBe(0)

  await page.getByRole('columnheader').getByRole('button', { name: 'val/loss' }).click()
  const firstGroup = page.locator('[data-run^="group"]').first()
  await firstGroup.getByText('huber').waitFor()
  await firstGroup.getByText('mean 2 ± 1.4').waitFor()

  await page.getByRole('button', { name: 'Group' }).click()
  const chooser = page.getByRole('dialog', { name: 'Group by' })
  await chooser.getByLabel('Find what to group by').fill('seed')
  await page.keyboard.press('Enter')
  await chooser.getByLabel('Metrics of a group').selectOption('range')
  await page.getByText('6 groups of').waitFor()
  await expect.poll(() => page.locator('[aria-busy=true]').count()).toBe(0)
  expect(await violations(page)).toEqual([])
  await page.keyboard.press('Escape')
  // One step back there was one key.
  await page.goBack()
  await page.getByText('4 groups of').waitFor()
  expect(errors).toEqual([])
  await page.close()
})

it('changes its figures in place when a run comes', async () => {
  const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${experiment}?by=params.loss_fn&open=`)
  await group(page, 'huber').getByText('2 runs').waitFor()
  await page.waitForTimeout(500)
  await make('huber-2', { loss_fn: 'huber', seed: '0' }, 8)
  await group(page, 'huber').getByText('3 runs').waitFor()
  await group(page, 'huber').getByText('mean 4').waitFor()
  expect(errors).toEqual([])
  await page.close()
})

it('draws the mean of each group with its band, reads it out with its deviation and the number of runs, and goes on live', async () => {
  const { experiment_id } = await platform.wire('POST', 'experiments/create', { name: 'means' })
  const begin = async (opt: string, values: number[]) => {
    const { run } = await platform.wire('POST', 'runs/create', { experiment_id, run_name: opt, start_time: Date.now() })
    const run_id = run.info.run_id as string
    await platform.wire('POST', 'runs/log-batch', {
      run_id,
      params: [{ key: 'opt', value: opt }],
      metrics: values.map((value, step) => ({ key: 'loss', value, timestamp: 1 + step, step })),
    })
    return run_id
  }
  for (const shift of [0, 1, 2]) await begin('adam', [9 + shift, 5 + shift, 3 + shift, 2 + shift])
  const last = await begin('sgd', [9, 8, 7, 6])
  const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${experiment_id}?by=params.opt&open=`)
  const plot = page.getByRole('application', { name: 'loss', exact: true })
  await plot.locator('.u-over').waitFor()
  await page.getByText('mean, min – max').waitFor()
  await plot.focus()
  await page.keyboard.press('End')
  // Of 2, 3 and 4.
  await page.getByText('step 3: sgd 6 n 1, adam 3 ± 1 n 3').waitFor({ state: 'attached' })
  expect(await violations(page)).toEqual([])

  // A point more of one of them.
  await platform.wire('POST', 'runs/log-batch', { run_id: last, metrics: [{ key: 'loss', value: 4.5, timestamp: 9, step: 4 }] })
  await expect
    .poll(
      async () => {
        await page.keyboard.press('End')
        return page.getByText('step 4: sgd 4.5 n 1').count()
      },
      { timeout: 10_000 },
    )
    .toBe(1)

  await page.getByRole('button', { name: 'Curve of opt sgd' }).click()
  await expect.poll(() => new URL(page.url()).searchParams.getAll('mean')).toHaveLength(1)
  await plot.focus()
  await page.keyboard.press('End')
  await page.getByText(/^step 3: 3 ± 1 n 3$/).waitFor({ state: 'attached' })
  await page.reload()
  await page.getByRole('button', { name: 'Curve of opt sgd', pressed: false }).waitFor()
  await page.getByRole('button', { name: 'Curve of opt adam', pressed: true }).waitFor()
  await plot.locator('.u-over').waitFor()
  expect(errors).toEqual([])
  await page.close()
})

it('draws the means along the clock, since the start and along another metric, with another band or none', async () => {
  const { experiment_id } = await platform.wire('POST', 'experiments/create', { name: 'mean axes' })
  for (const [start, values] of [
    [1_750_000_000_000, [8, 4, 2]],
    [1_750_000_060_000, [6, 2, 0]],
  ] as const) {
    const { run } = await platform.wire('POST', 'runs/create', { experiment_id, start_time: start })
    await platform.wire('POST', 'runs/log-batch', {
      run_id: run.info.run_id,
      params: [{ key: 'opt', value: 'adam' }],
      metrics: values.flatMap((value, i) => [
        { key: 'loss', value, timestamp: start + 1_000 * i, step: i },
        { key: 'epoch', value: i * 10, timestamp: start + 1_000 * i, step: i },
      ]),
    })
  }
  const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${experiment_id}?by=params.opt&open=`)
  const plot = page.getByRole('application', { name: 'loss', exact: true })
  const read = async (key: string, text: RegExp) => {
    await expect
      .poll(async () => {
        await plot.focus()
        await page.keyboard.press(key)
        return page.getByText(text).count()
      })
      .toBe(1)
  }
  const figure = page.getByRole('figure').filter({ has: plot })
  await figure.getByText('mean, min – max').waitFor()
  await page.getByRole('radio', { name: 'Relative', exact: true }).check({ force: true })
  await read('End', /^2 s: 1 ± 1\.4 n 2$/)
  await page.getByRole('radio', { name: 'Time', exact: true }).check({ force: true })
  await read('Home', /:\d\d: 8 n 1$/)
  await page.getByRole('radio', { name: 'Metric', exact: true }).check({ force: true })
  await read('End', /^20: 1 ± 1\.4 n 2$/)
  await page.getByLabel('Around a mean').selectOption('± sd')
  await figure.getByText('mean ± sd').waitFor()
  await page.getByLabel('Around a mean').selectOption('No band')
  await figure.getByText('mean', { exact: true }).waitFor()
  expect(new URL(page.url()).searchParams.get('band')).toBe('none')
  expect(await violations(page)).toEqual([])
  expect(errors).toEqual([])
  await page.close()
})
