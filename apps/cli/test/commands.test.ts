import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcp, type Socket } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildCli } from '../build.mjs'
import { fill, main, type Setting, startSetting, still } from './tidegate.ts'

let cli: Setting
let runs: string[]
beforeAll(async () => {
  cli = await startSetting()
  runs = (await fill(cli.platform, 'mnist')).runs
})
afterAll(() => cli.stop())

const nobody = 'http://127.0.0.1:9'

describe('experiments', () => {
  it('are made, listed, shown, deleted and restored', async () => {
    const id = (await cli.tidegate('experiments', 'create', 'fresh one')).out.trim()
    expect(still(await cli.json('experiments', 'show', 'fresh one'))).toMatchInlineSnapshot(`
      {
        "artifactLocation": "mlflow-artifacts:/2",
        "createdAt": "<time>",
        "deletedAt": null,
        "id": "2",
        "liveCount": 0,
        "name": "fresh one",
        "runCount": 0,
        "tags": {},
        "updatedAt": "<time>",
      }
    `)
    expect((await cli.json('experiments', 'show', id)).name).toBe('fresh one')
    expect((await cli.tidegate('experiments', 'list', '--order', 'name ASC', '--quiet')).out.split('\n')).toContain(id)
    expect(await cli.json('experiments', 'rm', 'fresh one', '--dry-run')).toEqual({ id, name: 'fresh one', runs: 0, dryRun: true })
    expect((await cli.tidegate('experiments', 'rm', 'fresh one')).code).toBe(2)
    expect((await cli.tidegate('experiments', 'rm', 'fresh one', '--yes')).out).toBe("Deleted 'fresh one' with 0 runs.\n")
    expect((await cli.lines('experiments', 'list', '--deleted')).map((each) => each.id)).toEqual([id])
    expect((await cli.json('experiments', 'restore', 'fresh one')).deletedAt).toBeNull()
  })

  it('are told of in a table', async () => {
    const { out } = await cli.tidegate('experiments', 'list', '--filter', "name = 'mnist'")
    expect(out.replace(/\d{4}-.*Z/, '<time>')).toMatchInlineSnapshot(`
      "ID  NAME   RUNS  LIVE  CHANGED
       1  mnist     5     0  <time>
      "
    `)
  })
})

