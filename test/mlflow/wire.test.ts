/** The wire as bytes: shapes, codes and spellings that no client shows, but that other clients than the newest rely on. */
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let platform: Platform
let experiment: string
let run: string
beforeAll(async () => {
  platform = await startPlatform()
  experiment = (await post('experiments/create', { name: 'wire' })).body.experiment_id
  run = await newRun({ run_name: 'first', start_time: 7 })
})
afterAll(() => platform?.stop())

interface Answer {
  status: number
  body: any
  headers: Headers
}

async function ask(method: string, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(platform.origin + (path.startsWith('/') ? path : `/api/2.0/mlflow/${path}`), { method, ...init })
  const text = await response.text()
  const json = response.headers.get('content-type')?.startsWith('application/json')
  return { status: response.status, body: json ? JSON.parse(text) : text, headers: response.headers }
}

const json = { 'content-type': 'application/json' }
const post = (path: string, body: unknown) => ask('POST', path, { body: JSON.stringify(body), headers: json })
const get = (path: string, query: Record<string, string | number | string[]> = {}) => {
  const search = new URLSearchParams(Object.entries(query).flatMap(([key, value]) => [value].flat().map((each) => [key, String(each)])))
  return ask('GET', `${path}?${search}`)
}
const newRun = async (input: object = {}): Promise<string> =>
  (await post('runs/create', { experiment_id: experiment, ...input })).body.run.info.run_id
const read = async (run_id: string) => (await get('runs/get', { run_id })).body.run

