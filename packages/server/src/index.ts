/** The platform: the domain, and its GraphQL and REST faces. This is the package's whole surface. */
import type { AddressInfo } from 'node:net'
import { createDb } from '@tidegate/db'
import type { Plugin } from '@tidegate/plugin'
import pino, { type DestinationStream } from 'pino'
import { openArtifacts } from './artifacts/store.ts'
import { type AccessMode, openAuthenticator } from './authenticate.ts'
import type { Kernel } from './context.ts'
import { openDocuments } from './documents.ts'
import { openEvents } from './events.ts'
import { createGraphql } from './graphql.ts'
import { createHttp } from './http.ts'
import { type Job, startWorker } from './jobs.ts'
import { openMailer } from './mailer.ts'
import { jobs, sealed, watchers } from './modules.ts'
import { openOutbound } from './outbound.ts'
import { openPoints } from './runs/points/points.ts'
import { openSecrets } from './secrets.ts'
import { openSites } from './sites.ts'
import { newFirstLink } from './users/first.ts'

export { type Config, help, type ReadConfig, readConfig } from './config.ts'
export { buildSchema } from './graphql.ts'
export { version } from './version.ts'

export interface ServerOptions {
  /** A migrated Postgres. */
  databaseUrl: string
  /** Artifact stores; the first holds what is written through the server. */
  plugins: Plugin[]
  host: string
  /** 0: a free one. */
  port: number
  /** The server's own folder: the keys that seal secrets are in it. */
  data: string
  /** In place of the keys there. @default none */
  secretKeys?: string[]
  /** Give up secrets whose key is lost. @default false */
  forgetKeys?: boolean
  /** `accounts`: one has to sign in. `open`: whoever reaches it may do everything; on a loopback address only. @default 'open' */
  access?: AccessMode
  /** Where people and clients reach it, when that is not where it listens. */
  publicUrl?: string
  /** Hosts it answers to, besides loopback and that one. @default none */
  allowedHosts?: string[]
  /** Origins of other sites whose pages may call it. @default none */
  allowedOrigins?: string[]
  /** Connections to the database. @default 10 */
  connections?: number
  /** The folder of built pages. Without it there are none. */
  pages?: string | undefined
  /** GraphQL takes the documents of the pages, and no others. @default false */
  persistedOnly?: boolean
  /** GraphiQL at /graphql. @default false */
  dev?: boolean
  /** @default 'info' */
  logLevel?: string
  /** Hosts that may be called besides those on the public internet. @default none */
  outboundHosts?: string[]
  /** The mail server: smtp://user:password@host:587. Without it no mail is sent. */
  smtpUrl?: string
  /** Whom mail is from. */
  mailFrom?: string
  /** Days that entries of the audit log are kept; 0: for ever. @default 400 */
  auditDays?: number
  /** In place of the modules' own: for tests. */
  jobs?: Array<Job<unknown>>
  /** Where log lines go. @default standard error */
  logTo?: DestinationStream
}

export interface PlatformServer {
  /** Where it listens, such as http://127.0.0.1:5000. */
  origin: string
  /** Where the first admin sets a password, while there is no account; good once, for three days. */
  firstLink: string | undefined
  /** Takes no more requests, answers those under way, closes what is open. Safe to call twice. */
  close(): Promise<void>
}

/** How long requests under way may take when the server stops, ms. */
const drain = 10_000

/** Starts the platform, listening. Throws where the address can't be had or the database can't be reached. */
export async function createServer(options: ServerOptions): Promise<PlatformServer> {
  const log = pino({ level: options.logLevel ?? 'info', base: undefined }, options.logTo ?? pino.destination(2))
  const db = createDb(options.databaseUrl, { connections: options.connections ?? 10 })
  const { data: folder, secretKeys: keys = [], forgetKeys: forget = false } = options
  const open = async () => ({
    secrets: await openSecrets(db, { folder, keys, forget, columns: sealed }),
    events: await openEvents(db, log),
  })
  const { secrets, events } = await open().catch(async (error) => {
    await db.close()
    throw error
  })
  const points = openPoints(db, log)
  const stopMerger = points.startMerger()
  const kernel: Kernel = {
    db,
    events,
    points,
    artifacts: openArtifacts({ stores: options.plugins, log }),
    outbound: openOutbound(options.outboundHosts ?? []),
    mailer: options.smtpUrl ? openMailer({ url: options.smtpUrl, from: options.mailFrom || 'tidegate@localhost' }) : undefined,
    secrets,
    auditDays: options.auditDays ?? 400,
    log,
    authenticate: openAuthenticator({ db, events }, options.access ?? 'open'),
    origin: '',
  }
  const documents = openDocuments(options.pages, options.persistedOnly ?? false)
  const graphql = await createGraphql(kernel, documents, { dev: options.dev ?? false })
  const sites = openSites({
    hosts: [options.host, ...(options.publicUrl ? [new URL(options.publicUrl).hostname] : []), ...(options.allowedHosts ?? [])],
    own: options.publicUrl || undefined,
    origins: options.allowedOrigins ?? [],
    development: options.dev ?? false,
  })
  const http = createHttp(kernel, { pages: options.pages, graphql, sites })
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject)
    http.listen(options.port, options.host, resolve)
  }).catch(async (error) => {
    await Promise.all([events.close(), stopMerger()])
    await db.close()
    throw error
  })
  const { port } = http.address() as AddressInfo
  const origin = `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`
  kernel.origin = options.publicUrl || origin

  const firstLink = options.access === 'accounts' ? await newFirstLink(kernel) : undefined

  const stopWorker = startWorker(kernel, options.jobs ?? jobs)
  const stopWatchers = watchers.map((start) => start(kernel))

  let closing: Promise<void> | undefined
  const close = async () => {
    const closed = new Promise<void>((resolve) => http.close(() => resolve()))
    await graphql.close()
    http.closeIdleConnections()
    const late = setTimeout(() => http.closeAllConnections(), drain)
    await closed
    clearTimeout(late)
    await Promise.all(stopWatchers.map((stop) => stop()))
    await Promise.all([stopMerger(), stopWorker()])
    kernel.authenticate.close()
    await events.close()
    await db.close()
  }
  return { origin, firstLink, close: () => (closing ??= close()) }
}
