import { once } from 'node:events'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fill, type Setting, startSetting, still } from './tidegate.ts'

let cli: Setting
let run: string
beforeAll(async () => {
  cli = await startSetting()
  run = (await fill(cli.platform, 'files')).runs[0]!
  const here = join(cli.folder, 'here')
  await mkdir(join(here, 'sub folder'), { recursive: true })
  await writeFile(join(here, 'a.txt'), 'hello')
  await writeFile(join(here, 'sub folder', 'ü.bin'), Buffer.alloc(300_000, 7))
})
afterAll(() => cli.stop())

describe('artifacts', () => {
  it('are copied to a run with their folders, listed, and copied back equal', async () => {
    const planned = await cli.lines('artifacts', 'cp', 'here', `run:${run}/there`, '--dry-run')
    expect(still(planned)).toMatchInlineSnapshot(`
      [
        {
          "from": "here/a.txt",
          "size": 5,
          "to": "run:<run>/there/a.txt",
        },
        {
          "from": "here/sub folder/ü.bin",
          "size": 300000,
          "to": "run:<run>/there/sub folder/ü.bin",
        },
      ]
    `)
    expect((await cli.tidegate('artifacts', 'ls', `run:${run}`)).out).toBe('')
    expect(await cli.lines('artifacts', 'cp', 'here', `run:${run}/there`)).toEqual(planned)
    expect((await cli.tidegate('artifacts', 'ls', `run:${run}/there`)).out).toMatchInlineSnapshot(`
      "PATH               SIZE
      there/a.txt         5 B
      there/sub folder/
      "
    `)
    expect(await cli.lines('artifacts', 'ls', `run:${run}`, '--recursive')).toEqual([
      { path: 'there/a.txt', size: 5, isDirectory: false },
      { path: 'there/sub folder/ü.bin', size: 300_000, isDirectory: false },
    ])
    const back = await cli.lines('artifacts', 'cp', `run:${run}/there`, 'back')
    expect(back.map(({ to }) => to)).toEqual([join('back', 'a.txt'), join('back', 'sub folder', 'ü.bin')])
    for (const file of ['a.txt', 'sub folder/ü.bin']) {
      expect(await readFile(join(cli.folder, 'back', file))).toEqual(await readFile(join(cli.folder, 'here', file)))
    }
  })

  it('go into a folder where one is named, and by their own name', async () => {
    await cli.tidegate('artifacts', 'cp', 'here/a.txt', `run:${run}/`)
    expect((await cli.tidegate('artifacts', 'ls', `run:${run}/a.txt`, '--quiet')).out).toBe('a.txt\n')
    await cli.tidegate('artifacts', 'cp', `run:${run}/a.txt`, 'into/')
    expect(await readFile(join(cli.folder, 'into', 'a.txt'), 'utf8')).toBe('hello')
    await cli.tidegate('artifacts', 'cp', `run:${run}/a.txt`, 'renamed.txt')
    expect(await readFile(join(cli.folder, 'renamed.txt'), 'utf8')).toBe('hello')
  })

  it.each([
    ['a file that is not there', (id: string) => ['cp', `run:${id}/nope`, 'x'], 3],
    ['a run that is not there', () => ['ls', `run:${'0'.repeat(32)}`], 3],
    ['a file here that is not there', (id: string) => ['cp', 'nope', `run:${id}/x`], 3],
    ['a run without an id', () => ['ls', 'run:'], 2],
    ['two places here', () => ['cp', 'here', 'x'], 2],
    ['two places in runs', (id: string) => ['cp', `run:${id}/there`, `run:${id}/x`], 2],
    ['a folder onto a file', (id: string) => ['cp', `run:${id}/there`, 'here/a.txt'], 2],
  ])('are refused: %s', async (_, args, code) => {
    const ended = await cli.tidegate('artifacts', ...args(run))
    expect([ended.code, ended.out]).toEqual([code, ''])
    expect(ended.err).toMatch(/^tidegate: .*\n$/)
  })

  it('that are interrupted are not there, and are gone on with where they were', async () => {
    const content = Buffer.from(Array.from({ length: 2_000_000 }, (_, i) => i % 251))
    await writeFile(join(cli.folder, 'large.bin'), content)
    await cli.tidegate('artifacts', 'cp', 'large.bin', `run:${run}/large.bin`)
    // Lies between: lets a million bytes of a file through and then falls silent, until it is told to let all through.
    let most = 1_000_000
    const ranges: Array<string | undefined> = []
    const between = createServer((req, res) => {
      const onward = request(
        `${cli.platform.origin}${req.url}`,
        { method: req.method!, headers: { ...req.headers, host: '127.0.0.1' } },
        (answer) => {
          res.writeHead(answer.statusCode!, answer.headers)
          if (!req.url!.startsWith('/get-artifact') || req.method !== 'GET') return answer.pipe(res)
          ranges.push(req.headers.range)
          let sent = 0
          answer.on('data', (chunk: Buffer) => {
            res.write(chunk.subarray(0, Math.max(0, most - sent)))
            sent += chunk.length
          })
          answer.on('end', () => most === Number.POSITIVE_INFINITY && res.end())
        },
      )
      req.pipe(onward)
    })
    between.listen(0, '127.0.0.1')
    await once(between, 'listening')
    const server = `http://127.0.0.1:${(between.address() as AddressInfo).port}`
    const parts = async () => (await readdir(cli.folder)).filter((name) => name.startsWith('got.bin'))
    try {
      const args = ['artifacts', 'cp', `run:${run}/large.bin`, 'got.bin', '--server', server]
      const { child, ended } = cli.start(args)
      const sizeOf = async () => {
        const [part] = await parts()
        return part === undefined ? 0 : (await stat(join(cli.folder, part))).size
      }
      while ((await sizeOf()) < most) await new Promise((resolve) => setTimeout(resolve, 50))
      child.kill('SIGINT')
      expect((await ended).code).toBe(130)
      expect(await parts()).toEqual([expect.stringMatching(/^got\.bin\..*\.part$/)])
      most = Number.POSITIVE_INFINITY
      expect((await cli.tidegate(...args)).code).toBe(0)
      expect(ranges).toEqual([undefined, 'bytes=1000000-'])
      expect(await parts()).toEqual(['got.bin'])
      expect((await readFile(join(cli.folder, 'got.bin'))).equals(content)).toBe(true)
    } finally {
      between.closeAllConnections()
      between.close()
    }
  })
})
