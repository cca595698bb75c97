/** The README's examples, type-checked and run as they stand. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, beforeAll, expect, it } from 'vitest'

const home = join(import.meta.dirname, '..')
const examples = [...readFileSync(join(home, 'README.md'), 'utf8').matchAll(/^```ts\n(.*?)^```/gms)].map((match) => match[1]!)
const run = promisify(execFile)

let platform: Platform
let folder: string

beforeAll(async () => {
  platform = await startPlatform()
  // Below the package, so that its own name leads to it.
  mkdirSync(join(home, '.cache'), { recursive: true })
  folder = mkdtempSync(join(home, '.cache', 'readme-'))
  for (const [i, example] of examples.entries()) writeFileSync(join(folder, `${i}.ts`), example)
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await platform.stop()
})

it('has examples', () => expect(examples.length).toBeGreaterThan(4))

it('has examples whose types are right', async () => {
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: '../../../../tsconfig.json', include: ['.'], exclude: [] }))
  const tsc = join(home, '..', '..', 'node_modules', 'typescript7', 'bin', 'tsc')
  const { stdout } = await run(process.execPath, [tsc, '-p', folder]).catch((error) => error)
  expect(stdout).toBe('')
})

it.each(
  examples.map((example, i) => [
    i,
    example
      .split('\n')
      .find((line) => /startRun\(|connect\(/.test(line))!
      .trim(),
  ]),
)('runs example %i: %s', async (i) => {
  const env = { ...process.env, TIDEGATE_URL: platform.origin }
  const { stdout, stderr } = await run(process.execPath, [join(folder, `${i}.ts`)], { cwd: folder, env, timeout: 20_000 })
  expect(stderr).toBe('')
  if (i === 0) expect(stdout).toContain(`Watch it: ${platform.origin}/runs/`)
  if (examples[i]!.includes('offline:')) expect(stdout).toContain('on a train sent 1000 []')
})

it('leaves what the examples say', async () => {
  const { experiment } = await platform.graphql('{ experiment(name: "mnist") { runCount liveCount } }')
  expect(experiment).toEqual({ runCount: 9, liveCount: 0 })
})
