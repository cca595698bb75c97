import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AbilityBuilder, createMongoAbility } from '@casl/ability'
import { type Platform, startPlatform } from '@tidegate/test'
import { collectEverything } from '@tidegate/test/collect'
import { rowsOf, rowsOfNothing } from '@tidegate/test/rows'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Ability, Action } from '../access.ts'
import type { Ctx } from '../context.ts'
import { call } from '../operation.ts'
import { purge as purgeThings, setRetention } from './trash.ts'

let platform: Platform
beforeAll(async () => {
  // Nothing is collected but by `collectEverything`.
  platform = await startPlatform({ jobs: [] })
})
afterAll(() => platform.stop())

const post = (path: string, input: object) => platform.wire('POST', path, input as Record<string, unknown>)
const collect = (later?: number) => collectEverything(platform, later)
const hour = 3_600_000
const day = 24 * hour

let names = 0
const createExperiment = async (name = `experiment ${names++}`) => (await post('experiments/create', { name })).experiment_id as string

/** A run with some of everything. */
async function createRun(experiment: string, dataset = 'shared'): Promise<string> {
  const { run } = await post('runs/create', { experiment_id: experiment, start_time: 1, tags: [{ key: 'team', value: 'vision' }] })
  const run_id = run.info.run_id as string
  const metrics = Array.from({ length: 500 }, (_, step) => ({
    key: step % 2 ? 'loss' : 'accuracy',
    value: step / 7,
    timestamp: step,
    step,
  }))
  await post('runs/log-batch', { run_id, metrics, params: [{ key: 'lr', value: '0.1' }], tags: [{ key: 'long', value: 'x'.repeat(3000) }] })
  await post('runs/log-inputs', {
    run_id,
    datasets: [
      {
        dataset: { name: dataset, digest: 'd', source_type: 'local', source: 's' },
        tags: [{ key: 'mlflow.data.context', value: 'train' }],
      },
    ],
  })
  await put(`${experiment}/${run_id}/artifacts/model/weights.bin`, 'w'.repeat(5_000))
  return run_id
}

const put = (path: string, body: string | ReadableStream) =>
  fetch(`${platform.origin}/api/2.0/mlflow-artifacts/artifacts/${path}`, { method: 'PUT', body, duplex: 'half' } as RequestInit)

const idOf = async (uuid: string) => (await platform.db.query<{ id: number }>('SELECT id FROM run WHERE uuid = $1', [uuid]))[0]!.id

const list = async () =>
  (
    await platform.graphql(`{ trash { nodes { kind id name deletedBy deletedAt expiresAt experiment { id } canRestore canPurge
      size { bytes rowBytes fileBytes files runs measured } } } }`)
  ).trash.nodes as any[]
const find = async (id: string) => (await list()).find((item) => item.id === id)
const summary = async () =>
  (
    await platform.graphql(
      '{ trashSummary { items retentionDays newestAt collecting canManage size { bytes fileBytes files runs experiments models measured } } }',
    )
  ).trashSummary
const purge = async (input: object) =>
  (
    await platform.graphql(
      'mutation ($input: PurgeInput!) { purge(input: $input) { dryRun freed { bytes rowBytes fileBytes files runs experiments models measured } } }',
      { input },
    )
  ).purge
const retention = (days: number | null) =>
  platform.graphql('mutation ($days: Int) { setRetention(input: { days: $days }) { trash { retentionDays } } }', { days })

/** Everything about a run that a client can read. */
async function readAll(run_id: string) {
  const { run } = await platform.wire('GET', 'runs/get', { run_id })
  const history = await platform.wire('GET', 'metrics/get-history', { run_id, metric_key: 'loss' })
  const file = await fetch(`${platform.origin}/get-artifact?run_id=${run_id}&path=model/weights.bin`)
  return { run, history, file: await file.text() }
}

const gone = { status: 404, code: 'RESOURCE_DOES_NOT_EXIST' }

/** Tries to; where it came too late, it is not found. */
const isRestored = (path: string, input: object) =>
  post(path, input).then(
    () => true,
    (error) => {
      expect(error).toMatchObject(gone)
      return false
    },
  )

beforeEach(async () => {
  await purge({ everything: true })
  await collect(2 * hour)
  await retention(30)
})

