/**
 * W&B's transaction log, the `.wandb` file of a run: seven bytes of its own, then LevelDB's log format. Blocks of 32 KiB hold
 * pieces of records, each with a CRC-32 of its kind and bytes. A file that is still being written ends within a record.
 */
import { open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'

const blockSize = 32 * 1024
const headerSize = 7
/** Kinds of pieces: a whole record, or its first, a middle and its last piece. */
const full = 1
const first = 2
const last = 4

export interface LogRecord {
  /** Where its first piece begins in the file. */
  offset: number
  bytes: Buffer
}

/** The records of a file. `onDamage` hears of what can't be read: reading goes on at the next block. */
export async function* readLog(path: string, onDamage: (offset: number, message: string) => void): AsyncGenerator<LogRecord> {
  const file = await open(path)
  try {
    const block = Buffer.alloc(blockSize)
    let pieces: Buffer[] = []
    let began = 0
    for (let start = 0; ; start += blockSize) {
      const { bytesRead } = await file.read(block, 0, blockSize, start)
      let at = 0
      if (start === 0) {
        if (bytesRead === 0) return onDamage(0, 'It is empty.')
        if (bytesRead < headerSize || block.toString('latin1', 0, 4) !== ':W&B' || block.readUInt16LE(4) !== 0xbee1) {
          return onDamage(0, 'It does not begin as a .wandb file does.')
        }
        at = headerSize
      }
      while (at + headerSize <= bytesRead) {
        const length = block.readUInt16LE(at + 4)
        const kind = block[at + 6]!
        const end = at + headerSize + length
        // A file that grows has no more yet; the end of a block may be filled with zeros.
        if (end > bytesRead && bytesRead < blockSize) return
        if (kind === 0 && length === 0) break
        const bytes = block.subarray(at + headerSize, end)
        if (end > bytesRead || kind < full || kind > last || crc32(bytes, crc32(Buffer.of(kind))) !== block.readUInt32LE(at)) {
          onDamage(start + at, `The checksum of a record is wrong: it is left out, and what follows to byte ${start + blockSize}.`)
          pieces = []
          break
        }
        if (kind === full || kind === first) {
          if (pieces.length) onDamage(began, 'A record has no end.')
          pieces = []
          began = start + at
        } else if (!pieces.length) {
          // The rest of a record whose beginning was damaged, and told of.
          at = end
          continue
        }
        pieces.push(Buffer.from(bytes))
        if (kind === full || kind === last) {
          yield { offset: began, bytes: pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces) }
          pieces = []
        }
        at = end
      }
      if (bytesRead < blockSize) return
    }
  } finally {
    await file.close()
  }
}
