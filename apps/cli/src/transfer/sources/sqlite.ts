/** MLflow's database as a SQLite file, of any version since 1.0: read where it is, without a server, and not changed. */
import { join, resolve } from 'node:path'
import { Columns } from '../columns.ts'
import { filesBelow, isFile, isFolder } from '../disk.ts'
import { isRunId, runIdOf } from '../name.ts'
import {
  type DatasetInput,
  type Experiment,
  type OnFault,
  type Pair,
  type Run,
  type Source,
  type Status,
  TransferError,
} from '../record.ts'
import { localFolder } from './mlflow.ts'

const pageOfRuns = 500

export interface SqliteOptions {
  /** The folder that the server kept `mlflow-artifacts:/` in: its --artifacts-destination. */
  artifacts?: string | undefined
}

interface RunRow {
  run_uuid: string
  name: string | null
  user_id: string | null
  status: Status
  start_time: number | null
  end_time: number | null
  deleted_time: number | null
  lifecycle_stage: string | null
  artifact_uri: string | null
}

export async function sqliteSource(path: string, onFault: OnFault, { artifacts }: SqliteOptions = {}): Promise<Source> {
  if (!(await isFile(path))) throw new TransferError(`There is no file ${resolve(path)}.`)
  // Only where it is asked for: Node has it since 22.5, and the rest of the command runs on 20.
  const { DatabaseSync } = await import('node:sqlite').catch(() => {
    throw new TransferError(
      'Reading a SQLite file takes Node 22.5 or later. Run tidegate with it, or start MLflow on the file and import from its address.',
    )
  })
  const db = new DatabaseSync(path, { readOnly: true })
  const all = <Row>(sql: string, ...values: Array<string | number>) => db.prepare(sql).all(...values) as Row[]
  const columns = (table: string) =>
    new Set(all<{ name: string }>(`SELECT name FROM pragma_table_info('${table}')`).map(({ name }) => name))
  /** A column, where this version has it. */
  const from = (table: Set<string>, column: string, otherwise = 'NULL') => (table.has(column) ? column : `${otherwise} AS ${column}`)

  let has: { experiments: Set<string>; runs: Set<string>; metrics: Set<string>; tags: boolean; inputs: boolean }
  try {
    has = {
      experiments: columns('experiments'),
      runs: columns('runs'),
      metrics: columns('metrics'),
      tags: columns('experiment_tags').size > 0,
      inputs: columns('inputs').size > 0,
    }
  } catch (error) {
    db.close()
    throw new TransferError(`${resolve(path)} is no SQLite database: ${(error as Error).message}.`)
  }
  if (!has.runs.size || !has.experiments.size) {
    db.close()
    throw new TransferError(`${resolve(path)} has no table of runs: it is no database of MLflow's.`)
  }

  const ids = new WeakMap<Experiment, number>()
  const rows = new WeakMap<Run, RunRow>()

  const pairsOf = (table: string, run: string) =>
    all<Pair>(`SELECT key, coalesce(value, '') AS value FROM ${table} WHERE run_uuid = ?`, run)

  function inputsOf(run: string): DatasetInput[] {
    if (!has.inputs) return []
    type Row = Omit<DatasetInput['dataset'], 'sourceType'> & { input: string; sourceType: string }
    const found = all<Row>(
      `SELECT i.input_uuid AS input, d.name, d.digest, d.dataset_source_type AS sourceType, d.dataset_source AS source,
         d.dataset_schema AS schema, d.dataset_profile AS profile
       FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id
       WHERE i.destination_id = ? AND i.source_type = 'DATASET' AND i.destination_type = 'RUN'`,
      run,
    )
    return found.map(({ input, ...dataset }) => ({
      dataset,
      tags: all<Pair>(`SELECT name AS key, value FROM input_tags WHERE input_uuid = ?`, input),
    }))
  }

  const runsOf = `SELECT run_uuid, ${from(has.runs, 'name')}, ${from(has.runs, 'user_id')}, status, start_time, end_time, ${from(has.runs, 'deleted_time')},
    ${from(has.runs, 'lifecycle_stage', "'active'")}, ${from(has.runs, 'artifact_uri')}
    FROM runs WHERE experiment_id = ? AND run_uuid > ? ORDER BY run_uuid LIMIT ${pageOfRuns}`
  const pointsOf = `SELECT key, ${from(has.metrics, 'step', '0')}, timestamp, CASE WHEN ${has.metrics.has('is_nan') ? 'is_nan' : '0'} THEN NULL ELSE value END AS value
    FROM metrics WHERE run_uuid = ? ORDER BY key, step, timestamp`

  return {
    name: resolve(path),

    async *experiments() {
      type Row = {
        experiment_id: number
        name: string
        lifecycle_stage: string
        creation_time: number | null
        last_update_time: number | null
      }
      const found = all<Row>(
        `SELECT experiment_id, name, ${from(has.experiments, 'lifecycle_stage', "'active'")}, ${from(has.experiments, 'creation_time')},
           ${from(has.experiments, 'last_update_time')} FROM experiments ORDER BY experiment_id`,
      )
      for (const row of found) {
        const updatedAt = row.last_update_time ?? undefined
        const tags = has.tags
          ? all<Pair>(`SELECT key, coalesce(value, '') AS value FROM experiment_tags WHERE experiment_id = ?`, row.experiment_id)
          : []
        const experiment: Experiment = {
          id: row.experiment_id,
          name: row.name,
          createdAt: row.creation_time ?? undefined,
          updatedAt,
          deletedAt: row.lifecycle_stage === 'deleted' ? (updatedAt ?? Date.now()) : undefined,
          tags,
        }
        ids.set(experiment, row.experiment_id)
        yield experiment
      }
    },

    async *runs(experiment) {
      for (let after = ''; ; ) {
        const page = all<RunRow>(runsOf, ids.get(experiment)!, after)
        if (!page.length) return
        yield page.map((row) => {
          const tags = pairsOf('tags', row.run_uuid)
          const run: Run = {
            id: isRunId(row.run_uuid) ? row.run_uuid : runIdOf(path, row.run_uuid),
            name: row.name || (tags.find(({ key }) => key === 'mlflow.runName')?.value ?? ''),
            user: row.user_id ?? '',
            status: row.status,
            startedAt: row.start_time ?? 0,
            endedAt: row.end_time ?? undefined,
            deletedAt: row.lifecycle_stage === 'deleted' ? (row.deleted_time ?? Date.now()) : undefined,
            params: pairsOf('params', row.run_uuid),
            tags,
            inputs: inputsOf(row.run_uuid),
          }
          rows.set(run, row)
          return run
        })
        after = page.at(-1)!.run_uuid
      }
    },

    async *points(runs) {
      const statement = db.prepare(pointsOf)
      for (const run of runs) {
        type Row = { key: string; step: number; timestamp: number; value: number | null }
        let key: string | undefined
        let points = new Columns()
        try {
          for (const row of statement.iterate(rows.get(run)!.run_uuid) as Iterable<Row>) {
            if (row.key !== key) {
              if (key !== undefined) yield { run: run.id, key, ...points.points() }
              key = row.key
              points = new Columns()
            }
            points.add(row.step, row.timestamp, row.value ?? Number.NaN)
          }
        } catch (error) {
          onFault({ file: path, at: `run ${run.id}`, message: (error as Error).message, runs: [run.id] })
        }
        if (key !== undefined) yield { run: run.id, key, ...points.points() }
      }
    },

    async *files(run) {
      const uri = rows.get(run)!.artifact_uri ?? ''
      const proxied = /^mlflow-artifacts:(?:\/\/[^/]*)?\/*(.*)$/.exec(uri)?.[1]
      const folder = proxied !== undefined ? artifacts && join(artifacts, proxied) : localFolder(uri)
      if (folder) return yield* filesBelow(folder)
      if (!uri || (await isFolder(uri))) return
      const message =
        proxied !== undefined
          ? `Its files are at ${uri}: say with --artifacts where that server kept them.`
          : `Its files are at ${uri}, which is not on this machine: they did not come.`
      onFault({ file: path, at: `run ${run.id}`, message })
    },

    close: () => db.close(),
  }
}
