/**
 * Artifacts on MLflow's wire. Files go through as streams, both ways: memory does not grow with their size, and a slow end
 * slows the other.
 */
import type { ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { AppError } from '../errors.ts'
import { call } from '../operation.ts'
import { compact, type Exchange, get, type Method, type Route, sendJson, type Transfer } from '../rest.ts'
import {
  deleteArtifact,
  getArtifact,
  getRunArtifact,
  listArtifacts,
  putArtifact,
  putRunArtifact,
  type ReadableArtifact,
  runArtifacts,
} from './artifacts.ts'
import { entityTag, fileHeaders, matchesTag, parseRange } from './content.ts'
import { cleanUrlPath } from './path.ts'

interface WireFile {
  path: string
  is_dir: boolean
  file_size: number | null
}

const wireFile = (path: string, size: number | null) => compact<WireFile>({ path, is_dir: size === null, file_size: size })

const unsupported = (what: string) => new AppError('NOT_IMPLEMENTED', `${what} is not supported for the current artifact repository`)

const refusing = (path: string, what: string): Route => ({
  method: 'POST',
  path,
  async handle() {
    throw unsupported(what)
  },
})

export const routes: Route[] = [
  get('artifacts/list', runArtifacts, {
    in: ({ run_id, run_uuid, path }) => ({ runId: run_id || run_uuid, path }),
    out: ({ rootUri, files }) => compact({ root_uri: rootUri, files: files.map(({ path, size }) => wireFile(path, size)) }),
  }),
  ...['/api', '/ajax-api'].map((base) =>
    get(`${base}/2.0/mlflow-artifacts/artifacts`, listArtifacts, {
      out: (entries) => compact({ files: entries.map(({ name, size }) => wireFile(name, size)) }),
    }),
  ),
  refusing('artifacts/presigned-upload-url', 'Presigned upload'),
  refusing('artifacts/presigned-download-url', 'Presigned download'),
]

/** The bytes of a request's body, where it says. */
function announcedSize({ req }: Exchange): number | undefined {
  const length = req.headers['content-length']
  return length === undefined ? undefined : Number(length)
}

/** Gives a file out, or the part of it that was asked for. */
async function send({ req, res }: Exchange, artifact: ReadableArtifact): Promise<void> {
  const { name, version, size } = artifact
  const headers = fileHeaders(name, version)
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

const done = (res: ServerResponse) => sendJson(res, 200, {})

/** The same, for scripts and for pages. */
const transfer = (method: Method, path: string, handle: Transfer['handle']): Transfer[] =>
  ['/api', '/ajax-api'].map((base) => ({ method, prefix: `${base}/2.0/mlflow-artifacts/${path}`, handle }))

const download: Transfer['handle'] = async (ctx, exchange) =>
  send(exchange, await call(ctx, getArtifact, { path: cleanUrlPath(exchange.rest) }))

const downloadOfRun: Transfer['handle'] = async (ctx, exchange) => {
  whole(exchange)
  await send(exchange, await call(ctx, getRunArtifact, ofRun(exchange)))
}

/** A path that takes nothing after it. */
function whole({ req, rest }: Exchange): void {
  if (rest !== '') throw new AppError('ENDPOINT_NOT_FOUND', `There is nothing at ${req.method} ${req.url?.slice(0, 200)}.`)
}

const ofRun = ({ query }: Exchange) => ({ runId: query.get('run_id') || query.get('run_uuid'), path: query.get('path') })

/** Answers for a path, once it is known to be one. */
const refuse =
  (what: string): Transfer['handle'] =>
  async (_ctx, { rest }) => {
    cleanUrlPath(rest)
    throw unsupported(what)
  }

export const transfers: Transfer[] = [
  ...transfer('GET', 'artifacts/', download),
  ...transfer('HEAD', 'artifacts/', download),
  ...transfer('PUT', 'artifacts/', async (ctx, exchange) => {
    await call(ctx, putArtifact, { path: cleanUrlPath(exchange.rest), body: exchange.req, size: announcedSize(exchange) })
    done(exchange.res)
  }),
  ...transfer('DELETE', 'artifacts/', async (ctx, { res, rest }) => {
    await call(ctx, deleteArtifact, { path: cleanUrlPath(rest) })
    done(res)
  }),
  ...['create', 'complete', 'abort'].flatMap((step) => transfer('POST', `mpu/${step}/`, refuse('Multipart upload'))),
  ...transfer('GET', 'presigned/', refuse('Multipart download')),
  { method: 'GET', prefix: '/get-artifact', handle: downloadOfRun },
  { method: 'HEAD', prefix: '/get-artifact', handle: downloadOfRun },
  {
    method: 'POST',
    prefix: '/ajax-api/2.0/mlflow/upload-artifact',
    async handle(ctx, exchange) {
      whole(exchange)
      await call(ctx, putRunArtifact, { ...ofRun(exchange), body: exchange.req, size: announcedSize(exchange) })
      done(exchange.res)
    },
  },
]
