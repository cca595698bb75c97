import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createDb } from '@tidegate/db'
import { startPostgres } from '@tidegate/db/embedded'
import { migrate } from '@tidegate/db/migrate'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import { createHead } from './heads.sql.ts'
import { openPoints, type Points } from './points.ts'

const log = pino({ level: 'silent' })

/** A server process of its own, that writes to run 1 and merges. Says every step it was told is written. */
const writer = `
import { createDb } from '@tidegate/db'
import { openPoints } from ${JSON.stringify(join(import.meta.dirname, 'points.ts'))}
const db = createDb(process.argv[1])
const points = openPoints(db, { warn() {} })
points.startMerger({ quiet: 20, scan: 20 })
let step = Number(process.argv[2])
const one = async () => {
  for (;;) {
    const size = 1 + step % 50
    const first = step
    step += size
    const steps = Array.from({ length: size }, (_, i) => first + i)
    await points.append(1, { keys: steps.map(() => 1), steps, times: steps, values: steps })
    process.send([first, size])
  }
}
for (let i = 0; i < 4; i++) one().catch(() => process.exit(1))
`

/** Lets a writer run for a while, then does something to it; gives the steps that it was told are written. */
async function writeUntil(url: string, from: number, ms: number, end: (pid: number) => void): Promise<number[]> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', writer, url, String(from)], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const told: number[] = []
  child.on('message', ([first, size]: [number, number]) => {
    for (let i = 0; i < size; i++) told.push(first + i)
  })
  await once(child, 'message')
  await sleep(ms)
  end(child.pid!)
  await once(child, 'exit')
  return told
}

async function stepsOf(points: Points): Promise<number[]> {
  const steps: number[] = []
  for (let after = 0; ; ) {
    const { runs, more } = await points.since([{ run: 1, after }])
    for (const { cursor, series } of runs) {
      after = cursor
      for (const part of series) steps.push(...part.steps)
    }
    if (!more) return steps
  }
}

it('a killed server or database loses nothing it acknowledged, and shows nothing twice', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-crash-'))
  let postgres = await startPostgres(folder)
  try {
    await migrate(postgres.url())
    let db = createDb(postgres.url())
    let points = openPoints(db, log)
    await createHead(db, 1)
    const told: number[] = []
    for (let round = 0; round < 4; round++) {
      const killDatabase = round % 2 === 1
      const gone = new Promise((resolve) => postgres.onExit(resolve))
      told.push(
        ...(await writeUntil(postgres.url(), round * 1_000_000, 200, (pid) => {
          if (killDatabase) process.kill(Number(readFileSync(join(folder, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]), 'SIGKILL')
          else process.kill(pid, 'SIGKILL')
        })),
      )
      if (killDatabase) {
        await gone
        await db.close()
        postgres = await startPostgres(folder)
        db = createDb(postgres.url())
        points = openPoints(db, log)
      }
      // What the killed one had under way may still arrive between the two.
      const history = await points.history(1, 1, { limit: 1_000_000 })
      for (const found of [await stepsOf(points), history.steps]) {
        const known = new Set(found)
        expect(found.length).toBe(known.size)
        expect(told.filter((step) => !known.has(step))).toEqual([])
      }
    }
    expect(told.length).toBeGreaterThan(100)
    await db.close()
  } finally {
    await postgres.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})
