/** The process as it is started: two of them on one database, one killed in the middle of logging, and what a bad start says. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import WebSocket from 'ws'
import { freshDatabase, type TestDatabase } from './database.ts'
import { rowsOf, rowsOfNothing } from './rows.ts'

const start = join(import.meta.dirname, '..', 'apps', 'server', 'start.mjs')
const children = new Set<ChildProcess>()
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-process-'))
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

function run(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [start, ...args], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (errors += chunk))
  const exited = once(child, 'exit').then(([code]) => ({ code: code as number | null, output, errors }))
  const ready = new Promise<string>((resolve, reject) => {
    child.stdout.on('data', () => {
      const origin = /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0]
      if (origin && output.includes('Ctrl-C')) resolve(origin)
    })
    void exited.then(({ code, errors }) => reject(new Error(`ended with ${code}: ${errors}`)))
  })
  ready.catch(() => {})
  return { child, ready, exited }
}

async function post(origin: string, path: string, body: unknown) {
  const response = await fetch(`${origin}/api/2.0/mlflow/${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  })
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as any
}

describe('a start that cannot be', () => {
  it('names a port in use', async () => {
    const taken = net.createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as net.AddressInfo
    const { code, errors } = await run(['--port', String(port), '--data', join(folder, 'a')]).exited
    taken.close()
    expect([code, errors.trim()]).toEqual([1, `Port ${port} is in use. Choose another with --port, or 0 for a free one.`])
  })

  it('names a database that does not answer, without its password', async () => {
    const { code, errors } = await run(['--port', '0', '--data', join(folder, 'b')], {
      DATABASE_URL: 'postgres://me:secret@127.0.0.1:1/none',
    }).exited
    expect(code).toBe(1)
    expect(errors).toMatch(/^The database at 127\.0\.0\.1:1\/none can't be used: .*ECONNREFUSED.*\n$/)
    expect(errors).not.toContain('secret')
  })

  it('names a folder that cannot be written', async () => {
    await writeFile(join(folder, 'file'), '')
    const { code, errors } = await run(['--port', '0', '--data', join(folder, 'file', 'in')]).exited
    expect(code).toBe(1)
    expect(errors).toMatch(/^The data folder .*file\/in can't be written to \(\w+\)\. Name another with --data/)
  })

  it('refuses an address that others reach, and tells every problem at once', async () => {
    const { code, errors } = await run(['--host', '0.0.0.0', '--port', 'http', '--colour']).exited
    expect(code).toBe(1)
    expect(errors.trim().split('\n')).toEqual([
      '--colour is not an option. --help lists them.',
      expect.stringMatching(/^--host '0\.0\.0\.0' is refused: .*loopback only/),
      expect.stringMatching(/^--port 'http' is not a port/),
    ])
  })

  it('explains itself', async () => {
    const { code, output } = await run(['--help']).exited
    expect(code).toBe(0)
    for (const word of ['--host', '--port', '--data', 'DATABASE_URL']) expect(output).toContain(word)
  })
})

describe('two servers on one database', () => {
  let db: TestDatabase
  beforeAll(async () => {
    db = await freshDatabase()
  })
  afterAll(() => db.close())

  it('show each other’s points to whoever listens', async () => {
    const options = (name: string) => ['--port', '0', '--data', join(folder, name), '--database-url', db.url]
    const [one, two] = [run(options('one')), run(options('two'))]
    const [writes, reads] = await Promise.all([one.ready, two.ready])
    const { run_id } = (await post(writes, 'runs/create', {})).run.info
    const client = createClient({ url: reads.replace('http', 'ws').concat('/graphql'), webSocketImpl: WebSocket })
    const events = client.iterate<any>({
      query: 'subscription ($run: ID!) { points(runs: [{ run: $run, after: "0" }]) { points { key steps values } cursors { cursor } } }',
      variables: { run: run_id },
    })
    await post(writes, 'runs/log-metric', { run_id, key: 'loss', value: 0.5, timestamp: 1, step: 7 })
    const first = await events.next()
    expect(first.value.data.points.points).toEqual([{ key: 'loss', steps: [7], values: [0.5] }])
    await post(writes, 'runs/log-metric', { run_id, key: 'loss', value: 0.25, timestamp: 2, step: 8 })
    const second = await events.next()
    expect(second.value.data.points.points).toEqual([{ key: 'loss', steps: [8], values: [0.25] }])
    await events.return?.()
    await client.dispose()

    one.child.kill('SIGTERM')
    two.child.kill('SIGINT')
    expect((await one.exited).code).toBe(0)
    expect((await two.exited).code).toBe(0)
  })
})

describe('a server killed in the middle of logging', () => {
  it('has every acknowledged point once after the next start', async () => {
    const data = join(folder, 'killed')
    const options = ['--port', '0', '--data', data]
    const before = run(options)
    const origin = await before.ready
    const { run_id } = (await post(origin, 'runs/create', {})).run.info
    const acknowledged: number[] = []
    let step = 0
    const writer = async () => {
      for (;;) {
        const steps = Array.from({ length: 10 }, () => step++)
        const metrics = steps.map((step) => ({ key: 'loss', value: step / 2, timestamp: 1000 + step, step }))
        await post(origin, 'runs/log-batch', { run_id, metrics })
        acknowledged.push(...steps)
      }
    }
    const writers = [writer(), writer(), writer(), writer()]
    while (acknowledged.length < 400) await new Promise((resolve) => setTimeout(resolve, 10))
    before.child.kill('SIGKILL')
    await Promise.allSettled(writers)

    // Postgres was left behind, running: the next start must take it over.
    const after = run(options)
    const again = await after.ready
    const steps: number[] = []
    for (let token = ''; ; ) {
      const url = `${again}/api/2.0/mlflow/metrics/get-history?run_id=${run_id}&metric_key=loss&max_results=100${token && `&page_token=${encodeURIComponent(token)}`}`
      const page = (await (await fetch(url)).json()) as any
      steps.push(...(page.metrics ?? []).map((metric: any) => metric.step))
      token = page.next_page_token ?? ''
      if (!token) break
    }
    expect(new Set(steps).size).toBe(steps.length)
    expect(acknowledged.filter((step) => !steps.includes(step))).toEqual([])
    after.child.kill('SIGTERM')
    expect((await after.exited).code).toBe(0)
  })

  it('is refused a second start on its folder while it lives', async () => {
    const options = ['--port', '0', '--data', join(folder, 'twice')]
    const first = run(options)
    await first.ready
    const { code, errors } = await run(options).exited
    expect([code, errors]).toEqual([1, expect.stringMatching(/^Another Tidegate already runs on .* \(process \d+\)/)])
    first.child.kill('SIGTERM')
    expect((await first.exited).code).toBe(0)
  })
})

describe('a server whose keys are gone', () => {
  let db: TestDatabase
  beforeAll(async () => {
    db = await freshDatabase()
  })
  afterAll(() => db.close())

  it('does not start, but for who gives the secrets up, and goes on with the file once it is back', async () => {
    const data = join(folder, 'keys')
    const options = ['--port', '0', '--data', data, '--database-url', db.url]
    const stop = async (server: ReturnType<typeof run>) => {
      server.child.kill('SIGTERM')
      expect((await server.exited).code).toBe(0)
    }
    const first = run(options)
    const response = await fetch(`${await first.ready}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        query: 'mutation { createAlertRule(input: { experimentId: "0", name: "a", condition: { kind: NOT_FINITE } }) { secret } }',
      }),
    })
    expect(((await response.json()) as { data: object }).data).not.toBeNull()
    await stop(first)
    const inTable = async () => (await db.query<{ secret: string }>('SELECT secret FROM alert_rule'))[0]!.secret
    const sealed = await inTable()

    const file = join(data, 'secret-keys')
    await rename(file, `${file}.away`)
    const { code, errors } = await run(options).exited
    expect([code, errors]).toEqual([1, expect.stringMatching(/^The key \w{16}, which .* is not in .*secret-keys\. .*--forget-keys yes/)])
    await rename(`${file}.away`, file)
    const again = run(options)
    await again.ready
    await stop(again)
    expect(await inTable()).toBe(sealed)

    await rm(file)
    const without = run([...options, '--forget-keys', 'yes'])
    await without.ready
    await stop(without)
    expect(await inTable()).toBe('lost:')
    const after = run(options)
    await after.ready
    await stop(after)
  })
})

describe('a server killed while it collects the trash', () => {
  let db: TestDatabase
  beforeAll(async () => {
    db = await freshDatabase()
  })
  afterAll(() => db.close())

  const count = async (which: string) => (await db.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${which}`, [], 'once'))[0]!.n
  const left = () => count('purge WHERE has_rows OR looks = 0')

  it('leaves nothing over once another goes on, and has not touched what is not purged', async () => {
    const data = join(folder, 'collecting')
    const start = () => run(['--port', '0', '--data', data, '--database-url', db.url])
    let server = start()
    let origin = await server.ready
    const [doomed, kept] = await Promise.all(
      ['doomed', 'kept'].map(async (name) => (await post(origin, 'experiments/create', { name })).experiment_id),
    )
    const fill = async (experiment_id: string) => {
      const { run_id } = (await post(origin, 'runs/create', { experiment_id, tags: [{ key: 'a', value: 'b' }] })).run.info
      const metrics = Array.from({ length: 500 }, (_, step) => ({ key: `loss ${step % 5}`, value: step, timestamp: step, step }))
      await post(origin, 'runs/log-batch', { run_id, metrics, params: [{ key: 'lr', value: '1' }] })
      const dataset = { name: experiment_id, digest: 'd', source_type: 'local', source: 's' }
      await post(origin, 'runs/log-inputs', { run_id, datasets: [{ dataset }] })
      const path = `${experiment_id}/${run_id}/artifacts/files/a.txt`
      await fetch(`${origin}/api/2.0/mlflow-artifacts/artifacts/${path}`, { method: 'PUT', body: 'text' })
    }
    for (let n = 0; n < 180; n += 6) await Promise.all(Array.from({ length: 6 }, () => fill(doomed)))
    await Promise.all([fill(kept), fill(kept), fill(kept)])
    const uuids = (await db.query<{ uuid: string }>('SELECT uuid FROM run WHERE experiment_id = $1', [Number(kept)])).map(
      ({ uuid }) => uuid,
    )
    const ids = (await db.query<{ id: number }>('SELECT id FROM run WHERE experiment_id = $1', [Number(kept)])).map(({ id }) => id)
    const contents = async () => {
      // Points move between their tables as they are merged: they are compared as they are read.
      const { point_tail: _, point_chunk: __, run_merge: ___, latest: ____, ...rows } = await rowsOf(db, ids)
      const histories = uuids.map(async (uuid) =>
        (await fetch(`${origin}/api/2.0/mlflow/metrics/get-history?run_id=${uuid}&metric_key=loss+3`)).json(),
      )
      return [rows, await Promise.all(histories)]
    }
    const before = await contents()

    await post(origin, 'experiments/delete', { experiment_id: doomed })
    const query = 'mutation ($id: ID!) { purge(input: { experiments: [$id] }) { freed { runs } } }'
    const answer = await fetch(`${origin}/graphql`, {
      method: 'POST',
      body: JSON.stringify({ query, variables: { id: doomed } }),
      headers: { 'content-type': 'application/json' },
    })
    expect(await answer.json()).toMatchObject({ data: { purge: { freed: { runs: 180 } } } })

    const progress = async () =>
      [await count('run'), await count('point_tail'), await count('purge WHERE has_rows'), await count('purge WHERE looks > 0')].join()
    let killed = 0
    for (; killed < 2 && (await left()); killed++) {
      // In the middle: something has been done since the last time, and something is left.
      for (const then = await progress(); (await left()) && (await progress()) === then; ) await sleep(2)
      server.child.kill('SIGKILL')
      await server.exited
      // What the dead worker had at hand is free a minute later: here it is later.
      await db.query(`UPDATE graphile_worker._private_jobs SET locked_at = locked_at - interval '2 minutes' WHERE locked_at IS NOT NULL`)
      await db.query(`UPDATE job_worker SET seen_at = seen_at - interval '2 minutes'`)
      await db.query('UPDATE purge SET look_at = 0 WHERE looks = 0')
      server = start()
      origin = await server.ready
    }
    expect(killed).toBe(2)
    while (await left()) await sleep(20)

    expect(await rowsOfNothing(db)).toEqual({})
    expect(await count(`run WHERE experiment_id = ${Number(doomed)}`)).toBe(0)
    expect(await count(`key WHERE experiment_id = ${Number(doomed)}`)).toBe(0)
    expect(await contents()).toEqual(before)
    const files = (await readdir(join(data, 'artifacts'), { recursive: true })).filter(
      (path) => path.endsWith('a.txt') && !path.startsWith('.partial'),
    )
    expect(files.map((path) => path.split('/')[0])).toEqual([kept, kept, kept])
    server.child.kill('SIGTERM')
    expect((await server.exited).code).toBe(0)
  }, 90_000)
})

describe('a server killed while a webhook is told', () => {
  let db: TestDatabase
  beforeAll(async () => {
    db = await freshDatabase()
  })
  afterAll(() => db.close())

  it('tells it again after the next start, with the same id, and loses nothing that was committed', async () => {
    let server: ReturnType<typeof run>
    const told: Array<{ id: string; model: string }> = []
    // At the third call it dies before it has an answer.
    const receiver = createServer((req, res) => {
      let body = ''
      req.on('data', (chunk) => (body += chunk))
      req.on('end', () => {
        told.push({ id: String(req.headers['x-mlflow-delivery-id']), model: JSON.parse(body).model_name })
        if (told.length === 3) server.child.kill('SIGKILL')
        else res.end()
      })
    }).listen(0, '127.0.0.1')
    await once(receiver, 'listening')
    const { port } = receiver.address() as net.AddressInfo
    const options = ['--port', '0', '--data', join(folder, 'told'), '--database-url', db.url, '--outbound-hosts', '127.0.0.1']
    server = run(options)
    const origin = await server.ready
    const http_url_spec = { url: `http://127.0.0.1:${port}/` }
    await post(origin, 'registry-webhooks/create', { events: ['REGISTERED_MODEL_CREATED'], http_url_spec })
    const acknowledged: string[] = []
    for (let i = 0; i < 200; i++) {
      const name = `weir-${i}`
      const isMade = await post(origin, 'registered-models/create', { name }).then(
        () => true,
        () => false,
      )
      if (!isMade) break
      acknowledged.push(name)
    }
    await server.exited
    // The third may have been told before its own answer was on the way.
    expect(acknowledged.length).toBeGreaterThanOrEqual(2)

    // What the dead worker had at hand is free a minute later: here it is later.
    await db.query(`UPDATE job_worker SET seen_at = seen_at - interval '2 minutes'`)
    await db.query(`UPDATE graphile_worker._private_jobs SET locked_at = locked_at - interval '2 minutes' WHERE locked_at IS NOT NULL`)
    server = run(options)
    await server.ready
    const missing = () => acknowledged.filter((name) => !told.some(({ model }) => model === name))
    await expect.poll(missing, { timeout: 60_000, interval: 100 }).toEqual([])
    const idsOf = (name: string) => new Set(told.filter(({ model }) => model === name).map(({ id }) => id)).size
    expect([...new Set(told.map(({ model }) => model))].filter((name) => idsOf(name) !== 1)).toEqual([])
    await expect.poll(() => told.filter(({ model }) => model === told[2]!.model).length, { timeout: 60_000 }).toBeGreaterThan(1)
    server.child.kill('SIGTERM')
    expect((await server.exited).code).toBe(0)
    receiver.close()
  })
})
