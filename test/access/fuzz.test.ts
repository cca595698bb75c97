/** Random requests across three workspaces, some of them on every run; `pnpm fuzz access` makes 100 000. */
import { expect, it } from 'vitest'
import { fuzz, roundSize } from './fuzz.ts'
import { startWorlds } from './worlds.ts'

const requests = Number(process.env.TIDEGATE_FUZZ_COUNT || roundSize)
const seed = Number(process.env.TIDEGATE_FUZZ_SEED || 1)

it(
  'no row of another workspace is in any answer, count, event or error, whatever is asked by whichever door',
  async () => {
    const worlds = await startWorlds({ logLevel: 'silent' as never })
    try {
      const report = await fuzz(worlds, requests, seed, (line) => console.log(line))
      const { faults, neverDone, ...counts } = report
      if (requests > roundSize) console.log(JSON.stringify(counts), `\nnever done: ${neverDone.join(', ')}`)
      expect(faults.join('\n\n')).toBe('')
      // Refusals alone would prove little.
      expect(report.byOutcome.OK! / report.requests).toBeGreaterThan(0.25)
    } finally {
      await worlds.stop()
    }
  },
  6 * 60 * 60_000,
)