describe('login', () => {
  it('keeps servers and secrets in a file of its owner, and uses the one it is told', async () => {
    const env = { TIDEGATE_URL: '' }
    const { origin } = cli.platform
    const kept = await cli.ask(['login', origin, '--profile', 'team', '--token-stdin', '--json'], { env, input: 's3cret\n' })
    expect(still(JSON.parse(kept.out))).toMatchObject({ profile: 'team', url: '<server>', workspace: 'default' })
    expect(kept.out + kept.err).not.toContain('s3cret')
    expect((await stat(cli.env.TIDEGATE_CONFIG!)).mode & 0o777).toBe(0o600)
    await cli.ask(['login', origin, '--user', 'ada'], { env, input: 'pass' })
    const list = await cli.ask(['login', '--list', '--json'], { env })
    expect(
      list.out
        .trim()
        .split('\n')
        .map((line) => still(JSON.parse(line))),
    ).toMatchInlineSnapshot(`
      [
        {
          "auth": "token",
          "current": false,
          "name": "team",
          "url": "<server>",
          "user": null,
          "workspace": null,
        },
        {
          "auth": "password",
          "current": true,
          "name": "default",
          "url": "<server>",
          "user": "ada",
          "workspace": null,
        },
      ]
    `)
    expect((await cli.ask(['login', '--use', 'team'], { env })).code).toBe(0)
    const check = await cli.ask(['login', '--check', '--json'], { env })
    expect(JSON.parse(check.out)).toMatchObject({ url: origin, from: 'profile team', profile: 'team' })
    expect((await cli.ask(['login', '--remove', 'team'], { env })).code).toBe(0)
    expect((await cli.ask(['login', '--use', 'team'], { env })).code).toBe(2)
  })

  it('keeps nothing that does not work', async () => {
    const before = await readFile(cli.env.TIDEGATE_CONFIG!, 'utf8')
    expect((await cli.tidegate('login', nobody)).code).toBe(5)
    expect((await cli.tidegate('login', 'ftp://x')).code).toBe(2)
    expect(await readFile(cli.env.TIDEGATE_CONFIG!, 'utf8')).toBe(before)
  })

  it('sends who asks to the profile’s server and to no other', async () => {
    const heard: Array<string | undefined> = []
    const ear = createServer((req, res) => {
      heard.push(req.headers.authorization)
      res
        .writeHead(200, { 'content-type': 'application/json' })
        .end('{"data":{"server":{"version":"0"},"viewer":{"name":"x","workspace":{"name":"w"}}}}')
    })
    await new Promise<void>((resolve) => ear.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(ear.address() as { port: number }).port}`
    try {
      await cli.ask(['login', url, '--profile', 'ear', '--token-stdin'], { input: 'tok' })
      await cli.ask(['version', '--profile', 'ear'], {})
      await cli.ask(['version', '--server', url], { env: { MLFLOW_TRACKING_USERNAME: 'ada', MLFLOW_TRACKING_PASSWORD: 'b' } })
      await cli.ask(['version'], { env: { TIDEGATE_URL: '', MLFLOW_TRACKING_URI: url, MLFLOW_TRACKING_TOKEN: 'other' } })
      // The same machine under another name is another server.
      await cli.ask(['version', '--server', url.replace('127.0.0.1', 'localhost')], {})
      const basic = `Basic ${Buffer.from('ada:b').toString('base64')}`
      expect(heard).toEqual(['Bearer tok', 'Bearer tok', basic, 'Bearer other', undefined])
    } finally {
      ear.close()
    }
  })

  it('says which profiles there are, and where the file is damaged', async () => {
    const unknown = await cli.tidegate('experiments', 'list', '--profile', 'nope')
    expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining("There is no profile 'nope' (known: ")])
    const file = join(cli.folder, 'damaged.json')
    await writeFile(file, '{')
    const damaged = await cli.ask(['experiments', 'list'], { env: { TIDEGATE_CONFIG: file } })
    expect([damaged.code, damaged.err]).toEqual([1, expect.stringContaining('damaged.json is not a file of profiles')])
  })
})

describe('doctor', () => {
  it('finds all well, and leaves nothing behind', async () => {
    const { code, out } = await cli.tidegate('doctor', '--json')
    const { ok, checks } = JSON.parse(out)
    expect([code, ok, checks.map(({ name }: any) => name)]).toEqual([
      0,
      true,
      ['configuration', 'server', 'clock', 'access', 'version', 'database', 'latency', 'live', 'store'],
    ])
    expect(checks.filter(({ status, fix }: any) => (status === 'ok') !== (fix === null))).toEqual([])
    expect(await cli.lines('experiments', 'list', '--all', '--filter', "name LIKE 'tidegate-doctor%'")).toEqual([])
  })

  it('says what helps where the server is away', async () => {
    const { code, out } = await cli.tidegate('doctor', '--server', nobody)
    expect(code).toBe(5)
    expect(out).toMatch(/^fail {2}server .*\n\s+→ Start it \(pnpm start\), or name another/m)
  })

  it('warns of a file of secrets that others can read, and of two servers at once', async () => {
    const file = join(cli.folder, 'open.json')
    await writeFile(file, '{"profiles":{}}')
    await chmod(file, 0o644)
    const open = await cli.ask(['doctor', '--no-write'], { env: { TIDEGATE_CONFIG: file } })
    expect([open.code, open.out]).toEqual([0, expect.stringMatching(/^warn {2}configuration .*\n\s+→ chmod 600/)])
    const two = await cli.ask(['doctor', '--no-write'], { env: { MLFLOW_TRACKING_URI: nobody } })
    expect(two.out).toMatch(/^warn {2}configuration .* name different servers/)
  })
})

describe('gc', () => {
  it('says what it would free, and frees it', async () => {
    const { wire } = cli.platform
    await wire('POST', 'runs/delete', { run_id: runs[4] })
    expect((await cli.json('gc', '--dry-run')).freed).toMatchObject({ runs: 1, experiments: 0, measured: true })
    expect((await cli.json('gc', '--older-than', '1d', '--dry-run')).freed).toMatchObject({ runs: 0 })
    expect((await cli.tidegate('gc')).code).toBe(2)
    const freed = await cli.json('gc', '--yes', '--wait')
    expect({ ...freed, freed: Object.keys(freed.freed) }).toMatchInlineSnapshot(`
      {
        "dryRun": false,
        "freed": [
          "bytes",
          "rowBytes",
          "fileBytes",
          "files",
          "experiments",
          "runs",
          "models",
          "measured",
        ],
      }
    `)
    expect((await cli.tidegate('runs', 'show', runs[4]!)).code).toBe(3)
    expect((await cli.tidegate('gc', '--yes')).out).toBe('There is nothing to free.\n')
  })
})

describe('secrets', () => {
  it('are sealed with a new key, when one is sure', async () => {
    expect((await cli.tidegate('secrets', 'rotate')).code).toBe(2)
    const first = await cli.json('secrets', 'rotate', '--yes')
    expect(first).toEqual({ keyId: expect.stringMatching(/^\w{16}$/), sealed: 0 })
    const { out } = await cli.tidegate('secrets', 'rotate', '--yes')
    expect(out).toMatch(/^Sealed 0 secrets with the new key \w{16}\. Copy the server's file of keys again\.\n$/)
    expect(out).not.toContain(first.keyId)
  })
})

describe('open', () => {
  it('prints the address of a page that is there', async () => {
    const { origin } = cli.platform
    const { id } = await cli.json('experiments', 'show', 'mnist')
    expect((await cli.tidegate('open')).out).toBe(`${origin}\n`)
    expect((await cli.tidegate('open', 'mnist')).out).toBe(`${origin}/experiments/${id}\n`)
    expect(await cli.json('open', `run:${runs[0]}`, '--print')).toEqual({ url: `${origin}/runs/${runs[0]}` })
    expect((await cli.tidegate('open', 'no such')).code).toBe(3)
  })
})

describe('version', () => {
  it('tells both versions, and its own where the server is away', async () => {
    expect({ ...(await cli.json('version')), node: '<node>' }).toEqual({
      cli: '0.1.0',
      node: '<node>',
      server: { url: cli.platform.origin, version: '0.1.0', error: null },
    })
    expect(await cli.json('version', '--server', nobody)).toMatchObject({
      server: { version: null, error: expect.stringContaining('No answer') },
    })
  })
})

describe('the exit code', () => {
  it.each([
    ['0, done', ['experiments', 'list'], 0],
    ['1, failed: what is there already', ['experiments', 'create', 'mnist'], 1],
    ['2, wrong use: no such command', ['experiments', 'lst'], 2],
    ['2, wrong use: no such flag', ['runs', 'list', '--lmit', '3'], 2],
    ['2, wrong use: not a count', ['runs', 'list', '--limit', '0'], 2],
    ['2, wrong use: not an id', ['runs', 'show', 'xyz'], 2],
    ['3, not found', ['runs', 'show', '0'.repeat(32)], 3],
    ['3, not found: an experiment', ['runs', 'list', 'no such'], 3],
    ['4, refused', ['experiments', 'list', '--server', 'http://0.0.0.0:PORT'], 4],
    ['5, unreachable', ['experiments', 'list', '--server', nobody], 5],
  ])('is %s', async (_, args, code) => {
    const { port } = new URL(cli.platform.origin)
    const real = args.map((arg) => arg.replace('PORT', port))
    const people = await cli.tidegate(...real)
    expect(people.code).toBe(code)
    if (code === 0) return
    // One line, that ends as a sentence does.
    expect(people.err).toMatch(/^tidegate: [^\n]+[.?)`]\n$/)
    const script = await cli.tidegate(...real, '--json')
    expect([script.code, JSON.parse(script.err).error.exit, script.out]).toEqual([code, code, ''])
  })

  it('of help is 0 where it was asked for and 2 where nothing was said', async () => {
    const help = await cli.tidegate('runs', 'search', '--help')
    expect([help.code, help.err]).toEqual([0, ''])
    expect(help.out).toContain('Examples:\n  $ tidegate runs search')
    expect((await cli.tidegate('runs')).code).toBe(2)
    expect((await cli.tidegate()).code).toBe(2)
  })

  it('is 130 after Ctrl-C, also where the server says nothing', async () => {
    const silent = createTcp()
    const asked = once(silent, 'connection')
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const { child, ended } = cli.start(['experiments', 'list', '--server', `http://127.0.0.1:${port}`])
    const [socket] = (await asked) as [Socket]
    child.kill('SIGINT')
    expect(await ended).toMatchObject({ code: 130, out: '' })
    socket.destroy()
    silent.close()
  })

  it('is 0 when a reader has seen enough', async () => {
    const line = `"$0" --disable-warning=ExperimentalWarning "$1" runs export | head -n 1; exit "\${PIPESTATUS[0]}"`
    const { stdout, stderr } = await promisify(execFile)('bash', ['-c', line, process.execPath, main], { env: cli.env })
    expect([stdout.trim().split(',')[0], stderr]).toEqual(['id', ''])
  })
})

describe('every command', () => {
  it('has help with examples', async () => {
    const { buildProgram } = await import('../src/program.ts')
    const program = buildProgram(() => async () => {})
    const leaves = (command: typeof program): (typeof program)[] =>
      command.commands.length ? command.createHelp().visibleCommands(command).flatMap(leaves) : [command]
    const bare = leaves(program).filter((command) => {
      let help = ''
      command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp()
      return command.name() !== 'help' && !/Examples:\n {2}\$ tidegate /.test(help)
    })
    expect(bare.map((command) => command.name())).toEqual([])
  })
})

describe('the bundle', () => {
  it('is one file that plain Node runs, without stripping types', async () => {
    const file = await buildCli(join(cli.folder, 'bundle'))
    const args = ['--no-experimental-strip-types', file, 'doctor', '--no-write', '--quiet']
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { env: cli.env })
    expect([stdout, stderr]).toEqual(['', ''])
  })
})
