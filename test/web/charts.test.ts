/** The charts beside the runs, in Chromium: found, pinned, sized, zoomed, clipped, drawn along another metric, and taken away as files. */
import { readFile } from 'node:fs/promises'
import type { Browser, Download, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Platform } from '../platform.ts'
import { launch, openPage, startWithPages, violations } from './chromium.ts'

let browser: Browser
let platform: Platform
let address: string

beforeAll(async () => {
  ;[browser, platform] = await Promise.all([launch(), startWithPages()])
  const { experiment_id } = await platform.wire('POST', 'experiments/create', { name: 'curves' })
  for (const [r, name] of ['calm-osprey', 'amber-heron'].entries()) {
    const { run } = await platform.wire('POST', 'runs/create', { experiment_id, run_name: name, start_time: 1_750_000_000_000 + r })
    const points = (key: string, of: (step: number) => number) =>
      Array.from({ length: 100 }, (_, step) => ({ key, value: of(step), timestamp: 1_750_000_000_000 + step * 1000, step }))
    const metrics = [
      ...points('val/loss', (step) => (step === 50 && r === 0 ? 5_000 : 2 + r - step / 100)),
      ...points('train/loss', (step) => 1 - step / 200),
      ...points('train/acc', (step) => step / 100),
      ...points('epoch', (step) => Math.floor(step / 10)),
    ]
    await platform.wire('POST', 'runs/log-batch', { run_id: run.info.run_id, metrics })
    await platform.wire('POST', 'runs/update', { run_id: run.info.run_id, status: 'FINISHED', end_time: 1_750_000_200_000 })
  }
  address = `${platform.origin}/experiments/${experiment_id}`
})
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
})

const chart = (page: Page, key: string) =>
  page.getByRole('figure').filter({ has: page.getByRole('application', { name: key, exact: true }) })
const plot = (page: Page, key: string) => page.getByRole('application', { name: key, exact: true })
const names = (page: Page) => page.getByRole('application').evaluateAll((charts) => charts.map((each) => each.getAttribute('aria-label')))
const textOf = async (download: Download) => readFile(await download.path(), 'utf8')

async function drag(page: Page, key: string, from: number, to: number): Promise<void> {
  const box = (await plot(page, key).locator('.u-over').boundingBox())!
  await page.mouse.move(box.x + box.width * from, box.y + box.height / 2)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width * to, box.y + box.height / 2, { steps: 5 })
  await page.mouse.up()
}

it('zooms all charts by a drag in one, holds it in the address, and resets by two presses', async () => {
  const { page, errors } = await openPage(browser, address)
  await plot(page, 'val/loss').locator('.u-over').waitFor()
  await drag(page, 'val/loss', 0.2, 0.4)
  const zoom = () => new URL(page.url()).searchParams.get('zoom')
  await expect.poll(zoom).toMatch(/^\d+~\d+$/)
  const [from, to] = zoom()!.split('~').map(Number)
  expect([from! > 10, to! < 50]).toEqual([true, true])
  await page.reload()
  await chart(page, 'train/acc').getByRole('button', { name: 'zoom' }).waitFor()
  await plot(page, 'train/acc').locator('.u-over').dblclick()
  await expect.poll(zoom).toBeNull()
  expect(errors).toEqual([])
  await page.close()
})

it('finds charts by an expression, and says where one is wrong', async () => {
  const { page, errors } = await openPage(browser, address)
  await plot(page, 'val/loss').waitFor()
  await page.getByRole('button', { name: 'Find chart' }).click()
  await page.getByLabel('Find a chart').fill('^train/(acc|x)')
  await expect.poll(() => names(page)).toEqual(['train/acc'])
  await page.getByLabel('Find a chart').fill('^train/(')
  await page.getByRole('alert').getByText('Unterminated group').waitFor()
  expect(await names(page)).toHaveLength(4)
  expect(await violations(page)).toEqual([])
  expect(errors).toEqual([])
  await page.close()
})

it('leaves outliers out and says so, pins a chart, and makes charts larger', async () => {
  const { page, errors } = await openPage(browser, address)
  await plot(page, 'val/loss').waitFor()
  await page.getByRole('button', { name: 'Clip' }).click()
  await chart(page, 'val/loss').getByText('outliers beyond the edge').waitFor()
  expect(await chart(page, 'train/acc').getByText('outliers').count()).toBe(0)

  const before = (await plot(page, 'train/acc').boundingBox())!
  await page.getByRole('button', { name: 'Size of charts: small' }).click()
  await page.getByRole('button', { name: 'Size of charts: medium' }).click()
  await expect.poll(async () => (await plot(page, 'train/acc').boundingBox())!.height).toBeGreaterThan(before.height * 2)
  await page.getByRole('button', { name: 'Size of charts: large' }).click()

  await chart(page, 'train/acc').hover()
  await page.getByRole('button', { name: 'What to do with train/acc' }).click()
  await page.getByRole('menuitem', { name: 'Pin before the others' }).click()
  await expect.poll(async () => (await names(page))[0]).toBe('train/acc')
  await page.reload()
  await expect.poll(async () => (await names(page))[0]).toBe('train/acc')
  await chart(page, 'val/loss').getByText('outliers beyond the edge').waitFor()
  expect(errors).toEqual([])
  await page.close()
})

