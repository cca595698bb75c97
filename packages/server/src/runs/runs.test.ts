/** Runs through both doors: what a run keeps, refuses and tells. */
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let platform: Platform
beforeAll(async () => {
  platform = await startPlatform()
})
afterAll(() => platform.stop())

interface Batch {
  metrics?: Array<{ key: string; value: number | string; step?: number; time?: number }>
  params?: Array<{ key: string; value: string }>
  tags?: Array<{ key: string; value: string }>
}

interface Seen {
  status: string
  name: string
  metrics: Record<string, number | string>
  params: Record<string, string>
  tags: Record<string, string>
}

/** One way in. What both can do is tested once, over both. */
interface Door {
  createExperiment(name: string): Promise<string>
  createRun(experiment: string, name?: string): Promise<string>
  log(run: string, batch: Batch): Promise<unknown>
  read(run: string): Promise<Seen>
  finish(run: string): Promise<unknown>
  remove(run: string): Promise<unknown>
  restore(run: string): Promise<unknown>
  search(experiment: string, filter: string, order?: string): Promise<string[]>
}

const toMap = (list: Array<{ key: string; value: any }> = []) => Object.fromEntries(list.map(({ key, value }) => [key, value]))

const rest: Door = {
  createExperiment: async (name) => (await platform.wire('POST', 'experiments/create', { name })).experiment_id,
  createRun: async (experiment_id, run_name) => (await platform.wire('POST', 'runs/create', { experiment_id, run_name })).run.info.run_id,
  log: (run_id, { metrics, ...rest }) =>
    platform.wire('POST', 'runs/log-batch', {
      run_id,
      ...rest,
      metrics: metrics?.map(({ key, value, step = 0, time = 1 }) => ({ key, value, step, timestamp: time })),
    }),
  async read(run_id) {
    const { info, data } = (await platform.wire('GET', 'runs/get', { run_id })).run
    return { status: info.status, name: info.run_name, metrics: toMap(data.metrics), params: toMap(data.params), tags: toMap(data.tags) }
  },
  finish: (run_id) => platform.wire('POST', 'runs/update', { run_id, status: 'FINISHED', end_time: 5 }),
  remove: (run_id) => platform.wire('POST', 'runs/delete', { run_id }),
  restore: (run_id) => platform.wire('POST', 'runs/restore', { run_id }),
  search: async (experiment, filter, order) =>
    (
      (await platform.wire('POST', 'runs/search', { experiment_ids: [experiment], filter, ...(order && { order_by: [order] }) })).runs ?? []
    ).map((run: any) => run.info.run_name),
}

const graphql: Door = {
  createExperiment: async (name) =>
    (await platform.graphql('mutation ($name: String!) { createExperiment(input: { name: $name }) { experiment { id } } }', { name }))
      .createExperiment.experiment.id,
  createRun: async (experimentId, name) =>
    (
      await platform.graphql('mutation ($input: CreateRunInput!) { createRun(input: $input) { run { id } } }', {
        input: { experimentId, name },
      })
    ).createRun.run.id,
  log: (runId, { metrics, ...rest }) =>
    platform.graphql('mutation ($input: LogBatchInput!) { logBatch(input: $input) { run { id } } }', {
      input: { runId, ...rest, metrics: metrics?.map(({ time = 1, ...metric }) => ({ ...metric, time })) },
    }),
  async read(id) {
    const { run } = await platform.graphql(
      'query ($id: ID!) { run(id: $id) { status name metrics { key value } params { key value } tags { key value } } }',
      { id },
    )
    return { ...run, metrics: toMap(run.metrics), params: toMap(run.params), tags: toMap(run.tags) }
  },
  finish: (id) =>
    platform.graphql('mutation ($id: ID!) { updateRun(input: { id: $id, status: FINISHED, endedAt: 5 }) { run { id } } }', { id }),
  remove: (id) => platform.graphql('mutation ($id: ID!) { deleteRun(id: $id) { run { deletedAt } } }', { id }),
  restore: (id) => platform.graphql('mutation ($id: ID!) { restoreRun(id: $id) { run { deletedAt } } }', { id }),
  async search(experiment, filter, order) {
    const [by, direction] = order?.split(' ') ?? []
    const { searchRuns } = await platform.graphql(
      'query ($e: [ID!], $f: String, $o: [RunOrder!]) { searchRuns(experiments: $e, filter: $f, orderBy: $o) { nodes { name } } }',
      { e: [experiment], f: filter, o: by ? [{ by, descending: direction === 'DESC' }] : undefined },
    )
    return searchRuns.nodes.map((run: any) => run.name)
  },
}

