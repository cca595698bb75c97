/**
 * The two servers side by side, each with a durable Postgres of its own with the same binaries and settings. Tidegate is
 * started as its users start it. MLflow gets uvicorn's faster loop and parser, as many workers as were found best, no
 * access log, and no runners of jobs, which it starts by the dozen and nothing here needs.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type EmbeddedPostgres, startPostgres } from '@tidegate/db/embedded'
import pg from 'pg'
import { firstAnswer } from './http.ts'
import { nameOf, tree } from './processes.ts'

const root = join(import.meta.dirname, '..', '..')

export interface Peer {
  readonly name: 'MLflow' | 'Tidegate'
  readonly origin: string
  /** Starts it. Resolves to the milliseconds from there to its first answer. */
  start(): Promise<number>
  /** Stops it as Ctrl-C does. */
  stop(): Promise<void>
  /** Its topmost processes, Postgres' among them or below them. */
  processes(): number[]
  /** Runs a statement in its database. */
  sql<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>
}

const freePort = async () => {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** What runs, and the last of what it said. */
interface Running {
  child: ChildProcess
  said(): string
}

function run(command: string, args: string[], cwd: string, env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said = (said + chunk).slice(-4_000)))
  child.once('error', (error) => (said += error.message))
  return { child, said: () => said }
}

const ended = ({ child, said }: Running) => (child.exitCode === null && child.signalCode === null ? undefined : said())

/** Asks `pid` to end, and waits until it and all that was started with it have. */
async function end({ child }: Running, pid: number, signal: NodeJS.Signals) {
  const all = tree([child.pid!])
  if (all.length) process.kill(pid, signal)
  const left = () => all.filter((each) => existsSync(`/proc/${each}`))
  for (let i = 0; i < 1500 && left().length; i++) await sleep(20)
  for (const each of left()) {
    process.stderr.write(`Process ${each} did not end by itself.\n`)
    process.kill(each, 'SIGKILL')
  }
}

async function query<Row extends pg.QueryResultRow>(url: string, text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Row>(text, values)).rows
  } finally {
    await client.end()
  }
}

export interface Tidegate extends Peer {
  /** `node`: the start script itself. `pnpm`: the command of the README. */
  start(by?: 'node' | 'pnpm'): Promise<number>
  /** The process that serves. */
  server(): number
}

/** Tidegate on the files in `folder`. */
export async function tidegate(folder: string): Promise<Tidegate> {
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const options = ['--port', String(port), '--data', folder, '--log-level', 'warn']
  const script = [process.execPath, join(root, 'apps', 'server', 'start.mjs')]
  const pnpm = ['npx', '-y', 'pnpm@12.21.0', 'start']
  let running: Running | undefined
  // Wrappers come first, and Postgres is not asked: its server stops it.
  const server = () =>
    tree([running!.child.pid!])
      .filter((pid) => nameOf(pid) !== 'postgres')
      .at(-1)!
  return {
    name: 'Tidegate',
    origin,
    async start(by = 'node') {
      const [command, ...args] = [...(by === 'node' ? script : pnpm), ...options]
      const started = run(command!, args, root)
      running = started
      return firstAnswer(`${origin}/health`, () => ended(started))
    },
    async stop() {
      if (running) await end(running, server(), 'SIGINT')
      running = undefined
    },
    server,
    processes: () => (running ? [running.child.pid!] : []),
    sql(text, values) {
      const [, , , databasePort] = readFileSync(join(folder, 'postgres', 'postmaster.pid'), 'utf8').split('\n')
      const password = readFileSync(join(folder, 'postgres.password'), 'utf8')
      return query(`postgres://tidegate:${password}@127.0.0.1:${databasePort}/postgres`, text, values)
    },
  }
}

export interface Mlflow extends Peer {
  /** How it is served: for the table's notes. */
  readonly workers: number
  /** For the next start. */
  setWorkers(count: number): void
  /** Stops it and its Postgres. */
  close(): Promise<void>
}

/** MLflow from the virtual environment of that Python, on the files in `folder`. Its Postgres runs until `close`. */
export async function mlflow(folder: string, python: string): Promise<Mlflow> {
  const postgres: EmbeddedPostgres = await startPostgres(folder)
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const environment = { MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false', MLFLOW_DISABLE_TELEMETRY: 'true', DO_NOT_TRACK: 'true' }
  let workers = 2
  let running: Running | undefined
  const stop = async () => {
    if (running) await end(running, running.child.pid!, 'SIGTERM')
    running = undefined
  }
  return {
    name: 'MLflow',
    origin,
    get workers() {
      return workers
    },
    setWorkers: (count) => (workers = count),
    async start() {
      const args = [
        '-m',
        'mlflow',
        'server',
        '--host',
        '127.0.0.1',
        '--port',
        String(port),
        '--workers',
        String(workers),
        '--backend-store-uri',
        postgres.url().replace('postgres:', 'postgresql+psycopg2:'),
        '--artifacts-destination',
        join(folder, 'artifacts'),
        '--uvicorn-opts',
        '--no-access-log --log-level warning',
      ]
      const started = run(python, args, folder, environment)
      running = started
      return firstAnswer(`${origin}/health`, () => ended(started))
    },
    stop,
    processes: () => [
      ...(running ? [running.child.pid!] : []),
      Number(readFileSync(join(folder, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]),
    ],
    sql: (text, values) => query(postgres.url(), text, values),
    async close() {
      await stop()
      await postgres.stop()
    },
  }
}
