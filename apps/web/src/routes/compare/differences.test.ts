import { expect, it } from 'vitest'
import { guessDirection } from '#lib/direction.ts'
import { bestOf, changeOf, copyOf, rowsOf } from './differences.ts'
import type { ComparedRun } from './documents.ts'

const run = (id: string, part: Partial<ComparedRun> = {}): ComparedRun => ({
  id,
  name: id,
  status: 'FINISHED',
  user: 'ines',
  startedAt: 1_750_000_000_000,
  endedAt: 1_750_000_060_000,
  deletedAt: null,
  parentId: null,
  cursor: '',
  heardAt: null,
  experiment: { id: '1', name: 'digits' },
  metrics: [],
  params: [],
  tags: [],
  datasets: [],
  ...part,
})

it('has a row for each key of any run, and says where runs differ', () => {
  const rows = rowsOf([
    run('a', {
      params: [
        { key: 'lr', value: '0.1' },
        { key: 'seed', value: '1' },
      ],
      metrics: [{ key: 'loss', value: 'NaN' }],
    }),
    run('b', { params: [{ key: 'seed', value: '1' }], metrics: [{ key: 'loss', value: 'NaN' }] }),
  ])
  expect(rows.filter(({ section }) => section === 'Parameters').map(({ key, texts, differs }) => [key, texts, differs])).toEqual([
    ['lr', ['0.1', '–'], true],
    ['seed', ['1', '1'], false],
  ])
  expect(rows.find(({ section }) => section === 'Metrics')).toMatchObject({ texts: ['NaN', 'NaN'], differs: false })
  expect(rows.filter(({ section }) => section === 'Facts').map(({ key }) => key)).toEqual([
    'experiment',
    'status',
    'user',
    'started',
    'duration',
  ])
})

it('names code and data sets, and leaves MLflow’s own tags out of the tags', () => {
  const rows = rowsOf([
    run('a', {
      tags: [
        { key: 'mlflow.source.git.commit', value: 'abc' },
        { key: 'mlflow.user', value: 'x' },
        { key: 'team', value: 'grid' },
      ],
      datasets: [{ dataset: { name: 'load', digest: '12' }, tags: [{ key: 'mlflow.data.context', value: 'training' }] }],
    }),
    run('b'),
  ])
  const of = (section: string) => rows.filter((row) => row.section === section).map(({ key, texts }) => [key, texts])
  expect(of('Code and data')).toEqual([
    ['commit', ['abc', '–']],
    ['data set, training', ['load 12', '–']],
  ])
  expect(of('Tags')).toEqual([['team', ['grid', '–']]])
})

it('signs a change, and colours it by what is better', () => {
  expect(changeOf(2.118, 2.143, 'lower')).toEqual({ text: '−1.2 %', isBetter: true })
  expect(changeOf(0.897, 0.891, 'higher')).toEqual({ text: '+0.006', isBetter: true })
  expect(changeOf(3, 2, undefined)).toEqual({ text: '+50 %', isBetter: undefined })
  expect(changeOf(-1, -2, 'higher')).toEqual({ text: '+50 %', isBetter: true })
  expect(changeOf(1, 0, 'lower')).toEqual({ text: '+1', isBetter: false })
  expect(changeOf(2, 2, 'lower')).toEqual({ text: '0', isBetter: undefined })
  expect(changeOf('NaN', 2, 'lower')).toBeUndefined()
})

it('guesses which way is better from the words of a name, not from parts of them', () => {
  expect(['val/loss', 'train_loss', 'valloss', 'test.rmse', 'p50 latency ms'].map(guessDirection)).toEqual(Array(5).fill('lower'))
  expect(['val/accuracy', 'f1', 'roc_auc'].map(guessDirection)).toEqual(Array(3).fill('higher'))
  expect(['lr', 'epoch', 'timestamp', 'glossary'].map(guessDirection)).toEqual(Array(4).fill(undefined))
})

it('finds the best value, ties too, and none among words', () => {
  expect([...bestOf([3, 1, null, 1], 'lower')]).toEqual([1, 3])
  expect([...bestOf([3, 'NaN', 7], 'higher')]).toEqual([2])
  expect([...bestOf([3], 'higher')]).toEqual([])
  expect([...bestOf([3, 1], undefined)]).toEqual([])
})

it('copies what a table elsewhere can read', () => {
  const rows = rowsOf([run('a', { params: [{ key: 'x|y', value: '<b>,"1"\n2' }] }), run('b')]).filter(
    ({ section }) => section === 'Parameters',
  )
  expect(copyOf(rows, ['a', 'b'], 'Markdown')).toBe('|  | a | b |\n|---|---|---|\n| x\\|y | &lt;b>,"1" 2 | – |')
  expect(copyOf(rows, ['a', 'b'], 'CSV')).toBe('section,key,a,b\r\nParameters,x|y,"<b>,""1""\n2",')
})
