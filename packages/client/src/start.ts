/** Starting a run, or going on with one. */
import { addressOf, node, randomName, spoolOf } from './address.ts'
import { findRun, goOn, makeRun, type NewRun, type Send } from './create.ts'
import { Direct } from './direct.ts'
import { type Values, valueEntry } from './entries.ts'
import { patienceOf, persist } from './exchange.ts'
import { type Host, inNode } from './host.ts'
import type { LoggingOptions } from './logging.ts'
import { Run } from './run.ts'

export interface RunOptions extends LoggingOptions {
  /** The experiment's name; made where there is none. @default MLflow's Default, or the parent's */
  experiment?: string
  /** In place of `experiment`. */
  experimentId?: string
  /** @default two words and a number, made up by the server */
  name?: string
  /** Who runs it. @default in Node the account's name, else nobody */
  user?: string
  params?: Values
  tags?: Values
  /** The run that this one is nested in, or its id. */
  parent?: Run | string
  /**
   * A key of your own, such as a job's id. A process that starts again with the same key in the same experiment goes on with the same
   * run: its steps count on, its params are known.
   */
  autoresume?: string
}

const everyTenSeconds = 10_000

/** The account that runs this process, and its script. */
function surroundings(): { user?: string; tags: Record<string, string> } {
  if (!node) return { tags: {} }
  const script = node.argv[1]?.split(/[/\\]/).at(-1)
  const tags: Record<string, string> = script ? { 'mlflow.source.name': script, 'mlflow.source.type': 'LOCAL' } : {}
  try {
    return { user: node.getBuiltinModule('node:os').userInfo().username, tags }
  } catch {
    // A container may run under a number that has no name.
    return { tags }
  }
}

/** Makes or finds the run and opens its sink. */
async function begin(host: Host | undefined, origin: string, wanted: NewRun, options: LoggingOptions): Promise<Run> {
  const fromEnvironment = spoolOf()
  const offline = options.offline ?? (fromEnvironment.offline && !options.spool ? fromEnvironment.folder : undefined)
  const folder = offline ?? options.spool ?? fromEnvironment.folder
  const {
    flushEvery = 500,
    maxWaiting = 100_000,
    giveUpAfter = folder ? 5_000 : 60_000,
    onError,
    systemMetrics,
    console: listens,
  } = options
  if (systemMetrics) inNode(host, 'systemMetrics')
  if (listens) inNode(host, 'console')
  const { systemMetrics: _, console: __, ...logging } = options
  const { experiment, experimentId: ofId } = wanted
  const known = { origin, host, logging, home: ofId ? { experimentId: ofId } : { experiment } }
  let run: Run
  if (folder) {
    const sending = { origin, folder, send: !offline, run: wanted, flushEvery, giveUpAfter, onError }
    run = new Run({ ...known, ...(await inNode(host, 'A spool').spool(sending)) })
  } else {
    const send: Send = (attempt) => persist(attempt, patienceOf(giveUpAfter))
    const made = await (wanted.resumed ? send(() => findRun(origin, wanted.id)) : makeRun(origin, wanted, send))
    await send(() => goOn(origin, made))
    const { id: runId, experimentId } = made
    const sink = new Direct({ origin, runId, experimentId, flushEvery, maxWaiting, giveUpAfter, onError })
    run = new Run({ ...known, made, sink, home: { experimentId } })
  }
  if (systemMetrics) run.watchMachine(systemMetrics === true ? everyTenSeconds : systemMetrics)
  if (listens) run.listenToProcess()
  return run
}

/** `startRun` with what Node can do, or without. */
export const startRunOn =
  (host?: Host) =>
  async (experiment: string | RunOptions, options: RunOptions = {}): Promise<Run> => {
    const own: RunOptions = { ...(typeof experiment === 'string' ? { experiment } : experiment), ...options }
    const { parent, autoresume: key, name } = own
    const parentRun = parent instanceof Run ? parent : undefined
    const given: RunOptions = { ...parentRun?.logging, ...own }
    const origin = addressOf(given.url ?? parentRun?.origin)
    if (key === '') throw new TypeError("autoresume is '': give a key of your own, such as a job's id.")
    const here = surroundings()
    const user = given.user ?? here.user
    const parentId = parentRun?.id ?? parent
    const tags = Object.entries({
      ...here.tags,
      ...(user && { 'mlflow.user': user }),
      ...(parentId && { 'mlflow.parentRunId': parentId }),
      ...given.tags,
    }).map(([key, value]) => valueEntry('tags', key, value).value as { key: string; value: string })
    const params = given.params ?? {}
    for (const key of Object.keys(params)) valueEntry('params', key, params[key])
    const { experimentId, experiment: byName } = given
    const home = experimentId ? { experimentId } : byName === undefined ? { ...parentRun?.home } : { experiment: byName }
    const run = await begin(host, origin, { id: randomName(), key, ...home, name, user, startedAt: Date.now(), tags }, given)
    try {
      // One that goes on may have had other ones.
      if (key !== undefined && given.tags) run.setTags(given.tags)
      run.logParams(params)
    } catch (error) {
      await run.finish('FAILED').catch(() => {})
      throw error
    }
    return run
  }

/** `resumeRun` with what Node can do, or without. */
export const resumeRunOn =
  (host?: Host) =>
  (id: string, options: LoggingOptions = {}): Promise<Run> =>
    begin(host, addressOf(options.url), { id, resumed: true, startedAt: Date.now(), tags: [] }, options)
