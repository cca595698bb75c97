/** The processes themselves: how soon a second start answers, and what they hold when nothing happens. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Case, sideBySide } from '../bench.ts'
import { median, show } from '../figures.ts'
import { memoryByName, memoryOf } from '../processes.ts'

const start: Case = {
  name: 'start',
  async run(bench) {
    const rounds = bench.quick ? 1 : 3
    const found = await sideBySide(bench, rounds, async (peer) => {
      await peer.stop()
      return (await peer.start()) / 1000
    })
    const byPnpm: number[] = []
    for (let i = 0; i < rounds; i++) {
      await bench.tidegate.stop()
      byPnpm.push((await bench.tidegate.start('pnpm')) / 1000)
    }
    await bench.tidegate.stop()
    await bench.tidegate.start()
    return [
      { what: 'second start to first answer, node apps/server/start.mjs', unit: 's', ...found, wanted: { atMost: 2 } },
      { what: 'the same through npx pnpm start', unit: 's', mlflow: found.mlflow, tidegate: median(byPnpm), wanted: { atMost: 2 } },
    ]
  },
}

/** Seconds without a request before memory is read. */
const rest = (quick: boolean) => (quick ? 10 : 30)

const memory: Case = {
  name: 'memory',
  async run(bench) {
    const used = memoryOf(bench.tidegate.processes())
    await bench.tidegate.stop()
    await bench.tidegate.start('pnpm')
    await sleep(rest(bench.quick) * 1000)
    const wrapped = memoryOf(bench.tidegate.processes())
    const byName = memoryByName(bench.tidegate.processes())
    const mlflow = memoryOf(bench.mlflow.processes())
    const server = memoryOf([bench.tidegate.server()])
    bench.note(
      `Tidegate's memory through pnpm, by process: ${byName} MiB. Before its restart, with what the cases before had left: ${show(used)} MiB.`,
    )
    await bench.tidegate.stop()
    await bench.tidegate.start()
    return [
      { what: 'memory at rest, Postgres included', unit: 'MiB', mlflow, tidegate: server, wanted: { atMost: 300 } },
      { what: 'the same with npx and pnpm around it', unit: 'MiB', mlflow, tidegate: wrapped, wanted: { atMost: 300 } },
    ]
  },
}

/** Memory first: a start forgets what the cases before have left. */
export const processes = [memory, start]
