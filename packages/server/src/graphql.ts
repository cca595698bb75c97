/** GraphQL over HTTP, Server-Sent Events and graphql-ws: one schema, one set of limits, one way that errors look. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { complexityFromQuery } from '@pothos/plugin-complexity'
import { GraphQLError, type GraphQLSchema } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { createYoga, type Plugin } from 'graphql-yoga'
import { WebSocketServer } from 'ws'
import { keepsAll } from './access.ts'
import { builder, limits } from './builder.ts'
import type { Ctx, Kernel } from './context.ts'
import { describe } from './descriptions.ts'
import type { DocumentParams, Documents } from './documents.ts'
import { AppError, codes } from './errors.ts'
import { graphql as modules } from './modules.ts'
import { readJson, type Wire } from './rest.ts'
import { endable } from './subscription.ts'

/** Bytes of an operation with its variables: a batch of 1 000 metrics fits many times over. */
const bodyLimit = 4 * 1024 * 1024
/** A request with this header is told what its operation costs, and the operation does not run. */
const explainHeader = 'x-tidegate-explain'
/** A socket lives an hour at most and is then asked again who it is, ms. */
const socketLife = 60 * 60 * 1000

export interface GraphqlFace {
  answer(req: IncomingMessage, res: ServerResponse, context: () => Promise<Ctx>): Promise<void>
  upgrade(req: IncomingMessage, socket: Socket, head: Buffer, context: () => Promise<Ctx>): void
  close(): Promise<void>
}

/** What an error began as: executors wrap it, some twice. */
function root(error: unknown): unknown {
  const cause = error instanceof GraphQLError ? (error.originalError ?? error.cause) : undefined
  return cause ? root(cause) : error
}

let schema: Promise<GraphQLSchema> | undefined
/** The schema, built once. */
export const buildSchema = (): Promise<GraphQLSchema> => (schema ??= modules().then(() => describe(builder.toSchema({}))))

