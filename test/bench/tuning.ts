/** How many workers MLflow does best with here. */
import { clientsPerSecond, newRun } from './bench.ts'
import { show } from './figures.ts'
import type { Mlflow } from './peers.ts'

/** Its default is 4. */
const counts = [1, 2, 4]

/** Tries a few, leaves it running with the best, and says what was found. */
export async function findWorkers(peer: Mlflow): Promise<string> {
  const found: Array<{ workers: number; rate: number }> = []
  for (const workers of counts) {
    await peer.stop()
    peer.setWorkers(workers)
    await peer.start()
    let step = 0
    const rate = await clientsPerSecond(peer, { clients: 8, seconds: 5, warm: 2 }, async (connection) => {
      const run_id = await newRun(connection)
      return () => connection.call('runs/log-metric', { run_id, key: 'loss', value: 1, timestamp: Date.now(), step: step++ })
    })
    found.push({ workers, rate })
  }
  const best = found.toSorted((a, b) => b.rate - a.rate)[0]!
  if (best.workers !== peer.workers) {
    await peer.stop()
    peer.setWorkers(best.workers)
    await peer.start()
  }
  return `MLflow has ${best.workers} workers: log_metric of 8 clients was answered ${found.map(({ workers, rate }) => `${show(rate)} times a second by ${workers}`).join(', ')}.`
}
