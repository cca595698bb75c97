/**
 * MLflow's REST is remote calls on fixed paths, so a face is a table of routes and the router a Map. Here: how a route is
 * written, how its input is read and how an answer or an error leaves. What the paths are is in the `*.rest.ts` files.
 */
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Ctx } from './context.ts'
import { AppError, codes } from './errors.ts'
import { call, type Operation } from './operation.ts'

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
/** A request's arguments, as they came: from the query string of a GET, else from the JSON body. */
export type Wire = Record<string, unknown>

/** A call: JSON in, JSON out. */
export interface Route {
  method: Method
  /**
   * Below /api/2.0/mlflow/ and its other names; one that begins with '/' is taken as it is. `{model_id}` stands for a segment,
   * which becomes an argument of that name; `{tag_key...}` for all the rest.
   */
  path: string
  /** Bytes of body at most. @default 1 MiB, as MLflow's limit for log-batch */
  limit?: number
  handle(ctx: Ctx, input: Wire): Promise<unknown>
}

/** A transfer: handed the sockets themselves, because its body is streamed. */
export interface Transfer {
  method: Method
  /** Where its paths begin, whole; what follows is given to `handle`, still percent-encoded. */
  prefix: string
  handle(ctx: Ctx, exchange: Exchange): Promise<void>
}

export interface Exchange {
  req: IncomingMessage
  res: ServerResponse
  /** The path after the prefix, percent-encoded as it came. */
  rest: string
  query: URLSearchParams
}

const MiB = 1024 * 1024
const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const camel = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** `runId` as the wire spells it: `run_id`. */
export const spellWire = snake

/** snake_case keys to camelCase: of an object, not of what is nested in it. */
export function camelKeys(input: Wire): Wire {
  const out: Wire = {}
  for (const key in input) out[camel(key)] = input[key]
  return out
}

/** The same of an item of a list, where it is an object; whatever else it is, the operation refuses. */
export const camelItem = (item: unknown): unknown =>
  typeof item === 'object' && item && !Array.isArray(item) ? camelKeys(item as Wire) : item
export const camelItems = (list: unknown): unknown => (Array.isArray(list) ? list.map(camelItem) : list)

/** A double as protobuf's JSON has it. */
export const realToWire = (value: number): number | string => (Number.isFinite(value) ? value : String(value))

interface Shape<Result> {
  /** For what is more than snake to camel. */
  in?: (input: Wire) => Wire
  /** The answer's JSON. @default {} */
  out?: (result: Result, ctx: Ctx) => unknown | Promise<unknown>
  limit?: number
}

const route =
  (method: Method) =>
  <Input, Row, Result>(path: string, op: Operation<Input, Row, Result>, shape: Shape<Result> = {}): Route => ({
    method,
    path,
    limit: shape.limit ?? MiB,
    async handle(ctx, input) {
      const result = await call(ctx, op, (shape.in ?? camelKeys)(input))
      return shape.out ? shape.out(result, ctx) : {}
    },
  })

export const get = route('GET')
export const post = route('POST')
export const put = route('PUT')
export const patch = route('PATCH')
export const remove = route('DELETE')

/** What a path takes: exact text between its parameters. */
export function pathMatcher(path: string): { matches: RegExp; names: string[] } {
  const names: string[] = []
  const pattern = path.replace(/\{(\w+)(\.\.\.)?\}|[.*+?^$()|[\]\\]/g, (found, name?: string, rest?: string) => {
    if (!name) return `\\${found}`
    names.push(name)
    return rest ? '(.+)' : '([^/]+)'
  })
  return { matches: new RegExp(`^${pattern}$`), names }
}

/** Nothing is there. Without what was asked of it: that is no part of where. */
export const nothingAt = ({ method, url = '' }: Pick<IncomingMessage, 'method' | 'url'>): AppError =>
  new AppError('ENDPOINT_NOT_FOUND', `There is nothing at ${method} ${url.split('?')[0]!.slice(0, 200)}.`)

/** A segment of a URL as text. Throws where it is no valid escape. */
export function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new AppError(
      'INVALID_PARAMETER_VALUE',
      `'${segment.slice(0, 100)}' is not a valid part of a URL: % begins an escape of two hexadecimal digits.`,
    )
  }
}

/** Drops what is unset and empty lists, as protobuf's JSON does. */
export function compact<T extends object>(message: T): Partial<T> {
  const out: Partial<T> = {}
  for (const key in message) {
    const value = message[key]
    if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) continue
    out[key] = value
  }
  return out
}

/** The query string as arguments: what comes more than once is a list. */
export function queryArguments(query: URLSearchParams): Wire {
  const out: Wire = {}
  for (const [key, value] of query) {
    const before = out[key]
    out[key] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value]
  }
  return out
}

/** The body whole, refused as soon as it is known to be too large. Throws MALFORMED_REQUEST where it isn't a JSON object. */
export async function readJson(req: IncomingMessage, limit: number): Promise<Wire> {
  const tooLarge = () => new AppError('REQUEST_TOO_LARGE', `The body is larger than ${limit} bytes. Send it in several requests.`)
  if (Number(req.headers['content-length'] ?? 0) > limit) throw tooLarge()
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) throw tooLarge()
    chunks.push(chunk)
  }
  if (size === 0) return {}
  if (!/^application\/json\b/i.test(req.headers['content-type'] ?? '')) {
    throw new AppError('INVALID_PARAMETER_VALUE', "Bad Request. Content-Type must be 'application/json'.")
  }
  const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
  if (!isUtf8(bytes)) throw new AppError('MALFORMED_REQUEST', 'The body is not UTF-8.')
  const text = bytes.toString('utf8')
  let value: unknown
  try {
    value = JSON.parse(text)
    // Clients of before 1.0 encoded it twice.
    if (typeof value === 'string') value = JSON.parse(value)
  } catch (error) {
    throw new AppError('MALFORMED_REQUEST', `The body is not JSON: ${(error as Error).message}`, { cause: error })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AppError('MALFORMED_REQUEST', 'The body must be a JSON object, such as {"run_id": "..."}.')
  }
  return value as Wire
}

export function sendJson(res: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value)
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  res.end(body)
}

/** MLflow's error shape. */
export function sendError(res: ServerResponse, error: AppError): void {
  if (res.headersSent) return void res.destroy()
  sendJson(res, codes[error.code], { error_code: error.code, message: error.message })
}
