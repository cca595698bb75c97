/** `tidegate runs export`: a search as CSV, JSON lines or Parquet. */
import { rename, rm } from 'node:fs/promises'
import { extname } from 'node:path'
import { Option } from 'commander'
import { examples } from '../examples.ts'
import { usage } from '../exit.ts'
import { withFilter } from '../filter.ts'
import { allOf, countOf, take } from '../found.ts'
import { columnsOf, type RunColumn, wantedOf } from '../run-columns.ts'
import { csvWriter, jsonWriter, type RunField, sinkOf } from '../run-files.ts'
import { parquetWriter } from '../run-parquet.ts'
import { countRuns, type SearchFlags, searching, searchOf } from '../run-search.ts'
import type { Commands, Session } from '../session.ts'

const formats = ['csv', 'jsonl', 'parquet'] as const
type Format = (typeof formats)[number]
const byExtension: Record<string, Format> = { '.csv': 'csv', '.jsonl': 'jsonl', '.ndjson': 'jsonl', '.parquet': 'parquet' }

const attributes: RunField[] = [
  { name: 'id', type: 'text', of: ({ id }) => id },
  { name: 'name', type: 'text', of: ({ name }) => name },
  { name: 'experiment_id', type: 'text', of: ({ experimentId }) => experimentId },
  { name: 'status', type: 'text', of: ({ status }) => status },
  { name: 'user', type: 'text', of: ({ user }) => user },
  { name: 'parent_id', type: 'text', of: ({ parentId }) => parentId },
  { name: 'started_at', type: 'time', of: ({ startedAt }) => startedAt || null },
  { name: 'ended_at', type: 'time', of: ({ endedAt }) => endedAt },
]

const fieldOf = ({ kind, key }: Omit<RunColumn, 'ref'>): RunField => ({
  name: `${kind}.${key}`,
  type: kind === 'metrics' ? 'number' : 'text',
  of: (run) => run[kind][key] ?? null,
})

/** All metrics, params and tags in use in what is searched. */
async function allColumns({ client, signal }: Session, experiments: readonly string[] | undefined): Promise<RunColumn[]> {
  const ids = experiments ?? (await allOf(client.experiments({ lifecycle: 'ALL' }))).map(({ id }) => id)
  const found: RunColumn[] = []
  for await (const { kind, key, ref } of client.columns({ experiments: ids })) {
    signal.throwIfAborted()
    found.push({ ref, key, kind: `${kind.toLowerCase()}s` as RunColumn['kind'] })
  }
  return found
}

type ExportFlags = SearchFlags & { format?: Format; output?: string }

export default ((group, act) => {
  const command = searching(group.command('export'))
    .description('runs of a search as CSV, JSON lines or Parquet')
    .addOption(new Option('--format <format>', 'by the ending of --output, else csv').choices(formats))
    .option('-o, --output <file>', 'a file; standard output where none is named')
    .option('-c, --columns <columns>', 'only these beside what every run has, such as metrics.loss,params.lr', columnsOf)
    .option('-n, --limit <count>', 'at most so many', countOf, Number.POSITIVE_INFINITY)
  examples(
    command,
    'runs export --experiment mnist --output mnist.parquet',
    'runs export --filter "metrics.loss < 0.1" --format jsonl',
  ).action(
    act(async (session, flags: ExportFlags) => {
      const { out, client, signal } = session
      const { output, limit, filter } = flags
      const format = flags.format ?? byExtension[extname(output ?? '').toLowerCase()] ?? 'csv'
      if (format === 'parquet' && output === undefined) throw usage('Parquet goes to a file: name it with --output.')
      const search = await searchOf(session, flags)
      const columns = flags.columns ?? (await allColumns(session, search.experiments))
      const wanted = flags.columns ? wantedOf(flags.columns) : { metrics: true, params: true, tags: true }
      const fields = [...attributes, ...columns.map(fieldOf)]

      const total = await withFilter(client, filter, () => countRuns(client, search))
      // Renamed when it is whole: what was there before stays until then.
      const part = output === undefined ? undefined : `${output}.${process.pid}.part`
      const writer =
        format === 'parquet' ? parquetWriter(part!, fields) : format === 'csv' ? csvWriter(sinkOf(part), fields) : jsonWriter(sinkOf(part))
      const bar = out.progress()
      let count = 0
      try {
        const runs = client.searchRuns({ ...search, ...wanted, pageSize: Math.min(limit, 200) })
        for await (const run of take(runs, limit)) {
          signal.throwIfAborted()
          await writer.write(run)
          if (++count % 50 === 0) bar.update(count, Math.max(count, Math.min(total, limit)))
        }
        await writer.end()
        if (part !== undefined) await rename(part, output!)
      } finally {
        bar.stop()
        await writer.abandon()
        if (part !== undefined) await rm(part, { force: true })
      }
      if (output !== undefined) {
        out.document(
          { runs: count, columns: fields.length, format, output },
          () => `Wrote ${count} runs with ${fields.length} columns to ${output}.`,
        )
      }
    }),
  )
}) satisfies Commands