describe('JSON', () => {
  it('leaves out what is unset, and empty lists', async () => {
    const id = await newRun({ run_name: 'bare' })
    expect(await read(id)).toEqual({
      info: {
        run_uuid: id,
        run_id: id,
        experiment_id: experiment,
        run_name: 'bare',
        user_id: '',
        status: 'RUNNING',
        start_time: 0,
        artifact_uri: `mlflow-artifacts:/${experiment}/${id}/artifacts`,
        lifecycle_stage: 'active',
      },
      data: { tags: [{ key: 'mlflow.runName', value: 'bare' }] },
      inputs: {},
      outputs: {},
    })
    expect((await post('runs/search', { experiment_ids: ['987654'] })).body).toEqual({})
    expect((await post('experiments/search', { max_results: 5, filter: "name = 'none'" })).body).toEqual({})
    expect((await get('metrics/get-history', { run_id: id, metric_key: 'none' })).body).toEqual({})
    expect((await post('experiments/search-datasets', { experiment_ids: ['987654'] })).body).toEqual({})
    expect((await get('artifacts/list', { run_id: id })).body).toEqual({ root_uri: `mlflow-artifacts:/${experiment}/${id}/artifacts` })
  })

  it('has an experiment with its times as numbers and its id as text', async () => {
    const made = (await post('experiments/create', { name: 'shape', tags: [{ key: 'b', value: '2' }, { key: 'a' }] })).body
    expect(made).toEqual({ experiment_id: expect.stringMatching(/^\d+$/) })
    expect((await get('experiments/get', made)).body).toEqual({
      experiment: {
        ...made,
        name: 'shape',
        artifact_location: `mlflow-artifacts:/${made.experiment_id}`,
        lifecycle_stage: 'active',
        last_update_time: expect.any(Number),
        creation_time: expect.any(Number),
        workspace: 'default',
        tags: [
          { key: 'a', value: '' },
          { key: 'b', value: '2' },
        ],
      },
    })
  })

  it('takes 64-bit integers as numbers and as text, and gives numbers', async () => {
    const id = await newRun({ start_time: '12' })
    await post('runs/log-metric', { run_id: id, key: 'm', value: 1.5, timestamp: '1700000000007', step: '-3' })
    await post('runs/update', { run_id: id, end_time: '99', status: 'FINISHED' })
    const { info, data } = await read(id)
    expect([info.start_time, info.end_time]).toEqual([12, 99])
    expect(data.metrics).toEqual([{ key: 'm', value: 1.5, timestamp: 1700000000007, step: -3 }])
  })

  it('refuses numbers where text is meant, and keeps nothing', async () => {
    const id = await newRun({ run_name: 'typed' })
    const wrong: Array<[string, object, string]> = [
      ['experiments/delete', { experiment_id: 5 }, 'experiment_id'],
      ['runs/create', { experiment_id: 5 }, 'experiment_id'],
      ['runs/log-parameter', { run_id: id, key: 'p', value: 5 }, 'value'],
      ['runs/set-tag', { run_id: id, key: 't', value: 5 }, 'value'],
      ['runs/log-batch', { run_id: id, params: [{ key: 'p', value: 5 }] }, 'params[0].value'],
    ]
    for (const [path, input, field] of wrong) {
      const { status, body } = await post(path, input)
      expect([status, body.error_code]).toEqual([400, 'INVALID_PARAMETER_VALUE'])
      expect(body.message).toContain(`Invalid value 5 for parameter '${field}' supplied`)
    }
    expect((await read(id)).data).toEqual({ tags: [{ key: 'mlflow.runName', value: 'typed' }] })
  })

  it('takes a metric as a number, as text and as a boolean; NaN goes out as text, infinities as the greatest doubles', async () => {
    const id = await newRun()
    const values = { number: 0.5, text: '0.25', yes: true, nan: 'NaN', up: 'Infinity', down: '-Infinity' }
    for (const [key, value] of Object.entries(values)) {
      expect((await post('runs/log-metric', { run_id: id, key, value, timestamp: 1 })).body).toEqual({})
    }
    const { metrics } = (await read(id)).data
    expect(Object.fromEntries(metrics.map((metric: any) => [metric.key, metric.value]))).toEqual({
      number: 0.5,
      text: 0.25,
      yes: 1,
      nan: 'NaN',
      up: Number.MAX_VALUE,
      down: -Number.MAX_VALUE,
    })
    expect((await get('metrics/get-history', { run_id: id, metric_key: 'nan' })).body).toEqual({
      metrics: [{ key: 'nan', value: 'NaN', timestamp: 1, step: 0 }],
    })
  })

  it('ignores fields it does not know', async () => {
    const metric = { key: 'm', value: 1, timestamp: 1, dataset_name: 'd', dataset_digest: 'e', other: {} }
    expect((await post('runs/log-batch', { run_id: run, metrics: [metric], other: [1], run_uuid: run })).body).toEqual({})
  })

  it('answers changes without a result with {}', async () => {
    const id = await newRun()
    const e = { experiment_id: (await post('experiments/create', { name: 'changes' })).body.experiment_id }
    const changes: Array<[string, object]> = [
      ['runs/log-metric', { run_id: id, key: 'm', value: 1, timestamp: 1 }],
      ['runs/log-parameter', { run_id: id, key: 'p', value: '1' }],
      ['runs/set-tag', { run_id: id, key: 't', value: '1' }],
      ['runs/delete-tag', { run_id: id, key: 't' }],
      ['runs/log-batch', { run_id: id }],
      ['runs/log-inputs', { run_id: id }],
      ['runs/delete', { run_id: id }],
      ['runs/restore', { run_id: id }],
      ['experiments/set-experiment-tag', { ...e, key: 't', value: '1' }],
      ['experiments/delete-experiment-tag', { ...e, key: 't' }],
      ['experiments/update', { ...e, new_name: 'changed' }],
      ['experiments/delete', e],
      ['experiments/restore', e],
    ]
    for (const [path, input] of changes) expect([path, (await post(path, input)).body]).toEqual([path, {}])
  })

  it('knows statuses and views by name and by number', async () => {
    const id = await newRun({ run_name: 'viewed' })
    const update = async (status: unknown) => (await post('runs/update', { run_id: id, status })).body.run_info.status
    expect([await update(3), await update('4'), await update('KILLED')]).toEqual(['FINISHED', 'FAILED', 'KILLED'])
    await post('runs/delete', { run_id: id })
    const seen = async (run_view_type: unknown) =>
      ((await post('runs/search', { experiment_ids: [experiment], filter: "run_name = 'viewed'", run_view_type })).body.runs ?? []).length
    expect(await Promise.all([undefined, 1, '1', 'ACTIVE_ONLY', 2, 'DELETED_ONLY', 3, '3', 'ALL'].map(seen))).toEqual([
      0, 0, 0, 0, 1, 1, 1, 1, 1,
    ])
    const found = async (view_type: unknown) =>
      (await post('experiments/search', { max_results: 9, filter: "name = 'wire'", view_type })).body
    expect(await found(2)).toEqual({})
    expect((await found('ACTIVE_ONLY')).experiments).toHaveLength(1)
  })

  it('takes and gives run_uuid beside run_id', async () => {
    const id = (await post('runs/create', { experiment_id: experiment })).body.run.info.run_uuid
    expect((await get('runs/get', { run_uuid: id })).body.run.info.run_id).toBe(id)
    expect((await post('runs/log-metric', { run_uuid: id, key: 'm', value: 1, timestamp: 1 })).status).toBe(200)
    expect((await post('runs/log-parameter', { run_uuid: id, run_id: id, key: 'p', value: '1' })).status).toBe(200)
    expect((await get('metrics/get-history', { run_uuid: id, metric_key: 'm' })).body.metrics).toHaveLength(1)
    expect((await post('runs/update', { run_uuid: id, status: 'FINISHED' })).body.run_info.run_uuid).toBe(id)
  })
})

