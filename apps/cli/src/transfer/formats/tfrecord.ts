/**
 * TFRecord files: length (8 bytes), its masked CRC-32C, the bytes, theirs. Read a record at a time. A file that is still being
 * written ends within a record, which is no damage.
 */
import { open } from 'node:fs/promises'

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc
})

/** CRC-32C, masked as TensorFlow does. */
function maskedCrc(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8)
  crc = ~crc >>> 0
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

export interface TfRecord {
  /** Where it begins in the file. */
  offset: number
  bytes: Buffer
}

/** A record can't be so large: what says it is has lost its place. */
const largest = 2 ** 31 - 1

/** The records of a file, until its end or the first damage, which `onDamage` hears of. */
export async function* readRecords(path: string, onDamage: (offset: number, message: string) => void): AsyncGenerator<TfRecord> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const head = Buffer.alloc(12)
    for (let offset = 0; offset < size; ) {
      // The end of what a writer had written when it was stopped.
      if (offset + 12 > size) return
      await file.read(head, 0, 12, offset)
      const length = Number(head.readBigUInt64LE())
      if (head.readUInt32LE(8) !== maskedCrc(head.subarray(0, 8)) || length > largest) {
        return onDamage(offset, "The checksum of a record's length is wrong: what follows can't be found.")
      }
      if (offset + 16 + length > size) return
      const body = Buffer.alloc(length + 4)
      await file.read(body, 0, length + 4, offset + 12)
      const bytes = body.subarray(0, length)
      // Its length is right, so the next one's place is known.
      if (body.readUInt32LE(length) !== maskedCrc(bytes)) onDamage(offset, 'The checksum of a record is wrong.')
      else yield { offset, bytes }
      offset += 16 + length
    }
  } finally {
    await file.close()
  }
}
