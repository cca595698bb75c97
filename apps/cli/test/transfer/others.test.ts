/** Imports from what other tools have written, by those tools. */
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { connect } from '@tidegate/client'
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mlflowPython } from '../../../../test/prerequisites.mjs'
import { importFrom, tidegate } from '../../src/transfer/import.ts'
import { neptuneSource } from '../../src/transfer/sources/neptune.ts'
import { tensorboardSource } from '../../src/transfer/sources/tensorboard.ts'
import { wandbSource } from '../../src/transfer/sources/wandb.ts'

const run = promisify(execFile)
const here = import.meta.dirname

let folder: string
let python: string
let platform: Platform
const client = () => tidegate(connect({ url: platform.origin }))

beforeAll(async () => {
  python = mlflowPython(join(here, 'requirements.txt'))
  folder = await mkdtemp(join(tmpdir(), 'transfer-others-'))
  platform = await startPlatform()
}, 300_000)
afterAll(async () => {
  await platform?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

async function runsOf(name: string): Promise<any[]> {
  const { experiment } = await platform.wire('GET', 'experiments/get-by-name', { experiment_name: name })
  return (await platform.wire('POST', 'runs/search', { experiment_ids: [experiment.experiment_id], order_by: ['attributes.run_name ASC'] }))
    .runs
}
const history = async (run: any, key: string) =>
  (await platform.wire('GET', 'metrics/get-history', { run_id: run.info.run_id, metric_key: key })).metrics
async function filesOf(run: any, path = ''): Promise<string[]> {
  const { files = [] } = await platform.wire('GET', 'artifacts/list', { run_id: run.info.run_id, path })
  return (await Promise.all(files.map((file: any) => (file.is_dir ? filesOf(run, file.path) : [file.path])))).flat()
}
const text = async (run: any, path: string) =>
  (await fetch(`${platform.origin}/get-artifact?${new URLSearchParams({ run_id: run.info.run_id, path })}`)).text()
const values = (list: Array<{ key: string; value: string }>) => Object.fromEntries(list.map(({ key, value }) => [key, value]))

describe("TensorBoard's event files", () => {
  let logs: string
  beforeAll(async () => {
    logs = join(folder, 'logs')
    await run(python, [join(here, 'event_files.py'), logs])
  }, 120_000)

  it('come as runs with their scalars, texts, images and hyperparameters', async () => {
    const report = await importFrom((onFault) => tensorboardSource(logs, onFault), client())
    expect(report).toMatchObject({ faults: [], unfinished: [], brought: 2, points: 301 })
    const [fresh, old] = await runsOf('logs')
    expect(fresh.info).toMatchObject({ run_name: 'new/train', status: 'FAILED', start_time: 1_700_000_000_000 })
    expect(values(fresh.data.params)).toEqual({ lr: '0.25', optimizer: 'adam', nesterov: 'True' })
    const loss = await history(fresh, 'epoch loss_1')
    expect(loss).toHaveLength(200)
    expect(loss[3]).toEqual({ key: 'epoch loss_1', step: 3, timestamp: 1_700_000_003_000, value: Math.fround(1 / 4) })
    expect(await text(fresh, 'text/note/3.txt')).toBe('hello *there*')
    expect((await history(old, 'train/acc'))[99]).toMatchObject({ step: 99, value: Math.fround(0.99) })
    expect(await history(old, 'nan')).toMatchObject([{ value: 'NaN' }])
    const files = await filesOf(old)
    expect(files).toEqual(expect.arrayContaining(['images/picture/5.png', expect.stringMatching(/^events\/events\.out\.tfevents/)]))
    expect(await text(old, files.find((path) => path.startsWith('text/'))!)).toBe('old text')
    expect((await text(old, 'images/picture/5.png')).slice(1, 4)).toBe('PNG')
  })

  it('that are damaged keep what is whole, and say at which byte', async () => {
    const damaged = join(folder, 'damaged')
    await cp(join(logs, 'new', 'train'), join(damaged, 'a'), { recursive: true })
    const [name] = await readdir(join(damaged, 'a'))
    const file = join(damaged, 'a', name!)
    const bytes = await readFile(file)
    bytes[1000]! ^= 255
    await writeFile(file, bytes)
    const report = await importFrom((onFault) => tensorboardSource(damaged, onFault), client())
    expect(report.faults).toMatchObject([{ file, at: expect.stringMatching(/^byte \d+$/), message: expect.stringContaining('checksum') }])
    expect(report).toMatchObject({ brought: 0, unfinished: [{ reason: expect.stringContaining('could not be read') }] })
    expect(report.points).toBeGreaterThan(5)
    // A writer that was stopped leaves half a record: that is no damage.
    bytes[1000]! ^= 255
    await writeFile(file, bytes.subarray(0, bytes.length - 5))
    expect(await importFrom((onFault) => tensorboardSource(damaged, onFault), client())).toMatchObject({
      faults: [],
      brought: 1,
      resumed: 1,
    })
  })
})

describe("Weights & Biases' folders", () => {
  let folders: string[]
  beforeAll(async () => {
    const { stdout } = await run(python, [join(here, 'wandb_runs.py'), join(folder, 'w')], {
      cwd: folder,
      env: { ...process.env, WANDB_ERROR_REPORTING: 'false' },
    })
    folders = stdout.trim().split('\n')
    // Attempts whose log stayed empty are not what is tried here.
    for (const name of await readdir(join(folder, 'w', 'wandb'))) {
      if (/-run-/.test(name) && !folders.some((made) => basename(made) === name))
        await rm(join(folder, 'w', 'wandb', name), { recursive: true })
    }
  }, 120_000)

  it('come as runs with config, history, summary and files', async () => {
    expect(folders).toHaveLength(2)
    const report = await importFrom((onFault) => wandbSource(join(folder, 'w', 'wandb'), onFault), client())
    expect(report).toMatchObject({ faults: [], unfinished: [], brought: 2 })
    const [first, second] = await runsOf('vision')
    expect(first.info).toMatchObject({ run_name: 'first', status: 'FINISHED' })
    expect(second.info).toMatchObject({ run_name: 'second', status: 'FAILED' })
    expect(values(first.data.params)).toEqual({ lr: '0.1', 'opt.name': 'adam', 'opt.betas': '[0.9,0.99]' })
    expect(values(first.data.tags)).toMatchObject({
      'wandb.group': 'g',
      'wandb.tag.a': '',
      'mlflow.note.content': 'a note',
      'wandb.summary.verdict': 'good',
    })
    const loss = await history(first, 'loss')
    expect(loss.map(({ step, value }: any) => [step, value])).toEqual(Array.from({ length: 500 }, (_, i) => [i, 1 / (i + 1)]))
    expect(await history(first, 'nested.acc')).toHaveLength(500)
    expect(await history(first, 'odd')).toMatchObject([{ value: 'NaN', step: 500 }])
    expect(await history(first, 'large')).toMatchObject([{ value: Number.MAX_VALUE }])
    expect(await history(first, 'best')).toMatchObject([{ value: 0.5 }])
    expect(await history(second, 'loss')).toMatchObject([{ step: 10, value: 3 }])
    expect(await filesOf(first)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^media\/images\/.*\.png$/), expect.stringMatching(/\.wandb$/)]),
    )
  })

  it('whose log is damaged keep what is whole, and say at which byte', async () => {
    const copy = join(folder, 'broken', basename(folders[0]!).replace(/[^-]+$/, 'broken1'))
    await cp(folders[0]!, copy, { recursive: true })
    const file = join(copy, (await readdir(copy)).find((name) => name.endsWith('.wandb'))!)
    const bytes = await readFile(file)
    expect(bytes.length).toBeGreaterThan(80_000)
    bytes[40_000]! ^= 255
    await writeFile(file, bytes)
    const report = await importFrom((onFault) => wandbSource(join(folder, 'broken'), onFault), client())
    expect(report.faults).toMatchObject([{ file, at: expect.stringMatching(/^byte \d+$/) }])
    expect(report.unfinished).toHaveLength(1)
    // The block it is in, of 32 KiB, and no more.
    const broken = (await runsOf('vision')).find(({ data }) => values(data.tags)['wandb.run_id'] === 'broken1')
    const steps = (await history(broken, 'loss')).map(({ step }: any) => step)
    expect([steps[0], steps.at(-1)]).toEqual([0, 499])
    expect(steps.length).toBeLessThan(500)
  })

  it('exported as CSV or JSON lines come as runs', async () => {
    const csv = join(folder, 'history.csv')
    await writeFile(
      csv,
      '_step,_timestamp,loss,"a ""quoted"" one"\n0,1700000000.5,0.5,1\n1,1700000001.5,,"2"\nbroken\n2,1700000002.5,NaN,3\n',
    )
    const report = await importFrom((onFault) => wandbSource(csv, onFault), client())
    expect(report.faults).toMatchObject([{ file: csv, at: 'line 4' }])
    const found = (await runsOf('wandb')).find(({ info }) => info.run_name === 'history')
    expect(await history(found, 'loss')).toMatchObject([
      { step: 0, timestamp: 1_700_000_000_500, value: 0.5 },
      { step: 2, value: 'NaN' },
    ])
    expect(await history(found, 'a _quoted_ one')).toHaveLength(3)
    const lines = join(folder, 'other.jsonl')
    await writeFile(lines, '{"_step":0,"loss":NaN,"deep":{"x":1}}\n{"_step":1,"loss":2}\n')
    expect(await importFrom((onFault) => wandbSource(lines, onFault), client())).toMatchObject({ faults: [], brought: 1, points: 3 })
  })
})

