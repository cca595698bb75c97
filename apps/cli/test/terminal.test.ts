/** On a terminal, made by `script`; and in a shell, whose Tab completes. */
import { spawn } from 'node:child_process'
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fill, main, type Setting, startSetting } from './tidegate.ts'

let cli: Setting
let bin: string
let runs: string[]
beforeAll(async () => {
  cli = await startSetting()
  runs = (await fill(cli.platform, 'my mnist')).runs
  bin = join(cli.folder, 'bin')
  await mkdir(bin)
  const tidegate = join(bin, 'tidegate')
  await writeFile(tidegate, `#!/bin/sh\nexec "${process.execPath}" --disable-warning=ExperimentalWarning "${main}" "$@"\n`)
  await chmod(tidegate, 0o755)
})
afterAll(() => cli.stop())

/** What a terminal of 80 columns shows of a command line. `typed`: what is typed, when what was shown so far matches. */
async function onTerminal(line: string, typed: Array<[after: RegExp, keys: string]> = [], env: Record<string, string> = {}) {
  const child = spawn('script', ['-qec', `stty cols 80; ${line}`, '/dev/null'], {
    env: { ...cli.env, PATH: `${bin}:${cli.env.PATH}`, TERM: 'xterm', ...env },
    cwd: cli.folder,
  })
  let shown = ''
  let seen = 0
  child.stdout.on('data', (chunk) => {
    shown += chunk
    const [next] = typed
    if (!next?.[0].test(shown.slice(seen))) return
    typed.shift()
    seen = shown.length
    child.stdin.write(next[1])
  })
  const [code, err] = await Promise.all([new Promise<number | null>((resolve) => child.once('close', resolve)), text(child.stderr)])
  return { code, shown: shown.replaceAll('\r\n', '\n'), err }
}

describe('a terminal', () => {
  it('has tables that fit it, in colour', async () => {
    const { shown } = await onTerminal('tidegate runs list "my mnist" -c "metrics.loss,params.lr,params.note to self"')
    const lines = stripVTControlCharacters(shown).trimEnd().split('\n')
    expect(lines).toHaveLength(6)
    expect(lines.filter((line) => line.length > 80)).toEqual([])
    expect(lines[1]).toContain('…')
    expect(shown).toContain('\u001b[32mFINISHED\u001b[39m')
  })

  it.each([
    ['NO_COLOR', 'tidegate runs list', { NO_COLOR: '1' }],
    ['--no-color', 'tidegate runs list --no-color', {}],
  ])('has no colours with %s', async (_, line, env) => {
    const { shown } = await onTerminal(line, [], env as Record<string, string>)
    expect(shown).toContain('FINISHED')
    expect(shown).not.toContain('\u001b[3')
  })

  it('is asked before something is deleted; anything but yes leaves it', async () => {
    const no = await onTerminal(`tidegate runs rm ${runs[0]}`, [[/\[y\/N\] /, 'n\r']])
    expect([no.code, no.shown]).toEqual([1, expect.stringContaining('Nothing was done.')])
    expect(await cli.lines('runs', 'list', 'my mnist')).toHaveLength(5)
    const yes = await onTerminal(`tidegate runs rm ${runs[0]}`, [[/\[y\/N\] /, 'y\r']])
    expect([yes.code, yes.shown]).toEqual([0, expect.stringContaining('Deleted cnn-0')])
    expect(await cli.lines('runs', 'list', 'my mnist')).toHaveLength(4)
  })

  it('is asked for a password, which it does not show', async () => {
    const { code, shown } = await onTerminal('tidegate login --user ada --profile typed', [[/Password: /, 'opensesame\r']])
    expect([code, shown]).toEqual([0, expect.stringContaining('Profile typed: ')])
    expect(shown).not.toContain('opensesame')
    expect(JSON.parse(await readFile(cli.env.TIDEGATE_CONFIG!, 'utf8')).profiles.typed).toMatchObject({
      user: 'ada',
      password: 'opensesame',
    })
  })

  it('shows how far a long copy is, and Ctrl-C ends it with 130 and nothing half done', async () => {
    await writeFile(join(cli.folder, 'big.bin'), Buffer.alloc(64_000_000, 1))
    const copied = await onTerminal(`tidegate artifacts cp big.bin run:${runs[1]}/big.bin`)
    expect([copied.code, stripVTControlCharacters(copied.shown)]).toEqual([0, expect.stringMatching(/\d+% {2}[\d.]+ \wB \/ 64.0 MB/)])
    const waiting = await onTerminal(`tidegate runs show ${runs[1]} --watch; tidegate runs list --watch`, [[/Watching/, '\u0003']])
    expect(waiting.code).toBe(130)
  })
})

