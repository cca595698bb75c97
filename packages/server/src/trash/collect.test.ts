/** Collection beside everything else: writers, readers, other collectors; and what it frees. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Platform, startPlatform, type WireError } from '@tidegate/test'
import { collectEverything } from '@tidegate/test/collect'
import { rowsOfNothing } from '@tidegate/test/rows'
import { afterAll, beforeAll, expect, it } from 'vitest'

let platform: Platform
let origins: string[]
beforeAll(async () => {
  platform = await startPlatform()
  origins = [platform.origin, (await platform.another()).origin]
})
afterAll(() => platform.stop())

const post = (path: string, input: object) => platform.wire('POST', path, input as Record<string, unknown>)
const createExperiment = async (name: string) => (await post('experiments/create', { name })).experiment_id as string
const createRun = async (experiment_id: string) => (await post('runs/create', { experiment_id })).run.info.run_id as string
const purge = (experiment: string) =>
  platform.graphql('mutation ($id: ID!) { purge(input: { experiments: [$id] }) { freed { bytes rowBytes fileBytes files } } }', {
    id: experiment,
  })

async function logPoints(run_id: string, key: string, count: number, from = 0) {
  for (let at = from; at < from + count; at += 1_000) {
    const metrics = Array.from({ length: Math.min(1_000, from + count - at) }, (_, i) => ({
      key,
      value: Math.sin(at + i),
      timestamp: at + i,
      step: at + i,
    }))
    await post('runs/log-batch', { run_id, metrics })
  }
}

/** Waits until the servers' own jobs have nothing left to do. */
async function collected() {
  while ((await platform.db.query('SELECT FROM purge WHERE has_rows OR looks = 0')).length) await sleep(20)
}

it('eight writers log and readers read while it goes on: what is read is whole or not there, and nothing of others is touched', async () => {
  const experiment = await createExperiment('live')
  const doomed = await Promise.all(Array.from({ length: 6 }, () => createRun(experiment)))
  await Promise.all(doomed.map((run) => logPoints(run, 'loss', 12_000)))
  const live = await Promise.all(Array.from({ length: 8 }, () => createRun(experiment)))
  let over = false

  const written = live.map(() => 0)
  const writers = live.map(async (run_id, i) => {
    for (let step = 0; !over; step += 10) {
      const metrics = Array.from({ length: 10 }, (_, k) => ({ key: 'loss', value: k, timestamp: step + k, step: step + k }))
      const dataset = { name: `d${step % 30}`, digest: 'd', source_type: 'local', source: 's' }
      await post('runs/log-batch', { run_id, metrics, params: [{ key: `p${step}`, value: '1' }] })
      if (i < 4) await post('runs/log-inputs', { run_id, datasets: [{ dataset }] })
      written[i] = step + 10
    }
  })
  // The doomed use data sets that the writers keep taking up.
  for (const run_id of doomed) {
    const datasets = Array.from({ length: 30 }, (_, i) => ({ dataset: { name: `d${i}`, digest: 'd', source_type: 'local', source: 's' } }))
    await post('runs/log-inputs', { run_id, datasets })
  }
  const seen = { whole: 0, absent: 0, partial: [] as unknown[] }
  const read = async (path: string, whole: (body: any) => boolean) => {
    const response = await fetch(path)
    const body = (await response.json()) as any
    if (response.status === 404) seen.absent++
    else if (response.ok && whole(body)) seen.whole++
    else seen.partial.push([path, response.status, JSON.stringify(body).slice(0, 200)])
  }
  const readers = Array.from({ length: 4 }, async (_, i) => {
    for (let n = i; !over; n++) {
      const run = doomed[n % doomed.length]!
      const api = `${origins[n % 2]}/ajax-api/2.0/mlflow`
      await read(`${api}/metrics/get-history?run_id=${run}&metric_key=loss`, (body) => body.metrics?.length === 12_000)
      await read(`${api}/runs/get?run_id=${run}`, ({ run }) => run.data.metrics?.length === 1 && run.inputs.dataset_inputs?.length === 30)
      await read(
        `${api}/metrics/get-history-bulk-interval?run_ids=${run}&metric_key=loss&max_results=320`,
        (body) => body.metrics?.length >= 320,
      )
    }
  })
  await sleep(300)
  for (const run_id of doomed) {
    await post('runs/delete', { run_id })
    await platform.graphql('mutation ($id: ID!) { purge(input: { runs: [$id] }) { dryRun } }', { id: run_id })
    await sleep(150)
  }
  // Two more collectors, beside those of the servers.
  await Promise.all([collectEverything(platform), collectEverything(platform)])
  await collected()
  over = true
  await Promise.all([...writers, ...readers])

  expect(seen.partial).toEqual([])
  expect(seen.whole).toBeGreaterThan(5)
  expect(seen.absent).toBeGreaterThan(5)
  for (const [i, run_id] of live.entries()) {
    expect((await platform.wire('GET', 'metrics/get-history', { run_id, metric_key: 'loss' })).metrics).toHaveLength(written[i]!)
    const { run } = await platform.wire('GET', 'runs/get', { run_id })
    expect(run.data.params).toHaveLength(written[i]! / 10)
    expect(run.inputs.dataset_inputs?.length ?? 0).toBe(i < 4 ? Math.min(3, written[i]! / 10) : 0)
  }
  expect(await rowsOfNothing(platform.db)).toEqual({})
})