describe("Neptune's exports", () => {
  it('come as runs with their attributes, series and files', { timeout: 120_000 }, async () => {
    const exported = join(folder, 'neptune')
    await run(mlflowPython(), [join(here, 'neptune.py'), exported])
    const report = await importFrom((onFault) => neptuneSource(exported, onFault), client())
    expect(report).toMatchObject({ unfinished: [], faults: [], brought: 1, points: 104, files: 3 })
    const [found] = await runsOf('team/project')
    expect(found.info).toMatchObject({ run_name: 'a run', user_id: 'ada', start_time: 1_700_000_000_000 })
    expect(values(found.data.params)).toEqual({ 'config/lr': '0.1', 'config/layers': '3', 'config/flag': 'true', 'config/name': 'adam' })
    expect(values(found.data.tags)).toMatchObject({ 'neptune.tag.x': '', 'neptune.tag.y': '', 'neptune.run_id': 'RUN-1' })
    const loss = await history(found, 'metrics/loss')
    expect(loss.slice(0, 2)).toMatchObject([
      { step: 0, value: 1, timestamp: 1_700_000_000_000 },
      { step: 1, value: 0.5 },
    ])
    expect((await history(found, 'metrics/half')).map(({ step }: any) => step)).toEqual([0, 5, 10, 15])
    expect(await text(found, 'files/config.json')).toBe('{"a": 1}')
    expect(await text(found, 'plots/2.png')).toBe('png')
    expect(JSON.parse((await text(found, 'text/logs.jsonl')).split('\n')[0]!)).toMatchObject({ step: 0, value: 'line 0' })
  })
})
