/** Notes in Markdown on runs and experiments, and a run marked as stopped, in Chromium. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Platform } from '../platform.ts'
import { launch, openPage, startWithPages, violations } from './chromium.ts'

let browser: Browser
let platform: Platform
let experiment: string
let run: string

beforeAll(async () => {
  ;[browser, platform] = await Promise.all([launch(), startWithPages()])
  experiment = (await platform.wire('POST', 'experiments/create', { name: 'forecast' })).experiment_id
  run = (await platform.wire('POST', 'runs/create', { experiment_id: experiment, run_name: 'calm-osprey', start_time: Date.now() })).run
    .info.run_id
})
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
})

/** The browser says that a note's handler would be refused even while it is only parsed, and that its picture is nowhere. */
const others = (errors: string[]) => errors.filter((error) => !/404|inline event handler violates/.test(error))

const note = async () =>
  (await platform.wire('GET', 'runs/get', { run_id: run })).run.data.tags.find(({ key }: { key: string }) => key === 'mlflow.note.content')
    ?.value

it('is written and read as Markdown in which nothing runs, and is the description that MLflow has', async () => {
  const { page, errors } = await openPage(browser, `${platform.origin}/runs/${run}?tab=notes`)
  const panel = page.getByRole('region', { name: 'Notes' })
  await panel.getByRole('button', { name: 'Write a note' }).click()
  const text =
    '# Tried\n\n- **deeper** net\n- <img src=x onerror="document.title=1"> <script>alert(1)</script>\n\n[paper](https://example.org) [bad](javascript:alert(1))\n\n| a | b |\n|---|---|\n| 1 | 2 |'
  await panel.getByLabel('Note in Markdown').fill(text)
  await panel.getByText('Preview').click()
  await panel.getByRole('heading', { name: 'Tried' }).waitFor()
  expect(await violations(page)).toEqual([])
  await panel.getByText('Write', { exact: true }).click()
  await panel.getByLabel('Note in Markdown').press('Control+Enter')
  await panel.getByRole('button', { name: 'Edit' }).waitFor()
  expect(await note()).toBe(text)
  await panel.getByRole('cell', { name: '2' }).waitFor()
  expect(await panel.locator('script, [onerror]').count()).toBe(0)
  expect(await panel.getByRole('link', { name: 'paper' }).getAttribute('rel')).toContain('noopener')
  expect(await panel.locator('a', { hasText: 'bad' }).getAttribute('href')).toBeNull()
  expect(others(errors)).toEqual([])
  await page.close()
})

it('keeps what is being written when somebody else saves meanwhile', async () => {
  const { page, errors } = await openPage(browser, `${platform.origin}/runs/${run}?tab=notes`)
  const panel = page.getByRole('region', { name: 'Notes' })
  await panel.getByRole('button', { name: 'Edit' }).click()
  await panel.getByLabel('Note in Markdown').fill('mine')
  await platform.wire('POST', 'runs/set-tag', { run_id: run, key: 'mlflow.note.content', value: 'theirs' })
  await panel.getByText('Somebody saved another text meanwhile').waitFor()
  expect(await panel.getByLabel('Note in Markdown').inputValue()).toBe('mine')
  // Theirs is there to be read, and is not overwritten unseen.
  await panel.getByRole('region', { name: 'What they saved' }).getByText('theirs').waitFor()
  await panel.getByLabel('Note in Markdown').press('Control+Enter')
  expect(await panel.getByRole('button', { name: 'Save note' }).isDisabled()).toBe(true)
  expect(await note()).toBe('theirs')
  expect(await violations(page)).toEqual([])
  await panel.getByRole('button', { name: 'Take theirs' }).click()
  expect(await panel.getByLabel('Note in Markdown').inputValue()).toBe('theirs')
  await page.getByRole('button', { name: 'Undo' }).click()
  expect(await panel.getByLabel('Note in Markdown').inputValue()).toBe('mine')
  await panel.getByRole('button', { name: 'Save note' }).click()
  await panel.getByText('mine').waitFor()
  expect(await note()).toBe('mine')
  expect(others(errors)).toEqual([])
  await page.close()
})

