/**
 * `node test/bench/plans.ts`: docs/search-plans.md, anew. Fills a Postgres of its own with the bench's 100 000 runs in ten
 * experiments, asks its questions, and writes down how Postgres went about each. Takes some minutes.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDb, type Sql } from '@tidegate/db'
import { startPostgres } from '@tidegate/db/embedded'
import { migrate } from '@tidegate/db/migrate'
import { makeCatalogue } from '../../packages/server/src/search/catalogue.sql.ts'
import { parseOrderBy } from '../../packages/server/src/search/column.ts'
import { parseFilter } from '../../packages/server/src/search/filter.ts'
import { searchRuns } from '../../packages/server/src/search/search.sql.ts'
import { type Question, questions, sizes } from './cases/questions.ts'
import { loadRuns } from './load.sql.ts'

const folder = mkdtempSync(join(tmpdir(), 'tidegate-plans-'))
const postgres = await startPostgres(folder, { durable: false })
process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
await migrate(postgres.url())
const db = createDb(postgres.url(), { connections: 1 })

const experiments: number[] = []
for (const size of sizes) {
  const [row] = await db.query<{ id: number }>(
    `INSERT INTO experiment (workspace_id, name, artifact_location, created_at, updated_at) VALUES (1, $1, '', 0, 0) RETURNING id`,
    [`of ${size}`],
  )
  experiments.push(row!.id)
  // Statements without values, as VACUUM wants them.
  const sql = async (text: string) => (await db.query(text, [], 'once')) as never
  await loadRuns({ name: 'Tidegate', sql }, String(row!.id), size, { manyKeys: true })
  await makeCatalogue(db, row!.id)
  console.error(`${size} runs`)
}
await db.query('VACUUM ANALYZE', [], 'once')

/** A plan without what says nothing about the way. */
const tidy = (lines: string[]) =>
  lines
    .filter(
      (line) =>
        !/^\s+(Storage|Heap Fetches|Index Searches|Sort Method|Sort Key|Buckets|Batches|Heap Blocks|Group Key|Output|Memory)/.test(line),
    )
    .map((line) => line.replace(/'\{[\d,]{20,}\}'/g, "'{…}'").replace(/ loops=1\)/, ')'))
    .join('\n')

/** The plans of a search's statements. */
async function plansOf({ filter, order }: Question): Promise<string[]> {
  const plans: string[] = []
  const explained: Sql = {
    async query(text, values, once) {
      if (/ FROM key WHERE /.test(text) && !/run/.test(text)) return db.query(text, values, once)
      const rows = await db.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) ${text}`,
        values,
        'once',
      )
      plans.push(tidy(rows.map((row) => row['QUERY PLAN'])))
      return db.query(text, values, once)
    },
  }
  await searchRuns(explained, { experiments, filter: parseFilter(filter), orderBy: parseOrderBy(order ? [order] : []), limit: 100 })
  return plans
}

const parts: string[] = []
for (const question of [{ what: 'newest first' }, ...questions]) {
  const asked = [question.filter && `\`${question.filter.replaceAll('`', '"')}\``, question.order && `by \`${question.order}\``]
    .filter(Boolean)
    .join(', ')
  const plans = await plansOf(question)
  parts.push(`## ${question.what}\n\n${asked ? `${asked}\n\n` : ''}${plans.map((plan) => `\`\`\`\n${plan}\n\`\`\``).join('\n\n')}\n`)
  console.error(question.what)
}
const [version] = await db.query<{ server_version: string }>('SHOW server_version')
writeFileSync(
  join(import.meta.dirname, '..', '..', 'docs', 'search-plans.md'),
  `# How searches are done

The plans of each of the bench's questions to 100 000 runs in ten experiments (20 params, 20 metrics and 5 tags each, 5 000 different keys), in
Postgres ${version!.server_version}, without the lines on sorting and memory. \`node test/bench/plans.ts\` writes this page anew. The texts of the statements are in
\`packages/server/src/search/search.statements.sql\`, and why they are so at the head of \`search.sql.ts\`, \`walk.sql.ts\` and \`sets.sql.ts\` there.

A second statement follows where the rows of the first, a walk down the order, did not fill the page.

${parts.join('\n')}`,
)
await db.close()
await postgres.stop()
process.exit(0)
