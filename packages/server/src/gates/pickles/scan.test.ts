/** What loading pickles would import, found in files that Python, NumPy, scikit-learn and joblib made, and in some that mean no good. */
import { execFileSync } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { deflateSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { mlflowPython } from '../../../../../test/prerequisites.mjs'
import { isSafe } from './imports.ts'
import { scan } from './scan.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-pickles-'))
  execFileSync(mlflowPython(), [join(import.meta.dirname, 'make.py'), folder], { stdio: ['ignore', 'inherit', 'inherit'] })
}, 120_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

async function look(name: string, { allowed = [], bytes = 2 ** 31 }: { allowed?: string[]; bytes?: number } = {}) {
  const path = join(folder, name)
  const { size } = await stat(path)
  const read = async (start: number, end: number) => (end > start ? createReadStream(path, { start, end: end - 1 }) : Readable.from([]))
  async function* files() {
    yield { path: name, size, read }
  }
  const { pickles, faults } = await scan(files(), allowed, { bytes, signal: new AbortController().signal })
  return { pickles, faults: faults.map(({ path, what }) => `${path}: ${what}`) }
}

it.each([
  ...[0, 1, 2, 3, 4, 5].map((protocol) => `plain-${protocol}.pkl`),
  ...['forest.pkl', 'forest.joblib', 'line.joblib.z', 'line.joblib.gz', 'weights.pt', 'packed.pth'],
])('%s only makes data', async (name) => {
  expect(await look(name)).toEqual({ pickles: 1, faults: [] })
})

it.each([
  ...[0, 1, 2, 3, 4, 5].map((protocol) => [`runs-${protocol}.pkl`, 'posix.system']),
  ['behind-arrays.joblib', 'posix.system'],
  ['in-array.joblib', 'builtins.eval'],
  ['second.pkl', 'posix.system'],
  ['inst.pkl', 'os.system'],
  ['obj.pkl', 'os.system'],
  ['through.pkl', 'sklearn.base.os.system'],
  ['legacy.pt', 'builtins.eval'],
  ['renamed.weights', 'posix.system'],
  ['two-ways.joblib', 'posix.system'],
  ['two-ways.pkl', 'posix.system'],
])('%s would run %s', async (name, what) => {
  expect((await look(name!)).faults).toEqual([`${name}: ${what}`])
})

it('what lies in a file of torch is named with its place in it', async () => {
  expect((await look('pytorch_model.bin')).faults).toEqual(['pytorch_model.bin/archive/data.pkl: posix.system'])
})

it.each([
  ['computed.pkl', 'what it imports is computed'],
  ['extension.pkl', 'only its program knows'],
  ['cut.pkl', 'it ends too soon'],
  ['line-bz2.joblib', 'packed by bzip2'],
  ['line-xz.joblib', 'packed by xz'],
  ['line-lzma.joblib', 'packed by lzma'],
])('%s is refused, because it can’t be followed', async (name, why) => {
  const { faults } = await look(name)
  expect(faults).toHaveLength(1)
  expect(faults[0]).toContain(why)
})

it('what was imported before the end that is missing is named beside it', async () => {
  expect((await look('cut-runs.pkl')).faults).toEqual([
    'cut-runs.pkl: posix.system',
    "cut-runs.pkl: it can't be followed: it ends too soon",
  ])
})

it('no more is read than is said, unpacked', async () => {
  expect((await look('forest.joblib', { bytes: 1_000 })).faults).toEqual([
    "forest.joblib: it can't be followed: there is more than is read",
  ])
  expect((await look('packed.pth', { bytes: 10 })).faults[0]).toContain('there is more than is read')
})

// joblib has no zstd of its own: whoever uses it packs what joblib wrote, as pandas does.
const zstd = async (name: string) => zstdCompressSync(await readFile(join(folder, name)))
const put = (name: string, ...parts: Buffer[]) => writeFile(join(folder, name), Buffer.concat(parts))

it('what zstd packed is followed as it comes, to its end', async () => {
  await put('line.pkl.zst', await zstd('line.joblib'))
  expect(await look('line.pkl.zst')).toEqual({ pickles: 1, faults: [] })
  await put('runs.joblib.zst', await zstd('runs.joblib'))
  expect((await look('runs.joblib.zst')).faults).toEqual(['runs.joblib.zst: posix.system'])
  const packed = await zstd('line.joblib')
  await put('cut.joblib.zst', packed.subarray(0, -9))
  expect((await look('cut.joblib.zst')).faults[0]).toContain("it can't be followed")
  // Node reads the first frame, and others read on.
  await put('frames.pkl.zst', await zstd('plain-2.pkl'), await zstd('runs-2.pkl'))
  expect((await look('frames.pkl.zst')).faults).toEqual([
    "frames.pkl.zst: it can't be followed: there is more behind the end of what is packed",
  ])
  await put('members.joblib.z', await readFile(join(folder, 'line.joblib.z')), deflateSync('more'))
  expect((await look('members.joblib.z')).faults).toHaveLength(1)
})

it('of a little that is packed of very much no more is unpacked than is read', async () => {
  const packed = await zstd('zeros.joblib')
  expect(packed.length).toBeLessThan(100_000)
  await put('zeros.joblib.zst', packed)
  expect((await look('zeros.joblib.zst', { bytes: 1_000_000 })).faults).toEqual([
    "zeros.joblib.zst: it can't be followed: there is more than is read",
  ])
  // A frame that asks for more memory than there is.
  await put('window.pkl.zst', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00]))
  expect((await look('window.pkl.zst')).faults[0]).toContain('requires too much memory')
})

it('what is no pickle is left alone', async () => {
  expect(await look('weights.bin')).toEqual({ pickles: 0, faults: [] })
  expect(await look('conda.yaml')).toEqual({ pickles: 0, faults: [] })
})

it('a gate allows what its models need', async () => {
  expect((await look('function.pkl')).faults).toEqual(
    ['function.pkl: sklearn.preprocessing._function_transformer.log1p'].map(() => expect.any(String)),
  )
  expect(
    (
      await look('function.pkl', {
        allowed: ['numpy.log1p', 'numpy._core._ufunc_reconstruct', 'numpy.core._ufunc_reconstruct', 'numpy._core._multiarray_umath.log1p'],
      })
    ).faults,
  ).toEqual([])
})

it('names are safe by whole libraries only where they are called as classes are', () => {
  const safe = (name: string) => isSafe(name, false, [])
  expect(
    ['sklearn.tree._classes.DecisionTreeClassifier', 'sklearn._loss._loss.__pyx_unpickle_CyHalfSquaredError', 'torch.float16'].map(safe),
  ).toEqual([true, true, true])
  expect(
    [
      'sklearn.datasets._openml.urlopen',
      'sklearn.utils.Popen',
      'sklearn.os.system',
      'builtins.getattr',
      'numpy.load',
      'torch.load',
      'sklearnx.A',
      'os.A',
    ].map(safe),
  ).toEqual(Array(8).fill(false))
  expect(isSafe('sklearn.base.Base.Other', true, [])).toBe(false)
  expect(isSafe('mylib.deep.f', false, ['mylib.**'])).toBe(true)
  expect(isSafe('mylib.deep.f', false, ['mylib.*'])).toBe(false)
})
