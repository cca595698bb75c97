import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createDb } from './client.ts'
import { startPostgres } from './embedded.ts'

it('a transaction that lets go early is on the disk when it answers, and in order', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-early-'))
  let postgres = await startPostgres(folder)
  let db = createDb(postgres.url())
  try {
    await db.query('CREATE TABLE line (place int PRIMARY KEY)')
    await db.query('CREATE TABLE ending (place int)')
    await db.query('INSERT INTO ending VALUES (0)')
    for (let round = 0; round < 2; round++) {
      const answered: number[] = []
      let isKilled = false
      const add = async () => {
        while (!isKilled)
          answered.push(
            await db.tx(async (tx) => {
              tx.letGoEarly()
              const [row] = await tx.query<{ place: number }>('UPDATE ending SET place = place + 1 RETURNING place')
              await tx.query('INSERT INTO line VALUES ($1)', [row!.place])
              return row!.place
            }),
          )
      }
      const adding = Array.from({ length: 4 }, () => add().catch(() => {}))
      await expect.poll(() => answered.length, { timeout: 60_000, interval: 5 }).toBeGreaterThan(100)
      // What was written and not brought to the disk is in its memory, and gone with it.
      const gone = new Promise((resolve) => postgres.onExit(resolve))
      process.kill(Number(readFileSync(join(folder, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]), 'SIGKILL')
      isKilled = true
      await Promise.all([gone, ...adding])
      postgres = await startPostgres(folder)
      await db.close()
      db = createDb(postgres.url())
      const kept = (await db.query<{ place: number }>('SELECT place FROM line ORDER BY place')).map(({ place }) => place)
      expect(kept).toEqual(kept.map((_, i) => i + 1))
      expect(Math.max(...answered)).toBeLessThanOrEqual(kept.length)
    }
  } finally {
    await db.close()
    await postgres.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})
