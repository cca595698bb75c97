import { expect, it } from 'vitest'
import { highlight } from './highlight.ts'

const kinds = (text: string) => highlight(text).flatMap(({ kind, text }) => (kind ? [[kind, text]] : []))

it('the parts are the text', () => {
  const text = 'with mlflow.start_run():  # go\n    log("a \\" b", \'c\')'
  expect(
    highlight(text)
      .map((part) => part.text)
      .join(''),
  ).toBe(text)
})

it('keywords, strings and comments are told apart', () => {
  expect(kinds('import mlflow\nx = "import"')).toEqual([
    ['p', 'import'],
    ['s', '"import"'],
  ])
  expect(kinds('f() // for')).toEqual([['c', '// for']])
  expect(kinds('a && b')).toEqual([['c', '&&']])
})

it('an address is no comment', () => {
  expect(kinds('export URI=http://127.0.0.1:5000')).toEqual([['p', 'export']])
})
