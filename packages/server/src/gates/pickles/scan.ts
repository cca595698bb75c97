/**
 * The pickles among the files of a version, and what loading each would import. Always true: nothing is loaded and nothing is run; a file
 * that may be a pickle and can't be followed to its end is a fault. It is known by its name or by its first bytes: a loader looks at neither.
 */
import { Readable } from 'node:stream'
import * as zlib from 'node:zlib'
import { type Budget, Bytes, Short, TooMuch } from './bytes.ts'
import { isSafe } from './imports.ts'
import { type Found, run, Unfollowed } from './machine.ts'
import { entriesOf, open, type ZipFile } from './zip.ts'

export interface ScannedFile extends ZipFile {
  path: string
}

export interface Scan {
  /** Files that hold pickles. */
  pickles: number
  /** By file: what is in no list, and why one can't be followed. */
  faults: Array<{ path: string; what: string }>
}

/** Called so they hold a pickle, whatever they begin with. */
const named = /\.(?:pkl|pickle|p|joblib|jbl|sav|dill|cloudpickle)(?:\.(?:gz|z|bz2|xz|lzma|lz4|zst|zstd))?$/i
/** Called so they may. */
const mayBe = /\.(?:pt|pth|bin|ckpt)$/i
/** Of Node's zlib: how many bytes of what is packed it has taken. */
type Unpacking = NodeJS.ReadWriteStream & AsyncIterable<Buffer> & { bytesWritten: number }
interface Packer {
  name: string
  begins: string
  /** What can't be unpacked can't be followed. */
  unpack?: (() => Unpacking) | undefined
}
const packers: Packer[] = [
  { name: 'gzip', begins: '\x1f\x8b', unpack: () => zlib.createGunzip() as never },
  { name: 'zlib', begins: 'x', unpack: () => zlib.createInflate() as never },
  // Node has it from 22.15. It asks for no more memory than 128 MiB, whatever a file says.
  { name: 'zstd', begins: '(\xb5/\xfd', unpack: zlib.createZstdDecompress && (() => zlib.createZstdDecompress() as never) },
  { name: 'bzip2', begins: 'BZh' },
  { name: 'xz', begins: '\xfd7zXZ' },
  { name: 'lzma', begins: ']\x00' },
  { name: 'lz4', begins: '\x04"M\x18' },
]
/** Numbers that a file of torch begins with, from before it was a zip file: pickled as the first of five. */
const torchPickles = 5
const most = { pickles: 1_000 }
const isName = /^[A-Za-z_][\w.]*$/

/** Bytes of a file, whose failure is that of who reads. */
async function* chunksOf(file: ScannedFile, unpack: Packer['unpack']): AsyncGenerator<Buffer> {
  const body = file.size === 0 ? Readable.from([]) : await file.read(0, file.size)
  if (!unpack) {
    for await (const chunk of body) yield chunk as Buffer
    return
  }
  const unpacked = unpack()
  body.once('error', (error) => (unpacked as unknown as Readable).destroy(error))
  body.pipe(unpacked)
  try {
    for await (const chunk of unpacked) yield chunk
    // It ends where the first part does: others read on.
    if (unpacked.bytesWritten < file.size) throw new Unfollowed('there is more behind the end of what is packed')
  } finally {
    body.destroy()
  }
}

interface Reading {
  /** Whether it must be a pickle. */
  isCertain: boolean
  budget: Budget
  signal: AbortSignal
}

const nothing = (): Found => ({ imports: new Map(), callsMade: false, arrays: 0 })

/** All pickles of one stream, the first as joblib reads it or as Python does. The fault that ended it, if one did. */
async function pass(chunks: AsyncIterable<Buffer>, found: Found, joblib: boolean, { budget, signal }: Reading): Promise<Error | undefined> {
  const bytes = new Bytes(chunks, budget)
  try {
    for (let i = 0; i < most.pickles; i++) {
      signal.throwIfAborted()
      // What loads the first leaves the rest; it is looked at where it goes on like a pickle.
      if (i > 0 && (!(await bytes.has(1)) || (i >= torchPickles && bytes.peek() !== 0x80))) return undefined
      try {
        await run(bytes, found, { joblib })
      } catch (error) {
        if (i > 0 && !(error instanceof TooMuch) && isOfPickle(error)) return undefined
        throw error
      }
    }
    return undefined
  } catch (error) {
    if (isOfPickle(error)) return error as Error
    throw error
  } finally {
    await bytes.close()
  }
}

