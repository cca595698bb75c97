/** `tidegate doctor`: what stands between this machine and a working server, with the way out of each. */
import { stat } from 'node:fs/promises'
import { type Client, graphql } from '@tidegate/client'
import { cliVersion } from '../cli-version.ts'
import { examples } from '../examples.ts'
import { exit, stopOf } from '../exit.ts'
import type { Output } from '../output.ts'
import { type Access, profilesFile } from '../profiles.ts'
import type { Commands, Session } from '../session.ts'
import { plain } from '../table.ts'

const Version = graphql(`query DoctorVersion { server { version } viewer { name workspace { name } } }`)
const Database = graphql(`query DoctorDatabase { experiments(first: 1) { nodes { id } } }`)
const Live = graphql(`subscription DoctorLive { experimentsChanged(first: 1) { experiments { id } } }`)
const Run = graphql(`mutation DoctorRun($input: CreateRunInput!) { createRun(input: $input) { run { id } } }`)
const Delete = graphql(`mutation DoctorDelete($id: ID!) { deleteExperiment(id: $id) { experiment { id } } }`)
const Purge = graphql(`mutation DoctorPurge($id: ID!) { purge(input: { experiments: [$id] }) { dryRun } }`)

interface Check {
  name: string
  status: 'ok' | 'warn' | 'fail'
  message: string
  /** What helps; null where nothing must. */
  fix: string | null
}
type Verdict = Omit<Check, 'name'>

const ok = (message: string): Verdict => ({ status: 'ok', message, fix: null })
const warn = (message: string, fix: string): Verdict => ({ status: 'warn', message, fix })
const fail = (message: string, fix: string): Verdict => ({ status: 'fail', message, fix })

/** Between the clocks, ms: the server tells whole seconds. */
const mostSkew = 5_000
/** An answer to the smallest question, ms. */
const slow = 200
const rounds = 5

const loopback = (url: string) => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(url).hostname)

async function configuration({ url, from, token, user }: Access): Promise<Verdict> {
  const { TIDEGATE_URL, MLFLOW_TRACKING_URI } = process.env
  const file = profilesFile()
  const mode = await stat(file).then(
    (found) => found.mode & 0o777,
    () => undefined,
  )
  if (mode !== undefined && process.platform !== 'win32' && mode & 0o077) {
    return warn(`${file} can be read by others (mode ${mode.toString(8)})`, `chmod 600 ${file}`)
  }
  if (TIDEGATE_URL && MLFLOW_TRACKING_URI && TIDEGATE_URL.replace(/\/+$/, '') !== MLFLOW_TRACKING_URI.replace(/\/+$/, '')) {
    return warn(
      `TIDEGATE_URL and MLFLOW_TRACKING_URI name different servers; ${url} is used`,
      'Unset one, or set both to the same address.',
    )
  }
  if ((token || user) && url.startsWith('http:') && !loopback(url)) {
    return warn(`${url} is not encrypted, and a ${token ? 'token' : 'password'} is sent to it`, 'Use an https address.')
  }
  return ok(`${url}, from ${from}`)
}

async function health(url: string, signal: AbortSignal): Promise<{ verdict: Verdict; skew: number }> {
  const before = Date.now()
  const response = await fetch(`${url}/health`, { signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]) }).catch(
    (error: Error) => {
      // Node hides why one level down.
      throw error.cause instanceof Error ? error.cause : error
    },
  )
  const after = Date.now()
  const date = Date.parse(response.headers.get('date') ?? '')
  // A whole second that has begun: on average half of one ago.
  const skew = date + 500 - (before + after) / 2
  const verdict = response.ok
    ? ok(`answers at ${url}`)
    : fail(`${url}/health answers ${response.status}`, 'Is this the address of a Tidegate, and not of a proxy or another server?')
  return { verdict, skew }
}

const clock = (skew: number): Verdict =>
  Number.isNaN(skew)
    ? warn('the server tells no time', 'A proxy between removes the header Date: let it through.')
    : Math.abs(skew) > mostSkew
      ? warn(
          `the server's is ${Math.round(Math.abs(skew) / 1000)} s ${skew > 0 ? 'ahead' : 'behind'}`,
          'Let both machines set their clocks by NTP: runs would show odd times.',
        )
      : ok(`within ${mostSkew / 1000} s of the server's`)

function versions(server: string): Verdict {
  const line = (version: string) => version.split('.').slice(0, 2).join('.')
  return line(server) === line(cliVersion)
    ? ok(`server ${server}, this program ${cliVersion}`)
    : warn(`server ${server}, this program ${cliVersion}`, "Use this program in the server's version.")
}

