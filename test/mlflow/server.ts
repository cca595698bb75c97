/** A real MLflow server of the pinned client's version, on SQLite and a folder. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const quiet = {
  MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
  MLFLOW_DISABLE_TELEMETRY: 'true',
  DO_NOT_TRACK: 'true',
  MLFLOW_ALLOW_FILE_STORE: 'true',
}

/** How long a start may take, ms: it makes its tables. */
const patience = 90_000

export interface MlflowServer {
  url: string
  /** Its database's file. */
  database: string
  stop(): Promise<void>
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Starts it with its files in `folder`; `store` for another backend than SQLite there. */
export async function startMlflow(
  python: string,
  folder: string,
  { workers = 1, store }: { workers?: number; store?: string } = {},
): Promise<MlflowServer> {
  const port = await freePort()
  const database = join(folder, 'mlflow.db')
  const backend = ['--backend-store-uri', store ?? `sqlite:///${database}`, '--artifacts-destination', join(folder, 'artifacts')]
  const listening = ['--host', '127.0.0.1', '--port', String(port), '--workers', String(workers)]
  const child = spawn(python, ['-m', 'mlflow', 'server', ...listening, ...backend, '--uvicorn-opts', '--log-level warning'], {
    cwd: folder,
    env: { ...process.env, ...quiet },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that its workers end with it.
    detached: true,
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said = (said + chunk).slice(-4000)))
  const url = `http://127.0.0.1:${port}`
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    process.kill(-child.pid!, 'SIGKILL')
    await ended
  }
  for (const end = Date.now() + patience; ; await sleep(100)) {
    const answer = await fetch(`${url}/health`).catch(() => undefined)
    if (answer?.ok) return { url, database, stop }
    if (child.exitCode !== null || Date.now() > end) {
      await stop()
      throw new Error(`mlflow server did not start:\n${said}`)
    }
  }
}
