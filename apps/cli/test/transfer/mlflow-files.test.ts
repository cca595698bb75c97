/** Imports from what MLflow leaves on a disk: folders that its Python client wrote, and its server's SQLite file. */
import { execFile } from 'node:child_process'
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { connect } from '@tidegate/client'
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mlflowPython } from '../../../../test/prerequisites.mjs'
import { importFrom, tidegate } from '../../src/transfer/import.ts'
import { mlrunsSource } from '../../src/transfer/sources/mlruns.ts'
import { sqliteSource } from '../../src/transfer/sources/sqlite.ts'
import { expectEqual } from './equal.ts'

const run = promisify(execFile)
const here = import.meta.dirname

let python: string
let folder: string
const platforms: Platform[] = []

const dump = async (uri: string) =>
  JSON.parse((await run(python, [join(here, 'dump.py'), uri], { cwd: folder, maxBuffer: 256 * 1024 * 1024 })).stdout)
const target = async () => {
  const platform = await startPlatform()
  platforms.push(platform)
  return { origin: platform.origin, to: tidegate(connect({ url: platform.origin })) }
}

beforeAll(async () => {
  python = mlflowPython()
  folder = await mkdtemp(join(tmpdir(), 'transfer-files-'))
  const fill = async (name: string, uri: string) => {
    await mkdir(join(folder, name))
    await run(python, [join(here, 'fill.py'), uri], { cwd: join(folder, name) })
  }
  await Promise.all([fill('files', join(folder, 'files', 'mlruns')), fill('database', `sqlite:///${folder}/database/mlflow.db`)])
}, 240_000)
afterAll(async () => {
  for (const platform of platforms) await platform.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

describe('an import from a folder of MLflow', () => {
  it('brings all of it, equal', { timeout: 240_000 }, async () => {
    const { origin, to } = await target()
    const report = await importFrom((onFault) => mlrunsSource(join(folder, 'files', 'mlruns'), onFault), to)
    expect(report).toMatchObject({ faults: [], unfinished: [], brought: 19 })
    expectEqual(await dump(origin), await dump(join(folder, 'files', 'mlruns')))
  })

  it('names the file and the line of damage, keeps what is whole, and goes on when it is mended', { timeout: 240_000 }, async () => {
    const { origin, to } = await target()
    const root = join(folder, 'files', 'mlruns')
    const experiment = (await readdir(root)).find((name) => name.length > 10)!
    const runs = (await readdir(join(root, experiment))).filter((name) => name.length === 32).sort()
    const broken = join(root, experiment, runs[0]!, 'meta.yaml')
    const before = await readFile(broken, 'utf8')
    const metrics = (
      await Promise.all(runs.map(async (id) => ((await readdir(join(root, experiment, id, 'metrics'))).includes('acc') ? [id] : [])))
    ).flat()
    const damaged = metrics.find((id) => id !== runs[0])!
    const metric = join(root, experiment, damaged, 'metrics', 'acc')
    const whole = await readFile(metric, 'utf8')
    await writeFile(broken, 'run_id: "a\nstatus: [')
    await appendFile(metric, '17000 0.5\n1700 none 3\n1700 1.5 4\n')

    const lines = whole.trimEnd().split('\n').length
    const report = await importFrom((onFault) => mlrunsSource(root, onFault), to)
    expect(report.faults).toMatchObject([
      { file: broken, at: expect.stringMatching(/^line \d$/) },
      { file: metric, at: `line ${lines + 2}`, runs: [damaged] },
    ])
    expect(report).toMatchObject({ brought: 17, unfinished: [{ run: damaged }] })
    expect((await dump(origin))['vision/detector'].runs[damaged].metrics.acc).toHaveLength(lines + 2)

    await writeFile(broken, before)
    await writeFile(metric, `${whole}17000 0.5\n1700 1.5 4\n`)
    expect(await importFrom((onFault) => mlrunsSource(root, onFault), to)).toMatchObject({ faults: [], brought: 2, resumed: 1, there: 17 })
    expectEqual(await dump(origin), await dump(root))
    await writeFile(metric, whole)
  })
})

describe("an import from MLflow's SQLite file", () => {
  it('brings all of it, equal', { timeout: 240_000 }, async () => {
    const { origin, to } = await target()
    const report = await importFrom((onFault) => sqliteSource(join(folder, 'database', 'mlflow.db'), onFault), to)
    expect(report).toMatchObject({ faults: [], unfinished: [], brought: 19 })
    expectEqual(await dump(origin), await dump(`sqlite:///${folder}/database/mlflow.db`))
  })

  it('is no folder of runs itself, where its artifacts lie', async () => {
    const { to } = await target()
    const report = await importFrom((onFault) => mlrunsSource(join(folder, 'database', 'mlruns'), onFault), to)
    expect(report).toMatchObject({ faults: [], experiments: [] })
  })

  it('refuses what is no such file', async () => {
    const { to } = await target()
    const file = join(folder, 'other.db')
    await expect(importFrom((onFault) => sqliteSource(file, onFault), to)).rejects.toThrow('There is no file')
    await writeFile(file, 'no database at all, but text that is long enough to be one')
    await expect(importFrom((onFault) => sqliteSource(file, onFault), to)).rejects.toThrow('is no SQLite database')
  })
})
