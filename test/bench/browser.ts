/**
 * A Chromium that is timed: from an input's own time stamp to the frame that shows what was asked for. Nothing of the page that is
 * timed has to help: rows and places are found by their markup, curves by the strokes on their canvas, and
 * where they are painted pixel by pixel, by how many the canvas says it shows.
 */
import { type Browser, chromium as browsers, type CDPSession, type Page } from 'playwright-core'
import { chromium } from '../prerequisites.mjs'

export const launch = (): Promise<Browser> =>
  browsers.launch({
    executablePath: chromium(),
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })

/** What is put into a page before anything of its own. Times are as `performance.now()` has them. */
interface Probe {
  /** Layout shifts that no input caused, added up as the browser does. */
  shift: number
  /** When the newest click or key was made. */
  input: number
  /** Frames in which lines were drawn on canvases: when they were, and how many. */
  drawn: { at: number; strokes: number }[]
}

function install(): void {
  const probe: Probe = { shift: 0, input: 0, drawn: [] }
  Object.assign(globalThis, { probe })
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[])
      if (!entry.hadRecentInput) probe.shift += entry.value
  }).observe({ type: 'layout-shift', buffered: true })
  for (const type of ['click', 'keydown', 'pointerup'])
    addEventListener(type, (event) => (probe.input = event.timeStamp), { capture: true })
  const { stroke, putImageData } = CanvasRenderingContext2D.prototype
  let strokes = 0
  let isNoted = false
  const note = () => {
    if (isNoted) return
    isNoted = true
    // The task after the frame's callbacks runs when the frame is out.
    requestAnimationFrame(() =>
      setTimeout(() => {
        probe.drawn.push({ at: performance.now(), strokes })
        strokes = 0
        isNoted = false
      }),
    )
  }
  CanvasRenderingContext2D.prototype.stroke = function (...args: [] | [Path2D]) {
    strokes++
    note()
    stroke.apply(this, args as [Path2D])
  }
  CanvasRenderingContext2D.prototype.putImageData = function (this: CanvasRenderingContext2D, ...args: unknown[]) {
    putImageData.apply(this, args as Parameters<typeof putImageData>)
    const { canvas } = this
    // It says so right after.
    queueMicrotask(() => (strokes += Number(canvas.dataset.painted ?? 0)))
    note()
  }
}

declare const probe: Probe

export interface Timed {
  page: Page
  cdp: CDPSession
  /** When the page first showed what the expression asks for, ms since the navigation began. */
  since: (expression: string) => Promise<number>
  /** From the newest click or key, or what `from` says, to the frame in which the expression holds, ms. */
  after: (act: () => Promise<unknown>, expression: string) => Promise<number>
  /** Milliseconds of main thread that a page's work took while `act` did. */
  busy: (act: () => Promise<unknown>) => Promise<number>
  /** From the newest input to the last frame with at least so many lines in it, once none was drawn for that long, ms. */
  untilDrawn: (act: () => Promise<unknown>, strokes: number, quiet?: number) => Promise<number>
  /** Waits until something was drawn, and then nothing for so long, ms. */
  rested: (quiet: number) => Promise<void>
  shift: () => Promise<number>
  close: () => Promise<void>
}

