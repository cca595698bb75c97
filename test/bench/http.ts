/**
 * The client of both servers: node:http, one kept-alive connection each (no delay is its default), bodies made before the clock runs. It
 * reads answers whole and does not parse them, so that what is measured is the server.
 */
import { Agent, request } from 'node:http'
import type { Readable } from 'node:stream'

/** The longest that one request may take, ms. */
const patience = 180_000

export interface Connection {
  /** Sends a request and reads its answer. Throws where the status is not 2xx, with the answer's beginning. */
  send(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body?: string | Buffer | Readable,
    headers?: Record<string, string | number>,
  ): Promise<Buffer>
  /** As `send` of a POST below /api/2.0/mlflow/, both ways JSON. */
  call<T = Record<string, never>>(path: string, input: unknown): Promise<T>
  /** As `send` of a GET, and throws the bytes away. Resolves to their number. */
  drain(path: string): Promise<number>
  close(): void
}

export function connect(origin: string): Connection {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const { hostname, port } = new URL(origin)

  const exchange = (
    method: string,
    path: string,
    body: string | Buffer | Readable | undefined,
    headers: Record<string, string | number>,
    take: (chunk: Buffer) => void,
  ) =>
    new Promise<void>((resolve, reject) => {
      const plain = typeof body === 'string' || Buffer.isBuffer(body)
      const length = plain ? { 'content-length': Buffer.byteLength(body), 'content-type': 'application/json' } : {}
      const req = request({ agent, hostname, port, method, path, headers: { ...length, ...headers }, timeout: patience }, (res) => {
        const ok = (res.statusCode ?? 500) < 300
        let problem = ''
        res.on('data', (chunk: Buffer) => (ok ? take(chunk) : (problem += chunk)))
        res.once('error', reject)
        res.once('end', () =>
          ok ? resolve() : reject(new Error(`${method} ${path.split('?')[0]} answered ${res.statusCode}: ${problem.slice(0, 300)}`)),
        )
      })
      req.once('timeout', () => req.destroy(new Error(`${method} ${path.split('?')[0]} did not answer within ${patience / 1000} s`)))
      req.once('error', reject)
      if (body === undefined || plain) req.end(body)
      else body.pipe(req)
    })

  const send: Connection['send'] = async (method, path, body, headers = {}) => {
    const chunks: Buffer[] = []
    await exchange(method, path, body, headers, (chunk) => chunks.push(chunk))
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
  }
  return {
    send,
    async call(path, input) {
      return JSON.parse((await send('POST', `/api/2.0/mlflow/${path}`, JSON.stringify(input))).toString())
    },
    async drain(path) {
      let bytes = 0
      await exchange('GET', path, undefined, {}, (chunk) => (bytes += chunk.length))
      return bytes
    },
    close: () => agent.destroy(),
  }
}

/** Milliseconds until that address answers 200, looked at every 5 ms. Throws after `patience`, or when `given` says so. */
export async function firstAnswer(url: string, gone: () => string | undefined): Promise<number> {
  const start = performance.now()
  for (;;) {
    const status = await new Promise<number>((resolve) => {
      const req = request(url, { agent: false, timeout: patience }, (res) => {
        res.resume()
        res.once('end', () => resolve(res.statusCode ?? 0))
        res.once('error', () => resolve(0))
      })
      req.once('timeout', () => req.destroy())
      req.once('error', () => resolve(0))
      req.end()
    })
    const ms = performance.now() - start
    if (status === 200) return ms
    const problem = gone()
    if (problem !== undefined || ms > patience) throw new Error(`${url} did not answer: ${problem ?? 'it took too long'}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
