/** Proof that the suite has teeth: each broken store fails the checks that name its fault. */
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { ArtifactStore } from '../src/index.ts'
import { artifactStoreChecks } from './artifact-store.ts'

/** Right in all but one thing: it holds everything in memory. */
function memoryArtifacts() {
  const files = new Map<string, { bytes: Buffer; version: string }>()
  let versions = 0
  const save = (key: string, bytes: Buffer) => files.set(key, { bytes, version: String(++versions) })
  const store: ArtifactStore = {
    kind: 'artifact-store',
    name: 'memory',
    root: 'memory://test',
    async put(key, body, { signal } = {}) {
      const chunks: Buffer[] = []
      const collect = new Writable({ write: (chunk, _, done) => void done(void chunks.push(chunk)) })
      await pipeline(body, collect, { signal })
      save(key, Buffer.concat(chunks))
    },
    async stat(key) {
      const file = files.get(key)
      return file ? { size: file.bytes.length, version: file.version } : null
    },
    async get(key, { range, signal } = {}) {
      const file = files.get(key)
      if (!file) return null
      const part = range ? file.bytes.subarray(range.start, range.end + 1) : file.bytes
      async function* slowly() {
        for (let at = 0; at < part.length; at += 65_536) {
          if (signal) await sleep(1, undefined, { signal })
          yield part.subarray(at, at + 65_536)
        }
      }
      return { size: file.bytes.length, version: file.version, body: Readable.from(slowly(), { objectMode: false }) }
    },
    async list(prefix) {
      const start = prefix && `${prefix}/`
      const found = new Map<string, number | null>()
      for (const [key, { bytes }] of files) {
        if (!key.startsWith(start)) continue
        const [name, ...rest] = key.slice(start.length).split('/')
        found.set(name!, rest.length ? null : bytes.length)
      }
      return [...found].map(([name, size]) => ({ name, size })).sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
    },
    async delete(prefix) {
      for (const key of files.keys()) if (key === prefix || key.startsWith(`${prefix}/`)) files.delete(key)
    },
  }
  return { store, files, save }
}

type Memory = ReturnType<typeof memoryArtifacts>
const right = memoryArtifacts().store
const flaw = (over: (memory: Memory) => Partial<ArtifactStore>) => () => {
  const memory = memoryArtifacts()
  return { ...memory.store, ...over({ ...memory, store: { ...memory.store } }) }
}

