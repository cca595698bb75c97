/** What the page compares and how, as its URL says it. Defaults are never written. */

export const tabs = ['table', 'overview', 'charts', 'media', 'files'] as const
export type Tab = (typeof tabs)[number]

export interface View {
  /** Ids, in the order of the columns. */
  runs: readonly string[]
  /** The run the others are held against; undefined for the first. */
  base: string | undefined
  /** Rows in which all are alike too. */
  all: boolean
  tab: Tab
  /** The run whose files are held against the baseline's; undefined for the first other. */
  other: string | undefined
  file: string | undefined
  /** The step whose media are on screen; null is each one's last. */
  step: number | null
}

/** As many fit into a URL that every proxy takes. */
export const mostRuns = 200

const isId = (text: string): boolean => /^[0-9a-f]{32}$/.test(text)

export function readView(params: Pick<URLSearchParams, 'get'>): View {
  const tab = params.get('tab')
  return {
    runs: [...new Set((params.get('runs') ?? '').split(',').filter(isId))].slice(0, mostRuns),
    base: params.get('base') ?? undefined,
    all: params.get('rows') === 'all',
    tab: tabs.find((each) => each === tab) ?? 'table',
    other: params.get('other') ?? undefined,
    file: params.get('file') ?? undefined,
    step: /^-?\d+$/.test(params.get('step') ?? '') ? Number(params.get('step')) : null,
  }
}

export function writeView({ runs, base, all, tab, other, file, step }: View): string {
  const params = new URLSearchParams()
  if (runs.length > 0) params.set('runs', runs.join(','))
  if (base !== undefined && base !== runs[0]) params.set('base', base)
  if (all) params.set('rows', 'all')
  if (tab !== 'table') params.set('tab', tab)
  if (other !== undefined) params.set('other', other)
  if (file !== undefined) params.set('file', file)
  if (step !== null) params.set('step', String(step))
  // Commas are legible, and no URL needs them escaped.
  const text = params.toString().replaceAll('%2C', ',')
  return text && `?${text}`
}
