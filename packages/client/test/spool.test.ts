/** A spool: what is logged while the server is away arrives later, whole, in order and once, whatever is killed or repeated. */
import { spawn } from 'node:child_process'
import { appendFileSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connect, type RunOptions, resumeRun, startRun } from '../src/index.ts'
import { startProxy, type TroubledProxy } from './proxy.ts'

let platform: Platform
let proxy: TroubledProxy
let root: string
let spool: string

beforeAll(async () => {
  platform = await startPlatform()
  proxy = await startProxy(platform.origin)
  root = mkdtempSync(join(tmpdir(), 'tidegate-spool-'))
})
beforeEach(() => {
  spool = mkdtempSync(join(root, 'spool-'))
})
afterEach(() => {
  proxy.trouble = () => undefined
})
afterAll(async () => {
  await proxy.close()
  await platform.stop()
  rmSync(root, { recursive: true, force: true })
})

const steps = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i)
const read = async (id: string) => (await platform.wire('GET', 'runs/get', { run_id: id })).run
const history = async (id: string, key: string): Promise<Array<{ value: number; step: number; timestamp: number }>> =>
  (await platform.wire('GET', 'metrics/get-history', { run_id: id, metric_key: key })).metrics ?? []
const stepsOf = async (id: string, key: string) => (await history(id, key)).map(({ step }) => step)
const asObject = (list: Array<{ key: string; value: string }> = []) => Object.fromEntries(list.map(({ key, value }) => [key, value]))
/** Without what the sending itself notes. */
const tagsOf = async (id: string) =>
  Object.fromEntries(Object.entries(asObject((await read(id)).data.tags)).filter(([key]) => key !== 'mlflow.tidegate.spool'))
const artifact = async (id: string, path: string) =>
  (await fetch(`${platform.origin}/get-artifact?${new URLSearchParams({ run_id: id, path })}`)).text()
const runsOf = async (name: string) => {
  const { experiment } = await platform.wire('GET', 'experiments/get-by-name', { experiment_name: name })
  return (await platform.wire('POST', 'runs/search', { experiment_ids: [experiment.experiment_id] })).runs ?? []
}
const offline = (experiment: string, options: RunOptions = {}) => startRun(experiment, { url: platform.origin, offline: spool, ...options })
const replay = (folder = spool, url = platform.origin) => connect({ url }).replay({ folder })

/** Runs a script in a process of its own. */
function script(body: string, args: string[] = [], more: Record<string, string> = {}) {
  const path = join(mkdtempSync(join(root, 'script-')), 'train.mjs')
  writeFileSync(
    path,
    `import { connect, resumeRun, startRun } from ${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)}\n${body}`,
  )
  const env = { ...process.env, TIDEGATE_URL: platform.origin, SPOOL: spool, ...more }
  const command = [...args, process.execPath, path]
  const child = spawn(command[0]!, command.slice(1), { env })
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (output += chunk))
  const done = new Promise<string>((resolve) => child.once('close', () => resolve(output)))
  const said = (word: string) => expect.poll(() => output, { timeout: 20_000, interval: 10 }).toContain(word)
  return { child, done, said, output: () => output }
}

