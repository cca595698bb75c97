/** The pipelines of docs/ci.md: each of their commands runs as it stands there, and each file is one that its system reads. */
import { execFile } from 'node:child_process'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parse } from 'yaml'
import { type Json, main, type Setting, startSetting } from './tidegate.ts'

const page = await readFile(join(import.meta.dirname, '..', '..', '..', 'docs', 'ci.md'), 'utf8')
const block = (heading: string, kind: string): string => {
  const section = page.split(/^## /m).find((each) => each.replace(/^# /, '').startsWith(`${heading}\n`))
  return new RegExp(`^\`\`\`${kind}\\n(.*?)^\`\`\``, 'ms').exec(section ?? '')![1]!
}
/** What each system would give a shell, in its order. */
const github: Json = parse(block('GitHub Actions', 'yaml'))
const gitlab: Json = parse(block('GitLab CI', 'yaml'))
const pipelines: Array<[string, string[]]> = [
  ['the shell', [block('Gates in pipelines', 'sh')]],
  ['GitHub Actions', github.jobs.promote.steps.flatMap(({ run }: { run?: string }) => run ?? [])],
  ['GitLab CI', [gitlab.latency.script.join('\n'), gitlab.promote.script.join('\n')]],
  [
    'Jenkins',
    [...block('Jenkins', 'groovy').matchAll(/sh '([^']+)'/g)].map(([, text]) => text!).filter((text) => !text.includes('latency failed')),
  ],
]

let cli: Setting
beforeAll(async () => {
  cli = await startSetting()
  await cli.platform.wire('POST', 'registered-models/create', { name: 'load-forecaster' })
  await cli.platform.graphql(`mutation {
    setRegistryPolicy(input: { gates: [{ stage: "Production", approvals: 0, checks: ["latency"] }] }) { policy { stages } }
  }`)
  await mkdir(join(cli.folder, 'bin'))
  const program = async (path: string, text: string) => {
    await writeFile(path, `#!/bin/sh\n${text}\n`)
    await chmod(path, 0o755)
  }
  await program(join(cli.folder, 'bin', 'tidegate'), `exec "${process.execPath}" --disable-warning=ExperimentalWarning "${main}" "$@"`)
  await program(join(cli.folder, 'measure-latency'), 'exit 0')
  // What of jq the page uses.
  await program(
    join(cli.folder, 'bin', 'jq'),
    `exec "${process.execPath}" -e 'let t=""; process.stdin.on("data",d=>t+=d).on("end",()=>console.log(JSON.parse(t)[process.argv[2].slice(1)]))' -- "$@"`,
  )
})
afterAll(() => cli.stop())

it.each(pipelines)('%s brings a version into its stage', async (_, steps) => {
  const { model_version } = await cli.platform.wire('POST', 'model-versions/create', {
    name: 'load-forecaster',
    source: 's3://bucket/model',
  })
  const version = model_version.version as string
  const env = {
    ...cli.env,
    PATH: `${join(cli.folder, 'bin')}:${cli.env.PATH}`,
    ...{ VERSION: `load-forecaster/${version}`, CI_URL: 'https://ci.example.com/42' },
  }
  expect(steps.length).toBeGreaterThan(0)
  for (const step of steps) await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', step], { env, cwd: cli.folder })
  const found = await cli.platform.wire('GET', 'model-versions/get', { name: 'load-forecaster', version })
  expect(found.model_version.current_stage).toBe('Production')
})
