/** Attacks by way of somebody's browser, one by one, as OWASP lists them; and what no browser sends, which goes on as before. */
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import WebSocket from 'ws'
import { readConfig } from './config.ts'

let platform: Platform
let own: string
let port: string
beforeAll(async () => {
  platform = await startPlatform({
    publicUrl: 'https://tidegate.example.com',
    allowedHosts: ['tide.internal'],
    allowedOrigins: ['https://notebooks.example.com'],
  })
  own = platform.origin
  port = new URL(own).port
})
afterAll(() => platform.stop())

interface Sent {
  method?: string
  headers?: Record<string, string>
  body?: string
}
/** A request whose Host, Origin and Sec-Fetch headers are what they are said to be, which fetch would not send. */
async function send(path: string, { method = 'GET', headers = {}, body }: Sent = {}) {
  const outgoing = request(`${own}${path}`, { method, headers }).end(body)
  const [res] = await once(outgoing, 'response')
  return { status: res.statusCode as number, headers: res.headers, text: await text(res) }
}
/** The same, byte by byte: what a server sends back to it. */
async function raw(head: string): Promise<string> {
  const socket = connect(Number(port), '127.0.0.1')
  socket.end(head)
  return text(socket)
}
/** How a WebSocket is answered: 101, or why not. */
async function upgrade(headers: Record<string, string>): Promise<number> {
  const socket = new WebSocket(`${own.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers })
  return new Promise((resolve) => {
    socket.once('open', () => {
      socket.terminate()
      resolve(101)
    })
    socket.once('unexpected-response', (_, res) => {
      res.resume()
      resolve(res.statusCode ?? 0)
    })
    socket.once('error', () => {})
  })
}
const json = { 'content-type': 'application/json' }
const create = '/api/2.0/mlflow/experiments/create'
const theirs = '{"name":"theirs"}'
const mutation = JSON.stringify({ query: 'mutation { createExperiment(input: { name: "theirs" }) { experiment { id } } }' })

afterEach(async () => {
  // Whatever was tried, nothing of theirs is here.
  expect((await platform.db.query("SELECT name FROM experiment WHERE name LIKE 'theirs%'")).length).toBe(0)
})

describe('a name that is pointed at our address (DNS rebinding)', () => {
  const names = [
    'evil.example',
    'localhost.evil.example',
    'evil-localhost',
    'evil.localhost',
    '127.0.0.1.nip.example',
    'localhost.',
    'localhost@evil.example',
    'evil.example#localhost',
    'localhost,evil.example',
    'localhost/evil.example',
    '127.0.0.1:80:80',
    '2130706433',
    '0x7f000001',
    '127.1',
    '[::1',
    '[::ffff:127.0.0.1]',
    'tidegate.example.com.evil.example',
    'notebooks.example.com',
  ]
  it.each(names)('%j is not answered, at any door', async (host) => {
    const headers = { host: !/[:,/[#]/.test(host) ? `${host}:${port}` : host }
    expect(JSON.parse((await send('/api/2.0/mlflow/experiments/get?experiment_id=0', { headers })).text)).toMatchObject({
      error_code: 'PERMISSION_DENIED',
      message: expect.stringContaining('--allowed-hosts'),
    })
    for (const path of ['/graphql?query={viewer{name}}', '/', '/get-artifact?run_id=1&path=a', '/api/3.0/mlflow/server-info']) {
      expect([path, (await send(path, { headers })).status]).toEqual([path, 403])
    }
    expect((await send(create, { method: 'POST', headers: { ...headers, ...json }, body: theirs })).status).toBe(403)
    expect((await send('/graphql', { method: 'POST', headers: { ...headers, ...json }, body: mutation })).status).toBe(403)
  })

  it('is not answered over a WebSocket, with its own origin', async () => {
    expect(await upgrade({ host: `evil.example:${port}`, origin: `http://evil.example:${port}` })).toBe(403)
  })

  it('is not believed elsewhere than in Host: forwarded, doubled, or in the request’s own line', async () => {
    const forwarded = { host: `evil.example:${port}`, 'x-forwarded-host': 'localhost', forwarded: 'host=localhost', 'x-host': 'localhost' }
    expect((await send(create, { method: 'POST', headers: { ...forwarded, ...json }, body: theirs })).status).toBe(403)
    const rest = `content-type: application/json\r\ncontent-length: ${theirs.length}\r\nconnection: close\r\n\r\n${theirs}`
    expect(await raw(`POST ${create} HTTP/1.1\r\nhost: evil.example\r\nhost: localhost\r\n${rest}`)).toMatch(/^HTTP\/1.1 40[03]/)
    expect(await raw(`POST http://evil.example${create} HTTP/1.1\r\nhost: localhost\r\n${rest}`)).toMatch(/^HTTP\/1.1 40\d/)
    expect(await raw(`POST ${create} HTTP/1.1\r\n${rest}`)).toMatch(/^HTTP\/1.1 400/)
    expect(await raw(`POST ${create} HTTP/1.1\r\nhost:\r\n${rest}`)).toMatch(/^HTTP\/1.1 403/)
    expect(await raw(`POST ${create} HTTP/1.0\r\n${rest}`)).toMatch(/^HTTP\/1.1 403/)
  })

  it('hears that the server lives, as a balancer must, and nothing more', async () => {
    const headers = { host: '10.1.2.3' }
    expect((await send('/health', { headers })).text).toBe('OK')
    expect((await send('/version', { headers })).status).toBe(200)
    expect((await send('/health/../graphql', { headers })).status).toBe(403)
  })

  it.each([['localhost'], ['127.0.0.1'], ['[::1]'], ['LocalHost'], ['tidegate.example.com'], ['tide.internal']])(
    '%s is ours, on any port',
    async (host) => {
      for (const each of [host, `${host}:8443`]) {
        expect((await send('/api/2.0/mlflow/experiments/get?experiment_id=0', { headers: { host: each } })).status).toBe(200)
      }
    },
  )
})

