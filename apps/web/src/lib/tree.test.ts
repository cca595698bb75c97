import { expect, test } from 'vitest'
import { moveFault, pathsTo, placeOf, placeOfMoved, renames, toTree, treeRows } from './tree.ts'

const names = ['solar/nowcast', 'Default', '/Users/ines/churn', 'solar/unet', 'odd/', 'solar/deep/er/net', 'Users/ines//x', 'solar']
const list = names.map((name, i) => ({ id: String(i), name }))
const lines = (isOpen: (path: string) => boolean) =>
  treeRows(toTree(list), isOpen).map(
    (row) =>
      `${' '.repeat(row.depth)}${row.kind === 'folder' ? `${row.folder.text}/ ${row.folder.all.length}` : row.kind === 'item' ? row.text : row.count}`,
  )

test('a name with slashes stands in folders of any depth, one without at the top', () => {
  expect(lines(() => true)).toEqual([
    'solar/ 3',
    ' deep/ 1',
    '  er/ 1',
    '   net',
    ' nowcast',
    ' unet',
    'Users/ 2',
    ' ines/ 2',
    '  churn',
    '  x',
    'Default',
    'odd/',
    'solar',
  ])
  expect(lines((path) => path === 'Users')).toEqual(['solar/ 3', 'Users/ 2', ' ines/ 2', 'Default', 'odd/', 'solar'])
  expect(placeOf('/')).toEqual({ path: '', text: '/' })
  expect(pathsTo('a/b/c')).toEqual(['a', 'a/b', 'a/b/c'])
  expect(pathsTo('')).toEqual([])
})

test('a folder lists what is picked of it, and says how much is left', () => {
  const rows = treeRows(
    toTree(list),
    () => false,
    (items) => items.slice(0, 1),
  )
  expect(rows.at(-1)).toMatchObject({ kind: 'more', path: '', count: 2 })
})

test('moving is renaming: one, or a folder with all that is in it', () => {
  const move = (...args: Parameters<typeof renames> extends [unknown, ...infer Rest] ? Rest : never) =>
    renames(list, ...args).map(({ before, name }) => `${before} → ${name}`)
  expect(move({ id: '1' }, 'solar/deep', 'Default')).toEqual(['Default → solar/deep/Default'])
  expect(move({ path: 'solar' }, 'grid', 'sun')).toEqual([
    'solar/nowcast → grid/sun/nowcast',
    'solar/unet → grid/sun/unet',
    'solar/deep/er/net → grid/sun/deep/er/net',
  ])
  expect(move({ path: 'solar/deep' }, ' / ', 'deep')).toEqual(['solar/deep/er/net → deep/er/net'])
  // What is where it should be needs no other name.
  expect(move({ path: 'solar' }, '', 'solar')).toEqual([])
  expect(moveFault({ path: 'solar' }, 'solar/deep')).toBe('solar cannot be put into itself.')
  expect(moveFault({ path: 'solar' }, 'solar2')).toBeUndefined()
})

test('several are moved together, each as it is called, and what is in a moved folder goes with it', () => {
  const moved = renames(list, { all: [{ id: '1' }, { path: 'solar/deep' }, { path: 'solar/deep/er' }] }, 'new', '')
  expect(moved.map(({ before, name }) => `${before} → ${name}`)).toEqual(['Default → new/Default', 'solar/deep/er/net → new/deep/er/net'])
  expect(moveFault({ all: [{ id: '1' }, { path: 'solar' }] }, 'solar/deep')).toBe('solar cannot be put into itself.')
  expect(placeOfMoved(list, { all: [{ path: 'solar/deep' }, { path: 'solar/other' }] }).path).toBe('solar')
})
