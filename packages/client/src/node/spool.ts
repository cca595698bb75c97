/**
 * A spool: a folder with a journal for each run that is not yet sent whole. A journal is taken away when the server has all of it; one
 * of which something was refused is kept beside, as `….kept`, and one of an `autoresume` leaves what the next process must know.
 */
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { basename, join } from 'node:path'
import { randomName, spoolOf } from '../address.ts'
import { ApiError } from '../api-error.ts'
import type { Made, NewRun } from '../create.ts'
import { patienceOf } from '../exchange.ts'
import type { SpoolOptions } from '../host.ts'
import type { ReplayedRun, ReplayOptions, ReplayReport } from '../replay.ts'
import { failed, Journal } from './journal.ts'
import { lock } from './lock.ts'
import { type Known, Sender, survey } from './sender.ts'
import { Spooled } from './spooled.ts'

const kept = '.kept'
const gone = '.gone'

/** What is left of an `autoresume` whose journal was sent. */
interface Memory {
  /** The ids it had here, before the server gave it one. */
  aliases: string[]
  id: string
  name: string
  experimentId: string
  steps: Array<[string, number]>
  params: Array<[string, string]>
}

const memoryOf = (folder: string) => `${folder}.json`

function recall(path: string): Memory | undefined {
  try {
    return JSON.parse(fs.readFileSync(path, 'utf8')) as Memory
  } catch {
    // There is none, or it was being written when the process was killed: then the server knows.
    return undefined
  }
}

/** One that goes on must be found again by its key, any other by its id. */
const nameOf = (origin: string, { id, key, experiment, experimentId }: NewRun) =>
  key === undefined
    ? id
    : createHash('sha256')
        .update(JSON.stringify([origin, experiment ?? null, experimentId ?? null, key]))
        .digest('hex')
        .slice(0, 32)

const latest = (...maps: Array<Iterable<[string, number]>>) => {
  const all = new Map<string, number>()
  for (const map of maps) for (const [key, step] of map) all.set(key, Math.max(step, all.get(key) ?? step))
  return all
}

/** How long a replay that is just putting a journal away is waited for, ms. */
const turn = 100
const turns = 50

/** The folder of a journal, made where there is none, and the right to write to it. */
async function openFolder(folder: string, run: NewRun, origin: string): Promise<{ fresh: boolean; writing: () => void }> {
  for (let i = 0; i < turns; i++) {
    const fresh = !Journal.exists(folder)
    try {
      if (fresh) Journal.create(folder, { journal: randomName().slice(0, 12), run, origin })
      const writing = lock(join(folder, 'writing'))
      if (writing) return { fresh, writing }
    } catch (error) {
      throw error instanceof ApiError ? error : failed(folder, error)
    }
    // Another process has it, or a replay has just taken it away.
    await new Promise((resolve) => setTimeout(resolve, turn))
  }
  throw new ApiError('SPOOL_FAILED', `Another process is logging the run of ${folder}. Give each its own key, or its own spool.`)
}

async function sendingLock(folder: string): Promise<(() => void) | undefined> {
  for (let i = 0; i < turns; i++) {
    const sending = lock(join(folder, 'sending'))
    if (sending) return sending
    await new Promise((resolve) => setTimeout(resolve, turn))
  }
  return undefined
}

