import { expect, it } from 'vitest'
import { firstKeys, systemKeys, systemLabel, toSections } from './metric-sections.ts'

it('validation comes first, then training, then the rest, then what has no prefix', () => {
  expect(toSections(['lr', 'train/loss', 'opt/norm', 'val/loss', 'val/acc'])).toEqual([
    { name: 'val', keys: ['val/acc', 'val/loss'] },
    { name: 'train', keys: ['train/loss'] },
    { name: 'opt', keys: ['opt/norm'] },
    { name: '', keys: ['lr'] },
  ])
})

it('numbers in keys are in their order', () => {
  expect(toSections(['layer/10', 'layer/9'])[0]!.keys).toEqual(['layer/9', 'layer/10'])
})

it('curves are shown before single numbers, and the machine is not among them', () => {
  const metrics = [
    { key: 'test/accuracy', step: 0 },
    { key: 'system/cpu', step: 9 },
    { key: 'loss', step: 9 },
  ]
  expect(firstKeys(metrics, 6)).toEqual(['loss', 'test/accuracy'])
  expect(firstKeys(metrics, 1)).toEqual(['loss'])
})

it("a machine's metrics are named in words, the scarce ones first", () => {
  expect(systemLabel('system/gpu_0_utilization_percentage')).toEqual({ text: 'GPU 0', unit: '%' })
  expect(systemLabel('system/system_memory_usage_megabytes')).toEqual({ text: 'Memory', unit: 'MB' })
  expect(systemLabel('system/disk_usage_percentage')).toEqual({ text: 'Disk %', unit: '%' })
  expect(systemLabel('system/odd')).toEqual({ text: 'Odd', unit: '' })
  expect(systemKeys(['system/disk_usage_megabytes', 'loss', 'system/cpu_utilization_percentage'])).toEqual([
    'system/cpu_utilization_percentage',
    'system/disk_usage_megabytes',
  ])
})
