/**
 * Charts over many runs that a view has, and how its URL writes each: `scatter|a=params.lr|a=metrics.loss|c=params.model|w=2`. A bar or a
 * backslash within a name stands behind a backslash.
 */
import type { ScaleKind } from '#lib/plots/columns.ts'
import { parseRef } from '../columns.ts'

export type PanelKind = 'parallel' | 'scatter' | 'bar' | 'box' | 'histogram' | 'heat' | 'contour' | 'importance'

export interface Panel {
  kind: PanelKind
  /** Columns by their part: the axes of parallel coordinates; x and y; what is counted; the metric and what it is split by. */
  axes: readonly string[]
  color: string | undefined
  size: string | undefined
  /** Scales chosen by hand. */
  scales: Readonly<Record<string, ScaleKind>>
  trend: 'line' | 'lowess' | undefined
  /** As wide as all of the side. */
  isWide: boolean
  /** Steps above the usual height, 0 to 3. */
  height: number
}

export const panelKinds: Record<PanelKind, { title: string; axes: readonly string[] | 'any'; isWide: boolean }> = {
  parallel: { title: 'Parallel coordinates', axes: 'any', isWide: true },
  scatter: { title: 'Scatter', axes: ['x', 'y'], isWide: false },
  bar: { title: 'Bars', axes: ['Metric', 'By'], isWide: false },
  box: { title: 'Box plot', axes: ['Metric', 'By'], isWide: false },
  histogram: { title: 'Histogram', axes: ['Of'], isWide: false },
  heat: { title: 'Heat map', axes: ['x', 'y', 'Metric'], isWide: false },
  contour: { title: 'Contour', axes: ['x', 'y', 'Metric'], isWide: false },
  importance: { title: 'What moves a metric', axes: ['Metric'], isWide: false },
}

export const newPanel = (kind: PanelKind, axes: readonly string[]): Panel => ({
  kind,
  axes,
  color: undefined,
  size: undefined,
  scales: {},
  trend: undefined,
  isWide: panelKinds[kind].isWide,
  height: 0,
})

/** More than this in a view make its URL too long. */
export const mostPanels = 12
export const mostAxes = 16
export const mostHeight = 3

const letters: Record<string, ScaleKind> = { l: 'log', n: 'number', k: 'category' }
const escaped = (text: string): string => text.replaceAll(/[\\|]/g, '\\$&')

export function writePanel(panel: Panel): string {
  const { kind, axes, color, size, scales, trend, isWide, height } = panel
  const fields: [string, string][] = axes.map((ref) => ['a', ref])
  if (color !== undefined) fields.push(['c', color])
  if (size !== undefined) fields.push(['s', size])
  for (const [letter, scale] of Object.entries(letters))
    for (const [ref, chosen] of Object.entries(scales)) if (chosen === scale) fields.push([letter, ref])
  if (trend) fields.push(['t', trend])
  if (isWide !== panelKinds[kind].isWide) fields.push(['w', isWide ? '2' : '1'])
  if (height > 0) fields.push(['h', String(height)])
  return [kind, ...fields.map(([name, value]) => `${name}=${escaped(value)}`)].join('|')
}

/** None for what is no panel. */
export function readPanel(text: string): Panel | [] {
  const [kind = '', ...fields] = [...text.matchAll(/(?:^|\|)((?:\\.|[^|\\])*)/gs)].map(([, part]) => part!.replaceAll(/\\(.)/gs, '$1'))
  if (!Object.hasOwn(panelKinds, kind)) return []
  const values = (name: string) => fields.filter((field) => field.startsWith(`${name}=`)).map((field) => field.slice(2))
  const refs = (name: string) => values(name).flatMap((value) => parseRef(value)?.ref ?? [])
  const [trend] = values('t')
  const [wide] = values('w')
  const height = Number(values('h')[0] ?? 0)
  const panel = newPanel(kind as PanelKind, [...new Set(refs('a'))].slice(0, mostAxes))
  return {
    ...panel,
    axes: kind === 'parallel' ? panel.axes : refs('a').slice(0, panelKinds[kind as PanelKind].axes.length),
    color: refs('c')[0],
    size: refs('s')[0],
    scales: Object.fromEntries(Object.entries(letters).flatMap(([letter, scale]) => refs(letter).map((ref) => [ref, scale]))),
    trend: trend === 'line' || trend === 'lowess' ? trend : undefined,
    isWide: wide === undefined ? panel.isWide : wide === '2',
    height: Number.isInteger(height) && height > 0 && height <= mostHeight ? height : 0,
  }
}
