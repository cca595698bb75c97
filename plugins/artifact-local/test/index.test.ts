import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { artifactStoreSuite } from '@tidegate/plugin/conformance'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { localArtifacts } from '../src/index.ts'

artifactStoreSuite('local', { create: (dir) => localArtifacts({ root: dir }) })

describe('local artifacts', () => {
  let dir: string
  const body = (text = 'x') => Readable.from([Buffer.from(text)])

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'artifact-local-'))
  })
  afterEach(() => rm(dir, { recursive: true, force: true }))

  it('are plain files, in a folder made on the first write', async () => {
    const root = join(dir, 'not yet', 'there')
    const store = localArtifacts({ root })
    expect(store.root).toBe(`file://${root}`)
    expect(await store.list('')).toEqual([])
    await store.put('1/ü/file.txt', body('plain'))
    expect(await readFile(join(root, '1', 'ü', 'file.txt'), 'utf8')).toBe('plain')
  })

  it('do not follow a symbolic link out of the root', async () => {
    const root = join(dir, 'root')
    const outside = join(dir, 'outside')
    const store = localArtifacts({ root })
    await store.put('run/file', body())
    await mkdir(outside)
    await writeFile(join(outside, 'secret'), 'secret')
    await symlink(outside, join(root, 'run', 'folder'))
    await symlink(join(outside, 'secret'), join(root, 'run', 'link'))
    await symlink(join(outside, 'nothing'), join(root, 'run', 'dangling'))

    expect(await store.list('run')).toEqual([{ name: 'file', size: 1 }])
    expect(await store.list('run/folder')).toEqual([])
    expect(await store.get('run/link')).toBeNull()
    expect(await store.stat('run/folder/secret')).toBeNull()
    await expect(store.put('run/folder/new', body())).rejects.toThrow('leads out of')
    await expect(store.put('run/folder/deeper/new', body())).rejects.toThrow('leads out of')
    await expect(store.put('run/dangling/new', body())).rejects.toThrow()
    await store.put('run/link', body('a file of its own'))
    await store.delete('run/folder/secret')
    await store.delete('run')
    expect(await readdir(outside)).toEqual(['secret'])
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('secret')
  })

  it('follow a symbolic link inside the root', async () => {
    const store = localArtifacts({ root: dir })
    await store.put('run/file', body('here'))
    await symlink('file', join(dir, 'run', 'link'))
    expect(await store.list('run')).toEqual([
      { name: 'file', size: 4 },
      { name: 'link', size: 4 },
    ])
  })

  it('may themselves be behind a symbolic link', async () => {
    await mkdir(join(dir, 'disk'))
    await symlink(join(dir, 'disk'), join(dir, 'root'))
    const store = localArtifacts({ root: join(dir, 'root') })
    await store.put('run/file', body())
    expect(await store.list('run')).toEqual([{ name: 'file', size: 1 }])
  })

  it('never show what a killed process left unfinished, and clear it away after an hour', async () => {
    const partials = join(dir, '.partial')
    await mkdir(partials)
    await writeFile(join(partials, 'abandoned'), 'half')
    await writeFile(join(partials, 'in progress'), 'half')
    const anHourAgo = new Date(Date.now() - 61 * 60 * 1000)
    await utimes(join(partials, 'abandoned'), anHourAgo, anHourAgo)
    const store = localArtifacts({ root: dir })
    expect(await store.list('')).toEqual([])
    await store.put('file', body())
    expect(await store.list('')).toEqual([{ name: 'file', size: 1 }])
    expect(await readdir(partials)).toEqual(['in progress'])
    await expect(store.put('.partial/in progress', body())).rejects.toThrow('no artifact can be there')
    await expect(store.delete('.PARTIAL')).rejects.toThrow('no artifact can be there')
  })
})
