/** The GraphQL face: what is public about limits and errors, and how changes arrive. */
import { type Platform, startPlatform } from '@tidegate/test'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import WebSocket from 'ws'

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform()
})
afterAll(() => platform.stop())

async function ask(body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${platform.origin}/graphql`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
  })
  return { status: response.status, ...((await response.json()) as any) }
}

const newRun = async (name: string) => (await platform.wire('POST', 'runs/create', { run_name: name })).run.info.run_id as string

describe('errors', () => {
  it('have a code, a path and a message that says the way out', async () => {
    const { errors, data } = await ask({ query: '{ a: experiment(id: "0") { name } b: experiment { name } }' })
    expect(data).toEqual({ a: { name: 'Default' }, b: null })
    expect(errors).toEqual([
      {
        message: 'Give either `id` or `name`.',
        path: ['b'],
        locations: expect.anything(),
        extensions: { code: 'INVALID_PARAMETER_VALUE', field: 'id' },
      },
    ])
  })

  it('name a field of the input as GraphQL spells it', async () => {
    const runId = await newRun('fields')
    const { errors } = await ask({
      query: 'mutation ($input: LogBatchInput!) { logBatch(input: $input) { run { id } } }',
      variables: {
        input: {
          runId,
          metrics: [
            { key: 'ok', value: 1 },
            { key: '../bad', value: 1 },
          ],
        },
      },
    })
    expect(errors[0].extensions).toEqual({ code: 'INVALID_PARAMETER_VALUE', field: 'metrics[1].name' })
    expect(errors[0].message).toContain("This name would resolve to '../bad'")
  })

  it('of a document that does not fit the schema say where', async () => {
    const { errors } = await ask({ query: '{ experiment(id: "0") { colour } }' })
    expect(errors[0]).toMatchObject({
      message: expect.stringContaining('colour'),
      extensions: { code: 'MALFORMED_REQUEST' },
      locations: [{ line: 1, column: 25 }],
    })
    expect((await ask({ query: '{ experiment(' })).errors[0].extensions.code).toBe('MALFORMED_REQUEST')
  })

  it('never tell what is not there from what may not be seen', async () => {
    expect((await ask({ query: '{ experiment(id: "99") { id } run(id: "nothing") { id } runs(ids: ["nothing"]) { id } }' })).data).toEqual({
      experiment: null,
      run: null,
      runs: [null],
    })
  })
})

describe('limits', () => {
  it('are told with every answer, as its cost', async () => {
    const { extensions } = await ask({ query: '{ searchRuns(first: 10) { nodes { name } } }' })
    expect(extensions.cost).toBeGreaterThanOrEqual(10)
  })

  it('can be asked beforehand, without the operation being run', async () => {
    const query = 'mutation { createExperiment(input: { name: "only asked about" }) { experiment { id } } }'
    const { data, extensions } = await ask({ query }, { 'x-tidegate-explain': '1' })
    expect(data).toBeNull()
    expect(extensions).toMatchObject({ depth: 3, breadth: 3, limits: { complexity: 200_000, depth: 12, breadth: 400 } })
    expect(extensions.cost).toBeGreaterThan(0)
    expect((await ask({ query: '{ experiment(name: "only asked about") { id } }' })).data).toEqual({ experiment: null })
  })

  it('of depth, of breadth and of cost refuse an operation before it runs', async () => {
    const deep = `{ run(id: "x") ${'{ parent '.repeat(14)}{ id }${' }'.repeat(14)} }`
    expect((await ask({ query: deep })).errors[0]).toMatchObject({
      extensions: { code: 'REQUEST_TOO_LARGE' },
      message: expect.stringContaining('deep'),
    })
    const wide = `{ ${Array.from({ length: 300 }, (_, i) => `a${i}: viewer { name }`).join(' ')} }`
    expect((await ask({ query: wide })).errors[0]).toMatchObject({
      extensions: { code: 'REQUEST_TOO_LARGE' },
      message: expect.stringContaining('fields'),
    })
    const dear = '{ searchRuns(first: 5000) { nodes { children(first: 1000) { nodes { id } } } } }'
    expect((await ask({ query: dear })).errors[0]).toMatchObject({
      extensions: { code: 'REQUEST_TOO_LARGE' },
      message: expect.stringContaining('costs'),
    })
  })

  it('of size refuse a body early, and batches always', async () => {
    const big = await ask(`{"query":"{ viewer { name } }","variables":{"x":"${'x'.repeat(5 * 1024 * 1024)}"}}`).catch((error) => ({
      status: 413,
      error,
    }))
    expect(big.status).toBe(413)
    expect((await ask([{ query: '{ viewer { name } }' }])).status).toBe(400)
  })
})

describe('subscriptions', () => {
  const socket = () => createClient({ url: `${platform.origin.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket })

  it('tell of new and changed runs, as they are', async () => {
    const client = socket()
    const events = client.iterate<any>({ query: 'subscription { runsChanged(experiments: ["0"]) { runs { name status } cursor } }' })
    const seen = new Map<string, string>()
    const until = async (name: string, status: string) => {
      while (seen.get(name) !== status) {
        const { value } = await events.next()
        for (const run of value.data.runsChanged.runs) seen.set(run.name, run.status)
      }
    }
    const waiting = until('watched', 'RUNNING')
    const run_id = await newRun('watched')
    await waiting
    await platform.wire('POST', 'runs/update', { run_id, status: 'FINISHED' })
    await until('watched', 'FINISHED')
    await events.return?.()
    await client.dispose()
  })

  it('tell of the first point of a metric as of a change, and not of those after it', async () => {
    const run_id = await newRun('growing')
    const client = socket()
    const events = client.iterate<any>({
      query: 'subscription { runsChanged(experiments: ["0"], after: "0") { runs { name metrics { key } } } }',
    })
    const log = (key: string, step: number) => platform.wire('POST', 'runs/log-metric', { run_id, key, value: 1, timestamp: step, step })
    const told: string[] = []
    const until = async (keys: string) => {
      while (told.at(-1) !== keys) {
        const { value } = await events.next()
        for (const run of value.data.runsChanged.runs) if (run.name === 'growing') told.push(run.metrics.map(({ key }: any) => key).join())
      }
    }
    await until('')
    await log('loss', 1)
    await until('loss')
    await log('loss', 2)
    await platform.wire('POST', 'runs/log-batch', { run_id, metrics: [{ key: 'accuracy', value: 1, timestamp: 3, step: 3 }] })
    await until('accuracy,loss')
    expect(told).toEqual(['', 'loss', 'accuracy,loss'])
    await events.return?.()
    await client.dispose()
  })

  it('go on from a cursor after the connection was lost, without a gap and without a double', async () => {
    const run = await newRun('cursors')
    const log = (step: number) => platform.wire('POST', 'runs/log-metric', { run_id: run, key: 'loss', value: step, timestamp: step, step })
    const query = 'subscription ($runs: [RunCursor!]!) { points(runs: $runs) { points { steps } cursors { run cursor } } }'
    const follow = async (after: string, last: number) => {
      const client = socket()
      const events = client.iterate<any>({ query, variables: { runs: [{ run, after }] } })
      const steps: number[] = []
      let cursor = after
      while (steps.at(-1) !== last) {
        const { points, cursors } = (await events.next()).value.data.points
        steps.push(...points.flatMap((each: any) => each.steps))
        cursor = cursors[0].cursor
      }
      client.terminate()
      return { steps, cursor }
    }
    for (const step of [0, 1, 2]) await log(step)
    const first = await follow('0', 2)
    for (const step of [3, 4]) await log(step)
    const second = await follow(first.cursor, 4)
    expect([...first.steps, ...second.steps]).toEqual([0, 1, 2, 3, 4])
  })

  it('come over Server-Sent Events too', async () => {
    const run = await newRun('events')
    const query = `subscription { points(runs: [{ run: "${run}", after: "0" }]) { points { key values } } }`
    const response = await fetch(`${platform.origin}/graphql?query=${encodeURIComponent(query)}`, {
      headers: { accept: 'text/event-stream' },
    })
    await platform.wire('POST', 'runs/log-metric', { run_id: run, key: 'loss', value: 0.5, timestamp: 1 })
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    while (!text.includes('"loss"')) text += (await reader.read()).value
    expect(text).toContain('{"key":"loss","values":[0.5]}')
    await reader.cancel()
  })

  it('refuse a run that is not there', async () => {
    const client = socket()
    const events = client.iterate<any>({ query: 'subscription { points(runs: [{ run: "nothing" }]) { cursors { cursor } } }' })
    await expect(events.next()).rejects.toEqual([expect.objectContaining({ extensions: { code: 'RESOURCE_DOES_NOT_EXIST' } })])
    await client.dispose()
  })
})

