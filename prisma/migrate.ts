/**
 * Applies prisma/migrations: plain SQL files, each in a transaction of its own, in the order of their names.
 * The book is Prisma's own table, so `prisma migrate` on another machine reads it too. Prisma's CLI is not used because
 * it needs an engine that it downloads.
 */
import { createHash, randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import manifest from './package.json' with { type: 'json' }

const folder = join(import.meta.dirname, 'migrations')
/** Any number, the same in every process: many may start at once. */
const lock = 7_461_206

/** Brings the database at `url` up to date. Returns the names of what was applied. */
export async function migrate(url: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const applied: string[] = []
  try {
    await client.query('SELECT pg_advisory_lock($1)', [lock])
    await client.query(`CREATE TABLE IF NOT EXISTS _prisma_migrations (
      id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz, migration_name varchar(255) NOT NULL,
      logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count int NOT NULL DEFAULT 0)`)
    const { rows } = await client.query<{ migration_name: string; checksum: string }>(
      'SELECT migration_name, checksum FROM _prisma_migrations WHERE finished_at IS NOT NULL',
    )
    const known = new Map(rows.map((row) => [row.migration_name, row.checksum]))
    const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    for (const { name } of names.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const sql = readFileSync(join(folder, name, 'migration.sql'), 'utf8')
      const checksum = createHash('sha256').update(sql).digest('hex')
      if (known.has(name)) {
        if (known.get(name) === checksum) continue
        throw new Error(
          `Migration ${name} was changed after it was applied to this database. Restore the file, and put the change into a new migration.`,
        )
      }
      await client.query('BEGIN')
      await client.query(sql)
      await client.query(
        'INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count) VALUES ($1, $2, $3, now(), 1)',
        [randomUUID(), checksum, name],
      )
      await client.query('COMMIT')
      applied.push(name)
    }
    await prepareQueue(client, url)
    return applied
  } finally {
    await client.end()
  }
}

/** graphile-worker, which keeps the job queue, has migrations of its own. Which version's were applied is said on its schema. */
async function prepareQueue(client: pg.Client, url: string) {
  const wanted = manifest.dependencies['graphile-worker']
  const { rows } = await client.query(`SELECT obj_description(to_regnamespace('graphile_worker'), 'pg_namespace') AS version`)
  if (rows[0].version === wanted) return
  const { Logger, runMigrations } = await import('graphile-worker')
  await runMigrations({ connectionString: url, logger: new Logger(() => () => {}) })
  await client.query(`COMMENT ON SCHEMA graphile_worker IS '${wanted}'`)
}
