import { setTimeout as sleep } from 'node:timers/promises'
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { beatWorkers } from './jobs.sql.ts'
import { enqueue, job } from './jobs.ts'

const ran: string[] = []
let refusals = 1

const note = job({ name: 'test.note', payload: z.object({ text: z.string() }), run: async (_, { text }) => void ran.push(text) })
const moody = job({
  name: 'test.moody',
  payload: z.object({}),
  async run() {
    if (refusals-- > 0) throw new Error('not now')
    ran.push('moody')
  },
})
const endless = job({
  name: 'test.endless',
  payload: z.object({}),
  run: (_kernel, _payload, signal) =>
    new Promise((resolve) => {
      ran.push('begun')
      signal.addEventListener('abort', () => {
        ran.push('told to stop')
        resolve()
      })
    }),
})

async function until(holds: () => boolean) {
  while (!holds()) await sleep(20)
}

describe('jobs', () => {
  let platform: Platform
  beforeAll(async () => {
    platform = await startPlatform({ jobs: [note, moody, endless] })
  })
  afterAll(() => platform.stop())

  it('run once the transaction that added them has committed', async () => {
    await platform.db.tx(async (tx) => {
      await enqueue(tx, note, { text: 'committed' })
      await sleep(200)
      expect(ran).not.toContain('committed')
    })
    await until(() => ran.includes('committed'))
  })

  it('do not exist when it has not', async () => {
    await platform.db
      .tx(async (tx) => {
        await enqueue(tx, note, { text: 'rolled back' })
        throw new Error('changed my mind')
      })
      .catch(() => {})
    await enqueue(platform.db, note, { text: 'after' })
    await until(() => ran.includes('after'))
    expect(ran).not.toContain('rolled back')
  })

  it('are tried again when they fail', async () => {
    await enqueue(platform.db, moody, {})
    await until(() => ran.includes('moody'))
  })

  it('of one key are replaced while they wait', async () => {
    const at = Date.now() + 1_000
    await enqueue(platform.db, note, { text: 'first thought' }, { key: 'thought', at })
    await enqueue(platform.db, note, { text: 'second thought' }, { key: 'thought', at })
    await until(() => ran.includes('second thought'))
    expect(ran).not.toContain('first thought')
  })

  it('of one key are added behind one that a worker takes in that very moment', async () => {
    const at = Date.now() + 3_600_000
    await enqueue(platform.db, note, { text: 'taken' }, { key: 'same moment', at })
    const jobs = () =>
      platform.db.query<{ text: string; key: string | null }>(
        `SELECT payload ->> 'text' AS text, key FROM graphile_worker._private_jobs WHERE payload ->> 'text' IN ('taken', 'behind') ORDER BY id`,
      )
    let adding: Promise<void> | undefined
    // As a worker takes one; what adds another has looked by then whether it was taken, and waits to change it.
    await platform.db.tx(async (tx) => {
      await tx.query("UPDATE graphile_worker._private_jobs SET locked_at = now(), locked_by = 'another' WHERE key = 'same moment'")
      adding = enqueue(platform.db, note, { text: 'behind' }, { key: 'same moment', at })
      const waits =
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%add_job%'"
      while ((await platform.db.query(waits)).length === 0) await sleep(5)
    })
    await adding
    expect(await jobs()).toEqual([
      { text: 'taken', key: null },
      { text: 'behind', key: 'same moment' },
    ])
    await platform.db.query("DELETE FROM graphile_worker._private_jobs WHERE payload ->> 'text' IN ('taken', 'behind')")
  })

  it('of a worker that died without a word are taken by another', async () => {
    await enqueue(platform.db, note, { text: 'left behind' }, { key: 'orphan', at: Date.now() + 3_600_000 })
    await platform.db.query(`UPDATE graphile_worker._private_jobs SET run_at = now() - interval '2 minutes',
      locked_by = 'worker-dead', locked_at = now() - interval '2 minutes' WHERE key = 'orphan'`)
    await sleep(100)
    expect(ran).not.toContain('left behind')
    await beatWorkers(platform.db, ['worker-alive'])
    await until(() => ran.includes('left behind'))
  })

  it('are told when the process stops, and it waits for them', async () => {
    await enqueue(platform.db, endless, {})
    await until(() => ran.includes('begun'))
    await platform.stop()
    expect(ran).toContain('told to stop')
    platform = await startPlatform({ jobs: [] })
  })
})