describe('a run that is offline', () => {
  it('sends nothing, and arrives whole when it is replayed', async () => {
    proxy.requests.length = 0
    const run = await offline('laptop', { url: proxy.origin, name: 'first', params: { lr: 0.1 }, tags: { team: 'tide' }, user: 'ada' })
    expect(run.offline).toBe(true)
    run.log({ loss: 0.5, odd: Number.NaN }, 10, 1_700_000_000_000)
    run.log({ loss: 0.25, odd: Number.POSITIVE_INFINITY })
    run.setTags({ note: 'good' })
    run.setTags({ note: 'better' })
    await run.logInputs({ name: 'mnist', digest: '9f3a', source: 'https://example.org/mnist.csv', context: 'training' })
    await run.logArtifact('notes/größe.md', '# schön')
    const model = await run.logModel('net', {
      type: 'onnx',
      params: { layers: 2 },
      files: { MLmodel: 'flavors: {}', 'data/w.bin': new Uint8Array(3000) },
    })
    await run.finish()
    expect(proxy.requests).toEqual([])

    const { runs } = await replay()
    expect(runs).toMatchObject([{ id: run.id, name: 'first', outcome: 'sent', problems: [], files: 2 }])
    const { info, data, inputs } = await read(run.id)
    expect(info).toMatchObject({ run_name: 'first', user_id: 'ada', status: 'FINISHED' })
    expect(asObject(data.params)).toEqual({ lr: '0.1' })
    expect(await tagsOf(run.id)).toMatchObject({ team: 'tide', note: 'better', 'mlflow.user': 'ada' })
    expect(await history(run.id, 'loss')).toMatchObject([
      { value: 0.5, step: 10, timestamp: 1_700_000_000_000 },
      { value: 0.25, step: 11 },
    ])
    expect((await history(run.id, 'odd')).map(({ value }) => value)).toEqual(['NaN', Number.MAX_VALUE])
    expect(inputs.dataset_inputs).toMatchObject([{ dataset: { name: 'mnist', digest: '9f3a' }, tags: [{ value: 'training' }] }])
    expect(await artifact(run.id, 'notes/größe.md')).toBe('# schön')
    const found = await (await fetch(`${platform.origin}/api/2.0/mlflow/logged-models/${model}`)).json()
    expect(found.model.info).toMatchObject({ model_id: model, name: 'net', status: 'LOGGED_MODEL_READY', source_run_id: run.id })
    expect(readdirSync(spool)).toEqual([])
    expect(await replay()).toEqual({ runs: [] })
  })

  it('ends when what is being copied is copied, and tells what of it failed', async () => {
    const run = await offline('copying')
    void run.logArtifact('late.bin', new Uint8Array(3_000_000))
    await run.finish()
    const other = await offline('copying')
    const enough = new AbortController()
    const failing = [
      other.logArtifact('a', { file: join(root, 'absent') }),
      other.logArtifact('b', () => new ReadableStream({ pull: (controller) => controller.error(new Error('it broke')) })),
      other.logArtifact('c', new Uint8Array(3_000_000), { signal: enough.signal }),
      other.logModel('net', { files: { w: { file: join(root, 'absent') } } }),
    ]
    enough.abort(new Error('enough'))
    const outcomes = Promise.allSettled(failing)
    await expect(other.finish()).rejects.toThrow(/ENOENT/)
    expect((await outcomes).map((each) => each.status === 'rejected' && each.reason.message)).toEqual([
      expect.stringMatching(/ENOENT.*absent/),
      'it broke',
      'enough',
      expect.stringMatching(/ENOENT.*absent/),
    ])
    expect((await replay()).runs).toMatchObject([
      { outcome: 'sent', files: 1 },
      { outcome: 'sent', files: 0 },
    ])
    expect((await artifact(run.id, 'late.bin')).length).toBe(3_000_000)
    expect((await read(other.id)).info.status).toBe('FINISHED')
  })

  it('may be nested, and its parent is replayed before it', async () => {
    const parent = await offline('nested', { name: 'parent' })
    const child = await startRun({ parent, name: 'child' })
    child.log({ a: 1 })
    await child.finish()
    await parent.finish()
    await replay()
    expect(asObject((await read(child.id)).data.tags)).toMatchObject({ 'mlflow.parentRunId': parent.id })
    expect((await read(child.id)).info.experiment_id).toBe((await read(parent.id)).info.experiment_id)
  })

  it('is replayed as far as it is while its process still runs, and the rest later', async () => {
    const run = await offline('open')
    run.log({ a: 1 })
    expect((await replay()).runs).toMatchObject([{ outcome: 'open', entries: 1 }])
    expect((await read(run.id)).info.status).toBe('RUNNING')
    run.log({ a: 2 })
    await run.finish()
    expect((await replay()).runs).toMatchObject([{ outcome: 'sent' }])
    expect(await stepsOf(run.id, 'a')).toEqual([0, 1])
    expect((await read(run.id)).info.status).toBe('FINISHED')
  })
})

