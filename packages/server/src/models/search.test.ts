/** The search for logged models, in MLflow's language. */
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let platform: Platform
let experiment: string
let other: string
let run: string
const ids = new Map<string, string>()

async function create(name: string, more: object = {}, experiment_id = experiment) {
  const { info } = (await platform.wire('POST', 'logged-models', { experiment_id, name, ...more })).model
  ids.set(name, info.model_id)
  return info.model_id as string
}

beforeAll(async () => {
  platform = await startPlatform()
  experiment = (await platform.wire('POST', 'experiments/create', { name: 'searched' })).experiment_id
  other = (await platform.wire('POST', 'experiments/create', { name: 'other' })).experiment_id
  run = (await platform.wire('POST', 'runs/create', { experiment_id: experiment })).run.info.run_id
  const low = await create('low', { params: [{ key: 'lr', value: '0.1' }], tags: [{ key: 'tag 3', value: 'val3' }], model_type: 'tree' })
  const high = await create('high', { params: [{ key: 'lr', value: '0.2' }], tags: [{ key: 'team', value: "it's" }], source_run_id: run })
  const odd = await create('odd')
  await create('away', {}, other)
  const gone = await create('gone')
  await fetch(`${platform.origin}/api/2.0/mlflow/logged-models/${gone}`, { method: 'DELETE' })
  const headers = { 'content-type': 'application/json' }
  const status = (model: string, status: number | string) =>
    fetch(`${platform.origin}/api/2.0/mlflow/logged-models/${model}`, { method: 'PATCH', headers, body: JSON.stringify({ status }) })
  await status(low, 'LOGGED_MODEL_READY')
  await status(odd, 3)
  const point = (model_id: string, value: number | string, timestamp: number, dataset_name: string, dataset_digest: string) => ({
    ...{ key: 'acc', value, timestamp, step: 0, model_id, dataset_name, dataset_digest },
  })
  // On the first data set `low` is better by now, on the second `high`.
  await platform.wire('POST', 'runs/log-batch', {
    run_id: run,
    metrics: [
      point(low, 0.1, 1, 'one', 'd1'),
      point(low, 0.9, 2, 'one', 'd1'),
      point(low, 0.8, 3, 'two', 'd2'),
      point(high, 0.8, 4, 'one', 'd3'),
      point(high, 0.9, 5, 'two', 'd2'),
      point(odd, 'NaN', 6, 'one', 'd1'),
    ],
  })
})
afterAll(() => platform?.stop())

const search = (input: object = {}) => platform.wire('POST', 'logged-models/search', { experiment_ids: [experiment], ...input })
const names = async (input: object = {}) => ((await search(input)).models ?? []).map(({ info }: any) => info.name)
const by = (field_name: string, more: object = {}) => names({ order_by: [{ field_name, ...more }] })