it('is not written over what somebody else saved and the page had not heard of: both texts are shown', async () => {
  const { page, errors } = await openPage(browser, 'about:blank')
  // Nothing live comes.
  await page.routeWebSocket(/graphql/, () => {})
  await page.goto(`${platform.origin}/runs/${run}?tab=notes`)
  const panel = page.getByRole('region', { name: 'Notes' })
  await panel.getByRole('button', { name: 'Edit' }).click()
  await panel.getByLabel('Note in Markdown').fill('mine again')
  await platform.wire('POST', 'runs/set-tag', { run_id: run, key: 'mlflow.note.content', value: 'theirs, unheard' })
  await panel.getByRole('button', { name: 'Save note' }).click()
  await panel.getByRole('region', { name: 'What they saved' }).getByText('theirs, unheard').waitFor()
  expect(await note()).toBe('theirs, unheard')
  expect(await panel.getByLabel('Note in Markdown').inputValue()).toBe('mine again')
  await panel.getByRole('button', { name: 'Keep mine' }).click()
  await panel.getByRole('button', { name: 'Save note' }).click()
  await panel.getByText('mine again').waitFor()
  expect(await note()).toBe('mine again')

  await page.goto(`${platform.origin}/experiments/${experiment}`)
  await page.getByRole('button', { name: 'Notes' }).click()
  const dialog = page.getByRole('dialog', { name: 'Notes on forecast' })
  await dialog.getByRole('button', { name: 'Write a note' }).click()
  await dialog.getByLabel('Note in Markdown').fill('ours')
  await platform.wire('POST', 'experiments/set-experiment-tag', {
    experiment_id: experiment,
    key: 'mlflow.note.content',
    value: 'written elsewhere',
  })
  await dialog.getByRole('button', { name: 'Save note' }).click()
  await dialog.getByRole('region', { name: 'What they saved' }).getByText('written elsewhere').waitFor()
  await dialog.getByRole('button', { name: 'Take theirs' }).click()
  expect(await dialog.getByLabel('Note in Markdown').inputValue()).toBe('written elsewhere')
  expect(others(errors)).toEqual([])
  await page.close()
  await platform.wire('POST', 'experiments/delete-experiment-tag', { experiment_id: experiment, key: 'mlflow.note.content' })
})

it('stands on an experiment too', async () => {
  const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${experiment}`)
  await page.getByRole('button', { name: 'Notes' }).click()
  const dialog = page.getByRole('dialog', { name: 'Notes on forecast' })
  await dialog.getByRole('button', { name: 'Write a note' }).click()
  await dialog.getByLabel('Note in Markdown').fill('Load of *the grid*')
  expect(await violations(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Save note' }).click()
  await dialog.locator('em', { hasText: 'the grid' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Read notes' }).waitFor()
  expect(errors).toEqual([])
  await page.close()
})

it('a run is marked as stopped, which can be undone', async () => {
  const { page, errors } = await openPage(browser, `${platform.origin}/runs/${run}`)
  await page.getByRole('button', { name: 'Stop' }).click()
  await page.getByText('calm-osprey is marked as stopped. Its process goes on until you end it.').waitFor()
  await page.getByRole('main').getByText('Killed').first().waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByRole('main').getByText('Running').first().waitFor()
  await page.getByRole('button', { name: 'Stop' }).waitFor()
  expect(errors).toEqual([])
  await page.close()
})

it('a run that ended by itself is not marked as stopped, nor does the undo take back its end', async () => {
  const ended = async (id: string) => (await platform.wire('GET', 'runs/get', { run_id: id })).run.info.status
  const finish = (id: string) => platform.wire('POST', 'runs/update', { run_id: id, status: 'FINISHED', end_time: Date.now() })
  const { page } = await openPage(browser, 'about:blank')
  await page.routeWebSocket(/graphql/, () => {})
  await page.goto(`${platform.origin}/runs/${run}`)
  await page.getByRole('button', { name: 'Stop' }).waitFor()
  await finish(run)
  await page.getByRole('button', { name: 'Stop' }).click()
  await page.getByText('calm-osprey has ended by itself.').waitFor()
  expect(await ended(run)).toBe('FINISHED')

  await platform.wire('POST', 'runs/update', { run_id: run, status: 'RUNNING' })
  await page.reload()
  await page.getByRole('button', { name: 'Stop' }).click()
  await page.getByText('calm-osprey is marked as stopped.').waitFor()
  await finish(run)
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByText('calm-osprey has ended by itself.').waitFor()
  expect(await ended(run)).toBe('FINISHED')
  await page.close()
})

it('has comments below it, changed where they stand and taken away, with a way back', async () => {
  const { page, errors } = await openPage(browser, `${platform.origin}/runs/${run}?tab=notes`)
  const panel = page.getByRole('region', { name: 'Comments' })
  await panel.getByLabel('Comment', { exact: true }).fill('mind **islands**')
  await panel.getByRole('button', { name: 'Comment', exact: true }).click()
  await panel.locator('strong', { hasText: 'islands' }).waitFor()
  await panel.getByRole('button', { name: 'Change the comment' }).click()
  await panel.getByLabel('The comment', { exact: true }).fill('mind **the far islands**')
  await page.keyboard.press('Control+Enter')
  await panel.locator('strong', { hasText: 'the far islands' }).waitFor()
  await panel.getByText('changed', { exact: true }).waitFor()
  await panel.getByRole('button', { name: 'Take the comment away' }).click()
  await panel.locator('article').waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Undo' }).click()
  await panel.locator('strong', { hasText: 'the far islands' }).waitFor()
  expect(others(errors)).toEqual([])
  await page.close()
})
