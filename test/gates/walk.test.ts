/** Some random sequences on every run; `pnpm fuzz gates` walks 10 000. */
import { expect, it } from 'vitest'
import { walk } from './walk.ts'

const sequences = Number(process.env.TIDEGATE_FUZZ_COUNT || 160)
const seed = Number(process.env.TIDEGATE_FUZZ_SEED || 1)

it(
  'whatever eight people do at once, what is gated is reached by its gate, each change is written down once, and no request is left open on what is so',
  async () => {
    const happened = await walk(sequences, seed, (line) => console.log(line))
    if (sequences > 160) console.log(JSON.stringify(happened))
    // Refusals alone would prove little.
    for (const kind of [
      'STAGE_CHANGED',
      'ALIAS_SET',
      'TRANSITION_APPROVED',
      'TRANSITION_REJECTED',
      'TRANSITION_SUPERSEDED',
      'VERSION_DELETED',
    ])
      expect(happened[kind], kind).toBeGreaterThan(0)
  },
  60 * 60_000,
)
