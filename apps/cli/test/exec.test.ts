import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Setting, startSetting } from './tidegate.ts'

let cli: Setting
let repository: string
beforeAll(async () => {
  cli = await startSetting()
  repository = join(cli.folder, 'repository')
  await mkdir(repository)
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args], { cwd: repository, stdio: 'pipe' })
  git('init', '-q', '-b', 'sweep')
  git('remote', 'add', 'origin', 'https://ada:secret@example.org/forecast.git')
  await writeFile(join(repository, 'train.mjs'), "console.log('one')\n")
  git('add', '.')
  git('commit', '-qm', 'first')
  await writeFile(
    join(repository, 'train.mjs'),
    "console.log('one')\nconsole.error('WARNING: two')\nprocess.exit(Number(process.argv[2] ?? 0))\n",
  )
})
afterAll(() => cli.stop())

const exec = (...args: string[]) => cli.ask(['exec', ...args], { cwd: repository })
/** Resolves when a process says a text. */
const said = (child: ReturnType<Setting['start']>['child'], text: string) =>
  new Promise<void>((resolve) => {
    child.stdout!.on('data', (piece) => String(piece).includes(text) && resolve())
  })
const found = async (name: string) => {
  const { experiment } = await cli.platform.wire('GET', 'experiments/get-by-name', { experiment_name: 'executed' })
  const { runs } = await cli.platform.wire('POST', 'runs/search', {
    experiment_ids: [experiment.experiment_id],
    filter: `run_name = '${name}'`,
  })
  const [run] = runs
  const tags = Object.fromEntries(run.data.tags.map(({ key, value }: { key: string; value: string }) => [key, value]))
  return { id: run.info.run_id as string, status: run.info.status as string, tags }
}

it('runs a command as a run: its output, its end, its code, and what is not committed', async () => {
  const { code, out, err } = await exec('-e', 'executed', '-n', 'fine', '--tag', 'team=tides', '--', process.execPath, 'train.mjs')
  expect([code, out]).toEqual([0, 'one\n'])
  expect(err).toMatch(/^fine is at http.*\/runs\/[0-9a-f]{32}\nWARNING: two\n$/)
  const run = await found('fine')
  expect(run.status).toBe('FINISHED')
  expect(run.tags).toMatchObject({
    team: 'tides',
    'mlflow.source.name': 'train.mjs',
    'mlflow.source.git.branch': 'sweep',
    'mlflow.source.git.repoURL': 'https://example.org/forecast.git',
    'mlflow.source.git.commit': expect.stringMatching(/^[0-9a-f]{40}$/),
    'tidegate.command': `${process.execPath} train.mjs`,
  })
  const logged = await cli.lines('logs', run.id)
  expect(logged.map(({ source, level, text }) => [source, level, text]).sort()).toEqual([
    ['STDERR', 'WARNING', 'WARNING: two'],
    ['STDOUT', 'INFO', 'one'],
  ])
  expect((await cli.tidegate('logs', run.id, '--level', 'warning')).out).toBe('WARNING: two\n')
  expect((await cli.tidegate('logs', run.id, '--tail', '1', '--search', 'nowhere')).out).toBe('')
  await cli.tidegate('artifacts', 'cp', `run:${run.id}/code/uncommitted.patch`, join(cli.folder, 'p'))
  expect(execFileSync('cat', [join(cli.folder, 'p')], { encoding: 'utf8' })).toContain("+console.error('WARNING: two')")
})

it('ends as the command ended, and goes on with a run', async () => {
  const { code } = await exec('-e', 'executed', '-n', 'broken', '--', process.execPath, 'train.mjs', '7')
  expect(code).toBe(7)
  const run = await found('broken')
  expect(run.status).toBe('FAILED')
  expect((await cli.tidegate('logs', run.id)).out).toMatch(/node ended with 7\n$/)
  expect((await exec('--run', run.id, '--', process.execPath, 'train.mjs')).code).toBe(0)
  expect((await found('broken')).status).toBe('FINISHED')
  expect((await cli.tidegate('logs', run.id)).out.match(/^one$/gm)).toHaveLength(2)
})

it("hands MLflow's clients the server and the run", async () => {
  const script = 'console.log(process.env.MLFLOW_TRACKING_URI, process.env.MLFLOW_RUN_ID)'
  const { out } = await exec('-e', 'executed', '-n', 'environment', '--', process.execPath, '-e', script)
  expect(out).toBe(`${cli.platform.origin} ${(await found('environment')).id}\n`)
})

it('Ctrl-C ends the command, and the run is killed', async () => {
  const waits = cli.start([
    'exec',
    '-e',
    'executed',
    '-n',
    'long',
    '--',
    process.execPath,
    '-e',
    "console.log('begun'); setTimeout(() => {}, 60_000)",
  ])
  await said(waits.child, 'begun')
  waits.child.kill('SIGINT')
  const code = await new Promise((resolve) => waits.child.once('exit', resolve))
  expect(code).toBe(130)
  await sleep(100)
  expect((await found('long')).status).toBe('KILLED')
})

it('follows what is printed', async () => {
  const { run } = await cli.platform.wire('POST', 'runs/create', { experiment_id: '0', start_time: 1 })
  const print = (text: string) =>
    cli.platform.graphql('mutation ($i: AppendLogInput!) { appendLog(input: $i) { total } }', {
      i: { runId: run.info.run_id, entries: [{ text }] },
    })
  await print('first')
  const following = cli.start(['logs', run.info.run_id, '--follow'])
  await said(following.child, 'first\n')
  await print('second\u001b[31m in red\u001b[0m')
  await said(following.child, '\n')
  following.child.kill('SIGINT')
  expect((await following.ended).out).toBe('first\nsecond in red\n')
})

it.each([
  [['exec', '--', 'no-such-command'], 3, "There is no command 'no-such-command'"],
  [['exec', '--tag', 'x', '--', 'true'], 2, "--tag 'x' has no value"],
  [['exec', '--run', '0'.repeat(32), '-n', 'x', '--', 'true'], 2, 'leave out --experiment and --name'],
  [['exec', '--run', '0'.repeat(32), '--', 'true'], 3, 'not found'],
  [['logs', '0'.repeat(32)], 3, 'There is no run'],
  [['logs', '0'.repeat(32), '--level', 'loud'], 2, "--level is 'loud'"],
])('%j is refused', async (args, code, message) => {
  const ended = await cli.tidegate(...args)
  expect([ended.code, ended.err]).toEqual([code, expect.stringContaining(message)])
})