describe('a page of another site (CSRF)', () => {
  const origins = () => [
    'https://evil.example',
    'null',
    '',
    // Another program of this machine, or another scheme's page of the same name.
    'http://localhost:3000',
    `http://localhost:${port}`,
    `http://127.0.0.1:${port}.evil.example`,
    `http://127.0.0.1:${port}@evil.example`,
    `file://127.0.0.1:${port}`,
    'https://notebooks.example.com.evil.example',
    'https://evilnotebooks.example.com',
    'http://notebooks.example.com',
    'https://notebooks.example.com:444',
    'https://NOTEBOOKS.example.com',
    'https://notebooks.example.com, https://evil.example',
    'chrome-extension://abcdefgh',
  ]

  it('sends nothing that is answered, whatever it calls itself, and may not read', async () => {
    for (const origin of origins()) {
      const headers = { ...json, origin, cookie: 'session=somebody' }
      for (const [path, body] of [
        [create, theirs],
        ['/graphql', mutation],
      ] as const) {
        const answer = await send(path, { method: 'POST', headers, body })
        expect([origin, answer.status, answer.headers['access-control-allow-origin']]).toEqual([origin, 403, undefined])
      }
      expect([origin, (await send('/graphql?query={viewer{name}}', { headers: { origin } })).status]).toEqual([origin, 403])
    }
  })

  it('opens no WebSocket', async () => {
    for (const origin of origins()) expect([origin, await upgrade({ origin })]).toEqual([origin, 403])
    expect(await upgrade({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'websocket' })).toBe(403)
  })

  it('sends no form, with or without an Origin', async () => {
    const forms = [
      ['application/x-www-form-urlencoded', 'name=theirs'],
      ['text/plain', theirs],
      ['multipart/form-data; boundary=x', `--x\r\ncontent-disposition: form-data; name="name"\r\n\r\ntheirs\r\n--x--`],
    ] as const
    for (const [type, body] of forms) {
      const form = { 'content-type': type, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
      expect((await send(create, { method: 'POST', headers: form, body })).status).toBe(403)
      expect((await send('/graphql', { method: 'POST', headers: { ...form, origin: 'null' }, body })).status).toBe(403)
      // A browser too old for either header still can't send JSON without asking first.
      expect((await send(create, { method: 'POST', headers: { 'content-type': type }, body })).status).toBe(400)
      expect((await send('/graphql', { method: 'POST', headers: { 'content-type': type }, body })).status).toBe(400)
    }
  })

  it('changes nothing by a GET, whatever method it says it means', async () => {
    const document = encodeURIComponent(JSON.parse(mutation).query)
    expect((await send(`/graphql?query=${document}`)).status).toBe(405)
    for (const header of ['x-http-method-override', 'x-http-method', 'x-method-override']) {
      expect((await send(`${create}?name=theirs`, { headers: { [header]: 'POST' } })).status).toBe(405)
    }
    expect((await send(`${create}?name=theirs&_method=POST`)).status).toBe(405)
  })

  it('has no image, script, frame or style of ours, not even from a neighbouring name', async () => {
    for (const site of ['cross-site', 'same-site', 'anything'])
      for (const [mode, dest] of [
        ['no-cors', 'image'],
        ['no-cors', 'script'],
        ['navigate', 'iframe'],
        ['navigate', 'object'],
        ['cors', 'empty'],
      ] as const) {
        const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': dest }
        for (const path of ['/api/2.0/mlflow/experiments/get?experiment_id=0', '/graphql?query={viewer{name}}', '/'])
          expect([site, dest, path, (await send(path, { headers })).status]).toEqual([site, dest, path, 403])
      }
  })

  it('may have a link to us', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    expect((await send('/api/2.0/mlflow/experiments/get?experiment_id=0', { headers })).status).toBe(200)
    expect((await send('/', { headers })).status).not.toBe(403)
  })

  it('is told that its answers are JSON and nobody’s to embed', async () => {
    const { headers } = await send('/api/2.0/mlflow/experiments/get?experiment_id=0')
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cross-origin-resource-policy': 'same-origin' })
    expect((await send('/graphql?query={viewer{name}}')).headers).toMatchObject({ 'x-content-type-options': 'nosniff' })
  })

  it('gets no leave to ask first', async () => {
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' }
    const answer = await send(create, { method: 'OPTIONS', headers })
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([403, undefined])
  })
})

