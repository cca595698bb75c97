/** One row of the table. Its values change in place; what changed is counted, so that a cell can tint. */
import type { Cell } from './columns.ts'
import type { RunFacts } from './documents.ts'

/** Of a longer name no reader and no browser needs more. */
const longestName = 300

/** What a run is called on screen: the beginning of its name, whole characters, or of its id where it has none. */
export function shownName({ id, name }: Pick<RunFacts, 'id' | 'name'>): string {
  if (name.trim() === '') return id.slice(0, 8)
  return name.length <= longestName ? name : `${name.slice(0, longestName).replace(/[\ud800-\udbff]$/, '')}…`
}

export class Row {
  readonly id: string
  run = $state.raw() as RunFacts
  /** By column reference. What was never asked for is absent. */
  cells: Readonly<Record<string, Cell>> = $state.raw({})
  /** How often each cell changed while it was watched. */
  changes: Readonly<Record<string, number>> = $state.raw({})
  /** Deleted, or it no longer passes the filter: dim, and gone at the next refresh. */
  isGone = $state(false)
  /** How deep it stands below its parent; 0 where the parent is elsewhere. */
  depth = $state(0)
  /** How many rows stand below this one, at any depth. */
  nested = $state(0)
  /** The row below which this one stands. */
  above: Row | undefined = undefined

  constructor(run: RunFacts) {
    this.id = run.id
    this.run = run
  }

  get isLive(): boolean {
    return this.run.status === 'RUNNING' && !this.isGone
  }

  /** Takes new values, and counts those that are others than before. */
  set(values: Readonly<Record<string, Cell>>): void {
    const changed = Object.keys(values).filter((ref) => this.cells[ref] !== values[ref])
    if (changed.length === 0) return
    this.cells = { ...this.cells, ...values }
    const changes = { ...this.changes }
    for (const ref of changed) changes[ref] = (changes[ref] ?? 0) + 1
    this.changes = changes
  }
}
