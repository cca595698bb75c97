/**
 * What "works" means for an ArtifactStore: one check per promise of the contract, each on an empty store of its own. The
 * checks are plain functions that throw, so that they can be proved against broken stores (artifact-store.test.ts).
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, it } from 'vitest'
import type { ArtifactStore, Range } from '../src/index.ts'

export interface ArtifactStoreSuiteOptions {
  /** An empty store. `dir` is an empty folder for what it keeps on this machine, removed after the check. */
  create(dir: string): ArtifactStore | Promise<ArtifactStore>
}

/** Registers every check as a test: `artifactStoreSuite('local', { create: (dir) => localArtifacts({ root: dir }) })`. */
export function artifactStoreSuite(name: string, { create }: ArtifactStoreSuiteOptions): void {
  describe(`${name} keeps the contract of an artifact store`, () => {
    for (const [promise, check] of Object.entries(artifactStoreChecks)) {
      it(promise, { timeout: 60_000 }, async () => {
        const dir = await mkdtemp(join(tmpdir(), 'artifact-store-'))
        try {
          await check(await create(dir))
        } finally {
          await rm(dir, { recursive: true, force: true })
        }
      })
    }
  })
}

const MiB = 1024 * 1024

/** The promises, and what throws where one is not kept. */
export const artifactStoreChecks: Record<string, (store: ArtifactStore) => Promise<void>> = {
  async 'says what it is and what it holds'(store) {
    assert.equal(store.kind, 'artifact-store')
    assert.match(store.name, /^[a-z0-9-]+$/)
    assert.match(store.root, /^[a-z][a-z0-9+.-]*:\/\/.*[^/]$/, 'root is a URI without a slash at its end')
  },

  async 'gives back what was put'(store) {
    const bytes = randomBytes(300_000)
    await store.put('1/run/artifacts/model.bin', Readable.from([bytes.subarray(0, 7), bytes.subarray(7)]), { size: bytes.length })
    assert.deepEqual(await read(store, '1/run/artifacts/model.bin'), bytes)
    const file = await store.get('1/run/artifacts/model.bin')
    file!.body.destroy()
    assert.equal(file!.size, bytes.length)
    assert.deepEqual(await store.stat('1/run/artifacts/model.bin'), { size: bytes.length, version: file!.version })
  },

  async 'puts a body whose size is not known'(store) {
    await store.put('a', Readable.from([Buffer.from('in '), Buffer.from('parts')]))
    assert.equal(await text(store, 'a'), 'in parts')
  },

  async 'keeps an empty file'(store) {
    await store.put('empty', Readable.from([]), { size: 0 })
    assert.equal(await text(store, 'empty'), '')
    assert.equal((await store.stat('empty'))?.size, 0)
    assert.deepEqual(await store.list(''), [{ name: 'empty', size: 0 }])
  },

  async 'answers null for what is missing'(store) {
    await put(store, 'folder/file', 'x')
    for (const key of ['nothing', 'folder/nothing', 'folder/file/below', 'folder', 'folder/fil', 'FOLDER/other']) {
      assert.equal(await store.get(key), null, `get('${key}')`)
      assert.equal(await store.stat(key), null, `stat('${key}')`)
    }
  },

  async 'gives the bytes of a range, both ends included'(store) {
    await put(store, 'digits', '0123456789')
    const part = async (range: Range) => {
      const file = await store.get('digits', { range })
      assert.equal(file?.size, 10, 'size is that of the whole file')
      return Buffer.concat(await file.body.toArray()).toString()
    }
    assert.equal(await part({ start: 0, end: 0 }), '0')
    assert.equal(await part({ start: 2, end: 5 }), '2345')
    assert.equal(await part({ start: 9, end: 9 }), '9')
    assert.equal(await part({ start: 0, end: 9 }), '0123456789')
    assert.equal(await part({ start: 7, end: 1000 }), '789', 'what lies past the end is left out')
  },

  async 'overwrites, and says so by another version'(store) {
    await put(store, 'a', 'first')
    const first = await store.stat('a')
    await put(store, 'a', 'other')
    const other = await store.stat('a')
    assert.equal(await text(store, 'a'), 'other')
    assert.notEqual(other!.version, first!.version)
    assert.match(other!.version, /^[\x21\x23-\x7e]+$/, 'a version fits an ETag')
    assert.deepEqual(await store.stat('a'), other, 'a file that did not change keeps its version')
  },

  async 'lists one level, sorted'(store) {
    // Last the two whose order differs between UTF-8 and UTF-16.
    const names = ['B', 'a', 'a.txt', 'a2', 'b', 'z', 'ü', '\uFF5E', '😀']
    for (const name of [...names].reverse()) await put(store, `top/${name}`, name)
    await put(store, 'top/folder/deep/er', 'x')
    await put(store, 'top/folder/file', 'x')
    await put(store, 'topmost/file', 'x')
    const folder = { name: 'folder', size: null }
    const files = names.map((name) => ({ name, size: Buffer.byteLength(name) }))
    assert.deepEqual(await store.list('top'), [...files.slice(0, 5), folder, ...files.slice(5)])
    assert.deepEqual(await store.list('top/folder'), [
      { name: 'deep', size: null },
      { name: 'file', size: 1 },
    ])
    assert.deepEqual(await store.list(''), [
      { name: 'top', size: null },
      { name: 'topmost', size: null },
    ])
  },

  async 'lists nothing where there is no folder'(store) {
    assert.deepEqual(await store.list(''), [])
    assert.deepEqual(await store.list('nowhere/at all'), [])
    await put(store, 'file', 'x')
    assert.deepEqual(await store.list('file'), [])
    assert.deepEqual(await store.list('fil'), [])
  },

  async 'lists many'(store) {
    const names = Array.from({ length: 1100 }, (_, i) => String(i).padStart(4, '0'))
    for (let i = 0; i < names.length; i += 50) await Promise.all(names.slice(i, i + 50).map((name) => put(store, `many/${name}`, 'x')))
    assert.deepEqual(
      (await store.list('many')).map((entry) => entry.name),
      names,
    )
  },

  async 'deletes a file and nothing beside it'(store) {
    for (const key of ['a', 'ab', 'folder/file', 'folder/file2']) await put(store, key, key)
    await store.delete('a')
    await store.delete('folder/file')
    assert.equal(await store.stat('a'), null)
    assert.deepEqual(await store.list(''), [
      { name: 'ab', size: 2 },
      { name: 'folder', size: null },
    ])
    assert.deepEqual(await store.list('folder'), [{ name: 'file2', size: 12 }])
  },

  async 'deletes a folder with all that is in it'(store) {
    for (const key of ['run/a', 'run/b/c', 'run/b/d/e', 'run2/a']) await put(store, key, key)
    await store.delete('run')
    assert.deepEqual(await store.list('run'), [])
    assert.equal(await store.get('run/b/d/e'), null)
    assert.deepEqual(await store.list(''), [{ name: 'run2', size: null }])
  },

  async 'deletes nothing without complaint'(store) {
    await store.delete('nothing')
    await store.delete('nothing/at/all')
    await put(store, 'file', 'x')
    await store.delete('file/below')
    assert.equal(await text(store, 'file'), 'x')
  },

  async 'has no folder without a file'(store) {
    await put(store, 'folder/deep/file', 'x')
    await store.delete('folder/deep/file')
    assert.deepEqual(await store.list('folder'), [])
    assert.deepEqual(await store.list(''), [])
    await put(store, 'folder', 'a file now')
    assert.equal(await text(store, 'folder'), 'a file now')
  },

  async 'keeps odd names apart and as they are'(store) {
    const names = [
      'two words',
      ' ',
      'ü',
      'u\u0308',
      '100%',
      'a%20b',
      'a b',
      'a+b',
      '%2e%2e',
      '%2F',
      `"quoted" and 'so'`,
      '.hidden',
      '..two',
      '...',
      'ends.',
      '-rf',
      '~',
      '$HOME',
      'a;b&c=d?e',
      'back`tick',
      '<b>',
      '[x]{y}(z)*',
      '日本語',
      '👩‍👩‍👧',
      'x'.repeat(200),
      'é'.repeat(127),
      'file.partial',
      'CON',
      'a:b',
      'a|b',
      'line\nfeed',
    ]
    for (const name of names) await put(store, `odd/${name}/${name}`, name)
    for (const name of names) {
      assert.equal(await text(store, `odd/${name}/${name}`), name)
      assert.deepEqual(await store.list(`odd/${name}`), [{ name, size: Buffer.byteLength(name) }])
    }
    assert.deepEqual((await store.list('odd')).map((entry) => entry.name).sort(), [...names].sort())
    for (const name of names) await store.delete(`odd/${name}/${name}`)
    assert.deepEqual(await store.list('odd'), [])
  },

  async 'keeps deep keys'(store) {
    const key = Array.from({ length: 500 }, () => 'd').join('/')
    await put(store, key, 'deep')
    assert.equal(await text(store, key), 'deep')
  },

  async 'leaves nothing of a body that fails'(store) {
    await put(store, 'folder/kept', 'old')
    const broken = () =>
      Readable.from(
        (async function* () {
          yield Buffer.alloc(2 * MiB, 1)
          await turn()
          throw new Error('the line is cut')
        })(),
        { objectMode: false },
      )
    await assert.rejects(store.put('folder/kept', broken()))
    await assert.rejects(store.put('folder/new', broken(), { size: 4 * MiB }))
    await assert.rejects(store.put('fresh/folder/new', broken()))
    assert.equal(await text(store, 'folder/kept'), 'old')
    assert.equal(await store.stat('folder/new'), null)
    assert.deepEqual(await store.list('folder'), [{ name: 'kept', size: 3 }])
    assert.deepEqual(await store.list(''), [{ name: 'folder', size: null }])
  },

  async 'shows nothing of a body before its end'(store) {
    const body = new PassThrough()
    const done = store.put('slow/file', body)
    body.write(Buffer.alloc(MiB))
    await sleep(50)
    assert.equal(await store.get('slow/file'), null)
    assert.deepEqual(await store.list('slow'), [])
    assert.deepEqual(await store.list(''), [])
    body.end('end')
    await done
    assert.equal((await store.stat('slow/file'))?.size, MiB + 3)
  },

  async 'gives up a put when the signal says so'(store) {
    await put(store, 'kept', 'old')
    const stop = new AbortController()
    const body = new PassThrough()
    const done = assert.rejects(store.put('kept', body, { signal: stop.signal }))
    body.write(Buffer.alloc(MiB))
    await sleep(20)
    stop.abort()
    await done
    await assert.rejects(store.put('new', Readable.from([Buffer.from('late')]), { signal: AbortSignal.abort() }))
    assert.equal(await text(store, 'kept'), 'old')
    assert.deepEqual(await store.list(''), [{ name: 'kept', size: 3 }])
  },

  async 'gives up a get when the signal says so'(store) {
    await store.put('big', blocks(16))
    const stop = new AbortController()
    const file = await store.get('big', { signal: stop.signal })
    const ended = assert.rejects(async () => {
      for await (const _ of file!.body) stop.abort()
    })
    await ended
  },

  async 'keeps one whole file of many put at once'(store) {
    const size = 256 * 1024
    await put(store, 'contested', 'first')
    const writers = Array.from({ length: 12 }, (_, i) =>
      store.put('contested', Readable.from([Buffer.alloc(size / 2, i), Buffer.alloc(size / 2, i)])),
    )
    const readers = Array.from({ length: 12 }, async () => {
      const seen = await read(store, 'contested')
      assert.ok(seen.toString() === 'first' || (seen.length === size && seen.every((byte) => byte === seen[0])), 'a reader saw a mixture')
    })
    await Promise.all([...writers, ...readers])
    const last = await read(store, 'contested')
    assert.equal(last.length, size)
    assert.ok(
      last.every((byte) => byte === last[0]),
      'two files were mixed',
    )
    assert.deepEqual(await store.list(''), [{ name: 'contested', size }])
  },

  async 'puts into a folder while it is deleted from'(store) {
    for (let i = 0; i < 20; i++) {
      await put(store, 'folder/old', 'x')
      await Promise.all([store.delete('folder/old'), put(store, 'folder/new', 'y')])
      assert.equal(await text(store, 'folder/new'), 'y')
      await store.delete('folder')
    }
  },

  async 'goes on reading the version that was opened'(store) {
    await store.put('file', blocks(8))
    const file = await store.get('file')
    await put(store, 'file', 'new')
    let size = 0
    for await (const chunk of file!.body) size += (chunk as Buffer).length
    assert.equal(size, 8 * MiB)
  },

  async 'takes a large file in constant memory'(store) {
    const memory = await watchMemory()
    await store.put('large', blocks(largeFile, memory.look), { size: largeFile * MiB })
    memory.check('put')
    assert.equal((await store.stat('large'))?.size, largeFile * MiB)
  },

  async 'gives a large file in constant memory, also to a slow reader'(store) {
    await store.put('large', blocks(largeFile))
    const memory = await watchMemory()
    const file = await store.get('large')
    let size = 0
    for await (const chunk of file!.body as AsyncIterable<Buffer>) {
      if (size === 0) await sleep(200)
      if (chunk[0] !== (Math.floor(size / MiB) & 255)) assert.fail(`byte ${size} is wrong`)
      const before = Math.floor(size / MiB)
      size += chunk.length
      if (Math.floor(size / MiB / 16) > Math.floor(before / 16)) memory.look()
    }
    memory.check('get')
    assert.equal(size, largeFile * MiB)
  },

  async 'presigns one key for a while, where it can'(store) {
    if (!store.presign) return
    const to = await store.presign('folder/ü "x"', 'PUT', 60)
    assert.equal((await fetch(to, { method: 'PUT', body: 'directly' })).ok, true)
    assert.equal(await text(store, 'folder/ü "x"'), 'directly')
    const from = await store.presign('folder/ü "x"', 'GET', 60)
    assert.equal(await (await fetch(from)).text(), 'directly')
    const brief = await store.presign('folder/ü "x"', 'GET', 1)
    await sleep(2500)
    assert.equal((await fetch(brief)).ok, false)
  },
}

