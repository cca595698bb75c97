import { expect, it } from 'vitest'
import { type Column, columnRef, columnTitle, defaultColumns, parseRef, toSections } from './columns.ts'

const metric = (key: string): Column => ({ ref: columnRef('metric', key), kind: 'metric', key })

it('quotes a key only where the filter language needs it', () => {
  expect(columnRef('metric', 'loss')).toBe('metrics.loss')
  expect(columnRef('metric', 'val/loss')).toBe('metrics.`val/loss`')
  expect(columnRef('param', 'a`b')).toBe('params."a`b"')
})

it('reads what it writes, and nothing else', () => {
  for (const key of ['loss', 'val/loss', 'a.b', 'a`b', 'my key']) expect(parseRef(columnRef('tag', key))?.key).toBe(key)
  expect(parseRef('metrics.val/loss')).toEqual(metric('val/loss'))
  expect(parseRef('nonsense')).toBeUndefined()
  expect(parseRef('metrics.')).toBeUndefined()
})

it('shows the loss of unseen data first, and system metrics only when asked', () => {
  const keys = ['acc', 'system/cpu', 'train_loss', 'val_acc', 'val_loss'].map(metric)
  expect(defaultColumns(keys).map(columnTitle)).toEqual(['val_loss', 'val_acc', 'train_loss', 'acc', 'Duration', 'User', 'Started'])
})

it('keeps the place of default columns when new keys appear', () => {
  const before = defaultColumns(['train_loss'].map(metric))
  const after = defaultColumns(['acc', 'train_loss', 'val_loss'].map(metric), before)
  expect(after.map(columnTitle).slice(0, 3)).toEqual(['train_loss', 'val_loss', 'acc'])
})

it('puts charts in sections by prefix, system last', () => {
  expect(toSections(['val/loss', 'system/cpu', 'lr', 'val/acc', 'train/loss'])).toEqual([
    { name: '', keys: ['lr'] },
    { name: 'train', keys: ['train/loss'] },
    { name: 'val', keys: ['val/loss', 'val/acc'] },
    { name: 'system', keys: ['system/cpu'] },
  ])
  expect(toSections(['lr', 'val/acc', 'val/loss'], 'val/loss')[0]).toEqual({ name: 'val', keys: ['val/loss', 'val/acc'] })
})
