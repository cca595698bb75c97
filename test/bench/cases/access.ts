/**
 * What access control costs: the same server open and with accounts, asked by a token of a member with a grant, so that every rule is looked
 * at. In turn, A B A B; the figure is by how much the one with accounts is slower, percent.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { address, batch } from '../batches.ts'
import { type Bench, type Case, callsPerSecond, newExperiment, newRun, timed } from '../bench.ts'
import { type Figure, median } from '../figures.ts'
import { type Connection, connect } from '../http.ts'
import { makeForeign, type Send, tell, timesOf } from './foreign.ts'

const start = join(import.meta.dirname, '..', '..', '..', 'apps', 'server', 'start.mjs')

interface Server {
  connection: Connection
  /** As the member, and as the admin in another workspace. */
  asMember: Send
  asAdmin: Send
  experiment: string
  stop(): Promise<void>
}

async function serve(folder: string, access: 'open' | 'accounts', experiments: number): Promise<Server> {
  const child = spawn(process.execPath, [start, '--port', '0', '--data', join(folder, access), '--access', access], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  for await (const chunk of child.stdout) {
    said += chunk
    if (said.includes('Ctrl-C')) break
  }
  child.stdout.resume()
  const origin = /http:\/\/[\d.:]+/.exec(said)![0]
  const plain = connect(origin)
  let headers: Record<string, string> = {}
  const ask = async (query: string) => {
    const answer = JSON.parse((await plain.send('POST', '/graphql', JSON.stringify({ query }), headers)).toString())
    if (answer.errors) throw new Error(answer.errors[0].message)
    return answer.data
  }
  const password = 'the tide rises twice'
  const accept = (link: string, name?: string) =>
    plain.send('POST', '/auth/link/accept', JSON.stringify({ token: link.split('#')[1], name, password }))
  const basic = (name: string) => ({ authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` })
  if (access === 'accounts') {
    await accept(/http\S+\/link#\S+/.exec(said)![0], 'admin')
    headers = basic('admin')
    await accept((await ask('mutation { createAccount(name: "member") { link } }')).createAccount.link)
    await ask('mutation { setMember(account: "member", role: CONTRIBUTOR) { member { role } } }')
    const hidden = (await ask('mutation { createExperiment(input: { name: "hidden" }) { experiment { id } } }')).createExperiment.experiment
      .id
    await ask(`mutation { setGrant(experiment: "${hidden}", account: "member", permission: NO_PERMISSIONS) { grant { permission } } }`)
    headers = basic('member')
    headers = { authorization: `Bearer ${(await ask('mutation { createToken(name: "bench") { secret } }')).createToken.secret}` }
  }
  const connection: Connection = {
    ...plain,
    send: (method, path, body, more) => plain.send(method, path, body, { ...headers, ...more }),
    call: async (path, input) =>
      JSON.parse((await plain.send('POST', `/api/2.0/mlflow/${path}`, JSON.stringify(input), headers)).toString()),
  }
  const experiment = await newExperiment(connection)
  for (let i = 0; i < experiments; i++) await newExperiment(connection)
  const sender =
    (headers: Record<string, string>): Send =>
    async (method, path, body) => {
      const type = body !== undefined && { 'content-type': 'application/json' }
      const answer = await fetch(origin + path, {
        method,
        redirect: 'manual',
        headers: { ...headers, ...type },
        ...(body !== undefined && { body }),
      })
      return { status: answer.status, text: await answer.text() }
    }
  if (access === 'accounts') {
    const query = 'mutation { createWorkspace(name: "foreign") { workspace { id } } }'
    await sender(basic('admin'))('POST', '/graphql', JSON.stringify({ query }))
  }
  return {
    connection,
    asMember: sender(headers),
    asAdmin: sender({ ...basic('admin'), 'x-tidegate-workspace': 'foreign' }),
    experiment,
    async stop() {
      plain.close()
      child.kill('SIGINT')
      await once(child, 'exit')
    },
  }
}

async function batchesPerSecond({ connection, experiment }: Server, seconds: number): Promise<number> {
  const pool = Array.from({ length: 100 }, (_, i) => batch(10, i * 100, 100))
  let run = await newRun(connection, experiment)
  let sent = 0
  return callsPerSecond(seconds, [
    async () => {
      if (sent === pool.length) {
        run = await newRun(connection, experiment)
        sent = 0
      }
      await connection.send('POST', '/api/2.0/mlflow/runs/log-batch', address(pool[sent++]!, run))
    },
  ])
}

const search = ({ connection }: Server, path: string, body: object, times: number) =>
  timed(times, () => connection.send('POST', `/api/2.0/mlflow/${path}`, JSON.stringify(body)))

export const access: Case = {
  name: 'access',
  async run({ quick, note }: Bench): Promise<Figure[]> {
    const folder = mkdtempSync(join(tmpdir(), 'tidegate-access-'))
    const experiments = quick ? 2_000 : 10_000
    const [open, accounts] = [await serve(folder, 'open', experiments), await serve(folder, 'accounts', experiments)]
    try {
      const slower = async (measure: (server: Server) => Promise<number>, isRate: boolean) => {
        const ratios: number[] = []
        for (let round = 0; round < (quick ? 3 : 7); round++) {
          const [a, b] = [await measure(open), await measure(accounts)]
          ratios.push(isRate ? a / b : b / a)
        }
        return (median(ratios) - 1) * 100
      }
      for (const server of [open, accounts]) for (let i = 0; i < 200; i++) await newRun(server.connection, server.experiment)
      const wanted = { atMost: 10 }
      const told = await timesOf(accounts.asMember, await makeForeign(accounts.asAdmin), quick ? 11 : 41)
      note(`Of a thing of another workspace, and of none, each door's median, ms:\n${tell(told)}`)
      return [
        {
          what: `a thing of another workspace beside none, by ${told.length} doors: half differ by less than`,
          unit: 'ms',
          tidegate: median(told.map(({ none, foreign }) => Math.abs(foreign - none))),
        },
        {
          what: 'log-batch, 10 keys × 100: with accounts slower by',
          unit: '%',
          tidegate: await slower((server) => batchesPerSecond(server, quick ? 2 : 4), true),
          wanted,
        },
        {
          what: `runs/search in one of ${experiments} experiments: slower by`,
          unit: '%',
          tidegate: await slower(
            (server) => search(server, 'runs/search', { experiment_ids: [server.experiment], max_results: 100 }, 60),
            false,
          ),
          wanted,
        },
        {
          what: `experiments/search, 100 of ${experiments}, one hidden: slower by`,
          unit: '%',
          tidegate: await slower((server) => search(server, 'experiments/search', { max_results: 100 }, 60), false),
          wanted,
        },
      ]
    } finally {
      await open.stop()
      await accounts.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  },
}
