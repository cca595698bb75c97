/** What holds on every page, in Chromium: how close rows stand, paper, forced colours, more contrast, twice the size and 320 px. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeCatalogue } from '../../packages/server/src/search/catalogue.sql.ts'
import type { Platform } from '../platform.ts'
import { colours, launch, openPage, settled, startWithPages, violations } from './chromium.ts'

let browser: Browser
let platform: Platform
let experiment: string
const runs: string[] = []

beforeAll(async () => {
  ;[browser, platform] = await Promise.all([launch(), startWithPages()])
  experiment = (await platform.wire('POST', 'experiments/create', { name: 'solar/regional/nowcast' })).experiment_id
  const log = async (i: number) => {
    const { run } = await platform.wire('POST', 'runs/create', { experiment_id: experiment, run_name: `run-${i}`, start_time: i })
    runs[i] = run.info.run_id
    await platform.wire('POST', 'runs/log-batch', {
      run_id: run.info.run_id,
      metrics: [1, 2, 3].map((step) => ({ key: 'val/loss', value: 1 / (step + i), timestamp: step, step })),
      params: [{ key: 'lr', value: String(i / 100) }],
      tags: [{ key: 'team', value: 'tides' }],
    })
  }
  await Promise.all(Array.from({ length: 60 }, (_, i) => log(i)))
  await platform.wire('POST', 'logged-models', { experiment_id: experiment, name: 'seen too', source_run_id: runs[0] })
})
afterAll(async () => {
  await browser?.close()
  await platform?.stop()
})

const heightOf = (page: Page) =>
  page
    .getByRole('grid', { name: 'Runs' })
    .getByRole('row')
    .nth(1)
    .evaluate((row) => row.getBoundingClientRect().height)

describe('density', () => {
  it('sets rows closer or farther apart, everywhere, and is kept', async () => {
    const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${experiment}`)
    await page.getByRole('link', { name: 'run-59' }).waitFor()
    expect(await heightOf(page)).toBe(30)
    await page.getByRole('button', { name: 'Settings' }).click()
    expect(await violations(page, 'dialog')).toEqual([])
    await page.getByText('Comfortable').click()
    await page.getByRole('button', { name: 'Close' }).click()
    expect(await heightOf(page)).toBe(38)
    // Rows stand below each other, without a gap.
    const tops = await page
      .getByRole('grid', { name: 'Runs' })
      .getByRole('row')
      .evaluateAll((rows) => rows.slice(1, 4).map((row) => row.getBoundingClientRect().top))
    expect(tops[1]! - tops[0]!).toBe(38)
    await page.reload()
    await page.getByRole('link', { name: 'run-59' }).waitFor()
    expect(await heightOf(page)).toBe(38)
    await page.keyboard.press(',')
    await page.getByText('Compact').click()
    await page.keyboard.press('Escape')
    expect(await heightOf(page)).toBe(26)
    expect(errors).toEqual([])
    await page.close()
  }, 60_000)
})

describe('paper', () => {
  it('has the whole table, black on white, and none of the chrome', async () => {
    const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${experiment}`, { colorScheme: 'dark' })
    await page.getByRole('link', { name: 'run-59' }).waitFor()
    expect(await page.getByRole('link', { name: 'run-3', exact: true }).count()).toBe(0)
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    await page.getByRole('link', { name: 'run-3', exact: true }).waitFor()
    for (const gone of [
      page.getByRole('complementary', { name: 'Workspace' }),
      page.getByLabel('Filter the runs'),
      page.getByRole('link', { name: 'Log a run' }),
    ])
      expect(await gone.isVisible()).toBe(false)
    const colors = await page.evaluate(
      `[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector('[role=gridcell] , [role=rowheader] a')).color]`,
    )
    expect(colors).toEqual(['rgb(255, 255, 255)', 'rgb(0, 0, 0)'])
    const cut = await page.evaluate(`(() => {
      const last = [...document.querySelectorAll('[role=row]')].at(-1).getBoundingClientRect().bottom + scrollY
      return last > document.documentElement.scrollHeight || document.documentElement.scrollWidth > innerWidth
    })()`)
    expect(cut).toBe(false)
    // A sheet for every twenty rows or so, and not one for all that could be scrolled to.
    const pdf = (await page.pdf()).toString('latin1')
    const sheets = pdf.match(/\/Type\s*\/Page\b/g)!.length
    expect(sheets).toBeGreaterThan(1)
    expect(sheets).toBeLessThan(8)
    await page.emulateMedia({ media: 'screen', colorScheme: 'dark' })
    await page.getByRole('link', { name: 'run-3', exact: true }).waitFor({ state: 'detached' })
    expect(errors).toEqual([])
    await page.close()
  })

  it('has a run, and runs beside each other, without the chrome', async () => {
    for (const path of [`/runs/${runs[0]}`, `/compare?runs=${runs.slice(0, 3).join(',')}`]) {
      const { page } = await openPage(browser, `${platform.origin}${path}`)
      await page.getByText('val/loss').first().waitFor()
      await page.emulateMedia({ media: 'print' })
      expect(await page.getByText('val/loss').first().isVisible()).toBe(true)
      expect(await page.getByRole('complementary', { name: 'Workspace' }).isVisible()).toBe(false)
      expect(await page.locator('.btn:visible').count()).toBe(0)
      expect(await page.getByRole('button', { name: 'make baseline' }).locator('visible=true').count()).toBe(0)
      await page.close()
    }
  })
})

describe('the filter box', () => {
  it('offers what was used of late in this experiment, and what runs have, with its range', async () => {
    await makeCatalogue(platform.db, Number(experiment))
    const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${experiment}`)
    const box = page.getByLabel('Filter the runs')
    const runsShown = (count: number) => expect.poll(() => page.getByRole('rowheader').count()).toBe(count)
    // Bare words are sought in the name.
    await box.fill('run-59')
    await page.keyboard.press('Enter')
    await runsShown(1)
    // A filter that stood for a moment is remembered.
    await expect.poll(() => page.evaluate('JSON.stringify(localStorage)')).toContain('run-59')
    await page.getByRole('button', { name: 'Remove run-59' }).click()
    await box.fill('lr')
    const lr = page.getByRole('option', { name: /params\.lr/ })
    expect(await lr.textContent()).toMatch(/60 runs · 0 to 0\.59/)
    await box.fill('')
    await page.getByRole('option', { name: /run-59 recent/ }).waitFor()
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await runsShown(1)
    await page.goto(`${platform.origin}/experiments/${experiment}`)
    await box.click()
    await page.getByRole('option', { name: /run-59 recent/ }).click()
    await page.getByRole('button', { name: 'Remove run-59' }).waitFor()
    expect(errors).toEqual([])
    await page.close()
  })

  it('lets a finger take away a long clause', async () => {
    const filter = encodeURIComponent("name = 'a run with a name that is longer than a phone is wide' AND tags.team = 'tides'")
    const { page } = await openPage(browser, `${platform.origin}/experiments/${experiment}?q=${filter}`, {
      viewport: { width: 390, height: 844 },
      hasTouch: true,
    })
    const remove = page.getByRole('button', { name: /^Remove name/ })
    const { x, width, height } = (await remove.boundingBox())!
    expect(Math.min(width, height)).toBeGreaterThanOrEqual(24)
    expect(x + width).toBeLessThan(390)
    await remove.tap()
    await remove.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: /^Remove tags.team/ }).tap()
    await expect.poll(() => page.url()).not.toContain('q=')
    await page.close()
  })
})

describe('the palette', () => {
  it('does what the page can do, and shows what a line is about', async () => {
    const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${experiment}`)
    await page.getByRole('link', { name: 'run-59' }).waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('Control+k')
    const preview = page.getByRole('complementary', { name: 'Preview' })
    await preview.getByText('Newest by').waitFor()
    expect(await violations(page, 'dialog')).toEqual([])
    // The key itself is in the list, with what it does here.
    await page.keyboard.type('>up to here')
    await page.getByRole('option', { name: 'Select up to here' }).waitFor()
    await page.keyboard.press('Enter')
    await page.getByRole('region', { name: 'Selected runs' }).waitFor()
    await page.keyboard.press('Control+k')
    await page.keyboard.type('#run-7')
    const found = page.getByRole('option', { name: /run-7/ })
    await found.waitFor()
    await preview.getByText('0.07').waitFor()
    await preview.getByText('val/loss').waitFor()
    expect(await violations(page, 'dialog')).toEqual([])
    await page.keyboard.press('Enter')
    await page.waitForURL(`**/runs/${runs[7]}`)
    expect(errors).toEqual([])
    await page.close()
  })

  it('finds models and folders, and by Tab the one or the other', async () => {
    await platform.wire('POST', 'logged-models', {
      experiment_id: experiment,
      name: 'tide-forest',
      model_type: 'regressor',
      source_run_id: runs[3],
    })
    const { page, errors } = await openPage(browser, `${platform.origin}/experiments`)
    await page.getByRole('treeitem').first().waitFor()
    await page.keyboard.press('Control+k')
    await page.keyboard.type('@tide')
    await page.getByRole('option', { name: /tide-forest/ }).waitFor()
    await page.getByRole('complementary', { name: 'Preview' }).getByText('regressor').waitFor()
    await page.keyboard.press('Tab')
    expect(await page.getByRole('combobox', { name: 'Search or jump' }).inputValue()).toBe('tide')
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Enter')
    await page.waitForURL(`**/runs/${runs[3]}?tab=models&model=*`)
    await page.keyboard.press('Control+k')
    await page.keyboard.type('solar/reg')
    await page.getByRole('option', { name: /^solar\/regional 1 experiment/ }).click()
    await page.waitForURL('**/experiments?in=solar%2Fregional')
    expect(errors).toEqual([])
    await page.close()
  })
})

describe('keys', () => {
  it('are all on the map of the page, and letters can be turned off', async () => {
    const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${experiment}`)
    await page.getByRole('link', { name: 'run-59' }).waitFor()
    await page.keyboard.press('?')
    const map = page.getByRole('dialog', { name: 'Keyboard' })
    await map.getByText('next row', { exact: true }).waitFor()
    const shown = await map.getByRole('definition').locator('.sr').allTextContents()
    for (const key of [
      'Mod+k',
      '/',
      '?',
      'g r',
      'c',
      'r',
      '[',
      ']',
      'j',
      'k',
      'x',
      'Shift+x',
      'Enter',
      'Shift+Enter',
      'o',
      'p',
      't',
      's',
      'e',
      'y',
      'Escape',
      ',',
    ])
      expect(shown).toContain(key)
    expect(await violations(page, 'dialog')).toEqual([])
    await page.keyboard.press('Escape')
    // A choice that was pressed keeps the focus, and takes the arrow keys for itself alone.
    const axis = page.getByRole('radio', { name: 'Time', exact: true })
    await axis.press('ArrowRight')
    await page.keyboard.press('j')
    await page.keyboard.press('x')
    await page.getByRole('region', { name: 'Selected runs' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('region', { name: 'Selected runs' }).waitFor({ state: 'detached' })
    await page.keyboard.press('?')
    await map.getByLabel('Single letters do things').uncheck()
    await map.getByRole('button', { name: 'Close' }).click()
    await page.keyboard.press('j')
    await page.keyboard.press('x')
    await page.keyboard.press('Shift+X')
    expect(await page.getByRole('region', { name: 'Selected runs' }).count()).toBe(0)
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: 'Search or jump' }).waitFor()
    expect(errors).toEqual([])
    await page.close()
  })
})