describe('a request', () => {
  it('must say that its body is JSON, and its body must be it', async () => {
    for (const headers of [{}, { 'content-type': 'text/plain' }] as Array<Record<string, string>>) {
      const { status, body } = await ask('POST', 'runs/create', { body: '{}', headers })
      expect([status, body.error_code]).toEqual([400, 'INVALID_PARAMETER_VALUE'])
      expect(body.message).toContain('Bad Request. Content-Type')
    }
    for (const body of ['{"run_id"', 'NaN', '[]', '5', '{"run_id": "a",}', '"[]"', '"{"']) {
      const answer = await ask('POST', 'runs/delete', { body, headers: json })
      expect([body, answer.status, answer.body.error_code]).toEqual([body, 400, 'MALFORMED_REQUEST'])
    }
    const { body } = await ask('POST', 'runs/delete', { headers: json })
    expect(body.message).toMatch(/^Missing value for required parameter 'run_id'\./)
    expect((await ask('POST', 'runs/search', { body: '{}', headers: { 'content-type': 'application/json; charset=utf-8' } })).status).toBe(
      200,
    )
  })

  it('may be JSON within JSON, as the oldest clients send it', async () => {
    const id = await newRun()
    const param = JSON.stringify({ run_id: id, key: 'p', value: 'v' })
    expect((await ask('POST', 'runs/log-parameter', { body: JSON.stringify(param), headers: json })).status).toBe(200)
    expect((await read(id)).data.params).toEqual([{ key: 'p', value: 'v' }])
  })

  it('is refused with 413 before it was read, where it says that it is too large', async () => {
    const { status, body } = await ask('POST', 'runs/log-batch', { body: ' '.repeat(1024 * 1024 + 1), headers: json })
    expect([status, body.error_code]).toEqual([413, 'REQUEST_TOO_LARGE'])
  })

  it('is 404 on an unknown path, and 405 with the methods there are on a wrong one', async () => {
    for (const path of ['/api/2.0/mlflow/nothing', '/ajax-api/2.0/mlflow/runs', '/api/9.0/mlflow/runs/get', '/api/2.0/mlflow/traces']) {
      const { status, body } = await ask('GET', path)
      expect([status, body.error_code]).toEqual([404, 'ENDPOINT_NOT_FOUND'])
    }
    for (const [method, path, allow] of [
      ['GET', 'runs/create', 'POST'],
      ['PUT', 'runs/create', 'POST'],
      ['POST', 'runs/get', 'GET'],
      ['DELETE', 'experiments/search', 'GET, POST'],
    ] as const) {
      const { status, headers } = await ask(method, path, method === 'GET' ? {} : { body: '{}', headers: json })
      expect([status, headers.get('allow')]).toEqual([405, allow])
    }
  })

  it('takes a list as repeated keys, also where there is one', async () => {
    const search = { max_results: 5, filter: "name = 'wire'" }
    for (const order_by of ['name', ['name ASC', 'experiment_id DESC']]) {
      expect((await get('experiments/search', { ...search, order_by })).body.experiments).toHaveLength(1)
    }
  })
})