describe('a spool', () => {
  it('takes over while the server is away, and gives back when it is there again', async () => {
    const run = await startRun('away', { url: proxy.origin, spool, giveUpAfter: 300, flushEvery: 10 })
    for (const i of steps(50)) run.log({ loss: i })
    await proxy.close()
    for (const i of steps(3000, 50)) run.log({ loss: i })
    await run.flush()
    await expect.poll(() => run.offline).toBe(true)
    await proxy.reopen()
    await expect.poll(() => history(run.id, 'loss').then(({ length }) => length), { timeout: 15_000 }).toBe(3050)
    await expect.poll(() => run.offline).toBe(false)
    run.log({ loss: 3050 })
    await run.finish()
    expect((await history(run.id, 'loss')).map(({ value }) => value)).toEqual(steps(3051))
    expect((await read(run.id)).info.status).toBe('FINISHED')
    expect(readdirSync(spool)).toEqual([])
  })

  it('lets a run begin, and end, without a server; the next start sends it', async () => {
    await proxy.close()
    const run = await startRun('no server', { url: proxy.origin, spool, giveUpAfter: 200 })
    expect(run.offline).toBe(true)
    run.log({ loss: 1 })
    await run.finish('KILLED')
    await proxy.reopen()
    const next = await startRun('no server', { url: proxy.origin, spool })
    await expect
      .poll(
        () =>
          read(run.id).then(
            ({ info }) => info.status,
            () => 'absent',
          ),
        { timeout: 10_000 },
      )
      .toBe('KILLED')
    expect(await stepsOf(run.id, 'loss')).toEqual([0])
    await next.finish()
    await expect.poll(() => readdirSync(spool)).toEqual([])
  })

  it('named by the environment needs no change of a script', async () => {
    const body = `const run = await startRun('environment')
      run.log({ a: 1 })
      console.log(run.offline, run.id)`
    const [was, id] = (await script(body, [], { TIDEGATE_SPOOL: spool, TIDEGATE_OFFLINE: '1' }).done).trim().split(' ')
    expect(was).toBe('true')
    await expect(read(id!)).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
    expect(await script(body, [], { TIDEGATE_SPOOL: spool }).done).toContain('false')
    await expect.poll(async () => (await replay()).runs).toEqual([])
    expect(await stepsOf(id!, 'a')).toEqual([0])
    expect((await runsOf('environment')).map(({ info }: any) => info.status)).toEqual(['FINISHED', 'FINISHED'])
    await expect(connect({ url: platform.origin }).replay()).rejects.toThrow('There is no spool: give its folder, or set TIDEGATE_SPOOL.')
  })

  it('does not go on where the server says no', async () => {
    const gone = await startRun('refused spool', { url: platform.origin })
    await gone.finish()
    await platform.wire('POST', 'experiments/delete', { experiment_id: gone.experimentId })
    await expect(startRun('refused spool', { url: platform.origin, spool })).rejects.toMatchObject({ code: 'INVALID_STATE' })
    expect(readdirSync(spool)).toEqual([])
  })

  it('keeps what a process logged until it was killed, to the last word that was acknowledged', async () => {
    const train = script(`
      const run = await startRun('killed', { spool: process.env.SPOOL, flushEvery: 5 })
      console.log('run', run.id)
      for (let step = 0; ; step++) {
        run.log({ loss: step, accuracy: -step })
        console.log('logged', step)
        if (step % 50 === 49) await run.flush()
      }`)
    await train.said('logged 700\n')
    train.child.kill('SIGKILL')
    const output = await train.done
    const id = /run (\w+)/.exec(output)![1]!
    const last = Number(/.*logged (\d+)\n/s.exec(output)![1])
    expect((await replay()).runs).toMatchObject([{ id, outcome: 'sent', problems: [] }])
    const found = await stepsOf(id, 'loss')
    expect(found).toEqual(steps(found.length))
    expect(found.length).toBeGreaterThan(last)
    expect(await stepsOf(id, 'accuracy')).toEqual(found)
    expect((await read(id)).info.status).toBe('FAILED')
  })

  it('goes on with the same run after a kill, its steps too, with and without a server', async () => {
    const body = (offline: boolean, count: number) => `
      const run = await startRun('resumed', { ${offline ? 'offline' : 'spool'}: process.env.SPOOL, autoresume: 'job 7', name: 'job', params: { lr: 0.1 } })
      for (let i = 0; i < ${count}; i++) run.log({ loss: i })
      console.log('logged')
      await new Promise((resolve) => setTimeout(resolve, 60_000))`
    for (const [isOffline, count] of [
      [true, 40],
      [true, 30],
      [false, 20],
      [true, 10],
    ] as const) {
      const train = script(body(isOffline, count))
      await train.said('logged')
      train.child.kill('SIGKILL')
      await train.done
      // Where it was online its journal is sent and taken away: the next offline process knows the steps all the same.
      if (!isOffline) await replay()
    }
    const last = await startRun('resumed', { url: platform.origin, spool, autoresume: 'job 7', params: { lr: 0.1 } })
    expect(() => last.logParams({ lr: 0.2 })).toThrow(/param 'lr' is '0.1'/)
    last.log({ loss: 1, other: 5 }, undefined)
    await last.finish()
    const runs = await runsOf('resumed')
    expect(runs.map(({ info }: any) => [info.run_name, info.status])).toEqual([['job', 'FINISHED']])
    expect(await stepsOf(runs[0].info.run_id, 'loss')).toEqual(steps(101))
    expect(last.id).toBe(runs[0].info.run_id)
  })

  it('refuses what the disk has no room for, keeps the rest, and goes on when there is room', async () => {
    const train = script(
      `
      process.on('SIGXFSZ', () => {})
      const run = await startRun('full', { offline: process.env.SPOOL })
      console.log('run', run.id)
      let kept = 0
      try {
        for (;;) { run.log({ loss: kept, other: kept }); kept++ }
      } catch (error) { console.log('kept', kept, error.code, error.message) }
      try { run.setTags({ long: 'x'.repeat(8000) }) } catch (error) { console.log('again', error.code) }
      await run.logArtifact('big', new Uint8Array(200_000)).catch((error) => console.log('file', error.code))
      await run.finish().catch((error) => console.log('finish', error.code))
      process.exit(0)`,
      ['bash', '-c', 'trap "" XFSZ; ulimit -f 64; exec "$@"', 'limited'],
    )
    const output = await train.done
    const id = /run (\w+)/.exec(output)![1]!
    expect(output).toMatch(
      /kept \d+ SPOOL_FAILED The spool .* can't be written to: EFBIG.* Nothing of this call is kept; what was logged before is\. Make room/,
    )
    expect(output).toContain('again SPOOL_FAILED')
    expect(output).toContain('file SPOOL_FAILED')
    const kept = Number(/kept (\d+)/.exec(output)![1])
    expect(kept).toBeGreaterThan(500)
    expect((await replay()).runs).toMatchObject([{ id, outcome: 'sent', problems: [] }])
    expect(await stepsOf(id, 'loss')).toEqual(steps(kept))
    expect(await stepsOf(id, 'other')).toEqual(steps(kept))
  })
})

