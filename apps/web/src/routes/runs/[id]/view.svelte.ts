/** How the page of a run is looked at. The URL has all of it; axis and smoothing are also this browser's preference for the next run. */
import type { Axis, Range } from '#lib/chart/lines.ts'
import { readStored, writeStored } from '#lib/stored.ts'
import { goto } from '$app/navigation'
import { page } from '$app/state'

export const tabs = ['overview', 'charts', 'system', 'media', 'artifacts', 'models', 'logs', 'code', 'notes'] as const
export type Tab = (typeof tabs)[number]

const axes: readonly string[] = ['step', 'time', 'relative']
/** The URL follows a slider when it rests, ms. */
const settleAfter = 250

const asAxis = (text: string | null): Axis | undefined => (text !== null && axes.includes(text) ? (text as Axis) : undefined)

function asSmoothing(text: string | null): number | undefined {
  const value = text === null ? Number.NaN : Number(text)
  return value >= 0 && value <= 0.99 ? value : undefined
}

function asRange(text: string | null): Range | null {
  const [from, to] = (text ?? '').split('~').map(Number)
  return text !== null && Number.isFinite(from) && Number.isFinite(to) && from! < to! ? { from: from!, to: to! } : null
}

/** Called while a component is set up. */
export function openView() {
  const given = page.url.searchParams
  let axis = $state<Axis>(asAxis(given.get('axis')) ?? asAxis(readStored('axis')) ?? 'step')
  let smoothing = $state(asSmoothing(given.get('smoothing')) ?? asSmoothing(readStored('smoothing')) ?? 0)
  let zoom = $state.raw<Range | null>(asRange(given.get('zoom')))
  let log = $state(given.get('log') === 'y')
  let timer: ReturnType<typeof setTimeout> | undefined

  const tab = $derived.by<Tab>(() => tabs.find((name) => name === page.url.searchParams.get('tab')) ?? 'overview')

  function query(change: Partial<Record<'tab' | 'path' | 'model' | 'step' | 'search' | 'level' | 'line', string>> = {}): string {
    const params = new URLSearchParams()
    const shown = change.tab ?? tab
    if (shown !== 'overview') params.set('tab', shown)
    if (axis !== 'step') params.set('axis', axis)
    if (smoothing > 0) params.set('smoothing', String(smoothing))
    if (log) params.set('log', 'y')
    if (zoom) params.set('zoom', `${zoom.from}~${zoom.to}`)
    const path = change.path ?? page.url.searchParams.get('path')
    if (path && (shown === 'artifacts' || shown === 'code')) params.set('path', path)
    const model = change.model ?? page.url.searchParams.get('model')
    if (model && shown === 'models') params.set('model', model)
    const step = change.step ?? page.url.searchParams.get('step')
    if (step && shown === 'media') params.set('step', step)
    if (shown === 'logs') {
      for (const name of ['search', 'level', 'line'] as const) {
        const value = change[name] ?? page.url.searchParams.get(name)
        if (value && value !== 'all') params.set(name, value)
      }
    }
    return params.size === 0 ? page.url.pathname : `${page.url.pathname}?${params}`
  }

  function settle(): void {
    clearTimeout(timer)
    timer = setTimeout(() => void goto(query(), { replace: true, reset: false }), settleAfter)
  }
  $effect(() => () => clearTimeout(timer))

  return {
    get tab() {
      return tab
    },
    get axis() {
      return axis
    },
    set axis(next: Axis) {
      axis = next
      // A range is of one axis.
      zoom = null
      writeStored('axis', next)
      settle()
    },
    /** 0–0.99. */
    get smoothing() {
      return smoothing
    },
    set smoothing(next: number) {
      smoothing = next
      writeStored('smoothing', String(next))
      settle()
    },
    /** All charts on a logarithmic scale. */
    get log() {
      return log
    },
    set log(next: boolean) {
      log = next
      settle()
    },
    get zoom() {
      return zoom
    },
    set zoom(next: Range | null) {
      zoom = next
      settle()
    },
    /** The artifact on screen. */
    get path() {
      return page.url.searchParams.get('path')
    },
    /** The step whose media are on screen; null is each one's last. */
    get step() {
      const text = page.url.searchParams.get('step')
      return text !== null && /^-?\d+$/.test(text) ? Number(text) : null
    },
    /** What is searched for in the log. */
    get search() {
      return page.url.searchParams.get('search') ?? ''
    },
    get level() {
      const level = page.url.searchParams.get('level')
      return level === 'WARNING' || level === 'ERROR' ? level : 'all'
    },
    /** The line of the log that a link is to. */
    get line() {
      const text = page.url.searchParams.get('line')
      return text !== null && /^\d+$/.test(text) ? Number(text) : null
    },
    /** The logged model whose files are on screen. */
    get model() {
      return page.url.searchParams.get('model')
    },
    /** The address of this view with another tab, artifact or model. */
    href: query,
  }
}

export type View = ReturnType<typeof openView>
