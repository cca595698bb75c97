/**
 * Work after the answer: a row, taken by a worker of any process, tried again when it fails. Always true: a job that was
 * enqueued in a transaction exists when that commits and not otherwise; it runs at least once, so it must be safe to run
 * twice. A job was authorised when it was enqueued: its handler calls plain functions, not operations.
 *
 * The queue is graphile-worker's: rows in Postgres, woken by NOTIFY. It gives up a killed worker's job after four hours;
 * here workers say that they live, and the silent ones' jobs are free again after a minute.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Sql } from '@tidegate/db'
import type { Runner, Worker } from 'graphile-worker'
import type { z } from 'zod'
import type { Kernel } from './context.ts'
import { addJob, beatWorkers } from './jobs.sql.ts'

export interface Job<Payload> {
  /** `noun.verb`. Jobs of a name that no process knows wait. */
  name: string
  /** Ids, not data: what they name is read when the job runs. */
  payload: z.ZodType<Payload>
  /** Runs again later when it throws, and with a new `signal` when the process stops half-way. */
  run(kernel: Kernel, payload: Payload, signal: AbortSignal): Promise<void>
  /** Runs by itself too, with `{}`: a cron line of UTC, such as '*\/5 * * * *'. Once for all processes. */
  every?: string
  /** Attempts, at longer and longer distances: the second after 3 s, the tenth after 6 h. @default 10 */
  tries?: number
  /** Jobs of one queue run one after the other. */
  queue?: string
}

/** Declares one. Its module lists it in modules.ts. */
export const job = <Payload>(it: Job<Payload>): Job<Payload> => it

export interface Enqueued {
  /** Not before this, ms since 1970. @default now */
  at?: number
  /** A job of this key that still waits is replaced. */
  key?: string
  /** In place of the job's own. */
  queue?: string
}

/** Adds a job; with a transaction, as part of it. */
export async function enqueue<Payload>(
  sql: Sql,
  job: Omit<Job<Payload>, 'run'>,
  payload: Payload,
  { at, key, queue }: Enqueued = {},
): Promise<void> {
  await addJob(sql, {
    name: job.name,
    payload: JSON.stringify(payload),
    queue: queue ?? job.queue ?? null,
    at: at ?? null,
    tries: job.tries ?? 10,
    key: key ?? null,
  })
}

/** Jobs that one process runs at once: they share two cores and the pool with requests. */
const concurrency = 2
/** How often a worker says that it lives, ms. */
const pulse = 15_000
/** How often jobs of a later time are looked for, ms. New ones ring. */
const poll = 2_000
/** Before the queue is opened again after the database was away, ms. */
const rest = 2_000

/** Takes jobs until stopped. Stopping waits for those under way, whose signal is aborted. */
export function startWorker(kernel: Kernel, jobs: ReadonlyArray<Job<unknown>>): () => Promise<void> {
  const { db, log } = kernel
  const stopped = new AbortController()
  const workers = new Set<Worker>()
  let runner: Runner | undefined

  async function open(): Promise<Runner> {
    // Loaded when the server already listens: a fifth of a second.
    const { EventEmitter } = await import('node:events')
    const { Logger, parseCronItems, run } = await import('graphile-worker')
    const events = new EventEmitter()
    events.on('worker:create', ({ worker }) => workers.add(worker))
    events.on('worker:stop', ({ worker }) => workers.delete(worker))
    events.on('job:error', ({ job, error }) =>
      log.warn({ job: job.task_identifier, id: job.id, attempt: job.attempts, err: error }, 'a job failed'),
    )
    return run({
      pgPool: db.pool as never,
      events,
      concurrency,
      pollInterval: poll,
      noHandleSignals: true,
      gracefulShutdownAbortTimeout: 0,
      logger: new Logger(() => (_level, message) => void log.debug({ graphile: message })),
      taskList: Object.fromEntries(
        jobs.map((job) => [
          job.name,
          async (payload: unknown, helpers: { abortSignal: AbortSignal }) => {
            const start = performance.now()
            // Graphile adds the time of a cron line to its payload.
            const { _cron, ...rest } = payload as Record<string, unknown>
            await job.run(kernel, job.payload.parse(rest), helpers.abortSignal)
            log.debug({ job: job.name, ms: Math.round(performance.now() - start), outcome: 'ok' })
          },
        ]),
      ),
      parsedCronItems: parseCronItems(
        jobs.flatMap(({ name, every, tries = 10, queue }) =>
          every ? [{ task: name, match: every, options: { maxAttempts: tries, jobKey: name, ...(queue && { queueName: queue }) } }] : [],
        ),
      ),
    })
  }

  async function live() {
    while (!stopped.signal.aborted) {
      if (workers.size)
        await beatWorkers(
          db,
          [...workers].map((worker) => worker.workerId),
        ).catch((err) => log.warn({ err }, 'jobs: no pulse'))
      await sleep(workers.size ? pulse : 100, undefined, { signal: stopped.signal, ref: false }).catch(() => {})
    }
  }

  async function work() {
    while (!stopped.signal.aborted) {
      try {
        runner = await open()
        if (stopped.signal.aborted) await runner.stop()
        await runner.promise
      } catch (err) {
        log.warn({ err }, 'jobs: the queue cannot be reached, trying again')
      }
      await sleep(rest, undefined, { signal: stopped.signal, ref: false }).catch(() => {})
    }
  }

  const ended = Promise.all([work(), live()])
  return async () => {
    stopped.abort()
    await runner?.stop().catch(() => {})
    await ended
  }
}