describe('a replay', () => {
  it('that is killed at any moment and repeated leaves nothing twice and nothing out', async () => {
    const run = await offline('half-way', { params: { lr: 0.1 } })
    for (const i of steps(4000)) {
      run.log({ a: i, b: -i, c: i / 3 })
      if (i % 40 === 0) run.setTags({ progress: i })
    }
    await run.logArtifact('a.txt', 'a')
    await run.finish()
    for (const batches of [1, 2, 3]) {
      let seen = 0
      const train = script(`await connect({ url: ${JSON.stringify(proxy.origin)} }).replay({ folder: process.env.SPOOL })`)
      const killed = new Promise<void>((resolve) => {
        proxy.trouble = (path) => {
          if (!path.includes('log-batch') || seen++ < batches) return undefined
          train.child.kill('SIGKILL')
          resolve()
          return 'drop'
        }
      })
      await killed
      await train.done
    }
    proxy.trouble = () => undefined
    expect((await replay()).runs).toMatchObject([{ outcome: 'sent', problems: [] }])
    for (const key of ['a', 'b', 'c']) expect(await stepsOf(run.id, key)).toEqual(steps(4000))
    expect(await tagsOf(run.id)).toMatchObject({ progress: '3960' })
    expect(await runsOf('half-way')).toHaveLength(1)
  })

  it('of copies at once, by processes that know nothing of each other, makes one run of each', async () => {
    const runs = []
    for (const name of ['one', 'two']) {
      const run = await offline('copies', { name, autoresume: name, params: { name } })
      for (const i of steps(2500)) run.log({ a: i })
      run.setTags({ last: 'no' })
      run.setTags({ last: 'yes' })
      await run.logModel('net', { files: { w: 'weights' } })
      await run.finish()
      runs.push(run)
    }
    const copies = steps(3).map((i) => join(root, `copy-${i}-${Math.random()}`))
    for (const copy of copies) cpSync(spool, copy, { recursive: true })
    const reports = await Promise.all([...copies, spool, spool].map((folder) => replay(folder)))
    expect(reports.flatMap(({ runs }) => runs).filter(({ outcome }) => outcome !== 'sent' && outcome !== 'busy')).toEqual([])
    const found = await runsOf('copies')
    expect(found.map(({ info }: any) => info.run_name).sort()).toEqual(['one', 'two'])
    for (const { info } of found) {
      expect(await stepsOf(info.run_id, 'a')).toEqual(steps(2500))
      expect(await tagsOf(info.run_id)).toMatchObject({ last: 'yes' })
      expect(info.status).toBe('FINISHED')
    }
    const { models } = await platform.wire('POST', 'logged-models/search', { experiment_ids: [found[0].info.experiment_id] })
    expect(models).toHaveLength(2)
  })

  it('that is repeated later undoes nothing that was changed since', async () => {
    const run = await offline('later', { tags: { state: 'new' } })
    run.setTags({ state: 'logged' })
    run.log({ a: 1 })
    await run.finish()
    const copy = `${spool}-copy`
    cpSync(spool, copy, { recursive: true })
    await replay()
    await platform.wire('POST', 'runs/set-tag', { run_id: run.id, key: 'state', value: 'edited' })
    await platform.wire('POST', 'runs/update', { run_id: run.id, status: 'RUNNING', run_name: 'renamed' })
    await platform.wire('POST', 'experiments/update', {
      experiment_id: (await read(run.id)).info.experiment_id,
      new_name: 'later, renamed',
    })
    expect((await replay(copy)).runs).toMatchObject([{ outcome: 'sent' }])
    expect(await tagsOf(run.id)).toMatchObject({ state: 'edited' })
    expect((await read(run.id)).info).toMatchObject({ status: 'RUNNING', run_name: 'renamed' })
    await expect(runsOf('later')).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
  })

  it('tells what was refused and what can not be read, keeps that, and sends the rest', async () => {
    const run = await offline('problems')
    run.log({ a: 0 })
    run.logParams({ lr: 'mine' })
    run.log({ a: 1 })
    await run.logArtifact('../climbing', 'x')
    await run.flush()
    appendFileSync(join(spool, run.id, 'journal.jsonl'), '{"m":[["a",2,\n{"m":[["a?",2,2,2]]}\n')
    run.log({ a: 3 }, 3)
    await run.finish()
    await platform.wire('POST', 'runs/create', {
      experiment_id: (await startRun('problems', { url: platform.origin })).experimentId,
      run_id: run.id,
    })
    await platform.wire('POST', 'runs/log-parameter', { run_id: run.id, key: 'lr', value: 'theirs' })
    const { runs } = await replay()
    expect(runs).toMatchObject([{ id: run.id, outcome: 'kept' }])
    expect(runs[0]!.problems.join('\n')).toMatch(/at byte \d+ can't be read.*holds what can't be logged: metric 'a\?'/s)
    expect(runs[0]!.problems.join('\n')).toMatch(/Changing param values is not allowed.*theirs/s)
    expect(runs[0]!.problems.join('\n')).toMatch(/Invalid path/)
    expect(await stepsOf(run.id, 'a')).toEqual([0, 1, 3])
    expect(readFileSync(join(runs[0]!.folder, 'problems.txt'), 'utf8')).toContain('Changing param values')
    expect(existsSync(join(runs[0]!.folder, 'journal.jsonl'))).toBe(true)
    expect((await replay()).runs).toEqual([])
  })

  it('of calls as large as a request may be sends all, and of a hundred params only leaves out the one that is refused', async () => {
    const run = await offline('large')
    const many = (count: number, of: (i: number) => unknown) => Object.fromEntries(steps(count).map((i) => [`k${i}`, of(i)]))
    run.log({ first: 1 })
    run.log(many(1000, (i) => i) as Record<string, number>)
    run.log(many(2500, (i) => i) as Record<string, number>)
    run.setTags(many(100, (i) => i))
    run.setTags(many(250, (i) => `${i} ${'ß'.repeat(7900)}`))
    run.logParams(many(100, (i) => i))
    run.logParams(Object.fromEntries(steps(130).map((i) => [`long${i}`, 'ß'.repeat(6000)])))
    await run.finish()
    await platform.wire('POST', 'runs/create', {
      experiment_id: (await startRun('large', { url: platform.origin })).experimentId,
      run_id: run.id,
    })
    await platform.wire('POST', 'runs/log-parameter', { run_id: run.id, key: 'k37', value: 'theirs' })
    expect((await replay()).runs).toMatchObject([{ outcome: 'kept', problems: [expect.stringContaining("'k37'")] }])
    const { data } = await read(run.id)
    expect(data.metrics).toHaveLength(2501)
    expect(await stepsOf(run.id, 'k999')).toEqual([0, 1])
    expect(data.params).toHaveLength(230)
    expect(asObject(data.params)).toMatchObject({ k36: '36', k37: 'theirs', k38: '38', long129: 'ß'.repeat(6000) })
    const tags = Object.entries(await tagsOf(run.id)).filter(([key]) => /^k\d+$/.test(key))
    expect(tags).toHaveLength(250)
    for (const [key, value] of tags) expect(value.startsWith(`${key.slice(1)} ß`)).toBe(true)
  })

  it('stops at a run that is deleted, and goes on when it is restored', async () => {
    const run = await offline('deleted')
    run.log({ a: 0 })
    await replay()
    await platform.wire('POST', 'runs/delete', { run_id: run.id })
    run.log({ a: 1 })
    await run.finish()
    expect((await replay()).runs).toMatchObject([{ outcome: 'stopped', problems: [expect.stringContaining('is deleted. Restore it')] }])
    await platform.wire('POST', 'runs/restore', { run_id: run.id })
    expect((await replay()).runs).toMatchObject([{ outcome: 'sent' }])
    expect(await stepsOf(run.id, 'a')).toEqual([0, 1])
  })

  it('of a run whose experiment is deleted waits until it is restored, and of one that went on is told its end', async () => {
    const first = await startRun('twice', { url: platform.origin, name: 'there' })
    await first.finish()
    const run = await resumeRun(first.id, { url: platform.origin, offline: spool })
    run.log({ a: 5 }, 5)
    await run.finish('KILLED')
    await platform.wire('POST', 'experiments/delete', { experiment_id: first.experimentId })
    expect((await replay()).runs).toMatchObject([{ outcome: 'stopped', id: first.id }])
    await platform.wire('POST', 'experiments/restore', { experiment_id: first.experimentId })
    expect((await replay()).runs).toMatchObject([{ outcome: 'sent', id: first.id, name: 'there' }])
    expect(await stepsOf(first.id, 'a')).toEqual([5])
    expect((await read(first.id)).info.status).toBe('KILLED')
    const absent = await resumeRun('0'.repeat(32), { url: platform.origin, offline: spool })
    await absent.finish()
    expect((await replay()).runs).toMatchObject([{ outcome: 'stopped', problems: [expect.stringContaining('not found')] }])
  })

  it('waits for no server longer than it is told to, and loses nothing by it', async () => {
    const run = await offline('unreached')
    run.log({ a: 0 })
    await run.finish()
    await proxy.close()
    const report = await connect({ url: proxy.origin }).replay({ folder: spool, giveUpAfter: 200 })
    expect(report.runs).toMatchObject([{ outcome: 'stopped', problems: [expect.stringContaining('could not be reached')] }])
    await proxy.reopen()
    expect((await replay()).runs).toMatchObject([{ outcome: 'sent' }])
  })
})