describe('a deleted run', () => {
  it('is in the trash, with who deleted it, until when it stays and what it takes, and comes back as it was', async () => {
    const experiment = await createExperiment()
    const run_id = await createRun(experiment)
    const before = await readAll(run_id)
    await post('runs/delete', { run_id })
    const dry = await purge({ runs: [run_id], dryRun: true })
    expect(dry.freed).toMatchObject({ runs: 1, files: 1, fileBytes: 5_000, measured: true })
    const item = await find(run_id)
    expect(item).toMatchObject({
      kind: 'RUN',
      name: before.run.info.run_name,
      experiment: { id: experiment },
      canRestore: true,
      canPurge: true,
    })
    expect(item.deletedBy).toBeTruthy()
    expect(item.expiresAt).toBe(item.deletedAt + 30 * day)
    expect(item.size).toMatchObject({ bytes: dry.freed.bytes, fileBytes: 5_000, files: 1, measured: true })
    expect(await summary()).toMatchObject({ items: 1, size: { runs: 1, bytes: dry.freed.bytes } })
    await post('runs/restore', { run_id })
    expect(await readAll(run_id)).toEqual(before)
    expect(await list()).toEqual([])
  })

  it('is gone with its rows and files once it is purged, and nothing else is', async () => {
    const experiment = await createExperiment()
    const other = await createRun(experiment)
    const otherId = await idOf(other)
    const run_id = await createRun(experiment)
    const id = await idOf(run_id)
    await createRun(experiment, 'own').then((run_id) => post('runs/delete', { run_id }))
    const rows = await rowsOf(platform.db, [otherId])
    const read = await readAll(other)
    await post('runs/delete', { run_id })
    await purge({ everything: true })
    expect(await list()).toEqual([])
    await collect()
    for (const path of ['runs/get', 'metrics/get-history']) {
      await expect(platform.wire('GET', path, { run_id, metric_key: 'loss' })).rejects.toMatchObject(gone)
    }
    for (const path of ['runs/restore', 'runs/delete', 'runs/update']) await expect(post(path, { run_id })).rejects.toMatchObject(gone)
    await expect(post('runs/log-metric', { run_id, key: 'new key', value: 1, timestamp: 1 })).rejects.toMatchObject(gone)
    await expect(post('runs/log-parameter', { run_id, key: 'a', value: '1' })).rejects.toMatchObject(gone)
    expect((await put(`${experiment}/${run_id}/artifacts/late.txt`, 'x')).status).toBe(404)
    expect(existsSync(join(platform.folder, experiment, run_id))).toBe(false)
    expect(Object.values(await rowsOf(platform.db, [id])).flat()).toEqual([])
    expect(await rowsOfNothing(platform.db)).toEqual({})
    expect(
      (await platform.db.query('SELECT name FROM dataset WHERE experiment_id = $1', [Number(experiment)])).map((row) => row.name),
    ).toEqual(['shared'])
    expect(await rowsOf(platform.db, [otherId])).toEqual(rows)
    expect(await readAll(other)).toEqual(read)
  })

  it('may be restored up to the last moment, and not after it', async () => {
    const experiment = await createExperiment()
    const runs = await Promise.all(Array.from({ length: 12 }, () => createRun(experiment)))
    const before = new Map(await Promise.all(runs.map(async (run) => [run, await rowsOf(platform.db, [await idOf(run)])] as const)))
    for (const run_id of runs) await post('runs/delete', { run_id })
    await purge({ everything: true })
    // Emptied: on their way out, and not yet taken.
    const outcomes = await Promise.all([collect(), ...runs.map((run_id) => isRestored('runs/restore', { run_id }))])
    await collect()
    for (const [i, run_id] of runs.entries()) {
      if (outcomes[i + 1]) {
        const after = await rowsOf(platform.db, [await idOf(run_id)])
        expect({ ...after, run: [] }).toEqual({ ...before.get(run_id), run: [] })
        expect((await readAll(run_id)).file).toHaveLength(5_000)
      } else await expect(platform.wire('GET', 'runs/get', { run_id })).rejects.toMatchObject(gone)
    }
    expect(await rowsOfNothing(platform.db)).toEqual({})
  })
})