const isOfPickle = (error: unknown) =>
  error instanceof Unfollowed ||
  error instanceof Short ||
  error instanceof TooMuch ||
  /^(?:Z|ZSTD)_/.test(String((error as { code?: unknown }).code))

const why = (error: Error) =>
  error instanceof TooMuch ? 'there is more than is read' : error instanceof Short ? 'it ends too soon' : error.message

/** Undefined where it is no pickle. */
async function look(
  stream: () => Promise<AsyncIterable<Buffer>>,
  reading: Reading,
): Promise<{ found: Found; fault: string | undefined } | undefined> {
  const found = nothing()
  const fault = await pass(await stream(), found, true, reading)
  if (fault && !reading.isCertain && !(fault instanceof TooMuch) && ![...found.imports.keys()].some((name) => isName.test(name)))
    return undefined
  if (found.arrays > 0) {
    // Who loads it without joblib goes on where the bytes of the first array are.
    const other = nothing()
    await pass(await stream(), other, false, reading)
    for (const [name, isDeep] of other.imports) if (isName.test(name)) found.imports.set(name, isDeep)
  }
  return { found, fault: fault && `it can't be followed: ${why(fault)}` }
}

const startsWith = (head: Buffer, text: string) => head.subarray(0, text.length).toString('latin1') === text

async function headOf(file: ScannedFile): Promise<Buffer> {
  if (file.size === 0) return Buffer.alloc(0)
  const parts: Buffer[] = []
  for await (const chunk of await file.read(0, Math.min(file.size, 8))) parts.push(chunk as Buffer)
  return Buffer.concat(parts)
}

/** Looks through them all. `bytes`: how many may be read, unpacked, of all together. */
export async function scan(
  files: AsyncIterable<ScannedFile>,
  allowed: readonly string[],
  { bytes, signal }: { bytes: number; signal: AbortSignal },
): Promise<Scan> {
  const result: Scan = { pickles: 0, faults: [] }
  const budget = { left: bytes }
  const judge = (path: string, seen: Awaited<ReturnType<typeof look>>) => {
    if (!seen) return
    result.pickles++
    const { found, fault } = seen
    for (const [name, isDeep] of found.imports) if (!isSafe(name, isDeep, allowed)) result.faults.push({ path, what: name })
    if (found.callsMade) result.faults.push({ path, what: 'a call of what it made itself' })
    if (fault) result.faults.push({ path, what: fault })
  }
  for await (const file of files) {
    signal.throwIfAborted()
    const head = await headOf(file)
    const reading = { budget, signal }
    if (startsWith(head, 'PK\x03\x04') || startsWith(head, 'PK\x05\x06')) {
      try {
        for (const entry of await entriesOf(file))
          if (named.test(entry.name))
            judge(`${file.path}/${entry.name}`, await look(() => open(file, entry), { ...reading, isCertain: true }))
      } catch (error) {
        if (!isOfPickle(error) && !(error instanceof RangeError)) throw error
        result.faults.push({ path: file.path, what: `it can't be followed: ${(error as Error).message}` })
      }
      continue
    }
    const isNamed = named.test(file.path)
    const isPickle = head[0] === 0x80 && head[1]! <= 5
    const packer = isNamed ? packers.find(({ begins }) => startsWith(head, begins)) : undefined
    if (packer && !packer.unpack) {
      result.pickles++
      result.faults.push({ path: file.path, what: `it can't be followed: it is packed by ${packer.name}` })
    } else if (isNamed || isPickle || mayBe.test(file.path)) {
      const stream = async () => chunksOf(file, packer?.unpack)
      judge(file.path, await look(stream, { ...reading, isCertain: isNamed }))
    }
  }
  return result
}