describe('reading', () => {
  it('nests what belongs together, with one statement for each kind of value', async () => {
    const parent = await newRun('parent')
    const { run } = await platform.wire('POST', 'runs/create', { run_name: 'child', tags: [{ key: 'mlflow.parentRunId', value: parent }] })
    await platform.wire('POST', 'runs/log-batch', {
      run_id: run.info.run_id,
      params: [
        { key: 'lr', value: '1' },
        { key: 'layers', value: '2' },
      ],
    })
    const data = await platform.graphql(
      'query ($id: ID!) { run(id: $id) { name experiment { name } children { total { value exact } nodes { name parentId parent { name } params(prefix: "l") { key value } tags(keys: ["none"]) { key } } } } }',
      { id: parent },
    )
    expect(data.run).toEqual({
      name: 'parent',
      experiment: { name: 'Default' },
      children: {
        total: { value: 1, exact: true },
        nodes: [
          {
            name: 'child',
            parentId: parent,
            parent: { name: 'parent' },
            params: [
              { key: 'layers', value: '2' },
              { key: 'lr', value: '1' },
            ],
            tags: [],
          },
        ],
      },
    })
  })

  it('gives runs as a table, a column at a time', async () => {
    const { experiment_id } = await platform.wire('POST', 'experiments/create', { name: 'table' })
    for (const [run_name, loss] of [
      ['a', 1],
      ['b', null],
    ] as const) {
      const { run } = await platform.wire('POST', 'runs/create', { experiment_id, run_name })
      if (loss) await platform.wire('POST', 'runs/log-metric', { run_id: run.info.run_id, key: 'my loss', value: loss, timestamp: 1 })
    }
    const { runTable, columns } = await platform.graphql(
      'query ($e: [ID!]!) { runTable(experiments: $e, columns: ["attributes.run_name", "metrics.`my loss`"], orderBy: [{ by: "metrics.`my loss`" }]) { columns { ref values } total { value } pageInfo { hasNextPage } } columns(experiments: $e, kinds: [METRIC]) { nodes { ref kind key } } }',
      { e: [experiment_id] },
    )
    expect(runTable).toEqual({
      columns: [
        { ref: 'attributes.run_name', values: ['a', 'b'] },
        { ref: 'metrics.`my loss`', values: [1, null] },
      ],
      total: { value: 2 },
      pageInfo: { hasNextPage: false },
    })
    expect(columns.nodes).toEqual([{ ref: 'metrics.`my loss`', kind: 'METRIC', key: 'my loss' }])
  })

  it('draws a line from no more buckets than were asked for', async () => {
    const run_id = await newRun('chart')
    const metrics = Array.from({ length: 1000 }, (_, step) => ({ key: 'wave', value: step % 10, timestamp: step, step }))
    await platform.wire('POST', 'runs/log-batch', { run_id, metrics })
    const { run } = await platform.graphql(
      'query ($id: ID!) { run(id: $id) { some: series(keys: ["wave", "none"], buckets: 50) { key count sampled min max } all: series(keys: ["wave"], from: 0, to: 9, buckets: 50) { steps last sampled } } }',
      { id: run_id },
    )
    expect(run.some).toHaveLength(1)
    expect(run.some[0]).toMatchObject({ key: 'wave', count: 1000, sampled: true })
    expect(run.some[0].min.length).toBeLessThanOrEqual(50)
    expect([Math.min(...run.some[0].min), Math.max(...run.some[0].max)]).toEqual([0, 9])
    expect(run.all).toEqual([{ steps: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], last: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], sampled: false }])
  })
})

describe('writing', () => {
  it('with one idempotency key makes one run', async () => {
    const create = () =>
      platform
        .graphql('mutation { createRun(input: { experimentId: "0", idempotencyKey: "once" }) { run { id name } } }')
        .then((data) => data.createRun.run)
    const [one, two] = await Promise.all([create(), create()])
    expect(two).toEqual(one)
    expect(await create()).toEqual(one)
  })
})