describe('a deleted experiment', () => {
  it('keeps its name until it is purged, with all that is in it', async () => {
    const experiment = await createExperiment('forecast')
    const runs = [await createRun(experiment), await createRun(experiment), await createRun(experiment)]
    await post('runs/delete', { run_id: runs[2] })
    const model = await createModel(experiment, runs[0]!)
    await put(`${experiment}/models/${model}/artifacts/MLmodel`, 'flavors: {}')
    await post('experiments/delete', { experiment_id: experiment })
    expect(await list()).toMatchObject([{ kind: 'EXPERIMENT', id: experiment, name: 'forecast' }])
    await expect(createExperiment('forecast')).rejects.toMatchObject({ status: 400, code: 'RESOURCE_ALREADY_EXISTS' })
    expect((await purge({ experiments: [experiment], dryRun: true })).freed).toMatchObject({
      experiments: 1,
      runs: 3,
      files: 4,
      fileBytes: 15_011,
    })

    await post('experiments/restore', { experiment_id: experiment })
    await post('experiments/delete', { experiment_id: experiment })
    await purge({ experiments: [experiment] })
    for (const path of ['experiments/get', 'experiments/get-by-name']) {
      await expect(platform.wire('GET', path, { experiment_id: experiment, experiment_name: 'forecast' })).rejects.toMatchObject(gone)
    }
    for (const path of ['experiments/restore', 'runs/create'])
      await expect(post(path, { experiment_id: experiment })).rejects.toMatchObject(gone)
    await expect(post('runs/restore', { run_id: runs[2] })).rejects.toMatchObject(gone)
    expect(
      (await post('experiments/search', { max_results: 1000, view_type: 'ALL' })).experiments.map((it: any) => it.experiment_id),
    ).not.toContain(experiment)
    // The name is free at once, before anything is collected.
    const next = await createExperiment('forecast')
    const kept = await createRun(next)
    await collect()
    expect((await summary()).collecting).toBe(0)
    expect(existsSync(join(platform.folder, experiment))).toBe(false)
    expect(await rowsOfNothing(platform.db)).toEqual({})
    expect((await platform.wire('GET', 'experiments/get-by-name', { experiment_name: 'forecast' })).experiment.experiment_id).toBe(next)
    expect((await readAll(kept)).file).toHaveLength(5_000)
  })

  it('is restored whole with its runs, or gone with all of them, whichever comes first', async () => {
    const outcomes: boolean[] = []
    for (let round = 0; round < 12; round++) {
      const experiment = await createExperiment()
      const runs = await Promise.all([createRun(experiment), createRun(experiment)])
      await post('experiments/delete', { experiment_id: experiment })
      await purge({ experiments: [experiment], dryRun: true })
      const purging = purge({ experiments: [experiment] }).catch((error) =>
        expect(error).toMatchObject({ code: 'INVALID_PARAMETER_VALUE' }),
      )
      // At last certainly after it.
      await (round === 11 ? purging : new Promise((resolve) => setTimeout(resolve, round)))
      const restored = await isRestored('experiments/restore', { experiment_id: experiment })
      await purging
      await collect()
      outcomes.push(restored)
      const found = await Promise.all(runs.map((run_id) => platform.wire('GET', 'runs/get', { run_id }).catch(() => undefined)))
      expect(found.map((it) => it?.run.info.lifecycle_stage)).toEqual(restored ? ['active', 'active'] : [undefined, undefined])
    }
    expect(outcomes.at(-1)).toBe(false)
    expect(await rowsOfNothing(platform.db)).toEqual({})
  })

  it('with its own place for files takes its runs’ from there, and leaves what others have there', async () => {
    const place = 'mlflow-artifacts:/team/vision'
    const [one, two] = [await createAt('first', place), await createAt('second', place)]
    const [run, other] = [await createRunAt(one), await createRunAt(two)]
    await put(`team/vision/${run}/artifacts/a`, 'a')
    await put(`team/vision/${other}/artifacts/b`, 'b')
    const inner = await createAt('inner', `${place}/${run}/artifacts/nested`)
    await post('experiments/delete', { experiment_id: two })
    await purge({ experiments: [two] })
    await collect()
    expect(existsSync(join(platform.folder, 'team/vision', other))).toBe(false)
    expect(existsSync(join(platform.folder, 'team/vision', run, 'artifacts/a'))).toBe(true)
    // Another experiment keeps its files among this run's: they stay.
    await post('experiments/delete', { experiment_id: one })
    await purge({ experiments: [one] })
    await collect()
    expect(existsSync(join(platform.folder, 'team/vision', run, 'artifacts/a'))).toBe(true)
    expect((await platform.wire('GET', 'experiments/get', { experiment_id: inner })).experiment.name).toBe('inner')
    expect(await rowsOfNothing(platform.db)).toEqual({})
  })
})

