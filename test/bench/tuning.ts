/** How many workers MLflow does best with here. */
import { callsPerSecond, newRun } from './bench.ts'
import { show } from './figures.ts'
import { connect } from './http.ts'
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
    const connections = Array.from({ length: 8 }, () => connect(peer.origin))
    const runs = await Promise.all(connections.map((connection) => newRun(connection)))
    let step = 0
    const calls = connections.map(
      (connection, i) => () =>
        connection.call('runs/log-metric', { run_id: runs[i], key: 'loss', value: 1, timestamp: Date.now(), step: step++ }),
    )
    await callsPerSecond(2, calls)
    found.push({ workers, rate: await callsPerSecond(5, calls) })
    for (const connection of connections) connection.close()
  }
  const best = found.toSorted((a, b) => b.rate - a.rate)[0]!
  if (best.workers !== peer.workers) {
    await peer.stop()
    peer.setWorkers(best.workers)
    await peer.start()
  }
  return `MLflow has ${best.workers} workers: log_metric of 8 clients was answered ${found.map(({ workers, rate }) => `${show(rate)} times a second by ${workers}`).join(', ')}.`
}
