/**
 * An import: what a source has and the server has not. Always true: a run is done only when its params, tags, inputs, points and
 * files are there and were counted, so an import that was stopped at any moment goes on where it is started again; a run that is
 * done, or that was logged on the server, is not touched. Memory holds a few pages of runs and one metric of a run.
 */
import { type Checks, type Destination, type ModelLink, type State, tidegate } from './destination.ts'
import { PointsDigest } from './digest.ts'
import { type Experiment, type Fault, type FileEntry, type Model, type Run, type Series, type Source, TransferError } from './record.ts'

export { tidegate }

/** Runs that are brought together. A server answers for a hundred at once. */
const together = 100
/** How many of these are under way at a time, and how many files of one of them. */
const lanes = 4
const fileLanes = 4
/** Points in one request. */
const mostPoints = 40_000

export interface Progress {
  /** Runs that were looked at, of all that were found so far. */
  runs: number
  found: number
  points: number
  files: number
  bytes: number
}

export interface ExperimentReport {
  name: string
  /** Its id here; null in a dry run where it is not there yet. */
  id: string | null
  /** It was made, or would be. */
  made: boolean
  runs: number
}

export interface Report {
  from: string
  dryRun: boolean
  experiments: ExperimentReport[]
  /** Runs that came, or would. */
  brought: number
  /** Of those, the ones that an earlier import had begun. */
  resumed: number
  /** Runs that an import had brought before. */
  there: number
  /** Ids that other runs on the server have: those were left as they are. */
  held: string[]
  /** Runs that are begun and not whole, with the reason. */
  unfinished: Array<{ run: string; reason: string }>
  points: number
  /** Logged models that came, or would. */
  models: number
  /** Ids that other models on the server have: those were left as they are. */
  heldModels: string[]
  /** Values of models that were measured by runs which are not here. */
  lostModelPoints: number
  files: number
  bytes: number
  faults: Fault[]
}

export interface ImportOptions {
  dryRun?: boolean
  onProgress?: (progress: Progress) => void
  signal?: AbortSignal
}

/** Brings everything. Rejects where the server refuses, or can't be reached for a minute; what came stays. */
export async function importFrom(
  open: (onFault: (fault: Fault) => void) => Promise<Source> | Source,
  to: Destination,
  { dryRun = false, onProgress, signal }: ImportOptions = {},
): Promise<Report> {
  const faults: Fault[] = []
  const source = await open((fault) => faults.push(fault))
  const report: Report = {
    from: source.name,
    dryRun,
    experiments: [],
    brought: 0,
    resumed: 0,
    there: 0,
    held: [],
    unfinished: [],
    points: 0,
    models: 0,
    heldModels: [],
    lostModelPoints: 0,
    files: 0,
    bytes: 0,
    faults,
  }
  const progress: Progress = { runs: 0, found: 0, points: 0, files: 0, bytes: 0 }
  const moved = () => onProgress?.(progress)
  const work: Work = { source, to, report, progress, moved }
  try {
    for await (const experiment of source.experiments()) await bringExperiment(work, experiment, signal)
  } finally {
    await source.close?.()
  }
  return report
}

interface Work {
  source: Source
  to: Destination
  report: Report
  progress: Progress
  moved(): void
}