it('moves a chart by a drag and by the arrow keys, among the pinned too, and holds the order in the address', async () => {
  const { page, errors } = await openPage(browser, address)
  await plot(page, 'train/loss').locator('.u-over').waitFor()
  const trained = async () => (await names(page)).filter((name) => name?.startsWith('train/'))
  expect(await trained()).toEqual(['train/acc', 'train/loss'])
  await page.getByRole('button', { name: 'Move train/loss' }).dragTo(chart(page, 'train/acc'))
  await expect.poll(trained).toEqual(['train/loss', 'train/acc'])
  await page.reload()
  await expect.poll(trained).toEqual(['train/loss', 'train/acc'])
  await page.getByRole('button', { name: 'Move train/loss' }).focus()
  await page.keyboard.press('ArrowRight')
  await expect.poll(trained).toEqual(['train/acc', 'train/loss'])
  await page.getByText('train/loss is now at the place of train/acc.').waitFor({ state: 'attached' })
  expect(await page.getByRole('button', { name: 'Move train/loss' }).evaluate((grip) => grip === document.activeElement)).toBe(true)
  // As they come by themselves: nothing of it is left in the address.
  await expect.poll(() => new URL(page.url()).searchParams.has('at')).toBe(false)
  // Alone in its section it has no place to go.
  expect(await page.getByRole('button', { name: 'Move val/loss' }).count()).toBe(0)

  await page.goto(`${address}?first=epoch&first=val/loss`)
  await expect.poll(async () => (await names(page)).slice(0, 2)).toEqual(['epoch', 'val/loss'])
  await page.getByRole('button', { name: 'Move val/loss' }).focus()
  await page.keyboard.press('ArrowLeft')
  await expect.poll(async () => (await names(page)).slice(0, 2)).toEqual(['val/loss', 'epoch'])
  await expect.poll(() => new URL(page.url()).searchParams.getAll('first')).toEqual(['val/loss', 'epoch'])
  expect(await violations(page)).toEqual([])
  expect(errors).toEqual([])
  await page.close()
})

it('draws along another metric, and by step again', async () => {
  const { page, errors } = await openPage(browser, address)
  await plot(page, 'val/loss').waitFor()
  await page.getByText('Metric', { exact: true }).click()
  await expect.poll(() => page.getByLabel('Metric along x').inputValue()).toBe('epoch')
  await page.getByRole('figure').filter({ hasText: 'val/loss' }).locator('canvas').first().waitFor()
  await page.getByLabel('Metric along x').fill('train/acc')
  await page.keyboard.press('Enter')
  await expect.poll(() => new URL(page.url()).searchParams.get('along')).toBe('train/acc')
  // A hundred steps of it are the values 0 to 0.99.
  await plot(page, 'val/loss').focus()
  await page.keyboard.press('End')
  await page
    .getByText(/^0\.99: /)
    .first()
    .waitFor({ state: 'attached' })
  await page.getByText('Step', { exact: true }).click()
  await expect.poll(() => new URL(page.url()).searchParams.get('along')).toBeNull()
  expect(await violations(page)).toEqual([])
  expect(errors).toEqual([])
  await page.close()
})

it('names a few lines at their ends, those on screen only', async () => {
  const { page, errors } = await openPage(browser, address)
  // What is written on a canvas is read where it is written.
  await page.addInitScript(() => {
    const written: string[] = []
    const write = CanvasRenderingContext2D.prototype.fillText
    CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
      written.push(text)
      return write.call(this, text, ...rest)
    }
    Object.assign(globalThis, { written })
  })
  await page.reload()
  const written = () => page.evaluate(() => (globalThis as unknown as { written: string[] }).written)
  await expect.poll(written).toEqual(expect.arrayContaining(['amber-heron', 'calm-osprey']))
  await page.goto(`${address}?zoom=1000~2000`)
  await chart(page, 'val/loss').getByText('no points in this range').waitFor()
  expect(await written()).not.toContain('amber-heron')
  expect(errors).toEqual([])
  await page.close()
})

