/** Many runs at once: all of them or none, told to who looks, and undone by what comes back. */
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, expect, it } from 'vitest'

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform()
})
afterAll(() => platform.stop())

const newExperiment = async (name: string): Promise<string> => (await platform.wire('POST', 'experiments/create', { name })).experiment_id
const newRun = async (experiment_id: string, tags: Record<string, string> = {}): Promise<string> =>
  (
    await platform.wire('POST', 'runs/create', {
      experiment_id,
      tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
    })
  ).run.info.run_id
const tagOf = async (run_id: string, wanted: string): Promise<string | undefined> =>
  (await platform.wire('GET', 'runs/get', { run_id })).run.data.tags.find(({ key }: { key: string }) => key === wanted)?.value
const stateOf = async (run_id: string): Promise<string> => (await platform.wire('GET', 'runs/get', { run_id })).run.info.lifecycle_stage

const remove = 'mutation ($ids: [ID!]!) { deleteRuns(ids: $ids) { count runs { id deletedAt } } }'
const restore = 'mutation ($ids: [ID!]!) { restoreRuns(ids: $ids) { count runs { id deletedAt } } }'
const tag = 'mutation ($input: TagRunsInput!) { tagRuns(input: $input) { count runs { id name } before { value runs } } }'

it('runs of several experiments are deleted and restored by one request, and what was so already is left out', async () => {
  const [one, two] = [await newExperiment('bulk one'), await newExperiment('bulk two')]
  const ids = [await newRun(one), await newRun(one), await newRun(two)]
  await platform.wire('POST', 'runs/delete', { run_id: ids[1] })
  const { deleteRuns } = await platform.graphql(remove, { ids: [...ids, ids[0]] })
  expect(deleteRuns.count).toBe(2)
  expect(new Set(deleteRuns.runs.map(({ id }: { id: string }) => id))).toEqual(new Set([ids[0], ids[2]]))
  expect(await Promise.all(ids.map(stateOf))).toEqual(['deleted', 'deleted', 'deleted'])
  await expect(platform.wire('POST', 'runs/log-metric', { run_id: ids[0], key: 'loss', value: 1, timestamp: 1 })).rejects.toThrow('active')

  const { restoreRuns } = await platform.graphql(restore, { ids: [ids[0], ids[2]] })
  expect(restoreRuns.count).toBe(2)
  expect(await Promise.all(ids.map(stateOf))).toEqual(['active', 'deleted', 'active'])
  await platform.wire('POST', 'runs/log-metric', { run_id: ids[0], key: 'loss', value: 1, timestamp: 1 })
})

it('one that is not there leaves all as they were', async () => {
  const ids = [await newRun('0'), 'f'.repeat(32)]
  await expect(platform.graphql(remove, { ids })).rejects.toThrow(`Run with id=${ids[1]} not found. Nothing was changed.`)
  expect(await stateOf(ids[0]!)).toBe('active')
  await expect(platform.graphql(tag, { input: { key: 'team', changes: [{ runs: ids, value: 'tides' }] } })).rejects.toThrow(
    'Nothing was changed',
  )
  await expect(platform.graphql(remove, { ids: [] })).rejects.toThrow('Name at least one run')
})

it('a tag is set on many and taken back by what comes with the answer', async () => {
  const [one, two] = [await newExperiment('tagged one'), await newExperiment('tagged two')]
  const ids = [await newRun(one, { team: 'winds' }), await newRun(one), await newRun(two), await newRun(one, { team: 'tides' })]
  const { tagRuns } = await platform.graphql(tag, { input: { key: 'team', changes: [{ runs: ids, value: 'tides' }] } })
  expect(tagRuns.count).toBe(3)
  expect(tagRuns.before).toEqual([
    { value: 'winds', runs: [ids[0]] },
    { value: null, runs: [ids[1], ids[2]] },
  ])
  expect(await Promise.all(ids.map((id) => tagOf(id, 'team')))).toEqual(['tides', 'tides', 'tides', 'tides'])
  await platform.graphql(tag, { input: { key: 'team', changes: tagRuns.before } })
  expect(await Promise.all(ids.map((id) => tagOf(id, 'team')))).toEqual(['winds', undefined, undefined, 'tides'])
})