describe('a page of our own', () => {
  it('is answered under every name that is ours, behind TLS too', async () => {
    for (const [host, origin] of [
      [`localhost:${port}`, `http://localhost:${port}`],
      [`[::1]:${port}`, `http://[::1]:${port}`],
      // A tunnel's end has another port.
      ['localhost:8080', 'http://localhost:8080'],
      ['tidegate.example.com', 'https://tidegate.example.com'],
      ['TideGate.example.com', 'https://tidegate.example.com'],
      // A proxy that hands on no Host, as nginx by itself.
      [`127.0.0.1:${port}`, 'https://tidegate.example.com'],
      ['tidegate.example.com:443', 'https://tidegate.example.com'],
    ] as const) {
      const headers = { ...json, host, origin, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }
      const body = JSON.stringify({ query: '{ server { trackingUri } }' })
      const answer = await send('/graphql', { method: 'POST', headers, body })
      expect([host, answer.status, answer.text]).toEqual([
        host,
        200,
        expect.stringContaining('"trackingUri":"https://tidegate.example.com"'),
      ])
      expect(await upgrade({ host, origin })).toBe(101)
    }
  })
})

describe('a site that the operator has named', () => {
  const origin = 'https://notebooks.example.com'

  it('asks first, calls and reads, without the cookies of whoever looks at it', async () => {
    const asked = { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type,authorization' }
    const leave = await send('/graphql', { method: 'OPTIONS', headers: asked })
    expect(leave).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': origin,
        'access-control-allow-headers': 'content-type,authorization',
        'access-control-allow-methods': expect.stringContaining('PUT'),
      },
    })
    const headers = { ...json, origin, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }
    const answers = [
      await send('/graphql', { method: 'POST', headers, body: '{"query":"{ viewer { name } }"}' }),
      await send('/api/2.0/mlflow/experiments/get?experiment_id=0', { headers }),
      await send('/api/2.0/mlflow/experiments/get?experiment_id=999', { headers }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 404])
    for (const { headers } of [leave, ...answers]) {
      expect(headers['access-control-allow-origin']).toBe(origin)
      expect(headers.vary).toMatch(/origin/i)
      expect(headers['access-control-allow-credentials']).toBeUndefined()
    }
    expect(await upgrade({ origin })).toBe(101)
  })

  it('is still to say a name that is ours', async () => {
    expect((await send('/graphql', { method: 'POST', headers: { ...json, origin, host: 'evil.example' }, body: mutation })).status).toBe(
      403,
    )
  })
})