const createAt = async (name: string, artifact_location: string) =>
  (await post('experiments/create', { name, artifact_location })).experiment_id as string
const createRunAt = async (experiment_id: string) => (await post('runs/create', { experiment_id })).run.info.run_id as string

async function createModel(experiment_id: string, source_run_id: string): Promise<string> {
  const { model } = await post('logged-models', { experiment_id, source_run_id, name: 'model' })
  const model_id = model.info.model_id as string
  await post('runs/outputs', { run_id: source_run_id, models: [{ model_id, step: 1 }] })
  return model_id
}

describe('a deleted logged model', () => {
  it('comes back with its files, or goes with them, and its run stays', async () => {
    const experiment = await createExperiment()
    const run_id = await createRun(experiment)
    const [model, other] = [await createModel(experiment, run_id), await createModel(experiment, run_id)]
    const measured = Array.from({ length: 20 }, (_, step) => ({ key: 'auc', value: step, timestamp: step, step, model_id: model }))
    await post('runs/log-batch', { run_id, metrics: measured })
    for (const id of [model, other]) await put(`${experiment}/models/${id}/artifacts/MLmodel`, 'flavors: {}')
    const path = `${platform.origin}/api/2.0/mlflow/logged-models/${model}`
    const before = await (await fetch(path)).json()
    const remove = async () => expect((await fetch(path, { method: 'DELETE' })).status).toBe(200)

    await remove()
    expect((await purge({ models: [model], dryRun: true })).freed).toMatchObject({ models: 1, runs: 0, files: 1, fileBytes: 11 })
    expect(await list()).toMatchObject([{ kind: 'LOGGED_MODEL', id: model, name: 'model', size: { files: 1, measured: true } }])
    await platform.graphql('mutation ($id: ID!) { restoreLoggedModel(id: $id) { id experiment { id } } }', { id: model })
    // The time of its last change moves with it.
    const { last_updated_timestamp_ms: _, ...info } = before.model.info
    expect(await (await fetch(path)).json()).toMatchObject({ model: { info, data: before.model.data } })
    expect(await list()).toEqual([])

    await remove()
    await purge({ models: [model] })
    await collect()
    expect((await fetch(path)).status).toBe(404)
    await expect(platform.graphql('mutation ($id: ID!) { restoreLoggedModel(id: $id) { id } }', { id: model })).rejects.toMatchObject({
      code: 'RESOURCE_DOES_NOT_EXIST',
    })
    expect(existsSync(join(platform.folder, experiment, 'models', model))).toBe(false)
    expect(existsSync(join(platform.folder, experiment, 'models', other))).toBe(true)
    expect((await put(`${experiment}/models/${model}/artifacts/late`, 'x')).status).toBe(404)
    expect((await readAll(run_id)).file).toHaveLength(5_000)
    expect(await rowsOfNothing(platform.db)).toEqual({})
  })

  it('loses what a run measured of it when that run is purged, and no more', async () => {
    const experiment = await createExperiment()
    const [run, other] = [await createRun(experiment), await createRun(experiment)]
    const model = await createModel(experiment, run)
    for (const run_id of [run, other]) {
      await post('runs/log-metric', { run_id, key: 'auc', value: 1, timestamp: 1, step: 1, model_id: model })
    }
    await post('runs/delete', { run_id: run })
    await purge({ runs: [run] })
    const measured = async () =>
      ((await (await fetch(`${platform.origin}/api/2.0/mlflow/logged-models/${model}`)).json()) as any).model.data.metrics.map(
        (it: any) => it.run_id,
      )
    expect(await measured()).toEqual([other])
    await collect()
    expect(await measured()).toEqual([other])
    expect(await rowsOfNothing(platform.db)).toEqual({})
  })

  it('may not be written to when it was purged', async () => {
    const experiment = await createExperiment()
    const run_id = await createRun(experiment)
    const model = await createModel(experiment, run_id)
    await fetch(`${platform.origin}/api/2.0/mlflow/logged-models/${model}`, { method: 'DELETE' })
    await purge({ models: [model] })
    await collect()
    const metrics = [{ key: 'auc', value: 1, timestamp: 1, step: 1, model_id: model }]
    await expect(post('runs/log-batch', { run_id, metrics })).rejects.toMatchObject(gone)
    expect(await rowsOfNothing(platform.db)).toEqual({})
  })
})