/** MiB of the large file, and how much of it may be in memory: object stores send parts of 5 MiB, several at once. */
const largeFile = 128
const memoryAllowed = 48

async function read(store: ArtifactStore, key: string): Promise<Buffer> {
  const file = await store.get(key)
  assert.ok(file, `'${key}' is missing`)
  return Buffer.concat(await file.body.toArray())
}

const text = async (store: ArtifactStore, key: string) => (await read(store, key)).toString()

const put = (store: ArtifactStore, key: string, content: string) =>
  store.put(key, Readable.from([Buffer.from(content)]), { size: Buffer.byteLength(content) })

/** So many MiB, each filled with its own number. */
function blocks(count: number, every16?: () => void): Readable {
  function* generate() {
    for (let i = 0; i < count; i++) {
      if (i % 16 === 15) every16?.()
      yield Buffer.alloc(MiB, i)
    }
  }
  return Readable.from(generate(), { objectMode: false })
}

/** Bytes in buffers beyond what there were at the start, looked at after a collection: what is held, not what is garbage. */
async function watchMemory() {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const held = () => {
    collect()
    // Buffers are freed by another thread, some time after the collection: the next one waits for it.
    collect()
    return process.memoryUsage().arrayBuffers
  }
  // What an earlier check held is let go in a later turn.
  let before = held()
  for (let last = Number.POSITIVE_INFINITY; before < last; ) {
    await sleep(50)
    last = before
    before = held()
  }
  let most = 0
  return {
    look() {
      most = Math.max(most, held() - before)
    },
    check(verb: string) {
      assert.ok(most < memoryAllowed * MiB, `${verb} of ${largeFile} MiB held ${Math.round(most / MiB)} MiB in memory`)
    },
  }
}
