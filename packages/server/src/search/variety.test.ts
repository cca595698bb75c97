/** Which columns tell runs apart: among few, among more than are looked at one by one, and behind a filter. */
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, expect, it } from 'vitest'

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform()
})
afterAll(() => platform.stop())

const newExperiment = async (name: string): Promise<string> => (await platform.wire('POST', 'experiments/create', { name })).experiment_id
async function newRun(
  experiment_id: string,
  params: Record<string, string>,
  metrics: Record<string, number | string>,
  team?: string,
): Promise<void> {
  const tags = team === undefined ? [] : [{ key: 'team', value: team }]
  const { run } = await platform.wire('POST', 'runs/create', { experiment_id, start_time: 1, tags })
  await platform.wire('POST', 'runs/log-batch', {
    run_id: run.info.run_id,
    params: Object.entries(params).map(([key, value]) => ({ key, value })),
    metrics: Object.entries(metrics).map(([key, value]) => ({ key, value, step: 0, timestamp: 1 })),
  })
}
async function compare(experiments: string[], columns: string[], filter?: string): Promise<string[]> {
  const { compareColumns } = await platform.graphql(
    'query ($experiments: [ID!]!, $columns: [String!]!, $filter: String) { compareColumns(experiments: $experiments, columns: $columns, filter: $filter) { ref variety } }',
    { experiments, columns, filter },
  )
  expect(compareColumns.map(({ ref }: { ref: string }) => ref)).toEqual(columns)
  return compareColumns.map(({ variety }: { variety: string }) => variety)
}

it('among few runs, with a filter and over several experiments', async () => {
  const [one, two] = [await newExperiment('few one'), await newExperiment('few two')]
  await newRun(one, { lr: '0.1', optimizer: 'adam' }, { loss: 1, flat: 'NaN' }, 'tides')
  await newRun(one, { lr: '0.2', optimizer: 'adam', extra: 'x' }, { loss: 1, flat: 'NaN' }, 'tides')
  const columns = ['params.lr', 'params.optimizer', 'params.extra', 'metrics.loss', 'metrics.flat', 'tags.team', 'params.none']
  expect(await compare([one], columns)).toEqual(['VARIES', 'SAME', 'VARIES', 'SAME', 'SAME', 'SAME', 'NONE'])
  expect(await compare([one], columns, "params.lr = '0.1'")).toEqual(['SAME', 'SAME', 'NONE', 'SAME', 'SAME', 'SAME', 'NONE'])
  await newRun(two, { optimizer: 'sgd' }, {})
  expect((await compare([one, two], columns)).slice(0, 2)).toEqual(['VARIES', 'VARIES'])
  expect(await compare([one], columns, "params.lr = '7'")).toEqual(Array(7).fill('NONE'))
  await expect(compare([one], ['attributes.status'])).rejects.toThrow('no metric, param or tag')
  await expect(compare([one], Array(201).fill('params.a'))).rejects.toThrow('At most 200 columns')
})

it('among many, where the first hundreds are alike', async () => {
  const experiment = await newExperiment('many')
  await platform.db.query(
    `WITH r AS (INSERT INTO run (workspace_id, experiment_id, uuid, name, start_time, artifact_uri, changed_at)
       SELECT workspace_id, id, 'c' || lpad(to_hex(i), 31, '0'), 'run ' || i, 1000 - i, '', 1 FROM experiment, generate_series(1, 500) i WHERE id = $1
       RETURNING id, start_time),
     k AS (INSERT INTO key (experiment_id, kind, name) VALUES ($1, 1, 'same'), ($1, 1, 'late'), ($1, 1, 'lacking'), ($1, 0, 'nan'), ($1, 0, 'nearly'), ($1, 1, 'rare')
       RETURNING id, name),
     p AS (INSERT INTO param (run_id, key_id, v) SELECT r.id, k.id, CASE WHEN name = 'late' AND start_time < 505 THEN 'other' ELSE 'x' END FROM r, k
       WHERE name IN ('same', 'late') OR (name = 'lacking' AND start_time > 505) OR (name = 'rare' AND start_time = 500)),
     h AS (INSERT INTO run_head (run_id) SELECT id FROM r)
     INSERT INTO latest (run_id, key_id, step, ts, value, nan, settled)
       SELECT r.id, k.id, 0, 0, 0, name = 'nan' OR start_time = 500, CASE WHEN name = 'nan' OR start_time = 500 THEN 'NaN'::float8 ELSE 0 END
       FROM r, k WHERE name IN ('nan', 'nearly')`,
    [Number(experiment)],
  )
  const columns = ['params.same', 'params.late', 'params.lacking', 'metrics.nan', 'metrics.nearly', 'params.rare', 'params.none']
  expect(await compare([experiment], columns)).toEqual(['SAME', 'VARIES', 'VARIES', 'SAME', 'VARIES', 'VARIES', 'NONE'])
  expect(await compare([experiment], columns, 'attributes.start_time > 520')).toEqual([
    'SAME',
    'SAME',
    'SAME',
    'SAME',
    'SAME',
    'NONE',
    'NONE',
  ])
})
