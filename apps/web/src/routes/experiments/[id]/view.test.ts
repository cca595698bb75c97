import { expect, it } from 'vitest'
import { newPanel } from './plots/panels.ts'
import { readView, type View, writeView } from './view.ts'

const read = (text: string) => readView(new URLSearchParams(text))

it('reads back what it wrote', () => {
  const view: View = {
    saved: '12',
    band: 'sd',
    means: ["params.a = 'b'"],
    peek: '0123456789abcdef0123456789abcdef',
    filter: "params.lr = '0.1' AND metrics.`val/loss` < 2",
    order: [
      { by: 'metrics.`val/loss`', descending: true },
      { by: 'params.a', descending: false },
    ],
    columns: ['metrics.`val/loss`', 'params.a,b', 'attributes.start_time'],
    pins: ['params.a,b'],
    widths: { 'metrics.`val/loss`': 120, 'params.`a:b`': 60 },
    nest: true,
    group: ['params.model', 'dataset.name'],
    open: ["params.model = 'm,1'"],
    figure: 'range',
    plot: ['a1', 'b2'],
    axis: 'relative',
    along: 'epoch',
    zoom: { from: -1.5, to: 2e9 },
    clip: true,
    size: 'l',
    arranged: ['val/loss', 'lr'],
    first: ['val/loss', 'a,b'],
    smoothing: 0.45,
    log: true,
    panels: [
      { ...newPanel('parallel', ['params.`a|b\\`', 'metrics.loss']), scales: { 'metrics.loss': 'log' }, height: 2 },
      { ...newPanel('scatter', ['params.lr', 'metrics.loss']), color: 'tags.team', size: 'params.d', trend: 'lowess', isWide: true },
    ],
  }
  expect(read(writeView(view))).toEqual(view)
})

it('writes nothing for defaults, and tells an empty plot from none chosen', () => {
  expect(writeView(read(''))).toBe('')
  expect(read('plot=').plot).toEqual([])
  expect(read('').plot).toBeUndefined()
  expect(read('pin=').pins).toEqual([])
  expect(read(writeView({ ...read(''), pins: [] })).pins).toEqual([])
})

it('sorts by a column once', () => {
  expect(read('sort=-a&sort=b&sort=a').order).toEqual([
    { by: 'a', descending: true },
    { by: 'b', descending: false },
  ])
})

it('falls back to the default for what it does not know', () => {
  expect(read('x=moon&smooth=7&y=lin&w=wide:params.a&chart=moon')).toEqual(read(''))
})
