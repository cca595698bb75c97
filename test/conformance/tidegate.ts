/** An empty Tidegate on an embedded Postgres, for the clients to ask. */
import { join } from 'node:path'
import { localArtifacts } from '@tidegate/artifact-local'
import { startPostgres } from '@tidegate/db/embedded'
import { migrate } from '@tidegate/db/migrate'
import { createServer } from '@tidegate/server'
import pg from 'pg'

const admin = { name: 'admin', password: 'the tide rises twice' }

/** Two of them: an open one, and one with accounts, whose admin is named in what clients are given. */
export async function tidegate(folder: string) {
  const postgres = await startPostgres(join(folder, 'postgres'), { durable: false })
  const start = async (url: string, access: 'open' | 'accounts') => {
    await migrate(url)
    return createServer({
      databaseUrl: url,
      plugins: [localArtifacts({ root: join(folder, `artifacts-${access}`) })],
      data: join(folder, access),
      host: '127.0.0.1',
      port: 0,
      access,
      // The tests' own receivers of webhooks.
      outboundHosts: ['127.0.0.1'],
      logLevel: 'error',
    })
  }
  const open = await start(postgres.url(), 'open')
  const client = new pg.Client({ connectionString: postgres.url() })
  await client.connect()
  await client.query('CREATE DATABASE locked')
  await client.end()
  const locked = await start(postgres.url('locked'), 'accounts')
  const token = locked.firstLink!.split('#')[1]
  await fetch(`${locked.origin}/auth/link/accept`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, ...admin }),
  })
  return {
    origin: open.origin,
    env: { CONFORMANCE_ACCOUNTS: locked.origin, CONFORMANCE_ADMIN: admin.name, CONFORMANCE_PASSWORD: admin.password },
    async stop() {
      await Promise.all([open.close(), locked.close()])
      await postgres.stop()
    },
  }
}
