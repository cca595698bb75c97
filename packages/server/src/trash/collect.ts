/**
 * Collecting what is past return: what has had its time is taken, then rows and files go, a small step at a time and
 * with rests, so that who logs and reads hardly notices. Any number of processes may do it at once, and any may be
 * killed: the table `purge` says what is left.
 *
 * Files are looked for twice, an hour apart: an upload that had begun before may end after the first look, and whoever
 * sent it may have died before taking its file away again (see ../artifacts).
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { type Place, proxiedPath } from '../artifacts/store.ts'
import { inTransaction, type Kernel } from '../context.ts'
import { enqueue, type Job, job } from '../jobs.ts'
import {
  batch,
  claimExperiments,
  claimModels,
  claimRuns,
  dropTaken,
  dueThings,
  dueTimes,
  emptyExperiment,
  experimentLocations,
  kinds,
  type Leftover,
  livingUuids,
  nextDue,
  settleLeftovers,
  takeLeftovers,
} from './collect.sql.ts'

/** A job goes on for so long, then it queues behind others, ms. */
const slice = 2_000
/** Rests after each step as long as that took, but no longer, ms. */
const longestRest = 50
/** Before it looks again for what was not to be had, ms. */
const breath = 1_000
/** From the first look for files to the second, ms. */
const untilSecondLook = 3_600_000

export const collectTrash: Job<Record<string, never>> = job({
  name: 'trash.collect',
  payload: z.object({}),
  every: '*/10 * * * *',
  async run(kernel, _, signal) {
    const end = performance.now() + slice
    let more = true
    while (more && !signal.aborted && performance.now() < end) {
      const begun = performance.now()
      more = await collectStep(kernel, Date.now())
      await sleep(Math.min(longestRest, performance.now() - begun))
    }
    const next = more ? 0 : await nextDue(kernel.db)
    if (next === null) return
    // What is due by now and not done is in another's hands.
    await enqueue(kernel.db, collectTrash, {}, { key: collectTrash.name, at: more ? Date.now() : Math.max(next, Date.now() + breath) })
  },
})

/** What it takes of the kernel. */
export type Collecting = Pick<Kernel, 'db' | 'events' | 'artifacts' | 'log'>

/** One step, as of `now`. False when there is nothing to do. */
export async function collectStep(kernel: Collecting, now: number): Promise<boolean> {
  const { db } = kernel
  return (
    (await takeDue(kernel, now)) ||
    (await db.tx((tx) => dropTaken(tx, now))) ||
    (await db.tx((tx) => emptyExperiment(tx, now))) ||
    (await collectFiles(kernel, now))
  )
}

/** Takes a batch of what has had its time. */
async function takeDue(kernel: Collecting, now: number): Promise<boolean> {
  for (const due of await dueTimes(kernel.db, now)) {
    const { experiments, runs, models } = await dueThings(kernel.db, due)
    if (!experiments.length && !runs.length && !models.length) continue
    const taken = await inTransaction(kernel, async (tx) => {
      tx.ring('workspace', due.workspace)
      return [await claimExperiments(tx, experiments, now), await claimRuns(tx, runs, now), await claimModels(tx, models, now)]
    })
    // Where all of them were restored meanwhile, they are not due any more.
    if (taken.flat().length) return true
  }
  return false
}

/** Deletes the files of a batch of things. */
async function collectFiles(kernel: Collecting, now: number): Promise<boolean> {
  const { db, events, artifacts, log } = kernel
  const due = await takeLeftovers(db, now, batch)
  if (!due.length) return false
  const living = await livingUuids(
    db,
    due.map(({ uuid }) => uuid),
  )
  const locations = (await experimentLocations(db)).flatMap(({ location }) => placeOf(kernel, location) ?? [])
  const settled = await Promise.all(
    due.map(async (thing) => {
      const place = rootOf(kernel, thing)
      if (!place || living.has(thing.uuid)) return thing
      // A location of another experiment may be inside.
      if (locations.some((other) => other.store === place.store && `${other.key}/`.startsWith(`${place.key}/`))) {
        log.warn({ uri: thing.artifactUri }, 'the files of something purged stay: an experiment has its own among them')
        return thing
      }
      try {
        await artifacts.delete(place)
        return thing
      } catch {
        // The host has logged it. The next look comes when this one's time is over.
        return []
      }
    }),
  )
  await settleLeftovers(db, settled.flat(), now + untilSecondLook)
  // Less is being collected now.
  for (const workspace of new Set(due.map(({ workspaceId }) => workspaceId))) events.ring('workspace', workspace)
  return true
}

/** Where a location is; undefined where no store of this server holds it, or it is the whole store. */
function placeOf({ artifacts }: Pick<Kernel, 'artifacts'>, uri: string): Place | undefined {
  try {
    const place = artifacts.locate(uri)
    return place.key === '' ? undefined : place
  } catch {
    return undefined
  }
}

/**
 * The folder that is this thing's alone: a run's or model's artifact root, where the URI says that it is its own, and the
 * folder of an experiment's number. What lies elsewhere is not ours to delete.
 */
export function rootOf(
  kernel: Pick<Kernel, 'artifacts'>,
  thing: Pick<Leftover, 'kind' | 'id' | 'uuid' | 'artifactUri'>,
): Place | undefined {
  const { kind, id, uuid, artifactUri } = thing
  const own = {
    [kinds.run]: () => artifactUri.endsWith(`/${uuid}/artifacts`),
    [kinds.model]: () => artifactUri.endsWith(`/models/${uuid}/artifacts`),
    [kinds.experiment]: () => proxiedPath(artifactUri) === String(id),
  }[kind]!
  return own() ? placeOf(kernel, artifactUri) : undefined
}