export async function createGraphql(kernel: Kernel, documents: Documents, { dev = false }: { dev?: boolean } = {}): Promise<GraphqlFace> {
  /** What a caller should hear of an error, with its code; anything else is logged and answered by an id. */
  function face(error: unknown): Error {
    const original = root(error)
    const at = error instanceof GraphQLError ? { nodes: error.nodes ?? null, path: error.path ?? null } : {}
    if (original instanceof AppError) {
      return new GraphQLError(original.plain ?? original.message, {
        ...at,
        extensions: { code: original.code, ...(original.field && { field: original.field }) },
      })
    }
    if (error instanceof GraphQLError && original instanceof GraphQLError) {
      // Libraries have codes of their own for what does not fit the schema; the list of ours is closed.
      const { code: given, ...extensions } = error.extensions
      const code = String(given) in codes ? given : 'MALFORMED_REQUEST'
      return new GraphQLError(error.message, {
        ...at,
        source: error.source ?? null,
        positions: error.positions ?? null,
        extensions: { ...extensions, code },
      })
    }
    const id = randomUUID()
    kernel.log.error({ err: original, id }, 'a GraphQL operation failed')
    return new GraphQLError(`Something failed here that should not. The server's log has it under ${id}.`, {
      ...at,
      extensions: { code: 'INTERNAL_ERROR', id },
    })
  }

  const answers: Plugin<{ req?: IncomingMessage }> = {
    // What comes by the id of its document goes on as if it had come whole.
    onParams({ params, setParams }) {
      try {
        const { documentId: _, ...rest } = params as typeof params & DocumentParams
        setParams({ ...rest, query: documents.textOf(params) })
      } catch (error) {
        throw face(error)
      }
    },
    // Faults of a document are not masked by the library, and have codes of its own.
    onResultProcess({ result, setResult }) {
      if (
        Symbol.asyncIterator in result ||
        Array.isArray(result) ||
        !result.errors?.some((error) => !(String(error.extensions?.code) in codes))
      )
        return
      setResult({ ...result, errors: result.errors.map((error) => face(error) as GraphQLError) })
    },
    // A stream of Server-Sent Events ends as a socket does, and says why.
    onSubscribe({ args }) {
      const { req, ...ctx } = args.contextValue as unknown as Ctx & { req?: IncomingMessage }
      const context = req && contexts.get(req)
      if (!context) return undefined
      return {
        onSubscribeResult({ result, setResult }) {
          if (!(Symbol.asyncIterator in result)) return
          const { events, end } = endable(result)
          setResult(events)
          const release = hold({
            context,
            rights: ctx,
            end: (why) => end({ errors: [face(new AppError('UNAUTHENTICATED', why)) as GraphQLError] }),
          })
          streams.get(req)?.once('close', release)
        },
      }
    },
    // What an operation costs stands in its answer, so that clients know how near the limit they are. Where only that is
    // asked for, nothing runs.
    onExecute({ args, setResultAndStopExecution }) {
      const { complexity, depth, breadth } = complexityFromQuery(args.document, {
        schema: args.schema,
        ctx: args.contextValue,
        variables: args.variableValues ?? {},
        ...(args.operationName && { operationName: args.operationName }),
      })
      if (args.contextValue.req?.headers[explainHeader]) {
        setResultAndStopExecution({ data: null, extensions: { cost: complexity, depth, breadth, limits } })
        return undefined
      }
      return {
        onExecuteDone({ result, setResult }) {
          if (!(Symbol.asyncIterator in result)) setResult({ ...result, extensions: { ...result.extensions, cost: complexity } })
        },
      }
    },
  }

  const yoga = createYoga<Ctx & { req?: IncomingMessage }>({
    schema: await buildSchema(),
    graphqlEndpoint: '/graphql',
    landingPage: false,
    graphiql: dev && { title: 'Tidegate' },
    // Megabytes of a page: only where it is asked for.
    ...(dev && { renderGraphiQL: (await import('@graphql-yoga/render-graphiql')).renderGraphiQL }),
    batching: false,
    cors: false,
    logging: false,
    maskedErrors: { maskError: face },
    plugins: [answers],
  })
  const sockets = new WebSocketServer({ noServer: true, maxPayload: bodyLimit })
  /** How a request is asked again who it is. */
  const contexts = new WeakMap<IncomingMessage, () => Promise<Ctx>>()
  /** Where the events of one go. */
  const streams = new WeakMap<IncomingMessage, ServerResponse>()

  useServer(
    {
      execute: (args) => (args.rootValue as { execute: typeof import('graphql').execute }).execute(args),
      subscribe: (args) => (args.rootValue as { subscribe: typeof import('graphql').subscribe }).subscribe(args),
      async onSubscribe({ extra }, _id, params) {
        let serverContext: Ctx
        try {
          serverContext = await contexts.get(extra.request)!()
        } catch (error) {
          return [face(error) as GraphQLError]
        }
        const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({ ...serverContext, params })
        let document: ReturnType<typeof parse>
        try {
          document = parse(documents.textOf(params) ?? '')
        } catch (error) {
          return [face(error) as GraphQLError]
        }
        const errors = validate(schema, document)
        if (errors.length) return errors.map((error: unknown) => face(error) as GraphQLError)
        return {
          schema,
          operationName: params.operationName ?? undefined,
          document,
          variableValues: params.variables ?? undefined,
          contextValue: await contextFactory(),
          rootValue: { execute, subscribe },
        }
      },
    },
    sockets,
    // Pings, so that a connection that died without a word is noticed.
    12_000,
  )

  type Rights = Pick<Ctx, 'actor' | 'workspace' | 'standing' | 'through'>
  interface Held {
    context: () => Promise<Ctx>
    /** What they were when it opened. */
    rights: Rights
    end(why: string): void
  }
  /** Open sockets and streams. */
  const held = new Set<Held>()
  /** Ends it when it has lasted so long, or the token or session it came by ends. Returns what forgets it. */
  function hold(it: Held): () => void {
    const { endsAt = Infinity } = it.rights.through
    const life = Math.min(socketLife, endsAt - Date.now())
    const timer = setTimeout(
      () => it.end(life < socketLife ? 'Your token has expired' : 'An hour is over: connect again'),
      Math.max(0, life),
    )
    held.add(it)
    return () => {
      clearTimeout(timer)
      held.delete(it)
    }
  }
  const isStill = (before: Rights, now: Rights) =>
    before.actor.id === now.actor.id &&
    before.actor.kind === now.actor.kind &&
    before.workspace.id === now.workspace.id &&
    keepsAll(before.standing, now.standing)

  /** A right that is withdrawn ends what is open by it; who still may connects again and goes on. */
  async function checkHeld(): Promise<void> {
    for (const it of held) {
      const now = await it.context().catch(() => undefined)
      if (!now || !isStill(it.rights, now)) it.end('Your rights have changed: connect again')
      // More may have been given: that can be taken too.
      else it.rights = now
    }
  }
  const stop = new AbortController()
  void (async () => {
    let isFirst = true
    for await (const _ of kernel.events.listen(
      [
        ['access', 0],
        ['standing', 0],
      ],
      stop.signal,
      250,
    )) {
      if (!isFirst) await checkHeld().catch((error) => kernel.log.warn({ err: error }, 'what is open was not asked again'))
      isFirst = false
    }
  })()

  return {
    async answer(req, res, context) {
      const ctx = await context()
      contexts.set(req, context)
      streams.set(req, res)
      if (req.method === 'POST') {
        const body: Wire = await readJson(req, bodyLimit)
        Object.assign(req, { body })
      }
      await yoga.handle(req, res, { ...ctx, req })
    },
    upgrade(req, socket, head, context) {
      contexts.set(req, context)
      sockets.handleUpgrade(req, socket, head, (websocket) => {
        let release = () => {}
        void context().then(
          (rights) => {
            if (websocket.readyState === websocket.OPEN) release = hold({ context, rights, end: (why) => websocket.close(4499, why) })
          },
          // It learns so when it asks for something.
          () => setTimeout(() => websocket.close(4499, 'Nobody signed in: connect again'), socketLife).unref(),
        )
        websocket.once('close', () => release())
        sockets.emit('connection', websocket, req)
      })
    },
    async close() {
      stop.abort()
      for (const client of sockets.clients) client.close(1001, 'The server stops')
      await new Promise<void>((resolve) => sockets.close(() => resolve()))
    },
  }
}
