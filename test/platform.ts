/** A whole platform in this process: a server on a real, empty Postgres, with a folder for artifacts. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { localArtifacts } from '@tidegate/artifact-local'
import { createServer, type PlatformServer, type ServerOptions } from '@tidegate/server'
import { freshDatabase, type TestDatabase } from './database.ts'

export interface Platform {
  origin: string
  /** Of the first admin, where it has accounts. */
  firstLink: string | undefined
  db: TestDatabase
  folder: string
  /** Another server on the same database and folder: as a second process would be. */
  another(): Promise<PlatformServer>
  /** One of MLflow's calls, by its path below /api/2.0/mlflow/. Throws the server's error, with its `code` and `status`. */
  wire(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, input?: Record<string, unknown>): Promise<any>
  /** A GraphQL operation's data. Throws the first error, with its `code`. */
  graphql(query: string, variables?: Record<string, unknown>): Promise<any>
  stop(): Promise<void>
}

export class WireError extends Error {
  code: string
  status: number
  constructor(code: string, message: string, status: number) {
    super(message)
    this.code = code
    this.status = status
  }
}

export async function startPlatform(options: Partial<ServerOptions> = {}): Promise<Platform> {
  const db = await freshDatabase()
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-platform-'))
  const start = () =>
    createServer({
      databaseUrl: db.url,
      plugins: [localArtifacts({ root: folder })],
      data: `${folder}-data`,
      host: '127.0.0.1',
      port: 0,
      logLevel: 'error',
      ...options,
    })
  const servers = [await start()]
  const { firstLink } = servers[0]!
  const origin = servers[0]!.origin

  return {
    origin,
    firstLink,
    db,
    folder,
    async another() {
      const server = await start()
      servers.push(server)
      return server
    },
    async wire(method, path, input = {}) {
      const url = new URL(`${origin}/api/2.0/mlflow/${path}`)
      if (method === 'GET') {
        for (const [key, value] of Object.entries(input)) for (const each of [value].flat()) url.searchParams.append(key, String(each))
      }
      const response = await fetch(url, {
        method,
        ...(method !== 'GET' && { body: JSON.stringify(input), headers: { 'content-type': 'application/json' } }),
      })
      const body = (await response.json()) as any
      if (!response.ok) throw new WireError(body.error_code, body.message, response.status)
      return body
    },
    async graphql(query, variables = {}) {
      const response = await fetch(`${origin}/graphql`, {
        method: 'POST',
        body: JSON.stringify({ query, variables }),
        headers: { 'content-type': 'application/json', accept: 'application/json' },
      })
      const { data, errors } = (await response.json()) as any
      if (errors?.length) throw new WireError(errors[0].extensions?.code, errors[0].message, response.status)
      return data
    },
    async stop() {
      await Promise.all(servers.map((server) => server.close()))
      await db.close()
      for (const each of [folder, `${folder}-data`]) await rm(each, { recursive: true, force: true })
    },
  }
}