/** What can be pressed and stands outside of the window, in nothing that scrolls to it. */
const outside = `(() => {
  const found = []
  if (document.documentElement.scrollWidth > innerWidth) found.push('scrolls sideways by ' + (document.documentElement.scrollWidth - innerWidth))
  for (const each of document.querySelectorAll('a[href], button, input, select, textarea, [tabindex="0"]')) {
    const { left, right, top, bottom, width } = each.getBoundingClientRect()
    const isOver = each.closest('dialog, :popover-open') !== null
    if (width === 0 || each.closest('.skip, .sr') || getComputedStyle(each).visibility === 'hidden') continue
    if (right <= innerWidth + 1 && left >= -1 && (!isOver || (top >= -1 && bottom <= innerHeight + 1))) continue
    const scrolls = (box) => {
      const { overflowX, overflowY } = getComputedStyle(box)
      return (/auto|scroll/.test(overflowX) && box.scrollWidth > box.clientWidth) || (isOver && /auto|scroll/.test(overflowY) && box.scrollHeight > box.clientHeight)
    }
    let above = each.parentElement
    while (above && !scrolls(above)) above = above.parentElement
    if (!above) found.push((each.getAttribute('aria-label') ?? each.textContent).trim().slice(0, 60) + ' is out of reach')
  }
  return found
})()`

