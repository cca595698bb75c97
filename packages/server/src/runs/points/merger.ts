/**
 * Which runs to merge, and when. Every process merges what it writes, and looks now and then for what others left: a run
 * with rows in its tail wants attention, and the last row only leaves when the run is quiet, together with settling it.
 */
import type { Database } from '@tidegate/db'
import type { Logger } from 'pino'
import { type Keep, type Merged, mergeStep, nothing, tails } from './merge.sql.ts'

/** A live run is merged when its tail is longer than this: a chart reads so much in some 20 ms. */
const longest: Keep = { rows: 1_024, points: 65_536 }
/** What is left then: a live reader's next few seconds, or some tenths of one when a run writes as fast as it can. */
const kept: Keep = { rows: 256, points: 32_768 }

export interface MergerPace {
  /** A run is quiet when nothing came for this long, ms. Merging and settling each point of a slow run would cost more than it saves. @default 30 000 */
  quiet?: number
  /** How often the whole tail is looked at, ms. @default 30 000 */
  scan?: number
}

/** How often quiet runs are looked for, ms. A tail that gets too long is seen at once. */
const pause = 250
/** After a failure, ms. */
const rest = 5_000

interface Tail {
  seq: number
  rows: number
  points: number
  /** When the newest row came, or was first seen. */
  since: number
}

export interface Merger {
  /** A row was written here. */
  wrote(run: number, seq: number, points: number): void
  start(pace?: MergerPace): () => Promise<void>
}

export function openMerger(db: Database, log: Logger): Merger {
  const dirty = new Map<number, Tail>()
  /** Runs whose tail is too long. */
  const long = new Set<number>()
  let started = false
  let wake = () => {}

  function measure(run: number, tail: Tail) {
    dirty.set(run, tail)
    if (tail.rows <= longest.rows && tail.points <= longest.points) return
    long.add(run)
    wake()
  }

  async function scan() {
    const now = performance.now()
    const found = new Set<number>()
    for (const { run, seq, rows, points } of await tails(db)) {
      const known = dirty.get(run)
      const same = known && known.seq >= seq
      measure(run, { seq: same ? known.seq : seq, rows, points, since: same ? known.since : now })
      found.add(run)
    }
    // Written before the scan and not found by it: another process has merged it.
    for (const [run, { since }] of dirty) if (!found.has(run) && since < now) dirty.delete(run)
  }

  async function merge(run: number, keep: Keep) {
    const before = dirty.get(run)
    let outcome: Merged | undefined
    try {
      outcome = await mergeStep(db, run, keep)
    } finally {
      const tail = dirty.get(run)
      const same = tail?.seq === before?.seq
      if (!outcome?.more) long.delete(run)
      if (outcome?.done && same) dirty.delete(run)
      else if (tail && !outcome?.more) {
        // Left for now, also where another process is at it or it failed: not before its time comes again.
        const since = same ? performance.now() : tail.since
        dirty.set(run, { ...tail, rows: Math.min(tail.rows, kept.rows), points: Math.min(tail.points, kept.points), since })
      }
    }
  }

  function quietRun(quiet: number): number | undefined {
    const now = performance.now()
    for (const [run, { since }] of dirty) if (now - since >= quiet) return run
    return undefined
  }

  return {
    wrote(run, seq, points) {
      if (!started) return
      const tail = dirty.get(run)
      measure(run, { seq, rows: (tail?.rows ?? 0) + 1, points: (tail?.points ?? 0) + points, since: performance.now() })
    },

    start({ quiet = 30_000, scan: every = 30_000 } = {}) {
      started = true
      let stopped = false
      let stop = () => {}
      let nextScan = 0
      /** Waits this long, ms, or until stopped, or until the end that `early` is given is called. Keeps no process alive. */
      const idle = (ms: number, early?: (end: () => void) => void) =>
        new Promise<void>((resolve) => {
          if (stopped) return resolve()
          setTimeout(resolve, ms).unref()
          stop = resolve
          early?.(resolve)
        })
      const loop = async () => {
        while (!stopped) {
          try {
            if (performance.now() >= nextScan) {
              await scan()
              nextScan = performance.now() + every
            }
            // One of each in turn, so that neither keeps the other waiting.
            const tooLong = long.values().next().value
            if (tooLong !== undefined) await merge(tooLong, kept)
            const quietOne = quietRun(quiet)
            if (quietOne !== undefined) await merge(quietOne, nothing)
            if (tooLong === undefined && quietOne === undefined) await idle(pause, (end) => (wake = end))
          } catch (error) {
            log.warn({ err: error }, 'merging points failed, trying again')
            await idle(rest)
          }
        }
      }
      const ended = loop()
      return async () => {
        stopped = true
        stop()
        await ended
      }
    },
  }
}