it('a session goes with requests of our own pages, and with none of another site’s that may call', async () => {
  const origin = 'https://notebooks.example.com'
  const accounts = await startPlatform({ access: 'accounts', allowedOrigins: [origin] })
  const token = accounts.firstLink!.split('#')[1]
  const link = { method: 'POST', headers: json, body: JSON.stringify({ token, name: 'root', password: 'a long tide rises' }) }
  const first = await fetch(`${accounts.origin}/auth/link/accept`, link)
  const cookie = first.headers.getSetCookie()[0]!.split(';')[0]!
  const body = JSON.stringify({ query: '{ accounts { name } }' })
  const ask = async (from: Record<string, string>) =>
    ((await (await fetch(`${accounts.origin}/graphql`, { method: 'POST', headers: { ...json, cookie, ...from }, body })).json()) as any)
      .errors?.[0].extensions.code ?? 'OK'
  expect([await ask({}), await ask({ origin: accounts.origin }), await ask({ origin })]).toEqual(['OK', 'OK', 'UNAUTHENTICATED'])
  const over = (from: Record<string, string>) =>
    new Promise<string>((resolve, reject) => {
      const socket = new WebSocket(`${accounts.origin.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
        headers: { cookie, ...from },
      })
      socket.on('error', reject)
      socket.on('open', () => socket.send('{"type":"connection_init"}'))
      socket.on('message', (data) => {
        const message = JSON.parse(String(data))
        if (message.type === 'connection_ack') return socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: JSON.parse(body) }))
        if (!message.payload) return
        socket.terminate()
        resolve((message.payload.errors ?? message.payload)?.[0]?.extensions.code ?? 'OK')
      })
      socket.on('close', (_, reason) => resolve(String(reason)))
    })
  expect([await over({}), await over({ origin: accounts.origin }), await over({ origin })]).toEqual(['OK', 'OK', 'UNAUTHENTICATED'])
  await accounts.stop()
})

it('what is no browser is answered as before', async () => {
  expect(await platform.wire('GET', 'experiments/get', { experiment_id: '0' })).toMatchObject({ experiment: { name: 'Default' } })
  const { experiment_id } = await platform.wire('POST', 'experiments/create', { name: 'ours' })
  expect(experiment_id).toBeTruthy()
  expect(await upgrade({})).toBe(101)
})

it('a developer’s pages of another port are let in where that was asked for', async () => {
  const developing = await startPlatform({ dev: true })
  const ask = (origin: string) => fetch(`${developing.origin}/api/2.0/mlflow/experiments/get?experiment_id=0`, { headers: { origin } })
  expect((await ask('http://localhost:5173')).status).toBe(200)
  expect((await ask('https://evil.example')).status).toBe(403)
  await developing.stop()
})

it('settings name what is wrong with them', () => {
  const problems = (env: Record<string, string>) => {
    const read = readConfig([], env)
    return read.ok ? [] : read.problems
  }
  expect(
    problems({ TIDEGATE_ACCESS: 'accounts', TIDEGATE_PUBLIC_URL: 'https://tidegate.example.com', TIDEGATE_ALLOWED_HOSTS: 'a,b' }),
  ).toEqual([])
  for (const url of ['tidegate.example.com', 'https://tidegate.example.com/path', 'https://TIDE.example.com', 'ftp://a', '*']) {
    expect(problems({ TIDEGATE_PUBLIC_URL: url })).toEqual([expect.stringContaining(`TIDEGATE_PUBLIC_URL '${url}' is not`)])
    expect(problems({ TIDEGATE_ALLOWED_ORIGINS: `https://fine.example.com,${url}` })).toHaveLength(1)
  }
  expect(problems({ TIDEGATE_ALLOWED_HOSTS: 'https://a' })).toHaveLength(1)
})

it('an open server is under no name of others than this machine, and accounts want TLS', () => {
  const problems = (env: Record<string, string>) => {
    const read = readConfig([], env)
    return read.ok ? [] : read.problems
  }
  expect(problems({ TIDEGATE_PUBLIC_URL: 'http://localhost:8080', TIDEGATE_ALLOWED_HOSTS: '127.0.0.1,localhost,::1' })).toEqual([])
  for (const url of ['https://tidegate.example.com', 'http://10.0.0.1', 'http://[fe80::1]'])
    expect(problems({ TIDEGATE_PUBLIC_URL: url })).toEqual([expect.stringMatching(/^TIDEGATE_PUBLIC_URL .* --access accounts/)])
  expect(problems({ TIDEGATE_ALLOWED_HOSTS: 'tide.internal' })).toEqual([
    expect.stringMatching(/^TIDEGATE_ALLOWED_HOSTS .* --access accounts/),
  ])
  const plain = { TIDEGATE_ACCESS: 'accounts', TIDEGATE_PUBLIC_URL: 'http://tidegate.example.com' }
  expect(problems(plain)).toEqual([expect.stringContaining('--insecure yes')])
  expect(problems({ ...plain, TIDEGATE_INSECURE: 'yes' })).toEqual([])
})
