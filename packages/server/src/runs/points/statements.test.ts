import type { Database, Sql } from '@tidegate/db'
import { freshDatabase, type TestDatabase } from '@tidegate/test/database'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { columnsOfPoints, type Point } from './brute-force.ts'
import { createHead, setHeadsClosed } from './heads.sql.ts'
import { openPoints } from './points.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await freshDatabase()
})
afterAll(() => db.close())

it('what is sent to the database is what was reviewed', async () => {
  const texts = new Set<string>()
  const recording = (sql: Sql): Sql => ({
    query: (text, input) => {
      texts.add(text)
      return sql.query(text, input)
    },
  })
  const recorded: Database = { ...db, ...recording(db), tx: (work) => db.tx((tx) => work({ ...tx, ...recording(tx) })) }
  const points = openPoints(recorded, pino({ level: 'silent' }))

  await createHead(recorded, 1)
  const batch: Point[] = Array.from({ length: 2_000 }, (_, i) => [1, i, i, i])
  await points.append(1, columnsOfPoints(batch))
  await points.append(1, columnsOfPoints([]))
  await points.append(2, columnsOfPoints([[1, 1, 1, 1]]))
  await recorded.tx(async (sql) => {
    await points.lock(1, sql)
    await points.append(1, columnsOfPoints([[1, 5, 5, 6]]), sql)
  })
  await points.merge(1)
  await points.append(1, columnsOfPoints([[1, 5, 5, 5]]))
  await points.merge(1)
  await points.append(1, columnsOfPoints([[1, 5, 5, 7]]))
  await points.heads([1])
  await points.since([{ run: 1, after: 0 }])
  await points.history(1, 1, { limit: 10 })
  for (const axis of ['step', 'time'] as const) await points.charts([1], [1], { axis, buckets: 10 })
  await points.merge(1)
  await points.sample([1], 1, { max: 1 })
  const stop = points.startMerger()
  await stop()
  await setHeadsClosed(recorded, [1], true)
  await recorded.tx((sql) => points.drop([1], sql))
  expect([...texts].join('\n\n')).toMatchSnapshot()
})
