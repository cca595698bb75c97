/** A file over HTTP: how a list names it, and how its bytes are given out, whole or in part, as a stream. */
import { pipeline } from 'node:stream/promises'
import { compact, type Exchange } from '../rest.ts'
import type { ReadableArtifact } from './artifacts.ts'
import { entityTag, fileHeaders, matchesTag, parseRange } from './content.ts'

interface WireFile {
  path: string
  is_dir: boolean
  file_size: number | null
}

/** As MLflow's lists have it: a folder has no size. */
export const wireFile = (path: string, size: number | null) => compact<WireFile>({ path, is_dir: size === null, file_size: size })

/** Gives a file out, or the part of it that was asked for. With `show=page` HTML and PDF are to be looked at, in a sandbox. */
export async function sendFile({ req, res, query }: Exchange, artifact: ReadableArtifact): Promise<void> {
  const { name, version, size } = artifact
  const headers = fileHeaders(name, version, query.get('show') === 'page')
  const { range: header, 'if-range': condition, 'if-none-match': known } = req.headers
  if (known && matchesTag(known, headers.etag)) return void res.writeHead(304, headers).end()
  if (req.method === 'HEAD') return void res.writeHead(200, { ...headers, 'content-length': size }).end()

  const range = condition && condition !== headers.etag ? undefined : parseRange(header, size)
  if (range === null) return void res.writeHead(416, { 'content-range': `bytes */${size}`, 'content-length': 0 }).end()
  if (range) {
    const file = await artifact.open(range)
    if (file.version === version) {
      const { start, end } = range
      res.writeHead(206, { ...headers, 'content-range': `bytes ${start}-${end}/${size}`, 'content-length': end - start + 1 })
      return pipeline(file.body, res)
    }
    // Another file is there since: bytes that were counted in the old one mean nothing in it, so it is sent whole.
    file.body.destroy()
  }
  const file = await artifact.open()
  res.writeHead(200, { ...headers, etag: entityTag(file.version), 'content-length': file.size })
  return pipeline(file.body, res)
}
