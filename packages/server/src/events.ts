/**
 * Doorbells: "look again at run 42". A ring carries an id and never data, so a first load, a live update and a lost
 * connection read the same way, from the listener's own cursor. Rings reach this process at once and the others through
 * Postgres' NOTIFY, on a connection of its own; while a listener is busy they collapse into one.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '@tidegate/db'
import type { Logger } from 'pino'

/**
 * 'alerts', 'registry' and 'webhooks' are a workspace's, 'model' is a registered model's, 'views' an experiment's, 'log' a run's; 'access' and
 * 'standing' (of what accounts hold, not of their keys) are one for all: 0; 'inbox' is an account's.
 */
export type Bell =
  | 'run'
  | 'experiment'
  | 'workspace'
  | 'alerts'
  | 'views'
  | 'log'
  | 'access'
  | 'standing'
  | 'registry'
  | 'model'
  | 'webhooks'
  | 'inbox'

export interface Events {
  /** Wakes whoever listens to this thing, in every process. Call it after the commit. */
  ring(kind: Bell, id: number): void
  /** Yields once at the start and then after rings: at most one turn each `pause` ms, however many rang. Ends with the signal. */
  listen(bells: Array<[Bell, number]>, signal: AbortSignal, pause?: number): AsyncGenerator<void>
  /** Hears which things of a kind rang, in every process; undefined where rings may have been missed, so any may have. Returns what ends it. */
  hear(kind: Bell, heard: (id: number | undefined) => void): () => void
  /** Hears every ring of this process, and no other's, at once. Returns what ends it. */
  overhear(kind: Bell, heard: (id: number) => void): () => void
  close(): Promise<void>
}

const channel = 'tidegate_bells'
/** NOTIFY's payload ends at 8 000 bytes; a bell is at most some twenty. */
const bellsPerNotify = 300
/** Rings to other processes are gathered this long, ms. */
const gather = 20

export async function openEvents(db: Database, log: Logger): Promise<Events> {
  const self = randomUUID().slice(0, 8)
  const listeners = new Map<string, Set<() => void>>()
  const hearers = new Map<Bell, Set<(id: number | undefined) => void>>()
  const eavesdroppers = new Map<Bell, Set<(id: number) => void>>()
  const waiting = new Set<string>()
  let closed = false
  let flushing = false
  let client = await subscribe()

  function wake(bell: string) {
    const [kind, id] = bell.split(':') as [Bell, string]
    for (const heard of hearers.get(kind) ?? []) heard(Number(id))
    for (const listener of listeners.get(bell) ?? []) listener()
  }

  async function subscribe() {
    const connection = await db.connect()
    connection.on('notification', ({ payload = '' }) => {
      const [sender, ...bells] = payload.split(' ')
      if (sender !== self) for (const bell of bells) wake(bell)
    })
    connection.on('error', () => {})
    connection.once('end', () => void resubscribe())
    await connection.query(`LISTEN ${channel}`)
    return connection
  }

  async function resubscribe() {
    for (let wait = 100; !closed; wait = Math.min(wait * 2, 5_000)) {
      try {
        client = await subscribe()
        // Rings may have been missed meanwhile: everyone looks again.
        for (const each of hearers.values()) for (const heard of each) heard(undefined)
        for (const bell of listeners.keys()) wake(bell)
        return
      } catch (error) {
        log.warn({ err: error }, 'doorbells: the database cannot be reached, trying again')
        await sleep(wait)
      }
    }
  }

  async function flush() {
    flushing = true
    while (waiting.size && !closed) {
      await sleep(gather)
      const bells = [...waiting].slice(0, bellsPerNotify)
      for (const bell of bells) waiting.delete(bell)
      try {
        await client.query('SELECT pg_notify($1, $2)', [channel, [self, ...bells].join(' ')])
      } catch {
        // The connection is gone: its 'end' opens another, after which every listener looks again.
      }
    }
    flushing = false
  }

  return {
    ring(kind, id) {
      const bell = `${kind}:${id}`
      wake(bell)
      for (const heard of eavesdroppers.get(kind) ?? []) heard(id)
      // The one that rang last is told last, so that whoever wakes by it has heard what rang before.
      waiting.delete(bell)
      waiting.add(bell)
      if (!flushing) void flush()
    },

    async *listen(bells, signal, pause = 100) {
      let rang = true
      let notify = () => {}
      const listener = () => {
        rang = true
        notify()
      }
      const names = bells.map(([kind, id]) => `${kind}:${id}`)
      for (const name of names) {
        const set = listeners.get(name) ?? new Set()
        listeners.set(name, set.add(listener))
      }
      signal.addEventListener('abort', listener)
      try {
        for (let last = 0; !signal.aborted; ) {
          if (!rang) await new Promise<void>((resolve) => (notify = resolve))
          if (signal.aborted) return
          const rest = last + pause - Date.now()
          if (rest > 0) await sleep(rest)
          if (signal.aborted) return
          last = Date.now()
          rang = false
          yield
        }
      } finally {
        signal.removeEventListener('abort', listener)
        for (const name of names) {
          listeners.get(name)?.delete(listener)
          if (!listeners.get(name)?.size) listeners.delete(name)
        }
      }
    },

    hear(kind, heard) {
      const set = hearers.get(kind) ?? new Set()
      hearers.set(kind, set.add(heard))
      return () => set.delete(heard)
    },

    overhear(kind, heard) {
      const set = eavesdroppers.get(kind) ?? new Set()
      eavesdroppers.set(kind, set.add(heard))
      return () => set.delete(heard)
    },

    async close() {
      closed = true
      await client.end().catch(() => {})
    },
  }
}
