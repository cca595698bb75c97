/** The client of a command. Always true: who asks goes along with every request to that server, and to no other. */
import { type Client, connect } from '@tidegate/client'
import { WebSocket } from 'ws'
import { type Access, headersOf } from './profiles.ts'

export function openClient(access: Access): Client {
  const headers = headersOf(access)
  const { origin } = new URL(access.url)
  if (Object.keys(headers).length) {
    const plain = globalThis.fetch
    globalThis.fetch = (input, init) => {
      const url = input instanceof Request ? input.url : String(input)
      if (new URL(url).origin !== origin) return plain(input, init)
      return plain(input, { ...init, headers: { ...headers, ...Object.fromEntries(new Headers(init?.headers)) } })
    }
  }
  class Socket extends WebSocket {
    constructor(url: string, protocols?: string | string[]) {
      super(url, protocols, { headers })
    }
  }
  return connect({ url: access.url, webSocket: Socket })
}
