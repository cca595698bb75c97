/**
 * Group commit: what arrives while statements are in flight goes out together in the next one, many runs in one, so that
 * a commit's price is shared. The first caller never waits.
 *
 * Always true: a run is in one statement at a time. A head that another transaction holds is skipped, and waited for by
 * itself, so that a run that is stuck keeps nobody else. A statement that fails is sent again run by run: only the run
 * at fault hears of it. That is safe because the same points twice are the same points.
 */
import type { Database, Sql } from '@tidegate/db'
import { hasReturningOld, type Written, writeTail } from './append.sql.ts'
import { pack } from './pack.ts'
import type { Appended, PointColumns } from './shape.ts'

/** Statements for many runs at once. More than two gained nothing. */
const flights = 2
/** Statements that wait for one run's lock: the most connections that stuck runs can hold. */
const lanes = 2
/** Points of one statement, and so of one row: about a megabyte. A larger request goes by itself. */
const mostPoints = 50_000

interface Entry {
  columns: PointColumns
  resolve(written: Appended | undefined): void
  reject(error: unknown): void
}

interface Group {
  run: number
  entries: Entry[]
}

const partsOf = ({ run, entries }: Group) => ({ run, parts: entries.map(({ columns }) => columns) })

/** Both answer undefined when the run is unknown or closed. */
export interface Queue {
  add(run: number, columns: PointColumns): Promise<Appended | undefined>
  /** In this transaction, without the queue. */
  addIn(sql: Sql, run: number, columns: PointColumns): Promise<Appended | undefined>
}

/** `wrote` hears of every row: its run, seq and number of points. */
export function openQueue(db: Database, wrote: (run: number, seq: number, points: number) => void): Queue {
  const waiting = new Map<number, Entry[]>()
  const busy = new Set<number>()
  /** Runs in `waiting` whose head was locked when last tried. */
  const contended = new Set<number>()
  let flying = 0
  let inLanes = 0
  let returnsOld: Promise<boolean> | undefined

  /** Takes what waits for a run, as much as may go in one row. */
  function take(run: number, room: number): Group | undefined {
    const entries = waiting.get(run)!
    let points = 0
    let n = 0
    while (n < entries.length && (n === 0 || points + entries[n]!.columns.keys.length <= mostPoints))
      points += entries[n++]!.columns.keys.length
    if (points > room) return undefined
    if (n === entries.length) waiting.delete(run)
    else waiting.set(run, entries.slice(n))
    busy.add(run)
    return { run, entries: entries.slice(0, n) }
  }

  async function write(sql: Sql, groups: Array<{ run: number; parts: PointColumns[] }>, locked: 'wait' | 'skip') {
    // On the connection at hand: transactions that hold all of the pool's would wait for one more for ever.
    returnsOld ??= hasReturningOld(sql).catch((error) => {
      returnsOld = undefined
      throw error
    })
    const rows = groups.map(({ run, parts }) => pack(run, parts))
    const written = await writeTail(sql, rows, locked, await returnsOld)
    for (const { run, n } of rows) if (written.has(run)) wrote(run, written.get(run)!.seq, n)
    return written
  }

  /** Waits for the lock. Settles every entry. */
  async function alone(group: Group) {
    try {
      const written = (await write(db, [partsOf(group)], 'wait')).get(group.run)
      for (const { resolve } of group.entries) resolve(written)
    } catch (error) {
      if (group.entries.length === 1) return group.entries[0]!.reject(error)
      for (const entry of group.entries) await alone({ run: group.run, entries: [entry] })
    }
  }

  async function fly(groups: Group[]) {
    let all: Map<number, Written> | undefined
    try {
      all = await write(db, groups.map(partsOf), 'skip')
    } catch {
      for (const group of groups) await alone(group)
    }
    for (const group of groups) {
      busy.delete(group.run)
      if (!all) continue
      const written = all.get(group.run)
      if (written) {
        for (const { resolve } of group.entries) resolve(written)
      } else {
        waiting.set(group.run, [...group.entries, ...(waiting.get(group.run) ?? [])])
        contended.add(group.run)
      }
    }
  }

  function pump() {
    while (inLanes < lanes && contended.size) {
      const run = contended.values().next().value!
      contended.delete(run)
      const group = take(run, Number.POSITIVE_INFINITY)!
      inLanes++
      void alone(group).finally(() => {
        inLanes--
        busy.delete(group.run)
        pump()
      })
    }
    while (flying < flights) {
      const groups: Group[] = []
      let room = mostPoints
      for (const run of waiting.keys()) {
        if (busy.has(run) || contended.has(run)) continue
        const group = take(run, groups.length ? room : Number.POSITIVE_INFINITY)
        if (!group) continue
        groups.push(group)
        for (const { columns } of group.entries) room -= columns.keys.length
        if (room <= 0) break
      }
      if (!groups.length) return
      flying++
      void fly(groups).finally(() => {
        flying--
        pump()
      })
    }
  }

  return {
    add(run, columns) {
      return new Promise((resolve, reject) => {
        const entry = { columns, resolve, reject }
        const entries = waiting.get(run)
        if (entries) entries.push(entry)
        else waiting.set(run, [entry])
        pump()
      })
    },
    addIn: async (sql, run, columns) => (await write(sql, [{ run, parts: [columns] }], 'wait')).get(run),
  }
}
