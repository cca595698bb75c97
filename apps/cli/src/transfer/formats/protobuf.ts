/**
 * Reading protobuf messages without their schemas: what TensorBoard and W&B write is a few fields deep, and a damaged record must
 * be told from a whole one. Throws RangeError where the bytes are no message.
 */

/** One field's values in the order they came: numbers of varints and fixed ones, bytes of all else. */
export class Message {
  readonly #fields = new Map<number, Array<number | bigint | Buffer>>()

  constructor(bytes: Buffer) {
    let at = 0
    const varint = (): bigint => {
      let value = 0n
      for (let shift = 0n; shift < 70n; shift += 7n) {
        if (at >= bytes.length) throw new RangeError('it ends within a number')
        const byte = bytes[at++]!
        value |= BigInt(byte & 127) << shift
        if (byte < 128) return BigInt.asIntN(64, value)
      }
      throw new RangeError('a number is too long')
    }
    const need = (size: number) => {
      if (at + size > bytes.length) throw new RangeError('it ends within a field')
    }
    while (at < bytes.length) {
      const tag = Number(varint())
      const field = tag >>> 3
      let value: number | bigint | Buffer
      switch (tag & 7) {
        case 0:
          value = varint()
          break
        case 1:
          need(8)
          value = bytes.subarray(at, (at += 8))
          break
        case 2: {
          const size = Number(varint())
          if (size < 0) throw new RangeError('a field has no length')
          need(size)
          value = bytes.subarray(at, (at += size))
          break
        }
        case 5:
          need(4)
          value = bytes.subarray(at, (at += 4))
          break
        default:
          throw new RangeError(`field ${field} is of no kind that there is`)
      }
      const list = this.#fields.get(field)
      if (list) list.push(value)
      else this.#fields.set(field, [value])
    }
  }

  #last(field: number) {
    return this.#fields.get(field)?.at(-1)
  }

  has(field: number): boolean {
    return this.#fields.has(field)
  }

  /** A varint; 0 where it is absent. */
  int(field: number): number {
    const value = this.#last(field)
    return typeof value === 'bigint' ? Number(value) : 0
  }

  double(field: number): number | undefined {
    const value = this.#last(field)
    return Buffer.isBuffer(value) && value.length === 8 ? value.readDoubleLE() : undefined
  }

  float(field: number): number | undefined {
    const value = this.#last(field)
    return Buffer.isBuffer(value) && value.length === 4 ? value.readFloatLE() : undefined
  }

  bytes(field: number): Buffer | undefined {
    const value = this.#last(field)
    return Buffer.isBuffer(value) ? value : undefined
  }

  text(field: number): string {
    return this.bytes(field)?.toString('utf8') ?? ''
  }

  /** Every value of a repeated field of bytes. */
  all(field: number): Buffer[] {
    return (this.#fields.get(field) ?? []).filter((value) => Buffer.isBuffer(value)) as Buffer[]
  }

  texts(field: number): string[] {
    return this.all(field).map((bytes) => bytes.toString('utf8'))
  }

  message(field: number): Message | undefined {
    const bytes = this.bytes(field)
    return bytes && new Message(bytes)
  }

  messages(field: number): Message[] {
    return this.all(field).map((bytes) => new Message(bytes))
  }

  /** Varints of a repeated field, packed or not. */
  ints(field: number): number[] {
    const found: number[] = []
    for (const value of this.#fields.get(field) ?? []) {
      if (!Buffer.isBuffer(value)) found.push(Number(value))
      else for (let at = 0; at < value.length; ) [at] = readPacked(value, at, found)
    }
    return found
  }
}

function readPacked(bytes: Buffer, at: number, into: number[]): [number] {
  let value = 0n
  for (let shift = 0n; shift < 70n; shift += 7n) {
    if (at >= bytes.length) throw new RangeError('it ends within a number')
    const byte = bytes[at++]!
    value |= BigInt(byte & 127) << shift
    if (byte < 128) break
  }
  into.push(Number(BigInt.asIntN(64, value)))
  return [at]
}

/** google.protobuf.Timestamp in ms. */
export const timeOf = (message: Message | undefined): number | undefined =>
  message && Math.round(message.int(1) * 1000 + message.int(2) / 1e6)
