/** A line to a server that can be cut, as the network between them is: open connections break, and no new one is made until it is mended. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface Line {
  origin: string
  cut(): void
  mend(): void
  close(): void
}

export async function lineTo(origin: string): Promise<Line> {
  const { hostname, port } = new URL(origin)
  const open = new Set<Socket>()
  let isCut = false
  const server = createServer((near) => {
    if (isCut) return void near.destroy()
    const far = connect(Number(port), hostname)
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one)
      one.pipe(other)
      one.on('error', () => {})
      one.on('close', () => {
        open.delete(one)
        other.destroy()
      })
    }
  }).listen(0, hostname)
  await once(server, 'listening')
  const cut = () => {
    isCut = true
    for (const each of open) each.destroy()
  }
  return {
    origin: `http://${hostname}:${(server.address() as AddressInfo).port}`,
    cut,
    mend: () => {
      isCut = false
    },
    close: () => {
      cut()
      server.close()
    },
  }
}
