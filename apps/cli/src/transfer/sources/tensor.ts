/** What TensorFlow's TensorProto holds, where it is one number or some texts. */
import type { Message } from '../formats/protobuf.ts'

/** Data types, as TensorFlow numbers them: how one value lies in `tensor_content`. */
const content: Record<number, (bytes: Buffer) => number> = {
  1: (bytes) => bytes.readFloatLE(),
  2: (bytes) => bytes.readDoubleLE(),
  3: (bytes) => bytes.readInt32LE(),
  4: (bytes) => bytes.readUInt8(),
  5: (bytes) => bytes.readInt16LE(),
  6: (bytes) => bytes.readInt8(),
  9: (bytes) => Number(bytes.readBigInt64LE()),
  10: (bytes) => bytes.readUInt8(),
  14: (bytes) => bfloat(bytes.readUInt16LE()),
  19: (bytes) => half(bytes.readUInt16LE()),
}

/** The one number of a scalar; undefined where it is of another kind. */
export function numberOf(tensor: Message): number | undefined {
  const type = tensor.int(1)
  const bytes = tensor.bytes(4)
  if (bytes?.length) return content[type]?.(bytes)
  const packed = (field: number) => tensor.bytes(field)
  if (type === 1) return packed(5)?.readFloatLE() ?? 0
  if (type === 2) return packed(6)?.readDoubleLE() ?? 0
  // A value that is absent is 0.
  const [int] = tensor.ints(type === 9 ? 10 : type === 10 ? 11 : type === 14 || type === 19 ? 13 : 7)
  if (type === 14) return bfloat(int ?? 0)
  if (type === 19) return half(int ?? 0)
  return type in content ? (int ?? 0) : undefined
}

/** The texts of a tensor of them. */
export const textsOf = (tensor: Message): Buffer[] => tensor.all(8)

function bfloat(bits: number): number {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt16LE(bits, 2)
  return bytes.readFloatLE()
}

function half(bits: number): number {
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  const size =
    exponent === 31
      ? fraction
        ? Number.NaN
        : Number.POSITIVE_INFINITY
      : exponent
        ? 2 ** (exponent - 15) * (1 + fraction / 1024)
        : fraction * 2 ** -24
  return bits & 0x8000 ? -size : size
}
