/** The names of a few lines at their ends, where the eye leaves them: none lies over another or over the words in the corner, and all are inside the plotting area. */
import { type DrawnLine, lowerBound, type Range } from '#lib/chart/lines.ts'

/** With more lines than this names would cover what they name. */
export const mostLabels = 4

export interface Label {
  id: string
  text: string
  color: string
  /** Where the text ends, in the unit of `left`. */
  right: number
  /** The middle of the text. */
  middle: number
}

export interface Area {
  left: number
  top: number
  width: number
  height: number
  /** From there to the right and below other words stand. */
  taken?: { left: number; top: number } | undefined
}

/** Beside the dot at the end of a live line. None for a line alone, which the chart's title names, and for more than a few. `line` is the height of a line of text. */
export function labelsOf(
  lines: readonly DrawnLine[],
  x: Range,
  left: (x: number) => number,
  top: (y: number) => number,
  area: Area,
  line: number,
  widthOf: (text: string) => number,
): Label[] {
  if (lines.length < 2 || lines.length > mostLabels) return []
  const bottom = area.top + area.height
  const labels = lines
    .flatMap((drawn): Label[] => {
      // The last point on screen: zoomed in, a line goes on beyond the edge.
      const after = lowerBound(drawn.x, x.to)
      const at = drawn.x[after] === x.to ? after : after - 1
      if (at < 0 || drawn.x[at]! < x.from) return []
      const end = Math.min(left(drawn.x[at]!), area.left + area.width)
      const { id, name, color, live } = drawn.line
      const text = shortened(name, area.width / 2, widthOf)
      return [
        {
          id,
          text,
          color,
          right: Math.max(end - (live ? line * 0.6 : 0), area.left + widthOf(text)),
          middle: top(drawn.y[at]!) - line * 0.7,
        },
      ]
    })
    .sort((a, b) => a.middle - b.middle)
  let free = area.top + line / 2
  for (const label of labels) {
    label.middle = Math.max(label.middle, free)
    free = label.middle + line
  }
  free = bottom - line / 2
  for (const label of labels.toReversed()) {
    label.middle = Math.min(label.middle, free)
    if (area.taken && label.right > area.taken.left) label.middle = Math.min(label.middle, area.taken.top - line / 2)
    free = label.middle - line
  }
  return labels
}

function shortened(name: string, most: number, widthOf: (text: string) => number): string {
  // A name may have thousands of letters, of which none but the first could be seen.
  const letters = [...name.slice(0, 100)]
  if (letters.join('') === name && widthOf(name) <= most) return name
  while (letters.length > 1 && widthOf(`${letters.join('')}…`) > most) letters.pop()
  return `${letters.join('')}…`
}
