import { expect, it } from 'vitest'
import { nextOrder, orderTitle } from './order.ts'

const up = (by: string) => ({ by, descending: false })
const down = (by: string) => ({ by, descending: true })

it('goes one way, the other, and back to newest first', () => {
  expect(nextOrder([], 'metrics.loss', false)).toEqual([up('metrics.loss')])
  expect(nextOrder([up('metrics.loss')], 'metrics.loss', false)).toEqual([down('metrics.loss')])
  expect(nextOrder([down('metrics.loss')], 'metrics.loss', false)).toEqual([])
  expect(nextOrder([], 'attributes.start_time', false)).toEqual([down('attributes.start_time')])
})

it('adds a column behind those there are, turns it in its place, and takes it out', () => {
  const one = [up('metrics.loss')]
  const two = nextOrder(one, 'params.lr', true)
  expect(two).toEqual([up('metrics.loss'), up('params.lr')])
  expect(nextOrder(two, 'metrics.loss', true)).toEqual([down('metrics.loss'), up('params.lr')])
  expect(nextOrder([down('metrics.loss'), up('params.lr')], 'metrics.loss', true)).toEqual([up('params.lr')])
  expect(nextOrder(two, 'params.lr', false)).toEqual([up('params.lr')])
})

it('is told in words', () => {
  expect(orderTitle(down('metrics.`val/loss`'))).toBe('val/loss, descending')
  expect(orderTitle(up('attributes.run_name'))).toBe('name, ascending')
})