describe('how long things stay', () => {
  const age = async (days: number) => {
    await platform.db.query('UPDATE workspace SET trash_since = 0, trash_emptied_at = NULL')
    for (const table of ['run', 'experiment'])
      await platform.db.query(`UPDATE ${table} SET deleted_at = deleted_at - $1::bigint WHERE deleted_at IS NOT NULL`, [days * day])
  }

  it('is thirty days, or what the workspace says, or for ever', async () => {
    const experiment = await createExperiment()
    const [run, late] = [await createRun(experiment), await createRun(experiment)]
    await post('runs/delete', { run_id: run })
    await age(29)
    await collect()
    expect(await find(run)).toBeTruthy()
    await retention(null)
    await age(1_000)
    await collect()
    expect(await find(run)).toMatchObject({ expiresAt: null })
    await post('runs/delete', { run_id: late })
    const dry = await platform.graphql(
      'mutation { setRetention(input: { days: 7, dryRun: true }) { freed { runs } trash { retentionDays } } }',
    )
    expect(dry.setRetention).toEqual({ freed: { runs: 1 }, trash: { retentionDays: null } })
    await collect()
    expect(await list()).toHaveLength(2)
    await retention(7)
    await collect()
    expect((await list()).map(({ id }) => id)).toEqual([late])
    await retention(0)
    await collect()
    expect(await list()).toEqual([])
    expect(await rowsOfNothing(platform.db)).toEqual({})
  })

  it('takes an experiment and the runs deleted with it at one moment, so that what is restored is whole', async () => {
    const experiment = await createExperiment()
    await createRun(experiment)
    const [alone] = [await createRun(experiment)]
    await post('runs/delete', { run_id: alone })
    await age(20)
    await post('experiments/delete', { experiment_id: experiment })
    await age(11)
    await collect()
    await expect(platform.wire('GET', 'runs/get', { run_id: alone })).rejects.toMatchObject(gone)
    await post('experiments/restore', { experiment_id: experiment })
    expect((await post('runs/search', { experiment_ids: [experiment] })).runs).toHaveLength(1)
  })

  it('is a number of days', async () => {
    for (const days of [-1, 3_651]) await expect(retention(days)).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' })
  })
})

