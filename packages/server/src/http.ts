/** The sockets: MLflow's wire, transfers of files, GraphQL over HTTP and WebSocket, and the pages, on one port. */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { abilityOf } from './access.ts'
import { type Ctx, checkSignedIn, type Kernel } from './context.ts'
import { AppError, codes } from './errors.ts'
import type { GraphqlFace } from './graphql.ts'
import { routes, transfers } from './modules.ts'
import {
  decodeSegment,
  nothingAt,
  pathMatcher,
  queryArguments,
  type Route,
  readJson,
  sendError,
  sendJson,
  spellWire,
  type Wire,
} from './rest.ts'
import { openPaths } from './server-info.ts'
import type { Sites } from './sites.ts'
import { serveStatic } from './static.ts'

export interface HttpOptions {
  /** The folder of built pages. Without it there are none. */
  pages?: string | undefined
  graphql: GraphqlFace
  sites: Sites
}

/** Below which a route is: for scripts, for pages, and as old R and Java clients say it. */
const bases = ['/api/2.0/mlflow/', '/ajax-api/2.0/mlflow/', '/api/2.0/preview/mlflow/']

/** Whole paths to routes. */
const table = new Map<string, Partial<Record<string, Route>>>()
for (const route of routes) {
  const paths = route.path.startsWith('/') ? [route.path] : bases.map((base) => base + route.path)
  for (const path of paths) table.set(path, { ...table.get(path), [route.method]: route })
}
/** Those with parameters. Looked at after the exact ones, which are the busy ones. */
const patterns = [...table].filter(([path]) => path.includes('{')).map(([path, methods]) => ({ ...pathMatcher(path), methods }))

/** The routes at a path, by method, and the arguments that the path holds. */
function find(path: string): { methods: Partial<Record<string, Route>>; inPath?: Wire } | undefined {
  const exact = table.get(path)
  if (exact) return { methods: exact }
  for (const { matches, names, methods } of patterns) {
    const found = matches.exec(path)
    if (found) return { methods, inPath: Object.fromEntries(names.map((name, i) => [name, decodeSegment(found[i + 1]!)])) }
  }
  return undefined
}

const rest = { door: 'REST', spell: spellWire } as const
const asGraphql = { door: 'GRAPHQL', spell: (field: string) => field } as const

const alive = new Set(['/health', '/version'])

export function createHttp(kernel: Kernel, { pages, graphql, sites }: HttpOptions): Server {
  const serve = pages ? serveStatic(pages) : undefined

  async function contextOf(req: IncomingMessage, res?: ServerResponse, face: Pick<Ctx, 'door' | 'spell'> = rest): Promise<Ctx> {
    const { actor, workspace, standing, through } = await kernel.authenticate(req)
    const ctx: Ctx = { ...kernel, actor, workspace, standing, through, ability: abilityOf(actor, workspace.id, standing), ...face }
    if (res) {
      const gone = new AbortController()
      res.once('close', () => gone.abort())
      ctx.signal = gone.signal
    }
    return ctx
  }

  async function answer(req: IncomingMessage, res: ServerResponse) {
    const [path = '/', search = ''] = (req.url ?? '/').split(/\?(.*)/s)
    // What asks whether we live, such as a balancer, knows no name of ours.
    if (!alive.has(path) && sites.check(req, res)) return
    res.setHeader('x-content-type-options', 'nosniff')
    res.setHeader('cross-origin-resource-policy', 'same-origin')

    const found = find(path)
    if (found) {
      const { methods, inPath } = found
      const route = methods[req.method ?? '']
      if (!route) {
        res.setHeader('allow', Object.keys(methods).join(', '))
        throw new AppError('METHOD_NOT_ALLOWED', `${req.method} is not allowed here: use ${Object.keys(methods).join(' or ')}.`)
      }
      const ctx = await contextOf(req)
      checkSignedIn(ctx)
      const asked = queryArguments(new URLSearchParams(search))
      const input = route.method === 'GET' ? asked : await readJson(req, route.limit ?? 1024 * 1024)
      // Databricks' clients say in the query what is to be deleted, MLflow's in the body.
      if (route.method === 'DELETE') for (const key in asked) input[key] ??= asked[key]
      return sendJson(res, 200, await route.handle(ctx, inPath ? { ...input, ...inPath } : input))
    }
    for (const transfer of transfers) {
      if (transfer.method !== req.method || !path.startsWith(transfer.prefix)) continue
      return transfer.handle(await contextOf(req, res), {
        req,
        res,
        rest: path.slice(transfer.prefix.length),
        query: new URLSearchParams(search),
      })
    }
    if (path === '/graphql') return graphql.answer(req, res, () => contextOf(req, undefined, asGraphql))
    const open = openPaths.get(path)
    if (typeof open === 'string') return void res.writeHead(200, { 'content-type': 'text/plain' }).end(open)
    if (open) return sendJson(res, 200, open)
    if (/^\/(api|ajax-api)\//.test(path)) throw nothingAt(req)
    if (serve) return serve(req, res, path)
    throw new AppError('ENDPOINT_NOT_FOUND', 'The pages are not built. Run `pnpm start`, or ask /api and /graphql.')
  }

  // Node would end a request after five minutes, and a large upload takes longer. Headers still have theirs: one.
  const server = createServer({ noDelay: true, keepAliveTimeout: 65_000, requestTimeout: 0 }, (req, res) => {
    answer(req, res).catch((error: unknown) => {
      if (res.destroyed) return
      if (error instanceof AppError) {
        if (error.code === 'UNAUTHENTICATED' && !res.headersSent) res.setHeader('www-authenticate', 'Bearer realm="tidegate"')
        // Before GraphQL has the request, and in its shape all the same.
        if (req.url?.startsWith('/graphql') && !res.headersSent)
          sendJson(res, codes[error.code], { errors: [{ message: error.message, extensions: { code: error.code } }] })
        else sendError(res, error)
      } else {
        const id = randomUUID()
        kernel.log.error({ err: error, id, method: req.method, url: req.url }, 'a request failed')
        sendError(res, new AppError('INTERNAL_ERROR', `Something failed here that should not. The server's log has it under ${id}.`))
      }
      // Many clients hear the answer only when they have sent all: a refused body is thrown away, for so long.
      if (!req.complete) {
        req.resume()
        setTimeout(() => {
          if (!req.complete) req.socket?.destroy()
        }, 10_000).unref()
      }
    })
  })

  server.on('upgrade', (req: IncomingMessage, socket: Socket, head: Buffer) => {
    const refuse = (status: string) => socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n\r\n`)
    try {
      sites.check(req, undefined)
    } catch {
      return refuse('403 Forbidden')
    }
    if (new URL(req.url ?? '/', 'http://localhost').pathname !== '/graphql') return refuse('404 Not Found')
    graphql.upgrade(req, socket, head, () => contextOf(req, undefined, asGraphql))
  })
  return server
}
