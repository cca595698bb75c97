/** What goes out comes back equal: run by run, point by point, file by file. */
import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, connect } from '@tidegate/client'
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exportTo } from '../../src/transfer/export.ts'
import { readTable } from '../../src/transfer/formats/parquet.ts'
import { importFrom, tidegate } from '../../src/transfer/import.ts'
import { folderSource } from '../../src/transfer/sources/folder.ts'

let folder: string
const platforms: Platform[] = []
const clients: Client[] = []

async function platform() {
  const made = await startPlatform()
  const client = connect({ url: made.origin })
  platforms.push(made)
  clients.push(client)
  return { ...made, client }
}

let from: Awaited<ReturnType<typeof platform>>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'transfer-export-'))
  from = await platform()
  const { wire } = from
  const { experiment_id } = await wire('POST', 'experiments/create', { name: 'vision', tags: [{ key: 'team', value: 'a' }] })
  const runs: string[] = []
  for (let i = 0; i < 230; i++) {
    const { run } = await wire('POST', 'runs/create', {
      experiment_id,
      run_name: `run ${i}`,
      user_id: 'ada',
      start_time: 1000 + i,
      tags: [{ key: 'n', value: String(i) }],
    })
    const run_id = run.info.run_id
    runs.push(run_id)
    const metrics = [0, 1, 2].flatMap((step) => [
      { key: 'loss', value: Math.sin(i + step), timestamp: 5000 + step, step },
      { key: 'acc/val', value: step === 1 ? 'NaN' : i, timestamp: 5000, step: -step },
    ])
    await wire('POST', 'runs/log-batch', {
      run_id,
      metrics,
      params: [
        { key: 'lr', value: `0.${i}` },
        { key: 'ünï', value: '漢字 "quoted"\n' },
      ],
    })
  }
  const dataset = { name: 'd', digest: 'x', source_type: 'local', source: '{}', schema: '{"a":1}' }
  await wire('POST', 'runs/log-inputs', {
    run_id: runs[0],
    datasets: [{ dataset, tags: [{ key: 'mlflow.data.context', value: 'train' }] }],
  })
  // More than a request takes.
  const profile = JSON.stringify({ text: 'é"'.repeat(1_000_000) })
  for (const digest of ['y', 'z']) {
    await wire('POST', 'runs/log-inputs', { run_id: runs[5], datasets: [{ dataset: { ...dataset, digest, profile }, tags: [] }] })
  }
  for (const part of [0, 1, 2, 3]) {
    const tags = Array.from({ length: 90 }, (_, i) => ({ key: `long ${part} ${i}`, value: 'x'.repeat(5000) }))
    await wire('POST', 'runs/log-batch', { run_id: runs[5], tags: [...tags, { key: 'mlflow.parentRunId', value: runs[0] }] })
  }
  await wire('POST', 'runs/update', { run_id: runs[1], status: 'FAILED', end_time: 9999 })
  await wire('POST', 'runs/delete', { run_id: runs[2] })
  const metrics = Array.from({ length: 1000 }, (_, step) => ({ key: 'long', value: 1 / (step + 1), timestamp: step, step }))
  for (let i = 0; i < 130; i++) {
    await wire('POST', 'runs/log-batch', { run_id: runs[3], metrics: metrics.map((each) => ({ ...each, step: each.step + i * 1000 })) })
  }
  for (const [path, body] of [
    ['notes/read me.txt', 'hello'],
    ['empty', ''],
    ['weights.bin', 'x'.repeat(300_000)],
  ]) {
    await fetch(`${from.origin}/api/2.0/mlflow-artifacts/artifacts/${experiment_id}/${runs[4]}/artifacts/${encodeURI(path!)}`, {
      method: 'PUT',
      body: body!,
    })
  }
  const { model } = await wire('POST', 'logged-models', {
    experiment_id,
    name: 'net',
    model_type: 'torch',
    source_run_id: runs[4],
    params: [{ key: 'depth', value: '4' }],
    tags: [{ key: 'team', value: 'ä' }],
  })
  const model_id = model.info.model_id
  await wire('POST', 'runs/outputs', { run_id: runs[4], models: [{ model_id, step: 7 }] })
  await wire('POST', 'runs/log-inputs', { run_id: runs[6], models: [{ model_id }] })
  for (const [step, value] of [0.5, 'NaN', 0.75].entries()) {
    const metric = { key: 'acc', value, timestamp: 100 + step, step, model_id, dataset_name: 'd', dataset_digest: 'x' }
    await wire('POST', 'runs/log-batch', { run_id: runs[6], metrics: [metric] })
  }
  await fetch(`${from.origin}/api/2.0/mlflow-artifacts/artifacts/${experiment_id}/models/${model_id}/artifacts/data/net.bin`, {
    method: 'PUT',
    body: 'w'.repeat(5000),
  })
  await fetch(`${from.origin}/api/2.0/mlflow/logged-models/${model_id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model_id, status: 'LOGGED_MODEL_READY' }),
  })
  const { experiment_id: gone } = await wire('POST', 'experiments/create', { name: 'gone' })
  await wire('POST', 'runs/create', { experiment_id: gone, run_name: 'in it' })
  await wire('POST', 'experiments/delete', { experiment_id: gone })
}, 120_000)
afterAll(async () => {
  for (const client of clients) client.close()
  for (const each of platforms) await each.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

/** All tables and files of an export, apart from what says where and when. */
async function contents(path: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (entry.isFile())
      found[join(entry.parentPath, entry.name).slice(path.length)] = (await readFile(join(entry.parentPath, entry.name))).toString('base64')
  }
  delete found['/manifest.json']
  return found
}

/** A table's rows, sorted. */
async function rowsOf(path: string): Promise<string[]> {
  const rows: string[] = []
  for await (const group of readTable<object>(path)) rows.push(...group.map((row) => Object.values(row).join('|')))
  return rows.sort()
}

/** What a run is, by MLflow's wire. */
async function runsOf({ wire }: Platform, experiment: string) {
  const { runs } = await wire('POST', 'runs/search', { experiment_ids: [experiment], run_view_type: 'ALL', max_results: 1000 })
  return Object.fromEntries(runs.map((run: any) => [run.info.run_id, run]))
}

describe('an export', () => {
  it('comes back equal, and what is exported of that is the same again', { timeout: 120_000 }, async () => {
    const report = await exportTo(from.client, join(folder, 'all'), undefined)
    expect(report).toMatchObject({ experiments: 3, runs: 231, points: 230 * 6 + 130_000 + 3, models: 1, files: 4 })
    const to = await platform()
    expect(await importFrom((onFault) => folderSource(join(folder, 'all'), onFault), tidegate(to.client))).toMatchObject({
      faults: [],
      unfinished: [],
      held: [],
      brought: 231,
      points: report.points,
      models: 1,
      files: 4,
      bytes: report.bytes,
    })
    const [before, after] = [await runsOf(from, '1'), await runsOf(to, '1')]
    expect(Object.keys(after)).toHaveLength(230)
    for (const [id, run] of Object.entries<any>(before)) expect(after[id]).toEqual(run)
    const long = Object.values<any>(before).find(({ data }) => data.metrics.some(({ key }: any) => key === 'long')).info.run_id
    const history = (platform: Platform) => platform.wire('GET', 'metrics/get-history', { run_id: long, metric_key: 'long' })
    expect(await history(to)).toEqual(await history(from))

    await exportTo(to.client, join(folder, 'again'), undefined)
    const [first, second] = [await contents(join(folder, 'all')), await contents(join(folder, 'again'))]
    expect(Object.keys(second)).toEqual(Object.keys(first))
    for (const path of Object.keys(first)) {
      // When things were deleted is the trash's matter: it is counted from the day they came. Points come in any order.
      if (path.startsWith('/points/')) expect(await rowsOf(join(folder, 'again', path))).toEqual(await rowsOf(join(folder, 'all', path)))
      else if (!/^\/(experiments|runs\/)/.test(path)) expect([path, second[path] === first[path]]).toEqual([path, true])
    }
  })

  it('of one experiment holds that one, and says beforehand what would go', async () => {
    const path = join(folder, 'one')
    expect(await exportTo(from.client, path, 'gone', { dryRun: true })).toMatchObject({ experiments: 1, dryRun: true })
    await expect(readdir(path)).rejects.toThrow('ENOENT')
    expect(await exportTo(from.client, path, 'gone')).toMatchObject({ experiments: 1, runs: 1 })
    await expect(exportTo(from.client, path, 'gone')).rejects.toThrow('holds an export already')
    await expect(exportTo(from.client, join(folder, 'none'), 'nowhere')).rejects.toThrow("no experiment 'nowhere'")
    const other = await mkdtemp(join(folder, 'other-'))
    await writeFile(join(other, 'mine.txt'), '')
    await expect(exportTo(from.client, other, 'gone')).rejects.toThrow("'mine.txt'")
  })

  it('that is damaged says which file and where; what is whole comes, and the rest when it is mended', { timeout: 120_000 }, async () => {
    const path = join(folder, 'damaged')
    await exportTo(from.client, path, undefined)
    const to = await platform()
    const points = join(path, 'points', '00001.parquet')
    const whole = await readFile(points)
    await truncate(points, whole.length - 100)
    const file = (await readdir(join(path, 'artifacts'), { recursive: true, withFileTypes: true })).find(
      ({ name }) => name === 'weights.bin',
    )!
    const weights = join(file.parentPath, file.name)
    await appendFile(weights, '!')
    const bring = () => importFrom((onFault) => folderSource(path, onFault), tidegate(to.client))
    const report = await bring()
    expect(report.faults).toMatchObject(
      expect.arrayContaining([
        expect.objectContaining({ file: points, at: `byte ${whole.length - 100}` }),
        expect.objectContaining({ file: 'weights.bin', message: expect.stringContaining(weights) }),
      ]),
    )
    expect(report.brought + report.unfinished.length).toBe(231)
    expect(report.brought).toBeGreaterThan(100)
    await writeFile(points, whole)
    await truncate(weights, 300_000)
    expect(await bring()).toMatchObject({ faults: [], unfinished: [], brought: report.unfinished.length, there: report.brought })
    const [before, after] = [await runsOf(from, '1'), await runsOf(to, '1')]
    expect(after).toEqual(before)
  })

  it('without its manifest is none', async () => {
    const path = join(folder, 'cut')
    await exportTo(from.client, path, 'gone')
    await rm(join(path, 'manifest.json'))
    await expect(importFrom((onFault) => folderSource(path, onFault), tidegate(from.client))).rejects.toThrow('no manifest.json')
    expect(await exportTo(from.client, path, 'gone')).toMatchObject({ runs: 1 })
  })
})
