/** The headers of a file that is given out. Whatever it holds, no browser runs it as a page of this server. */
import { extname } from 'node:path'
import type { Range } from '@tidegate/plugin'
import mime from 'mime'

/** Text to read, whatever else the extension may mean: '.ts' is no video here. MLflow's list, and some more. */
const text = new Set(
  'txt log err cfg conf cnf cf ini properties prop hocon toml yaml yml xml json jsonl js mjs ts py py3 r csv tsv md rst ipynb sh sql MLmodel MLproject'.split(
    ' ',
  ),
)

/** By the name alone. */
export function contentType(name: string): string {
  if (text.has(extname(name).slice(1).toLowerCase() || name)) return 'text/plain; charset=utf-8'
  const type = mime.getType(name) ?? 'application/octet-stream'
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type
}

/** A download under its own name: RFC 6266, with RFC 5987's form where the name is not plain ASCII. */
export function contentDisposition(name: string): string {
  const plain = name.normalize('NFKD').replace(/[^\x20-\x7e]|["\\%]/g, '') || 'download'
  if (plain === name) return `attachment; filename="${name}"`
  const encoded = encodeURIComponent(name).replace(/['()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}

/** What a browser shows by itself, of the kinds it may show at all. */
const shownAs: Record<string, { type: string; policy: string }> = {
  // Its scripts run, so that an interactive figure is one, in an origin of its own: no cookie, no storage and no request of ours is theirs,
  // and none to anywhere else.
  '.html': {
    type: 'text/html; charset=utf-8',
    policy:
      "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob: data:; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; media-src data: blob:; worker-src blob:; frame-ancestors 'self'",
  },
  // A viewer of PDF is the browser's own page: in a sandbox it does not start.
  '.pdf': { type: 'application/pdf', policy: "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'" },
}
shownAs['.htm'] = shownAs['.html']!

/** `asPage`: to be looked at within a page of ours, where its kind can be; else it is a download. */
export function fileHeaders(name: string, version: string, asPage: boolean) {
  const shown = asPage ? shownAs[extname(name).toLowerCase()] : undefined
  return {
    'content-type': shown?.type ?? contentType(name),
    'content-disposition': shown ? 'inline' : contentDisposition(name),
    'x-content-type-options': 'nosniff',
    // An image or a style may show; nothing runs, nothing is fetched, and no cookie of ours is in reach.
    'content-security-policy': shown?.policy ?? "sandbox; default-src 'none'; style-src 'unsafe-inline'",
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-cache',
    etag: entityTag(version),
  }
}

export const entityTag = (version: string) => `"${version}"`

/** Whether one of an If-None-Match's tags is this one; weak or strong is the same here. */
export const matchesTag = (header: string, tag: string): boolean =>
  header.split(',').some((each) => ['*', tag, `W/${tag}`].includes(each.trim()))

/**
 * What a Range header asks of a file of `size` bytes: undefined is the whole file, also where it asks for several ranges
 * or in another unit, as RFC 9110 allows; null is nothing that is there.
 */
export function parseRange(header: string | undefined, size: number): Range | null | undefined {
  const [, first, last] = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(header ?? '') ?? []
  if (first === undefined || last === undefined || first + last === '') return undefined
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined
  return start < size && start <= end ? { start, end } : null
}
