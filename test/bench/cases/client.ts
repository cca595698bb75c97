/** The TypeScript client: what it weighs in a page and in Node, what `log` costs through a spool, and how fast a day of it is replayed. */
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, startRun } from '@tidegate/client'
import { sizes } from '../../../packages/client/size.ts'
import type { Case } from '../bench.ts'

const metrics = 5

export const client: Case = {
  name: 'client',
  async run({ tidegate, quick }) {
    const url = tidegate.origin
    const offline = join(tmpdir(), `tidegate-bench-spool-${process.pid}`)
    const calls = quick ? 8_640 : 86_400
    try {
      const run = await startRun('bench of the client', { url, offline })
      const start = performance.now()
      for (let i = 0; i < calls; i++) run.log({ a: i, b: i / 3, c: -i, d: i * i, e: 1 / (i + 1) })
      const logged = performance.now() - start
      await run.finish()
      const from = performance.now()
      const { runs } = await connect({ url }).replay({ folder: offline })
      const replayed = performance.now() - from
      if (runs[0]?.outcome !== 'sent') throw new Error(`The spool was not sent: ${runs[0]?.problems.join(' ')}`)
      return [
        { what: `TypeScript client, a call of log with ${metrics} metrics into a spool`, unit: 'µs', tidegate: (logged / calls) * 1000 },
        { what: `TypeScript client, replay of ${calls} calls`, unit: 'points/s', tidegate: ((calls * metrics) / replayed) * 1000 },
        ...(await sizes()).map(({ what, gzip }) => ({ what: `TypeScript client, gzip: ${what}`, unit: 'kB', tidegate: gzip / 1000 })),
      ]
    } finally {
      rmSync(offline, { recursive: true, force: true })
    }
  },
}