/** How a page may be looked at; each page is opened once and then looked at in all of these ways. */
const looks: Array<[name: string, look: (page: Page) => Promise<unknown>, rules?: readonly string[]]> = [
  ['as it is', (page) => page.setViewportSize({ width: 1440, height: 900 })],
  ['in the dark', (page) => page.emulateMedia({ colorScheme: 'dark' }), colours],
  ['on a phone', (page) => Promise.all([page.emulateMedia({ colorScheme: 'light' }), page.setViewportSize({ width: 390, height: 900 })])],
  ['at 320 px', (page) => page.setViewportSize({ width: 320, height: 568 })],
  ['at twice the size', (page) => page.setViewportSize({ width: 640, height: 450 })],
  [
    'with more contrast',
    (page) => Promise.all([page.setViewportSize({ width: 1440, height: 900 }), page.emulateMedia({ contrast: 'more' })]),
  ],
  ['in forced colours', (page) => page.emulateMedia({ contrast: 'no-preference', forcedColors: 'active' }), colours],
]

describe('every page has all in reach, wide, on a phone, at 320 px, at twice the size, in the dark, with more contrast, in forced colours, scrolls not sideways, and passes axe', () => {
  let page: Page
  let errors: string[]
  const moved: string[] = []
  /** What goes on by itself without an end. */
  const moving = () =>
    page.evaluate(
      "document.getAnimations().filter((each) => each.playState === 'running' && each.effect.getComputedTiming().endTime === Infinity).length",
    )
  beforeAll(async () => {
    ;({ page, errors } = await openPage(browser, `${platform.origin}/nothing`))
  })
  afterAll(() => page.close())

  const tabs = ['charts', 'system', 'artifacts', 'media', 'models', 'logs', 'code', 'notes']
  it.each([
    '/experiments',
    '/experiments?as=list',
    '/experiments?show=deleted',
    '/experiments/:experiment',
    '/experiments/:experiment?by=params.lr',
    '/experiments/:experiment/overview',
    '/runs/:run',
    ...tabs.map((tab) => `/runs/:run?tab=${tab}`),
    ...['', '&tab=charts', '&tab=files'].map((tab) => `/compare?runs=:runs${tab}`),
    '/alerts',
    '/alerts?show=rules',
    '/models',
    '/webhooks',
    '/trash',
    '/welcome',
    '/nothing',
  ])('%s', async (path) => {
    const known = { experiment, run: runs[0], runs: runs.slice(0, 3).join(',') }
    const found: string[] = []
    await page.emulateMedia({ forcedColors: 'none', reducedMotion: 'no-preference' })
    for (const [i, [name, look, rules]] of looks.entries()) {
      await look(page)
      if (i === 0) await page.goto(platform.origin + path.replace(/:(\w+)/, (_, name: keyof typeof known) => String(known[name])))
      await settled(page)
      for (const fault of [...((await page.evaluate(outside)) as string[]), ...(await violations(page, 'html', rules))])
        found.push(`${name}: ${fault}`)
    }
    if (Number(await moving()) > 0) moved.push(path)
    await page.emulateMedia({ reducedMotion: 'reduce' })
    expect(await moving()).toBe(0)
    expect(found).toEqual([])
    expect(errors).toEqual([])
  })

  it('stands still for who wants it to, and moves for others where something runs', () =>
    expect(moved).toEqual(expect.arrayContaining(['/experiments/:experiment', '/runs/:run'])))
})

