/** The pictures of how the pages of runs may stand: empty, wrong, stalled, cut off, over them a dialog, on a phone, on paper. */
import { once } from 'node:events'
import type { Browser, Page } from 'playwright-core'
import { lineTo } from '../parts/line.ts'
import { openPage } from './chromium.ts'
import { postingTo, serve, shoot } from './picture-parts.ts'

const names = ['still-weir-205', 'north-eddy-187', 'pale-marsh-192', 'amber-heron-109', 'tidal-fern-198', 'brisk-heron-213']
const phone = { width: 390, height: 844 }

export async function statePages(browser: Browser): Promise<void> {
  const { server, origin } = await serve('states')
  const line = await lineTo(origin)
  const post = postingTo(origin)
  const experiment = async (name: string) => (await post('experiments/create', { name })).experiment_id as string
  const begin = async (experiment_id: string, run_name: string, i: number, start_time = Date.now()) => {
    const { run } = await post('runs/create', { experiment_id, run_name, user_id: 'priya.nair', start_time })
    const run_id = run.info.run_id as string
    const wave = (step: number, of: number) => Math.sin(step * (0.7 + i / 9) + of) * 0.02
    await post('runs/log-batch', {
      run_id,
      params: [
        { key: 'lr', value: String([0.3, 0.005, 0.02, 0.05][i % 4]) },
        { key: 'width', value: String(16 * 2 ** (i % 4)) },
      ],
      tags: [{ key: 'team', value: i % 2 ? 'tides' : 'winds' }],
      metrics: Array.from({ length: 120 }, (_, step) => [
        { key: 'val/loss', value: 0.2 + i / 30 + 2 / (step + 2 + i) + wave(step, 0), step, timestamp: start_time + step * 1_000 },
        { key: 'val/accuracy', value: 0.96 - i / 90 - 0.8 / (step + 2) + wave(step, 1) / 3, step, timestamp: start_time + step * 1_000 },
        { key: 'train/loss', value: 0.1 + i / 40 + 2 / (step + 1.5 + i) + wave(step, 2), step, timestamp: start_time + step * 1_000 },
      ]).flat(),
    })
    return run_id
  }
  const nothing = await experiment('solar-nowcast')
  const tides = await experiment('load-forecasting/stlf-mlp')
  const ids: string[] = []
  for (const [i, name] of names.entries()) {
    const start = Date.now() - (8 - i) * 3_600_000
    ids.push(await begin(tides, name, i, start))
    await post('runs/update', { run_id: ids[i], status: i === 2 ? 'FAILED' : 'FINISHED', end_time: start + 1_140_000 + i * 61_000 })
  }
  for (const input of [
    { name: 'loss is no number', condition: { kind: 'NOT_FINITE' } },
    { name: 'accuracy falls', metric: 'val/accuracy', condition: { kind: 'THRESHOLD', comparator: 'LT', limit: 0.7, points: 3 } },
  ])
    await fetch(`${origin}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        query: 'mutation ($input: CreateAlertRuleInput!) { createAlertRule(input: $input) { rule { id } } }',
        variables: { input: { experimentId: tides, ...input } },
      }),
    })
  const live = await begin(tides, 'calm-osprey-214', 2)
  const gone = await experiment('meter-ocr')
  await begin(gone, 'grey-alder-201', 4)
  await post('experiments/delete', { experiment_id: gone })
  await post('runs/delete', { run_id: await begin(tides, 'far-silo-181', 5) })

  const runs = `/experiments/${tides}`
  const filtered = `${runs}?q=${encodeURIComponent("params.lr = '0.3' and status = 'FAILED'")}`
  const row = (page: Page) => page.getByRole('row', { name: /calm-osprey/ }).waitFor()
  const tick = async (page: Page) => {
    await row(page)
    for (const key of ['j', 'x', 'j', 'x', 'j', 'x']) await page.keyboard.press(key)
    await page.getByRole('region', { name: 'Selected runs' }).waitFor()
  }
  let fresh = 0
  /** What is called how, where it is, and how it comes to stand so. */
  const states: Array<[string, string, ((page: Page) => Promise<unknown>)?, { width: number; height: number }?]> = [
    ['empty', `/experiments/${nothing}`],
    [
      'wrong-filter',
      runs,
      async (page) => {
        await row(page)
        await page.getByRole('combobox', { name: 'Filter the runs' }).fill('params.lr << 1e-3')
        await page.keyboard.press('Enter')
        await page
          .getByText(/Invalid/)
          .first()
          .waitFor()
      },
    ],
    ['nothing-left', filtered, (page) => page.getByRole('button', { name: 'Drop it' }).waitFor()],
    ['selected', runs, tick],
    [
      'new-runs',
      runs,
      async (page) => {
        await row(page)
        for (let i = 0; i < 2; i++) await begin(tides, `slate-lock-${211 + fresh++}`, 3)
        await page.getByRole('button', { name: /new run/ }).waitFor()
      },
    ],
    [
      'palette',
      runs,
      (page) =>
        row(page)
          .then(() => page.keyboard.press('Control+k'))
          .then(() => page.keyboard.type('heron')),
    ],
    ['keys', runs, (page) => row(page).then(() => page.keyboard.press('?'))],
    ['alerts', '/alerts'],
    ['welcome', '/welcome'],
    ['trash', '/trash', (page) => page.getByText('meter-ocr').first().waitFor()],
    [
      'stalled',
      `/runs/${live}`,
      async (page) => {
        await page.getByRole('figure').first().waitFor()
        await page.clock.fastForward('00:14:00')
        await page.getByText('Its process may have ended').waitFor()
      },
    ],
    [
      'offline',
      runs,
      async (page) => {
        await row(page)
        await page.waitForTimeout(1_500)
        line.cut()
        await page.clock.fastForward(8_000)
        await page.getByText('Live updates paused').waitFor()
      },
    ],
    ['phone', runs, undefined, phone],
    ['phone-run', `/runs/${ids[5]}`, undefined, phone],
    ['phone-compare', `/compare?runs=${ids.slice(3).join(',')}`, undefined, phone],
    [
      'paper',
      `/compare?runs=${ids.slice(2).join(',')}`,
      (page) => page.waitForTimeout(1_500).then(() => page.emulateMedia({ media: 'print' })),
    ],
  ]
  try {
    for (const [name, path, act, viewport] of states)
      for (const colorScheme of ['light', 'dark'] as const) {
        line.mend()
        const { page } = await openPage(browser, 'about:blank', { colorScheme, ...(viewport && { viewport }) })
        if (name === 'stalled' || name === 'offline') await page.clock.install()
        await page.goto(line.origin + path)
        await act?.(page)
        await page.waitForTimeout(1_200)
        await shoot(page, name, colorScheme)
        await page.close()
      }
  } finally {
    line.close()
    server.kill('SIGINT')
    await once(server, 'exit')
  }
}