describe.each([
  ['REST', rest],
  ['GraphQL', graphql],
])('over %s', (name, door) => {
  let experiment: string
  beforeAll(async () => {
    experiment = await door.createExperiment(`runs over ${name}`)
  })

  it('keeps what was logged, and of each metric the newest point', async () => {
    const run = await door.createRun(experiment, 'first')
    await door.log(run, {
      metrics: [
        { key: 'loss', value: 0.5, step: 1 },
        { key: 'loss', value: 0.25, step: 2 },
        { key: 'loss', value: 9, step: 0, time: 99 },
      ],
      params: [{ key: 'lr', value: '3e-4' }],
      tags: [{ key: 'team', value: 'tides' }],
    })
    expect(await door.read(run)).toEqual({
      status: 'RUNNING',
      name: 'first',
      metrics: { loss: 0.25 },
      params: { lr: '3e-4' },
      tags: { team: 'tides', 'mlflow.runName': 'first' },
    })
  })

  it('gives a run without a name one', async () => {
    const run = await door.createRun(experiment)
    expect((await door.read(run)).name).toMatch(/^[a-z]+-[a-z]+-\d+$/)
  })

  it('refuses another value of a param, and then keeps nothing of that batch', async () => {
    const run = await door.createRun(experiment)
    await door.log(run, { params: [{ key: 'lr', value: '1' }] })
    await door.log(run, { params: [{ key: 'lr', value: '1' }] })
    const bad = door.log(run, {
      params: [{ key: 'lr', value: '2' }],
      metrics: [{ key: 'loss', value: 1 }],
      tags: [{ key: 'a', value: 'b' }],
    })
    await expect(bad).rejects.toMatchObject({
      code: 'INVALID_PARAMETER_VALUE',
      message: expect.stringContaining('Changing param values is not allowed'),
    })
    const { metrics, params, tags } = await door.read(run)
    expect([metrics, params, tags.a]).toEqual([{}, { lr: '1' }, undefined])
  })

  it('keeps NaN, and the infinities as the greatest doubles', async () => {
    const run = await door.createRun(experiment)
    await door.log(run, {
      metrics: [
        { key: 'nan', value: 'NaN' },
        { key: 'inf', value: 'Infinity' },
        { key: 'low', value: '-Infinity' },
      ],
    })
    expect((await door.read(run)).metrics).toEqual({ nan: 'NaN', inf: Number.MAX_VALUE, low: -Number.MAX_VALUE })
  })

  it('refuses to write to a deleted run, and has all of it back when it is restored', async () => {
    const run = await door.createRun(experiment, 'gone')
    await door.log(run, { metrics: [{ key: 'loss', value: 1 }] })
    await door.remove(run)
    for (const batch of [
      { metrics: [{ key: 'loss', value: 2 }] },
      { params: [{ key: 'a', value: 'b' }] },
      { tags: [{ key: 'a', value: 'b' }] },
    ]) {
      await expect(door.log(run, batch)).rejects.toMatchObject({ message: expect.stringContaining("must be in the 'active' state") })
    }
    expect(await door.search(experiment, "attributes.run_name = 'gone'")).toEqual([])
    await door.restore(run)
    await door.log(run, { metrics: [{ key: 'loss', value: 3, step: 1 }] })
    expect((await door.read(run)).metrics).toEqual({ loss: 3 })
    expect(await door.search(experiment, "attributes.run_name = 'gone'")).toEqual(['gone'])
  })

  it('finds runs by what they logged, in the order asked for', async () => {
    const other = await door.createExperiment(`search over ${name}`)
    for (const [name, loss] of [
      ['c', 3],
      ['a', 1],
      ['b', 2],
    ] as const) {
      const run = await door.createRun(other, name)
      await door.log(run, { metrics: [{ key: 'loss', value: loss }], params: [{ key: 'kind', value: loss > 1 ? 'big' : 'small' }] })
    }
    expect(await door.search(other, "metrics.loss >= 1 AND params.kind = 'big'", 'metrics.loss ASC')).toEqual(['b', 'c'])
    expect(await door.search(other, '', 'metrics.loss DESC')).toEqual(['c', 'b', 'a'])
    await expect(door.search(other, 'metrics.loss >> 1')).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' })
  })

  it('says so when a run or an experiment is not there', async () => {
    await expect(door.log('0'.repeat(32), { tags: [{ key: 'a', value: 'b' }] })).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
    await expect(door.createRun('4242')).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
    await expect(door.createRun('abc')).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' })
  })
})

