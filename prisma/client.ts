/**
 * The only door to the database: Prisma for ordinary reads and writes, plain SQL for what is fast on purpose. Both share
 * one pool.
 */
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { type Prisma, PrismaClient } from './generated/client.ts'

export type * from './generated/client.ts'
export { Prisma, type PrismaClient } from './generated/client.ts'

// int8 as a number: nothing here is past 2^53 (the wire refuses such steps and times).
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
}

/** Runs one statement. Every distinct text is prepared once on each connection, unless it is for `once`. */
export interface Sql {
  query<Row = Record<string, unknown>>(text: string, values?: unknown[], once?: 'once'): Promise<Row[]>
}

/** A transaction's statements. */
export interface Transaction extends Sql {
  /**
   * Others wait for what it locks until it commits, and no longer until that is on the disk too: for whoever adds to what all add to. `tx`
   * answers when it is on the disk, as ever; what others build on it meanwhile comes after it there, so none of it is kept without it.
   */
  letGoEarly(): void
}

export interface Database extends Sql {
  prisma: PrismaClient
  /** The connections themselves: for libraries that want a pool. */
  pool: pg.Pool
  /** All of `work`'s statements, or none. */
  tx<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
  /** A connection of its own, outside the pool: for LISTEN. */
  connect(): Promise<pg.Client>
  close(): Promise<void>
}

export interface DatabaseOptions {
  /** Connections in the pool. @default 10 */
  connections?: number
}

const names = new Map<string, string>()
/** A short name for a statement's text: what Postgres knows the prepared statement by. */
function nameOf(text: string): string | undefined {
  let name = names.get(text)
  // Past some number of distinct texts they are sent unprepared.
  if (!name && names.size < 200) names.set(text, (name = `q${names.size}`))
  return name
}

const over = (client: { query: pg.Pool['query'] }): Sql => ({
  async query<Row>(text: string, values: unknown[] = [], once?: 'once') {
    const { rows } = await client.query({ text, values, name: once ? undefined : nameOf(text) })
    return rows as Row[]
  },
})

/** Plain SQL as part of a transaction of Prisma's. */
export const overPrisma = (tx: Prisma.TransactionClient): Sql => ({
  query: <Row>(text: string, values: unknown[] = []) => tx.$queryRawUnsafe<Row[]>(text, ...values),
})

/** Opens the database at `url`. Nothing is sent until the first statement. */
export function createDb(url: string, { connections = 10 }: DatabaseOptions = {}): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    types,
    application_name: 'tidegate',
    // Statements that don't wait for each other's answers are sent at once.
    pipeline: true,
    idle_in_transaction_session_timeout: 60_000,
    // The search's hashed sub-plans need the memory: a smaller inherited value turns them into nested loops of minutes.
    // And its few matches are looked up one by one, not by reading all runs: random reads cost little from memory and SSD.
    options: '-c work_mem=16MB -c jit=off -c random_page_cost=1.1',
  })
  // A connection that breaks while idle is replaced at the next use; without a listener it would end the process.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  // Where many want one at once, the last waits for those before it, and is not turned away after Prisma's two seconds.
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool), transactionOptions: { maxWait: 30_000, timeout: 30_000 } })
  return {
    prisma,
    pool,
    ...over(pool),
    async tx(work) {
      const client = await pool.connect()
      let broken: unknown
      // Sent together with the statement after it, which fails where it does.
      const sent = (text: string) => client.query(text).catch(() => {})
      let isEarly = false
      const letGoEarly = () => {
        if (!isEarly) void sent('SET LOCAL synchronous_commit = off')
        isEarly = true
      }
      try {
        void sent('BEGIN')
        const result = await work({ ...over(client), letGoEarly })
        // A commit with something of its own to write waits until all that was written before is on the disk.
        const kept = [client.query('COMMIT'), ...(isEarly ? [client.query("SELECT pg_logical_emit_message(true, 'tidegate', '')")] : [])]
        await Promise.all(kept)
        return result
      } catch (error) {
        await client.query('ROLLBACK').catch((e) => (broken = e))
        throw error
      } finally {
        client.release(broken as Error | undefined)
      }
    },
    async connect() {
      const client = new pg.Client({ connectionString: url, types, application_name: 'tidegate-listen' })
      await client.connect()
      return client
    },
    async close() {
      await prisma.$disconnect()
      await pool.end()
    },
  }
}
