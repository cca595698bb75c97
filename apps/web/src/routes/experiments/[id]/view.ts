/** What the page shows, as its URL says it. Whatever a URL leaves out is the default, and defaults are never written. */

export interface Order {
  /** A column as the filter language writes it. */
  by: string
  descending: boolean
}

export type Axis = 'step' | 'time' | 'relative'

export interface View {
  filter: string
  /** Undefined: newest first. */
  order: Order | undefined
  /** Undefined: those a new view shows. */
  columns: readonly string[] | undefined
  /** Ids of runs whose curves are drawn. Undefined: the first ten of the table. */
  plot: readonly string[] | undefined
  axis: Axis
  /** 0 to 0.99. */
  smoothing: number
  log: boolean
}

/** More runs than this in a chart say nothing, and make a URL too long. */
export const mostPlotted = 50

export function readView(params: Pick<URLSearchParams, 'get' | 'getAll'>): View {
  const sort = params.get('sort')
  const columns = params.getAll('col')
  const plot = params.get('plot')
  const axis = params.get('x')
  const smoothing = Number(params.get('smooth'))
  return {
    filter: params.get('q') ?? '',
    order: sort ? { by: sort.replace(/^-/, ''), descending: sort.startsWith('-') } : undefined,
    columns: columns.length > 0 ? columns : undefined,
    plot: plot === null ? undefined : plot.split(',').filter(Boolean).slice(0, mostPlotted),
    axis: axis === 'time' || axis === 'relative' ? axis : 'step',
    smoothing: smoothing > 0 && smoothing <= 0.99 ? smoothing : 0,
    log: params.get('y') === 'log',
  }
}

/** The query string, with its question mark; empty for a view that is all defaults. */
export function writeView({ filter, order, columns, plot, axis, smoothing, log }: View): string {
  const params = new URLSearchParams()
  if (filter) params.set('q', filter)
  if (order) params.set('sort', `${order.descending ? '-' : ''}${order.by}`)
  for (const column of columns ?? []) params.append('col', column)
  if (plot) params.set('plot', plot.join(','))
  if (axis !== 'step') params.set('x', axis)
  if (smoothing > 0) params.set('smooth', String(smoothing))
  if (log) params.set('y', 'log')
  const text = params.toString()
  return text && `?${text}`
}