/** A page of a browser that has been nowhere yet: nothing is in its cache. */
export async function open(browser: Browser, url: string): Promise<Timed> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  const page = await context.newPage()
  page.setDefaultTimeout(60_000)
  await page.addInitScript(install)
  const cdp = await context.newCDPSession(page)
  await cdp.send('Performance.enable')
  await page.goto(url, { waitUntil: 'commit' })

  // Asked in every frame, and answered when the frame it holds in is out.
  const shown = (expression: string) =>
    page.evaluate(
      (text) =>
        new Promise<number>((resolve, reject) => {
          const holds = new Function(`return (${text})`) as () => unknown
          const end = performance.now() + 60_000
          const look = () => {
            if (holds()) requestAnimationFrame(() => setTimeout(() => resolve(performance.now())))
            else if (performance.now() > end) reject(new Error(`Not within a minute: ${text}`))
            else requestAnimationFrame(look)
          }
          look()
        }),
      expression,
    )
  const input = () => page.evaluate(() => probe.input)
  const used = async () => (await cdp.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration')!.value * 1000
  return {
    page,
    cdp,
    since: shown,
    async after(act, expression) {
      await act()
      return (await shown(expression)) - (await input())
    },
    async busy(act) {
      const before = await used()
      await act()
      return (await used()) - before
    },
    async untilDrawn(act, strokes, quiet = 1000) {
      await page.evaluate(() => (probe.drawn.length = 0))
      await act()
      await page.waitForFunction(
        ({ strokes, quiet }) => {
          const last = probe.drawn.findLast((frame) => frame.strokes >= strokes)
          return last && performance.now() - last.at > quiet
        },
        { strokes, quiet },
        { polling: 100 },
      )
      return page.evaluate((least) => probe.drawn.findLast((frame) => frame.strokes >= least)!.at - probe.input, strokes)
    },
    async rested(quiet) {
      await page.waitForFunction((quiet) => performance.now() - (probe.drawn.at(-1)?.at ?? Number.POSITIVE_INFINITY) > quiet, quiet, {
        polling: 100,
      })
    },
    shift: () => page.evaluate(() => probe.shift),
    close: () => context.close(),
  }
}

/** Frames a second while `act` goes on, as the page gets them. */
export async function framesWhile({ page }: Timed, act: () => Promise<unknown>): Promise<number> {
  await page.evaluate(() => {
    const counted = { frames: 0, since: performance.now(), isOver: false }
    Object.assign(globalThis, { counted })
    const count = () => {
      counted.frames++
      if (!counted.isOver) requestAnimationFrame(count)
    }
    requestAnimationFrame(count)
  })
  await act()
  return page.evaluate(() => {
    const { counted } = globalThis as unknown as { counted: { frames: number; since: number; isOver: boolean } }
    counted.isOver = true
    return (counted.frames / (performance.now() - counted.since)) * 1000
  })
}

/** What a list does while it is scrolled by the wheel. */
export interface Scrolled {
  /** Frames a second. */
  fps: number
  /** How long the emptiest place on screen stayed empty, ms. */
  blank: number
  /** Most rows in the document at a time. */
  rows: number
}

/**
 * Turns the wheel over the list for some seconds, steps of a hand, and watches every frame. `rows` selects rows, `empty` places on
 * screen that have none yet.
 */
export async function scroll({ page }: Timed, seconds: number, list: string, rows: string, empty: string): Promise<Scrolled> {
  const box = (await page.locator(list).first().boundingBox())!
  await page.mouse.move(box.x + box.width / 3, box.y + box.height / 2)
  const watched = page.evaluate(
    ({ list, rows, empty, seconds }) =>
      new Promise<Scrolled>((resolve) => {
        const start = performance.now()
        const { top, bottom } = document.querySelector(list)!.getBoundingClientRect()
        let frames = 0
        let since: number | undefined
        let blank = 0
        let most = 0
        const look = (now: number) => {
          frames++
          most = Math.max(most, document.querySelectorAll(rows).length)
          const isEmpty = [...document.querySelectorAll(empty)].some((place) => {
            const at = place.getBoundingClientRect()
            return at.bottom > top && at.top < bottom
          })
          if (!isEmpty) since = undefined
          else blank = Math.max(blank, now - (since ??= now))
          if (now - start < seconds * 1000) requestAnimationFrame(look)
          else resolve({ fps: (frames / (now - start)) * 1000, blank, rows: most })
        }
        requestAnimationFrame(look)
      }),
    { list, rows, empty, seconds },
  )
  const end = performance.now() + seconds * 1000 - 100
  while (performance.now() < end) {
    await page.mouse.wheel(0, 120)
    await page.waitForTimeout(30)
  }
  return watched
}
