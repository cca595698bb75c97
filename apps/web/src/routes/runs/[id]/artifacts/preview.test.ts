import { expect, it } from 'vitest'
import { contentOf, isTooLarge, kindOf, loggedBeginning, loggedTable, parseDelimited } from './preview.ts'

it('a file is shown by its extension, or by its name', () => {
  expect(kindOf('figures/loss.PNG')).toBe('image')
  expect(kindOf('model/MLmodel')).toBe('text')
  expect(kindOf('page.html')).toBe('html')
  expect(kindOf('weights.pt')).toBe('none')
  expect(kindOf('a.txt/weights')).toBe('none')
})

it('what is too large is not read', () => {
  expect(isTooLarge('text', 5_000_000)).toBe(false)
  expect(isTooLarge('image', 50_000_000)).toBe(true)
  expect(isTooLarge('image', 5_000_000)).toBe(false)
  expect(isTooLarge('video', 5e9)).toBe(false)
})

it('CSV is read with its quotes', () => {
  expect(parseDelimited('a,b\r\n1,"x, ""y""\nz"\n,2\n', ',')).toEqual({
    columns: ['a', 'b'],
    rows: [
      ['1', 'x, "y"\nz'],
      ['', '2'],
    ],
  })
  expect(parseDelimited('\ufeffa\tb\n1\t2', '\t').columns).toEqual(['a', 'b'])
  expect(parseDelimited('', ',')).toEqual({ columns: [], rows: [] })
})

it('a table that was logged is told from other JSON', () => {
  expect(loggedTable({ columns: ['a', 'b'], data: [[1, { c: 2 }], [null]] })).toEqual({
    columns: ['a', 'b'],
    rows: [
      ['1', '{"c":2}'],
      ['', ''],
    ],
  })
  expect(loggedTable({ columns: ['a'], data: 'x' })).toBeUndefined()
  expect(loggedTable([1])).toBeUndefined()
})

it('of a logged table that is cut the rows that are whole are read', () => {
  const text = '{"columns":["a","b"],"data":[[1,"x"],[2,"],["],[3,"],'
  expect(loggedBeginning(text)?.rows).toEqual([
    ['1', 'x'],
    ['2', '],['],
  ])
  expect(loggedBeginning('{"columns":["a"],"data":[')).toBeUndefined()
  expect(loggedBeginning('{"other":[[1],[2]')).toBeUndefined()
  expect(contentOf('json', 'a.json', text).table?.rows).toHaveLength(2)
})

it('JSON is set out, and shown as it is where it is none', () => {
  expect(contentOf('json', 'a.json', '{"a":1}').text).toBe('{\n  "a": 1\n}')
  expect(contentOf('json', 'a.json', '{"a":').text).toBe('{"a":')
})
