import { expect, it } from 'vitest'
import { datasetSize, ownTags, sourceFacts } from './source-facts.ts'

const tags = [
  { key: 'mlflow.source.name', value: '/home/ines/grid/train.py' },
  { key: 'mlflow.source.type', value: 'LOCAL' },
  { key: 'mlflow.source.git.commit', value: 'a41f9c2e' },
  { key: 'mlflow.docker.image.uri', value: 'registry/grid:3' },
  { key: 'mlflow.user', value: 'ines' },
  { key: 'owner', value: 'grid-team' },
]

it("the source is read out of MLflow's tags, and what is left is kept", () => {
  const facts = sourceFacts(tags)
  expect(facts).toMatchObject({ name: 'train.py', type: 'LOCAL', commit: 'a41f9c2e', branch: undefined })
  expect(facts.rest).toEqual([{ name: 'docker.image.uri', value: 'registry/grid:3' }])
  expect(sourceFacts([{ key: 'mlflow.source.name', value: 'C:\\work\\run.py' }]).name).toBe('run.py')
})

it('tags of people are those without the prefix of MLflow', () => {
  expect(ownTags(tags)).toEqual([{ key: 'owner', value: 'grid-team' }])
})

it('the size of a data set is in its profile, where it has one', () => {
  expect(datasetSize('{"num_rows": 400}')).toEqual({ rows: 400 })
  expect(datasetSize('{"features_shape": [100, 4]}')).toEqual({ rows: 100 })
  expect(datasetSize('no json')).toBeUndefined()
  expect(datasetSize(null)).toBeUndefined()
})
