import { expect, it } from 'vitest'
import { searchCode } from './copy-code.ts'

it('writes the search as Python, with quotes that hold', () => {
  const [code] = searchCode({
    trackingUri: 'http://127.0.0.1:5000',
    experiment: 'a "b"',
    id: '7',
    filter: `params.x = 'y'`,
    order: [
      { by: 'metrics.`val/loss`', descending: false },
      { by: 'params.lr', descending: true },
    ],
  })
  expect(code!.text).toBe(`import mlflow

mlflow.set_tracking_uri("http://127.0.0.1:5000")
runs = mlflow.search_runs(
    experiment_names=["a \\"b\\""],
    filter_string="params.x = 'y'",
    order_by=["metrics.\`val/loss\` ASC", "params.lr DESC"],
)
`)
})

it('writes it as TypeScript and for a shell too', () => {
  const [, typed, wire] = searchCode({
    trackingUri: 'http://127.0.0.1:5000',
    experiment: 'e',
    id: '7',
    filter: `params.x = 'y'`,
    order: [{ by: 'metrics.loss', descending: true }],
  })
  expect(typed!.text).toContain(`  filter: "params.x = 'y'",\n  orderBy: [{ by: "metrics.loss", descending: true }],`)
  expect(wire!.text).toContain(
    `-d '{"experiment_ids":["7"],"filter":"params.x = '\\''y'\\''","order_by":["metrics.loss DESC"],"max_results":100}'`,
  )
})

it('leaves out what is the default', () => {
  expect(
    searchCode({ trackingUri: 'u', experiment: 'e', id: '7', filter: '', order: [] })
      .map(({ text }) => text)
      .join(),
  ).not.toMatch(/filter|order/)
})
