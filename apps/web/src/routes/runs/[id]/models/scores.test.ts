import { describe, expect, it } from 'vitest'
import { scores } from './scores.ts'

describe('the scores of a model', () => {
  it('name the data set they were measured on, and end after four', () => {
    const metric = (key: string, value: number | 'NaN', datasetName: string | null = null) => ({ key, value, step: 0, datasetName })
    expect(scores([metric('acc', 0.98765, 'test'), metric('loss', 'NaN')])).toEqual({
      shown: [
        { key: 'acc', name: 'acc on test', value: '0.9877' },
        { key: 'loss', name: 'loss', value: 'NaN' },
      ],
      more: 0,
    })
    expect(scores(['a', 'b', 'c', 'd', 'e', 'f'].map((key) => metric(key, 1)))).toMatchObject({ shown: { length: 4 }, more: 2 })
  })
})