/** A run whose log goes into the folder first. Throws SPOOL_FAILED; what the server refuses. */
export async function beginSpooled({ folder: spool, origin, run, send, flushEvery, giveUpAfter, onError }: SpoolOptions) {
  const folder = join(spool, nameOf(origin, run))
  try {
    fs.mkdirSync(spool, { recursive: true })
  } catch (error) {
    throw failed(spool, error)
  }
  const { fresh, writing } = await openFolder(folder, run, origin)
  // Where a replay has it for longer, this process only writes.
  const sending = send ? await sendingLock(folder) : undefined
  const journal = Journal.open(folder, 'write')
  const known = await survey(journal)
  const unlock = () => {
    sending?.()
    writing()
  }
  if (!known) {
    journal.close()
    unlock()
    throw new ApiError('SPOOL_FAILED', `The first line of ${folder}/journal.jsonl can't be read. Move the folder away.`)
  }
  const memory = recall(memoryOf(folder))
  const sink = new Spooled(
    journal,
    known,
    {
      origin,
      flushEvery,
      giveUpAfter,
      onError,
      leave({ sent, problems, sender }) {
        journal.close()
        if (sent && sender?.made) putAway(folder, known, sender.made, problems)
        unlock()
      },
    },
    sending !== undefined,
  )
  try {
    if (sending) await sink.reach(giveUpAfter)
  } catch (error) {
    journal.close()
    unlock()
    // Nothing was logged to what the server wants nothing of.
    if (fresh) fs.rmSync(folder, { recursive: true, force: true })
    throw error
  }
  const { made } = sink.sender ?? {}
  // It may have ended before, here or elsewhere.
  if (!fresh || run.key !== undefined || run.resumed) journal.append([{ again: Date.now() }])
  sink.start()
  if (send) replayFolder(undefined, { folder: spool, giveUpAfter: 0 }).then(({ runs }) => tell(runs, onError), onError)
  const begun: Made = {
    id: made?.id ?? memory?.id ?? known.run.id,
    name: made?.name ?? memory?.name ?? known.run.name ?? '',
    experimentId: made?.experimentId ?? memory?.experimentId ?? known.run.experimentId ?? '',
    status: 'RUNNING',
    steps: latest(made?.steps ?? [], memory?.steps ?? [], known.steps),
    params: new Map([...(memory?.params ?? []), ...(made?.params ?? []), ...known.params]),
    tags: made?.tags ?? new Map(),
  }
  return { made: begun, sink }
}

/** What earlier processes left is nobody's but this one's to tell of. */
function tell(runs: ReplayedRun[], onError: SpoolOptions['onError']): void {
  for (const { problems, name, folder, outcome } of runs) {
    if (outcome === 'kept' && problems.length)
      onError?.(new ApiError('SPOOL_FAILED', `Of the run '${name}', replayed from ${folder}: ${problems.join(' ')}`))
  }
}

/** A journal that was sent whole leaves the spool; one with problems is kept for who wants to look. */
function putAway(folder: string, { run, steps, params }: Known, made: Made, problems: readonly Error[]): string {
  if (run.key !== undefined) {
    const before = recall(memoryOf(folder))
    const memory: Memory = {
      aliases: [...new Set([...(before?.aliases ?? []), run.id])],
      id: made.id,
      name: made.name,
      experimentId: made.experimentId,
      steps: [...latest(before?.steps ?? [], made.steps, steps)],
      params: [...new Map([...(before?.params ?? []), ...made.params, ...params])],
    }
    fs.writeFileSync(`${memoryOf(folder)}.new`, JSON.stringify(memory))
    fs.renameSync(`${memoryOf(folder)}.new`, memoryOf(folder))
  }
  // Under another name first: a process that is killed now leaves nothing that looks like a journal.
  const to = problems.length ? `${folder}.${Date.now()}${kept}` : `${folder}${gone}`
  if (problems.length) {
    fs.writeFileSync(join(folder, 'problems.txt'), problems.map(({ message }) => `${message}\n`).join(''))
    for (const name of ['writing', 'sending']) fs.rmSync(join(folder, name), { force: true })
  }
  fs.rmSync(`${folder}${gone}`, { recursive: true, force: true })
  fs.renameSync(folder, to)
  if (!problems.length) fs.rmSync(to, { recursive: true, force: true })
  return to
}

interface Found {
  folder: string
  known: Known | undefined
}

