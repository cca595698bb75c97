/** Experiments in their folders: the tree in the rail, the list, moving, tags and the overview, in Chromium. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeCatalogue } from '../../packages/server/src/search/catalogue.sql.ts'
import type { Platform } from '../platform.ts'
import { launch, openPage, startWithPages, violations } from './chromium.ts'

let browser: Browser
let platform: Platform

beforeAll(async () => {
  ;[browser, platform] = await Promise.all([launch(), startWithPages()])
})
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
})

const make = async (name: string) => (await platform.wire('POST', 'experiments/create', { name })).experiment_id as string
const nameOf = async (id: string) => (await platform.wire('GET', 'experiments/get', { experiment_id: id })).experiment.name as string
const run = async (experiment_id: string, more: Record<string, unknown> = {}) =>
  (await platform.wire('POST', 'runs/create', { experiment_id, start_time: Date.now(), ...more })).run.info.run_id as string
const line = (page: Page, name: string) => page.getByRole('tree', { name: 'Experiments' }).getByRole('treeitem', { name })
const row = (page: Page, name: string) => page.getByRole('main').getByRole('row').filter({ hasText: name })
const focused = (page: Page) => page.evaluate<string>('document.activeElement.querySelector(".trunc")?.textContent')
/** What a test makes stands in a folder of its own. */
const folder = 'load'

