/** The sockets: who is let in, and what is answered where there is nothing. */
import { request } from 'node:http'
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform()
})
afterAll(() => platform.stop())

/** A request whose Host and Origin are what they are said to be, which fetch would not send. */
function send(path: string, headers: Record<string, string>, method = 'GET', body?: string) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const outgoing = request(`${platform.origin}${path}`, { method, headers }, (res) => {
      let text = ''
      res.on('data', (chunk) => (text += chunk))
      res.on('end', () => resolve({ status: res.statusCode ?? 0, text }))
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

describe('a page of another site', () => {
  it('does not get in by a name that it points at loopback', async () => {
    const { status, text } = await send('/api/2.0/mlflow/experiments/get?experiment_id=0', { host: 'evil.example:5000' })
    expect([status, JSON.parse(text).error_code]).toEqual([403, 'PERMISSION_DENIED'])
    expect((await send('/graphql', { host: 'evil.example' })).status).toBe(403)
  })

  it('does not get in by a request of its own', async () => {
    const headers = { origin: 'https://evil.example', 'content-type': 'application/json' }
    expect((await send('/api/2.0/mlflow/experiments/create', headers, 'POST', '{"name":"theirs"}')).status).toBe(403)
    expect((await send('/graphql', { ...headers, origin: 'null' }, 'POST', '{"query":"{ viewer { name } }"}')).status).toBe(403)
    const upgrade = {
      ...headers,
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      'sec-websocket-version': '13',
    }
    expect((await send('/graphql', upgrade)).status).toBe(403)
    await expect(platform.wire('GET', 'experiments/get-by-name', { experiment_name: 'theirs' })).rejects.toMatchObject({
      code: 'RESOURCE_DOES_NOT_EXIST',
    })
  })

  it('is told from our own, under every name of loopback', async () => {
    const { port } = new URL(platform.origin)
    for (const host of ['localhost', '127.0.0.1', '[::1]']) {
      const { status } = await send('/api/2.0/mlflow/experiments/get?experiment_id=0', {
        host: `${host}:${port}`,
        origin: `http://${host}:${port}`,
      })
      expect(status).toBe(200)
    }
  })
})

describe('a path', () => {
  it('that is nothing is a 404 in MLflow’s shape, and a wrong method says the right one', async () => {
    const nothing = await fetch(`${platform.origin}/api/2.0/mlflow/runs/dance`)
    expect([nothing.status, ((await nothing.json()) as any).error_code]).toEqual([404, 'ENDPOINT_NOT_FOUND'])
    const wrong = await fetch(`${platform.origin}/api/2.0/mlflow/runs/create`)
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST'])
  })

  it('of another workspace is not found', async () => {
    const response = await fetch(`${platform.origin}/api/2.0/mlflow/experiments/get?experiment_id=0`, {
      headers: { 'x-tidegate-workspace': 'nobody' },
    })
    expect([response.status, await response.json()]).toEqual([
      404,
      { error_code: 'RESOURCE_DOES_NOT_EXIST', message: "No workspace 'nobody' exists" },
    ])
  })

  it('tells health and version', async () => {
    expect(await (await fetch(`${platform.origin}/health`)).text()).toBe('OK')
    expect(await (await fetch(`${platform.origin}/version`)).text()).toMatch(/^\d+\.\d+\.\d+/)
  })
})

describe('a body', () => {
  const post = (body: string, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
    fetch(`${platform.origin}/api/2.0/mlflow/runs/create`, { method: 'POST', body, headers })

  it('that is not JSON, or no object, is a 400 that says so', async () => {
    for (const body of ['{', '[]', '"text"', 'null', '1']) {
      const response = await post(body)
      expect([body, response.status, ((await response.json()) as any).error_code]).toEqual([body, 400, 'MALFORMED_REQUEST'])
    }
    expect((await post('{}', { 'content-type': 'text/plain' })).status).toBe(400)
  })

  it('that is too large is refused before it was read', async () => {
    const { status, text } = await send(
      '/api/2.0/mlflow/runs/create',
      { 'content-type': 'application/json', 'content-length': String(10 ** 9) },
      'POST',
      '{',
    )
    expect([status, JSON.parse(text).error_code]).toEqual([413, 'REQUEST_TOO_LARGE'])
  })
})
