/** Curves of groups through GraphQL: of the runs that pass, the newest hundred, from points that are merged and points that are not. */
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, expect, it } from 'vitest'

let platform: Platform
let experiment: string
const ids: string[] = []

beforeAll(async () => {
  platform = await startPlatform()
  experiment = (await platform.wire('POST', 'experiments/create', { name: 'means' })).experiment_id
  for (let i = 0; i < 103; i++) {
    const { run } = await platform.wire('POST', 'runs/create', { experiment_id: experiment, start_time: 1 + i })
    ids.push(run.info.run_id)
    await platform.wire('POST', 'runs/log-batch', {
      run_id: run.info.run_id,
      params: [{ key: 'half', value: i % 2 ? 'odd' : 'even' }],
      metrics: Array.from({ length: 700 }, (_, step) => ({ key: 'loss', value: i + step, timestamp: 1, step })),
    })
    if (i > 0) await platform.wire('POST', 'runs/update', { run_id: run.info.run_id, status: 'FINISHED', end_time: 2000 })
  }
})
afterAll(() => platform?.stop())

const ask = async (variables: object) =>
  (
    await platform.graphql(
      `query ($experiment: ID!, $filter: String, $keys: [String!]!, $axis: GroupAxis, $along: String, $from: Float, $to: Float, $buckets: Int) {
        groupSeries(experiment: $experiment, filter: $filter, keys: $keys, axis: $axis, along: $along, from: $from, to: $to, buckets: $buckets) {
          runs lines { key x mean sd min max count breaks } live { run cursor }
        }
      }`,
      { experiment, keys: ['loss'], ...variables },
    )
  ).groupSeries

it('are the mean of the runs that pass, with their extremes, within a range of steps', async () => {
  const { runs, lines, live } = await ask({ filter: "params.half = 'even'", keys: ['loss', 'none'], from: 10, to: 12 })
  expect(runs).toBe(52)
  expect(lines).toEqual([
    {
      key: 'loss',
      x: [10, 11, 12],
      mean: [61, 62, 63],
      sd: Array(3).fill(expect.closeTo(30.3095, 3)),
      min: [10, 11, 12],
      max: [112, 113, 114],
      count: [52, 52, 52],
      breaks: [],
    },
  ])
  expect(live).toEqual([{ run: ids[0], cursor: '1' }])
})

it('are of the newest hundred, at no more places than were asked for, at both ends too', async () => {
  const { runs, lines } = await ask({ buckets: 8 })
  expect(runs).toBe(100)
  const [{ x, mean, count }] = lines
  expect(x.length).toBeLessThanOrEqual(8)
  expect(x.at(-1)).toBe(699)
  // Runs 3 to 102.
  for (const [i, step] of x.entries()) expect([count[i], mean[i]]).toEqual([100, expect.closeTo(52.5 + step, 6)])
})

it('are none without runs, and refuse what is too much', async () => {
  expect(await ask({ filter: "params.half = 'third'" })).toEqual({ runs: 0, lines: [], live: [] })
  await expect(ask({ buckets: 501 })).rejects.toThrow('buckets')
  await expect(ask({ keys: Array(21).fill('loss') })).rejects.toThrow('keys')
  await expect(ask({ filter: 'params.' })).rejects.toThrow()
})

it('are along the clock, since each run began, and along another metric, within a range of each', async () => {
  const { experiment_id } = await platform.wire('POST', 'experiments/create', { name: 'axes' })
  for (const [start, values] of [
    [1_000, [8, 4, 2]],
    [5_000, [6, 2, 0]],
  ] as const) {
    const { run } = await platform.wire('POST', 'runs/create', { experiment_id, start_time: start })
    await platform.wire('POST', 'runs/log-batch', {
      run_id: run.info.run_id,
      metrics: values.flatMap((value, i) => [
        { key: 'loss', value, timestamp: start + 100 * i, step: i },
        { key: 'epoch', value: i / 2, timestamp: start + 100 * i, step: i },
      ]),
    })
  }
  const line = async (variables: object) => (await ask({ experiment: experiment_id, ...variables })).lines[0]
  expect(await line({ axis: 'TIME' })).toMatchObject({ x: [1000, 1100, 1200, 5000, 5100, 5200], breaks: [3], mean: [8, 4, 2, 6, 2, 0] })
  expect(await line({ axis: 'TIME', from: 1100, to: 5000 })).toMatchObject({ x: [1100, 1200, 5000], count: [1, 1, 1] })
  expect(await line({ axis: 'RELATIVE' })).toMatchObject({
    x: [0, 100, 200],
    mean: [7, 3, 1],
    min: [6, 2, 0],
    max: [8, 4, 2],
    count: [2, 2, 2],
  })
  expect(await line({ axis: 'RELATIVE', from: 50, to: 100 })).toMatchObject({ x: [100], mean: [3] })
  expect(await line({ along: 'epoch' })).toMatchObject({ key: 'loss', x: [0, 0.5, 1], mean: [7, 3, 1] })
  expect(await line({ along: 'epoch', from: 0.4 })).toMatchObject({ x: [0.5, 1] })
  expect((await ask({ experiment: experiment_id, along: 'nothing' })).lines).toEqual([])
  expect((await ask({ experiment: experiment_id, keys: ['loss', 'epoch'], along: 'epoch' })).lines).toHaveLength(2)
})
