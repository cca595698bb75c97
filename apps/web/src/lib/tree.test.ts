import { expect, test } from 'vitest'
import { toFolders } from './tree.ts'

test('a name with slashes stands in a folder, one without at the top', () => {
  const list = ['solar/nowcast', 'Default', '/Users/ines/churn', 'solar/unet', 'odd/'].map((name, i) => ({ id: String(i), name }))
  const seen = toFolders(list).map((folder) => [folder.path, folder.items.map((entry) => entry.text)])
  expect(seen).toEqual([
    ['', ['Default']],
    ['solar', ['nowcast', 'unet']],
    ['Users/ines', ['churn']],
    ['odd', ['odd/']],
  ])
})
