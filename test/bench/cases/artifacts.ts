/** A large file up and down, and what it does to the server's memory. */
import { Readable } from 'node:stream'
import { type Case, connected, newRun } from '../bench.ts'
import { median } from '../figures.ts'
import type { Connection } from '../http.ts'
import type { Peer } from '../peers.ts'
import { watchPeak } from '../processes.ts'

const MiB = 1024 * 1024
const size = 256

/** The file, a piece at a time. */
function content() {
  const piece = Buffer.alloc(MiB, 'tidegate')
  let left = size
  return new Readable({
    highWaterMark: 2 * MiB,
    read() {
      this.push(left-- > 0 ? piece : null)
    },
  })
}

/** Megabytes a second. */
async function up(connection: Connection, path: string) {
  const start = performance.now()
  await connection.send('PUT', path, content(), { 'content-length': size * MiB, 'content-type': 'application/octet-stream' })
  return (size * MiB) / 1000 / (performance.now() - start)
}

async function down(connection: Connection, path: string) {
  const start = performance.now()
  const bytes = await connection.drain(path)
  if (bytes !== size * MiB) throw new Error(`${path} came back with ${bytes} bytes.`)
  return bytes / 1000 / (performance.now() - start)
}

export const artifacts: Case = {
  name: 'artifacts',
  async run(bench) {
    const rates = { MLflow: { up: [] as number[], down: [] as number[] }, Tidegate: { up: [] as number[], down: [] as number[] } }
    const rise = { MLflow: 0, Tidegate: 0 }
    const measure = (peer: Peer) =>
      connected(peer, async (connection) => {
        const path = `/api/2.0/mlflow-artifacts/artifacts/0/${await newRun(connection)}/artifacts/model.bin`
        const peak = watchPeak(peer.name === 'Tidegate' ? [bench.tidegate.server()] : peer.processes())
        rates[peer.name].up.push(await up(connection, path))
        rates[peer.name].down.push(await down(connection, path))
        rise[peer.name] = Math.max(rise[peer.name], peak())
      })
    for (let i = 0; i < (bench.quick ? 2 : 5); i++) {
      await measure(bench.mlflow)
      await measure(bench.tidegate)
    }
    const { MLflow, Tidegate } = rates
    return [
      { what: `${size} MiB up`, unit: 'MB/s', mlflow: median(MLflow.up), tidegate: median(Tidegate.up), wanted: { atLeastTimes: 1.3 } },
      {
        what: `${size} MiB down`,
        unit: 'MB/s',
        mlflow: median(MLflow.down),
        tidegate: median(Tidegate.down),
        wanted: { atLeastTimes: 1.3 },
      },
      // Flat: a quarter of the file would already be a copy of a part of it.
      { what: 'memory rise of the server meanwhile', unit: 'MiB', mlflow: rise.MLflow, tidegate: rise.Tidegate, wanted: { atMost: 64 } },
    ]
  },
}
