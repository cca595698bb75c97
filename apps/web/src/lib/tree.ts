/** Experiments as the rail shows them: names with a slash stand in a folder named by what comes before the last one. */

export interface Named {
  id: string
  name: string
}

export interface Folder<Item extends Named> {
  /** Empty for what stands at the top. */
  path: string
  items: { item: Item; text: string }[]
}

/** Folders and items keep the order of `list`; what has no folder comes first. */
export function toFolders<Item extends Named>(list: readonly Item[]): Folder<Item>[] {
  const top: Folder<Item> = { path: '', items: [] }
  const folders = new Map<string, Folder<Item>>([['', top]])
  for (const item of list) {
    const name = item.name.replace(/^\/+/, '')
    const at = name.lastIndexOf('/')
    const path = at > 0 ? name.slice(0, at) : ''
    const text = name.slice(at + 1) || item.name
    let folder = folders.get(path)
    if (folder === undefined) folders.set(path, (folder = { path, items: [] }))
    folder.items.push({ item, text })
  }
  return [...folders.values()].filter((folder) => folder.items.length > 0)
}
