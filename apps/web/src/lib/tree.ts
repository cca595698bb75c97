/**
 * Experiments as folders show them: what stands before the last slash of a name is the path of its folder, of any depth. Folders are nowhere but in
 * names: one is there while something is in it. A slash at the start says nothing, and of several in a row one counts.
 */

export interface Named {
  id: string
  name: string
}

export interface Folder<Item extends Named> {
  /** Empty for the one that holds all. */
  path: string
  text: string
  folders: Folder<Item>[]
  items: { item: Item; text: string }[]
  /** Everything in it, however deep. */
  all: Item[]
}

export type TreeRow<Item extends Named> =
  | { kind: 'folder'; key: string; depth: number; isOpen: boolean; folder: Folder<Item> }
  | { kind: 'item'; key: string; depth: number; item: Item; text: string }
  /** What a folder has that is not listed. */
  | { kind: 'more'; key: string; depth: number; path: string; count: number }

const collator = new Intl.Collator(undefined, { numeric: true })

/** By name, as the folders have them. */
export const compareNames = (a: Named, b: Named): number => collator.compare(bare(a.name), bare(b.name))
const bare = (name: string): string => (name.startsWith('/') ? name.replace(/^\/+/, '') : name)

/** The path of the folder a name is in, and what it is called there. */
export function placeOf(name: string): { path: string; text: string } {
  const whole = bare(name)
  const at = whole.replace(/\/+$/, '').lastIndexOf('/')
  const path = at < 0 ? '' : cleanPath(whole.slice(0, at))
  return { path, text: whole.slice(at + 1) || name }
}

export const cleanPath = (path: string): string =>
  path
    .split('/')
    .map((part) => part.trim())
    .filter(Boolean)
    .join('/')
const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))
const textOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** A path and those it is in, the outermost first: a, a/b, a/b/c. */
export const pathsTo = (path: string): string[] => path.split('/').flatMap((_, i, parts) => (path ? parts.slice(0, i + 1).join('/') : []))

/** Items keep the order of `list`, and folders stand where the first of what is in them would. */
export function toTree<Item extends Named>(list: readonly Item[]): Folder<Item> {
  const folders = new Map<string, Folder<Item>>()
  const at = (path: string): Folder<Item> => {
    let folder = folders.get(path)
    if (folder === undefined) {
      folders.set(path, (folder = { path, text: textOf(path), folders: [], items: [], all: [] }))
      if (path !== '') at(parentOf(path)).folders.push(folder)
    }
    return folder
  }
  const top = at('')
  for (const item of list) {
    const { path, text } = placeOf(item.name)
    at(path).items.push({ item, text })
    for (let each = path; ; each = parentOf(each)) {
      at(each).all.push(item)
      if (each === '') break
    }
  }
  return top
}

/** Line by line, folders before what stands beside them. Of a folder's items those that `pick` gives are listed. */
export function treeRows<Item extends Named>(
  folder: Folder<Item>,
  isOpen: (path: string) => boolean,
  pick: (items: Folder<Item>['items']) => Folder<Item>['items'] = (items) => items,
  depth = 0,
): TreeRow<Item>[] {
  const rows: TreeRow<Item>[] = []
  for (const inner of folder.folders) {
    const open = isOpen(inner.path)
    rows.push({ kind: 'folder', key: `/${inner.path}`, depth, isOpen: open, folder: inner })
    if (open) rows.push(...treeRows(inner, isOpen, pick, depth + 1))
  }
  const picked = pick(folder.items)
  for (const { item, text } of picked) rows.push({ kind: 'item', key: item.id, depth, item, text })
  const count = folder.items.length - picked.length
  if (count > 0) rows.push({ kind: 'more', key: `more/${folder.path}`, depth, path: folder.path, count })
  return rows
}

/** What is moved: one experiment, a folder with all that is in it, or several of both. */
export type Moved = MovedOne | { all: readonly MovedOne[] }
export type MovedOne = { id: string } | { path: string }

/** What of several is in none of the others: a folder takes with it what is in it. */
function outermost(list: readonly Named[], all: readonly MovedOne[]): readonly MovedOne[] {
  const paths = all.flatMap((one) => ('path' in one ? one.path : []))
  const names = new Map(list.map(({ id, name }) => [id, name]))
  const isWithin = (path: string) => paths.some((each) => path === each || path.startsWith(`${each}/`))
  return all.filter((one) => !isWithin('path' in one ? parentOf(one.path) : placeOf(names.get(one.id) ?? '').path))
}

/** The place of what is moved, and what it is called there; of several the folder they have in common. */
export function placeOfMoved(list: readonly Named[], what: Moved): { path: string; text: string } {
  if ('path' in what) return placeOf(what.path)
  if ('id' in what) return placeOf(list.find(({ id }) => id === what.id)?.name ?? '')
  const [first, ...others] = outermost(list, what.all).map((one) => placeOfMoved(list, one).path)
  return {
    path: first !== undefined && others.every((path) => path === first) ? first : '',
    text: `${what.all.length} experiments and folders`,
  }
}

/** The names that put `what` into the folder `into`, called `text` there; several keep what they are called. What has its name already is left out. */
export function renames(list: readonly Named[], what: Moved, into: string, text: string): { id: string; name: string; before: string }[] {
  if ('all' in what) return outermost(list, what.all).flatMap((one) => renames(list, one, into, placeOfMoved(list, one).text))
  const start = cleanPath(into)
  const under = (rest: string) => (start ? `${start}/${rest}` : rest)
  const moved =
    'id' in what
      ? list.filter(({ id }) => id === what.id).map(({ id, name }) => ({ id, name: under(text), before: name }))
      : list.flatMap(({ id, name }) => {
          const place = placeOf(name)
          if (place.path !== what.path && !place.path.startsWith(`${what.path}/`)) return []
          return { id, name: under(`${text}${place.path.slice(what.path.length)}/${place.text}`), before: name }
        })
  return moved.filter(({ name, before }) => name !== before)
}

/** Why `what` cannot be put into `into`; undefined where it can. */
export const moveFault = (what: Moved, into: string): string | undefined =>
  'all' in what
    ? what.all.map((one) => moveFault(one, into)).find((fault) => fault !== undefined)
    : 'path' in what && (into === what.path || into.startsWith(`${what.path}/`))
      ? `${what.path} cannot be put into itself.`
      : undefined
