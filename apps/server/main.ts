/** The deployable process: reads the configuration, opens or starts the database, serves until it is told to stop. */
import { resolve } from 'node:path'
import { type EmbeddedPostgres, startPostgres } from '@tidegate/db/embedded'
import { migrate } from '@tidegate/db/migrate'
import { createServer, help, readConfig, version } from '@tidegate/server'
import { takeFolder } from './folder.ts'
import { plugins } from './platform.config.ts'
import { pages, preparePages } from './prepare.mjs'

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}

/** Where a database is, without its password. */
const place = (url: string) => {
  const { hostname, port, pathname } = new URL(url)
  return `${hostname}:${port || 5432}${pathname}`
}

/** One line for what a start most often meets; anything else is shown whole. */
function sentence(error: unknown, port: number): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') return `Port ${port} is in use. Choose another with --port, or 0 for a free one.`
  if (code === 'EACCES') return `Port ${port} may not be opened by this user. Choose one above 1023 with --port.`
  return message || String(error)
}

export async function main(argv: string[]): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) return void process.stdout.write(`${help}\n`)
  if (argv.includes('--version')) return void process.stdout.write(`${version}\n`)
  const read = readConfig(argv)
  if (!read.ok) fail(read.problems.join('\n'))
  const config = { ...read.config, data: resolve(read.config.data) }

  let giveBack = () => {}
  let postgres: EmbeddedPostgres | undefined
  try {
    giveBack = takeFolder(config.data)
    await preparePages()
    if (!config.databaseUrl) postgres = await startPostgres(config.data)
    const databaseUrl = config.databaseUrl || postgres!.url()
    await migrate(databaseUrl).catch((error) => {
      if (postgres) throw error
      throw new Error(
        `The database at ${place(databaseUrl)} can't be used: ${(error.message || error.code).replace(/\.$/, '')}. Check DATABASE_URL, and that it runs.`,
      )
    })
    const server = await createServer({ ...config, databaseUrl, plugins: plugins(config), pages })

    let stopping = false
    const stop = async (code: number) => {
      if (stopping) return process.exit(code || 1)
      stopping = true
      await server.close()
      await postgres?.stop()
      giveBack()
      process.exit(code)
    }
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (!stopping) process.stderr.write('\nStopping: answering what is under way. Once more to stop at once.\n')
        void stop(0)
      })
    }
    postgres?.onExit((log) => {
      process.stderr.write(`The embedded Postgres has ended: ${log.trim().split('\n').at(-1)}\n`)
      void stop(1)
    })
    process.stdout.write(
      banner(
        { ...server, origin: config.publicUrl || server.origin },
        config.databaseUrl ? place(config.databaseUrl) : `embedded, in ${config.data}`,
      ),
    )
  } catch (error) {
    await postgres?.stop()
    giveBack()
    fail(sentence(error, config.port))
  }
}

const banner = ({ origin, firstLink }: { origin: string; firstLink: string | undefined }, database: string) => `
  Tidegate ${version}   ${origin}
  Database: ${database}
${firstLink ? `\n  Nobody has an account yet. Be the first admin, once, within three days:\n\n    ${firstLink}\n` : ''}
  Point a training script at it, and open the address to watch:

    export MLFLOW_TRACKING_URI=${origin}

    import mlflow
    with mlflow.start_run():
        for step in range(100):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)

  Ctrl-C stops it.
`
