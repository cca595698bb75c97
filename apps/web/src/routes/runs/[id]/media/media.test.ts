import { expect, it } from 'vitest'
import type { File } from '../artifacts/files.svelte.ts'
import { itemAt, loggedTables, mediaOf } from './media.ts'

const files = (...paths: string[]): File[] => paths.map((path) => ({ path, isDirectory: false, size: 1, url: `/get/${path}` }))
const told = (...paths: string[]) => mediaOf(files(...paths)).map(({ key, items }) => [key, ...items.map(({ step }) => step)])

it('what log_image writes is one series of its key, with the smaller copies beside', () => {
  const name = (step: number, time: number, more = '') =>
    `images/val~grid+step+${step}+timestamp+${time}+0f9a1c5e-0000-4000-8000-00000000000${step}${more}`
  const [series, ...others] = mediaOf(
    files(name(2, 5, '.png'), name(2, 5, '+compressed.webp'), name(10, 7, '.png'), name(10, 7, '+compressed.webp'), name(0, 1, '.png')),
  )
  expect(others).toEqual([])
  expect(series!.key).toBe('val/grid')
  expect(series!.items.map(({ step, small }) => [step, small !== undefined])).toEqual([
    [0, false],
    [2, true],
    [10, true],
  ])
  // Logged twice at a step: the later one.
  const [again] = mediaOf(files(name(2, 9, '.png'), name(2, 5, '.png')))
  expect(again!.items.map(({ file }) => file.path)).toEqual([name(2, 9, '.png')])
  expect(told('images/a%step%3%timestamp%1%0f9a1c5e.png', 'images/a%step%4%timestamp%1%0f9a1c5e.png')).toEqual([['a', 3, 4]])
})

it('a number at the end of a name, or one that is called step or epoch, is the step', () => {
  expect(told('figures/feeder-14.png', 'figures/feeder-9.png')).toEqual([['figures/feeder-*.png', 9, 14]])
  expect(told('epoch_3/grid2.png', 'epoch_12/grid2.png')).toEqual([['epoch_*/grid2.png', 3, 12]])
  expect(told('loss.png', 'figures/feeder-14.png')).toEqual([
    ['figures/feeder-14.png', undefined],
    ['loss.png', undefined],
  ])
})

it('texts are media where there is one for each of several steps, code and models never', () => {
  expect(told('samples/step-1.txt', 'samples/step-2.txt', 'notes.txt', 'requirements.txt', 'model.pt')).toEqual([
    ['samples/step-*.txt', 1, 2],
  ])
  const tables = loggedTables('[{"path": "eval.json", "type": "table"}]')
  expect(mediaOf(files('eval.json', 'config.json'), tables).map(({ key, kind }) => [key, kind])).toEqual([['eval.json', 'table']])
  expect(loggedTables('{')).toEqual(new Set())
})

it('at a step there is the last one before it', () => {
  const [series] = mediaOf(files('a-10.png', 'a-20.png', 'a-30.png'))
  expect([null, 5, 10, 29, 30, 99].map((step) => itemAt(series!, step))).toEqual([2, 0, 0, 1, 2, 2])
})
