import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunOptions, startRun } from '../src/index.ts'
import { startProxy, type TroubledProxy } from './proxy.ts'

let platform: Platform
let proxy: TroubledProxy
let folder: string

beforeAll(async () => {
  platform = await startPlatform()
  proxy = await startProxy(platform.origin)
  folder = await mkdtemp(join(tmpdir(), 'tidegate-client-'))
})
afterAll(async () => {
  await proxy.close()
  await platform.stop()
  await rm(folder, { recursive: true, force: true })
})

const start = (options: RunOptions = {}) => startRun('client', { url: platform.origin, ...options })
const read = async (id: string) => (await platform.wire('GET', 'runs/get', { run_id: id })).run
const history = async (id: string, key: string): Promise<Array<{ value: number | string; step: number; timestamp: number }>> =>
  (await platform.wire('GET', 'metrics/get-history', { run_id: id, metric_key: key })).metrics ?? []
const asObject = (list: Array<{ key: string; value: string }> = []) => Object.fromEntries(list.map(({ key, value }) => [key, value]))
const artifact = (id: string, path: string) => fetch(`${platform.origin}/get-artifact?${new URLSearchParams({ run_id: id, path })}`)

describe('a run', () => {
  it('is started with its name, params and tags, logged and finished', async () => {
    const run = await start({ name: 'first', user: 'ada', params: { lr: 0.1, layers: [8, 8], deep: true }, tags: { team: 'tide' } })
    run.log({ loss: 0.5, accuracy: 0.7 }, 10, 1_700_000_000_000)
    run.log({ loss: 0.25 }, 11, new Date(1_700_000_001_000))
    run.setTags({ note: 'good' })
    run.setTags({ note: 'better' })
    await run.finish()

    const { info, data } = await read(run.id)
    expect(info).toMatchObject({ run_name: 'first', user_id: 'ada', status: 'FINISHED', experiment_id: run.experimentId })
    expect(info.end_time).toBeGreaterThanOrEqual(info.start_time)
    expect(asObject(data.params)).toEqual({ lr: '0.1', layers: '[8,8]', deep: 'true' })
    expect(asObject(data.tags)).toMatchObject({ team: 'tide', note: 'better', 'mlflow.user': 'ada', 'mlflow.runName': 'first' })
    expect(await history(run.id, 'loss')).toEqual([
      { key: 'loss', value: 0.5, step: 10, timestamp: 1_700_000_000_000 },
      { key: 'loss', value: 0.25, step: 11, timestamp: 1_700_000_001_000 },
    ])
    expect(run.url).toBe(`${platform.origin}/runs/${run.id}`)
  })

  it('belongs to an experiment that is made once, however many start at the same time', async () => {
    const runs = await Promise.all(Array.from({ length: 8 }, () => startRun('raced', { url: platform.origin })))
    expect(new Set(runs.map((run) => run.experimentId)).size).toBe(1)
    expect(new Set(runs.map((run) => run.id)).size).toBe(8)
    await Promise.all(runs.map((run) => run.finish()))
  })

  it("belongs to the experiment of an id, to its parent's, or to the default one", async () => {
    const parent = await start()
    const child = await startRun({ parent, name: 'child' })
    const byId = await startRun({ experimentId: parent.experimentId, parent: parent.id, url: platform.origin })
    const alone = await startRun({ url: platform.origin })
    expect(child.experimentId).toBe(parent.experimentId)
    expect(byId.experimentId).toBe(parent.experimentId)
    expect(alone.experimentId).toBe('0')
    for (const run of [child, byId]) expect(asObject((await read(run.id)).data.tags)).toMatchObject({ 'mlflow.parentRunId': parent.id })
    for (const run of [child, byId, alone, parent]) await run.finish()
  })

  it('is refused in a deleted experiment, with the way out', async () => {
    const run = await startRun('gone', { url: platform.origin })
    await run.finish()
    await platform.wire('POST', 'experiments/delete', { experiment_id: run.experimentId })
    await expect(startRun('gone', { url: platform.origin })).rejects.toMatchObject({
      name: 'ApiError',
      code: 'INVALID_STATE',
      field: 'experiment',
      message: "The experiment 'gone' is deleted. Restore it, or choose another name.",
    })
  })

  it('ends as it is told to, once, and takes nothing afterwards', async () => {
    const run = await start()
    await Promise.all([run.finish('FAILED'), run.finish()])
    expect((await read(run.id)).info.status).toBe('FAILED')
    expect(() => run.log({ loss: 1 })).toThrow(/is finished: nothing can be logged/)
    expect(() => run.logParams({ lr: 1 })).toThrow(/is finished/)
    expect(() => run.setTags({ a: 1 })).toThrow(/is finished/)
    expect(() => run.logArtifact('a.txt', 'a')).toThrow(/is finished/)
  })
})