/** What an interactive bash runs, of lines that are typed with Tab in them. */
async function typeInBash(...lines: string[]): Promise<string> {
  const rc = join(cli.folder, 'bashrc')
  const prompt = 'ready> '
  await writeFile(
    rc,
    `PS1='${prompt}'\nHISTFILE=\nbind 'set bell-style none'\nbind 'set enable-bracketed-paste off'\nsource <(tidegate completion bash)\n`,
  )
  const typed = [...lines, 'exit'].map((line): [RegExp, string] => [new RegExp(`${prompt}$`), line])
  const keys = typed.map(([after, line]): [RegExp, string] => [after, `${line}\r`])
  const { shown } = await onTerminal(`bash --noprofile --rcfile ${rc} -i`, keys, { TERM: 'dumb' })
  return shown
}

// A Tab is a process, and each waits for its answer.
describe('Tab in bash', { timeout: 120_000 }, () => {
  it('completes commands, flags and their choices', async () => {
    const shown = await typeInBash('tidegate exp\t sho\t "my mnist" --js\t', 'tidegate runs export --format=js\t --lim\t 1')
    expect(shown).toContain('"name": "my mnist"')
    expect(shown).toContain('"name":"cnn-4"')
  })

  it('completes names and ids from the server, with their spaces and colons', async () => {
    const id = runs[2]!
    const shown = await typeInBash(
      'tidegate experiments show my\t --quiet && echo found 1',
      'tidegate experiments show "my m\t --quiet && echo found 2',
      `tidegate open run:${id.slice(0, 12)}\t --print`,
      `tidegate runs list -e my\\ \t --limit 1 --quiet`,
      `tidegate runs show ${id.slice(0, 12)}\t --json`,
    )
    expect(shown).toMatch(/^found 1$/m)
    expect(shown).toMatch(/^found 2$/m)
    expect(shown).toContain(`\n${cli.platform.origin}/runs/${id}\n`)
    expect(shown).toContain(`\n${runs[4]}\n`)
    expect(shown).toContain(`"id": "${id}"`)
  })

  it('runs nothing of what the server calls something', async () => {
    await cli.platform.wire('POST', 'experiments/create', { name: `sly $(touch ${cli.folder}/one) \`touch ${cli.folder}/two\`` })
    const shown = await typeInBash(
      'tidegate experiments show "sly\t --quiet && echo found 7',
      "tidegate experiments show 'sly\t --quiet && echo found 8",
    )
    expect(shown).toMatch(/^found 7$/m)
    expect(shown).toMatch(/^found 8$/m)
    expect((await readdir(cli.folder)).filter((file) => file === 'one' || file === 'two')).toEqual([])
  })

  it('runs nothing of what is typed, and goes without names where the server is away', async () => {
    const shown = await typeInBash(
      // Ctrl-U throws the line away before it would run.
      'tidegate experiments show $(touch ran) my\t\u0015ls ran || echo untouched',
      `TIDEGATE_URL=http://127.0.0.1:9 tidegate vers\t --json`,
    )
    expect(shown).toMatch(/^untouched$/m)
    expect(shown).toMatch(/"cli": "/)
  })
})

describe('the scripts of zsh and fish', () => {
  it.each(['zsh', 'fish'])('are printed: %s', async (shell) => {
    const { code, out } = await cli.tidegate('completion', shell)
    expect([code, out]).toEqual([0, expect.stringContaining('tidegate complete -- ')])
  })
})
