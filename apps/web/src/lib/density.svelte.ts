/** How close the rows of tables stand. `app.html` applies the stored choice before the first paint; this keeps it from then on. */
import { readStored, writeStored } from '#lib/stored.ts'

export type Density = 'compact' | 'default' | 'comfortable'

/** What `--row` is in tokens.css, px: rows that are placed one by one need the number. */
const heights: Record<Density, number> = { compact: 26, default: 30, comfortable: 38 }

const stored = readStored('density')
let choice = $state<Density>(stored === 'compact' || stored === 'comfortable' ? stored : 'default')

export const density = {
  get choice(): Density {
    return choice
  },
  /** Of a row, px. */
  get row(): number {
    return heights[choice]
  },
  set(next: Density): void {
    choice = next
    writeStored('density', next === 'default' ? null : next)
    if (next === 'default') delete document.documentElement.dataset.density
    else document.documentElement.dataset.density = next
  },
}
