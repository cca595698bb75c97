/** `tidegate activity` and `tidegate verify`, on what the registry wrote down. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Setting, startSetting } from './tidegate.ts'

let cli: Setting
beforeAll(async () => {
  cli = await startSetting()
})
afterAll(() => cli.stop())

const touch = async (statement: string) => {
  await cli.platform.db.query('ALTER TABLE activity DISABLE TRIGGER activity_kept')
  await cli.platform.db.query(statement)
  await cli.platform.db.query('ALTER TABLE activity ENABLE TRIGGER activity_kept')
}

it('tells that all is as it was written, and where it is not', async () => {
  expect((await cli.tidegate('verify')).out).toBe('There are no activities yet.\n')
  for (const name of ['a', 'b', 'c']) await cli.platform.wire('POST', 'registered-models/create', { name })
  const { entries, end } = await cli.json('verify')
  expect([entries, end]).toEqual([3, expect.stringMatching(/^3:[0-9a-f]{64}$/)])
  expect((await cli.tidegate('verify')).out).toBe(`All 3 activities are as they were written. The chain ends with ${end}\n`)
  await cli.platform.wire('POST', 'registered-models/create', { name: 'd' })
  expect(await cli.json('verify', '--since', end)).toMatchObject({ entries: 4 })
  const other = await cli.tidegate('verify', '--since', `2:${end.slice(2)}`)
  expect([other.code, other.err]).toEqual([1, expect.stringContaining('entry 2 is another than it was')])
  expect((await cli.tidegate('verify', '--since', 'yesterday')).code).toBe(2)

  await touch("UPDATE activity SET actor = 'somebody else' WHERE seq = 2")
  const changed = await cli.tidegate('verify')
  expect([changed.code, changed.err]).toEqual([1, expect.stringContaining('entry 2 is not what was written')])
  await touch('DELETE FROM activity WHERE seq = 1')
  expect((await cli.tidegate('verify')).err).toContain('entry 1 is missing')
  await touch('DELETE FROM activity')
  expect((await cli.tidegate('verify')).err).toContain('entry 1 is missing')
})

it('writes out what happened, of all models or of one, and over which door', async () => {
  await cli.platform.wire('POST', 'registered-models/create', { name: 'tide' })
  await cli.platform.wire('POST', 'model-versions/create', { name: 'tide', source: 's3://bucket/model' })
  await cli.platform.graphql('mutation { createRegisteredModel(input: { name: "gauge" }) { model { name } } }')
  const entries = (await cli.tidegate('activity', '--limit', 'all', '--json')).out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(entries.map(({ seq, kind, model, version, door, through }) => [seq, kind, model, version, door, through])).toEqual([
    [7, 'MODEL_CREATED', 'gauge', null, 'GRAPHQL', 'NONE'],
    [6, 'VERSION_CREATED', 'tide', 1, 'REST', 'NONE'],
    [5, 'MODEL_CREATED', 'tide', null, 'REST', 'NONE'],
  ])
  expect(entries[1]).toMatchObject({ hash: expect.stringMatching(/^[0-9a-f]{64}$/), to: 'None', data: { source: 's3://bucket/model' } })
  const ofOne = await cli.tidegate('activity', 'tide', '--limit', '1')
  expect(ofOne.out.trim().split('\n').at(-1)).toMatch(/^ *6 .* REST +tide v1 +VERSION_CREATED +None$/)
  expect((await cli.tidegate('activity', 'none')).err).toContain("There is no registered model 'none'.")
  for (const name of ['tide', 'gauge']) await cli.platform.wire('DELETE', 'registered-models/delete', { name })
  expect((await cli.tidegate('activity', '--quiet', '--limit', 'all')).out).toBe('10\n9\n8\n7\n6\n5\n')
})
