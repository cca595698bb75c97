/** Imports from a real MLflow server, compared by what MLflow's own client then sees on both. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { connect } from '@tidegate/client'
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type MlflowServer, startMlflow } from '../../../../test/mlflow/server.ts'
import { mlflowPython } from '../../../../test/prerequisites.mjs'
import { importFrom, tidegate } from '../../src/transfer/import.ts'
import { mlflowSource } from '../../src/transfer/sources/mlflow.ts'
import { expectEqual } from './equal.ts'

const run = promisify(execFile)
const here = import.meta.dirname

let python: string
let folder: string
let mlflow: MlflowServer
let platform: Platform
let there: any

const dump = async (uri: string, ...more: string[]) =>
  JSON.parse((await run(python, [join(here, 'dump.py'), uri, ...more], { maxBuffer: 256 * 1024 * 1024 })).stdout)

beforeAll(async () => {
  python = mlflowPython()
  folder = await mkdtemp(join(tmpdir(), 'transfer-mlflow-'))
  ;[mlflow, platform] = await Promise.all([startMlflow(python, folder), startPlatform()])
  await run(python, [join(here, 'fill.py'), mlflow.url])
  there = await dump(mlflow.url)
}, 240_000)
afterAll(async () => {
  await mlflow?.stop()
  await platform?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

describe('an import from an MLflow server', () => {
  it('brings all of it, equal run by run, point by point, file by file', { timeout: 240_000 }, async () => {
    const report = await importFrom((onFault) => mlflowSource(mlflow.url, onFault), tidegate(connect({ url: platform.origin })))
    expect(report).toMatchObject({ faults: [], unfinished: [], held: [], there: 0 })
    expectEqual(await dump(platform.origin), there)
    expect(report).toMatchObject({ models: 3, heldModels: [], lostModelPoints: 0 })
    expect(report.brought).toBe(Object.values<any>(there).reduce((n, { runs }) => n + Object.keys(runs).length, 0))
  })

  it('brings models that load', { timeout: 120_000 }, async () => {
    const models = Object.values<any>(there).flatMap((experiment) => Object.entries<any>(experiment.models))
    const [echo] = models.find(([, model]) => model.info[0] === 'echo')!
    const code = `import mlflow, sys; mlflow.set_tracking_uri(sys.argv[1]); print(mlflow.pyfunc.load_model(sys.argv[2]).predict([1, 2]))`
    const { stdout } = await run(python, ['-c', code, platform.origin, `models:/${echo}`], {
      env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true' },
    })
    expect(stdout.trim()).toBe('[1, 2]')
  })

  it('brings nothing twice', async () => {
    const report = await importFrom((onFault) => mlflowSource(mlflow.url, onFault), tidegate(connect({ url: platform.origin })))
    expect(report).toMatchObject({ faults: [], unfinished: [], held: [], brought: 0, points: 0, files: 0, there: 19 })
  })
})