it('is taken away as figures and as a picture', async () => {
  const { page, errors } = await openPage(browser, address)
  await plot(page, 'val/loss').locator('.u-over').waitFor()
  const take = async (what: string) => {
    await chart(page, 'val/loss').hover()
    await page.getByRole('button', { name: 'What to do with val/loss' }).click()
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: what }).click()])
    return download
  }
  const lines = (await textOf(await take('Save its points as CSV'))).trim().split('\r\n')
  expect(lines[0]).toBe('run_id,run_name,step,value')
  expect(lines).toHaveLength(201)
  expect(lines.filter((line) => line.endsWith(',50,5000'))).toHaveLength(1)
  expect(await textOf(await take('Save as SVG'))).toMatch(/^<svg .*<image /s)
  const picture = await readFile(await (await take('Save as PNG')).path())
  expect(picture.subarray(1, 4).toString()).toBe('PNG')
  expect(picture.length).toBeGreaterThan(2_000)
  expect(errors).toEqual([])
  await page.close()
})

it('smooths over every point that was logged, not over those it has, and goes on as points come', async () => {
  const { experiment_id } = await platform.wire('POST', 'experiments/create', { name: 'long' })
  const { run } = await platform.wire('POST', 'runs/create', { experiment_id, run_name: 'long', start_time: Date.now() })
  const run_id = run.info.run_id
  const values: number[] = []
  const log = async (count: number) => {
    const metrics = Array.from({ length: count }, () => {
      const step = values.length
      values.push(((step * 7919) % 1_000) / 100)
      return { key: 'loss', value: values[step], timestamp: 1_750_000_000_000 + step, step }
    })
    await platform.wire('POST', 'runs/log-batch', { run_id, metrics })
  }
  for (let i = 0; i < 10; i++) await log(1_000)
  const smoothed = () => {
    let [mean, weights] = [0, 0]
    for (const value of values) {
      weights = 1 + weights * 0.97
      mean += (value - mean) / weights
    }
    return mean.toPrecision(4)
  }
  const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${experiment_id}?smooth=0.97`)
  const tip = plot(page, 'loss').locator('.tip')
  const read = async () => {
    await plot(page, 'loss').focus()
    await page.keyboard.press('End')
    return tip.textContent({ timeout: 1_000 }).catch(() => '')
  }
  await plot(page, 'loss').locator('.u-over').waitFor()
  await expect.poll(read).toContain(smoothed())
  await log(3)
  await expect.poll(read).toMatch(/10.002/)
  expect(await read()).toContain(smoothed())
  // Zoomed in, what lies before counts as well.
  await page.goto(`${page.url()}&zoom=10001~10002`)
  await plot(page, 'loss').locator('.u-over').waitFor()
  await expect.poll(read).toContain(smoothed())
  // Another weight is asked for when the slider rests.
  await page.goto(`${platform.origin}/experiments/${experiment_id}?smooth=0.5`)
  await plot(page, 'loss').locator('.u-over').waitFor()
  await page.getByRole('slider', { name: 'Smoothing' }).fill('0.97')
  await expect.poll(read).toContain(smoothed())
  expect(errors).toEqual([])
  await page.close()
})

it('draws of more than fifty curves their median and a band, those that are selected on top, and says so', async () => {
  const { experiment_id } = await platform.wire('POST', 'experiments/create', { name: 'many' })
  for (let i = 0; i < 60; i++) {
    const { run } = await platform.wire('POST', 'runs/create', { experiment_id, run_name: `many-${i}`, start_time: 1_000 + i })
    await platform.wire('POST', 'runs/log-batch', {
      run_id: run.info.run_id,
      metrics: [0, 1, 2].map((step) => ({ key: 'loss', value: i + step, timestamp: 1 + step, step })),
    })
  }
  const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${experiment_id}`)
  await page.getByRole('rowheader').getByRole('link', { name: 'many-59' }).waitFor()
  await page.keyboard.press('ControlOrMeta+a')
  await page.getByRole('region', { name: 'Selected runs' }).getByText('60 selected').waitFor()
  await page.keyboard.press('p')
  await page.getByText('median and min – max of 60 lines, 50 of them on top').waitFor()
  await page.keyboard.press('Escape')
  await page.getByText('median and min – max of 60 lines', { exact: true }).waitFor()
  await plot(page, 'loss').focus()
  await page.keyboard.press('End')
  await page.getByText('step 2: median of 60 31.5 n 60').waitFor({ state: 'attached' })
  expect(await violations(page)).toEqual([])
  await page.getByRole('row').filter({ hasText: 'many-59' }).getByRole('checkbox').click()
  await page.getByText('median and min – max of 60 lines, 1 of them on top').waitFor()
  await plot(page, 'loss').focus()
  await page.keyboard.press('Home')
  await page.getByText('step 0: many-59 59, median of 60 29.5 n 60').waitFor({ state: 'attached' })
  // All of it is in the address.
  await page.reload()
  await page.getByText('median and min – max of 60 lines', { exact: true }).waitFor()
  expect(errors).toEqual([])
  await page.close()
})

