/** A version beside the champion. */
import { expect, it } from 'vitest'
import { compare, diffFields, metricsOf } from './evidence.ts'

const field = (name: string, type = 'double', more: object = {}) => ({ name, type, shape: null, isRequired: true, default: null, ...more })

it('metrics of a model go before those of its run, and a data set is named where there are several', () => {
  const found = metricsOf({
    run: {
      metrics: [
        { key: 'loss', value: 1 },
        { key: 'acc', value: 0.5 },
      ],
    },
    loggedModel: {
      metrics: [
        { key: 'loss', value: 2, datasetName: 'holidays' },
        { key: 'mape', value: 3, datasetName: 'a' },
        { key: 'mape', value: 4, datasetName: 'b' },
      ],
    },
  } as never)
  expect([...found]).toEqual([
    ['loss', 2],
    ['acc', 0.5],
    ['mape', 4],
    ['mape on a', 3],
    ['mape on b', 4],
  ])
})

it('what is better is told by the name, where a name tells it', () => {
  const rows = compare(
    new Map<string, number>([
      ['val/loss', 1],
      ['acc', 0.5],
      ['odd', 1],
      ['only', 1],
      ['system/cpu', 9],
    ]),
    new Map([
      ['val/loss', 2],
      ['acc', 0.25],
      ['odd', 1],
    ]),
  )
  expect(rows.map(({ key, verdict, change }) => [key, verdict, change])).toEqual([
    ['acc', 'better', 1],
    ['odd', 'same', 0],
    ['val/loss', 'better', -0.5],
    ['only', 'unknown', undefined],
  ])
})

it('fields of a signature are told beside those of another', () => {
  expect(
    diffFields([field('a', 'long'), field('c')], [field('a'), field('b')]).map(({ field: { name }, state }) => `${name} ${state}`),
  ).toEqual(['a changed', 'c added', 'b removed'])
})