async function bringExperiment(work: Work, experiment: Experiment, signal: AbortSignal | undefined): Promise<void> {
  const { source, to, report, progress, moved } = work
  const there = await to.find(experiment.name)
  const { id, made } = report.dryRun ? { id: there?.id ?? null, made: !there } : await to.experiment(experiment)
  const entry: ExperimentReport = { name: experiment.name, id, made, runs: 0 }
  report.experiments.push(entry)

  const pool = new Lanes(lanes)
  /** What runs used and made, of those that are not another's. */
  const links: ModelLink[] = []
  let reopened = false
  try {
    for await (const page of source.runs(experiment)) {
      progress.found += page.length
      moved()
      const states = await to.states(page.map((run) => run.id))
      const wanted = page.filter((run, i) => take(report, run, states[i]!))
      for (const [i, { id: run, models }] of page.entries()) {
        if (!models || states[i] === 'HELD') continue
        links.push(...models.inputs.map((model) => ({ run, model, output: false, step: 0 })))
        links.push(...models.outputs.map((output) => ({ run, output: true, ...output })))
      }
      progress.runs += page.length - wanted.length
      entry.runs += wanted.length
      if (report.dryRun) {
        report.brought += wanted.length
        progress.runs += wanted.length
        continue
      }
      if (wanted.length && there?.deleted && experiment.deletedAt !== undefined && !reopened) {
        // Deleted on both sides: it is again when all of it is here.
        await to.restore(id!)
        reopened = true
      } else if (wanted.length && there?.deleted && !reopened) {
        throw new TransferError(`The experiment '${experiment.name}' is deleted on ${to.url}. Restore it, and import again.`)
      }
      for (let i = 0; i < wanted.length; i += together) {
        signal?.throwIfAborted()
        await pool.add(() => bringRuns(work, id!, wanted.slice(i, i + together)))
      }
    }
  } finally {
    await pool.settled()
  }
  pool.check()
  if (!report.dryRun && there?.deleted && !reopened) return
  await bringModels(work, experiment, id, links)
  if (reopened) await to.remove(id!)
  else if (!report.dryRun && experiment.deletedAt !== undefined) await to.finishExperiment(id!, experiment.deletedAt)
}

/** After the runs, which their values are measured by. */
async function bringModels(
  { source, to, report, progress, moved }: Work,
  experiment: Experiment,
  id: string | null,
  links: ModelLink[],
): Promise<void> {
  if (source.models) {
    for await (const models of source.models(experiment)) {
      report.models += models.length
      if (report.dryRun) continue
      const { held, lost } = await to.models(id!, models, [])
      report.models -= held.length
      report.heldModels.push(...held)
      report.lostModelPoints += lost
      for (const model of models) if (!held.includes(model.id)) await bringFiles(model)
    }
  }
  if (links.length && !report.dryRun) await to.models(id!, [], links)

  async function bringFiles(model: Model) {
    if (!source.modelFiles) return
    let there: Map<string, number> | undefined
    const files = new Lanes(fileLanes)
    for await (const file of source.modelFiles(model)) {
      there ??= await to.modelFiles(model.id)
      if (there.get(file.path) === file.bytes) continue
      await files.add(async () => {
        try {
          await to.modelFile(id!, model.id, file)
        } catch (error) {
          if (!isReading(error)) throw error
          report.faults.push({ file: file.path, at: `model ${model.id}`, message: (error as Error).message })
          return
        }
        report.files++
        report.bytes += file.bytes
        progress.files++
        progress.bytes += file.bytes
        moved()
      })
    }
    await files.settled()
    files.check()
  }
}

/** Whether a run is to be brought. */
function take(report: Report, run: Run, state: State): boolean {
  if (state === 'DONE') report.there++
  else if (state === 'HELD') report.held.push(run.id)
  else if (state === 'STARTED') report.resumed++
  return state === 'FREE' || state === 'STARTED'
}

