/** An empty, migrated database for one test file. */
import { randomUUID } from 'node:crypto'
import { createDb, type Database } from '@tidegate/db'
import pg from 'pg'
import { inject } from 'vitest'

export interface TestDatabase extends Database {
  url: string
}

export async function freshDatabase(): Promise<TestDatabase> {
  const url = new URL(inject('postgresUrl'))
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  const name = `test_${randomUUID().replaceAll('-', '')}`
  // Copying a template fails while another copy of it runs: one at a time.
  await client.query('SELECT pg_advisory_lock(1)')
  await client.query(`CREATE DATABASE ${name} TEMPLATE tidegate_template`)
  await client.end()
  url.pathname = `/${name}`
  return { ...createDb(url.href), url: url.href }
}