it('what it says it frees is what becomes free: rows, files and, after a vacuum, pages', async () => {
  const tables = ['run', 'run_head', 'param', 'tag', 'latest', 'point_tail', 'point_chunk', 'dataset', 'dataset_input', 'key']
  const sizes = async () => {
    for (const table of tables) await platform.db.query(`VACUUM ANALYZE ${table}`, [], 'once')
    const rows = await platform.db.query<{ bytes: number }>(
      'SELECT sum(pg_total_relation_size(t::regclass))::bigint AS bytes FROM unnest($1::text[]) AS t',
      [tables],
    )
    return rows[0]!.bytes
  }
  const files = async () =>
    (await readdir(platform.folder, { recursive: true, withFileTypes: true })).filter((each) => each.isFile()).length
  const [before, filesBefore] = [await sizes(), await files()]
  const experiment = await createExperiment('large')
  for (let i = 0; i < 40; i++) {
    const run_id = await createRun(experiment)
    for (let key = 0; key < 5; key++) await logPoints(run_id, `metric ${key}`, 3_000)
    await post('runs/log-batch', { run_id, params: Array.from({ length: 50 }, (_, k) => ({ key: `param ${k}`, value: `value ${k}` })) })
    const path = `${experiment}/${run_id}/artifacts/sub/file.txt`
    await fetch(`${platform.origin}/api/2.0/mlflow-artifacts/artifacts/${path}`, { method: 'PUT', body: 'x'.repeat(1_000) })
  }
  const full = await sizes()
  await post('experiments/delete', { experiment_id: experiment })
  const { freed } = (await purge(experiment)).purge
  expect(freed).toMatchObject({ files: 40, fileBytes: 40_000 })
  await collected()
  expect(await files()).toBe(filesBefore)
  const after = await sizes()
  // An estimate, and pages that hold other rows too: to a half.
  const grown = full - before
  expect(freed.rowBytes).toBeGreaterThan(grown / 2)
  expect(freed.rowBytes).toBeLessThan(grown * 1.5)
  expect(full - after).toBeGreaterThan(grown / 2)
  expect(await rowsOfNothing(platform.db)).toEqual({})
})

it('refuses with the words of the wire, whichever server is asked', async () => {
  const experiment = await createExperiment('short')
  const run_id = await createRun(experiment)
  const get = () => fetch(`${origins[1]}/api/2.0/mlflow/runs/get?run_id=${run_id}`)
  expect((await get()).status).toBe(200)
  await post('experiments/delete', { experiment_id: experiment })
  await purge(experiment)
  await collected()
  // The other server has seen it before.
  expect(await (await get()).json()).toMatchObject({ error_code: 'RESOURCE_DOES_NOT_EXIST', message: `Run with id=${run_id} not found` })
  const error: WireError = await post('runs/log-metric', { run_id, key: 'loss', value: 1, timestamp: 1 }).catch((error) => error)
  expect([error.status, error.code]).toEqual([404, 'RESOURCE_DOES_NOT_EXIST'])
  expect(await readdir(join(platform.folder, experiment)).catch(() => [])).toEqual([])
})
