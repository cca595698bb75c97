/** Which runs are selected, and where the cursor is. The selection holds over changes of filter and order. */
import { SvelteMap } from 'svelte/reactivity'
import type { RunFacts } from './documents.ts'
import type { Row } from './row.svelte.ts'

/** What is kept of a run that is selected: it may not be loaded. */
export type Selected = Pick<RunFacts, 'id' | 'name'>

export class Selection {
  readonly #runs = new SvelteMap<string, Selected>()
  /** The run under the cursor. */
  cursor: string | undefined = $state()
  /** The run that was selected last: where a range begins. */
  anchor: string | undefined

  get size(): number {
    return this.#runs.size
  }

  /** As they were when they were selected. */
  get runs(): Selected[] {
    return [...this.#runs.values()]
  }

  has(id: string): boolean {
    return this.#runs.has(id)
  }

  toggle(row: Row): void {
    this.anchor = row.id
    if (!this.#runs.delete(row.id)) this.#runs.set(row.id, row.run)
  }

  add(rows: readonly Row[]): void {
    for (const row of rows) this.#runs.set(row.id, row.run)
  }

  /** These as well, which need not be in the table. */
  addAll(runs: readonly Selected[]): void {
    for (const run of runs) this.#runs.set(run.id, run)
  }

  remove(id: string): void {
    this.#runs.delete(id)
  }

  clear(): void {
    this.#runs.clear()
    this.anchor = undefined
  }
}
