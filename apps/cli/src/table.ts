/** Rows as text that fits: what is too wide is cut with an ellipsis, the widest column first. */
import { stripVTControlCharacters } from 'node:util'
import Table from 'cli-table3'
import width from 'string-width'

const gap = 2
const narrowest = 6

/** Text of others, harmless to a terminal: no escape sequences, no line breaks. */
export const plain = (text: string) => stripVTControlCharacters(text).replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, ' ')

/** `right`: which columns hold numbers. `room`: columns of the terminal; undefined where nothing must fit. */
export function tableOf(
  titles: readonly string[],
  rows: ReadonlyArray<readonly string[]>,
  right: readonly boolean[],
  room?: number,
): string {
  const lines = [titles, ...rows]
  const widths = titles.map((_, i) => Math.max(...lines.map((line) => width(line[i]!))))
  const last = titles.length - 1
  const total = () => widths.reduce((sum, each, i) => sum + each + (i < last ? gap : 0), 0)
  while (room !== undefined && total() > room) {
    const widest = widths.indexOf(Math.max(...widths))
    if (widths[widest]! <= narrowest) break
    widths[widest]!--
  }
  const none = ''
  const table = new Table({
    chars: Object.fromEntries(
      [
        'top',
        'top-mid',
        'top-left',
        'top-right',
        'bottom',
        'bottom-mid',
        'bottom-left',
        'bottom-right',
        'left',
        'left-mid',
        'mid',
        'mid-mid',
        'right',
        'right-mid',
        'middle',
      ].map((name) => [name, none]),
    ),
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
    // The library counts its padding as part of a column; the gap is that.
    colWidths: widths.map((each, i) => each + (i < last ? gap : 0)),
    colAligns: right.map((each) => (each ? 'right' : 'left')),
  })
  const cut = (text: string, most: number) => {
    if (width(text) <= most) return text
    let kept = ''
    let used = 0
    for (const { segment } of new Intl.Segmenter().segment(stripVTControlCharacters(text))) {
      if ((used += width(segment)) > most - 1) break
      kept += segment
    }
    return `${kept}…`
  }
  for (const line of lines) {
    table.push(
      line.map((text, i) => {
        const cell = cut(text, widths[i]!)
        return i < last && right[i] ? `${cell}${' '.repeat(gap)}` : cell
      }),
    )
  }
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}
