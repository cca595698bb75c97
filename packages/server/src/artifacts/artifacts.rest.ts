/**
 * Artifacts on MLflow's wire. Files go through as streams, both ways: memory does not grow with their size, and a slow end
 * slows the other.
 */
import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { type Readable, Transform, pipeline as through } from 'node:stream'
import { AppError, invalid } from '../errors.ts'
import { call } from '../operation.ts'
import { compact, type Exchange, get, type Method, nothingAt, post, type Route, sendJson, type Transfer } from '../rest.ts'
import { deleteArtifact, getArtifact, getRunArtifact, listArtifacts, putArtifact, putRunArtifact, runArtifacts } from './artifacts.ts'
import { cleanUrlPath } from './path.ts'
import { presignDownload, presignUpload } from './presign.ts'
import { sendFile, wireFile } from './wire-file.ts'

const unsupported = (what: string) => new AppError('NOT_IMPLEMENTED', `${what} is not supported for the current artifact repository`)

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
  post('artifacts/presigned-upload-url', presignUpload),
  post('artifacts/presigned-download-url', presignDownload),
]

/** The bytes of a request's body, where it says. */
function announcedSize({ req }: Exchange): number | undefined {
  const length = req.headers['content-length']
  return length === undefined ? undefined : Number(length)
}

const done = (res: ServerResponse) => sendJson(res, 200, {})

/** A body on its way into a store; `answer` says what it came to, to those who ask as RFC 9530 has it. */
function received({ req, res }: Exchange): { body: Readable; answer(): void } {
  if (!/\bsha-256\b/.test(String(req.headers['want-repr-digest'] ?? ''))) return { body: req, answer: () => done(res) }
  const sum = createHash('sha256')
  const body = new Transform({
    transform(chunk, _encoding, next) {
      sum.update(chunk)
      next(null, chunk)
    },
  })
  // Where the sender is cut off, the body fails as the request does.
  through(req, body, () => {})
  return {
    body,
    answer() {
      res.setHeader('repr-digest', `sha-256=:${sum.digest('base64')}:`)
      done(res)
    },
  }
}

/** The same, for scripts and for pages. */
const transfer = (method: Method, path: string, handle: Transfer['handle']): Transfer[] =>
  ['/api', '/ajax-api'].map((base) => ({ method, prefix: `${base}/2.0/mlflow-artifacts/${path}`, handle }))

const download: Transfer['handle'] = async (ctx, exchange) =>
  sendFile(exchange, await call(ctx, getArtifact, { path: cleanUrlPath(exchange.rest) }))

const downloadOfRun: Transfer['handle'] = async (ctx, exchange) => {
  whole(exchange)
  await sendFile(exchange, await call(ctx, getRunArtifact, ofRun(exchange)))
}

/** A path that takes nothing after it. */
function whole({ req, rest }: Exchange): void {
  if (rest !== '') throw nothingAt(req)
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
    const { body, answer } = received(exchange)
    await call(ctx, putArtifact, { path: cleanUrlPath(exchange.rest), body, size: announcedSize(exchange) })
    answer()
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
      const { runId, path } = ofRun(exchange)
      const size = announcedSize(exchange)
      // MLflow's sentences.
      if (!runId) throw invalid('Request must specify run_uuid.')
      if (!path) throw invalid('Request must specify path.')
      // An empty file is meant where the caller says so: `size=0`.
      const isEmpty = exchange.query.get('size') === '0'
      if (!size && !isEmpty && !exchange.req.headers['transfer-encoding']) throw invalid('Request must specify data.')
      const { body, answer } = received(exchange)
      await call(ctx, putRunArtifact, { runId, path, body, size })
      answer()
    },
  },
]
