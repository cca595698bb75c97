/**
 * `pnpm conformance [client…] [--against URL] [--write] [--mlflow CHECKOUT]`: MLflow's clients, each by its own test runner, all at once against one server.
 *
 * The server is Tidegate on an empty embedded Postgres, or the one at that URL: MLflow's own, to see that a test asks nothing that MLflow
 * does not answer. What Tidegate means to do otherwise is not asked of that one. Prints the table of clients and areas, what failed and
 * how, and "N passed, N failed"; `--write` puts the table into docs/conformance.md.
 *
 * `--mlflow CHECKOUT` runs MLflow's own tests out of a checkout of its repository instead, which the server has to be empty for.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { prepareClient } from '../../apps/server/prepare.mjs'
import { type Client, type Command, clients, theirs } from './clients.ts'
import { type Outcome, readReports, table } from './report.ts'

/** Longer than a client may ever take, minutes. */
const limit = 20
const page = join(import.meta.dirname, '..', '..', 'docs', 'conformance.md')

const { values: flags, positionals } = parseArgs({
  args: process.argv.slice(2).filter((word) => word !== '--'),
  allowPositionals: true,
  options: {
    against: { type: 'string' },
    write: { type: 'boolean', default: false },
    mlflow: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const named = (word: string) => clients.filter(({ name }) => name.toLowerCase().startsWith(word.toLowerCase()))
const unknown = positionals.filter((word) => !named(word).length)
if (flags.help || unknown.length) {
  if (unknown.length) console.error(`There is no client ${unknown.join(', ')}.`)
  const list = clients.map(({ name }) => name).join(', ')
  console.log(
    `Usage: pnpm conformance [client…] [--against URL] [--write] [--mlflow CHECKOUT]\n\nClients: ${list}, or how one begins. Without one: all.`,
  )
  process.exit(unknown.length ? 1 : 0)
}
const checkout = flags.mlflow && resolve(flags.mlflow)
if (checkout && !existsSync(join(checkout, 'tests', 'tracking', 'test_model_registry.py'))) {
  console.error(`${checkout} is no checkout of MLflow's repository: it has no tests/tracking/test_model_registry.py.`)
  process.exit(1)
}
const ours = positionals.length ? clients.filter((client) => positionals.some((word) => named(word).includes(client))) : clients
const chosen = checkout ? [theirs(checkout)] : ours

/** Of another server with accounts, such as `mlflow server --app-name basic-auth`, where the one who asks has one. */
const others = Object.fromEntries(Object.entries(process.env).filter(([name]) => /^CONFORMANCE_(ACCOUNTS|ADMIN|PASSWORD)$/.test(name)))

const folder = mkdtempSync(join(tmpdir(), 'tidegate-conformance-'))

/** Of each client that runs: ends it, with all it has started. */
const ends = new Set<() => void>()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    for (const end of ends) end()
  })
}

/** Runs a client's tests to their end and gives what they found. */
async function ask(
  { name }: Client,
  { program, args, env }: Command,
  home: string,
  server: { origin: string; env: object },
): Promise<Outcome[]> {
  const start = performance.now()
  const child = spawn(program, args, {
    cwd: home,
    env: {
      PATH: process.env.PATH,
      HOME: home,
      TMPDIR: home,
      USER: 'tester',
      LC_ALL: 'C.UTF-8',
      MLFLOW_TRACKING_URI: server.origin,
      ...server.env,
      MLFLOW_DISABLE_TELEMETRY: 'true',
      // A fault of the server must show, not be tried again until it goes away.
      MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0',
      // Which packages a model needs is found out by a process of its own that never asks the server: it may give up at once.
      MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT: '1',
      NO_PROXY: '*',
      ...(flags.against && { CONFORMANCE_AGAINST: flags.against }),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: Maven and Python start others.
    detached: true,
  })
  const end = () => {
    try {
      if (child.pid) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }
  ends.add(end)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said = (said + chunk).slice(-8000)))
  const timer = setTimeout(end, limit * 60_000)
  const code = await new Promise<number | string>((resolve) => {
    child.on('error', (error) => resolve(error.message))
    child.on('close', (status, signal) => resolve(status ?? `${signal}; it may take ${limit} minutes`))
  })
  clearTimeout(timer)
  ends.delete(end)
  const outcomes = readReports(join(home, 'reports'))
  // A test runner that broke off has not passed, whatever it had found before.
  if (outcomes.length === 0 || (code !== 0 && !outcomes.some(({ fault }) => fault))) {
    outcomes.push({ area: 'itself', name: 'comes to its end', fault: `${program} ended with ${code}:\n${said}` })
  }
  const failed = outcomes.filter(({ fault }) => fault !== null).length
  console.log(`${name}: ${outcomes.length - failed} passed, ${failed} failed, ${Math.round((performance.now() - start) / 1000)} s`)
  return outcomes
}

const found = new Map<string, Outcome[]>()
let failed = 0
try {
  // What they need is got before anything is started, one after another.
  const ready = chosen.map((client, number) => {
    const home = join(folder, `client-${number}`)
    mkdirSync(join(home, 'reports'), { recursive: true })
    return { client, home, command: client.command(home, flags.against !== undefined) }
  })
  await prepareClient()
  // Only now: it imports what was just generated.
  const { tidegate } = await import('./tidegate.ts')
  const server = flags.against ? { origin: flags.against, env: others, stop: async () => {} } : await tidegate(folder)
  try {
    const all = await Promise.all(ready.map(({ client, command, home }) => ask(client, command, home, server)))
    for (const [i, outcomes] of all.entries()) found.set(chosen[i]!.name, outcomes)
  } finally {
    await server.stop()
  }
  const written = table(found)
  console.log(`\n${written}\n`)
  for (const [client, outcomes] of found)
    for (const { area, name, fault } of outcomes)
      if (fault !== null) console.log(`FAILED ${client}, ${area}: ${name}\n${fault.trimEnd()}\n`)
  if (flags.write && !flags.against && !checkout && !positionals.length) {
    const text = readFileSync(page, 'utf8')
    writeFileSync(
      page,
      text.replace(/(<!-- table -->\n)[\s\S]*(<!-- \/table -->)/, (_, before, after) => `${before}${written}\n${after}`),
    )
  }
} catch (error) {
  console.error((error as Error).message)
  failed = 1
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}
const all = [...found.values()].flat()
failed += all.filter(({ fault }) => fault !== null).length
console.log(`${all.filter(({ fault }) => fault === null).length} passed, ${failed} failed`)
process.exit(failed ? 1 : 0)
