/** Files of runs: sent from folders and streams, read in parts, and saved, whatever the connection does. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Platform, startPlatform } from '@tidegate/test'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Client, connect, type Run, startRun } from '../src/index.ts'
import { startProxy, type TroubledProxy } from './proxy.ts'

let platform: Platform
let proxy: TroubledProxy
let folder: string
let run: Run
let client: Client
/** By a connection that is troubled. */
let troubled: Client

const large = new Uint8Array(5_000_000).map((_, i) => (i * 31) >> 3)
const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

beforeAll(async () => {
  platform = await startPlatform()
  proxy = await startProxy(platform.origin)
  folder = mkdtempSync(join(tmpdir(), 'tidegate-files-'))
  run = await startRun('files', { url: platform.origin })
  client = connect({ url: platform.origin })
  troubled = connect({ url: proxy.origin })
  await run.logArtifact('large.bin', large)
})
afterEach(() => {
  proxy.trouble = () => undefined
})
afterAll(async () => {
  await run.finish()
  await proxy.close()
  await platform.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function all<T>(from: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const each of from) found.push(each)
  return found
}

/** The first so many downloads are cut in the middle of what is left. */
function cutDownloads(count: number): () => number {
  let cut = 0
  proxy.trouble = (path) => (path.startsWith('/get-artifact') && cut < count && cut++ < count ? 'half' : undefined)
  return () => cut
}

describe('files that are sent', () => {
  it('are a folder as it is, with its folders, and told of as they go', async () => {
    const from = join(folder, 'out')
    mkdirSync(join(from, 'plots', 'deep'), { recursive: true })
    writeFileSync(join(from, 'größe 1.txt'), 'schön')
    writeFileSync(join(from, 'plots', 'deep', 'a.svg'), '<svg/>')
    for (let i = 0; i < 20; i++) writeFileSync(join(from, 'plots', `${i}.txt`), String(i))
    symlinkSync(join(from, 'größe 1.txt'), join(from, 'link.txt'))
    const told: Array<[number, number | undefined]> = []
    await run.logArtifacts('sent', { folder: from }, { onProgress: (done, total) => told.push([done, total]) })
    expect(told).toEqual(Array.from({ length: 23 }, (_, i) => [i + 1, 23]))
    const paths = (await all(client.files(run.id, 'sent'))).map(({ path }) => path)
    expect(paths.sort()).toEqual(
      [...Array.from({ length: 20 }, (_, i) => `sent/plots/${i}.txt`), 'sent/größe 1.txt', 'sent/link.txt', 'sent/plots/deep/a.svg'].sort(),
    )
    expect(await (await client.download(run.id, 'sent/link.txt')).text()).toBe('schön')
  })

  it('are streams that are opened again where they must be sent again, and progress is of bytes', async () => {
    let opened = 0
    let trouble = 2
    // Of the file alone: what else the client asks meanwhile is left in peace.
    proxy.trouble = (path) => (path.includes('streamed.bin') && trouble-- > 0 ? 'drop' : undefined)
    const content = () => {
      opened++
      return new Blob([large]).stream()
    }
    const other = await startRun({ parent: run, url: proxy.origin })
    const told: number[] = []
    await other.logArtifact('streamed.bin', content, { onProgress: (done) => told.push(done) })
    await other.finish()
    expect(opened).toBe(3)
    expect(told.filter((done) => done === large.length)).toHaveLength(3)
    expect(hash(await (await client.download(other.id, 'streamed.bin')).bytes())).toBe(hash(large))
  })

  it('of which one fails are sent all but that one', async () => {
    const files = { 'a.txt': 'a', '../b.txt': 'b', 'c.txt': { file: join(folder, 'absent') }, 'd.txt': 'd' }
    await expect(run.logArtifacts('some', files)).rejects.toThrow()
    expect((await all(client.files(run.id, 'some'))).map(({ path }) => path)).toEqual(['some/a.txt', 'some/d.txt'])
  })

  it('can be given up', async () => {
    const enough = new AbortController()
    const sending = run.logArtifact('given up', { file: join(folder, 'out', 'größe 1.txt') }, { signal: enough.signal })
    enough.abort(new Error('enough'))
    await expect(sending).rejects.toThrow('enough')
  })
})

describe('a file that is read', () => {
  it('may be text, bytes, a stream, or some of its bytes', async () => {
    await run.logArtifact('note.md', '# größe')
    await run.logArtifact('empty', '')
    expect(await (await client.download(run.id, 'note.md')).text()).toBe('# größe')
    expect(await (await client.download(run.id, 'empty')).text()).toBe('')
    const told: Array<[number, number]> = []
    const part = await client.download(run.id, 'large.bin', { start: 1_000_000, end: 2_999_999, onProgress: (...done) => told.push(done) })
    expect(part.size).toBe(large.length)
    expect(hash(await part.bytes())).toBe(hash(large.subarray(1_000_000, 3_000_000)))
    expect(told.at(-1)).toEqual([2_000_000, 2_000_000])
    expect(await (await client.download(run.id, 'large.bin', { start: large.length - 3 })).bytes()).toEqual(large.slice(-3))
  })

  it('is not there, is a folder, or has no such bytes: each is said', async () => {
    await expect(client.download(run.id, 'absent')).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST', status: 404 })
    await expect(client.download(run.id, 'sent')).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE', status: 400 })
    await expect(client.download(run.id, 'note.md', { start: 99 })).rejects.toMatchObject({
      code: 'INVALID_PARAMETER_VALUE',
      field: 'start',
      message: 'The file has 9 bytes: there is nothing from 99 on.',
    })
    await expect(client.download(run.id, '../note.md')).rejects.toMatchObject({ status: 400 })
  })

  it('goes on where it was when its connection is cut, again and again', async () => {
    const cut = cutDownloads(5)
    const { stream } = await troubled.download(run.id, 'large.bin')
    expect(hash(new Uint8Array(await new Response(stream).arrayBuffer()))).toBe(hash(large))
    expect(cut()).toBe(5)
  })

  it('is an error and no mixture where it was replaced meanwhile', async () => {
    const other = await startRun({ parent: run })
    await other.logArtifact('changing.bin', large)
    cutDownloads(1)
    const { stream } = await troubled.download(other.id, 'changing.bin')
    const reader = stream.getReader()
    await reader.read()
    await other.logArtifact('changing.bin', large.slice().reverse())
    const rest = (async () => {
      while (!(await reader.read()).done);
    })()
    await expect(rest).rejects.toMatchObject({
      code: 'RESOURCE_CONFLICT',
      message: 'The file changing.bin was replaced while it was read. Read it again.',
    })
    await other.finish()
  })

  it('can be left, and given up', async () => {
    const { stream } = await client.download(run.id, 'large.bin')
    for await (const chunk of stream) {
      expect(chunk.length).toBeGreaterThan(0)
      break
    }
    const enough = new AbortController()
    const left = await client.download(run.id, 'large.bin', { signal: enough.signal })
    enough.abort(new Error('enough'))
    await expect(left.bytes()).rejects.toThrow('enough')
  })
})

describe('files that are saved', () => {
  it('are one, a folder of them, or all', async () => {
    const to = join(folder, 'saved')
    expect(await client.save(run.id, 'note.md', join(to, 'here.md'))).toEqual([join(to, 'here.md')])
    expect(readFileSync(join(to, 'here.md'), 'utf8')).toBe('# größe')
    const told: Array<[number, number | undefined]> = []
    await client.save(run.id, 'sent/plots', join(to, 'plots'), { onProgress: (...done) => told.push(done) })
    expect(readdirSync(join(to, 'plots')).sort()).toEqual([...Array.from({ length: 20 }, (_, i) => `${i}.txt`), 'deep'].sort())
    expect(told.at(-1)).toEqual([36, 36])
    await client.save(run.id, '', join(to, 'all'))
    expect(hash(readFileSync(join(to, 'all', 'large.bin')))).toBe(hash(large))
    expect(readFileSync(join(to, 'all', 'sent', 'plots', 'deep', 'a.svg'), 'utf8')).toBe('<svg/>')
    expect(readFileSync(join(to, 'all', 'empty'), 'utf8')).toBe('')
    await expect(client.save(run.id, 'absent', join(to, 'absent'))).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' })
    expect(existsSync(join(to, 'absent'))).toBe(false)
  })

  it('are gone on with where a process was killed, if they are the same still', async () => {
    const to = join(folder, 'halves')
    const file = join(to, 'large.bin')
    const enough = new AbortController()
    const first = client.save(run.id, 'large.bin', file, {
      signal: enough.signal,
      onProgress: (done) => done > 1_000_000 && enough.abort(new Error('killed')),
    })
    await expect(first).rejects.toThrow('killed')
    expect(existsSync(file)).toBe(false)
    const half = readdirSync(to).filter((name) => name.endsWith('.part'))
    expect(half).toHaveLength(1)
    const told: number[] = []
    await client.save(run.id, 'large.bin', file, { onProgress: (done) => told.push(done) })
    expect(told[0]).toBe(readFileSync(file).length - (told.at(-1)! - told[0]!))
    expect(told[0]).toBeGreaterThan(0)
    expect(hash(readFileSync(file))).toBe(hash(large))
    expect(readdirSync(to)).toEqual(['large.bin'])

    // Half of another version is no use.
    writeFileSync(`${file}.0000.part`, 'of another')
    await client.save(run.id, 'large.bin', file)
    expect(hash(readFileSync(file))).toBe(hash(large))
    expect(readdirSync(to)).toEqual(['large.bin'])
  })

  it('are whole although the connection is cut again and again', async () => {
    const cut = cutDownloads(6)
    await troubled.save(run.id, 'large.bin', join(folder, 'cut.bin'))
    expect(cut()).toBe(6)
    expect(hash(readFileSync(join(folder, 'cut.bin')))).toBe(hash(large))
  })
})
