/** MLflow's database as a SQLite file, of any version since 1.0: read where it is, without a server, and not changed. */
import { join, resolve } from 'node:path'
import { Columns } from '../columns.ts'
import { filesBelow, isFile, isFolder } from '../disk.ts'
import { isRunId, runIdOf } from '../name.ts'
import {
  type DatasetInput,
  type Experiment,
  type FileEntry,
  type Model,
  type ModelPoint,
  type OnFault,
  type Pair,
  type Run,
  type RunModels,
  type Source,
  type Status,
  TransferError,
} from '../record.ts'
import { localFolder, statusOfModel } from './mlflow.ts'

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

  let has: {
    experiments: Set<string>
    runs: Set<string>
    metrics: Set<string>
    tags: boolean
    inputs: boolean
    links: boolean
    models: Set<string>
  }
  try {
    has = {
      experiments: columns('experiments'),
      runs: columns('runs'),
      metrics: columns('metrics'),
      tags: columns('experiment_tags').size > 0,
      inputs: columns('inputs').size > 0,
      // Since 3.0.
      links: columns('inputs').has('step'),
      models: columns('logged_models'),
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
  const modelUris = new WeakMap<Model, string>()

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

  function modelsOf(run: string): RunModels {
    if (!has.links) return { inputs: [], outputs: [] }
    const linked = (kind: string) =>
      all<{ model: string; step: number }>(
        `SELECT destination_id AS model, coalesce(step, 0) AS step FROM inputs WHERE source_id = ? AND destination_type = ? ORDER BY model`,
        run,
        kind,
      )
    return { inputs: linked('MODEL_INPUT').map(({ model }) => model), outputs: linked('MODEL_OUTPUT') }
  }

  /** What lies at an artifact URI, if that is on this machine; else what is wrong. */
  async function* below(uri: string): AsyncGenerator<FileEntry, string | undefined> {
    const proxied = /^mlflow-artifacts:(?:\/\/[^/]*)?\/*(.*)$/.exec(uri)?.[1]
    const folder = proxied !== undefined ? artifacts && join(artifacts, proxied) : localFolder(uri)
    if (folder) {
      yield* filesBelow(folder)
      return undefined
    }
    if (!uri || (await isFolder(uri))) return undefined
    return proxied !== undefined
      ? `Its files are at ${uri}: say with --artifacts where that server kept them.`
      : `Its files are at ${uri}, which is not on this machine: they did not come.`
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
            models: modelsOf(row.run_uuid),
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
      const message = yield* below(rows.get(run)!.artifact_uri ?? '')
      if (message) onFault({ file: path, at: `run ${run.id}`, message })
    },

    async *models(experiment) {
      if (!has.models.size) return
      type Row = {
        model_id: string
        name: string
        artifact_location: string
        creation_timestamp_ms: number
        last_updated_timestamp_ms: number
        status: number
        model_type: string | null
        source_run_id: string | null
      }
      for (let after = ''; ; ) {
        const page = all<Row>(
          `SELECT * FROM logged_models WHERE experiment_id = ? AND model_id > ? AND coalesce(lifecycle_stage, 'active') = 'active' ORDER BY model_id LIMIT ${pageOfRuns}`,
          ids.get(experiment)!,
          after,
        )
        if (!page.length) return
        yield page.map((row) => {
          const of = (table: string, kind: string) =>
            all<Pair>(`SELECT ${kind}_key AS key, ${kind}_value AS value FROM logged_model_${table} WHERE model_id = ?`, row.model_id)
          const metrics = all<Omit<ModelPoint, 'value'> & { value: number | null }>(
            `SELECT run_id AS run, metric_name AS key, metric_value AS value, metric_timestamp_ms AS time, metric_step AS step,
               dataset_name AS datasetName, dataset_digest AS datasetDigest FROM logged_model_metrics WHERE model_id = ?`,
            row.model_id,
          )
          const model: Model = {
            id: row.model_id,
            name: row.name,
            type: row.model_type ?? '',
            status: statusOfModel(row.status),
            sourceRun: row.source_run_id ?? '',
            createdAt: row.creation_timestamp_ms,
            updatedAt: row.last_updated_timestamp_ms,
            params: of('params', 'param'),
            tags: of('tags', 'tag'),
            metrics: metrics.map((point) => ({ ...point, value: point.value ?? Number.NaN })),
          }
          modelUris.set(model, row.artifact_location)
          return model
        })
        after = page.at(-1)!.model_id
      }
    },

    async *modelFiles(model) {
      const message = yield* below(modelUris.get(model)!)
      if (message) onFault({ file: path, at: `model ${model.id}`, message })
    },

    close: () => db.close(),
  }
}