async function latency({ client, signal }: Session): Promise<Verdict> {
  const times: number[] = []
  for (let i = 0; i < rounds; i++) {
    const start = performance.now()
    await client.query(Version, {}, { signal })
    times.push(performance.now() - start)
  }
  const median = times.sort((a, b) => a - b)[Math.floor(rounds / 2)]!
  const text = `${median.toFixed(0)} ms for the smallest question`
  return median > slow
    ? warn(text, 'The way to the server is long or its machine is busy: logging still batches, pages will feel slow.')
    : ok(text)
}

async function live({ client, signal }: Session): Promise<Verdict> {
  for await (const _ of client.subscribe(Live, {}, { signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]) }))
    return ok('updates come')
  signal.throwIfAborted()
  return fail('no update came within 10 s', 'A proxy between must let WebSockets to /graphql through.')
}

/** Writes a file and reads it back, in an experiment of its own that is gone afterwards. */
async function store(client: Client, signal: AbortSignal): Promise<Verdict> {
  const text = `written by tidegate doctor ${crypto.randomUUID()}`
  const { id } = await client.createExperiment(`tidegate-doctor-${crypto.randomUUID()}`)
  try {
    const { run } = (await client.query(Run, { input: { experimentId: id } }, { signal })).createRun
    await client.upload(run.id, 'doctor.txt', text, { signal })
    const read = await (await client.download(run.id, 'doctor.txt', { signal })).text()
    return read === text
      ? ok('a file was written and read back')
      : fail('a file came back changed', "Look at the store's disk, and at proxies between.")
  } finally {
    await client.query(Delete, { id })
    await client.query(Purge, { id })
  }
}

async function examine(session: Session, write: boolean, told: (check: Check) => void): Promise<boolean> {
  const { client, access, signal } = session
  let failed = false
  const tell = (name: string, verdict: Verdict) => {
    failed ||= verdict.status === 'fail'
    told({ name, ...verdict })
    return verdict.status !== 'fail'
  }
  const attempt = async (name: string, fix: string, look: () => Promise<Verdict>) => {
    const verdict = await look().catch((error) => {
      signal.throwIfAborted()
      return fail(stopOf(error).message, fix)
    })
    return tell(name, verdict)
  }
  let skew = Number.NaN
  await attempt('configuration', `Mend or remove ${profilesFile()}.`, () => configuration(access))
  const reached = await attempt(
    'server',
    `Start it (pnpm start), or name another: --server, TIDEGATE_URL, \`tidegate login URL\`.`,
    async () => {
      const found = await health(access.url, signal)
      skew = found.skew
      return found.verdict
    },
  )
  if (!reached) return false
  tell('clock', clock(skew))
  const asks = await attempt('version', 'Is this a Tidegate? Its GraphQL is at /graphql.', async () => {
    const { server, viewer } = await client.query(Version, {}, { signal })
    tell(
      'access',
      viewer
        ? ok(`as ${viewer.name}, in workspace ${viewer.workspace.name}`)
        : fail('nobody is signed in', 'Make a token on the page Access, then `tidegate login`.'),
    )
    return versions(server.version)
  })
  if (!asks) return false
  await attempt('database', "Look at the server's log, and whether its Postgres runs and has room.", async () => {
    await client.query(Database, {}, { signal })
    return ok('answers')
  })
  await attempt('latency', "Look at the server's log.", () => latency(session))
  await attempt('live', 'A proxy between must let WebSockets to /graphql through.', () => live(session))
  if (write)
    await attempt('store', "Look at the server's log, and whether its artifact folder can be written and has room.", () =>
      store(client, signal),
    )
  return !failed
}

const marks = { ok: 'green', warn: 'yellow', fail: 'red' } as const
const text = ({ colour }: Output, { name, status, message, fix }: Check) =>
  `${colour[marks[status]](status.padEnd(4))}  ${name.padEnd(13)}  ${plain(message)}${fix ? `\n      ${' '.repeat(13)}  → ${plain(fix)}` : ''}`

export default ((program, act) => {
  const command = program
    .command('doctor')
    .description('checks what must work between this machine and the server; each line has its way out')
    .option('--no-write', "don't try the artifact store: it is tried with a file in an experiment that is removed again")
  examples(command, 'doctor', 'doctor --no-write --json').action(
    act(async (session, { write }: { write: boolean }) => {
      const { out } = session
      const checks: Check[] = []
      const good = await examine(session, write, (check) => {
        checks.push(check)
        if (!out.json && !out.quiet) out.event(check, () => text(out, check))
      })
      if (out.json) out.document({ ok: good, checks }, () => '')
      const server = checks.find(({ name }) => name === 'server')
      if (!good) process.exitCode = server?.status === 'fail' ? exit.unreachable : exit.failed
    }),
  )
}) satisfies Commands
