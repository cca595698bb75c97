/**
 * `pnpm bench [case…] [--quick] [--save FILE]`: Tidegate beside MLflow, and the figures as ratios in one table.
 *
 * Both run on this machine's loopback, each on a durable Postgres of its own with the same binaries and settings. Both are
 * asked by the same client (http.ts), in turn, in several rounds; the table has medians. A case begins when both are at rest. MLflow 3.17.2 is given the number
 * of workers that a short trial finds best, and is spared the job runners it would start. Runs and points that are only
 * read are put straight into its tables (load.sql.ts).
 *
 * Everything is bounded in count or time, lives in a temporary folder, and is gone at the end or on Ctrl-C. On Linux only:
 * memory is read from /proc. The first time it installs MLflow, which the tests share nothing of but the pip cache.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, tmpdir, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { version } from '@tidegate/server'
import { prepareClient, preparePages } from '../../apps/server/prepare.mjs'
import { mlflowPython } from '../prerequisites.mjs'
import { type Bench, type Case, connected, settle } from './bench.ts'
import { access } from './cases/access.ts'
import { artifacts } from './cases/artifacts.ts'
import { client } from './cases/client.ts'
import { curvesCase } from './cases/curves.ts'
import { histories } from './cases/history.ts'
import { live } from './cases/live.ts'
import { moving } from './cases/moving.ts'
import { pages } from './cases/pages.ts'
import { processes } from './cases/process.ts'
import { registry } from './cases/registry.ts'
import { searches } from './cases/search.ts'
import { soaks } from './cases/soak.ts'
import { halfAnHour, watching } from './cases/watching.ts'
import { writing } from './cases/writing.ts'
import { type Figure, table } from './figures.ts'
import { mlflow, tidegate } from './peers.ts'
import { endAll } from './processes.ts'
import { findWorkers } from './tuning.ts'

/** First what is moved in: an import brings all that its source has, and the others leave much there. */
const cases: Case[] = [
  moving,
  ...histories,
  ...writing,
  searches,
  registry,
  artifacts,
  access,
  live,
  pages,
  curvesCase,
  watching,
  ...processes,
  client,
]
/** What takes long, and runs when it is named. */
const onlyNamed: Case[] = [soaks, halfAnHour]
const names = [...cases, ...onlyNamed].map(({ name }) => name)
/** Longer than it may ever take, minutes. */
const limit = 60

const { values: flags, positionals } = parseArgs({
  args: process.argv.slice(2).filter((word) => word !== '--'),
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, save: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } },
})
const unknown = positionals.filter((name) => !names.includes(name))
if (flags.help || unknown.length) {
  if (unknown.length) console.error(`There is no case ${unknown.join(', ')}.`)
  console.log(
    `Usage: pnpm bench [case…] [--quick] [--save FILE]\n\nCases: ${names.join(', ')}. Without one: all but ${onlyNamed.map(({ name }) => name).join(', ')}.`,
  )
  process.exit(unknown.length ? 1 : 0)
}

const folder = mkdtempSync(join(tmpdir(), 'tidegate-bench-'))
process.on('exit', () => {
  endAll()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)
  process.on(signal, () => process.exit(code))
setTimeout(() => {
  console.error(`It has run for ${limit} minutes, which is a fault: it is stopped.`)
  process.exit(1)
}, limit * 60_000).unref()

const tell = (text: string) => process.stderr.write(text)
const began = performance.now()
const minutes = () => `${((performance.now() - began) / 60_000).toFixed(1)} min`

async function machine(bench: Bench) {
  const theirs = (await connected(bench.mlflow, (connection) => connection.send('GET', '/version'))).toString()
  const [row] = await bench.tidegate.sql<{ server_version: string }>('SHOW server_version')
  const gib = (totalmem() / 1024 ** 3).toFixed(0)
  return `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${gib} GiB, Linux ${release()} · Node ${process.versions.node}, PostgreSQL ${row!.server_version} · Tidegate ${version}, MLflow ${theirs}`
}

const python = mlflowPython(join(import.meta.dirname, 'requirements.txt'))
await prepareClient()
await preparePages()
tell('Starting both servers …')
const paths = { tidegate: join(folder, 'tidegate'), mlflow: join(folder, 'mlflow') }
for (const path of Object.values(paths)) mkdirSync(path)
const notes: string[] = []
const bench: Bench = {
  tidegate: await tidegate(paths.tidegate),
  mlflow: await mlflow(paths.mlflow, python),
  quick: flags.quick,
  note: (text) => notes.push(text),
}
await Promise.all([bench.tidegate.start(), bench.mlflow.start()])
tell(` ${minutes()}\n`)

const figures: Figure[] = []
const failures: string[] = []
const wanted = positionals.length === 0 ? cases : [...cases, ...onlyNamed].filter(({ name }) => positionals.includes(name))
if (!flags.quick && positionals.length === 0) {
  tell('How many workers MLflow does best with …')
  notes.push(await findWorkers(bench.mlflow))
  tell(` ${minutes()}\n`)
} else notes.push(`MLflow has ${bench.mlflow.workers} workers, without a trial.`)

for (const { name, run } of wanted) {
  tell(`${name} …`)
  await settle(bench)
  try {
    figures.push(...(await run(bench)))
  } catch (error) {
    failures.push(`${name} could not be measured: ${(error as Error).message}`)
  }
  tell(` ${minutes()}\n`)
}

const report = [
  table(figures),
  '',
  await machine(bench),
  '',
  ...notes.map((note) => `- ${note}`),
  ...failures.map((text) => `- ${text}`),
].join('\n')
console.log(`\n${report}`)
if (flags.save) {
  mkdirSync(dirname(flags.save), { recursive: true })
  writeFileSync(
    flags.save,
    `# Tidegate beside MLflow\n\n\`pnpm bench${flags.quick ? ' --quick' : ''}\`, ${new Date().toISOString().slice(0, 10)}.\n\n${report}\n`,
  )
}
await bench.tidegate.stop()
await bench.mlflow.close()
process.exit(failures.length ? 1 : 0)
