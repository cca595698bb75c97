/**
 * Metric points: the only place where they are written and read. Runs and metric keys are integers here.
 *
 * Always true: what `append` acknowledged is durable and is read exactly once, whatever is sent again, merged, crashes or
 * runs beside it. Two points are the same when key, step, time and value are; NaN equals NaN, and -0 is 0.
 *
 * A request becomes one row of `point_tail`, packed, whatever its number of metrics; a row per point was eight times
 * slower to write. The lock on the run's head gives its rows a seq in the order of their commits, which is the cursor that
 * readers go on from, and what a deletion fences writers with. `latest` is kept by the same statement. A merger moves rows
 * into `point_chunk`: up to 4 096 points of one metric, in order, each with the seq it came with.
 *
 *   queue, pack, append.sql   writing          codec, columns, binary   points as bytes and typed arrays
 *   since, history, chart,    reading          merge.sql, merger        from the tail into chunks
 *   smooth, sample                             drop.sql                  deleting
 */
import type { Database, Sql } from '@tidegate/db'
import type { Logger } from 'pino'
import { isOpen, lockHead } from './append.sql.ts'
import { readCharts } from './chart.ts'
import { dropPoints } from './drop.sql.ts'
import { readHistoryPage } from './history.ts'
import { type Merged, mergeStep, nothing } from './merge.sql.ts'
import { type MergerPace, openMerger } from './merger.ts'
import { check } from './pack.ts'
import { openQueue } from './queue.ts'
import { readHeads } from './read.sql.ts'
import { readSamples } from './sample.ts'
import type {
  Appended,
  ChartLine,
  ChartRange,
  HistoryOptions,
  HistoryPage,
  NewPoints,
  PointColumns,
  RunCursor,
  Sample,
  SampleRange,
  Smoothing,
} from './shape.ts'
import { readSince, shared } from './since.ts'
import { readSmoothCharts } from './smooth.ts'

export type * from './shape.ts'

export interface Points {
  /** Locks a run against other writers until the transaction ends. False when it is unknown or closed. */
  lock(run: number, sql: Sql): Promise<boolean>
  /** Deletes a bounded part of all points of these runs for good, in a transaction, and their heads at first. True when nothing is left. */
  drop(runs: readonly number[], sql: Sql): Promise<boolean>

  /**
   * Writes all of these points or none; committed when it resolves. Undefined when the run is unknown or closed. A metric
   * that is new to the run is a change of it: `changed_at` moves in the same statement.
   * With `sql`, in that transaction, which has `lock`ed the run.
   */
  append(run: number, columns: PointColumns, sql?: Sql): Promise<Appended | undefined>

  /** Where each run's cursor stands now. Unknown runs are left out. */
  heads(runs: readonly number[]): Promise<Map<number, number>>
  /** What came after each cursor: exactly once, a bounded amount per call. Only these keys, if given. */
  since(cursors: readonly RunCursor[], keys?: readonly number[]): Promise<NewPoints>
  /** A page of one metric's points. Throws INVALID_PARAMETER_VALUE where `after` is no token of ours. */
  history(run: number, key: number, options: HistoryOptions): Promise<HistoryPage>
  /** For every run a line for every key, in those orders; one without points is empty. Smoothed too, where that is asked for. */
  charts(runs: readonly number[], keys: readonly number[], range: ChartRange, smoothing?: Smoothing): Promise<ChartLine[][]>
  /** At most `max` points of each run, sampled as MLflow's get-history-bulk-interval does. */
  sample(runs: readonly number[], key: number, range: SampleRange): Promise<Sample[]>

  /** Merges a step of a run's tail as if it were quiet. For tests: the merger does it by itself. */
  merge(run: number): Promise<Merged>
  /** Merges what any process writes, until stopped. Stopping waits for the step at hand. */
  startMerger(pace?: MergerPace): () => Promise<void>
}

export function openPoints(db: Database, log: Logger): Points {
  const merger = openMerger(db, log)
  const queue = openQueue(db, merger.wrote)
  const share = shared<NewPoints>()
  return {
    lock: (run, sql) => lockHead(sql, run),
    drop: (runs, sql) => dropPoints(sql, runs),

    async append(run, columns, sql) {
      check(columns)
      if (!columns.keys.length) return (await isOpen(sql ?? db, run)) ? { grew: false } : undefined
      return sql ? queue.addIn(sql, run, columns) : queue.add(run, columns)
    },

    heads: (runs) => readHeads(db, runs),
    since(cursors, keys) {
      if (!cursors.length) return Promise.resolve({ runs: [], more: false })
      return share(JSON.stringify([cursors.map(({ run, after }) => [run, after]), keys ?? null]), () => readSince(db, cursors, keys))
    },
    history: (run, key, options) => readHistoryPage(db, run, key, options),
    async charts(runs, keys, range, smoothing) {
      if (!keys.length) return runs.map(() => [])
      return smoothing ? readSmoothCharts(db, runs, keys, range, smoothing) : readCharts(db, runs, keys, range)
    },
    sample: (runs, key, range) => readSamples(db, runs, key, range),

    merge: (run) => mergeStep(db, run, nothing),
    startMerger: (pace) => merger.start(pace),
  }
}
