/**
 * What the page shows, as its URL says it: one codec for each field. Whatever a URL leaves out is the default, and defaults are never
 * written; what a URL says that is not understood is the default too.
 */

import { bounded } from './arrange.ts'
import { mostArranged } from './chart-order.ts'
import { parseRef } from './columns.ts'
import { mostPanels, type Panel, readPanel, writePanel } from './plots/panels.ts'

export interface Order {
  /** A column as the filter language writes it. */
  by: string
  descending: boolean
}

export type Axis = 'step' | 'time' | 'relative'

export type ChartSize = 's' | 'm' | 'l'

/** From the least to the greatest, a standard deviation to both sides, or nothing. */
export type Band = 'range' | 'sd' | 'none'

/** What a column of a metric shows of a group of runs; `best` by which way the metric is better. */
export type Figure = (typeof figures)[number]
export const figures = ['mean', 'median', 'best', 'min', 'max', 'range'] as const

/** The server groups by no more. */
export const mostGroupKeys = 6

/** The server follows no more runs at once, and a URL of more is too long. */
export const mostPlotted = 200

/** Groups whose curves are drawn: of more bands than this none could be told from another. */
export const mostMeans = 10

/** How a field stands in the URL: as the values of the parameters of one name. */
interface Codec<T> {
  /** The parameter's name. */
  name: string
  /** From the values there are; none for a URL without it. */
  read: (values: readonly string[]) => T
  /** Undefined or no values: left out. */
  write: (value: T) => string | readonly string[] | undefined
}

/** The type of `read` is that of the field. */
const codec = <T>(name: string, read: Codec<T>['read'], write: Codec<T>['write']): Codec<T> => ({ name, read, write })

/** The column of an order, as columns are written. */
const bare = (sort: string): string => written(sort.replace(/^-/, ''))

const written = (ref: string): string => parseRef(ref)?.ref ?? ref

function readWidth(value: string): [string, number][] | undefined {
  const [, width, ref] = /^(\d{1,4}):(.+)$/s.exec(value) ?? []
  return ref === undefined ? undefined : [[written(ref), bounded(Number(width))]]
}

