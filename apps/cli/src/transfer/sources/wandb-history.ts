/** Histories as W&B exports them: CSV with a heading, or a JSON object a line. */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'

/** Nested values by their path, 'a.b' as W&B has it. What W&B marks as media is left out. */
export function* flat(value: Record<string, unknown>, prefix = ''): Generator<[string, unknown]> {
  for (const [key, each] of Object.entries(value)) {
    if (typeof each === 'object' && each !== null && !Array.isArray(each)) {
      if (!('_type' in each)) yield* flat(each as Record<string, unknown>, `${prefix}${key}.`)
    } else if (each !== null && each !== undefined) yield [prefix + key, each]
  }
}

export async function readHistory(
  file: string,
  onRow: (row: Record<string, unknown>, line: number) => void,
  onDamage: (at: string, message: string) => void,
): Promise<void> {
  const lines = createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })
  const isCsv = file.endsWith('.csv')
  let heading: string[] | undefined
  let number = 0
  let open = ''
  for await (const line of lines) {
    number++
    if (isCsv) {
      // A quoted cell may go over several lines.
      open = open ? `${open}\n${line}` : line
      const cells = cellsOf(open)
      if (!cells) continue
      open = ''
      if (!heading) heading = cells
      else if (cells.length === heading.length) onRow(Object.fromEntries(heading.map((key, i) => [key, cellOf(cells[i]!)])), number - 2)
      else if (line !== '') onDamage(`line ${number}`, `It has ${cells.length} cells, and the heading ${heading.length}.`)
    } else if (line.trim() !== '') {
      try {
        onRow(JSON.parse(line.replace(/([:[,]\s*)(NaN|-?Infinity)(?=\s*[,\]}])/g, '$1"$2"')) as Record<string, unknown>, number - 1)
      } catch (error) {
        onDamage(`line ${number}`, `It is not JSON: ${(error as Error).message}.`)
      }
    }
  }
  if (open) onDamage(`line ${number}`, 'A quoted cell has no end.')
}

/** The cells of a line; undefined where a quoted one goes on. */
function cellsOf(line: string): string[] | undefined {
  const cells: string[] = []
  const pattern = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y
  for (;;) {
    const match = pattern.exec(line)
    if (!match) return undefined
    cells.push(match[1] !== undefined ? match[1].replaceAll('""', '"') : match[2]!)
    if (match[3] === '') return cells
  }
}

/** A cell as a number where it is one; an empty one is absent. */
function cellOf(text: string): unknown {
  if (text === '') return undefined
  const number = Number(text)
  return Number.isNaN(number) ? text : number
}
