/** The order of the charts of a section: as they come by themselves, but for those that were moved, which stand first as they were put. */

/** Keys that were moved, as many as a URL may carry. */
export const mostArranged = 60

/** `keys` as `arranged` has them. */
export function inOrder(keys: readonly string[], arranged: readonly string[]): string[] {
  const here = new Set(keys)
  const first = arranged.filter((key) => here.has(key))
  const moved = new Set(first)
  return [...first, ...keys.filter((key) => !moved.has(key))]
}

/** What is arranged once a key stands at the place of another of `keys`, a section as it comes by itself. No more is kept than the order needs. */
export function arrange(keys: readonly string[], arranged: readonly string[], key: string, to: string): string[] {
  const before = inOrder(keys, arranged)
  const [from, at] = [before.indexOf(key), before.indexOf(to)]
  if (from < 0 || at < 0) return [...arranged]
  const after = before.toSpliced(from, 1).toSpliced(at, 0, key)
  const place = new Map(keys.map((each, i) => [each, i]))
  // What is in its usual order to the end need not be said.
  let end = after.length - 1
  while (end > 0 && place.get(after[end - 1]!)! < place.get(after[end]!)!) end--
  return [...arranged.filter((each) => !place.has(each)), ...after.slice(0, end)].slice(-mostArranged)
}
