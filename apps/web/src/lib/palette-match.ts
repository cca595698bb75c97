/** What the palette finds by itself: words of the query anywhere in a text, the earlier and the shorter first. */

/** Higher is better; undefined where a word is not in `text`. */
export function matchScore(text: string, words: readonly string[]): number | undefined {
  const lower = text.toLowerCase()
  let score = 0
  for (const word of words) {
    const at = lower.indexOf(word)
    if (at < 0) return undefined
    const starts = at === 0 || /[^a-z0-9]/.test(lower[at - 1]!)
    score += (starts ? 100 : 50) - Math.min(at, 40)
  }
  return score - Math.min(text.length, 40) / 100
}

/** The best `limit` of `items`. */
export function bestMatches<Item>(items: readonly Item[], text: (item: Item) => string, query: string, limit: number): Item[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  const found: { item: Item; score: number }[] = []
  for (const item of items) {
    const score = matchScore(text(item), words)
    if (score !== undefined) found.push({ item, score })
  }
  if (words.length > 0) found.sort((a, b) => b.score - a.score)
  return found.slice(0, limit).map((entry) => entry.item)
}

/** `text` cut into pieces, those that match a word marked. */
export function markMatches(text: string, query: string): { text: string; hit: boolean }[] {
  const words = query.split(/\s+/).filter(Boolean)
  if (words.length === 0) return [{ text, hit: false }]
  const pattern = new RegExp(`(${words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})`, 'gi')
  return text
    .split(pattern)
    .map((piece, i) => ({ text: piece, hit: i % 2 === 1 }))
    .filter((piece) => piece.text !== '')
}

/** The filter that finds runs by name. `%` and `_` stay ILIKE’s wildcards; a quote is doubled. */
export function nameFilter(text: string): string {
  return `attributes.run_name ILIKE '%${text.replace(/'/g, "''")}%'`
}