it('the tag of the name renames, and that of the parent nests', async () => {
  const ids = [await newRun('0', { 'mlflow.runName': 'first' }), await newRun('0')]
  await platform.graphql(tag, { input: { key: 'mlflow.runName', changes: [{ runs: ids, value: 'second' }] } })
  await platform.graphql(tag, { input: { key: 'mlflow.parentRunId', changes: [{ runs: [ids[1]], value: ids[0] }] } })
  const read = 'query ($ids: [ID!]!) { runs(ids: $ids) { name parentId } }'
  expect((await platform.graphql(read, { ids })).runs).toEqual([
    { name: 'second', parentId: null },
    { name: 'second', parentId: ids[0] },
  ])
  await platform.graphql(tag, { input: { key: 'mlflow.parentRunId', changes: [{ runs: ids }] } })
  expect((await platform.graphql(read, { ids })).runs[1].parentId).toBeNull()
})

it('deleted runs take no tags, names are checked, and no run is named twice', async () => {
  const ids = [await newRun('0'), await newRun('0')]
  await platform.wire('POST', 'runs/delete', { run_id: ids[1] })
  await expect(platform.graphql(tag, { input: { key: 'a', changes: [{ runs: ids, value: 'b' }] } })).rejects.toThrow(
    `The run ${ids[1]} is deleted`,
  )
  expect(await tagOf(ids[0]!, 'a')).toBeUndefined()
  await expect(platform.graphql(tag, { input: { key: 'a?', changes: [{ runs: [ids[0]], value: 'b' }] } })).rejects.toThrow(
    'Names may only contain',
  )
  await expect(
    platform.graphql(tag, {
      input: {
        key: 'a',
        changes: [
          { runs: [ids[0]], value: 'b' },
          { runs: [ids[0]], value: 'c' },
        ],
      },
    }),
  ).rejects.toThrow('is named twice')
  const many = Array.from({ length: 10_001 }, (_, i) => i.toString(16).padStart(32, '0'))
  await expect(platform.graphql(remove.replace('runs { id deletedAt }', ''), { ids: many })).rejects.toThrow('At most 10000 runs')
})

it('ten thousand change by one request, as the pages ask for it', async () => {
  const experiment = await newExperiment('thousands')
  await platform.db.query(
    `WITH r AS (INSERT INTO run (workspace_id, experiment_id, uuid, name, artifact_uri, changed_at)
     SELECT (SELECT workspace_id FROM experiment WHERE id = $1), $1, 'b' || lpad(to_hex(i), 31, '0'), 'run ' || i, '', 1 FROM generate_series(1, 10000) i RETURNING id)
     INSERT INTO run_head (run_id) SELECT id FROM r`,
    [Number(experiment)],
  )
  const ids = Array.from({ length: 10_000 }, (_, i) => `b${(i + 1).toString(16).padStart(31, '0')}`)
  const { tagRuns } = await platform.graphql(
    'mutation ($input: TagRunsInput!) { tagRuns(input: $input) { count before { value runs } } }',
    { input: { key: 'wave', changes: [{ runs: ids, value: '1' }] } },
  )
  expect(tagRuns.count).toBe(10_000)
  expect(tagRuns.before).toHaveLength(1)
  expect((await platform.graphql(remove, { ids })).deleteRuns.count).toBe(10_000)
  const rows = await platform.db.query<{ n: number }>(
    'SELECT count(*)::int AS n FROM run WHERE experiment_id = $1 AND deleted_at IS NULL',
    [Number(experiment)],
  )
  expect(rows[0]!.n).toBe(0)
})
