/** The built pages: files of one folder, and the app's own page for every other path. */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
}

/** The page runs its own scripts only, the inline ones by their digests, and nothing may frame it. */
const policy = (page: string) => {
  const inline = [...page.matchAll(/<script(?:\s[^>]*)?>([\s\S]*?)<\/script>/g)].map(([, text = '']) => text).filter(Boolean)
  const digests = inline.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`)
  return [
    "default-src 'self'",
    ["script-src 'self'", ...digests].join(' '),
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "media-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** By route, as SvelteKit writes it, the files that its page waits for: told with the page, they come with it and not after. */
function linksOf(routes: Record<string, string[]>): (path: string) => string | undefined {
  const patterns = Object.entries(routes).map(([route, files]) => ({
    pattern: new RegExp(`^${route.replace(/\[[^\]]+\]/g, '[^/]+')}/?$`),
    link: files.map((file) => `</${file}>; rel=${file.endsWith('.css') ? 'preload; as=style' : 'modulepreload'}`).join(', '),
  }))
  return (path) => patterns.find(({ pattern }) => pattern.test(path))?.link
}

interface File {
  path: string
  size: number
  /** Encodings there are precompressed copies in. */
  encodings: Array<'br' | 'gzip'>
}

const suffix = { br: '.br', gzip: '.gz' } as const

export type ServeStatic = (req: IncomingMessage, res: ServerResponse, path: string) => Promise<void>

/** Serves the folder that `vite build` wrote. Only what was there at the start is served, so no path can climb out of it. */
export function serveStatic(folder: string): ServeStatic {
  const files = new Map<string, File>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || /\.(br|gz)$/.test(entry.name)) continue
    const path = join(entry.parentPath, entry.name)
    const encodings = (['br', 'gzip'] as const).filter((encoding) => existsSync(path + suffix[encoding]))
    files.set(path.slice(folder.length).replaceAll('\\', '/'), { path, size: statSync(path).size, encodings })
  }

  const page = files.get('/index.html')
  const pagePolicy = policy(page ? readFileSync(page.path, 'utf8') : '')
  const routes = files.get('/routes.json')
  const linkOf = linksOf(routes ? JSON.parse(readFileSync(routes.path, 'utf8')) : {})

  return async (req, res, path) => {
    const known = files.get(path)
    const file = known ?? page
    if (!file || (req.method !== 'GET' && req.method !== 'HEAD')) {
      res.writeHead(file ? 405 : 404).end()
      return
    }
    const accepted = String(req.headers['accept-encoding'] ?? '')
    const encoding = file.encodings.find((each) => accepted.includes(each))
    const link = known ? undefined : linkOf(path)
    const actual = encoding ? file.path + suffix[encoding] : file.path
    res.writeHead(200, {
      'content-type': types[extname(file.path)] ?? 'application/octet-stream',
      'content-length': statSync(actual).size,
      // Names under /_app/immutable hold a hash of their content.
      'cache-control': path.startsWith('/_app/immutable/') && known ? 'public, max-age=31536000, immutable' : 'no-cache',
      vary: 'accept-encoding',
      'x-content-type-options': 'nosniff',
      'content-security-policy': pagePolicy,
      'referrer-policy': 'same-origin',
      ...(encoding && { 'content-encoding': encoding }),
      ...(link && { link }),
    })
    if (req.method === 'HEAD') res.end()
    else await pipeline(createReadStream(actual), res)
  }
}
