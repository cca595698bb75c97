/** The command as people use it: the page's examples as they stand, and an import that is killed again and again. */
import { execFile } from 'node:child_process'
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type MlflowServer, startMlflow } from '../../../../test/mlflow/server.ts'
import { mlflowPython } from '../../../../test/prerequisites.mjs'
import { main, type Setting, startSetting } from '../tidegate.ts'
import { expectEqual } from './equal.ts'

const run = promisify(execFile)
const here = import.meta.dirname
const page = await readFile(join(here, '..', '..', '..', '..', 'docs', 'moving.md'), 'utf8')

let cli: Setting
let python: string
let mlflow: MlflowServer
const dump = async (uri: string) => JSON.parse((await run(python, [join(here, 'dump.py'), uri], { maxBuffer: 256 * 1024 * 1024 })).stdout)

beforeAll(async () => {
  python = mlflowPython()
  cli = await startSetting()
  const folder = join(cli.folder, 'server')
  await mkdir(folder)
  mlflow = await startMlflow(python, folder)
  await run(python, [join(here, 'fill.py'), mlflow.url])
}, 240_000)
afterAll(async () => {
  await mlflow?.stop()
  await cli?.stop()
})

describe('tidegate import', () => {
  it('is killed again and again, and ends with all of it, each thing once', { timeout: 240_000 }, async () => {
    let kills = 0
    for (let wait = 500; ; wait *= 1.5) {
      const { child, ended } = cli.start(['import', 'mlflow', mlflow.url, '--json'])
      const first = await Promise.race([ended, sleep(wait)])
      if (first) {
        expect(first).toMatchObject({ code: 0 })
        break
      }
      child.kill('SIGKILL')
      await ended
      kills++
    }
    expect(kills).toBeGreaterThan(0)
    expectEqual(await dump(cli.platform.origin), await dump(mlflow.url))
    expect(await cli.json('import', 'mlflow', mlflow.url)).toMatchObject({ brought: 0, there: 19, faults: [], unfinished: [] })
    expect(await cli.json('import', 'mlflow', mlflow.url, '--dry-run')).toMatchObject({ dryRun: true, brought: 0, there: 19 })
  })

  it('says what is wrong with a place that holds nothing', async () => {
    const { code, err } = await cli.tidegate('import', 'mlruns', join(cli.folder, 'nowhere'))
    expect([code, err]).toEqual([1, expect.stringContaining('There is no folder')])
  })
})

describe('docs/moving.md', () => {
  it('has examples that work', { timeout: 240_000 }, async () => {
    const bin = join(cli.folder, 'bin')
    await mkdir(bin)
    await writeFile(join(bin, 'tidegate'), `#!/bin/sh\nexec "${process.execPath}" --disable-warning=ExperimentalWarning "${main}" "$@"\n`)
    await chmod(join(bin, 'tidegate'), 0o755)
    const others = mlflowPython(join(here, 'requirements.txt'))
    const { platform, folder } = cli
    await platform.wire('POST', 'experiments/create', { name: 'mnist' })
    await run(python, [join(here, 'fill.py'), join(folder, 'mlruns')], { cwd: folder })
    await run('cp', ['-r', join(folder, 'server', 'mlflow.db'), folder])
    await run('cp', ['-r', join(folder, 'server', 'artifacts'), join(folder, 'mlartifacts')])
    await run(others, [join(here, 'event_files.py'), join(folder, 'logs')])
    await run(others, [join(here, 'wandb_runs.py'), folder], { cwd: folder, env: { ...process.env, WANDB_ERROR_REPORTING: 'false' } })
    await run(python, [join(here, 'neptune.py'), join(folder, 'exports')])
    const examples = [...page.matchAll(/^```sh\n(.*?)^```/gms)].map(([, text]) => text!)
    expect(examples).toHaveLength(4)
    for (const text of examples) {
      const env = { ...cli.env, PATH: `${bin}:${cli.env.PATH}`, MLFLOW: mlflow.url }
      await run('bash', ['-euo', 'pipefail', '-c', text], { env, cwd: folder })
    }
    expect(JSON.parse(await readFile(join(folder, 'everything', 'manifest.json'), 'utf8'))).toMatchObject({
      format: 'tidegate-export',
      version: 1,
    })
    await rm(join(folder, 'everything'), { recursive: true })
  })
})
