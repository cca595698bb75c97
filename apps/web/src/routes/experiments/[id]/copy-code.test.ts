import { expect, it } from 'vitest'
import { searchCode } from './copy-code.ts'

it('writes the search as Python, with quotes that hold', () => {
  const code = searchCode({
    trackingUri: 'http://127.0.0.1:5000',
    experiment: 'a "b"',
    filter: `params.x = 'y'`,
    order: [
      { by: 'metrics.`val/loss`', descending: false },
      { by: 'params.lr', descending: true },
    ],
  })
  expect(code).toBe(`import mlflow

mlflow.set_tracking_uri("http://127.0.0.1:5000")
runs = mlflow.search_runs(
    experiment_names=["a \\"b\\""],
    filter_string="params.x = 'y'",
    order_by=["metrics.\`val/loss\` ASC", "params.lr DESC"],
)
`)
})

it('leaves out what is the default', () => {
  expect(searchCode({ trackingUri: 'u', experiment: 'e', filter: '', order: [] })).not.toContain('filter_string')
})