describe('metrics', () => {
  it('count their steps by themselves, each for itself, and go on from a step that was given', async () => {
    const run = await start()
    run.log({ a: 1, b: 1 })
    run.log({ a: 2 })
    run.log({ a: 3, b: 2 }, 10)
    run.log({ a: 4, b: 3 })
    await run.finish()
    expect((await history(run.id, 'a')).map(({ step }) => step)).toEqual([0, 1, 10, 11])
    expect((await history(run.id, 'b')).map(({ step }) => step)).toEqual([0, 10, 11])
  })

  it('may be NaN and infinite', async () => {
    const run = await start()
    run.log({ a: Number.NaN })
    run.log({ a: Number.POSITIVE_INFINITY })
    run.log({ a: -0.1e-300 })
    await run.finish()
    expect((await history(run.id, 'a')).map(({ value }) => value)).toEqual(['NaN', Number.MAX_VALUE, -1e-301])
  })

  it('are refused at once where they are no numbers, by name, and nothing of that call is kept', async () => {
    const run = await start()
    const wrong = (metrics: unknown, step?: unknown, time?: unknown) => () =>
      run.log(metrics as Record<string, number>, step as number, time as number)
    expect(wrong({ fine: 1, loss: '0.5' })).toThrow(new TypeError("metric 'loss' is '0.5', a string: give a number."))
    expect(wrong({ fine: 1, loss: 5n })).toThrow("metric 'loss' is 5n, a bigint: give a number.")
    expect(wrong({ fine: 1, loss: undefined })).toThrow("metric 'loss' is undefined")
    expect(wrong({ fine: 1, loss: null })).toThrow("metric 'loss' is null")
    expect(wrong({ fine: 1 }, 5n)).toThrow('step is 5n: give a whole number between -(2^53-1) and 2^53-1. Write Number(5n).')
    expect(wrong({ fine: 1 }, 1.5)).toThrow('step is 1.5: give a whole number')
    expect(wrong({ fine: 1 }, 1, Number.NaN)).toThrow('time is NaN')
    expect(wrong({ fine: 1 }, 1, -1)).toThrow('time is -1: give ms since 1970.')
    for (const name of ['', '../up', '/abs', 'a//b', 'a/', './a', 'a/../b', 'ä?', 'x'.repeat(251)]) {
      expect(wrong({ fine: 1, [name]: 1 }), name).toThrow(/the name can't be used/)
    }
    for (const name of ['a/b c', 'größe', 'train.loss', 'a:b-c_d', '.hidden', 'a/..b']) run.log({ [name]: 1 })
    await run.finish()
    expect((await read(run.id)).data.metrics.map(({ key }: { key: string }) => key).sort()).toEqual(
      ['.hidden', 'a/..b', 'a/b c', 'a:b-c_d', 'größe', 'train.loss'].sort(),
    )
    expect(await history(run.id, 'fine')).toEqual([])
  })

  it('arrive all, in order, ten thousand of them at once, in batches that the wire takes, one at a time', async () => {
    proxy.requests.length = 0
    proxy.mostUnderWay = 0
    const run = await start({ url: proxy.origin })
    for (let i = 0; i < 10_000; i++) run.log({ loss: i / 7 }, i)
    await run.finish()
    const points = await history(run.id, 'loss')
    expect(points.map(({ step }) => step)).toEqual(Array.from({ length: 10_000 }, (_, i) => i))
    expect(points.map(({ value }) => value)).toEqual(Array.from({ length: 10_000 }, (_, i) => i / 7))
    expect(proxy.requests.filter((request) => request.endsWith('log-batch'))).toHaveLength(10)
    expect(proxy.mostUnderWay).toBe(1)
  })

  it('leave by themselves, without a flush', async () => {
    const run = await start({ flushEvery: 20 })
    run.log({ loss: 1 })
    await expect.poll(() => history(run.id, 'loss')).toHaveLength(1)
    await run.finish()
  })
})

describe('params and tags', () => {
  it('are sent in as many requests as their size needs', async () => {
    const run = await start()
    const long = (i: number) => `${i}${'ß'.repeat(5990)}`
    run.logParams(Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`p${i}`, long(i)])))
    run.setTags(Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`t${i}`, long(i)])))
    await run.finish()
    const { params, tags } = (await read(run.id)).data
    expect(params).toHaveLength(250)
    expect(asObject(params).p249).toBe(long(249))
    expect(asObject(tags).t149).toBe(long(149))
  })

  it('are cut where they are too long, as the server does', async () => {
    const run = await start({ params: { long: 'x'.repeat(9000) } })
    run.setTags({ long: 'y'.repeat(9000) })
    await run.finish()
    const { params, tags } = (await read(run.id)).data
    expect(asObject(params).long).toHaveLength(6000)
    expect(asObject(tags).long).toHaveLength(8000)
  })

  it('keep their value: another is refused by name, the same again is fine', async () => {
    const run = await start({ params: { lr: 0.1 } })
    run.logParams({ lr: '0.1', depth: 3 })
    expect(() => run.logParams({ depth: 3, lr: 0.2 })).toThrow(
      "param 'lr' is '0.1' and can't become '0.2'. Log it under another name, or in another run.",
    )
    expect(() => run.logParams({ none: undefined })).toThrow(
      "param 'none' is undefined: give text, a number, a boolean, or what JSON can write.",
    )
    const itself: Record<string, unknown> = {}
    itself.itself = itself
    for (const value of [() => {}, Symbol('s'), itself]) expect(() => run.setTags({ f: value })).toThrow("tag 'f' is ")
    await expect(startRun('client', { url: platform.origin, params: { 'a?': 1 } })).rejects.toThrow("param 'a?': the name can't be used")
    await run.finish()
  })

  it('that another writer set otherwise are told of, and take no points with them', async () => {
    const heard: string[] = []
    const run = await start({ onError: (error) => heard.push(error.code) })
    await platform.wire('POST', 'runs/log-batch', { run_id: run.id, params: [{ key: 'lr', value: 'theirs' }] })
    run.logParams({ lr: 'mine' })
    run.log({ loss: 1 })
    run.setTags({ kept: 'yes' })
    await expect(run.flush()).rejects.toMatchObject({
      code: 'INVALID_PARAMETER_VALUE',
      status: 400,
      message: expect.stringContaining('theirs'),
    })
    await run.flush()
    expect(heard).toEqual(['INVALID_PARAMETER_VALUE'])
    await run.finish()
    expect(await history(run.id, 'loss')).toHaveLength(1)
    expect(asObject((await read(run.id)).data.tags).kept).toBe('yes')
  })
})

