/**
 * Watching runs: what is written to a run rings here, and a job judges its new points by the rules of its experiment. Every
 * point is judged once: a rule's place in a run moves on in the transaction that keeps what it found. A process that dies
 * between a write and its job leaves the run to the sweep, which looks each minute.
 */
import { z } from 'zod'
import { inTransaction, type Kernel } from '../context.ts'
import { enqueue, job } from '../jobs.ts'
import { findKeys, keyNames } from '../runs/keys.sql.ts'
import {
  insertAlert,
  moveWatch,
  type NewAlert,
  readWatches,
  type Step,
  unseenRuns,
  type Watch,
  type WatchedRun,
  watchedAmong,
} from './alerts.sql.ts'
import { duration, judge } from './conditions.ts'
import { deliver } from './deliver.ts'

/** Rings of runs are gathered this long, ms. */
const gather = 1_000

export const judgeRun = job({
  name: 'alert.judge',
  payload: z.object({ run: z.number().int() }),
  async run(kernel, { run: id }, signal) {
    while (!signal.aborted) {
      const run = await readWatches(kernel.db, id)
      if (!run || !(await judgeOnce(kernel, run))) return
    }
    throw new Error('The process stops: the rest is judged by another.')
  },
})

export const sweep = job({
  name: 'alert.sweep',
  payload: z.object({}),
  every: '* * * * *',
  async run(kernel) {
    for (const run of await unseenRuns(kernel.db)) await judgeSoon(kernel, run)
  },
})

export const judgeSoon = (kernel: Kernel, run: number) => enqueue(kernel.db, judgeRun, { run }, { key: `alert:${run}` })

/** A bounded amount of points, by every rule. True where more are left. */
async function judgeOnce(kernel: Kernel, run: WatchedRun): Promise<boolean> {
  let more = false
  for (const watch of run.watches) {
    const from = watch.seq ?? 0
    const metric =
      watch.metric === null ? undefined : (await findKeys(kernel.db, run.experimentId, 'metric', [watch.metric])).get(watch.metric)
    // A metric that no run has: -1 is nobody's key, and the cursor moves on all the same.
    const read = await kernel.points.since([{ run: run.id, after: from }], watch.metric === null ? undefined : [metric ?? -1])
    const found = read.runs.find((each) => each.run === run.id)
    more ||= read.more
    await judgeWatch(kernel, run, watch, found?.cursor ?? from, found?.series ?? [])
  }
  return more
}

async function judgeWatch(
  kernel: Kernel,
  run: WatchedRun,
  watch: Watch,
  seq: number,
  series: ReadonlyArray<{ key: number; steps: number[]; values: number[] }>,
) {
  const now = Date.now()
  const { condition } = watch
  const state: Watch['state'] = structuredClone(watch.state)
  const step: Step = { rule: watch.rule, run: run.id, seq, heardAt: series.length || watch.heardAt === null ? now : watch.heardAt, state }
  const found: Array<Pick<NewAlert, 'metric' | 'step' | 'value' | 'message'>> = []
  if (condition.kind === 'silence') {
    const silent = run.running && now - step.heardAt >= condition.after
    if (silent && !state['']?.holds) {
      const message = `no point of ${watch.metric ?? 'any metric'} for ${duration(condition.after)}`
      found.push({ metric: watch.metric, step: null, value: null, message })
    }
    state[''] = { holds: silent }
  } else {
    const names = await keyNames(
      kernel.db,
      series.map(({ key }) => key),
    )
    for (const { key, steps, values } of series) {
      const metric = names.get(key)!
      const finding = judge(condition, (state[metric] ??= {}), metric, { steps, values })
      if (finding) found.push({ metric, ...finding, value: String(finding.value) })
    }
  }
  await inTransaction(kernel, async (tx) => {
    // Another process has judged the same points: what it found stands.
    if (!(await moveWatch(tx, watch, step))) return
    for (const each of found) {
      const alert = await insertAlert(tx, { run, rule: watch.rule, ruleName: watch.name, at: now, ...each })
      await enqueue(tx, deliver, { alert })
    }
    if (condition.kind === 'silence' && run.running && !state['']!.holds) {
      const at = step.heardAt + condition.after
      await enqueue(tx, judgeRun, { run: run.id }, { key: `alert:${run.id}:silence:${watch.rule}`, at })
    }
    if (found.length) tx.ring('alerts', run.workspaceId)
  })
}

/** Has runs judged that are written through this process, until stopped. */
export function watchRuns(kernel: Kernel): () => Promise<void> {
  const rang = new Set<number>()
  let flushing: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  async function flush() {
    const runs = [...rang]
    rang.clear()
    try {
      for (const run of await watchedAmong(kernel.db, runs)) await judgeSoon(kernel, run)
    } catch (err) {
      kernel.log.warn({ err }, 'alerts: runs were not looked at, the next sweep will')
    }
  }
  const stop = kernel.events.overhear('run', (id) => {
    rang.add(id)
    timer ??= setTimeout(() => {
      timer = undefined
      flushing = flush()
    }, gather)
  })
  return async () => {
    stop()
    clearTimeout(timer)
    await flushing
    if (rang.size) await flush()
  }
}
