/** `tidegate` as a user has it: a process of its own, on a platform of the test's, with a file of profiles of its own. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type Platform, startPlatform } from '@tidegate/test'

/** What a program said, as a test knows it. */
// biome-ignore lint/suspicious/noExplicitAny: a test says what it expects
export type Json = any

export interface Ended {
  /** Of a process that a signal ended: null. */
  code: number | null
  out: string
  err: string
}

export interface Asking {
  env?: Record<string, string>
  input?: string
  cwd?: string
}

export interface Setting {
  platform: Platform
  /** A folder for whatever a test writes. */
  folder: string
  env: Record<string, string>
  start(args: string[], asking?: Asking): { child: ReturnType<typeof spawn>; ended: Promise<Ended> }
  tidegate(...args: string[]): Promise<Ended>
  ask(args: string[], asking: Asking): Promise<Ended>
  /** Its document. Throws where the command fails. */
  json(...args: string[]): Promise<Json>
  /** Its lines of JSON. */
  lines(...args: string[]): Promise<Json[]>
  stop(): Promise<void>
}

export const main = join(import.meta.dirname, '..', 'main.ts')

export async function startSetting(): Promise<Setting> {
  const platform = await startPlatform()
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-cli-'))
  const { PATH = '' } = process.env
  // Nothing of whoever runs the tests: no server of theirs, no profile.
  const env = { PATH, HOME: folder, TIDEGATE_CONFIG: join(folder, 'config', 'config.json'), TIDEGATE_URL: platform.origin }

  const start = (args: string[], { env: more = {}, input, cwd = folder }: Asking = {}) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], { cwd, env: { ...env, ...more } })
    child.stdin.end(input ?? '')
    const code = new Promise<number | null>((resolve) => child.once('close', resolve))
    const ended = Promise.all([code, text(child.stdout), text(child.stderr)]).then(([code, out, err]) => ({ code, out, err }))
    return { child, ended }
  }
  const done = async (args: string[]) => {
    const { code, out, err } = await start(args).ended
    if (code !== 0) throw new Error(`tidegate ${args.join(' ')} ended with ${code}: ${err}`)
    return out
  }
  return {
    platform,
    folder,
    env,
    start,
    tidegate: (...args) => start(args).ended,
    ask: (args, asking) => start(args, asking).ended,
    json: async (...args) => JSON.parse(await done([...args, '--json'])),
    lines: async (...args) =>
      (await done([...args, '--json']))
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    async stop() {
      await platform.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Five runs in an experiment: losses 1, 1/2, 1/3, NaN, 1/5; the third FAILED. Ids, oldest first. */
export async function fill({ wire }: Platform, name: string): Promise<{ experiment: string; runs: string[] }> {
  const { experiment_id } = await wire('POST', 'experiments/create', { name })
  const runs: string[] = []
  for (let i = 0; i < 5; i++) {
    const start_time = 1_700_000_000_000 + i * 1000
    const { run } = await wire('POST', 'runs/create', { experiment_id, run_name: `cnn-${i}`, start_time, user_id: 'ada' })
    const { run_id } = run.info
    await wire('POST', 'runs/log-batch', {
      run_id,
      params: [
        { key: 'lr', value: String(i / 4) },
        { key: 'note to self', value: 'a, "b"\nc' },
      ],
      metrics: [{ key: 'loss', value: i === 3 ? 'NaN' : 1 / (i + 1), timestamp: start_time, step: 7 }],
      tags: [{ key: 'team', value: 'vision' }],
    })
    await wire('POST', 'runs/update', { run_id, status: i === 2 ? 'FAILED' : 'FINISHED', end_time: start_time + 90_000 })
    runs.push(run_id)
  }
  return { experiment: experiment_id, runs }
}

/** Ids, times and addresses differ from run to run: what is left is the shape. */
export const still = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, each) => {
      if (/^(createdAt|updatedAt|deletedAt|expiresAt)$/.test(key) && each !== null) return '<time>'
      if (typeof each !== 'string') return each
      return each
        .replace(/[0-9a-f]{32}/g, '<run>')
        .replace(/http:\/\/127\.0\.0\.1:\d+/g, '<server>')
        .replace(/\/\S*tidegate-cli-\w+/g, '<folder>')
    }),
  )
