/**
 * MLflow's own Python client, unmodified, against a real server: what its users call, area by area. Each script beside this file is one
 * process, and each function in it that is marked `@check` is a test here, whether or not it came to run.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { mlflowPython } from '../prerequisites.mjs'

const folder = import.meta.dirname
const scripts = (await readdir(folder)).filter((name) => name.endsWith('.py') && name !== 'checks.py').sort()
const areas = await Promise.all(
  scripts.map(async (script) => {
    const checks = (await readFile(join(folder, script), 'utf8')).matchAll(/^@check\ndef (\w+)\(\):$/gm)
    return { script, checks: [...checks].map(([, name]) => name!) }
  }),
)

interface Outcome {
  /** Of each check that came to run: its traceback, or null. */
  faults: Map<string, string | null>
  errors: string
}

/** Runs a script to its end, in a folder of its own. */
async function runScript(script: string, origin: string): Promise<Outcome> {
  const home = await mkdtemp(join(tmpdir(), 'tidegate-mlflow-'))
  const python = process.env.TIDEGATE_TEST_PYTHON ?? mlflowPython()
  const child = spawn(python, ['-B', join(folder, script)], {
    cwd: home,
    env: {
      PATH: process.env.PATH,
      HOME: home,
      TMPDIR: home,
      USER: 'tester',
      MLFLOW_TRACKING_URI: origin,
      MLFLOW_DISABLE_TELEMETRY: 'true',
      // A fault of the server must show, not be tried again until it goes away.
      MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0',
      // Which packages a model needs is found out by a process of its own that never asks the server: it may give up at once.
      MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT: '1',
      NO_PROXY: '*',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  child.stderr.on('data', (chunk) => (errors += chunk))
  const faults: Outcome['faults'] = new Map()
  for await (const line of createInterface(child.stdout)) {
    const { check, fault } = JSON.parse(line) as { check: string; fault: string | null }
    faults.set(check, fault)
  }
  await rm(home, { recursive: true, force: true })
  return { faults, errors }
}

let platform: Platform
const outcomes = new Map<string, Promise<Outcome>>()

beforeAll(async () => {
  platform = await startPlatform()
  // Side by side: a server has more than one client.
  for (const { script } of areas) outcomes.set(script, runScript(script, platform.origin))
  await Promise.all(outcomes.values())
}, 300_000)
afterAll(() => platform?.stop())

describe.each(areas)('$script', ({ script, checks }) => {
  it.each(checks.map((name) => [name.replaceAll('_', ' '), name]))('%s', async (_sentence, name) => {
    const { faults, errors } = await outcomes.get(script)!
    if (!faults.has(name)) throw new Error(`It did not come to run:\n${errors.slice(-3000)}`)
    const fault = faults.get(name)
    if (fault) throw new Error(fault)
  })
})
