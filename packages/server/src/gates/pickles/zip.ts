/** The entries of a zip file, by its directory at the end: what torch saves is one. Nothing of it is unpacked to a disk. */
import { Readable } from 'node:stream'
import { createInflateRaw } from 'node:zlib'
import { Unfollowed } from './machine.ts'

export interface ZipFile {
  size: number
  read(start: number, end: number): Promise<Readable>
}

export interface ZipEntry {
  name: string
  method: number
  isEncrypted: boolean
  packed: number
  at: number
}

/** Bytes of a directory that are read, and the longest end of one. */
const most = { directory: 16_000_000, end: 66_000 }

async function bytesOf(file: ZipFile, start: number, end: number): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const chunk of await file.read(start, end)) parts.push(chunk as Buffer)
  return Buffer.concat(parts)
}

const wrong = (why: string) => new Unfollowed(`it is a zip file ${why}`)

export async function entriesOf(file: ZipFile): Promise<ZipEntry[]> {
  const tailAt = Math.max(0, file.size - most.end)
  const tail = await bytesOf(file, tailAt, file.size)
  const end = tail.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  if (end < 0 || tail.length < end + 22) throw wrong('without an end')
  let [size, at] = [tail.readUInt32LE(end + 12), tail.readUInt32LE(end + 16)]
  if (end >= 20 && tail.readUInt32LE(end - 20) === 0x07064b50) {
    const far = Number(tail.readBigUInt64LE(end - 12))
    const record = await bytesOf(file, far, Math.min(file.size, far + 56))
    if (record.length < 56 || record.readUInt32LE(0) !== 0x06064b50) throw wrong('whose end is elsewhere')
    ;[size, at] = [Number(record.readBigUInt64LE(40)), Number(record.readBigUInt64LE(48))]
  }
  if (size > most.directory || at + size > file.size) throw wrong('with a directory that is too large')
  const directory = await bytesOf(file, at, at + size)
  const entries: ZipEntry[] = []
  for (let i = 0; i + 46 <= directory.length; ) {
    if (directory.readUInt32LE(i) !== 0x02014b50) throw wrong('with a directory that is none')
    const [nameLength, extraLength, commentLength] = [
      directory.readUInt16LE(i + 28),
      directory.readUInt16LE(i + 30),
      directory.readUInt16LE(i + 32),
    ]
    let [packed, whole, offset] = [directory.readUInt32LE(i + 20), directory.readUInt32LE(i + 24), directory.readUInt32LE(i + 42)]
    const extra = directory.subarray(i + 46 + nameLength, i + 46 + nameLength + extraLength)
    for (let e = 0; e + 4 <= extra.length; e += 4 + extra.readUInt16LE(e + 2)) {
      if (extra.readUInt16LE(e) !== 1) continue
      let field = e + 4
      const next = () => {
        if (field + 8 > extra.length) throw wrong('with a directory that is none')
        const value = Number(extra.readBigUInt64LE(field))
        field += 8
        return value
      }
      if (whole === 0xffffffff) whole = next()
      if (packed === 0xffffffff) packed = next()
      if (offset === 0xffffffff) offset = next()
    }
    entries.push({
      name: directory.toString('utf8', i + 46, i + 46 + nameLength),
      method: directory.readUInt16LE(i + 10),
      isEncrypted: (directory.readUInt16LE(i + 8) & 1) === 1,
      packed,
      at: offset,
    })
    i += 46 + nameLength + extraLength + commentLength
  }
  return entries
}

export async function open(file: ZipFile, { method, isEncrypted, packed, at }: ZipEntry): Promise<AsyncIterable<Buffer>> {
  if (isEncrypted || (method !== 0 && method !== 8)) throw wrong('packed in a way that is not read')
  const head = await bytesOf(file, at, Math.min(file.size, at + 30))
  if (head.length < 30 || head.readUInt32LE(0) !== 0x04034b50) throw wrong('whose entry is elsewhere')
  const start = at + 30 + head.readUInt16LE(26) + head.readUInt16LE(28)
  if (start + packed > file.size) throw wrong('with an entry that is cut')
  const body = packed === 0 ? Readable.from([]) : await file.read(start, start + packed)
  return method === 0 ? body : body.pipe(createInflateRaw())
}