describe('writers of one run', () => {
  it('never wait for each other in a circle, whatever they write and delete', async () => {
    const experiment = await rest.createExperiment('circles')
    const run = await rest.createRun(experiment)
    const outcomes: string[] = []
    const note = (done: Promise<unknown>) =>
      done.then(
        () => outcomes.push('ok'),
        (error) => outcomes.push(error.code),
      )
    const one = (i: number) => [
      note(
        rest.log(run, {
          params: [{ key: `p${i % 7}`, value: '1' }],
          tags: [
            { key: `t${i % 3}`, value: `${i}` },
            { key: 'mlflow.runName', value: 'a' },
          ],
        }),
      ),
      note(
        rest.log(run, {
          tags: [
            { key: 'mlflow.runName', value: `b${i}` },
            { key: `t${(i + 1) % 3}`, value: '2' },
          ],
          metrics: [{ key: 'm', value: i, step: i }],
        }),
      ),
      note(platform.wire('POST', 'runs/set-tag', { run_id: run, key: `t${i % 3}`, value: '3' })),
      note(platform.wire('POST', 'runs/update', { run_id: run, run_name: `c${i}` })),
      ...(i % 5 === 0 ? [note(rest.remove(run)), note(rest.restore(run))] : []),
      ...(i % 20 === 0
        ? [
            note(
              platform
                .wire('POST', 'experiments/delete', { experiment_id: experiment })
                .then(() => platform.wire('POST', 'experiments/restore', { experiment_id: experiment })),
            ),
          ]
        : []),
    ]
    for (let i = 0; i < 60; i += 6) await Promise.all([0, 1, 2, 3, 4, 5].flatMap((j) => one(i + j)))
    expect(outcomes.filter((outcome) => outcome === 'INTERNAL_ERROR')).toEqual([])
    expect(outcomes.filter((outcome) => outcome === 'ok').length).toBeGreaterThan(60)
  })
})