describe('artifacts', () => {
  it('are written from text, bytes, a Blob and a file', async () => {
    const run = await start()
    const path = join(folder, 'weights.bin')
    const bytes = crypto.getRandomValues(new Uint8Array(60_000))
    const large = new Uint8Array(3_000_000).map((_, i) => i * 7)
    await writeFile(path, large)
    await run.logArtifact('notes/größe 1.txt', 'schön')
    await run.logArtifact('data.bin', bytes)
    await run.logArtifact('blob.json', new Blob(['{}']))
    await run.logArtifact('model/weights.bin', { file: path })
    await run.finish()
    expect(await (await artifact(run.id, 'notes/größe 1.txt')).text()).toBe('schön')
    expect(new Uint8Array(await (await artifact(run.id, 'data.bin')).arrayBuffer())).toEqual(bytes)
    expect(await (await artifact(run.id, 'blob.json')).text()).toBe('{}')
    expect(Buffer.compare(Buffer.from(await (await artifact(run.id, 'model/weights.bin')).arrayBuffer()), large)).toBe(0)
  })

  it('are there when the run is finished, and what failed of them is told', async () => {
    const run = await start()
    void run.logArtifact('late.txt', 'late')
    await run.finish()
    expect((await artifact(run.id, 'late.txt')).status).toBe(200)
    const other = await start()
    const climbing = other.logArtifact('../x', 'x')
    await expect(other.finish()).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' })
    await expect(climbing).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE', status: 400 })
    expect((await read(other.id)).info.status).toBe('FINISHED')
  })

  it('say which file can not be read', async () => {
    const run = await start()
    await expect(run.logArtifact('a', { file: join(folder, 'absent') })).rejects.toThrow(/ENOENT.*absent/)
    await expect(run.logArtifact('a', { file: folder })).rejects.toThrow(/is not a file/)
    await run.finish()
  })
})

