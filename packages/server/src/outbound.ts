/**
 * Calls that leave the server, to addresses that users name. Always true: what is connected to is an address on the public
 * internet or one that the operator has named (`--outbound-hosts`), checked after the name was looked up, so that no name
 * leads into the network behind the server; redirects are not followed.
 */
import { lookup } from 'node:dns'
import { type IncomingMessage, request as overHttp } from 'node:http'
import { request as overHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { invalid } from './errors.ts'

export interface Outbound {
  /** Throws INVALID_PARAMETER_VALUE where a URL can't be called, as far as its text tells. */
  check(url: string, field: string): void
  /** The operator has named its host. */
  isNamed(url: string): boolean
  /** Sends a body, gives the answer's status. Throws where there is none. */
  post(url: string, call: { headers: Record<string, string>; body: string; signal: AbortSignal }): Promise<number>
  /** The same with the answer, a mebibyte at most: for libraries that want a `fetch`. */
  fetch(
    url: string,
    call: { method: string; headers: Record<string, string>; body?: BodyInit | null; signal?: AbortSignal },
  ): Promise<Response>
}

/** How long a call may take, ms. */
const patience = 10_000
/** Bytes of an answer that is read. */
const mostRead = 1024 * 1024
const way = 'Use a public address, or let the operator name the host with --outbound-hosts.'

const isPublic = (address: string) => ipaddr.process(address).range() === 'unicast'

export function openOutbound(allowedHosts: readonly string[]): Outbound {
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()))

  /** Why an address is refused before it is looked up. */
  function fault(text: string): string | undefined {
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (!url || !['http:', 'https:'].includes(url.protocol)) return 'It must be an http:// or https:// URL.'
    if (url.username || url.password) return 'It must not hold a user name or a password.'
    const host = url.hostname.replace(/^\[|\]$/g, '')
    if (allowed.has(host)) return undefined
    if (ipaddr.isValid(host) ? !isPublic(host) : /^localhost$|\.localhost$|\.local$|\.internal$|^[^.]+$/.test(host))
      return `'${host}' is not an address on the public internet. ${way}`
    return undefined
  }

  const checkedLookup: LookupFunction = (host, options, done) =>
    lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, '', 0)
      const bad = allowed.has(host) ? undefined : addresses.find(({ address }) => !isPublic(address))
      if (bad) return done(new Error(`'${host}' leads to ${bad.address}, which is not on the public internet. ${way}`), '', 0)
      if (options.all) return (done as (error: null, addresses: object[]) => void)(null, addresses)
      done(null, addresses[0]!.address, addresses[0]!.family)
    })

  function send(
    url: string,
    call: { method: string; headers: Record<string, string>; body: Buffer | undefined; signal: AbortSignal | undefined },
  ) {
    return new Promise<IncomingMessage>((resolve, reject) => {
      const message = fault(url)
      if (message) return reject(new Error(message))
      const { method, headers, body, signal } = call
      const request = (url.startsWith('https:') ? overHttps : overHttp)(url, {
        method,
        headers: { ...headers, ...(body && { 'content-length': body.length }) },
        lookup: checkedLookup,
        agent: false,
        signal: AbortSignal.any([AbortSignal.timeout(patience), ...(signal ? [signal] : [])]),
      })
      request.on('error', reject)
      request.on('response', resolve)
      request.end(body)
    })
  }

  return {
    isNamed: (url) => allowed.has(new URL(url).hostname.replace(/^\[|\]$/g, '')),
    check(url, field) {
      const message = fault(url)
      if (message) throw invalid(`The URL can't be called. ${message}`, field)
    },
    async post(url, { headers, body, signal }) {
      const response = await send(url, { method: 'POST', headers, body: Buffer.from(body), signal })
      // Whatever it says is nobody's to read here.
      response.resume()
      return response.statusCode ?? 0
    },
    async fetch(url, { method, headers, body, signal }) {
      const bytes = body == null ? undefined : Buffer.from(await new Response(body).arrayBuffer())
      const response = await send(url, { method, headers, body: bytes, signal })
      const chunks: Buffer[] = []
      let size = 0
      for await (const chunk of response as AsyncIterable<Buffer>) {
        size += chunk.length
        if (size > mostRead) throw new Error(`'${new URL(url).host}' answers with more than ${mostRead} bytes`)
        chunks.push(chunk)
      }
      const answered = new Headers()
      for (const [name, values] of Object.entries(response.headersDistinct)) for (const value of values ?? []) answered.append(name, value)
      const status = response.statusCode ?? 0
      return new Response([204, 205, 304].includes(status) ? null : Buffer.concat(chunks), { status, headers: answered })
    },
  }
}
