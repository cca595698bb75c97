/** A proxy in front of a server that behaves badly when it is told to: what lies between a script and a server may. */
import { createServer, request } from 'node:http'
import { type AddressInfo, connect as connectTcp, type Socket } from 'node:net'

/**
 * `refuse` answers 503, `busy` 429, `cut` ends the connection before the server hears of it, `drop` after the server has done it,
 * `half` in the midst of the answer.
 */
export type Trouble = 'refuse' | 'busy' | 'cut' | 'drop' | 'half' | undefined

export interface TroubledProxy {
  origin: string
  /** Where requests go. */
  target: string
  /** Asked for each request. */
  trouble: (path: string, body: string) => Trouble
  /** What was asked, in order: also what was cut. */
  requests: string[]
  /** Requests under way at this moment, and the most there ever were. */
  underWay: number
  mostUnderWay: number
  /** Ends every connection. */
  cutAll(): void
  /** Answers nobody from now on. */
  close(): Promise<void>
  /** Answers again, on the same port. */
  reopen(): Promise<void>
}

export async function startProxy(target: string): Promise<TroubledProxy> {
  const sockets = new Set<Socket>()
  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk) => chunks.push(chunk))
    req.on('error', () => {})
    req.on('end', () => {
      const body = Buffer.concat(chunks)
      const path = req.url ?? '/'
      proxy.requests.push(`${req.method} ${path.split('?')[0]}`)
      proxy.mostUnderWay = Math.max(proxy.mostUnderWay, ++proxy.underWay)
      res.once('close', () => proxy.underWay--)
      const trouble = proxy.trouble(path, body.toString())
      if (trouble === 'refuse') return res.writeHead(503, { 'content-type': 'text/html' }).end('<h1>Service Unavailable</h1>')
      if (trouble === 'busy') return res.writeHead(429, { 'retry-after': '0.01' }).end()
      if (trouble === 'cut') return req.socket.destroy()
      const { host: _, ...headers } = req.headers
      const onward = request(`${proxy.target}${path}`, { method: req.method!, headers }, (answer) => {
        if (trouble === 'drop') {
          answer.resume()
          answer.once('end', () => req.socket.destroy())
          return
        }
        res.writeHead(answer.statusCode!, answer.headers)
        if (trouble === 'half') {
          let left = Number(answer.headers['content-length'] ?? 2) >> 1
          answer.on('end', () => req.socket.destroy())
          answer.on('data', (chunk: Buffer) => {
            if (left <= 0) return
            res.write(chunk.subarray(0, left), () => left <= 0 && req.socket.destroy())
            left -= chunk.length
          })
          return
        }
        answer.pipe(res)
      })
      onward.on('error', () => req.socket.destroy())
      onward.end(body)
    })
  })
  const remember = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
  }
  server.on('connection', remember)
  server.on('upgrade', (req, socket: Socket, head) => {
    const { hostname, port } = new URL(proxy.target)
    const onward = connectTcp(Number(port), hostname)
    remember(onward)
    const headers = req.rawHeaders.reduce((lines, text, i) => lines + text + (i % 2 ? '\r\n' : ': '), '')
    onward.write(`GET ${req.url} HTTP/1.1\r\n${headers}\r\n`)
    onward.write(head)
    onward.pipe(socket).pipe(onward)
    onward.once('close', () => socket.destroy())
    socket.once('close', () => onward.destroy())
  })
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  await listen(0)
  const { port } = server.address() as AddressInfo
  const proxy: TroubledProxy = {
    origin: `http://127.0.0.1:${port}`,
    target,
    trouble: () => undefined,
    requests: [],
    underWay: 0,
    mostUnderWay: 0,
    cutAll() {
      for (const socket of sockets) socket.destroy()
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      proxy.cutAll()
      await closed
    },
    reopen: () => listen(port),
  }
  return proxy
}