export const codecs = {
  /** The saved view it began with; `all` for none, also where one opens by itself. */
  saved: codec<string | undefined>(
    'view',
    ([id]) => (id && /^(all|\d{1,9})$/.test(id) ? id : undefined),
    (id) => id,
  ),
  filter: codec(
    'q',
    ([text = '']) => text,
    (text) => text || undefined,
  ),
  /** The first decides, the next where it is equal. None: newest first. */
  order: codec<readonly Order[]>(
    'sort',
    (sorts) =>
      sorts
        .filter((sort, i) => sort && sorts.findIndex((other) => bare(other) === bare(sort)) === i)
        .map((sort) => ({ by: bare(sort), descending: sort.startsWith('-') })),
    (order) => order.map(({ by, descending }) => `${descending ? '-' : ''}${by}`),
  ),
  /** Undefined: those a new view shows. */
  columns: codec<readonly string[] | undefined>(
    'col',
    (refs) => (refs.length > 0 ? refs : undefined),
    (refs) => refs,
  ),
  /** Columns that stay when the table scrolls sideways. Undefined: the first metric. */
  pins: codec<readonly string[] | undefined>(
    'pin',
    (refs) => (refs.length > 0 ? refs.filter(Boolean) : undefined),
    (refs) => (refs?.length === 0 ? '' : refs),
  ),
  /** Of columns that were sized by hand, px by ref: `120:metrics.loss`. */
  widths: codec<Readonly<Record<string, number>>>(
    'w',
    (values) => Object.fromEntries(values.flatMap((value) => readWidth(value) ?? [])),
    (widths) => Object.entries(widths).map(([ref, width]) => `${width}:${ref}`),
  ),
  /** Only runs that are nested in none are listed, the rest below them when they are unfolded. */
  nest: codec(
    'nest',
    ([nest]) => nest === '1',
    (nest) => (nest ? '1' : undefined),
  ),
  /** What runs are grouped by; none: they are not. */
  group: codec<readonly string[]>(
    'by',
    (refs) => [...new Set(refs.filter(Boolean))].slice(0, mostGroupKeys),
    (refs) => refs,
  ),
  /** Of the groups that are open, what their runs have in common. Undefined: the first is open. */
  open: codec<readonly string[] | undefined>(
    'open',
    (filters) => (filters.length > 0 ? filters.filter(Boolean) : undefined),
    (filters) => (filters?.length === 0 ? '' : filters),
  ),
  figure: codec<Figure>(
    'figure',
    ([figure]) => figures.find((each) => each === figure) ?? 'mean',
    (figure) => (figure === 'mean' ? undefined : figure),
  ),
  /** Ids of runs whose curves are drawn. Undefined: the first ten of the table. */
  plot: codec<readonly string[] | undefined>(
    'plot',
    ([ids]) => ids?.split(',').filter(Boolean).slice(0, mostPlotted),
    (ids) => ids?.join(','),
  ),
  /** Of the groups whose curves are drawn, what their runs have in common. Undefined: the first few are. */
  means: codec<readonly string[] | undefined>(
    'mean',
    (filters) => (filters.length > 0 ? [...new Set(filters.filter(Boolean))].slice(0, mostMeans) : undefined),
    (filters) => (filters?.length === 0 ? '' : filters),
  ),
  /** The run that is looked at beside the list. */
  peek: codec<string | undefined>(
    'peek',
    ([id]) => (id && /^[0-9a-f]{32}$/.test(id) ? id : undefined),
    (id) => id,
  ),
  axis: codec<Axis>(
    'x',
    ([axis]) => (axis === 'time' || axis === 'relative' ? axis : 'step'),
    (axis) => (axis === 'step' ? undefined : axis),
  ),
  /** The metric whose values are x; undefined: `axis` says. */
  along: codec<string | undefined>(
    'along',
    ([key]) => key || undefined,
    (key) => key,
  ),
  /** What all charts are zoomed to, in the unit of their axis. */
  zoom: codec<{ from: number; to: number } | null>(
    'zoom',
    ([text]) => {
      const [, from, to] = /^(-?[\d.e+-]+)~(-?[\d.e+-]+)$/.exec(text ?? '') ?? []
      return from !== undefined && Number(from) < Number(to) ? { from: Number(from), to: Number(to) } : null
    },
    (zoom) => (zoom?.from === undefined ? undefined : `${zoom.from}~${zoom.to}`),
  ),
  /** Leaves out values that are far off. */
  clip: codec(
    'clip',
    ([clip]) => clip === '1',
    (clip) => (clip ? '1' : undefined),
  ),
  /** What is shown around the line of many runs. */
  band: codec<Band>(
    'band',
    ([band]) => (band === 'sd' || band === 'none' ? band : 'range'),
    (band) => (band === 'range' ? undefined : band),
  ),
  /** How large charts are. */
  size: codec<ChartSize>(
    'size',
    ([size]) => (size === 'm' || size === 'l' ? size : 's'),
    (size) => (size === 's' ? undefined : size),
  ),
  /** Metrics whose charts stand before all others, in this order. */
  first: codec<readonly string[]>(
    'first',
    (keys) => [...new Set(keys.filter(Boolean))].slice(0, 50),
    (keys) => keys,
  ),
  /** Metrics whose charts were moved, in the order they stand in before the others of their section. */
  arranged: codec<readonly string[]>(
    'at',
    (keys) => [...new Set(keys.filter(Boolean))].slice(0, mostArranged),
    (keys) => keys,
  ),
  /** 0 to 0.99. */
  smoothing: codec(
    'smooth',
    ([text]) => (Number(text) > 0 && Number(text) <= 0.99 ? Number(text) : 0),
    (smoothing) => (smoothing > 0 ? String(smoothing) : undefined),
  ),
  /** A logarithmic y axis. */
  log: codec(
    'y',
    ([scale]) => scale === 'log',
    (log) => (log ? 'log' : undefined),
  ),
  /** Charts over many runs, above the curves. */
  panels: codec<readonly Panel[]>(
    'chart',
    (texts) => texts.slice(0, mostPanels).flatMap(readPanel),
    (panels) => panels.map(writePanel),
  ),
}

type Codecs = typeof codecs

export type View = { -readonly [Field in keyof Codecs]: ReturnType<Codecs[Field]['read']> }

export function readView(params: Pick<URLSearchParams, 'getAll'>): View {
  return Object.fromEntries(Object.entries(codecs).map(([field, { name, read }]) => [field, read(params.getAll(name))])) as unknown as View
}

/** The query string, with its question mark; empty for a view that is all defaults. */
export function writeView(view: View): string {
  const params = new URLSearchParams()
  for (const [field, { name, write }] of Object.entries(codecs) as [keyof View, Codec<unknown>][])
    for (const value of [write(view[field]) ?? []].flat()) params.append(name, value)
  const text = params.toString()
  return text && `?${text}`
}
