/** What is measured, and how it is told: medians, the ratio against what is wanted, one table. */

/** What is wanted of Tidegate's figure: so many times MLflow's, at most such a part of it, at most so much, or at least. */
export type Wanted = { atLeastTimes: number } | { atMostOneIn: number } | { atMost: number } | { atLeast: number }

export interface Figure {
  what: string
  unit: string
  /** Absent where only Tidegate is measured. */
  mlflow?: number | undefined
  tidegate: number
  /** Absent: told for what it is. */
  wanted?: Wanted
}

export function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * share
  const low = sorted[Math.floor(at)] ?? Number.NaN
  const high = sorted[Math.ceil(at)] ?? Number.NaN
  return low + (high - low) * (at - Math.floor(at))
}

export const median = (values: number[]): number => quantile(values, 0.5)

export function show(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toLocaleString('en', { maximumFractionDigits: digits }).replaceAll(',', ' ')
}

const ratioOf = ({ mlflow, tidegate, wanted }: Figure) => {
  if (mlflow === undefined) return ''
  return wanted && 'atLeastTimes' in wanted ? `${show(tidegate / mlflow)} ×` : `1/${show(mlflow / tidegate)}`
}

const wantedOf = ({ wanted, unit }: Figure) => {
  if (!wanted) return ''
  if ('atLeastTimes' in wanted) return `≥ ${wanted.atLeastTimes} ×`
  if ('atLeast' in wanted) return `≥ ${show(wanted.atLeast)} ${unit}`
  return 'atMostOneIn' in wanted ? `≤ 1/${wanted.atMostOneIn}` : `≤ ${show(wanted.atMost)} ${unit}`
}

/** Whether it is as wanted; undefined where nothing is. */
export function holds({ mlflow = Number.NaN, tidegate, wanted }: Figure): boolean | undefined {
  if (!wanted) return undefined
  if ('atLeastTimes' in wanted) return tidegate >= mlflow * wanted.atLeastTimes
  if ('atLeast' in wanted) return tidegate >= wanted.atLeast
  return 'atMostOneIn' in wanted ? tidegate * wanted.atMostOneIn <= mlflow : tidegate <= wanted.atMost
}

const columns = ['case', 'MLflow', 'Tidegate', 'ratio', 'wanted', 'verdict']

/** The figures as a table in Markdown, its columns aligned. */
export function table(figures: Figure[]): string {
  const rows = figures.map((figure) => {
    const held = holds(figure)
    return [
      figure.what,
      figure.mlflow === undefined ? '' : `${show(figure.mlflow)} ${figure.unit}`,
      `${show(figure.tidegate)} ${figure.unit}`,
      ratioOf(figure),
      wantedOf(figure),
      held === undefined ? '' : held ? 'yes' : 'NO',
    ]
  })
  const widths = columns.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]!.length)))
  const line = (cells: string[]) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`
  const rule = `|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [line(columns), rule, ...rows.map(line)].join('\n')
}
