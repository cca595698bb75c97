import { freshDatabase, type TestDatabase } from '@tidegate/test/database'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { findRun, findRuns, readRuns, readValues } from './read.sql.ts'

let db: TestDatabase

beforeAll(async () => {
  db = await freshDatabase()
  await db.query(
    `INSERT INTO experiment (id, workspace_id, name, artifact_location, created_at, updated_at) VALUES (1, 1, 'other', '', 1, 1)`,
  )
  await db.query(
    `INSERT INTO run (id, workspace_id, experiment_id, uuid, name, user_name, status, start_time, end_time, artifact_uri, parent_uuid, deleted_at, changed_at)
     VALUES (1, 1, 0, 'u1', 'one', 'ann', 'FINISHED', 5, 9007199254740991, 'a1', NULL, NULL, 7), (2, 1, 1, 'u2', 'two', '', 'RUNNING', 0, NULL, 'a2', 'u1', 6, 8)`,
  )
  // Ids against the order of names, and the same name in two experiments.
  await db.query(
    `INSERT INTO key (experiment_id, kind, name) VALUES (0, 0, 'val/loss'), (0, 0, 'acc'), (0, 1, 'b'), (0, 1, 'a "quoted", \\ key'), (0, 2, 'mlflow.user'), (1, 0, 'acc'), (1, 1, 'b')`,
  )
  await db.query(`INSERT INTO latest SELECT 1, id, 3, 1700000000000, 1e-300, name = 'acc' FROM key WHERE experiment_id = 0 AND kind = 0`)
  await db.query(`INSERT INTO latest SELECT 2, id, -1, 4, -1.7976931348623157e308 FROM key WHERE experiment_id = 1 AND kind = 0`)
  await db.query(`INSERT INTO param SELECT 1, id, E'line\\n"quoted" \\\\ é 🌊' FROM key WHERE experiment_id = 0 AND kind = 1`)
  await db.query(`INSERT INTO param SELECT 2, id, '' FROM key WHERE experiment_id = 1 AND kind = 1`)
  await db.query(`INSERT INTO tag SELECT 1, id, 'ann' FROM key WHERE kind = 2`)
})
afterAll(() => db.close())

const one = {
  id: 1,
  uuid: 'u1',
  workspaceId: 1,
  experimentId: 0,
  name: 'one',
  user: 'ann',
  status: 'FINISHED',
  startTime: 5,
  endTime: 9_007_199_254_740_991,
  artifactUri: 'a1',
  parentUuid: null,
  deletedAt: null,
  changedAt: 7,
}

it('reads runs in the order of their ids, and leaves out ids of nothing', async () => {
  const runs = await readRuns(db, [2, 99, 1])
  expect(runs.map(({ id }) => id)).toEqual([2, 1])
  expect(runs[1]).toEqual(one)
  expect(runs[0]).toMatchObject({ status: 'RUNNING', endTime: null, parentUuid: 'u1', deletedAt: 6 })
  expect(await readRuns(db, [])).toEqual([])
})

it('finds runs by uuid, with a place for those that are not there', async () => {
  expect(await findRun(db, 'u1')).toEqual(one)
  expect(await findRun(db, 'nothing')).toBeUndefined()
  expect(await findRun(db, 'u1\0')).toBeUndefined()
  expect((await findRuns(db, ['u2', 'nothing', 'u1', 'u2'])).map((run) => run?.id)).toEqual([2, undefined, 1, 2])
})

it('reads what runs have logged, sorted by key, as it was logged', async () => {
  const values = await readValues(db, [1, 2, 99], { params: true, metrics: true, tags: true })
  const text = 'line\n"quoted" \\ é 🌊'
  expect(values.get(1)).toEqual({
    params: [
      { key: 'a "quoted", \\ key', value: text },
      { key: 'b', value: text },
    ],
    tags: [{ key: 'mlflow.user', value: 'ann' }],
    metrics: [
      { key: 'acc', value: Number.NaN, step: 3, time: 1_700_000_000_000 },
      { key: 'val/loss', value: 1e-300, step: 3, time: 1_700_000_000_000 },
    ],
  })
  expect(values.get(2)).toEqual({
    params: [{ key: 'b', value: '' }],
    tags: [],
    metrics: [{ key: 'acc', value: -Number.MAX_VALUE, step: -1, time: 4 }],
  })
  expect(values.get(99)).toEqual({ params: [], tags: [], metrics: [] })
  expect(await readValues(db, [], { params: true })).toEqual(new Map())
})

it('reads only the kinds and keys asked for', async () => {
  const values = await readValues(db, [1, 2], { params: ['b', 'nowhere', 'nul\0'], metrics: { prefix: 'val/' } })
  expect(values.get(1)).toMatchObject({ params: [{ key: 'b' }], tags: [], metrics: [{ key: 'val/loss' }] })
  expect(values.get(2)).toMatchObject({ params: [{ key: 'b' }], tags: [], metrics: [] })
  expect((await readValues(db, [1], { params: [], tags: { prefix: '%' } })).get(1)).toEqual({ params: [], tags: [], metrics: [] })
})
