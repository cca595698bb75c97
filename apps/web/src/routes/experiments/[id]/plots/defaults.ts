/** What a new chart shows first, from the columns the table shows: its params, and the metric it leads with. */
import type { Column } from '../columns.ts'
import { newPanel, type Panel, type PanelKind } from './panels.ts'

const mostParams = 6

/** Undefined where the runs have too little for it. */
export function firstPanel(kind: PanelKind, shown: readonly Column[], known: readonly Column[]): Panel | undefined {
  const of = (wanted: 'metric' | 'param') => [...shown, ...known].filter(({ kind }) => kind === wanted).map(({ ref }) => ref)
  const params = [...new Set(of('param'))]
  const metrics = [...new Set(of('metric'))]
  const [metric] = metrics
  const [one, two] = [...params, ...metrics.slice(1)]
  if (metric === undefined) return undefined
  const axes: Record<PanelKind, (string | undefined)[]> = {
    parallel: [...params.slice(0, mostParams), ...(params.length === 0 ? metrics.slice(1, 3) : []), metric],
    scatter: [one, metric],
    bar: [metric],
    box: [metric, params[0]],
    histogram: [metric],
    heat: [one, two, metric],
    contour: [one, two, metric],
    importance: [metric],
  }
  const refs = axes[kind].filter((ref) => ref !== undefined)
  const least = { parallel: 2, scatter: 2, bar: 1, box: 1, histogram: 1, heat: 3, contour: 3, importance: 1 }[kind]
  return refs.length < least ? undefined : { ...newPanel(kind, refs), color: kind === 'scatter' ? metric : undefined }
}