describe('a search for logged models', () => {
  it.each([
    ["name = 'low'", ['low']],
    ["attributes.name != 'low'", ['odd', 'high']],
    ["name LIKE 'l%' ", ['low']],
    ["`name` like 'L%'", []],
    ["name ILIKE 'L%'", ['low']],
    ["name IN ('low')", ['low']],
    ["name IN ('low', )", ['low']],
    ['name in (\'low\', "high")', ['high', 'low']],
    ["name NOT IN ('low', 'foo')", ['odd', 'high']],
    ['name = low', ['low']],
    ["model_type = 'tree'", ['low']],
    ["status = 'READY'", ['low']],
    ["status = 'FAILED' AND status = 'LOGGED_MODEL_UPLOAD_FAILED'", ['odd']],
    ["status != 'PENDING'", ['odd', 'low']],
    ['creation_timestamp > 0 and creation_time>=0 AND last_updated_timestamp < 1e15', ['odd', 'high', 'low']],
    ['creation_timestamp = 0', []],
    ["params.lr = '0.1'", ['low']],
    ["params.lr != '0.1'", ['high']],
    ["params.`lr` LIKE '0._'", ['high', 'low']],
    ["tags.`tag 3` = 'val3'", ['low']],
    ["tags.team = 'it''s'", ['high']],
    ['metrics.acc > 0.85', ['high', 'low']],
    ['metrics.acc = 0.1', ['low']],
    ['metrics.acc != 5', ['odd', 'high', 'low']],
    ["metrics.acc >= 0.1 AND params.lr = '0.2'", ['high']],
    ['metrics.none > 0', []],
    ["name = 'low' OR params.lr = 0.2", ['high', 'low']],
    ["NOT (name = 'low' OR metrics.acc = 0.8)", ['odd']],
    ["(name = 'low' AND tags.`tag 3` IS NOT NULL) OR metrics.acc IS NAN", ['odd', 'low']],
    ['params.lr IS NULL', ['odd']],
    ['metrics.acc BETWEEN 0.85 AND 0.95', ['high', 'low']],
    ['tags.team IN (\'it\'\'s\', "a""b")', ['high']],
    ["status !~ '^READY$'", ['odd', 'high']],
    ['params.lr = 0.1', ['low']],
    ['params.with/slash-1 IS NULL AND name = no-such/name.1', []],
    ['source_run_id IS NULL', ['odd', 'low']],
  ])('by %s', async (filter, wanted) => {
    expect(await names({ filter })).toEqual(wanted)
  })

  it('by the run and the id', async () => {
    expect(await names({ filter: `source_run_id = '${run}'` })).toEqual(['high'])
    expect(await names({ filter: `model_id = '${ids.get('odd')}'` })).toEqual(['odd'])
  })

  it('by data sets: of the metrics compared, else of any', async () => {
    expect(await names({ datasets: [{ dataset_name: 'two' }] })).toEqual(['high', 'low'])
    expect(await names({ datasets: [{ dataset_name: 'one', dataset_digest: 'd3' }] })).toEqual(['high'])
    expect(await names({ filter: 'metrics.acc > 0.85', datasets: [{ dataset_name: 'one' }] })).toEqual(['low'])
    const either = [{ dataset_name: 'one', dataset_digest: 'd3' }, { dataset_name: 'two' }]
    expect(await names({ filter: 'metrics.acc > 0.85', datasets: either })).toEqual(['high'])
    // A model without metrics on them is none, however the comparisons are joined.
    expect(await names({ filter: "name = 'odd' OR metrics.acc > 0.85", datasets: [{ dataset_name: 'two' }] })).toEqual(['high'])
    expect(await names({ filter: 'NOT metrics.acc > 0.85', datasets: [{ dataset_name: 'two' }] })).toEqual(['low'])
    await expect(search({ datasets: [{ dataset_digest: 'd1' }] })).rejects.toMatchObject({
      message: '`dataset_name` in the `datasets` clause must be specified.',
    })
  })

  it('in the order asked for: the newest first, models without the metric last', async () => {
    expect(await names()).toEqual(['odd', 'high', 'low'])
    expect(await by('creation_timestamp')).toEqual(['low', 'high', 'odd'])
    expect(await by('name')).toEqual(['high', 'low', 'odd'])
    expect(await by('name', { ascending: false })).toEqual(['odd', 'low', 'high'])
    const one = { dataset_name: 'one' }
    expect(await by('metrics.acc', one)).toEqual(['high', 'low', 'odd'])
    expect(await by('metrics.acc', { ...one, ascending: false })).toEqual(['low', 'high', 'odd'])
    expect(await by('metrics.acc', { dataset_name: 'two', dataset_digest: 'd2' })).toEqual(['low', 'high', 'odd'])
    expect(await by('metrics.acc', { dataset_digest: 'd3' })).toEqual(['high', 'odd', 'low'])
    for (const [field, words] of [
      ['size', 'Invalid order by field name: size'],
      ['params.lr', 'Invalid order by field name: params.lr. Only metrics are supported.'],
    ]) {
      await expect(by(field!)).rejects.toMatchObject({ status: 400, message: expect.stringContaining(words!) })
    }
  })

  it('across experiments, and in none that was not named', async () => {
    expect(await names({ experiment_ids: [other, experiment] })).toEqual(['away', 'odd', 'high', 'low'])
    expect(await names({ experiment_ids: ['4242'] })).toEqual([])
    expect(await names({ experiment_ids: [] })).toEqual([])
    await expect(platform.wire('POST', 'logged-models/search', {})).rejects.toMatchObject({
      message: expect.stringContaining("Missing value for required parameter 'experiment_ids'"),
    })
  })

  it('by pages, whose tokens belong to their search', async () => {
    const filter = 'creation_timestamp > 0'
    const first = await search({ filter, max_results: 2 })
    const page_token = first.next_page_token
    expect(first.models).toHaveLength(2)
    expect(await names({ filter, page_token })).toEqual(['low'])
    expect(await search({ filter, page_token })).not.toHaveProperty('next_page_token')
    for (const [input, words] of [
      [{ filter, experiment_ids: [other] }, 'Experiment IDs in the page token do not match'],
      [{}, 'Filter string in the page token does not match'],
      [{ filter, order_by: [{ field_name: 'creation_time' }] }, 'Order by in the page token does not match'],
    ] as const) {
      await expect(search({ page_token, ...input })).rejects.toMatchObject({ status: 400, message: expect.stringContaining(words) })
    }
    for (const page_token of ['abc', 'e30=', 'é', Buffer.from('{"offset":-1}').toString('base64'), Buffer.from('null').toString('base64')])
      await expect(search({ page_token })).rejects.toMatchObject({ status: 400, message: expect.stringContaining('Invalid page token') })
    await expect(search({ max_results: -1 })).rejects.toMatchObject({ status: 400 })
  })

  it.each([
    ['Foo', "Invalid filter string: 'Foo'"],
    ["name = 'foo' OR", 'Invalid filter string'],
    ['(name = 1', 'Invalid filter string'],
    ["name ~ '('", 'Invalid regular expression'],
    [' ', 'Invalid filter string'],
    ["name IN ('a' 'b')", 'ill-formed list'],
    ["foo.bar = 'a'", "Invalid entity type: 'foo'. Expected one of ['attributes', 'metrics', 'params', 'tags']"],
    ["name > 'foo'", "Invalid comparison operator for attributes.name: '>'"],
    ['metrics.foo LIKE 0', "Invalid comparison operator for metrics.foo: 'LIKE'"],
    ["metrics.foo = 'x'", 'Expected a number'],
    ["size = 'x'", "Invalid attribute: 'size'"],
    ["name = ('x')", 'Use IN or NOT IN'],
    ["name IN 'x'", 'IN wants a list'],
    [Array(101).fill('creation_time > 0').join(' AND '), 'at most 100 comparisons'],
  ])('is refused for %s', async (filter, words) => {
    await expect(search({ filter })).rejects.toMatchObject({
      code: 'INVALID_PARAMETER_VALUE',
      message: expect.stringContaining(words),
    })
  })
})