describe('a purge', () => {
  it('is of what is in the trash only', async () => {
    const experiment = await createExperiment()
    const active = await createRun(experiment)
    const deleted = await createRun(experiment)
    await post('runs/delete', { run_id: deleted })
    const refused = (input: object, code = 'INVALID_PARAMETER_VALUE', message = /./) =>
      expect(purge(input)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
    await refused({ runs: [deleted, active] }, 'INVALID_PARAMETER_VALUE', /not in the trash/)
    await refused({ runs: [deleted], experiments: [experiment] }, 'INVALID_PARAMETER_VALUE', /not in the trash/)
    await refused({ experiments: ['0'] }, 'INVALID_PARAMETER_VALUE', /stays/)
    await refused({ runs: [deleted, '0'.repeat(32)] }, 'RESOURCE_DOES_NOT_EXIST')
    await refused({ models: ['m-none'] }, 'RESOURCE_DOES_NOT_EXIST')
    await refused({ runs: [deleted], everything: true })
    await refused({})
    await refused({ runs: [deleted], deletedBefore: 5 }, 'INVALID_PARAMETER_VALUE', /not before/)
    await collect()
    expect(await find(deleted)).toBeTruthy()
    await post('runs/restore', { run_id: deleted })
  })

  it('needs the ability to manage what it purges, all of it', async () => {
    const experiment = await createExperiment()
    const [run_id, kept] = [await createRun(experiment), await createRun(await createExperiment())]
    await post('runs/delete', { run_id })
    await post('runs/delete', { run_id: kept })
    const as = (...rules: Array<[Action, string, object?]>) => {
      const { can, build } = new AbilityBuilder<Ability>(createMongoAbility)
      for (const [action, kind, condition] of rules) can(action, kind, condition as never)
      const log = { debug() {} }
      const standing = { role: undefined, isSystemAdmin: false, grants: [], isReadOnly: false }
      const who = { actor: { name: 'ada', kind: 'LOCAL' }, standing, authenticate: { mode: 'open' } }
      return { db: platform.db, ability: build(), workspace: { id: 1 }, ...who, spell: String, log } as unknown as Ctx
    }
    const everyone: Array<[Action, string]> = [
      ['read', 'Workspace'],
      ['read', 'Experiment'],
      ['delete', 'Experiment'],
    ]
    const own: [Action, string, object] = ['manage', 'Experiment', { id: Number(experiment) }]
    const denied = { code: 'PERMISSION_DENIED', message: expect.stringContaining("'manage'") }
    await expect(call(as(...everyone), purgeThings, { runs: [run_id] })).rejects.toMatchObject(denied)
    await expect(call(as(...everyone, own), purgeThings, { runs: [run_id, kept] })).rejects.toMatchObject(denied)
    await expect(call(as(...everyone, own), purgeThings, { everything: true })).rejects.toMatchObject(denied)
    await expect(call(as(...everyone, own), setRetention, { days: 1 })).rejects.toMatchObject(denied)
    await expect(call(as(), purgeThings, { runs: [run_id] })).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
    expect((await list()).map(({ id }) => id).sort()).toEqual([run_id, kept].sort())
  })

  it('of everything is of what was there, and a dry one of nothing', async () => {
    const experiment = await createExperiment()
    const [seen, later] = [await createRun(experiment), await createRun(experiment)]
    await post('runs/delete', { run_id: seen })
    const { newestAt } = await summary()
    while (Date.now() <= newestAt) await new Promise((resolve) => setTimeout(resolve, 1))
    await post('runs/delete', { run_id: later })
    const dry = await purge({ everything: true, deletedBefore: newestAt, dryRun: true })
    expect([dry.dryRun, dry.freed.runs]).toEqual([true, 1])
    await collect()
    expect(await list()).toHaveLength(2)
    await purge({ everything: true, deletedBefore: newestAt })
    await collect()
    expect((await list()).map(({ id }) => id)).toEqual([later])
    // Also where a time to come is given, what is deleted afterwards stays.
    await purge({ everything: true, deletedBefore: Date.now() + day })
    const last = await createRun(experiment)
    await post('runs/delete', { run_id: last })
    await collect()
    expect((await list()).map(({ id }) => id)).toEqual([last])
  })
})

describe('an upload that a purge overtakes', () => {
  it('is refused when it ends, and its file is not there', async () => {
    const experiment = await createExperiment()
    const run_id = await createRun(experiment)
    let send = (_: string | null) => {}
    const body = new ReadableStream({
      start: (controller) => {
        send = (text) => (text === null ? controller.close() : controller.enqueue(new TextEncoder().encode(text)))
      },
    })
    const answer = put(`${experiment}/${run_id}/artifacts/slow.bin`, body)
    send('first half')
    await new Promise((resolve) => setTimeout(resolve, 200))
    await post('runs/delete', { run_id })
    await purge({ runs: [run_id] })
    await collect()
    send('second half')
    send(null)
    expect((await answer).status).toBe(404)
    expect(existsSync(join(platform.folder, experiment, run_id))).toBe(false)
  })

  it('and whose server died before it could take the file away, is collected an hour later', async () => {
    const experiment = await createExperiment()
    const run_id = await createRun(experiment)
    const other = await createRun(experiment)
    await post('runs/delete', { run_id })
    await purge({ runs: [run_id] })
    await collect()
    const { localArtifacts } = await import('@tidegate/artifact-local')
    const { Readable } = await import('node:stream')
    await localArtifacts({ root: platform.folder }).put(`${experiment}/${run_id}/artifacts/late.bin`, Readable.from([Buffer.from('late')]))
    await collect()
    expect(existsSync(join(platform.folder, experiment, run_id))).toBe(true)
    await collect(1.1 * hour)
    expect(existsSync(join(platform.folder, experiment, run_id))).toBe(false)
    expect(await platform.db.query('SELECT FROM purge WHERE uuid = $1', [run_id])).toEqual([])
    expect((await readAll(other)).file).toHaveLength(5_000)
  })
})
