/** The page of the command line: its examples, run as they stand; its tables, held against the program. */
import { execFile } from 'node:child_process'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { exit } from '../src/exit.ts'
import { buildProgram } from '../src/program.ts'
import { fill, main, type Setting, startSetting } from './tidegate.ts'

const page = await readFile(join(import.meta.dirname, '..', '..', '..', 'docs', 'cli.md'), 'utf8')
const examples = page.split(/^## /m).flatMap((section) => {
  const [heading] = section.split('\n')
  return [...section.matchAll(/^```sh\n(.*?)^```/gms)].map(([, text]): [string, string] => [heading!.replace(/^# /, ''), text!])
})

let cli: Setting
beforeAll(async () => {
  cli = await startSetting()
  await fill(cli.platform, 'mnist')
  const bin = join(cli.folder, 'bin')
  await mkdir(bin)
  await writeFile(join(bin, 'tidegate'), `#!/bin/sh\nexec "${process.execPath}" --disable-warning=ExperimentalWarning "${main}" "$@"\n`)
  await chmod(join(bin, 'tidegate'), 0o755)
})
afterAll(() => cli.stop())

it('has examples', () => expect(examples.length).toBeGreaterThan(5))

it.each(examples)(
  'has examples that work: %s',
  async (_, text) => {
    const env = { ...cli.env, PATH: `${join(cli.folder, 'bin')}:${cli.env.PATH}`, TOKEN: 'tok' }
    await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', text], { env, cwd: cli.folder })
  },
  60_000,
)

it('leaves what the examples say', async () => {
  expect(await cli.lines('login', '--list')).toMatchObject([{ name: 'default' }, { name: 'team', current: true }])
  expect(await cli.lines('runs', 'list', 'mnist')).toHaveLength(6)
  expect(await readFile(join(cli.folder, 'copy-of-plots', 'curve.csv'), 'utf8')).toBe('x,y\n')
  expect((await readFile(join(cli.folder, 'runs.csv'), 'utf8')).split('\r\n')[0]).toMatch(/,metrics\.loss,params\.lr$/)
})

it('names every command and every exit code', () => {
  const names = buildProgram(() => async () => {})
    .createHelp()
    .visibleCommands(buildProgram(() => async () => {}))
    .map((command) => command.name())
    .filter((name) => name !== 'help')
  const table = page.slice(page.indexOf('| command | does |'), page.indexOf('`--help` of each'))
  expect(names.filter((name) => !new RegExp(`\`${name}[ \`]`).test(table))).toEqual([])
  expect(Object.values(exit).filter((code) => !page.includes(`\n| ${code} |`))).toEqual([])
})
