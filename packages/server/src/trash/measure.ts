/**
 * What the trash takes: rows by their sizes in the tables, files by listing the store. It is measured once for each run and
 * model that is in the trash, in the background, because an experiment may hold a hundred thousand; what was measured holds,
 * since nothing deleted is written to.
 */
import { z } from 'zod'
import { joinPath } from '../artifacts/path.ts'
import type { Artifacts, Place } from '../artifacts/store.ts'
import type { Kernel } from '../context.ts'
import { enqueue, type Job, job } from '../jobs.ts'
import { kinds } from './collect.sql.ts'
import { rootOf } from './collect.ts'
import { findUnmeasured, keepSizes, measureRows, type Size, type Unmeasured } from './measure.sql.ts'

/** Runs, and as many models, that are measured at once. */
const batch = 50
/** Stores that are listed at the same time. */
const atOnce = 8
/** A job goes on for so long, then it queues behind others, ms. */
const slice = 2_000

export const measureTrash: Job<Record<string, never>> = job({
  name: 'trash.measure',
  payload: z.object({}),
  async run(kernel, _, signal) {
    if (await measureFor(kernel, slice, signal)) await enqueue(kernel.db, measureTrash, {}, { key: measureTrash.name })
  },
})

/** Measures what has no size yet, for so long. True when time was up first. */
export async function measureFor(kernel: Kernel, ms: number, signal?: AbortSignal): Promise<boolean> {
  const end = performance.now() + ms
  // Behind those at hand, so that what is measured is not looked at again and again.
  const last = { run: 0, model: 0 }
  while (!signal?.aborted && performance.now() < end) {
    const found = await findUnmeasured(kernel.db, batch, last)
    if (!found.length) return false
    await measure(kernel, found)
    for (const { kind, id } of found) last[kind === kinds.run ? 'run' : 'model'] = id
    for (const workspace of new Set(found.map(({ workspaceId }) => workspaceId))) kernel.events.ring('workspace', workspace)
  }
  return true
}

async function measure(kernel: Kernel, things: Unmeasured[]): Promise<void> {
  for (const kind of [kinds.run, kinds.model]) {
    const these = things.filter((thing) => thing.kind === kind)
    if (!these.length) continue
    const rows = await measureRows(
      kernel.db,
      kind,
      these.map(({ id }) => id),
    )
    const sizes: Size[] = []
    const waiting = these.values()
    const list = async () => {
      for (const thing of waiting) {
        const place = rootOf(kernel, thing)
        const { bytes, files } = place ? await measureFiles(kernel.artifacts, place) : { bytes: 0, files: 0 }
        sizes.push({ id: thing.id, deletedAt: thing.deletedAt, rowBytes: rows.get(thing.id) ?? 0, fileBytes: bytes, files })
      }
    }
    await Promise.all(Array.from({ length: atOnce }, list))
    sizes.sort((a, b) => a.id - b.id)
    await keepSizes(kernel.db, kind, sizes)
  }
}

/** The files below a place, however deep. */
async function measureFiles(artifacts: Artifacts, place: Place): Promise<{ bytes: number; files: number }> {
  let [bytes, files] = [0, 0]
  const folders = [place]
  for (let folder = folders.pop(); folder; folder = folders.pop()) {
    for (const { name, size } of await artifacts.list(folder)) {
      if (size === null) folders.push({ store: place.store, key: joinPath(folder.key, name) })
      else {
        bytes += size
        files++
      }
    }
  }
  return { bytes, files }
}
