/** What a case is given, and what it gives back. */

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Figure, median } from './figures.ts'
import { type Connection, connect } from './http.ts'
import type { Mlflow, Peer, Tidegate } from './peers.ts'
import { busyOf } from './processes.ts'

export interface Bench {
  tidegate: Tidegate
  mlflow: Mlflow
  /** Fewer rounds, and shorter ones. */
  quick: boolean
  /** A line below the table. */
  note(text: string): void
}

export interface Case {
  name: string
  run(bench: Bench): Promise<Figure[]>
}

/**
 * Waits until neither server works any more, for 20 s at most: what one case has left to do, such as merging points or
 * vacuuming, must not slow the next.
 */
export async function settle({ mlflow, tidegate }: Bench): Promise<void> {
  const used = () => busyOf([...mlflow.processes(), ...tidegate.processes()])
  for (let i = 0, before = used(); i < 20; i++) {
    await sleep(1000)
    const now = used()
    if (now - before < 60) return
    before = now
  }
}

/** Measures both in turn, A B A B, so that what else the machine does meets both; answers the medians. */
export async function sideBySide(
  bench: Bench,
  rounds: number,
  measure: (peer: Peer) => Promise<number>,
): Promise<{ mlflow: number; tidegate: number }> {
  const mlflow: number[] = []
  const tidegate: number[] = []
  for (let i = 0; i < rounds; i++) {
    mlflow.push(await measure(bench.mlflow))
    tidegate.push(await measure(bench.tidegate))
  }
  return { mlflow: median(mlflow), tidegate: median(tidegate) }
}

/** Milliseconds that each call takes, of `times` after one that isn't counted: the median. */
export async function timed(times: number, work: (i: number) => Promise<unknown>): Promise<number> {
  const taken: number[] = []
  for (let i = -1; i < times; i++) {
    const start = performance.now()
    await work(i)
    if (i >= 0) taken.push(performance.now() - start)
  }
  return median(taken)
}

/** Lets `clients` call one after the other's answer for that many seconds. How many calls a second were answered. */
export async function callsPerSecond(seconds: number, clients: Array<() => Promise<unknown>>): Promise<number> {
  const start = performance.now()
  let answered = 0
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() - start < seconds * 1000) {
        await client()
        answered++
      }
    }),
  )
  return (answered / (performance.now() - start)) * 1000
}

/** Calls a second of so many clients, each over a connection of its own that `ready` makes its calls of; those of the first `warm` seconds don't count. */
export async function clientsPerSecond(
  peer: Peer,
  { clients, seconds, warm = 0 }: { clients: number; seconds: number; warm?: number },
  ready: (connection: Connection, i: number) => Promise<() => Promise<unknown>>,
): Promise<number> {
  const connections = Array.from({ length: clients }, () => connect(peer.origin))
  try {
    const calls = await Promise.all(connections.map(ready))
    if (warm) await callsPerSecond(warm, calls)
    return await callsPerSecond(seconds, calls)
  } finally {
    for (const connection of connections) connection.close()
  }
}

/** Lends a connection. */
export async function connected<T>(peer: Peer, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = connect(peer.origin)
  try {
    return await work(connection)
  } finally {
    connection.close()
  }
}

export async function newExperiment(connection: Connection): Promise<string> {
  const { experiment_id } = await connection.call<{ experiment_id: string }>('experiments/create', { name: `bench-${randomUUID()}` })
  return experiment_id
}

export async function newRun(connection: Connection, experiment = '0'): Promise<string> {
  const { run } = await connection.call<{ run: { info: { run_id: string } } }>('runs/create', {
    experiment_id: experiment,
    start_time: Date.now(),
  })
  return run.info.run_id
}