const paths: Array<['GET' | 'POST', string]> = [
  ['POST', 'experiments/create'],
  ['GET', 'experiments/get'],
  ['GET', 'experiments/get-by-name'],
  ['GET', 'experiments/search'],
  ['POST', 'experiments/search'],
  ['POST', 'experiments/delete'],
  ['POST', 'experiments/restore'],
  ['POST', 'experiments/update'],
  ['POST', 'experiments/set-experiment-tag'],
  ['POST', 'experiments/delete-experiment-tag'],
  ['POST', 'experiments/search-datasets'],
  ['POST', 'runs/create'],
  ['GET', 'runs/get'],
  ['POST', 'runs/update'],
  ['POST', 'runs/delete'],
  ['POST', 'runs/restore'],
  ['POST', 'runs/search'],
  ['POST', 'runs/log-metric'],
  ['POST', 'runs/log-parameter'],
  ['POST', 'runs/log-batch'],
  ['POST', 'runs/log-inputs'],
  ['POST', 'runs/set-tag'],
  ['POST', 'runs/delete-tag'],
  ['GET', 'metrics/get-history'],
  ['GET', 'metrics/get-history-bulk'],
  ['GET', 'metrics/get-history-bulk-interval'],
  ['GET', 'artifacts/list'],
  ['POST', 'artifacts/presigned-upload-url'],
  ['POST', 'artifacts/presigned-download-url'],
]

it.each(paths)('%s %s is there for scripts and for pages alike', async (method, path) => {
  const bad = { experiment_id: 'x', experiment_ids: ['x'], run_id: 'x', run_ids: 'x', metric_key: 'm', key: '..', filter: 'x', name: '' }
  const init = method === 'POST' ? { body: JSON.stringify(bad), headers: json } : {}
  const query = method === 'GET' ? `?${new URLSearchParams(Object.entries(bad).map(([key, value]) => [key, String(value)]))}` : ''
  const [api, ajax] = await Promise.all(['api', 'ajax-api'].map((root) => ask(method, `/${root}/2.0/mlflow/${path}${query}`, init)))
  expect([400, 404, 501]).toContain(api!.status)
  expect(api!.body.error_code).not.toBe('ENDPOINT_NOT_FOUND')
  expect([ajax!.status, ajax!.body]).toEqual([api!.status, api!.body])
})

describe('searching', () => {
  it('gives and takes tokens as MLflow does, and none with the last page', async () => {
    const made = (await post('experiments/create', { name: 'pages' })).body.experiment_id
    for (let i = 0; i < 3; i++) await post('runs/create', { experiment_id: made, run_name: `r${i}`, start_time: i })
    const search = { experiment_ids: [made], max_results: 2 }
    const first = (await post('runs/search', search)).body
    // The newest-first order says also behind which run the next page begins; with MLflow's offset alone it goes on as well.
    const token = JSON.parse(Buffer.from(first.next_page_token, 'base64').toString())
    expect(token).toEqual({ offset: 2, after: [1, first.runs[1].info.run_id] })
    const offset = Buffer.from('{"offset": 2}').toString('base64')
    expect((await post('runs/search', { ...search, page_token: offset })).body.runs).toHaveLength(1)
    const byName = (await post('runs/search', { ...search, order_by: ['run_name'] })).body
    expect(Buffer.from(byName.next_page_token, 'base64').toString()).toBe('{"offset": 2}')
    const second = (await post('runs/search', { ...search, page_token: first.next_page_token })).body
    expect([...first.runs, ...second.runs].map((each: any) => each.info.run_name)).toEqual(['r2', 'r1', 'r0'])
    expect(second).not.toHaveProperty('next_page_token')
    expect((await post('runs/search', { ...search, page_token: '' })).body.runs).toHaveLength(2)
    expect(await post('runs/search', { ...search, page_token: '%%%' })).toMatchObject({
      status: 400,
      body: { error_code: 'INVALID_PARAMETER_VALUE', message: expect.stringContaining('Invalid page token, could not base64-decode') },
    })
  })

  it('wants max_results for experiments and not for runs', async () => {
    expect(await post('experiments/search', {})).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining("Invalid value 0 for parameter 'max_results' supplied") },
    })
    expect((await post('runs/search', { experiment_ids: [experiment] })).status).toBe(200)
  })
})

