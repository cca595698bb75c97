/** Values of many runs, a column each, as plots want them: numbers throughout, a category by its place among the categories. */

export type ScaleKind = 'number' | 'log' | 'category'

export interface PlotColumn {
  /** As the filter language writes it; it names the column. */
  ref: string
  title: string
  scale: ScaleKind
  /** One for each run: NaN where there is none, or none that has a place. */
  values: Float64Array
  /** What the values of a category mean, in the order of the axis. Undefined for numbers. */
  categories: readonly string[] | undefined
}

/** A column is of numbers where at least this share of what runs have are some: `None` among learning rates is a missing one. */
const mostlyNumbers = 0.9
/** Values that span more than this get a logarithmic scale by themselves. */
const decades = 1_000
const words = new Set(['NaN', 'Infinity', '-Infinity'])

function toNumber(cell: string | number | null): number {
  if (cell === null || cell === '') return Number.NaN
  const number = Number(cell)
  return Number.isFinite(number) ? number : Number.NaN
}

const collator = new Intl.Collator('en', { numeric: true })

/** As `wanted`, or what suits the values. */
export function toColumn(ref: string, title: string, cells: readonly (string | number | null)[], wanted?: ScaleKind): PlotColumn {
  const numbers = Float64Array.from(cells, toNumber)
  const kind = wanted ?? suited(cells, numbers)
  if (kind !== 'category') return { ref, title, scale: kind, values: numbers, categories: undefined }
  const categories = [...new Set(cells.flatMap((cell) => (cell === null ? [] : String(cell))))].sort(collator.compare)
  const place = new Map(categories.map((text, i) => [text, i]))
  return { ref, title, scale: kind, values: Float64Array.from(cells, (cell) => place.get(String(cell)) ?? Number.NaN), categories }
}

function suited(cells: readonly (string | number | null)[], numbers: Float64Array): ScaleKind {
  let texts = 0
  let some = 0
  let least = Number.POSITIVE_INFINITY
  let greatest = 0
  for (const [i, cell] of cells.entries()) {
    if (cell === null || cell === '' || words.has(cell as string)) continue
    const number = numbers[i]!
    if (Number.isNaN(number)) texts++
    else {
      some++
      least = Math.min(least, number)
      greatest = Math.max(greatest, number)
    }
  }
  if (some < mostlyNumbers * (some + texts)) return 'category'
  return least > 0 && greatest / least > decades ? 'log' : 'number'
}

/** The runs of which `kept` is 1; all of them without it. */
export function only(column: PlotColumn, kept: Uint8Array | undefined): PlotColumn {
  return kept ? { ...column, values: column.values.filter((_, i) => kept[i] === 1) } : column
}
