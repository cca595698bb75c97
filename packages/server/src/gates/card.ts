/** A model card as a check reads it: the headings of Markdown, and whether there is anything below each. */

/** As headings are compared. */
export const plain = (heading: string): string =>
  heading
    .replace(/[*_`#]/g, '')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/:$/, '')
    .toLowerCase()

/** Of two headings that are called the same, it is enough that there is something below one. */
export function headingsOf(markdown: string): Map<string, boolean> {
  const lines = markdown.replace(/<!--[\s\S]*?(-->|$)/g, '').split(/\r?\n/)
  const found: Array<{ name: string; level: number; isFilled: boolean }> = []
  const fill = () => {
    // What is below a heading of a deeper level is below this one too.
    let level = 7
    for (const it of found.toReversed()) {
      if (it.level >= level) continue
      it.isFilled = true
      level = it.level
    }
  }
  let fence: string | undefined
  for (const [i, line] of lines.entries()) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1]
    if (mark && (fence === undefined || (mark.startsWith(fence) && line.trim() === mark))) fence = fence === undefined ? mark : undefined
    else if (fence !== undefined) {
      if (line.trim() !== '') fill()
    } else {
      const hashes = /^ {0,3}(#{1,6})\s+(.*?)(?:\s+#+)?\s*$/.exec(line)
      const isRule = /^ {0,3}(=+|-+|\*{3,}|_{3,})\s*$/.test(line)
      const under = /^ {0,3}(=+|-+)\s*$/.exec(lines[i + 1] ?? '')?.[1]
      if (hashes) found.push({ name: plain(hashes[2]!), level: hashes[1]!.length, isFilled: false })
      else if (isRule || line.trim() === '') continue
      else if (under && !/^ {0,3}([-*+>]|\d+[.)])\s/.test(line))
        found.push({ name: plain(line), level: under.startsWith('=') ? 1 : 2, isFilled: false })
      else fill()
    }
  }
  const headings = new Map<string, boolean>()
  for (const { name, isFilled } of found) headings.set(name, isFilled || (headings.get(name) ?? false))
  return headings
}