describe('the tree in the rail', () => {
  it('has folders of any depth, is walked by the keyboard, and stays as it was left', async () => {
    const id = await make('load/deep/er/unet')
    await make('load/gbm')
    const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${id}`)
    // Where one is stands open.
    await line(page, 'unet').waitFor()
    expect(await line(page, 'unet').getAttribute('aria-level')).toBe('4')
    expect(await violations(page)).toEqual([])
    await line(page, 'unet').focus()
    await page.keyboard.press('ArrowLeft')
    expect(await focused(page)).toBe('er')
    await page.keyboard.press('ArrowLeft')
    await expect.poll(() => line(page, 'unet').count()).toBe(0)
    await page.keyboard.press('ArrowLeft')
    expect(await focused(page)).toBe('deep')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    expect(await focused(page)).toBe('gbm')
    await page.keyboard.press('Home')
    expect(await focused(page)).toBe('load')
    await page.keyboard.press('ArrowLeft')
    await page.goto(`${platform.origin}/experiments`)
    await line(page, 'load').waitFor()
    expect(await line(page, 'load').getAttribute('aria-expanded')).toBe('false')
    await line(page, 'load').focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    expect(await focused(page)).toBe('er')
    await page.keyboard.press('End')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/experiments/*')
    expect(errors).toEqual([])
    await page.close()
  })

  it('moves what is dragged onto a folder, and takes it back', async () => {
    const [a, b] = [await make('drag/one'), await make('solar/two')]
    const { page, errors } = await openPage(browser, `${platform.origin}/experiments`)
    await line(page, 'one').dragTo(line(page, 'solar'))
    await page.getByText('one moved to solar').waitFor()
    expect(await nameOf(a)).toBe('solar/one')
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(() => nameOf(a)).toBe('drag/one')
    // A folder goes with all that is in it, and not into itself.
    await line(page, 'drag').dragTo(line(page, 'solar'))
    await expect.poll(() => nameOf(a)).toBe('solar/drag/one')
    await line(page, 'solar').dragTo(line(page, 'drag'))
    expect(await nameOf(b)).toBe('solar/two')
    expect(errors).toEqual([])
    await page.close()
  })

  it('moves several together, by drag and by keys, and takes them back', async () => {
    const ids = [await make('many/apricot'), await make('many/banana'), await make('many/cherry'), await make('pool/zebra')]
    const names = () => Promise.all(ids.map(nameOf))
    const { page, errors } = await openPage(browser, `${platform.origin}/experiments`)
    /** Keys go by what stands below what on the page, which hears of a change a moment later. */
    const inOrder = () =>
      expect.poll(async () => (await page.getByRole('treeitem').allTextContents()).join()).toMatch(/apricot.*banana.*cherry.*zebra/)
    await inOrder()
    await line(page, 'apricot').focus()
    await page.keyboard.press('x')
    await page.keyboard.press('Shift+ArrowDown')
    await expect.poll(() => page.locator('[role=treeitem].picked').count()).toBe(2)
    expect(await violations(page)).toEqual([])
    await line(page, 'banana').dragTo(line(page, 'pool'))
    await page.getByText('2 experiments moved to pool').waitFor()
    expect(await names()).toEqual(['pool/apricot', 'pool/banana', 'many/cherry', 'pool/zebra'])
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(names).toEqual(['many/apricot', 'many/banana', 'many/cherry', 'pool/zebra'])
    await inOrder()
    await line(page, 'banana').focus()
    await page.keyboard.press('Shift+ArrowDown')
    await page.keyboard.press('F2')
    const dialog = page.getByRole('dialog', { name: 'Move 2 experiments and folders' })
    await dialog.getByLabel('Into the folder').fill('pool/deep')
    await dialog.getByRole('button', { name: 'Move 2 experiments' }).click()
    await expect.poll(names).toEqual(['many/apricot', 'pool/deep/banana', 'pool/deep/cherry', 'pool/zebra'])
    expect(errors).toEqual([])
    await page.close()
  })
})

it('makes an experiment in the folder whose menu is used, by the keyboard too', async () => {
  await make('menu/first')
  const { page, errors } = await openPage(browser, `${platform.origin}/experiments`)
  await line(page, 'menu').focus()
  await page.keyboard.press('Shift+F10')
  expect(await violations(page)).toEqual([])
  await page.getByRole('menuitem', { name: 'Create experiment here' }).click()
  const name = page.getByRole('dialog', { name: 'Create an experiment' }).getByLabel('Name')
  expect(await name.inputValue()).toBe('menu/')
  await name.press('End')
  await page.keyboard.type('second')
  await page.keyboard.press('Enter')
  await line(page, 'second').waitFor()
  expect(await line(page, 'second').getAttribute('aria-level')).toBe('2')
  // The dialog gives the focus back when it goes, and the page goes to what was made.
  await page.waitForURL(/experiments\/\d+/)
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  // A line of the tree is moved by a key as well.
  await line(page, 'second').focus()
  await page.keyboard.press('F2')
  await page.getByRole('dialog', { name: 'Move second' }).getByLabel('Into the folder').fill('menu/deeper')
  await page.keyboard.press('Enter')
  await page.getByText('second moved to menu/deeper').waitFor()
  expect(errors).toEqual([])
  await page.close()
})

describe('the list', () => {
  it('moves what was picked in it', async () => {
    const ids = [await make('heap/one'), await make('heap/two')]
    const { page, errors } = await openPage(browser, `${platform.origin}/experiments?in=heap`)
    await page.getByRole('main').getByRole('link', { name: 'one' }).waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('x')
    await page.keyboard.press('Shift+ArrowDown')
    await page.keyboard.press('F2')
    const dialog = page.getByRole('dialog', { name: 'Move 2 experiments and folders' })
    expect(await violations(page)).toEqual([])
    await dialog.getByLabel('Into the folder').fill('heaped')
    await dialog.getByRole('button', { name: 'Move 2 experiments' }).click()
    await expect.poll(() => Promise.all(ids.map(nameOf))).toEqual(['heaped/one', 'heaped/two'])
    expect(errors).toEqual([])
    await page.close()
  })

  it('moves a folder into one that it makes, all of it or nothing', async () => {
    const [a, b] = [await make('grid/a'), await make('grid/x/b')]
    await make('far/away/grid/a')
    const { page, errors } = await openPage(browser, `${platform.origin}/experiments`)
    await page.getByRole('main').getByRole('button', { name: 'Actions for grid', exact: true }).click()
    await page.getByRole('menuitem', { name: 'Move or rename' }).click()
    const dialog = page.getByRole('dialog', { name: 'Move grid' })
    expect(await violations(page)).toEqual([])
    await dialog.getByLabel('Into the folder').fill('grid/x')
    await dialog.getByText('grid cannot be put into itself.').waitFor()
    await dialog.getByLabel('Into the folder').fill('far/away')
    await dialog.getByRole('button', { name: 'Move 2 experiments' }).click()
    await dialog.getByText('Experiment(name=far/away/grid/a) already exists').waitFor()
    expect(await nameOf(b)).toBe('grid/x/b')
    await dialog.getByLabel('Into the folder').fill('plant/new')
    await dialog.getByText('in a new folder').waitFor()
    await dialog.getByLabel('Name there').fill('net')
    await page.keyboard.press('Enter')
    await page.getByText('2 experiments moved to plant/new/net').waitFor()
    expect([await nameOf(a), await nameOf(b)]).toEqual(['plant/new/net/a', 'plant/new/net/x/b'])
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(() => nameOf(b)).toBe('grid/x/b')
    expect(errors).toEqual([])
    await page.close()
  })

  it('is sorted, searched by name, tag and person, narrowed to what runs, and looks into a folder', async () => {
    const [quiet, busy] = [await make(`${folder}/list/quiet`), await make(`${folder}/list/busy`)]
    await platform.wire('POST', 'experiments/set-experiment-tag', { experiment_id: quiet, key: 'team', value: 'tides' })
    await run(busy, { user_id: 'mateo' })
    const { page, errors } = await openPage(browser, `${platform.origin}/experiments?in=${folder}%2Flist`)
    await page.getByRole('main').getByRole('link', { name: 'busy' }).waitFor()
    expect(await page.getByRole('main').getByRole('row').count()).toBe(3)
    expect(await row(page, 'busy').textContent()).toMatch(/just now.*mateo/)
    await page.getByRole('button', { name: 'Last activity' }).click()
    await page.waitForURL('**sort=-activity')
    expect(await page.getByRole('columnheader', { name: 'Last activity' }).getAttribute('aria-sort')).toBe('descending')
    await page.getByLabel('Find an experiment').fill('tides')
    await expect.poll(() => row(page, 'busy').count()).toBe(0)
    await row(page, 'quiet').waitFor()
    await page.getByLabel('Find an experiment').fill('')
    await page.getByRole('button', { name: 'live now' }).click()
    await expect.poll(() => row(page, 'quiet').count()).toBe(0)
    await row(page, 'busy').waitFor()
    await page.getByRole('button', { name: 'live now' }).click()
    await page.getByTitle('As a list').click()
    await page
      .getByRole('main')
      .getByRole('link', { name: `${folder}/list/quiet` })
      .waitFor()
    expect(await violations(page)).toEqual([])
    expect(errors).toEqual([])
    await page.close()
  })

  it('deletes what the cursor is on, and brings it back', async () => {
    const id = await make('kept/here')
    const { page, errors } = await openPage(browser, `${platform.origin}/experiments?in=kept`)
    await page.getByRole('main').getByRole('link', { name: 'here' }).waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('e')
    await page.getByText('Nothing is in kept').waitFor()
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByRole('main').getByRole('link', { name: 'here' }).waitFor()
    expect((await platform.wire('GET', 'experiments/get', { experiment_id: id })).experiment.lifecycle_stage).toBe('active')
    expect(errors).toEqual([])
    await page.close()
  })
})

describe('the overview', () => {
  it('shows what runs, what ran last and the best so far, and follows', async () => {
    const id = await make('seen/whole')
    const live = await run(id, { run_name: 'still-going', user_id: 'ines' })
    for (const [name, loss] of [
      ['worse', 0.4],
      ['better', 0.2],
    ] as const) {
      const run_id = await run(id, { run_name: name })
      await platform.wire('POST', 'runs/log-batch', { run_id, metrics: [{ key: 'val/loss', value: loss, timestamp: 1, step: 1 }] })
      await platform.wire('POST', 'runs/update', { run_id, status: 'FINISHED', end_time: Date.now() })
    }
    await makeCatalogue(platform.db, Number(id))
    const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${id}`)
    await page.getByRole('link', { name: 'Overview' }).click()
    await page.getByRole('region', { name: 'Live runs' }).getByRole('link', { name: 'still-going' }).waitFor()
    await page.getByRole('region', { name: 'Recent runs' }).getByRole('link', { name: 'worse' }).waitFor()
    const best = page.getByRole('region', { name: 'Best so far' }).getByRole('row', { name: /val\/loss/ })
    expect(await best.textContent()).toMatch(/0\.2.*better/)
    expect(await violations(page)).toEqual([])
    await platform.wire('POST', 'runs/update', { run_id: live, status: 'FINISHED', end_time: Date.now() })
    await page.getByText('None runs now.').waitFor()
    await best.getByRole('link', { name: 'val/loss' }).click()
    await page.waitForURL('**sort=*')
    expect(errors).toEqual([])
    await page.close()
  })

  it('has its tags set, changed and removed, with undo, and its note written', async () => {
    const id = await make('seen/tagged')
    const tags = async () => (await platform.wire('GET', 'experiments/get', { experiment_id: id })).experiment.tags ?? []
    const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${id}/overview`)
    const panel = page.getByRole('region', { name: 'Tags' })
    await panel.getByRole('button', { name: 'Add a tag' }).click()
    await panel.getByLabel('Key of the tag').fill('team')
    await panel.getByLabel('Value of the tag').fill('tides')
    await page.keyboard.press('Enter')
    await panel.getByRole('button', { name: 'team tides' }).click()
    await panel.getByLabel('Value of the tag').fill('grid')
    await page.keyboard.press('Enter')
    await panel.getByRole('button', { name: 'team grid' }).waitFor()
    expect(await tags()).toEqual([{ key: 'team', value: 'grid' }])
    expect(await violations(page)).toEqual([])
    await panel.getByRole('button', { name: 'Remove the tag team' }).click()
    await expect.poll(tags).toEqual([])
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(tags).toEqual([{ key: 'team', value: 'grid' }])
    const notes = page.getByRole('region', { name: 'Notes' })
    await notes.getByRole('button', { name: 'Write a note' }).click()
    await notes.getByLabel('Note in Markdown').fill('Load of *the grid*')
    await page.keyboard.press('Control+Enter')
    await notes.locator('em', { hasText: 'the grid' }).waitFor()
    expect(errors).toEqual([])
    await page.close()
  })
})
