/** An empty Tidegate on an embedded Postgres, for the clients to ask. */
import { join } from 'node:path'
import { localArtifacts } from '@tidegate/artifact-local'
import { startPostgres } from '@tidegate/db/embedded'
import { migrate } from '@tidegate/db/migrate'
import { createServer } from '@tidegate/server'

export async function tidegate(folder: string) {
  const postgres = await startPostgres(join(folder, 'postgres'), { durable: false })
  await migrate(postgres.url())
  const server = await createServer({
    databaseUrl: postgres.url(),
    plugins: [localArtifacts({ root: join(folder, 'artifacts') })],
    data: folder,
    host: '127.0.0.1',
    port: 0,
    logLevel: 'error',
  })
  return {
    origin: server.origin,
    async stop() {
      await server.close()
      await postgres.stop()
    },
  }
}