describe('a run whose id the client made up', () => {
  const id = () => crypto.randomUUID().replaceAll('-', '')

  it('is made once, however often and by however many it is asked for', async () => {
    const experiment = await rest.createExperiment('own ids')
    const run_id = id()
    const make = (run_name: string) => platform.wire('POST', 'runs/create', { experiment_id: experiment, run_id, run_name })
    const made = await Promise.all(['a', 'b', 'c', 'd'].map(make))
    expect(new Set(made.map(({ run }) => run.info.run_id))).toEqual(new Set([run_id]))
    expect(new Set(made.map(({ run }) => run.info.run_name)).size).toBe(1)
    const { createRun } = await platform.graphql('mutation ($input: CreateRunInput!) { createRun(input: $input) { run { id name } } }', {
      input: { experimentId: experiment, id: run_id, name: 'e' },
    })
    expect(createRun.run).toEqual({ id: run_id, name: made[0].run.info.run_name })
    expect((await platform.wire('POST', 'runs/search', { experiment_ids: [experiment] })).runs).toHaveLength(1)
  })

  it('is refused where it is another experiment’s, and where it is no id', async () => {
    const [one, other] = [await rest.createExperiment('own ids, one'), await rest.createExperiment('own ids, other')]
    const run_id = id()
    await platform.wire('POST', 'runs/create', { experiment_id: one, run_id })
    await expect(platform.wire('POST', 'runs/create', { experiment_id: other, run_id })).rejects.toMatchObject({
      code: 'RESOURCE_ALREADY_EXISTS',
      status: 400,
      message: `A run with id=${run_id} exists in another experiment.`,
    })
    for (const wrong of ['x', run_id.toUpperCase().replace(/^./, 'F'), `${run_id}0`, `../${run_id}`]) {
      await expect(platform.wire('POST', 'runs/create', { experiment_id: one, run_id: wrong }), wrong).rejects.toMatchObject({
        code: 'INVALID_PARAMETER_VALUE',
        message: expect.stringContaining("for parameter 'run_id' supplied: It must be 32 hexadecimal digits"),
      })
    }
  })
})

it('a run tells how many active ones are nested in it', async () => {
  const experiment = await rest.createExperiment('counted children')
  const parent = await rest.createRun(experiment)
  const children = await Promise.all(
    [1, 2, 3].map(async () => {
      const tags = [{ key: 'mlflow.parentRunId', value: parent }]
      return (await platform.wire('POST', 'runs/create', { experiment_id: experiment, tags })).run.info.run_id as string
    }),
  )
  await rest.remove(children[0]!)
  const { runs } = await platform.graphql('query ($ids: [ID!]!) { runs(ids: $ids) { childCount } }', { ids: [parent, children[1]] })
  expect(runs).toEqual([{ childCount: 2 }, { childCount: 0 }])
})

it('a tag is written over what its writer has read, a status from what it was, and otherwise not at all', async () => {
  const experiment = await rest.createExperiment('overtaken')
  const run = await rest.createRun(experiment)
  const onRun = (value: string, was?: string) =>
    platform.graphql('mutation ($r: ID!, $v: String!, $w: String) { setTag(runId: $r, key: "note", value: $v, was: $w) { run { id } } }', {
      r: run,
      v: value,
      w: was,
    })
  const onExperiment = (value: string, was?: string) =>
    platform.graphql(
      'mutation ($e: ID!, $v: String!, $w: String) { setExperimentTag(id: $e, key: "note", value: $v, was: $w) { experiment { id } } }',
      {
        e: experiment,
        v: value,
        w: was,
      },
    )
  for (const write of [onRun, onExperiment]) {
    // Of many who have read the same, one writes.
    for (const was of ['', 'first']) {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 8 }, () => write(was === '' ? 'first' : `after ${Math.random()}`, was)),
      )
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
      if (was !== '') expect(refused).toHaveLength(7)
      for (const { reason } of refused) expect(reason).toMatchObject({ code: 'RESOURCE_CONFLICT' })
    }
    await expect(write('x', 'never')).rejects.toMatchObject({ code: 'RESOURCE_CONFLICT' })
    await write('whatever it is')
    await write('second', 'whatever it is')
    await expect(write('x', '')).rejects.toMatchObject({ code: 'RESOURCE_CONFLICT' })
  }
  const to = (status: string, from: string[]) =>
    platform.graphql('mutation ($i: UpdateRunInput!) { updateRun(input: $i) { run { status } } }', { i: { id: run, status, from } })
  expect(await to('KILLED', ['RUNNING', 'SCHEDULED'])).toEqual({ updateRun: { run: { status: 'KILLED' } } })
  await expect(to('KILLED', ['RUNNING'])).rejects.toMatchObject({
    code: 'RESOURCE_CONFLICT',
    message: expect.stringContaining('is KILLED by now'),
  })
  await rest.remove(run)
  await expect(to('RUNNING', ['KILLED'])).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' })
})
