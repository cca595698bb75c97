/** One embedded Postgres for a whole test run, with a migrated template that every test file's database is copied from. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '@tidegate/db/embedded'
import { migrate } from '@tidegate/db/migrate'
import pg from 'pg'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The running server's postgres database; `tidegate_template` is beside it. */
    postgresUrl: string
  }
}

export default async function setup(project: TestProject) {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-test-'))
  const postgres = await startPostgres(folder, { durable: false })
  const client = new pg.Client({ connectionString: postgres.url() })
  await client.connect()
  await client.query('CREATE DATABASE tidegate_template')
  await client.end()
  await migrate(postgres.url('tidegate_template'))
  project.provide('postgresUrl', postgres.url())
  return async () => {
    await postgres.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