it('draws the curve of a run that is ticked, in its colour in the table and in what is read out, at one place in all charts', async () => {
  const { page, errors } = await openPage(browser, address)
  const eye = (name: string) => page.getByRole('button', { name: `Curve of ${name}`, exact: true })
  await plot(page, 'val/loss').locator('.u-over').waitFor()
  await eye('amber-heron').click()
  await page.getByRole('button', { name: 'Curve of amber-heron', pressed: false }).waitFor()
  const tip = plot(page, 'val/loss').locator('.tip')
  const point = async (at: number) => {
    const box = (await plot(page, 'val/loss').locator('.u-over').boundingBox())!
    await page.mouse.move(box.x + box.width * at, box.y + box.height / 2)
  }
  await expect
    .poll(async () => {
      await point(0.3)
      await point(0.31)
      return tip.textContent()
    })
    .toMatch(/calm-osprey/)
  expect(await tip.textContent()).not.toContain('amber-heron')
  await eye('amber-heron').click()
  await expect
    .poll(async () => {
      await point(0.4)
      await point(0.41)
      return tip.textContent()
    })
    .toMatch(/amber-heron/)
  const row = page.getByRole('row').filter({ hasText: 'amber-heron' }).locator('.viz .sw')
  const inTip = tip.locator('p').filter({ hasText: 'amber-heron' }).locator('.sw')
  const [inTable, read] = await Promise.all([row, inTip].map((swatch) => swatch.evaluate((each) => getComputedStyle(each).backgroundColor)))
  expect(inTable).toBe(read)
  // The others show the place too, without words over them.
  await plot(page, 'train/acc').locator('.cx').waitFor()
  expect(await plot(page, 'train/acc').locator('.tip').count()).toBe(0)
  await page.mouse.move(2, 2)
  await expect.poll(() => page.locator('.cx').count()).toBe(0)
  expect(errors).toEqual([])
  await page.close()
})

it('has the points of a run once the pointer rests on its curve’s place, so that a press only draws', async () => {
  const { page, errors } = await openPage(browser, address)
  await plot(page, 'val/loss').locator('.u-over').waitFor()
  const eye = page.getByRole('button', { name: 'Curve of amber-heron', exact: true })
  await eye.click()
  await page.getByRole('button', { name: 'Curve of amber-heron', pressed: false }).waitFor()
  await page.mouse.move(2, 2)
  const id = (await page.getByRole('row').filter({ hasText: 'amber-heron' }).getAttribute('data-run'))!
  let asked = 0
  page.on('request', (request) => {
    const { variables } = (request.postDataJSON() ?? {}) as { variables?: { runs?: unknown; buckets?: number } }
    if (variables?.buckets && JSON.stringify(variables.runs).includes(id)) asked++
  })
  await eye.hover()
  await expect.poll(() => asked).toBeGreaterThan(0)
  await page.waitForLoadState('networkidle')
  const before = asked
  await eye.click()
  await page.getByRole('button', { name: 'Curve of amber-heron', pressed: true }).waitFor()
  const tip = plot(page, 'val/loss').locator('.tip')
  await expect
    .poll(async () => {
      const box = (await plot(page, 'val/loss').locator('.u-over').boundingBox())!
      for (const at of [0.4, 0.41]) await page.mouse.move(box.x + box.width * at, box.y + box.height / 2)
      return tip.textContent()
    })
    .toMatch(/amber-heron/)
  expect(asked).toBe(before)
  expect(errors).toEqual([])
  await page.close()
})

it('has steps, the clock or the time since the start along x, and a logarithmic y, for all charts at once', async () => {
  const { page, errors } = await openPage(browser, address)
  await plot(page, 'train/acc').locator('.u-over').waitFor()
  const last = async (text: RegExp) =>
    expect
      .poll(async () => {
        await plot(page, 'train/acc').focus()
        await page.keyboard.press('End')
        return page.getByText(text).count()
      })
      .toBe(1)
  await last(/^step 99: /)
  await page.getByText('Relative', { exact: true }).click()
  await last(/^1 m 39 s: /)
  await page.getByText('Time', { exact: true }).click()
  await last(/ \d\d:\d\d:\d\d: /)
  expect(new URL(page.url()).searchParams.get('x')).toBe('time')
  await page.getByText('Step', { exact: true }).click()
  await page.getByRole('button', { name: 'Log', exact: true }).click()
  await expect.poll(() => new URL(page.url()).searchParams.get('y')).toBe('log')
  for (const key of ['train/acc', 'val/loss'])
    await chart(page, key).getByRole('button', { name: 'log', exact: true, pressed: true }).waitFor()
  // Of train/acc the first is 0, which such a scale has no place for.
  await chart(page, 'train/acc').getByText('2 points ≤ 0').waitFor()
  expect(await violations(page)).toEqual([])
  expect(errors).toEqual([])
  await page.close()
})