describe('every page', () => {
  it.each([
    ['at 320 px', { width: 320, height: 568 }],
    ['at twice the size', { width: 640, height: 450 }],
  ])('has all of its dialogs, menus and choosers in reach %s', async (_, viewport) => {
    const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name, exact: true }).first().click()
    const states: Array<[string, Record<string, (page: Page) => Promise<void>>]> = [
      [
        `/experiments/${experiment}`,
        {
          palette: (page) => page.keyboard.press('Control+k'),
          keys: (page) => page.keyboard.press('?'),
          settings: (page) => page.keyboard.press(','),
          groups: (page) => button(page, /^Group/),
          columns: (page) => button(page, /^Columns:/),
          menu: (page) => button(page, 'Menu'),
        },
      ],
      [
        '/experiments',
        {
          'a new one': (page) => page.keyboard.press('n'),
          'a move': (page) => page.keyboard.press('j').then(() => page.keyboard.press('F2')),
          actions: (page) => button(page, /^Actions for/),
        },
      ],
    ]
    const found: string[] = []
    const { page } = await openPage(browser, `${platform.origin}/nothing`, { viewport })
    const over = page.locator('dialog[open], [role=dialog], [role=menu], .rail.open')
    for (const [path, all] of states) {
      await page.goto(`${platform.origin}${path}`)
      const first = page.getByRole('main').getByText(path === '/experiments' ? 'solar' : 'run-59')
      await first.first().waitFor()
      await settled(page)
      for (const [name, open] of Object.entries(all)) {
        await open(page)
        await over.first().waitFor()
        await settled(page)
        for (const fault of [...((await page.evaluate(outside)) as string[]), ...(await violations(page))]) found.push(`${name}: ${fault}`)
        for (let i = 0; i < 3 && (await over.count()) > 0; i++) {
          await page.keyboard.press('Escape')
          await settled(page)
        }
        expect(await over.count()).toBe(0)
      }
    }
    await page.close()
    expect(found).toEqual([])
  })

  it('shows what is chosen and where the focus is without its own colours', async () => {
    const { page, errors } = await openPage(browser, `${platform.origin}/experiments/${experiment}`, { forcedColors: 'active' })
    const here = page.getByRole('treeitem', { name: 'nowcast' })
    await here.waitFor()
    const look = (selector: string, property: string) =>
      page.evaluate<string>(`getComputedStyle(document.querySelector(${JSON.stringify(selector)})).${property}`)
    expect(await look('.tree a[aria-current]', 'backgroundColor')).not.toBe(await look('.tree a:not([aria-current])', 'backgroundColor'))
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid')
    // A run is told by its colour.
    await page.locator('.sw').nth(3).waitFor()
    expect(
      new Set(await page.locator('.sw').evaluateAll((all) => all.slice(0, 4).map((each) => getComputedStyle(each).backgroundColor))).size,
    ).toBe(4)
    expect(errors).toEqual([])
    await page.close()
  })
})