async function bringRuns({ source, to, report, progress, moved }: Work, experiment: string, wanted: Run[]): Promise<void> {
  const refused = (run: Run, message: string) => report.unfinished.push({ run: run.id, reason: message })
  const states = await to.runs(experiment, wanted, refused)
  const runs = wanted.filter(({ id }) => states.get(id) === 'STARTED')
  for (const { id } of wanted) if (states.get(id) === 'HELD') report.held.push(id)

  const digests = new Map(runs.map(({ id }) => [id, new PointsDigest()]))
  let waiting: Series[] = []
  let count = 0
  const flush = async () => {
    if (waiting.length) await to.points(experiment, waiting)
    progress.points += count
    report.points += count
    waiting = []
    count = 0
    moved()
  }
  for await (const series of source.points(runs)) {
    digests.get(series.run)!.add(series.key, series)
    for (const piece of cut(series)) {
      waiting.push(piece)
      count += piece.steps.length
      if (count >= mostPoints) await flush()
    }
  }
  await flush()

  const files = new Lanes(fileLanes)
  for (const run of runs) {
    let there: Map<string, number> | undefined
    for await (const file of source.files(run)) {
      there ??= await to.files(run.id)
      if (there.get(file.path) === file.bytes) continue
      await files.add(() => bringFile(run, file))
    }
  }
  await files.settled()
  files.check()

  async function bringFile(run: Run, file: FileEntry) {
    try {
      await to.file(experiment, run.id, file)
    } catch (error) {
      if (!isReading(error)) throw error
      report.faults.push({ file: file.path, at: '', message: (error as Error).message, runs: [run.id] })
      return
    }
    report.files++
    report.bytes += file.bytes
    progress.files++
    progress.bytes += file.bytes
    moved()
  }

  // What could not be read of a run keeps it unfinished: the next import brings it when it can be.
  const faulty = new Set(report.faults.flatMap(({ runs = [] }) => runs))
  const whole = runs.filter(({ id }) => !faulty.has(id))
  for (const { id } of runs) if (faulty.has(id)) report.unfinished.push({ run: id, reason: 'Some of it could not be read.' })
  const checks = whole.map((run) => ({ ...checksOf(run, digests.get(run.id)!), id: run.id, deletedAt: run.deletedAt }))
  for (const { id, done, found } of checks.length ? await to.finish(experiment, checks) : []) {
    if (done) report.brought++
    else report.unfinished.push({ run: id, reason: difference(checks.find((run) => run.id === id)!, found) })
  }
  progress.runs += wanted.length
  moved()
}

/** A file that can't be read, or that the server does not take: one file's matter. */
const isReading = (error: unknown) => {
  const { code, syscall, status } = error as { code?: string; syscall?: string; status?: number }
  return (
    (syscall !== undefined && syscall !== 'connect') || (code !== 'UNREACHABLE' && status !== undefined && status >= 400 && status < 500)
  )
}

const unique = (keys: Array<{ key: string }>) => new Set(keys.map(({ key }) => key)).size

const checksOf = (run: Run, digest: PointsDigest): Checks => ({
  params: unique(run.params),
  tags: unique(run.tags),
  inputs: new Set(run.inputs.map(({ dataset }) => JSON.stringify([dataset.name, dataset.digest]))).size,
  points: digest.count,
  digest: digest.toString(),
})

function difference(wanted: Checks, found: Checks): string {
  const kinds = (['params', 'tags', 'inputs', 'points'] as const).filter((kind) => wanted[kind] !== found[kind])
  return kinds.length
    ? `It holds ${kinds.map((kind) => `${found[kind]} of ${wanted[kind]} ${kind}`).join(', ')}.`
    : 'Its points are not those that were sent.'
}

/** A series in pieces of a request's size. */
function* cut(series: Series): Generator<Series> {
  const { run, key, steps, times, values } = series
  if (steps.length <= mostPoints) return yield series
  const part = (column: ArrayLike<number>, from: number) => Array.prototype.slice.call(column, from, from + mostPoints) as number[]
  for (let i = 0; i < steps.length; i += mostPoints)
    yield { run, key, steps: part(steps, i), times: part(times, i), values: part(values, i) }
}

/** So much at a time. After a failure nothing more is begun, and `check` throws it. */
class Lanes {
  readonly #most: number
  readonly #busy = new Set<Promise<void>>()
  #failure: { error: unknown } | undefined

  constructor(most: number) {
    this.#most = most
  }

  /** Begins it, or waits for a lane first. */
  async add(work: () => Promise<void>): Promise<void> {
    while (this.#busy.size >= this.#most) await Promise.race(this.#busy)
    this.check()
    const done = work()
      .catch((error) => {
        this.#failure ??= { error }
      })
      .finally(() => this.#busy.delete(done))
    this.#busy.add(done)
  }

  async settled(): Promise<void> {
    await Promise.all(this.#busy)
  }

  check(): void {
    if (this.#failure) throw this.#failure.error
  }
}