describe('a script', () => {
  const script = async (body: string, env: Record<string, string> = {}) => {
    const path = join(folder, 'train.mjs')
    await writeFile(path, `import { startRun } from ${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)}\n${body}`)
    const child = spawn(process.execPath, [path], {
      env: { ...process.env, TIDEGATE_URL: '', MLFLOW_TRACKING_URI: platform.origin, ...env },
    })
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (output += chunk))
    const code = await new Promise((resolve) => child.once('close', resolve))
    return { code, output, lines: output.trim().split('\n') }
  }

  it('that comes to its end without a word has sent all, and its run is finished', async () => {
    const { lines, code } = await script(`const run = await startRun('scripts')
      for (let i = 0; i < 1500; i++) run.log({ loss: i })
      console.log(run.id)`)
    expect(code).toBe(0)
    expect(await history(lines[0]!, 'loss')).toHaveLength(1500)
    const { info, data } = await read(lines[0]!)
    expect(info.status).toBe('FINISHED')
    expect(asObject(data.tags)).toMatchObject({ 'mlflow.source.name': 'train.mjs', 'mlflow.source.type': 'LOCAL' })
  })

  it('that says it failed has a failed run', async () => {
    const { lines } = await script(`const run = await startRun('scripts')
      process.exitCode = 3
      console.log(run.id)`)
    expect((await read(lines[0]!)).info.status).toBe('FAILED')
  })

  it('ends although the server is gone, and says what is lost', async () => {
    let gone = false
    proxy.trouble = (path) => ((gone ||= path === '/cut') ? 'refuse' : undefined)
    const { output, code } = await script(
      `const run = await startRun('scripts', { giveUpAfter: 1000 })
      await fetch(process.env.CUT)
      run.log({ loss: 1 })`,
      { TIDEGATE_URL: proxy.origin, CUT: `${proxy.origin}/cut` },
    )
    expect(output).toMatch(/was not logged whole. The server could not be reached for 1 s. 1 entries wait/)
    expect(code).toBe(0)
    proxy.trouble = () => undefined
  })

  it('is told at once when the address is none', async () => {
    const { output } = await script(`await startRun('x').catch((error) => console.log(error.message))`, {
      MLFLOW_TRACKING_URI: 'file:./mlruns',
    })
    expect(output).toContain("MLFLOW_TRACKING_URI is 'file:./mlruns': give the server's address, such as http://127.0.0.1:5000.")
  })
})