/** The fault, the store that has it, and the checks that must notice. */
const broken: Array<[string, () => ArtifactStore, string[]]> = [
  ['holds files in memory', () => memoryArtifacts().store, ['takes a large file in constant memory']],
  [
    'reads all of a file before the first byte is asked for',
    flaw(({ store }) => ({
      async get(key, options) {
        const file = await store.get(key, options)
        return file && { ...file, body: Readable.from([Buffer.concat(await file.body.toArray())]) }
      },
    })),
    ['gives a large file in constant memory, also to a slow reader'],
  ],
  [
    'keeps what it got of a body that failed',
    flaw(({ save }) => ({
      async put(key, body) {
        let bytes = Buffer.alloc(0)
        save(key, bytes)
        for await (const chunk of body) save(key, (bytes = Buffer.concat([bytes, chunk])))
      },
    })),
    ['leaves nothing of a body that fails', 'shows nothing of a body before its end'],
  ],
  [
    'deletes the old file before the new one is whole',
    flaw(({ store, files }) => ({
      put(key, body, options) {
        files.delete(key)
        return store.put(key, body, options)
      },
    })),
    ['leaves nothing of a body that fails', 'keeps one whole file of many put at once'],
  ],
  [
    'answers a missing file with an error',
    flaw(({ store }) => ({
      async get(key, options) {
        const file = await store.get(key, options)
        if (!file) throw new Error(`no '${key}'`)
        return file
      },
    })),
    ['answers null for what is missing'],
  ],
  [
    'lists all levels',
    flaw(({ files }) => ({
      async list(prefix) {
        const start = prefix && `${prefix}/`
        return [...files]
          .flatMap(([key, { bytes }]) => (key.startsWith(start) ? { name: key.slice(start.length), size: bytes.length } : []))
          .sort((a, b) => (a.name < b.name ? -1 : 1))
      },
    })),
    ['lists one level, sorted'],
  ],
  [
    'lists in another order',
    flaw(({ store }) => ({
      list: async (prefix) => (await store.list(prefix)).sort((a, b) => (a.name < b.name ? -1 : 1)),
    })),
    ['lists one level, sorted'],
  ],
  [
    'lists a page of a thousand',
    flaw(({ store }) => ({ list: async (prefix) => (await store.list(prefix)).slice(0, 1000) })),
    ['lists many'],
  ],
  [
    'lists what begins with the prefix',
    flaw(({ files }) => ({
      async list(prefix) {
        return [...files].flatMap(([key, { bytes }]) =>
          key.startsWith(prefix) ? { name: key.split('/').at(-1)!, size: bytes.length } : [],
        )
      },
    })),
    ['lists nothing where there is no folder'],
  ],
  [
    "takes a range's end as excluded",
    flaw(({ store }) => ({
      get: (key, { range, ...rest } = {}) => store.get(key, { ...rest, range: range && { start: range.start, end: range.end - 1 } }),
    })),
    ['gives the bytes of a range, both ends included'],
  ],
  [
    'ignores ranges',
    flaw(({ store }) => ({ get: (key, { range: _, ...rest } = {}) => store.get(key, rest) })),
    ['gives the bytes of a range, both ends included'],
  ],
  [
    'deletes files only',
    flaw(({ files }) => ({
      async delete(key) {
        files.delete(key)
      },
    })),
    ['deletes a folder with all that is in it'],
  ],
  [
    'deletes what begins with the prefix',
    flaw(({ files }) => ({
      async delete(prefix) {
        for (const key of files.keys()) if (key.startsWith(prefix)) files.delete(key)
      },
    })),
    ['deletes a file and nothing beside it', 'deletes a folder with all that is in it'],
  ],
  [
    'complains of a deletion of nothing',
    flaw(({ store, files }) => ({
      async delete(key) {
        if (![...files.keys()].some((each) => each.startsWith(key))) throw new Error(`no '${key}'`)
        return store.delete(key)
      },
    })),
    ['deletes nothing without complaint'],
  ],
  [
    'ignores the signal of a put',
    flaw(({ store }) => ({
      put: (key, body, { size } = {}) => Promise.race([store.put(key, body, { size }), sleep(500)]),
    })),
    ['gives up a put when the signal says so'],
  ],
  [
    'ignores the signal of a get',
    flaw(({ store }) => ({ get: (key, { range } = {}) => store.get(key, { range }) })),
    ['gives up a get when the signal says so'],
  ],
  [
    'decodes keys',
    flaw(({ store }) => ({
      put: (key, body, options) => store.put(unescape(key), body, options),
      get: (key, options) => store.get(unescape(key), options),
    })),
    ['keeps odd names apart and as they are'],
  ],
  [
    'makes names one Unicode form',
    flaw(({ store }) => ({
      put: (key, body, options) => store.put(key.normalize(), body, options),
      get: (key, options) => store.get(key.normalize(), options),
    })),
    ['keeps odd names apart and as they are'],
  ],
  [
    'versions by size',
    flaw(({ store }) => ({
      async stat(key) {
        const info = await store.stat(key)
        return info && { ...info, version: String(info.size) }
      },
    })),
    ['overwrites, and says so by another version'],
  ],
  [
    'presigns nonsense',
    flaw(() => ({ presign: async () => new URL('data:text/plain,nothing') })),
    ['presigns one key for a while, where it can'],
  ],
]

describe('the suite for artifact stores', () => {
  it('passes a right store, but for its memory', async () => {
    const failed: string[] = []
    for (const [promise, check] of Object.entries(artifactStoreChecks)) {
      await check(memoryArtifacts().store).catch((error: Error) => failed.push(`${promise}: ${error.message}`))
    }
    expect(failed).toEqual([expect.stringContaining('takes a large file in constant memory: put of 128 MiB held')])
    expect(right.presign).toBeUndefined()
  })

  for (const [fault, create, promises] of broken) {
    it(`fails a store that ${fault}`, async () => {
      for (const promise of promises) await expect(artifactStoreChecks[promise]!(create()), promise).rejects.toThrow()
    })
  }
})
