/**
 * Which sites' requests are answered. A page of another site must not reach us through somebody's browser: not by a name
 * that it points at our address (DNS rebinding: Host), and not by a request of its own (CSRF: Origin, Sec-Fetch-Site).
 * Always true: a request is answered under a name that is ours only; one that a browser sent for a page comes from a page
 * of the same host and port, or of an origin that the operator has named. Following a link is no request of the page.
 * What is no browser sends neither header, and is asked who it is like anybody.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { AppError } from './errors.ts'

export interface SiteOptions {
  /** Names and addresses we answer to, besides loopback's. */
  hosts: readonly string[]
  /** Where our pages are, whatever Host a proxy in front makes of it. */
  own?: string | undefined
  /** Whose pages may call us, such as https://notebooks.example.com. */
  origins: readonly string[]
  /** Pages of any port of loopback may: a development server's. */
  development: boolean
}

export interface Sites {
  /** Throws PERMISSION_DENIED where it is not to be answered. True where it was answered here: a browser asked whether it may ask. */
  check(req: IncomingMessage, res: ServerResponse | undefined): boolean
}

const loopback = ['127.0.0.1', 'localhost', '[::1]']
const refused = (message: string) => new AppError('PERMISSION_DENIED', message)
/** As a header has it: an address of IPv6 in brackets. */
const bracketed = (host: string) => (host.includes(':') && !host.startsWith('[') ? `[${host}]` : host).toLowerCase()

/** The name in a Host header, without its port. Undefined where it is none: Host is not a URL, so it is not read as one. */
const nameIn = (host: string) => /^(\[[\da-f:.]+\]|[^\s:/@?#[\]\\]+)(:\d{1,5})?$/i.exec(host)?.[1]?.toLowerCase()

export function openSites({ hosts, own, origins, development }: SiteOptions): Sites {
  const ours = new Set([...loopback, ...hosts.map(bracketed)])
  const allowed = new Set(origins)

  /** Whether it is a page of ours. */
  function isOwn(origin: string, host: string): boolean {
    if (origin === own) return true
    if (!/^https?:\/\//.test(origin) || !URL.canParse(origin)) return false
    const url = new URL(origin)
    // The scheme is not compared: what speaks TLS in front of us speaks HTTP to us.
    return url.host === host.toLowerCase() || (development && loopback.includes(url.hostname))
  }

  return {
    check(req, res) {
      const { host = '', origin, 'sec-fetch-site': site } = req.headers
      const name = nameIn(host)
      if (!name || !ours.has(name)) {
        throw refused(
          `The host '${host.slice(0, 200)}' is not one this server answers to. Use localhost or 127.0.0.1, or let the operator name it with --allowed-hosts.`,
        )
      }
      if (origin !== undefined) {
        const isForeign = !isOwn(origin, host)
        if (isForeign && !allowed.has(origin)) {
          throw refused(
            `Requests from pages of '${origin.slice(0, 200)}' are refused. If they are yours, let the operator name it with --allowed-origins.`,
          )
        }
        if (!isForeign) return false
        // Of a neighbouring name a browser would send whoever's session: a page of another site is to say who it speaks for.
        delete req.headers.cookie
        if (!res) return false
        res.setHeader('access-control-allow-origin', origin)
        res.setHeader('access-control-expose-headers', '*')
        res.setHeader('vary', 'origin')
        const asked = req.headers['access-control-request-method']
        if (req.method !== 'OPTIONS' || !asked) return false
        res.writeHead(204, {
          'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
          'access-control-allow-headers': req.headers['access-control-request-headers'] ?? '',
          'access-control-max-age': '600',
        })
        res.end()
        return true
      }
      if (site === undefined || site === 'same-origin' || site === 'none') return false
      const { 'sec-fetch-mode': mode, 'sec-fetch-dest': dest } = req.headers
      const isLink = req.method === 'GET' && mode === 'navigate' && dest === 'document'
      if (!isLink)
        throw refused('Requests from pages of another site are refused. A link is followed; images, frames and scripts are not sent.')
      return false
    },
  }
}
