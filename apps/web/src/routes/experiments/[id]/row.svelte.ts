/** One row of the table. Its values change in place, and tint for a moment. */
import type { Cell } from './columns.ts'
import type { RunFacts } from './documents.ts'

/** Of a longer name no reader and no browser needs more. */
const longestName = 300

/** What a run is called on screen: the beginning of its name, whole characters, or of its id where it has none. */
export function shownName({ id, name }: Pick<RunFacts, 'id' | 'name'>): string {
  if (name.trim() === '') return id.slice(0, 8)
  return name.length <= longestName ? name : `${name.slice(0, longestName).replace(/[\ud800-\udbff]$/, '')}…`
}

/** How long a cell that changed is tinted, ms. */
const tinted = 900

export class Row {
  readonly id: string
  run = $state.raw() as RunFacts
  /** By column reference. What was never asked for is absent. */
  cells: Readonly<Record<string, Cell>> = $state.raw({})
  /** Cells that changed just now, by column reference: they are tinted. No animation, which a page of live rows would be busy with. */
  fresh: ReadonlySet<string> = $state.raw(new Set())
  #changed = new Map<string, number>()
  #timer: ReturnType<typeof setTimeout> | undefined
  /** When a point of it last came to this page, ms since 1970. */
  heardAt = $state(0)
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

  /** Takes new values, and tints those that are others than before. */
  set(values: Readonly<Record<string, Cell>>): void {
    const changed = Object.keys(values).filter((ref) => this.cells[ref] !== values[ref])
    if (changed.length === 0) return
    this.cells = { ...this.cells, ...values }
    for (const ref of changed) this.#changed.set(ref, performance.now())
    if (changed.some((ref) => !this.fresh.has(ref))) this.fresh = new Set([...this.fresh, ...changed])
    this.#timer ??= setTimeout(() => this.#fade(), tinted)
  }

  #fade(): void {
    const now = performance.now()
    for (const [ref, at] of this.#changed) if (now - at >= tinted - 1) this.#changed.delete(ref)
    if (this.#changed.size < this.fresh.size) this.fresh = new Set(this.#changed.keys())
    const oldest = Math.min(...this.#changed.values())
    this.#timer = this.#changed.size === 0 ? undefined : setTimeout(() => this.#fade(), oldest + tinted - now)
  }
}
