import { expect, it } from 'vitest'
import { columnsOf, profileOf, sourceOf } from './datasets.ts'

// As MLflow 3.17 writes them, of a DataFrame and of arrays.
const columns = '{"mlflow_colspec": [{"type": "long", "name": "a", "required": true}, {"type": "string", "name": "b", "required": false}]}'
const tensors =
  '{"mlflow_tensorspec": {"features": "[{\\"type\\": \\"tensor\\", \\"tensor-spec\\": {\\"dtype\\": \\"float64\\", \\"shape\\": [-1, 4]}}]", "targets": null}}'

it('has columns with their types', () => {
  expect(columnsOf(columns)).toEqual([
    { name: 'a', type: 'long', required: true },
    { name: 'b', type: 'string', required: false },
  ])
  expect(columnsOf(tensors)).toEqual([{ name: 'features', type: 'float64 [-1 × 4]', required: undefined }])
})

it('says what is counted and where it came from', () => {
  expect(profileOf('{"num_rows": 2, "features_shape": [3, 4]}')).toEqual([
    ['num_rows', '2'],
    ['features_shape', '3 × 4'],
  ])
  expect(sourceOf('{"url": "https://example.org/x.csv"}')).toEqual({ text: 'https://example.org/x.csv', href: 'https://example.org/x.csv' })
  expect(sourceOf('{"uri": "/data/x.csv"}')).toEqual({ text: '/data/x.csv', href: undefined })
  expect(sourceOf('{"url": "javascript:alert(1)"}').href).toBeUndefined()
  expect(sourceOf('{"tags": {"a": "b"}}').text).toBe('{"tags":{"a":"b"}}')
})

it('what is no JSON says nothing', () => {
  expect([columnsOf('{'), columnsOf(null), profileOf('x'), sourceOf('x').text]).toEqual([[], [], [], 'x'])
})