describe('metric history', () => {
  let two: string[]
  beforeAll(async () => {
    two = [await newRun(), await newRun()].sort()
    for (const run_id of two) {
      const metrics = Array.from({ length: 10 }, (_, step) => ({ key: 'm', value: step / 2, timestamp: 100 + step, step }))
      await post('runs/log-batch', { run_id, metrics })
    }
  })

  it('comes whole, or by pages', async () => {
    const whole = (await get('metrics/get-history', { run_id: two[0]!, metric_key: 'm' })).body
    expect(whole.metrics.map((point: any) => point.step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(whole).not.toHaveProperty('next_page_token')
    const paged: unknown[] = []
    for (let page_token = ''; ; ) {
      const { metrics, next_page_token } = (
        await get('metrics/get-history', { run_id: two[0]!, metric_key: 'm', max_results: 4, page_token })
      ).body
      paged.push(...metrics)
      page_token = next_page_token ?? ''
      if (!page_token) break
      expect(metrics).toHaveLength(4)
    }
    expect(paged).toEqual(whole.metrics)
  })

  it('comes of many runs, with the run of each point', async () => {
    const { metrics } = (await get('/ajax-api/2.0/mlflow/metrics/get-history-bulk', { run_id: two, metric_key: 'm' })).body
    expect(metrics).toHaveLength(20)
    expect(metrics[10]).toEqual({ key: 'm', value: 0, timestamp: 100, step: 0, run_id: two[1] })
    const cut = await get('metrics/get-history-bulk', { run_id: two, metric_key: 'm', max_results: 12 })
    expect(cut.body.metrics).toEqual(metrics.slice(0, 12))
    expect((await get('metrics/get-history-bulk', { run_id: two[0]!, metric_key: 'none' })).body).toEqual({ metrics: [] })
  })

  it('comes sampled, in a range of steps', async () => {
    const ask = async (query: Record<string, string | number>) =>
      (await get('metrics/get-history-bulk-interval', { run_ids: two, metric_key: 'm', ...query })).body
    expect((await ask({})).metrics).toHaveLength(20)
    const ranged = (await ask({ start_step: 2, end_step: 4 })).metrics
    expect(ranged.map((point: any) => [point.run_id, point.step])).toEqual(two.flatMap((id) => [2, 3, 4].map((step) => [id, step])))
    const sampled = (await ask({ max_results: 3 })).metrics.filter((point: any) => point.run_id === two[0])
    expect(sampled.length).toBeLessThan(10)
    expect([sampled[0].step, sampled.at(-1).step]).toEqual([0, 9])
    expect((await ask({ start_step: 5, end_step: 4 })).message).toContain('end_step must be greater than start_step')
    expect((await ask({ start_step: 5 })).message).toContain('both must be specified')
    for (const max_results of [0, 2501]) expect((await ask({ max_results })).message).toContain('max_results must be between 1 and 2500.')
  })
})

describe('data sets', () => {
  it('come back with the run, and are found by experiment, also at the misspelt path', async () => {
    const made = (await post('experiments/create', { name: 'data sets' })).body.experiment_id
    const id = (await post('runs/create', { experiment_id: made })).body.run.info.run_id
    const dataset = { name: 'n', digest: 'd', source_type: 't', source: 's', schema: '{}', profile: '{"rows": 1}' }
    const tags = [{ key: 'mlflow.data.context', value: 'train' }]
    await post('runs/log-inputs', { run_id: id, datasets: [{ dataset, tags }] })
    await post('runs/log-inputs', { run_id: id, datasets: [{ dataset: { ...dataset, name: 'o', schema: undefined, profile: undefined } }] })
    expect((await read(id)).inputs).toEqual({
      dataset_inputs: [{ tags, dataset }, { dataset: { name: 'o', digest: 'd', source_type: 't', source: 's' } }],
    })
    const summaries = {
      dataset_summaries: [
        { experiment_id: made, name: 'o', digest: 'd' },
        { experiment_id: made, name: 'n', digest: 'd', context: 'train' },
      ],
    }
    for (const path of ['/ajax-api/2.0/mlflow/experiments/search-datasets', '/api/2.0mlflow/experiments/search-datasets']) {
      expect((await post(path, { experiment_ids: [made] })).body).toEqual(summaries)
    }
    expect((await post('experiments/search-datasets', { experiment_ids: [] })).body.message).toContain(
      'must specify at least one experiment_id',
    )
    const many = await post('experiments/search-datasets', { experiment_ids: Array(21).fill(made) })
    expect(many.body.message).toContain('cannot specify more than 20 experiment_ids')
  })
})

describe('artifacts', () => {
  const proxy = '/api/2.0/mlflow-artifacts/artifacts'

  it('go up, are listed and read in ranges, and are deleted', async () => {
    const id = await newRun()
    const root = `${experiment}/${id}/artifacts`
    for (const name of ['b/two.txt', 'a.txt']) {
      expect(await ask('PUT', `${proxy}/${root}/${name}`, { body: name })).toMatchObject({ status: 200, body: {} })
    }
    const files = [
      { path: 'a.txt', is_dir: false, file_size: 5 },
      { path: 'b', is_dir: true },
    ]
    expect((await get(proxy, { path: root })).body).toEqual({ files })
    expect((await get('artifacts/list', { run_id: id })).body).toEqual({ root_uri: `mlflow-artifacts:/${root}`, files })
    expect((await get('artifacts/list', { run_id: id, path: 'b' })).body.files).toEqual([
      { path: 'b/two.txt', is_dir: false, file_size: 9 },
    ])

    for (const path of [
      `${proxy}/${root}/a.txt`,
      `/get-artifact?run_id=${id}&path=a.txt`,
      `/ajax-api/2.0/mlflow-artifacts/artifacts/${root}/a.txt`,
    ]) {
      const { status, body, headers } = await ask('GET', path)
      expect([status, body, headers.get('x-content-type-options')]).toEqual([200, 'a.txt', 'nosniff'])
      expect(headers.get('content-disposition')).toMatch(/^attachment; filename="?a\.txt"?/)
      expect(headers.get('etag')).toBeTruthy()
      expect(headers.get('accept-ranges')).toBe('bytes')
    }
    const part = await ask('GET', `${proxy}/${root}/a.txt`, { headers: { range: 'bytes=1-2' } })
    expect([part.status, part.body, part.headers.get('content-range')]).toEqual([206, '.t', 'bytes 1-2/5'])

    expect((await ask('DELETE', `${proxy}/${root}/b`)).status).toBe(200)
    expect((await get(proxy, { path: root })).body.files).toHaveLength(1)
    expect(await ask('GET', `${proxy}/${root}/b/two.txt`)).toMatchObject({ status: 404, body: { error_code: 'RESOURCE_DOES_NOT_EXIST' } })
  })

  it('go up from a page', async () => {
    const id = await newRun()
    const up = (query: string) => ask('POST', `/ajax-api/2.0/mlflow/upload-artifact?${query}`, { body: 'text' })
    expect((await up(`run_uuid=${id}&path=deep/a.txt`)).status).toBe(200)
    expect((await ask('GET', `/get-artifact?run_id=${id}&path=deep/a.txt`)).body).toBe('text')
    for (const query of ['', `run_uuid=${id}`, `run_uuid=${id}&path=../a`, 'path=a']) expect((await up(query)).status).toBe(400)
  })

  it('in parts and by presigned address are refused as by a store that can do neither', async () => {
    const { body, status } = await post(`/api/2.0/mlflow-artifacts/mpu/create/${experiment}/${run}/artifacts/a`, {
      path: 'a',
      num_parts: 2,
    })
    expect([status, body.error_code]).toEqual([501, 'NOT_IMPLEMENTED'])
    expect((await ask('GET', `/api/2.0/mlflow-artifacts/presigned/${experiment}/${run}/artifacts/a`)).status).toBe(501)
  })
})

it('says that it is well, and which version of the wire it has', async () => {
  expect(await ask('GET', '/health')).toMatchObject({ status: 200, body: 'OK' })
  expect(await ask('GET', '/version')).toMatchObject({ status: 200, body: expect.stringMatching(/^\d+\.\d+\.\d+/) })
})