it('a day of logging, replayed twice, is there once', { timeout: 180_000 }, async () => {
  const run = await offline('a day', { name: 'day' })
  const start = Date.UTC(2026, 0, 1)
  const keys = ['loss', 'accuracy', 'lr', 'grad/norm', 'tokens']
  for (let second = 0; second < 86_400; second++) {
    run.log(Object.fromEntries(keys.map((key, i) => [key, second * (i + 1)])), second, start + second * 1000)
    if (second % 432 === 0) {
      const i = second / 432
      run.logParams({ [`p${i}`]: i })
      run.setTags({ [`t${i % 50}`]: i })
    }
  }
  await run.finish()
  const copy = `${spool}-copy`
  cpSync(spool, copy, { recursive: true })
  expect((await replay()).runs).toMatchObject([{ outcome: 'sent', problems: [] }])
  // As the second one would be if the first had told nothing of how far it was.
  await platform.wire('POST', 'runs/delete-tag', { run_id: run.id, key: 'mlflow.tidegate.spool' })
  expect((await replay(copy)).runs).toMatchObject([{ outcome: 'sent', problems: [] }])

  const { run: found } = await platform.graphql(
    `query ($id: ID!, $keys: [String!]!) { run(id: $id) { status startedAt params { key } tags(prefix: "t") { key value } series(keys: $keys, buckets: 1) { key count last steps times } } }`,
    { id: run.id, keys },
  )
  expect(found.series.map(({ key, count, last, steps, times }: any) => [key, count, last, steps, times])).toEqual(
    expect.arrayContaining(keys.map((key, i) => [key, 86_400, [86_399 * (i + 1)], [86_399], [start + 86_399_000]])),
  )
  expect(found.params).toHaveLength(200)
  const tags = found.tags.filter(({ key }: any) => /^t\d+$/.test(key))
  expect(tags).toHaveLength(50)
  for (const { key, value } of tags) expect(Number(value)).toBe(150 + Number(key.slice(1)))
  expect(await runsOf('a day')).toHaveLength(1)
})