/** The journals of a spool, as their runs were started: parents before their children. */
async function journalsIn(spool: string): Promise<Found[]> {
  const found: Found[] = []
  for (const name of fs.readdirSync(spool)) {
    const folder = join(spool, name)
    if (name.endsWith(gone)) fs.rmSync(folder, { recursive: true, force: true })
    if (name.includes('.') || !Journal.exists(folder)) continue
    const journal = Journal.open(folder, 'read')
    found.push({ folder, known: await survey(journal) })
    journal.close()
  }
  return found.sort((a, b) => (a.known?.run.startedAt ?? 0) - (b.known?.run.startedAt ?? 0))
}

/**
 * Sends what is in a spool. Safe to repeat, to kill and to do twice at once: see `sender.ts`. `origin` undefined: to where each run
 * was started for.
 */
export async function replayFolder(
  origin: string | undefined,
  { folder = spoolOf().folder, onProgress, giveUpAfter = 60_000, signal }: ReplayOptions,
): Promise<ReplayReport> {
  if (!folder) throw new TypeError('There is no spool: give its folder, or set TIDEGATE_SPOOL.')
  if (!fs.existsSync(folder)) return { runs: [] }
  const ids = new Map<string, string>()
  for (const name of fs.readdirSync(folder)) {
    if (!name.endsWith('.json')) continue
    const memory = recall(join(folder, name))
    for (const alias of memory?.aliases ?? []) ids.set(alias, memory!.id)
  }
  const runs: ReplayedRun[] = []
  for (const { folder: journal, known } of await journalsIn(folder)) {
    signal?.throwIfAborted()
    runs.push(known ? await replayJournal(journal, known) : unreadable(journal))
  }
  signal?.throwIfAborted()
  return { runs }

  async function replayJournal(folder: string, { run, origin: own }: Known): Promise<ReplayedRun> {
    const to = origin ?? own
    const result = (outcome: ReplayedRun['outcome'], problems: readonly Error[] = [], sender?: Sender): ReplayedRun => ({
      id: sender?.made?.id ?? run.id,
      name: sender?.made?.name ?? run.name ?? '',
      outcome,
      folder,
      entries: sender?.entries ?? 0,
      files: sender?.files ?? 0,
      problems: problems.map(({ message }) => message),
    })
    const unlock = lock(join(folder, 'sending'))
    // Where it is not there any more, another process has just sent it.
    if (!unlock || !Journal.exists(folder)) return result('busy')
    const journal = Journal.open(folder, 'read')
    const problems: Error[] = []
    let sender: Sender | undefined
    try {
      const known = await survey(journal)
      if (!known) throw new Error(`The first line of ${folder}/journal.jsonl can't be read.`)
      const { size } = journal
      sender = new Sender(journal, known, {
        origin: to,
        patience: () => patienceOf(giveUpAfter),
        onProblem: (problem) => problems.push(problem),
        onBatch(done) {
          onProgress?.({ id: sender?.made?.id ?? run.id, name: sender?.made?.name ?? '' }, done, size)
          signal?.throwIfAborted()
        },
        idOf: (id) => ids.get(id) ?? id,
      })
      const made = await sender.begin()
      if (run.id !== made.id) ids.set(run.id, made.id)
      await sender.drain()
      await sender.filesDone()
      const writing = lock(join(folder, 'writing'))
      if (!writing) return result('open', problems, sender)
      try {
        // Now that nobody can: what was added meanwhile.
        const ended = await sender.drain()
        await sender.filesDone()
        if (!ended) await sender.abandoned()
        journal.close()
        const at = putAway(folder, known, made, problems)
        return { ...result(problems.length ? 'kept' : 'sent', problems, sender), folder: at }
      } finally {
        writing()
      }
    } catch (error) {
      return result('stopped', [...problems, error as Error], sender)
    } finally {
      journal.close()
      unlock()
    }
  }
}

const unreadable = (folder: string): ReplayedRun => ({
  id: basename(folder),
  name: '',
  outcome: 'stopped',
  folder,
  entries: 0,
  files: 0,
  problems: [`The first line of ${folder}/journal.jsonl can't be read.`],
})
